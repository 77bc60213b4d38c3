/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel's multi-buffer library, of which only the direct calls for one packet are used: a quarter of what OpenSSL needs for a small packet, two
 * thirds for a large one. Its manager is a table of functions for this processor; what is needed of it is copied. See engine.h.
 */
#include "esp/engine.h"

#include "esp/secret.h"

#include <errno.h>
#include <stdlib.h>

#include <intel-ipsec-mb.h>

#define FEATURES_NEEDED (IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)

struct variant {
    aes_gcm_pre_t expand;
    aes_gcm_enc_dec_t seal, open;
};

struct esp_engine {
    struct variant aes128, aes192, aes256;
};

struct esp_engine_key {
    struct gcm_key_data data; /* at the beginning of a page: aligned */
    struct variant variant;
};

int esp_engine_new(struct esp_engine **ret)
{
    IMB_MGR *manager = alloc_mb_mgr(0);
    struct esp_engine *engine = NULL;
    int r = -ENOMEM;

    if (!manager)
        return -ENOMEM;
    init_mb_mgr_auto(manager, NULL);
    if (imb_get_errno(manager) != 0 || (manager->features & FEATURES_NEEDED) != FEATURES_NEEDED) {
        r = -ENOTSUP;
        goto end;
    }
    engine = malloc(sizeof(*engine));
    if (!engine)
        goto end;
    *engine = (struct esp_engine){
        .aes128 = { manager->gcm128_pre, manager->gcm128_enc, manager->gcm128_dec },
        .aes192 = { manager->gcm192_pre, manager->gcm192_enc, manager->gcm192_dec },
        .aes256 = { manager->gcm256_pre, manager->gcm256_enc, manager->gcm256_dec },
    };
    *ret = engine;
    r = 0;
end:
    free_mb_mgr(manager);
    return r;
}

void esp_engine_free(struct esp_engine *engine)
{
    free(engine);
}

static const struct variant *variant_of(const struct esp_engine *engine, size_t key_bytes)
{
    switch (key_bytes) {
    case 16:
        return &engine->aes128;
    case 24:
        return &engine->aes192;
    case 32:
        return &engine->aes256;
    }
    return NULL;
}

int esp_engine_key_new(
    const struct esp_engine *engine, const uint8_t *key, size_t key_bytes, struct esp_engine_key **ret)
{
    const struct variant *variant = variant_of(engine, key_bytes);
    struct esp_engine_key *made;

    if (!variant)
        return -EINVAL;
    made = esp_secret_new(sizeof(*made));
    if (!made)
        return -ENOMEM;
    made->variant = *variant;
    variant->expand(key, &made->data);
    *ret = made;
    return 0;
}

void esp_engine_key_free(struct esp_engine_key *key)
{
    esp_secret_free(key, sizeof(*key));
}

void esp_engine_seal(const struct esp_engine_key *key, const uint8_t nonce[ESP_ENGINE_NONCE_BYTES],
    const uint8_t *header, size_t header_bytes, uint8_t *payload, size_t payload_bytes,
    uint8_t ret_icv[ESP_ENGINE_ICV_BYTES])
{
    struct gcm_context_data context;

    key->variant.seal(&key->data, &context, payload, payload, payload_bytes, nonce, header, header_bytes,
        ret_icv, ESP_ENGINE_ICV_BYTES);
}

void esp_engine_open(const struct esp_engine_key *key, const uint8_t nonce[ESP_ENGINE_NONCE_BYTES],
    const uint8_t *header, size_t header_bytes, uint8_t *payload, size_t payload_bytes,
    uint8_t ret_icv[ESP_ENGINE_ICV_BYTES])
{
    struct gcm_context_data context;

    key->variant.open(&key->data, &context, payload, payload, payload_bytes, nonce, header, header_bytes,
        ret_icv, ESP_ENGINE_ICV_BYTES);
}
