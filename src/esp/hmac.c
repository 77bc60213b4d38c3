/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenSSL's own hash contexts, and not EVP_MAC: that allocates twice for every packet. Deprecated since 3.0 for want of providers, which is
 * what is wanted here. See hmac.h.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "esp/hmac.h"

#include "esp/secret.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

union hash {
    SHA256_CTX sha256;
    SHA512_CTX sha512; /* and SHA-384 */
};

struct esp_hmac {
    enum esp_integrity integrity;
    union hash inner, outer; /* after the block of key and pad */
};

size_t esp_hmac_bytes(enum esp_integrity integrity)
{
    switch (integrity) {
    case ESP_INTEGRITY_NONE:
        break;
    case ESP_INTEGRITY_HMAC_SHA2_256_128:
        return SHA256_DIGEST_LENGTH;
    case ESP_INTEGRITY_HMAC_SHA2_384_192:
        return SHA384_DIGEST_LENGTH;
    case ESP_INTEGRITY_HMAC_SHA2_512_256:
        return SHA512_DIGEST_LENGTH;
    }
    return 0;
}

static size_t block_bytes(enum esp_integrity integrity)
{
    return integrity == ESP_INTEGRITY_HMAC_SHA2_256_128 ? SHA256_CBLOCK : SHA512_CBLOCK;
}

static bool hash_init(enum esp_integrity integrity, union hash *hash)
{
    switch (integrity) {
    case ESP_INTEGRITY_NONE:
        break;
    case ESP_INTEGRITY_HMAC_SHA2_256_128:
        return SHA256_Init(&hash->sha256) == 1;
    case ESP_INTEGRITY_HMAC_SHA2_384_192:
        return SHA384_Init(&hash->sha512) == 1;
    case ESP_INTEGRITY_HMAC_SHA2_512_256:
        return SHA512_Init(&hash->sha512) == 1;
    }
    return false;
}

static bool hash_pad(
    struct esp_hmac *hmac, union hash *hash, const uint8_t *key, size_t key_bytes, uint8_t pad)
{
    uint8_t block[SHA512_CBLOCK];
    size_t n_bytes = block_bytes(hmac->integrity);
    bool good;

    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < key_bytes; i++)
        block[i] ^= key[i];
    good = hash_init(hmac->integrity, hash);
    if (good && n_bytes == SHA256_CBLOCK)
        good = SHA256_Update(&hash->sha256, block, n_bytes) == 1;
    else if (good)
        good = SHA512_Update(&hash->sha512, block, n_bytes) == 1;
    OPENSSL_cleanse(block, sizeof(block));
    return good;
}

int esp_hmac_new(enum esp_integrity integrity, const uint8_t *key, size_t key_bytes, struct esp_hmac **ret)
{
    struct esp_hmac *hmac;

    if (integrity == ESP_INTEGRITY_NONE || key_bytes > block_bytes(integrity))
        return -EINVAL;
    hmac = esp_secret_new(sizeof(*hmac));
    if (!hmac)
        return -ENOMEM;
    hmac->integrity = integrity;
    if (!hash_pad(hmac, &hmac->inner, key, key_bytes, 0x36) ||
        !hash_pad(hmac, &hmac->outer, key, key_bytes, 0x5c)) {
        esp_hmac_free(hmac);
        return -EIO;
    }
    *ret = hmac;
    return 0;
}

void esp_hmac_free(struct esp_hmac *hmac)
{
    esp_secret_free(hmac, sizeof(*hmac));
}

static void compute_sha256(const struct esp_hmac *hmac, const uint8_t *data, size_t data_bytes,
    const uint8_t *more, size_t more_bytes, uint8_t *ret)
{
    SHA256_CTX hash = hmac->inner.sha256;

    SHA256_Update(&hash, data, data_bytes);
    SHA256_Update(&hash, more, more_bytes);
    SHA256_Final(ret, &hash);
    hash = hmac->outer.sha256;
    SHA256_Update(&hash, ret, SHA256_DIGEST_LENGTH);
    SHA256_Final(ret, &hash);
}

/* SHA-384 is SHA-512 with other initial values and a shorter result; the state remembers which it is. */
static void compute_sha512(const struct esp_hmac *hmac, const uint8_t *data, size_t data_bytes,
    const uint8_t *more, size_t more_bytes, uint8_t *ret)
{
    SHA512_CTX hash = hmac->inner.sha512;

    SHA512_Update(&hash, data, data_bytes);
    SHA512_Update(&hash, more, more_bytes);
    SHA512_Final(ret, &hash);
    hash = hmac->outer.sha512;
    SHA512_Update(&hash, ret, esp_hmac_bytes(hmac->integrity));
    SHA512_Final(ret, &hash);
}

void esp_hmac_compute(const struct esp_hmac *hmac, const uint8_t *data, size_t data_bytes,
    const uint8_t *more, size_t more_bytes, uint8_t ret[ESP_HMAC_BYTES_MAX])
{
    if (hmac->integrity == ESP_INTEGRITY_HMAC_SHA2_256_128)
        compute_sha256(hmac, data, data_bytes, more, more_bytes, ret);
    else
        compute_sha512(hmac, data, data_bytes, more, more_bytes, ret);
}
