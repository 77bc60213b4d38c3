/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A build without a library that is faster than OpenSSL: there is no engine, so there are no keys of one. See engine.h.
 */
#include "esp/engine.h"

#include <assert.h>
#include <errno.h>

int esp_engine_new(struct esp_engine **ret)
{
    (void)ret;
    return -ENOTSUP;
}

void esp_engine_free(struct esp_engine *engine)
{
    assert(!engine);
}

int esp_engine_key_new(
    const struct esp_engine *engine, const uint8_t *key, size_t key_bytes, struct esp_engine_key **ret)
{
    (void)engine, (void)key, (void)key_bytes, (void)ret;
    return -ENOTSUP;
}

void esp_engine_key_free(struct esp_engine_key *key)
{
    assert(!key);
}

void esp_engine_seal(const struct esp_engine_key *key, const uint8_t nonce[ESP_ENGINE_NONCE_BYTES],
    const uint8_t *header, size_t header_bytes, uint8_t *payload, size_t payload_bytes,
    uint8_t ret_icv[ESP_ENGINE_ICV_BYTES])
{
    (void)nonce, (void)header, (void)header_bytes, (void)payload, (void)payload_bytes, (void)ret_icv;
    assert(!key && "no key without an engine");
}

void esp_engine_open(const struct esp_engine_key *key, const uint8_t nonce[ESP_ENGINE_NONCE_BYTES],
    const uint8_t *header, size_t header_bytes, uint8_t *payload, size_t payload_bytes,
    uint8_t ret_icv[ESP_ENGINE_ICV_BYTES])
{
    esp_engine_seal(key, nonce, header, header_bytes, payload, payload_bytes, ret_icv);
}
