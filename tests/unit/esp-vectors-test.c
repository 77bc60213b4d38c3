/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vectors that the documents give: GCM in ESP (draft-mcgrew-gcm-test-01, 4, which goes with RFC 4106), ChaCha20-Poly1305 in ESP
 * (RFC 7634, A), AES-CBC with its sample ESP packets (RFC 3602, 4), HMAC-SHA-2 (RFC 4868, 2.7). RFC 3602 knows no integrity, so OpenSSL's
 * one-shot HMAC adds an ICV here.
 */
#include "base/macro.h"
#include "unit/esp-fixture.h"

#include <errno.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct aead_vector {
    enum esp_encryption encryption;
    const char *key;     /* and salt */
    const char *header;  /* what is authenticated beside: SPI, sequence number of 4 or 8 bytes */
    const char *payload; /* with padding and trailer */
    const char *sealed;  /* IV, ciphertext, ICV */
};

static const struct aead_vector aead_vectors[] = {
    { ESP_ENCRYPTION_AES_GCM_16, "4c80cdefbb5d10da906ac73c3613a6342e443b68", "000043218765432100000000",
        "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f7564700373"
        "69700963796265726369747902646b000021000101020201",
        "4956ed7e3b244cfefecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf"
        "65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4" },
    { ESP_ENCRYPTION_AES_GCM_16, "feffe9928665731c6d6a8f9467308308cafebabe", "0000a5f80000000a",
        "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d0010000010000000000000373697009637962"
        "65726369747902646b00000100010001",
        "facedbaddecaf888deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f"
        "51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd183b70d3aa8bc6ee4c309e9d85a41ad4a" },
    { ESP_ENCRYPTION_AES_GCM_16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",
        "4a2cbfe300000002",
        "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402"
        "01020201",
        "0102030405060708ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d34"
        "7f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96" },
    { ESP_ENCRYPTION_AES_GCM_16, "0000000000000000000000000000000000000000", "0000000000000001",
        "4500003c99c500008001cb7a40679318010101010800075c020044006162636465666768696a6b6c6d6e6f7071727374"
        "75767761626364656667686901020201",
        "00000000000000004688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719ffb6"
        "4de7d9dca1e1d894bc3bd57873ed4d181d19d4d5c8c18af3f821d496eeb096e98ad2b69e4799c71d" },
    { ESP_ENCRYPTION_AES_GCM_16, "3de09874b388e6491988d0c3607eae1f57690e43", "42f67e3f1010101010101010",
        "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f7071727374"
        "75767761626364656667686901020201",
        "4e280000a2fca1a3fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad7984"
        "5bf9fe3fba487bc91755e6662b4c8d0d1f5e22739530320ae0d731cc978ecafaeae88f00e80d6e48" },
    { ESP_ENCRYPTION_AES_GCM_16, "3de09874b388e6491988d0c3607eae1f57690e43", "42f67e3f1010101010101010",
        "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
        "4e280000a2fca1a3fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed369f071f35e034be95f112e4"
        "e7d05d35" },
    { ESP_ENCRYPTION_AES_GCM_16, "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
        "0000a5f80000000a",
        "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
        "facedbaddecaf888a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77"
        "95457b9652037f5318027b5b4cd7a636" },
    { ESP_ENCRYPTION_AES_GCM_16, "abbccddef00112233445566778899aabdecaf888", "000001000000000000000001",
        "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa047"
        "6b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
        "cafedebaceface7418a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb019"
        "84e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68651f57e65f354f75ff170157"
        "69623436" },
    { ESP_ENCRYPTION_AES_GCM_16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab73616c74",
        "17405e67156f3126dd0db99b",
        "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
        "616e640169766563f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e"
        "451626c2415771e3b7eebca614c89b35" },
    { ESP_ENCRYPTION_AES_GCM_16, "3de09874b388e6491988d0c3607eae1f57690e43", "42f67e3f1010101010101010",
        "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d65759d52284a035"
        "2c71475c8880391c764d6e5ee0496b325ae270c03899493915010101",
        "4e280000a2fca1a3fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0"
        "e0c0c89ae9bea8884e52d65bc1afd0740f742444747b5b39ab533163aad4550ee5160975cdb608c5769189609763b8e1"
        "8caa81e2" },
    { ESP_ENCRYPTION_AES_GCM_16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab73616c74",
        "17405e67156f3126dd0db99b",
        "636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f6769657301746861"
        "7477696c6c01646566696e65746f6d6f72726f7701020201",
        "616e640169766563d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df0"
        "74113e14c641024e3e6773d91a62ee429b043a10e3efe6b012a49363412364f8c0cac587f249e56b11e24f30e44ccc76" },
    { ESP_ENCRYPTION_AES_GCM_16, "7d773d00c144c525ac619d18c84a3f47d9664267", "335467aeffffffff", "01020201",
        "43457e9182443bc6437f866bcb3f699fe9b0822bac961c4504bef270" },
    { ESP_ENCRYPTION_AES_GCM_16, "abbccddef00112233445566778899aabdecaf888", "000001000000000000000001",
        "746f016265016f72016e6f7401746f0162650001",
        "cafedebaceface7429c9fc69a197d038ccdd14e2ddfcaa0543332164412503524303ed3c6c5f283843af8c3e" },
    { ESP_ENCRYPTION_AES_GCM_16, "6c6567616c697a656d6172696a75616e61616e64646f69746265666f726569617475726e",
        "796b6963ffffffffffffffff",
        "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f7071727374"
        "01020201",
        "333021696765746df97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a3"
        "2b42458fb57dbe821dcc63b9d0937ba2945f669368661a329fb4c053" },
    { ESP_ENCRYPTION_CHACHA20_POLY1305,
        "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3", "0102030400000005",
        "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213"
        "1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
        "101112131415161724039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb"
        "61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0"
        "76aaa8266b7fb0f7b11b369907e1ad43" },
};

