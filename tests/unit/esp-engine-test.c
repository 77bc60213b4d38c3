/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine beside OpenSSL, which the vectors have proved: the same packets byte for byte, each opens what the other sealed, and both refuse
 * the same. Skipped where the build or the processor has no engine.
 */
#include "base/macro.h"
#include "esp/engine.h"
#include "esp/sad.h"
#include "unit/esp-fixture.h"

#include <errno.h>
#include <stdlib.h>

#define SKIPPED     77
#define N_GCM       3 /* the first of esp_algorithms */
#define BYTES_MAX   1500
#define LARGE_BYTES 3900

struct both {
    struct esp_engine *engine;
    struct esp_pair ours, openssl; /* the same keys */
};

static struct both both_new(const struct esp_algorithm *algorithm, bool esn)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(algorithm, 21, &keys);
    struct both both;

    test_context("%s%s", algorithm->name, esn ? " esn" : "");
    if (esp_engine_new(&both.engine) < 0)
        abort();
    config.esn = esn;
    both.openssl = esp_pair_new(&config);
    config.keys.engine = both.engine;
    both.ours = esp_pair_new(&config);
    if (esn)
        for (unsigned i = 0; i < 2; i++) {
            struct esp_pair *pair = i ? &both.ours : &both.openssl;

            esp_sa_set_sequence(pair->out, 0x12345678fffffff0);
            esp_sa_set_sequence(pair->in, 0x12345678fffffff0);
        }
    return both;
}

static void both_free(struct both *both)
{
    esp_engine_free(both->engine); /* keys live on */
    esp_pair_free(&both->ours);
    esp_pair_free(&both->openssl);
}

static void one_size(struct both *both, size_t inner_bytes)
{
    uint8_t ours[ESP_PACKET_BYTES_MAX], openssl[ESP_PACKET_BYTES_MAX];
    size_t n = esp_fixture_seal(both->ours.out, ours, inner_bytes, 9);

    CHECK_EQ(esp_fixture_seal(both->openssl.out, openssl, inner_bytes, 9), n);
    CHECK_MEM(ours, openssl, n);
    CHECK_EQ(esp_fixture_open(both->ours.in, openssl, n), 0);
    CHECK_EQ(esp_fixture_open(both->openssl.in, ours, n), 0);
    CHECK_EQ(esp_fixture_open(both->ours.in, ours, n), -EALREADY);
}

static void the_same_packets_of_every_size(void)
{
    for (unsigned i = 0; i < 2 * N_GCM; i++) {
        struct both both = both_new(&esp_algorithms[i / 2], i % 2);

        CHECK(esp_algorithms[i / 2].encryption == ESP_ENCRYPTION_AES_GCM_16);
        for (size_t n = 0; n <= BYTES_MAX; n++)
            one_size(&both, n);
        one_size(&both, LARGE_BYTES);
        both_free(&both);
    }
}

static void the_same_is_refused(void)
{
    for (unsigned i = 0; i < 2 * N_GCM; i++) {
        struct both both = both_new(&esp_algorithms[i / 2], i % 2);
        uint8_t packet[ESP_PACKET_BYTES_MAX];
        size_t n = esp_fixture_seal(both.openssl.out, packet, 75, 9);

        for (size_t bit = 0; bit < n * 8; bit++) {
            int r;

            packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
            r = esp_fixture_open(both.ours.in, packet, n);
            CHECK(r < 0);
            CHECK_EQ(r, esp_fixture_open(both.openssl.in, packet, n));
            packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < n; cut++)
            CHECK_EQ(esp_fixture_open(both.ours.in, packet, cut), -EBADMSG);
        CHECK_EQ(esp_fixture_open(both.ours.in, packet, n), 0);
        both_free(&both);
    }
}

static void other_transforms_stay_with_openssl(void)
{
    for (size_t i = N_GCM; i < esp_n_algorithms; i++) {
        struct both both = both_new(&esp_algorithms[i], false);
        uint8_t packet[ESP_PACKET_BYTES_MAX];
        size_t n = esp_fixture_seal(both.ours.out, packet, 75, 9);

        CHECK_EQ(esp_fixture_open(both.openssl.in, packet, n), 0);
        both_free(&both);
    }
}

static void a_database_takes_an_engine(void)
{
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(&esp_algorithms[0], 21, &keys);
    struct esp_engine *engine;
    struct esp_sa *before, *after, *in;
    struct esp_sad *sad;
    uint8_t packet[ESP_PACKET_BYTES_MAX];

    CHECK_EQ(esp_sad_new(&sad), 0);
    CHECK_EQ(esp_engine_new(&engine), 0);
    CHECK_EQ(esp_sad_add(sad, &config, &before), 0);
    esp_sad_set_engine(sad, engine);
    config.spi++;
    CHECK_EQ(esp_sad_add(sad, &config, &after), 0);
    config.inbound = true;
    CHECK_EQ(esp_sad_add(sad, &config, &in), 0);
    esp_sad_set_engine(sad, NULL);
    esp_engine_free(engine);
    CHECK_EQ(esp_fixture_open(in, packet, esp_fixture_seal(after, packet, 99, 1)), 0);
    esp_fixture_seal(before, packet, 99, 1);
    esp_sad_free(sad);
}

static const struct test tests[] = {
    TEST(the_same_packets_of_every_size),
    TEST(the_same_is_refused),
    TEST(other_transforms_stay_with_openssl),
    TEST(a_database_takes_an_engine),
};

int main(int argc, char **argv)
{
    struct esp_engine *engine;

    if (esp_engine_new(&engine) < 0) {
        puts("skipped: no engine in this build, or none for this processor");
        return SKIPPED;
    }
    esp_engine_free(engine);
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
