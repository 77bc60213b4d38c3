/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sealing and opening a packet costs, for each transform and three sizes, beside what OpenSSL needs for the same bytes alone: one keyed
 * context, one update, no IV, no header, no ICV ("bound"; for CBC without the HMAC). Turns are interleaved and the best of each counts, since
 * other work only ever adds. CPU time of this thread. With an asterisk: by the engine, where the build has one.
 *
 *     bench-esp-cipher [ROUNDS] [TRANSFORM]
 */
#include "base/macro.h"
#include "esp/engine.h"
#include "unit/esp-fixture.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>

#define N_PACKETS  256 /* a round; all fit in the second-level cache, as those of one batch do */
#define ROOM_BYTES 1600

struct figures {
    double seal_nsec, open_nsec, bound_nsec; /* a packet; the best so far */
};

struct bench {
    struct esp_pair pair;
    EVP_CIPHER_CTX *bound;
    size_t inner_bytes;
    uint8_t packets[N_PACKETS][ROOM_BYTES];
    size_t bytes[N_PACKETS];
};

static double now_nsec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static const char *openssl_name(const struct esp_algorithm *algorithm)
{
    size_t bits = algorithm->encryption_key_bytes / 4 * 4 * 8;
    bool long_key = algorithm->encryption_key_bytes >= 32;

    switch (algorithm->encryption) {
    case ESP_ENCRYPTION_AES_GCM_16:
        return long_key ? "AES-256-GCM" : bits >= 28 * 8 ? "AES-192-GCM" : "AES-128-GCM";
    case ESP_ENCRYPTION_CHACHA20_POLY1305:
        return "ChaCha20-Poly1305";
    case ESP_ENCRYPTION_AES_CBC:
        return long_key ? "AES-256-CBC" : bits >= 24 * 8 ? "AES-192-CBC" : "AES-128-CBC";
    }
    return NULL;
}

static void setup(struct bench *bench, const struct esp_algorithm *algorithm, const struct esp_engine *engine,
    size_t inner_bytes)
{
    static const uint8_t key[32] = { 1 }, iv[16] = { 2 };
    struct esp_key_bytes keys;
    struct esp_sa_config config = esp_fixture_config(algorithm, 1, &keys);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, openssl_name(algorithm), NULL);

    config.keys.engine = engine;
    bench->pair = esp_pair_new(&config);
    bench->inner_bytes = inner_bytes;
    bench->bound = EVP_CIPHER_CTX_new();
    if (!cipher || !bench->bound || EVP_EncryptInit_ex2(bench->bound, cipher, key, iv, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(bench->bound, 0) != 1)
        give_up("OpenSSL");
    EVP_CIPHER_free(cipher);
    memset(bench->packets, 0x5a, sizeof(bench->packets));
}

static void measure(struct bench *bench, struct figures *best)
{
    size_t sealed = esp_sa_sealed_bytes(bench->pair.out, bench->inner_bytes) & ~(size_t)15;
    struct esp_opened opened;
    double started;
    int n;

    started = now_nsec();
    for (size_t i = 0; i < N_PACKETS; i++)
        if (esp_sa_seal(bench->pair.out, bench->packets[i], bench->inner_bytes, ESP_NEXT_HEADER_IPV4, 1,
                &bench->bytes[i]) < 0)
            give_up("sealing");
    best->seal_nsec = MIN_OF(best->seal_nsec, (now_nsec() - started) / N_PACKETS);

    started = now_nsec();
    for (size_t i = 0; i < N_PACKETS; i++)
        if (esp_sa_open(bench->pair.in, bench->packets[i], bench->bytes[i], 1, &opened) < 0)
            give_up("opening");
    best->open_nsec = MIN_OF(best->open_nsec, (now_nsec() - started) / N_PACKETS);

    started = now_nsec();
    for (size_t i = 0; i < N_PACKETS; i++)
        if (EVP_EncryptUpdate(bench->bound, bench->packets[i], &n, bench->packets[i], (int)sealed) != 1)
            give_up("OpenSSL");
    best->bound_nsec = MIN_OF(best->bound_nsec, (now_nsec() - started) / N_PACKETS);
}

static double gbit(size_t bytes, double nsec)
{
    return (double)bytes * 8 / nsec;
}

static void run(const struct esp_algorithm *algorithm, const struct esp_engine *engine, unsigned n_rounds)
{
    static const size_t sizes[] = { 64, 200, 1438 };
    static struct bench benches[ELEMENTSOF(sizes)];
    struct figures best[ELEMENTSOF(sizes)];

    for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
        setup(&benches[i], algorithm, engine, sizes[i]);
        best[i] = (struct figures){ 1e12, 1e12, 1e12 };
    }
    for (unsigned round = 0; round < n_rounds; round++)
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++)
            measure(&benches[i], &best[i]);
    for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
        printf("%-16s%s %5zu  %6.0f ns %6.2f Gbit/s  %6.0f ns %6.2f Gbit/s  %6.0f ns %6.2f Gbit/s\n",
            algorithm->name, engine ? "*" : " ", sizes[i], best[i].seal_nsec,
            gbit(sizes[i], best[i].seal_nsec), best[i].open_nsec, gbit(sizes[i], best[i].open_nsec),
            best[i].bound_nsec, gbit(sizes[i], best[i].bound_nsec));
        esp_pair_free(&benches[i].pair);
        EVP_CIPHER_CTX_free(benches[i].bound);
    }
}

int main(int argc, char **argv)
{
    struct esp_engine *engine = NULL;
    unsigned n_rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;

    if (esp_engine_new(&engine) < 0)
        puts("no engine in this build, or none for this processor: OpenSSL only");
    printf("%-17s %5s  %23s  %23s  %23s\n", "a packet", "bytes", "seal", "open", "bound");
    for (size_t i = 0; i < esp_n_algorithms; i++)
        if (argc < 3 || strcmp(argv[2], esp_algorithms[i].name) == 0) {
            run(&esp_algorithms[i], NULL, n_rounds);
            if (engine && esp_algorithms[i].encryption == ESP_ENCRYPTION_AES_GCM_16)
                run(&esp_algorithms[i], engine, n_rounds);
        }
    esp_engine_free(engine);
    return 0;
}