static uint64_t number_of(const uint8_t *p, size_t n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | *p++;
    return value;
}

/* The packet as the wire has it: of the number only the lower half. */
struct wire {
    uint8_t packet[512], payload[512], key[36];
    size_t packet_bytes, payload_bytes, key_bytes;
    uint64_t sequence;
    bool esn;
};

static struct wire wire_of(const struct aead_vector *vector)
{
    struct wire wire = { 0 };
    uint8_t header[12];
    size_t header_bytes = esp_from_hex(vector->header, header, sizeof(header));

    wire.esn = header_bytes == 12;
    wire.sequence = number_of(header + 4, header_bytes - 4);
    wire.key_bytes = esp_from_hex(vector->key, wire.key, sizeof(wire.key));
    wire.payload_bytes = esp_from_hex(vector->payload, wire.payload, sizeof(wire.payload));
    memcpy(wire.packet, header, 4);
    memcpy(wire.packet + 4, header + header_bytes - 4, 4);
    wire.packet_bytes = 8 + esp_from_hex(vector->sealed, wire.packet + 8, sizeof(wire.packet) - 8);
    return wire;
}

static void aead_packets_open(void)
{
    for (size_t i = 0; i < ELEMENTSOF(aead_vectors); i++) {
        struct wire wire = wire_of(&aead_vectors[i]);
        struct esp_keys keys = {
            .encryption = aead_vectors[i].encryption,
            .encryption_key = wire.key,
            .encryption_key_bytes = wire.key_bytes,
        };
        struct esp_cipher *cipher;

        test_context("row %zu", i);
        CHECK_EQ(wire.packet_bytes, 16 + wire.payload_bytes + 16);
        if (!CHECK_EQ(esp_cipher_new(&keys, false, &cipher), 0))
            continue;
        CHECK_EQ(esp_cipher_open(cipher, wire.packet, wire.payload_bytes, wire.sequence, wire.esn), 0);
        CHECK_MEM(wire.packet + 16, wire.payload, wire.payload_bytes);
        esp_cipher_free(cipher);
    }
}

