/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 4303. The packet: SPI, sequence number, IV, inner packet, TFC padding, padding, its length, next header, ICV. See sa.h.
 */
#include "esp/sa.h"

#include "base/macro.h"
#include "esp/replay.h"
#include "esp/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPI_MIN       256 /* below: reserved (RFC 4303, 2.1) */
#define TRAILER_BYTES 2   /* pad length and next header */

struct esp_sa {
    struct esp_cipher *cipher;
    struct esp_shape shape;
    uint32_t spi, reqid;
    bool inbound, esn;
    size_t tfc_bytes;
    uint64_t sequence, sequence_max; /* outbound: the last one used */
    struct esp_counters counters;
    struct esp_lifetime soft, hard;
    enum esp_due told;
    struct esp_outer outer;
    struct esp_replay replay; /* inbound */
};

int esp_sa_new(const struct esp_sa_config *config, struct esp_sa **ret)
{
    struct esp_sa *sa;
    int r;

    if (config->spi < SPI_MIN || config->tfc_bytes > UINT16_MAX)
        return -EINVAL;
    sa = calloc(1, sizeof(*sa));
    if (!sa)
        return -ENOMEM;
    r = esp_cipher_new(&config->keys, !config->inbound, &sa->cipher);
    if (r < 0) {
        free(sa);
        return r;
    }
    sa->shape = esp_cipher_shape(sa->cipher);
    sa->spi = config->spi;
    sa->reqid = config->reqid;
    sa->inbound = config->inbound;
    sa->esn = config->esn;
    sa->tfc_bytes = config->tfc_bytes;
    sa->sequence_max = config->esn ? UINT64_MAX : UINT32_MAX;
    sa->counters.first_use_at_usec = sa->counters.last_use_at_usec = USEC_INFINITY;
    sa->soft = config->soft;
    sa->hard = config->hard;
    sa->outer = config->outer;
    esp_replay_init(&sa->replay, config->replay_packets, config->esn);
    *ret = sa;
    return 0;
}

void esp_sa_free(struct esp_sa *sa)
{
    if (!sa)
        return;
    esp_cipher_free(sa->cipher);
    free(sa);
}

size_t esp_sa_headroom(const struct esp_sa *sa)
{
    return ESP_HEADER_BYTES + (size_t)sa->shape.iv_bytes;
}

/* Inner packet, TFC padding and trailer: what is encrypted. */
static size_t payload_bytes(const struct esp_sa *sa, size_t inner_bytes)
{
    size_t align = sa->shape.align_bytes; /* a power of two */

    return (MAX_OF(inner_bytes, sa->tfc_bytes) + TRAILER_BYTES + align - 1) & ~(align - 1);
}

size_t esp_sa_sealed_bytes(const struct esp_sa *sa, size_t inner_bytes)
{
    return esp_sa_headroom(sa) + payload_bytes(sa, inner_bytes) + sa->shape.icv_bytes;
}

size_t esp_sa_inner_bytes_max(const struct esp_sa *sa, size_t sealed_bytes)
{
    size_t align = sa->shape.align_bytes;

    if (sealed_bytes < esp_sa_sealed_bytes(sa, 0))
        return 0;
    return ((sealed_bytes - esp_sa_headroom(sa) - sa->shape.icv_bytes) & ~(align - 1)) - TRAILER_BYTES;
}

static bool reached(const struct esp_lifetime *lifetime, const struct esp_counters *counters)
{
    return (lifetime->packets && counters->packets >= lifetime->packets) ||
           (lifetime->bytes && counters->bytes >= lifetime->bytes);
}

static void count(struct esp_sa *sa, size_t bytes, usec_t now_usec)
{
    sa->counters.packets++;
    sa->counters.bytes += bytes;
    sa->counters.last_use_at_usec = now_usec;
    if (sa->counters.packets == 1)
        sa->counters.first_use_at_usec = now_usec;
}

/* From the end of the inner packet: zeros (RFC 4303, 2.7), then 1, 2, 3, … (2.4), their number, and what the packet is. */
static void put_trailer(const struct esp_sa *sa, uint8_t *inner, size_t inner_bytes, uint8_t next_header)
{
    size_t padded_bytes = MAX_OF(inner_bytes, sa->tfc_bytes);
    size_t pad_bytes = payload_bytes(sa, inner_bytes) - padded_bytes - TRAILER_BYTES;
    uint8_t *trailer = inner + padded_bytes;

    memset(inner + inner_bytes, 0, padded_bytes - inner_bytes);
    for (size_t i = 1; i <= pad_bytes; i++)
        *trailer++ = (uint8_t)i;
    trailer[0] = (uint8_t)pad_bytes;
    trailer[1] = next_header;
}

