/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What OpenSSL costs for each packet is its API rather than AES: so the cipher is fetched once, the context stays keyed, an IV is all that is
 * set, the tag goes along with it or comes by a prepared parameter, and all happens in place. See cipher.h.
 */
#include "esp/cipher.h"

#include "base/macro.h"
#include "esp/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define AEAD_SALT_BYTES  4
#define AEAD_IV_BYTES    8
#define AEAD_NONCE_BYTES (AEAD_SALT_BYTES + AEAD_IV_BYTES)
#define AEAD_ICV_BYTES   16
#define AES_BLOCK_BYTES  16
#define IV_POOL_BYTES    (64 * AES_BLOCK_BYTES)
#define SEQUENCE_OFFSET  4

struct esp_cipher {
    EVP_CIPHER_CTX *context;
    struct esp_hmac *hmac; /* NULL: an AEAD */
    struct esp_shape shape;

    uint8_t nonce[AEAD_NONCE_BYTES]; /* of an AEAD: the salt, then this packet's IV */
    OSSL_PARAM tag[2];               /* where the ICV is read or written */

    size_t pool_used_bytes; /* of AES-CBC, sealing: random numbers made in advance */
    uint8_t pool[IV_POOL_BYTES];
};

/* What a name of the algorithm needs, by length of the AES key. */
struct variant {
    enum esp_encryption encryption;
    size_t key_bytes;
    const char *name;
};

static const struct variant variants[] = {
    { ESP_ENCRYPTION_AES_GCM_16, 16, "AES-128-GCM" },
    { ESP_ENCRYPTION_AES_GCM_16, 24, "AES-192-GCM" },
    { ESP_ENCRYPTION_AES_GCM_16, 32, "AES-256-GCM" },
    { ESP_ENCRYPTION_CHACHA20_POLY1305, 32, "ChaCha20-Poly1305" },
    { ESP_ENCRYPTION_AES_CBC, 16, "AES-128-CBC" },
    { ESP_ENCRYPTION_AES_CBC, 24, "AES-192-CBC" },
    { ESP_ENCRYPTION_AES_CBC, 32, "AES-256-CBC" },
};

static void put_be64(uint8_t *p, uint64_t value)
{
    put_be32(p, (uint32_t)(value >> 32));
    put_be32(p + 4, (uint32_t)value);
}

static bool is_aead(const struct esp_keys *keys)
{
    return keys->encryption != ESP_ENCRYPTION_AES_CBC;
}

static const struct variant *find_variant(const struct esp_keys *keys)
{
    size_t salt_bytes = is_aead(keys) ? AEAD_SALT_BYTES : 0;

    for (size_t i = 0; i < ELEMENTSOF(variants); i++)
        if (variants[i].encryption == keys->encryption &&
            variants[i].key_bytes + salt_bytes == keys->encryption_key_bytes)
            return &variants[i];
    return NULL;
}

static int setup_context(
    struct esp_cipher *cipher, const struct variant *variant, const uint8_t *key, bool seals)
{
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, variant->name, NULL);
    bool good;

    if (!algorithm) {
        ERR_clear_error();
        return -ENOTSUP;
    }
    cipher->context = EVP_CIPHER_CTX_new();
    /* ESP pads itself. An AEAD pads nothing, and where this was called OpenSSL repeats it with each IV, by name: 50 ns a packet. */
    good = cipher->context && EVP_CipherInit_ex2(cipher->context, algorithm, key, NULL, seals, NULL) == 1 &&
           (!cipher->hmac || EVP_CIPHER_CTX_set_padding(cipher->context, 0) == 1);
    EVP_CIPHER_free(algorithm); /* the context holds it */
    if (good)
        return 0;
    ERR_clear_error();
    return -ENOMEM;
}

