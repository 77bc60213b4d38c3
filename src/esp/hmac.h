/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * HMAC with SHA-2 (RFC 2104, RFC 4868), keyed once: the two hash states behind the pads are kept, in a page of their own that is locked and
 * in no core dump, and copied for each packet. Never allocates after creation, never fails, knows nothing of ESP.
 */
#include <stddef.h>
#include <stdint.h>

#define ESP_HMAC_BYTES_MAX 64

enum esp_integrity {
    ESP_INTEGRITY_NONE, /* with an AEAD, and only then */
    ESP_INTEGRITY_HMAC_SHA2_256_128,
    ESP_INTEGRITY_HMAC_SHA2_384_192,
    ESP_INTEGRITY_HMAC_SHA2_512_256,
};

struct esp_hmac;

/* Of the hash, untruncated; half of it is the ICV. 0 for ESP_INTEGRITY_NONE. */
size_t esp_hmac_bytes(enum esp_integrity integrity);

/* Keys up to the hash's block (64 or 128 bytes). 0, -EINVAL, -ENOMEM, -EIO. */
int esp_hmac_new(enum esp_integrity integrity, const uint8_t *key, size_t key_bytes, struct esp_hmac **ret);
void esp_hmac_free(struct esp_hmac *hmac); /* wipes; NULL is fine */

/* Over data and then more (which may be NULL and 0): ret takes esp_hmac_bytes(). */
void esp_hmac_compute(const struct esp_hmac *hmac, const uint8_t *data, size_t data_bytes,
    const uint8_t *more, size_t more_bytes, uint8_t ret[ESP_HMAC_BYTES_MAX]);