/* The same ones where src/esp chooses the IV as they did: the sequence number. */
static void aead_packets_seal(void)
{
    for (size_t i = 0; i < ELEMENTSOF(aead_vectors); i++) {
        struct wire wire = wire_of(&aead_vectors[i]);
        struct esp_keys keys = {
            .encryption = aead_vectors[i].encryption,
            .encryption_key = wire.key,
            .encryption_key_bytes = wire.key_bytes,
        };
        uint64_t iv = number_of(wire.packet + 8, 8);
        uint8_t packet[512];
        struct esp_cipher *cipher;

        test_context("row %zu", i);
        if (!CHECK_EQ(esp_cipher_new(&keys, true, &cipher), 0))
            continue;
        memcpy(packet, wire.packet, 8);
        memcpy(packet + 16, wire.payload, wire.payload_bytes);
        CHECK_EQ(esp_cipher_seal(cipher, packet, wire.payload_bytes, iv, false), 0);
        CHECK_MEM(packet, wire.packet,
            16 + wire.payload_bytes); /* the ciphertext; the ICV where the header is the same */
        if (!wire.esn)
            CHECK_MEM(packet, wire.packet, wire.packet_bytes);
        esp_cipher_free(cipher);
    }
}

static void aead_packets_go_through_an_sa(void)
{
    for (size_t i = 0; i < ELEMENTSOF(aead_vectors); i++) {
        struct wire wire = wire_of(&aead_vectors[i]);
        struct esp_sa_config config = {
            .spi = (uint32_t)number_of(wire.packet, 4),
            .inbound = true,
            .esn = wire.esn,
            .keys = {
                .encryption = aead_vectors[i].encryption,
                .encryption_key = wire.key,
                .encryption_key_bytes = wire.key_bytes,
            },
        };
        size_t trailer_bytes = (size_t)wire.payload[wire.payload_bytes - 2] + 2;
        struct esp_opened opened;
        struct esp_sa *sa;

        test_context("row %zu", i);
        if (config.spi < 256) {
            CHECK_EQ(esp_sa_new(&config, &sa), -EINVAL); /* one of them has an SPI that is reserved */
            continue;
        }
        if (!CHECK_EQ(esp_sa_new(&config, &sa), 0))
            continue;
        esp_sa_set_sequence(sa, wire.sequence - 1);
        CHECK_EQ(esp_sa_open(sa, wire.packet, wire.packet_bytes, 0, &opened), 0);
        CHECK_EQ(opened.bytes, wire.payload_bytes - trailer_bytes);
        CHECK_EQ(opened.next_header, wire.payload[wire.payload_bytes - 1]);
        CHECK_MEM(opened.inner, wire.payload, opened.bytes);
        CHECK_EQ(esp_sa_sequence(sa), wire.sequence);
        esp_sa_free(sa);
    }
}

