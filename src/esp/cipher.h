/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The keyed transform of one SA in one direction: AES-GCM with a 16-byte ICV (RFC 4106), ChaCha20-Poly1305 (RFC 7634), or AES-CBC (RFC 3602)
 * with HMAC-SHA-2 (RFC 4868). Owns the key inside the context of OpenSSL or of an engine, which is keyed once and wiped at the end; chooses
 * the IV. Works in place on a packet laid out as the wire has it: SPI, sequence number, IV, payload, ICV. Knows nothing of padding, windows
 * or counters. Not for several threads at once.
 */
#include "esp/hmac.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESP_HEADER_BYTES  8 /* SPI and sequence number */
#define ESP_IV_BYTES_MAX  16
#define ESP_ICV_BYTES_MAX 32

enum esp_encryption {
    ESP_ENCRYPTION_AES_GCM_16,        /* key 16, 24 or 32 bytes, and 4 of salt (RFC 4106, 8.1) */
    ESP_ENCRYPTION_CHACHA20_POLY1305, /* key 32 bytes, and 4 of salt (RFC 7634, 2) */
    ESP_ENCRYPTION_AES_CBC,           /* key 16, 24 or 32 bytes */
};

struct esp_engine;

struct esp_keys {
    const struct esp_engine *engine; /* for AES-GCM (esp/engine.h); NULL: OpenSSL does that as well */
    enum esp_encryption encryption;
    enum esp_integrity integrity;
    const uint8_t *encryption_key; /* with the salt at its end; not kept */
    size_t encryption_key_bytes;
    const uint8_t *integrity_key; /* as long as the hash (RFC 4868, 2.1.1); not kept */
    size_t integrity_key_bytes;
};

struct esp_shape {
    uint8_t iv_bytes, icv_bytes;
    uint8_t align_bytes; /* payload with trailer is a multiple of it (RFC 4303, 2.4) */
    uint8_t block_bytes; /* what cannot be opened otherwise */
};

struct esp_cipher;

/* 0, -EINVAL (a key of the wrong size, a pair that does not go together), -ENOTSUP (OpenSSL lacks it), -ENOMEM. */
int esp_cipher_new(const struct esp_keys *keys, bool seals, struct esp_cipher **ret);
void esp_cipher_free(struct esp_cipher *cipher); /* wipes; NULL is fine */

struct esp_shape esp_cipher_shape(const struct esp_cipher *cipher);

/*
 * The packet holds SPI and sequence number, and from 8 + iv_bytes on payload_bytes of plaintext, a multiple of align_bytes; room for the ICV
 * follows. Writes IV, ciphertext and ICV. sequence is the whole 64-bit number: with esn its upper half is authenticated (RFC 4303, 2.2.1);
 * never twice the same for one key. 0 or -EIO.
 */
int esp_cipher_seal(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn);

/* The reverse. 0, or -EBADMSG: not authentic; then what stands in the packet is to be thrown away. */
int esp_cipher_open(
    struct esp_cipher *cipher, uint8_t *packet, size_t payload_bytes, uint64_t sequence, bool esn);
