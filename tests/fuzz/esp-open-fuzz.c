/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for an inbound SA, in three ways that the first byte chooses: any bytes (refused, and nothing moves), any payload that was sealed with
 * the right key (a gateway gone mad: opened or refused, never beyond the packet), and a sealed packet with some bytes turned (refused, or it is
 * the same packet). Beside it a second SA sees only the good ones: a refused packet must leave no trace.
 */
#include "base/macro.h"
#include "esp/engine.h"
#include "esp/sa.h"
#include "fuzz/target.h"

#include <errno.h>
#include <string.h>

#define SPI          0x12345678
#define ROOM_BYTES   1024
#define N_TRANSFORMS 6

static const struct {
    enum esp_encryption encryption;
    enum esp_integrity integrity;
    size_t encryption_key_bytes, integrity_key_bytes;
} transforms[N_TRANSFORMS] = {
    { ESP_ENCRYPTION_AES_GCM_16, ESP_INTEGRITY_NONE, 20, 0 },
    { ESP_ENCRYPTION_CHACHA20_POLY1305, ESP_INTEGRITY_NONE, 36, 0 },
    { ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_256_128, 32, 32 },
    { ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_384_192, 24, 48 },
    { ESP_ENCRYPTION_AES_CBC, ESP_INTEGRITY_HMAC_SHA2_512_256, 16, 64 },
    { ESP_ENCRYPTION_AES_GCM_16, ESP_INTEGRITY_NONE, 36, 0 },
};

/* For the last one, at the handset's end. Made once: it asks the processor what it can. NULL where there is none: OpenSSL at both ends. */
static const struct esp_engine *the_engine(void)
{
    static struct esp_engine *engine;
    static bool asked;

    if (!asked)
        MUST_HOLD(esp_engine_new(&engine) != -ENOMEM);
    asked = true;
    return engine;
}

struct scene {
    struct esp_cipher *gateway;
    struct esp_sa *in, *witness;
    struct esp_shape shape;
    bool esn;
    uint64_t sequence;
};

static void setup(struct scene *scene, uint8_t choice)
{
    static const uint8_t key[64] = "what the two ends agreed on, sixty-four bytes of it, no less...";
    unsigned transform = (choice >> 2) % N_TRANSFORMS;
    struct esp_sa_config config = {
        .spi = SPI,
        .inbound = true,
        .esn = choice >> 7,
        .keys = {
            .encryption = transforms[transform].encryption,
            .integrity = transforms[transform].integrity,
            .encryption_key = key,
            .encryption_key_bytes = transforms[transform].encryption_key_bytes,
            .integrity_key = key,
            .integrity_key_bytes = transforms[transform].integrity_key_bytes,
        },
    };

    MUST_HOLD(esp_cipher_new(&config.keys, true, &scene->gateway) == 0);
    if (transform == N_TRANSFORMS - 1)
        config.keys.engine = the_engine();
    MUST_HOLD(esp_sa_new(&config, &scene->in) == 0);
    MUST_HOLD(esp_sa_new(&config, &scene->witness) == 0);
    scene->shape = esp_cipher_shape(scene->gateway);
    scene->esn = config.esn;
    if (scene->esn) {
        scene->sequence = UINT32_MAX - 1;
        esp_sa_set_sequence(scene->in, scene->sequence);
        esp_sa_set_sequence(scene->witness, scene->sequence);
    }
}

static void done(struct scene *scene)
{
    esp_cipher_free(scene->gateway);
    esp_sa_free(scene->in);
    esp_sa_free(scene->witness);
}

