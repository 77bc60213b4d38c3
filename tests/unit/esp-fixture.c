/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See esp-fixture.h.
 */
#include "unit/esp-fixture.h"

#include "base/macro.h"
#include "base/prng.h"

#include <stdlib.h>

const struct esp_algorithm esp_algorithms[] = {
    { "aes128gcm16", ESP_ENCRYPTION_AES_GCM_16, ESP_INTEGRITY_NONE, 16 + 4, 0 },
    { "aes192gcm16", ESP_ENCRYPTION_AES_GCM_16, ESP_INTEGRITY_NONE, 24 + 4, 0 },
    { "aes256gcm16", ESP_ENCRYPTION_AES_GCM_16, ESP_INTEGRITY_NONE, 32 + 4, 0 },
    { "chacha20poly1305", ESP_ENCRYPTION_CHACHA20_POLY1305, ESP_INTEGRITY_NONE, 32 + 4, 0 },
    { "aes128-sha256", ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_256_128, 16, 32 },
    { "aes192-sha384", ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_384_192, 24, 48 },
    { "aes256-sha256", ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_256_128, 32, 32 },
    { "aes256-sha512", ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_512_256, 32, 64 },
};

const size_t esp_n_algorithms = ELEMENTSOF(esp_algorithms);

struct esp_sa_config esp_fixture_config(
    const struct esp_algorithm *algorithm, uint64_t seed, struct esp_key_bytes *keys)
{
    struct prng prng = { seed };
    struct esp_outer outer = { .local_port = 4500, .remote_port = 4500 };

    for (size_t i = 0; i < sizeof(*keys); i++)
        ((uint8_t *)keys)[i] = (uint8_t)prng_next(&prng);
    ip_addr_parse("192.0.2.1", &outer.local);
    ip_addr_parse("203.0.113.5", &outer.remote);
    return (struct esp_sa_config){
        .spi = 0x10001,
        .reqid = 1,
        .keys = {
            .encryption = algorithm->encryption,
            .integrity = algorithm->integrity,
            .encryption_key = keys->encryption,
            .encryption_key_bytes = algorithm->encryption_key_bytes,
            .integrity_key = keys->integrity,
            .integrity_key_bytes = algorithm->integrity_key_bytes,
        },
        .outer = outer,
    };
}

struct esp_pair esp_pair_new(const struct esp_sa_config *config)
{
    struct esp_sa_config copy = *config;
    struct esp_pair pair;

    copy.inbound = false;
    if (esp_sa_new(&copy, &pair.out) < 0)
        abort();
    copy.inbound = true;
    if (esp_sa_new(&copy, &pair.in) < 0)
        abort();
    return pair;
}

void esp_pair_free(struct esp_pair *pair)
{
    esp_sa_free(pair->out);
    esp_sa_free(pair->in);
}

size_t esp_fixture_seal(struct esp_sa *out, uint8_t *packet, size_t inner_bytes, uint8_t seed)
{
    size_t bytes = 0;

    for (size_t i = 0; i < inner_bytes; i++)
        packet[esp_sa_headroom(out) + i] = (uint8_t)(seed + i);
    CHECK_EQ(esp_sa_seal(out, packet, inner_bytes, ESP_NEXT_HEADER_IPV4, 0, &bytes), 0);
    return bytes;
}

int esp_fixture_open(struct esp_sa *in, const uint8_t *packet, size_t bytes)
{
    uint8_t copy[ESP_PACKET_BYTES_MAX];
    struct esp_opened opened;

    memcpy(copy, packet, bytes);
    return esp_sa_open(in, copy, bytes, 0, &opened);
}

static int digit_of(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);

    return c && at ? (int)(at - digits) : -1;
}

size_t esp_from_hex(const char *text, uint8_t *ret, size_t room)
{
    size_t n = 0;

    for (; *text; text++) {
        int high, low;

        if (*text == ' ')
            continue;
        high = digit_of(text[0]);
        low = high < 0 ? -1 : digit_of(text[1]);
        if (!CHECK(low >= 0) || !CHECK(n < room))
            return 0;
        ret[n++] = (uint8_t)(high << 4 | low);
        text++;
    }
    return n;
}