static int setup(struct esp_cipher *cipher, const struct esp_keys *keys, bool seals)
{
    const struct variant *variant = find_variant(keys);
    int r;

    if (!variant || is_aead(keys) != (keys->integrity == ESP_INTEGRITY_NONE))
        return -EINVAL;
    if (is_aead(keys)) {
        cipher->shape = (struct esp_shape){
            .iv_bytes = AEAD_IV_BYTES, .icv_bytes = AEAD_ICV_BYTES, .align_bytes = 4, .block_bytes = 1
        };
        memcpy(cipher->nonce, keys->encryption_key + variant->key_bytes, AEAD_SALT_BYTES);
        cipher->tag[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, AEAD_ICV_BYTES);
        cipher->tag[1] = OSSL_PARAM_construct_end();
    } else {
        if (keys->integrity_key_bytes != esp_hmac_bytes(keys->integrity))
            return -EINVAL;
        cipher->shape = (struct esp_shape){
            .iv_bytes = AES_BLOCK_BYTES,
            .icv_bytes = (uint8_t)(esp_hmac_bytes(keys->integrity) / 2), /* RFC 4868, 2.3 */
            .align_bytes = AES_BLOCK_BYTES,
            .block_bytes = AES_BLOCK_BYTES,
        };
        cipher->pool_used_bytes = IV_POOL_BYTES;
        r = esp_hmac_new(keys->integrity, keys->integrity_key, keys->integrity_key_bytes, &cipher->hmac);
        if (r < 0)
            return r;
    }
    return setup_context(cipher, variant, keys->encryption_key, seals);
}

int esp_cipher_new(const struct esp_keys *keys, bool seals, struct esp_cipher **ret)
{
    struct esp_cipher *cipher = calloc(1, sizeof(*cipher));
    int r;

    if (!cipher)
        return -ENOMEM;
    r = setup(cipher, keys, seals);
    if (r < 0) {
        esp_cipher_free(cipher);
        return r;
    }
    *ret = cipher;
    return 0;
}

void esp_cipher_free(struct esp_cipher *cipher)
{
    if (!cipher)
        return;
    EVP_CIPHER_CTX_free(cipher->context); /* wipes the key schedule */
    esp_hmac_free(cipher->hmac);
    OPENSSL_cleanse(cipher, sizeof(*cipher));
    free(cipher);
}

struct esp_shape esp_cipher_shape(const struct esp_cipher *cipher)
{
    return cipher->shape;
}

/*
 * What is authenticated beside the ciphertext (RFC 4106, 5; RFC 7634, 2.1): SPI and sequence number as they stand in the packet, or with the
 * upper half of the number between them.
 */
static bool aead_header(struct esp_cipher *cipher, const uint8_t *packet, uint64_t sequence, bool esn)
{
    uint8_t header[ESP_HEADER_BYTES + 4];
    int n;

    if (!esn)
        return EVP_CipherUpdate(cipher->context, NULL, &n, packet, ESP_HEADER_BYTES) == 1;
    memcpy(header, packet, SEQUENCE_OFFSET);
    put_be64(header + SEQUENCE_OFFSET, sequence);
    return EVP_CipherUpdate(cipher->context, NULL, &n, header, sizeof(header)) == 1;
}

static bool aead_payload(struct esp_cipher *cipher, uint8_t *payload, size_t payload_bytes)
{
    uint8_t nothing[AES_BLOCK_BYTES];
    int n;

    return EVP_CipherUpdate(cipher->context, payload, &n, payload, (int)payload_bytes) == 1 &&
           EVP_CipherFinal_ex(cipher->context, nothing, &n) == 1;
}

/* The IV is the sequence number: for one key never the same twice, which is all that these two ask for (RFC 4106, 3.1). */
static int aead_seal(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AEAD_IV_BYTES;

    put_be64(iv, sequence);
    memcpy(cipher->nonce + AEAD_SALT_BYTES, iv, AEAD_IV_BYTES);
    cipher->tag[0].data = payload + payload_bytes;
    if (EVP_EncryptInit_ex2(cipher->context, NULL, NULL, cipher->nonce, NULL) == 1 &&
        aead_header(cipher, packet, sequence, esn) && aead_payload(cipher, payload, payload_bytes) &&
        EVP_CIPHER_CTX_get_params(cipher->context, cipher->tag) == 1)
        return 0;
    ERR_clear_error();
    return -EIO;
}