/* On a heap of its own size, so that a sanitizer sees the first byte too many. */
static int open_exactly(struct esp_sa *sa, const uint8_t *packet, size_t bytes)
{
    uint8_t *exact = malloc(bytes ? bytes : 1);
    struct esp_opened opened;
    int r;

    MUST_HOLD(exact);
    memcpy(exact, packet, bytes);
    r = esp_sa_open(sa, exact, bytes, 1, &opened);
    if (r == 0) {
        uint8_t sum = opened.next_header;

        MUST_HOLD(opened.inner == exact + esp_sa_headroom(sa));
        MUST_HOLD(esp_sa_headroom(sa) + opened.bytes + 2 <= bytes);
        for (size_t i = 0; i < opened.bytes; i++)
            sum = (uint8_t)(sum + opened.inner[i]); /* all of it is ours to read */
        *(volatile uint8_t *)exact = sum;
    }
    free(exact);
    return r;
}

static void must_be_alike(const struct scene *scene)
{
    struct esp_counters in = esp_sa_counters(scene->in), witness = esp_sa_counters(scene->witness);

    MUST_HOLD(esp_sa_sequence(scene->in) == esp_sa_sequence(scene->witness));
    MUST_HOLD(in.packets == witness.packets && in.bytes == witness.bytes);
}

static size_t seal(struct scene *scene, const uint8_t *bytes, size_t n_bytes, uint8_t *packet)
{
    size_t headroom = ESP_HEADER_BYTES + scene->shape.iv_bytes, align = scene->shape.align_bytes;
    size_t payload_bytes = (MIN_OF(n_bytes, (size_t)512) + align - 1) / align * align;
    uint64_t sequence = ++scene->sequence;

    payload_bytes = MAX_OF(payload_bytes, align);
    memset(packet + headroom, 1, payload_bytes);
    memcpy(packet + headroom + payload_bytes - MIN_OF(n_bytes, payload_bytes), bytes,
        MIN_OF(n_bytes, payload_bytes));
    for (size_t i = 0; i < 4; i++) {
        packet[i] = (uint8_t)(SPI >> (24 - 8 * i));
        packet[4 + i] = (uint8_t)(sequence >> (24 - 8 * i));
    }
    MUST_HOLD(esp_cipher_seal(scene->gateway, packet, payload_bytes, sequence, scene->esn) == 0);
    return headroom + payload_bytes + scene->shape.icv_bytes;
}

/* Both SAs are given it; both say the same. Then it is old. */
static void deliver(struct scene *scene, const uint8_t *packet, size_t bytes)
{
    int r = open_exactly(scene->in, packet, bytes);

    MUST_HOLD(r == 0 || r == -EBADMSG);
    MUST_HOLD(open_exactly(scene->witness, packet, bytes) == r);
    must_be_alike(scene);
    MUST_HOLD(open_exactly(scene->in, packet, bytes) == -EALREADY);
    must_be_alike(scene);
}

/* Pairs of bytes: where, and what is turned. */
static void forge(struct scene *scene, const uint8_t *bytes, size_t n_bytes)
{
    uint8_t packet[ROOM_BYTES], forged[ROOM_BYTES];
    size_t n = seal(scene, bytes, n_bytes, packet);

    memcpy(forged, packet, n);
    for (size_t i = 0; i + 1 < n_bytes && i < 32; i += 2)
        forged[bytes[i] % n] ^= bytes[i + 1];
    if (memcmp(forged, packet, n) != 0)
        MUST_HOLD(open_exactly(scene->in, forged, n) < 0);
    must_be_alike(scene);
    deliver(scene, packet, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct scene scene = { 0 };
    uint8_t packet[ROOM_BYTES];

    if (n_bytes == 0)
        return 0;
    setup(&scene, bytes[0]);
    switch (bytes[0] % 4) {
    case 0:
        MUST_HOLD(open_exactly(scene.in, bytes + 1, n_bytes - 1) < 0);
        must_be_alike(&scene);
        break;
    case 1:
    case 2:
        for (size_t at = 1; at < n_bytes; at += 64) /* several packets in a row */
            deliver(&scene, packet, seal(&scene, bytes + at, MIN_OF(n_bytes - at, (size_t)64), packet));
        break;
    case 3:
        forge(&scene, bytes + 1, n_bytes - 1);
        break;
    }
    done(&scene);
    return 0;
}
