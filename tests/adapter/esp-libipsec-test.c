/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp against strongSwan's libipsec, whose cryptography is not ours: what one seals, the other opens, for every transform that both know
 * and every size; and what is forged or replayed is refused by both. libipsec has neither extended sequence numbers nor TFC padding of its own.
 */
#include "base/macro.h"
#include "esp/wire.h"
#include "unit/esp-fixture.h"

#include <errno.h>

#include <library.h>
#include <esp_packet.h>

#define PLUGINS             "aes sha2 hmac gcm chapoly nonce random" /* not openssl */
#define PROTOCOL_EXPERIMENT 253 /* RFC 3692; of UDP libipsec would want a header */
#define SPI                 0x10001
#define SIZE_MIN            IPV4_HEADER_MIN_BYTES
#define SIZE_MAX_IN         1500

struct peer {
    esp_context_t *out, *in;
};

static encryption_algorithm_t encryption_of(enum esp_encryption encryption)
{
    switch (encryption) {
    case ESP_ENCRYPTION_AES_GCM_16:
        return ENCR_AES_GCM_ICV16;
    case ESP_ENCRYPTION_CHACHA20_POLY1305:
        return ENCR_CHACHA20_POLY1305;
    case ESP_ENCRYPTION_AES_CBC:
        return ENCR_AES_CBC;
    }
    return ENCR_UNDEFINED;
}

static integrity_algorithm_t integrity_of(enum esp_integrity integrity)
{
    switch (integrity) {
    case ESP_INTEGRITY_NONE:
        return AUTH_UNDEFINED;
    case ESP_INTEGRITY_HMAC_SHA2_256_128:
        return AUTH_HMAC_SHA2_256_128;
    case ESP_INTEGRITY_HMAC_SHA2_384_192:
        return AUTH_HMAC_SHA2_384_192;
    case ESP_INTEGRITY_HMAC_SHA2_512_256:
        return AUTH_HMAC_SHA2_512_256;
    }
    return AUTH_UNDEFINED;
}

static esp_context_t *context(const struct esp_keys *keys, bool inbound)
{
    chunk_t encryption_key = chunk_create((uint8_t *)keys->encryption_key, keys->encryption_key_bytes);
    chunk_t integrity_key = chunk_create((uint8_t *)keys->integrity_key, keys->integrity_key_bytes);

    return esp_context_create(encryption_of(keys->encryption), encryption_key, integrity_of(keys->integrity),
        integrity_key, inbound);
}

/* A whole IPv4 packet, because libipsec looks at its length. */
static void fill_inner(uint8_t *inner, size_t bytes)
{
    memset(inner, 0, IPV4_HEADER_MIN_BYTES);
    inner[0] = 0x45;
    put_be16(inner + 2, (uint16_t)bytes);
    inner[8] = 64;
    inner[9] = PROTOCOL_EXPERIMENT;
    inner[15] = 1;
    inner[19] = 2;
    for (size_t i = IPV4_HEADER_MIN_BYTES; i < bytes; i++)
        inner[i] = (uint8_t)(i * 7 + bytes);
}

static host_t *nowhere(void)
{
    return host_create_any(AF_INET);
}

static esp_packet_t *esp_of_bytes(const uint8_t *bytes, size_t n)
{
    chunk_t copy = chunk_clone(chunk_create((uint8_t *)bytes, n));

    return esp_packet_create_from_packet(packet_create_from_data(nowhere(), nowhere(), copy));
}

/* What libipsec says, and whether the inner packet is the one expected. */
static status_t peer_opens(
    esp_context_t *in, const uint8_t *packet, size_t n, const uint8_t *inner, size_t inner_bytes)
{
    esp_packet_t *esp = esp_of_bytes(packet, n);
    status_t status;
    uint32_t spi;

    CHECK(esp->parse_header(esp, &spi));
    CHECK_EQ(ntohl(spi), SPI);
    status = esp->decrypt(esp, in);
    if (status == SUCCESS) {
        ip_packet_t *payload = esp->get_payload(esp);

        CHECK_EQ(esp->get_next_header(esp), ESP_NEXT_HEADER_IPV4);
        if (CHECK(payload)) {
            chunk_t got = payload->get_encoding(payload);

            CHECK_EQ(got.len, inner_bytes);
            CHECK_MEM(got.ptr, inner, MIN_OF(got.len, inner_bytes));
        }
    }
    esp->destroy(esp);
    return status;
}

static size_t peer_seals(
    esp_context_t *out, const uint8_t *inner, size_t inner_bytes, uint8_t *ret, size_t room)
{
    chunk_t copy = chunk_clone(chunk_create((uint8_t *)inner, inner_bytes)), sealed;
    esp_packet_t *esp = esp_packet_create_from_payload(nowhere(), nowhere(), ip_packet_create(copy));
    size_t n = 0;

    if (CHECK_EQ(esp->encrypt(esp, out, htonl(SPI)), SUCCESS)) {
        sealed = esp->packet.get_data(&esp->packet);
        if (CHECK_LE(sealed.len, room)) {
            n = sealed.len;
            memcpy(ret, sealed.ptr, n);
        }
    }
    esp->destroy(esp);
    return n;
}