static int aead_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AEAD_IV_BYTES;

    memcpy(cipher->nonce + AEAD_SALT_BYTES, iv, AEAD_IV_BYTES);
    cipher->tag[0].data = payload + payload_bytes;
    if (EVP_DecryptInit_ex2(cipher->context, NULL, NULL, cipher->nonce, cipher->tag) == 1 &&
        aead_header(cipher, packet, sequence, esn) && aead_payload(cipher, payload, payload_bytes))
        return 0;
    ERR_clear_error();
    return -EBADMSG;
}

/* CBC's IV must not be foreseen (RFC 3602, 3). A call for 64 of them costs about as much as a call for one. */
static bool take_random_iv(struct esp_cipher *cipher, uint8_t *iv)
{
    if (cipher->pool_used_bytes == IV_POOL_BYTES) {
        if (RAND_bytes(cipher->pool, IV_POOL_BYTES) != 1)
            return false;
        cipher->pool_used_bytes = 0;
    }
    memcpy(iv, cipher->pool + cipher->pool_used_bytes, AES_BLOCK_BYTES);
    cipher->pool_used_bytes += AES_BLOCK_BYTES;
    return true;
}

static bool cbc_payload(struct esp_cipher *cipher, const uint8_t *iv, uint8_t *payload, size_t payload_bytes)
{
    int n;

    return EVP_CipherInit_ex2(cipher->context, NULL, NULL, iv, -1, NULL) == 1 &&
           EVP_CipherUpdate(cipher->context, payload, &n, payload, (int)payload_bytes) == 1;
}

/* From the SPI to the end of the ciphertext, and the upper half of the number where it is agreed on (RFC 4303, 2.2.1). */
static void cbc_icv(const struct esp_cipher *cipher, const uint8_t *packet, size_t bytes, uint64_t sequence,
    bool esn, uint8_t ret[ESP_HMAC_BYTES_MAX])
{
    uint8_t high[4];

    put_be32(high, (uint32_t)(sequence >> 32));
    esp_hmac_compute(cipher->hmac, packet, bytes, high, esn ? sizeof(high) : 0, ret);
}

static int cbc_seal(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AES_BLOCK_BYTES;
    uint8_t icv[ESP_HMAC_BYTES_MAX];

    if (!take_random_iv(cipher, iv) || !cbc_payload(cipher, iv, payload, payload_bytes)) {
        ERR_clear_error();
        return -EIO;
    }
    cbc_icv(cipher, packet, (size_t)(payload - packet) + payload_bytes, sequence, esn, icv);
    memcpy(payload + payload_bytes, icv, cipher->shape.icv_bytes);
    return 0;
}

static int cbc_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AES_BLOCK_BYTES;
    uint8_t icv[ESP_HMAC_BYTES_MAX];

    cbc_icv(cipher, packet, (size_t)(payload - packet) + payload_bytes, sequence, esn, icv);
    if (CRYPTO_memcmp(payload + payload_bytes, icv, cipher->shape.icv_bytes) != 0)
        return -EBADMSG;
    if (cbc_payload(cipher, iv, payload, payload_bytes))
        return 0;
    ERR_clear_error();
    return -EBADMSG;
}

int esp_cipher_seal(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    if (cipher->hmac)
        return cbc_seal(cipher, packet, payload_bytes, sequence, esn);
    return aead_seal(cipher, packet, payload_bytes, sequence, esn);
}

int esp_cipher_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    if (cipher->hmac)
        return cbc_open(cipher, packet, payload_bytes, sequence, esn);
    return aead_open(cipher, packet, payload_bytes, sequence, esn);
}