/* RFC 3602, 4: cases 1 to 4 are blocks, 5 to 8 are whole ESP packets. */
static const struct {
    const char *key, *header, *iv, *payload, *ciphertext;
} cbc_vectors[] = {
    { "06a9214036b8a15b512e03d534120006", "00001001 00000001", "3dafba429d9eb430b422da802c9fac41",
        "53696e676c6520626c6f636b206d7367", "e353779c1079aeb82708942dbe77181a" },
    { "c286696d887c9aa0611bbb3e2025a45a", "00001001 00000002", "562e17996d093d28ddb3ba695a2e6f58",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1" },
    { "6c3ea0477630ce21a2ce334aa746c2cd", "00001001 00000003", "c782dc4c098c66cbd9cd27d825682c81",
        "5468697320697320612034382d62797465206d657373616765202865786163746c7920332041455320626c6f636b7329",
        "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684" },
    { "56e47a38c5598974bc46903dba290349", "00001001 00000004", "8ce82eefbea0da3c44699ed7db51b7d9",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
        "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
        "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
        "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55" },
    { "90d382b4 10eeba7a d938c46c ec1a82bf", "00004321 00000001", "e96e8c08 ab465763 fd098d45 dd3ff893",
        "08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617"
        "18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637"
        "01020304 05060708 090a0b0c 0d0e0e01",
        "f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856"
        "a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a"
        "a269add0 47ad2d59 13ac19b7 cfbad4a6" },
    { "90d382b4 10eeba7a d938c46c ec1a82bf", "00004321 00000008", "69d08df7 d203329d b093fc49 24e5bd80",
        "0800b5e8 a80a0500 a69c083d 0b660e00 77777777 77777777 77777777 01020201",
        "f5199588 1ec4e0c4 488987ce 742e8109 689bb379 d2d750c0 d915dca3 46a89f75" },
    { "01234567 89abcdef 01234567 89abcdef", "00008765 00000002", "f4e76524 4f6407ad f13dc138 0f673f37",
        "45000054 09040000 4001f988 c0a87b03 c0a87bc8 08009f76 a90a0100 b49c083d"
        "02a20400 08090a0b 0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f 20212223"
        "24252627 28292a2b 2c2d2e2f 30313233 34353637 01020304 05060708 090a0a04",
        "773b5241 a4c44922 5e4f3ce5 ed611b0c 237ca96c f74a9301 3c1b0ea1 a0cf70f8"
        "e4ecaec7 8ac53aad 7a0f022b 859243c6 47752e94 a859352b 8a4d4d2d ecd136e5"
        "c177f132 ad3fbfb2 201ac990 4c74ee0a 109e0ca1 e4dfe9d5 a100b842 f1c22f0d" },
    { "01234567 89abcdef 01234567 89abcdef", "00008765 00000005", "85d47224 b5f3dd5d 2101d4ea 8dffab22",
        "45000044 090c0000 4001f990 c0a87b03 c0a87bc8 0800d63c aa0a0200 c69c083d"
        "a3de0300 ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff"
        "ffffffff 01020304 05060708 090a0a04",
        "15b92683 819596a8 047232cc 00f7048f e45318e1 1f8a0f62 ede3c3fc 61203bb5"
        "0f980a08 c9843fd3 a1b06d5c 07ff9639 b7eb7dfb 3512e5de 435e7207 ed971ef3"
        "d2726d9b 5ef6affc 6d17a0de cbb13892" },
};

static void cbc_packets_open(void)
{
    static const uint8_t integrity_key[32] = { 1, 2, 3 };

    for (size_t i = 0; i < ELEMENTSOF(cbc_vectors); i++) {
        uint8_t key[16], packet[512], payload[512], icv[EVP_MAX_MD_SIZE];
        size_t payload_bytes = esp_from_hex(cbc_vectors[i].payload, payload, sizeof(payload));
        struct esp_keys keys = {
            .encryption = ESP_ENCRYPTION_AES_CBC,
            .integrity = ESP_INTEGRITY_HMAC_SHA2_256_128,
            .encryption_key = key,
            .encryption_key_bytes = esp_from_hex(cbc_vectors[i].key, key, sizeof(key)),
            .integrity_key = integrity_key,
            .integrity_key_bytes = sizeof(integrity_key),
        };
        struct esp_sa_config config = { .inbound = true, .keys = keys };
        struct esp_opened opened;
        struct esp_cipher *cipher;
        struct esp_sa *sa;

        test_context("row %zu", i);
        esp_from_hex(cbc_vectors[i].header, packet, 8);
        esp_from_hex(cbc_vectors[i].iv, packet + 8, 16);
        CHECK_EQ(esp_from_hex(cbc_vectors[i].ciphertext, packet + 24, sizeof(packet) - 24), payload_bytes);
        if (!CHECK(HMAC(
                EVP_sha256(), integrity_key, sizeof(integrity_key), packet, 24 + payload_bytes, icv, NULL)))
            continue;
        memcpy(packet + 24 + payload_bytes, icv, 16);
        if (i < 4) {
            CHECK_EQ(esp_cipher_new(&keys, false, &cipher), 0);
            CHECK_EQ(esp_cipher_open(cipher, packet, payload_bytes, 1, false), 0);
            CHECK_MEM(packet + 24, payload, payload_bytes);
            esp_cipher_free(cipher);
            continue;
        }
        config.spi = (uint32_t)number_of(packet, 4);
        CHECK_EQ(esp_sa_new(&config, &sa), 0);
        CHECK_EQ(esp_sa_open(sa, packet, 24 + payload_bytes + 16, 0, &opened), 0);
        CHECK_EQ(opened.bytes, payload_bytes - 2 - payload[payload_bytes - 2]);
        CHECK_EQ(opened.next_header, payload[payload_bytes - 1]);
        CHECK_MEM(opened.inner, payload, opened.bytes);
        esp_sa_free(sa);
    }
}

/*
 * Extended numbers with an HMAC: the upper half is appended to what is authenticated, and does not travel (RFC 4303, 2.2.1). No document has a
 * vector; the ICV is OpenSSL's over the bytes put together here.
 */
static void the_upper_half_ends_the_hmac(void)
{
    for (size_t i = 0; i < esp_n_algorithms; i++) {
        const struct esp_algorithm *algorithm = &esp_algorithms[i];
        const EVP_MD *hash = algorithm->integrity_key_bytes == 32   ? EVP_sha256()
                             : algorithm->integrity_key_bytes == 48 ? EVP_sha384()
                                                                    : EVP_sha512();
        struct esp_key_bytes keys;
        struct esp_sa_config config = esp_fixture_config(algorithm, 3, &keys);
        uint8_t packet[512], sent[64], icv[EVP_MAX_MD_SIZE];
        struct esp_pair pair;
        size_t n, icv_bytes = algorithm->integrity_key_bytes / 2;

        if (algorithm->integrity == ESP_INTEGRITY_NONE)
            continue;
        test_context("%s", algorithm->name);
        config.esn = true;
        pair = esp_pair_new(&config);
        esp_sa_set_sequence(pair.out, 0x0123456789abcdef);
        n = esp_fixture_seal(pair.out, packet, 100, 1) - icv_bytes;
        CHECK_EQ(number_of(packet + 4, 4), 0x89abcdf0);
        esp_pair_free(&pair);
        memcpy(sent, packet + n, icv_bytes);
        esp_from_hex("01234567", packet + n, 4);
        CHECK(HMAC(hash, keys.integrity, (int)algorithm->integrity_key_bytes, packet, n + 4, icv, NULL));
        CHECK_MEM(sent, icv, icv_bytes);
    }
}

#define BYTES_20_OF_0B   "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define BYTES_16_OF_0B   "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define BYTES_16_OF_AA   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BYTES_16_OF_JEFE "4a6566654a6566654a6566654a656665"
#define HI_THERE         "4869205468657265"
#define WHAT_DO_YA       "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
#define FIFTY_OF_DD                                                                                          \
    "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define FIFTY_OF_CD                                                                                          \
    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

/* RFC 4868, 2.7.1 with keys up to a block (what ESP never exceeds), and 2.7.2.1 to 2.7.2.3. */
static const struct {
    enum esp_integrity integrity;
    const char *key, *data, *mac;
} hmac_vectors[] = {
    { ESP_INTEGRITY_HMAC_SHA2_256_128, BYTES_20_OF_0B, HI_THERE,
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, "4a656665", WHAT_DO_YA,
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FIFTY_OF_DD,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, "0102030405060708090a0b0c0d0e0f10111213141516171819", FIFTY_OF_CD,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, BYTES_16_OF_0B BYTES_16_OF_0B, HI_THERE,
        "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, BYTES_16_OF_JEFE BYTES_16_OF_JEFE, WHAT_DO_YA,
        "167f928588c5cc2eef8e3093caa0e87c9ff566a14794aa61648d81621a2a40c6" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, BYTES_16_OF_AA BYTES_16_OF_AA, FIFTY_OF_DD,
        "cdcb1220d1ecccea91e53aba3092f962e549fe6ce9ed7fdc43191fbde45c30b0" },
    { ESP_INTEGRITY_HMAC_SHA2_256_128, "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
        FIFTY_OF_CD, "372efcf9b40b35c2115b1346903d2ef42fced46f0846e7257bb156d3d7b30d3f" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, BYTES_20_OF_0B, HI_THERE,
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, "4a656665", WHAT_DO_YA,
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FIFTY_OF_DD,
        "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, "0102030405060708090a0b0c0d0e0f10111213141516171819", FIFTY_OF_CD,
        "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, BYTES_16_OF_0B BYTES_16_OF_0B BYTES_16_OF_0B, HI_THERE,
        "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee9737a959796489bddbc4c5df61d5b3297b4fb68dab9f1b582c2" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, BYTES_16_OF_JEFE BYTES_16_OF_JEFE BYTES_16_OF_JEFE, WHAT_DO_YA,
        "2c7353974f1842fd66d53c452ca42122b28c0b594cfb184da86a368e9b8e16f5349524ca4e82400cbde0686d403371c9" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192, BYTES_16_OF_AA BYTES_16_OF_AA BYTES_16_OF_AA, FIFTY_OF_DD,
        "809f439be00274321d4a538652164b53554a508184a0c3160353e3428597003d35914a18770f9443987054944b7c4b4a" },
    { ESP_INTEGRITY_HMAC_SHA2_384_192,
        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f200a0b0c0d0e0f10111213141516171819",
        FIFTY_OF_CD,
        "5b540085c6e6358096532b2493609ed1cb298f774f87bb5c2ebf182c83cc7428707fb92eab2536a5812258228bc96687" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, BYTES_20_OF_0B, HI_THERE,
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d"
        "914eeb61f1702e696c203a126854" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, "4a656665", WHAT_DO_YA,
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaea"
        "b1a34d4a6b4b636e070a38bce737" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", FIFTY_OF_DD,
        "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946"
        "a337bee8942674278859e13292fb" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, "0102030405060708090a0b0c0d0e0f10111213141516171819", FIFTY_OF_CD,
        "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f1"
        "9741120c4f2de2adebeb10a298dd" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, BYTES_16_OF_0B BYTES_16_OF_0B BYTES_16_OF_0B BYTES_16_OF_0B, HI_THERE,
        "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8ac2878ebd5803f6f0b61dbce5e251ff8789a"
        "4722c1be65aea45fd464e89f8f5b" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, BYTES_16_OF_JEFE BYTES_16_OF_JEFE BYTES_16_OF_JEFE BYTES_16_OF_JEFE,
        WHAT_DO_YA,
        "cb370917ae8a7ce28cfd1d8f4705d6141c173b2a9362c15df235dfb251b154546aa334ae9fb9afc2184932d8695e397bfa0f"
        "fb93466cfcceaae38c833b7dba38" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256, BYTES_16_OF_AA BYTES_16_OF_AA BYTES_16_OF_AA BYTES_16_OF_AA,
        FIFTY_OF_DD,
        "2ee7acd783624ca9398710f3ee05ae41b9f9b0510c87e49e586cc9bf961733d8623c7b55cebefccf02d5581acc1c9d5fb1ff"
        "68a1de45509fbe4da9a433922655" },
    { ESP_INTEGRITY_HMAC_SHA2_512_256,
        "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132"
        "333435363738393a3b3c3d3e3f40",
        FIFTY_OF_CD,
        "5e6688e5a3daec826ca32eaea224eff5e700628947470e13ad01302561bab108b8c48cbc6b807dcfbd850521a685babc7eae"
        "4a2a2e660dc0e86b931d65503fd2" },
};

static void hmacs_agree(void)
{
    for (size_t i = 0; i < ELEMENTSOF(hmac_vectors); i++) {
        uint8_t key[128], data[64], wanted[64], got[ESP_HMAC_BYTES_MAX];
        size_t key_bytes = esp_from_hex(hmac_vectors[i].key, key, sizeof(key));
        size_t data_bytes = esp_from_hex(hmac_vectors[i].data, data, sizeof(data));
        size_t mac_bytes = esp_from_hex(hmac_vectors[i].mac, wanted, sizeof(wanted));
        struct esp_hmac *hmac;

        test_context("row %zu", i);
        CHECK_EQ(esp_hmac_bytes(hmac_vectors[i].integrity), mac_bytes);
        if (!CHECK_EQ(esp_hmac_new(hmac_vectors[i].integrity, key, key_bytes, &hmac), 0))
            continue;
        for (size_t cut = 0; cut <= data_bytes; cut++) {
            esp_hmac_compute(hmac, data, cut, data + cut, data_bytes - cut, got);
            CHECK_MEM(got, wanted, mac_bytes);
        }
        esp_hmac_free(hmac);
    }
}

static void hmac_keys_have_a_limit(void)
{
    static const uint8_t key[129];
    struct esp_hmac *hmac;

    CHECK_EQ(esp_hmac_new(ESP_INTEGRITY_NONE, key, 32, &hmac), -EINVAL);
    CHECK_EQ(esp_hmac_new(ESP_INTEGRITY_HMAC_SHA2_256_128, key, 65, &hmac), -EINVAL);
    CHECK_EQ(esp_hmac_new(ESP_INTEGRITY_HMAC_SHA2_512_256, key, 129, &hmac), -EINVAL);
    CHECK_EQ(esp_hmac_bytes(ESP_INTEGRITY_NONE), 0);
    esp_hmac_free(NULL);
}

static const struct test tests[] = {
    TEST(aead_packets_open),
    TEST(aead_packets_seal),
    TEST(aead_packets_go_through_an_sa),
    TEST(cbc_packets_open),
    TEST(the_upper_half_ends_the_hmac),
    TEST(hmacs_agree),
    TEST(hmac_keys_have_a_limit),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
