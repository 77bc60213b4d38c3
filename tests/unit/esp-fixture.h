/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * For the tests of src/esp: every transform with its name and sizes, SAs with keys that a seed tells, both ends of one, and hexadecimal text.
 * Keys are the same for the same seed, so that two ends agree.
 */
#include "esp/sa.h"
#include "support/test.h"

#define ESP_PACKET_BYTES_MAX 4096

struct esp_algorithm {
    const char *name;
    enum esp_encryption encryption;
    enum esp_integrity integrity;
    size_t encryption_key_bytes, integrity_key_bytes; /* with the salt */
};

extern const struct esp_algorithm esp_algorithms[];
extern const size_t esp_n_algorithms;

struct esp_key_bytes {
    uint8_t encryption[36], integrity[64];
};

/* keys must live as long as the config. SPI 0x10001, reqid 1, addresses of documentation. */
struct esp_sa_config esp_fixture_config(
    const struct esp_algorithm *algorithm, uint64_t seed, struct esp_key_bytes *keys);

struct esp_pair {
    struct esp_sa *out, *in;
};

/* Aborts when there is no memory: a test has no use for that. */
struct esp_pair esp_pair_new(const struct esp_sa_config *config);
void esp_pair_free(struct esp_pair *pair);

/* A packet of size inner bytes, counted up from seed, sealed into packet; its bytes. */
size_t esp_fixture_seal(struct esp_sa *out, uint8_t *packet, size_t inner_bytes, uint8_t seed);

/* Opens a copy: the packet stays as it is. */
int esp_fixture_open(struct esp_sa *in, const uint8_t *packet, size_t bytes);

/* Spaces are skipped. The number of bytes; what does not fit is a failure of the test. */
size_t esp_from_hex(const char *text, uint8_t *ret, size_t room);