static void ours_to_theirs(struct esp_pair *pair, struct peer *peer, size_t inner_bytes)
{
    uint8_t packet[2048], inner[2048];
    size_t n = 0;

    fill_inner(inner, inner_bytes);
    memcpy(packet + esp_sa_headroom(pair->out), inner, inner_bytes);
    CHECK_EQ(esp_sa_seal(pair->out, packet, inner_bytes, ESP_NEXT_HEADER_IPV4, 0, &n), 0);
    packet[n - 1] ^= 1;
    CHECK_EQ(peer_opens(peer->in, packet, n, inner, inner_bytes), FAILED);
    packet[n - 1] ^= 1;
    CHECK_EQ(peer_opens(peer->in, packet, n, inner, inner_bytes), SUCCESS);
    CHECK_EQ(peer_opens(peer->in, packet, n, inner, inner_bytes), VERIFY_ERROR);
}

static void theirs_to_ours(struct esp_pair *pair, struct peer *peer, size_t inner_bytes)
{
    uint8_t packet[2048], forged[2048], inner[2048];
    struct esp_opened opened = { 0 };
    size_t n;

    fill_inner(inner, inner_bytes);
    n = peer_seals(peer->out, inner, inner_bytes, packet, sizeof(packet));
    if (n == 0)
        return;
    memcpy(forged, packet, n);
    forged[n / 2] ^= 0x80;
    CHECK_EQ(esp_sa_open(pair->in, forged, n, 0, &opened), -EBADMSG);
    memcpy(forged, packet, n);
    if (CHECK_EQ(esp_sa_open(pair->in, packet, n, 0, &opened), 0)) {
        CHECK_EQ(opened.bytes, inner_bytes);
        CHECK_EQ(opened.next_header, ESP_NEXT_HEADER_IPV4);
        CHECK_MEM(opened.inner, inner, inner_bytes);
    }
    CHECK_EQ(esp_sa_open(pair->in, forged, n, 0, &opened), -EALREADY);
}

static void both_ways(const struct esp_algorithm *algorithm)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(algorithm, 11, &keys);
    struct esp_pair pair = esp_pair_new(&config);
    struct peer peer = { context(&config.keys, false), context(&config.keys, true) };

    test_context("%s", algorithm->name);
    if (CHECK(peer.out) && CHECK(peer.in))
        for (size_t n = SIZE_MIN; n <= SIZE_MAX_IN; n++) {
            ours_to_theirs(&pair, &peer, n);
            theirs_to_ours(&pair, &peer, n);
        }
    CHECK_EQ(esp_sa_counters(pair.out).packets, SIZE_MAX_IN - SIZE_MIN + 1);
    CHECK_EQ(esp_sa_counters(pair.in).packets, SIZE_MAX_IN - SIZE_MIN + 1);
    if (peer.out)
        peer.out->destroy(peer.out);
    if (peer.in)
        peer.in->destroy(peer.in);
    esp_pair_free(&pair);
}

static void every_transform_both_ways(void)
{
    for (size_t i = 0; i < esp_n_algorithms; i++)
        both_ways(&esp_algorithms[i]);
}

/* libipsec drops TFC padding that it was sent. */
static void tfc_padding_is_understood(void)
{
    for (size_t i = 0; i < esp_n_algorithms; i++) {
        struct esp_key_bytes keys;
        struct esp_sa_config config = esp_fixture_config(&esp_algorithms[i], 11, &keys);
        struct esp_pair pair;
        struct peer peer = { NULL, context(&config.keys, true) };

        test_context("%s", esp_algorithms[i].name);
        config.tfc_bytes = 1000;
        pair = esp_pair_new(&config);
        if (CHECK(peer.in))
            for (size_t n = SIZE_MIN; n <= 1100; n += 60)
                ours_to_theirs(&pair, &peer, n);
        if (peer.in)
            peer.in->destroy(peer.in);
        esp_pair_free(&pair);
    }
}

static const struct test tests[] = {
    TEST(every_transform_both_ways),
    TEST(tfc_padding_is_understood),
};

int main(int argc, char **argv)
{
    int r;

    if (!library_init("", "esp-libipsec-test"))
        return 1;
    dbg_default_set_level(-1); /* each forged packet would be told */
    if (!lib->plugins->load(lib->plugins, PLUGINS))
        return 1;
    r = test_main(tests, ELEMENTSOF(tests), argc, argv);
    library_deinit();
    return r;
}
