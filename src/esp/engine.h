/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * AES-GCM by something faster than OpenSSL's API, where the build has it and the processor can: Intel's libipsec-mb (engine_ipsecmb.c), else
 * nothing (engine_none.c). One engine serves all SAs; a key keeps what it needs of it. Never chooses nonces and compares no ICV: cipher.c does,
 * the same for every engine.
 */
#include <stddef.h>
#include <stdint.h>

#define ESP_ENGINE_NONCE_BYTES 12
#define ESP_ENGINE_ICV_BYTES   16

struct esp_engine;
struct esp_engine_key;

/* 0; -ENOTSUP: none in this build, or not for this processor; -ENOMEM. */
int esp_engine_new(struct esp_engine **ret);
void esp_engine_free(struct esp_engine *engine); /* NULL is fine; keys live on */

/* key: 16, 24 or 32 bytes, no salt; not kept. 0, -EINVAL, -ENOMEM. */
int esp_engine_key_new(
    const struct esp_engine *engine, const uint8_t *key, size_t key_bytes, struct esp_engine_key **ret);
void esp_engine_key_free(struct esp_engine_key *key); /* wipes; NULL is fine */

/* In place. Opening writes the ICV that an authentic packet would have; the caller compares. */
void esp_engine_seal(const struct esp_engine_key *key, const uint8_t nonce[ESP_ENGINE_NONCE_BYTES],
    const uint8_t *header, size_t header_bytes, uint8_t *payload, size_t payload_bytes,
    uint8_t ret_icv[ESP_ENGINE_ICV_BYTES]);
void esp_engine_open(const struct esp_engine_key *key, const uint8_t nonce[ESP_ENGINE_NONCE_BYTES],
    const uint8_t *header, size_t header_bytes, uint8_t *payload, size_t payload_bytes,
    uint8_t ret_icv[ESP_ENGINE_ICV_BYTES]);