int esp_sa_seal(struct esp_sa *sa, uint8_t *packet, size_t inner_bytes, uint8_t next_header, usec_t now_usec,
    size_t *ret_bytes)
{
    int r;

    if (sa->inbound)
        return -EINVAL;
    /* A number used twice would give the key away (RFC 4303, 3.3.3; RFC 4106, 2). */
    if (sa->sequence == sa->sequence_max || reached(&sa->hard, &sa->counters))
        return -EOVERFLOW;
    put_trailer(sa, packet + esp_sa_headroom(sa), inner_bytes, next_header);
    sa->sequence++; /* for good, even if OpenSSL fails */
    put_be32(packet, sa->spi);
    put_be32(packet + 4, (uint32_t)sa->sequence);
    r = esp_cipher_seal(sa->cipher, packet, payload_bytes(sa, inner_bytes), sa->sequence, sa->esn);
    if (r < 0)
        return r;
    count(sa, MAX_OF(inner_bytes, sa->tfc_bytes), now_usec);
    *ret_bytes = esp_sa_sealed_bytes(sa, inner_bytes);
    return 0;
}

/* RFC 4303, 2.4: a receiver should look at the padding. It is authentic here, so that looking tells a forger nothing. */
static bool take_trailer(uint8_t *payload, size_t bytes, struct esp_opened *ret)
{
    size_t pad_bytes = payload[bytes - 2];
    const uint8_t *pad;

    if (pad_bytes + TRAILER_BYTES > bytes)
        return false;
    pad = payload + bytes - TRAILER_BYTES - pad_bytes;
    for (size_t i = 0; i < pad_bytes; i++)
        if (pad[i] != (uint8_t)(i + 1))
            return false;
    ret->inner = payload;
    ret->bytes = bytes - TRAILER_BYTES - pad_bytes;
    ret->next_header = payload[bytes - 1];
    return true;
}

static int refuse(uint64_t *counter, int error)
{
    ++*counter;
    return error;
}

int esp_sa_open(
    struct esp_sa *sa, uint8_t *packet, size_t size_bytes, usec_t now_usec, struct esp_opened *ret)
{
    size_t around_bytes = esp_sa_headroom(sa) + sa->shape.icv_bytes;
    struct esp_counters *counters = &sa->counters;
    struct esp_opened opened;
    uint64_t sequence;
    size_t bytes;

    if (!sa->inbound)
        return -EINVAL;
    if (reached(&sa->hard, counters))
        return -EOVERFLOW;
    if (size_bytes < around_bytes + TRAILER_BYTES || be32(packet) != sa->spi)
        return refuse(&counters->n_bad, -EBADMSG);
    bytes = size_bytes - around_bytes;
    if (bytes % sa->shape.block_bytes != 0)
        return refuse(&counters->n_bad, -EBADMSG);
    if (!esp_replay_check(&sa->replay, be32(packet + 4), &sequence))
        return refuse(&counters->n_replayed, -EALREADY);
    if (esp_cipher_open(sa->cipher, packet, bytes, sequence, sa->esn) < 0)
        return refuse(&counters->n_bad, -EBADMSG);
    esp_replay_advance(&sa->replay, sequence);
    if (!take_trailer(packet + esp_sa_headroom(sa), bytes, &opened))
        return refuse(&counters->n_bad, -EBADMSG);
    count(sa, opened.bytes, now_usec);
    *ret = opened;
    return 0;
}

static enum esp_due due(const struct esp_sa *sa)
{
    if (sa->sequence == sa->sequence_max || reached(&sa->hard, &sa->counters))
        return ESP_DUE_HARD;
    if (sa->sequence >= sa->sequence_max - sa->sequence_max / 16 || reached(&sa->soft, &sa->counters))
        return ESP_DUE_SOFT;
    return ESP_DUE_NOTHING;
}

enum esp_due esp_sa_take_due(struct esp_sa *sa)
{
    enum esp_due now = due(sa);

    if (now <= sa->told)
        return ESP_DUE_NOTHING;
    sa->told = now;
    return now;
}

uint32_t esp_sa_spi(const struct esp_sa *sa)
{
    return sa->spi;
}

uint32_t esp_sa_reqid(const struct esp_sa *sa)
{
    return sa->reqid;
}

bool esp_sa_is_inbound(const struct esp_sa *sa)
{
    return sa->inbound;
}

const struct esp_outer *esp_sa_outer(const struct esp_sa *sa)
{
    return &sa->outer;
}

void esp_sa_set_outer(struct esp_sa *sa, const struct esp_outer *outer)
{
    sa->outer = *outer;
}

struct esp_counters esp_sa_counters(const struct esp_sa *sa)
{
    return sa->counters;
}

uint64_t esp_sa_sequence(const struct esp_sa *sa)
{
    return sa->inbound ? sa->replay.top : sa->sequence;
}

void esp_sa_set_sequence(struct esp_sa *sa, uint64_t sequence)
{
    if (sa->inbound)
        esp_replay_advance(&sa->replay, sequence);
    else
        sa->sequence = sequence;
}
