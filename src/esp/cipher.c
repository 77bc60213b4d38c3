/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What OpenSSL costs for each packet is its API rather than AES: so the cipher is fetched once, the context stays keyed, and all happens in
 * place with prepared parameters. EVP_EncryptInit_ex2() with an IV is dear in 3.0 (it asks for the IV's length, by name). For GCM the two
 * parameters that OpenSSL has for TLS 1.2, whose nonce is made as ESP's, replace it: one counts the IV up and tells it, asked for the next
 * packet together with the ICV of this one; the other takes the IV together with the ICV. See cipher.h.
 */
#include "esp/cipher.h"

#include "base/macro.h"
#include "esp/engine.h"
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
    EVP_CIPHER_CTX *context;           /* NULL: the engine's */
    struct esp_engine_key *engine_key; /* AES-GCM with an engine */
    struct esp_hmac *hmac;             /* NULL: an AEAD */
    struct esp_shape shape;

    uint8_t nonce[AEAD_NONCE_BYTES]; /* of an AEAD: the salt, then the packet's IV */
    OSSL_PARAM tag[2];               /* where the ICV is read or written */
    OSSL_PARAM iv_and_tag[3];        /* of GCM, where both are written or read */
    bool counts_iv;                  /* GCM */
    bool ready;                      /* of GCM, sealing: the context has the IV of the next packet */
    uint8_t next_iv[AEAD_IV_BYTES];  /* which is this one */

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

/* The context's nonce becomes the salt and this IV; from here on OpenSSL counts up its last 8 bytes (-1: the whole nonce is given). */
static bool count_iv_from(struct esp_cipher *cipher, uint64_t iv)
{
    put_be64(cipher->nonce + AEAD_SALT_BYTES, iv);
    return EVP_CIPHER_CTX_ctrl(cipher->context, EVP_CTRL_AEAD_SET_IV_FIXED, -1, cipher->nonce) == 1;
}

static void setup_aead(struct esp_cipher *cipher, const uint8_t *salt, bool seals)
{
    cipher->shape = (struct esp_shape){
        .iv_bytes = AEAD_IV_BYTES, .icv_bytes = AEAD_ICV_BYTES, .align_bytes = 4, .block_bytes = 1
    };
    memcpy(cipher->nonce, salt, AEAD_SALT_BYTES);
    cipher->tag[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, AEAD_ICV_BYTES);
    cipher->tag[1] = OSSL_PARAM_construct_end();
    cipher->iv_and_tag[0] = OSSL_PARAM_construct_octet_string(
        seals ? OSSL_CIPHER_PARAM_AEAD_TLS1_GET_IV_GEN : OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV, NULL,
        AEAD_IV_BYTES);
    if (seals)
        cipher->iv_and_tag[0].data = cipher->next_iv;
    cipher->iv_and_tag[1] = cipher->tag[0];
    cipher->iv_and_tag[2] = OSSL_PARAM_construct_end();
}

static int setup_cbc(struct esp_cipher *cipher, const struct esp_keys *keys)
{
    if (keys->integrity_key_bytes != esp_hmac_bytes(keys->integrity))
        return -EINVAL;
    cipher->shape = (struct esp_shape){
        .iv_bytes = AES_BLOCK_BYTES,
        .icv_bytes = (uint8_t)(esp_hmac_bytes(keys->integrity) / 2), /* RFC 4868, 2.3 */
        .align_bytes = AES_BLOCK_BYTES,
        .block_bytes = AES_BLOCK_BYTES,
    };
    cipher->pool_used_bytes = IV_POOL_BYTES;
    return esp_hmac_new(keys->integrity, keys->integrity_key, keys->integrity_key_bytes, &cipher->hmac);
}

/* ESP pads itself. As a parameter: EVP_CIPHER_CTX_set_padding() would be repeated by OpenSSL with every IV. */
static int setup_context(
    struct esp_cipher *cipher, const struct variant *variant, const uint8_t *key, bool seals)
{
    unsigned padding = 0;
    OSSL_PARAM unpadded[] = {
        OSSL_PARAM_construct_uint(OSSL_CIPHER_PARAM_PADDING, &padding),
        OSSL_PARAM_construct_end(),
    };
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(NULL, variant->name, NULL);
    bool good;

    if (!algorithm) {
        ERR_clear_error();
        return -ENOTSUP;
    }
    cipher->context = EVP_CIPHER_CTX_new();
    good = cipher->context && EVP_CipherInit_ex2(cipher->context, algorithm, key, NULL, seals,
                                  cipher->hmac ? unpadded : NULL) == 1;
    EVP_CIPHER_free(algorithm); /* the context holds it */
    if (good && variant->encryption == ESP_ENCRYPTION_AES_GCM_16) {
        cipher->counts_iv = true;
        good = count_iv_from(cipher, 1);
    }
    if (good)
        return 0;
    ERR_clear_error();
    return -ENOMEM;
}

static int setup(struct esp_cipher *cipher, const struct esp_keys *keys, bool seals)
{
    const struct variant *variant = find_variant(keys);

    if (!variant || is_aead(keys) != (keys->integrity == ESP_INTEGRITY_NONE))
        return -EINVAL;
    if (is_aead(keys)) {
        setup_aead(cipher, keys->encryption_key + variant->key_bytes, seals);
    } else {
        int r = setup_cbc(cipher, keys);

        if (r < 0)
            return r;
    }
    if (keys->engine && variant->encryption == ESP_ENCRYPTION_AES_GCM_16)
        return esp_engine_key_new(
            keys->engine, keys->encryption_key, variant->key_bytes, &cipher->engine_key);
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
    esp_engine_key_free(cipher->engine_key);
    esp_hmac_free(cipher->hmac);
    OPENSSL_cleanse(cipher, sizeof(*cipher));
    free(cipher);
}

struct esp_shape esp_cipher_shape(const struct esp_cipher *cipher)
{
    return cipher->shape;
}

struct header {
    const uint8_t *bytes;
    size_t n_bytes;
    uint8_t extended[ESP_HEADER_BYTES + 4];
};

/*
 * What is authenticated beside the ciphertext (RFC 4106, 5; RFC 7634, 2.1): SPI and sequence number as they stand in the packet, or with the
 * upper half of the number between them.
 */
static void aead_header(struct header *ret, const uint8_t *packet, uint64_t sequence, bool esn)
{
    ret->bytes = packet;
    ret->n_bytes = ESP_HEADER_BYTES;
    if (esn) {
        memcpy(ret->extended, packet, SEQUENCE_OFFSET);
        put_be64(ret->extended + SEQUENCE_OFFSET, sequence);
        ret->bytes = ret->extended;
        ret->n_bytes = sizeof(ret->extended);
    }
}

static bool aead_put_header(struct esp_cipher *cipher, const uint8_t *packet, uint64_t sequence, bool esn)
{
    struct header header;
    int n;

    aead_header(&header, packet, sequence, esn);
    return EVP_CipherUpdate(cipher->context, NULL, &n, header.bytes, (int)header.n_bytes) == 1;
}

static bool aead_payload(struct esp_cipher *cipher, uint8_t *payload, size_t payload_bytes)
{
    uint8_t nothing[AES_BLOCK_BYTES];
    int n;

    return EVP_CipherUpdate(cipher->context, payload, &n, payload, (int)payload_bytes) == 1 &&
           EVP_CipherFinal_ex(cipher->context, nothing, &n) == 1;
}

/* OpenSSL makes the context's IV the next that it counts to, and tells which. */
static bool take_next_iv(struct esp_cipher *cipher)
{
    OSSL_PARAM iv[] = { cipher->iv_and_tag[0], OSSL_PARAM_construct_end() };

    return EVP_CIPHER_CTX_get_params(cipher->context, iv) == 1;
}

/*
 * The IV is the sequence number: for one key never the same twice, which is all that these two ask for (RFC 4106, 3.1; RFC 7634, 2). Where
 * OpenSSL counts, it must have counted to the same: a nonce is nothing to take on trust.
 */
static bool aead_set_iv(struct esp_cipher *cipher, uint8_t *iv, uint64_t sequence)
{
    put_be64(iv, sequence);
    if (!cipher->counts_iv) {
        memcpy(cipher->nonce + AEAD_SALT_BYTES, iv, AEAD_IV_BYTES);
        return EVP_EncryptInit_ex2(cipher->context, NULL, NULL, cipher->nonce, NULL) == 1;
    }
    if (cipher->ready && memcmp(cipher->next_iv, iv, AEAD_IV_BYTES) == 0)
        return true;
    return count_iv_from(cipher, sequence) && take_next_iv(cipher) && memcmp(cipher->next_iv, iv, AEAD_IV_BYTES) == 0;
}

/* The ICV, and with the same call, which costs by the names it looks for, the IV of the next packet. */
static bool aead_take_icv(struct esp_cipher *cipher, uint8_t *icv)
{
    OSSL_PARAM *params = cipher->counts_iv ? cipher->iv_and_tag : cipher->tag;

    cipher->iv_and_tag[1].data = cipher->tag[0].data = icv;
    cipher->ready = EVP_CIPHER_CTX_get_params(cipher->context, params) == 1;
    return cipher->ready;
}

static int aead_seal(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AEAD_IV_BYTES;
    bool ready = aead_set_iv(cipher, iv, sequence);

    cipher->ready = false; /* that IV is for this packet alone, whatever comes of it */
    if (ready && aead_put_header(cipher, packet, sequence, esn) && aead_payload(cipher, payload, payload_bytes) &&
        aead_take_icv(cipher, payload + payload_bytes))
        return 0;
    ERR_clear_error();
    return -EIO;
}

static bool aead_set_iv_and_icv(struct esp_cipher *cipher, uint8_t *iv, uint8_t *icv)
{
    if (cipher->counts_iv) {
        cipher->iv_and_tag[0].data = iv;
        cipher->iv_and_tag[1].data = icv;
        return EVP_CIPHER_CTX_set_params(cipher->context, cipher->iv_and_tag) == 1;
    }
    memcpy(cipher->nonce + AEAD_SALT_BYTES, iv, AEAD_IV_BYTES);
    cipher->tag[0].data = icv;
    return EVP_DecryptInit_ex2(cipher->context, NULL, NULL, cipher->nonce, cipher->tag) == 1;
}

static int aead_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AEAD_IV_BYTES;

    if (aead_set_iv_and_icv(cipher, iv, payload + payload_bytes) &&
        aead_put_header(cipher, packet, sequence, esn) && aead_payload(cipher, payload, payload_bytes))
        return 0;
    ERR_clear_error();
    return -EBADMSG;
}

static int engine_seal(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AEAD_IV_BYTES;
    struct header header;

    put_be64(iv, sequence);
    memcpy(cipher->nonce + AEAD_SALT_BYTES, iv, AEAD_IV_BYTES);
    aead_header(&header, packet, sequence, esn);
    esp_engine_seal(cipher->engine_key, cipher->nonce, header.bytes, header.n_bytes, payload, payload_bytes,
        payload + payload_bytes);
    return 0;
}

static int engine_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    uint8_t *iv = packet + ESP_HEADER_BYTES, *payload = iv + AEAD_IV_BYTES;
    uint8_t icv[ESP_ENGINE_ICV_BYTES];
    struct header header;

    memcpy(cipher->nonce + AEAD_SALT_BYTES, iv, AEAD_IV_BYTES);
    aead_header(&header, packet, sequence, esn);
    esp_engine_open(
        cipher->engine_key, cipher->nonce, header.bytes, header.n_bytes, payload, payload_bytes, icv);
    return CRYPTO_memcmp(icv, payload + payload_bytes, sizeof(icv)) == 0 ? 0 : -EBADMSG;
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
    if (cipher->engine_key)
        return engine_seal(cipher, packet, payload_bytes, sequence, esn);
    if (cipher->hmac)
        return cbc_seal(cipher, packet, payload_bytes, sequence, esn);
    return aead_seal(cipher, packet, payload_bytes, sequence, esn);
}

int esp_cipher_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn)
{
    if (cipher->engine_key)
        return engine_open(cipher, packet, payload_bytes, sequence, esn);
    if (cipher->hmac)
        return cbc_open(cipher, packet, payload_bytes, sequence, esn);
    return aead_open(cipher, packet, payload_bytes, sequence, esn);
}
