/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the data path pays for a packet of 1438 bytes outside the cipher, in nanoseconds: the least of many rounds, so that other work on the
 * machine does not count. Buffers are those of one batch (64 kB), as they are in the data path: in the processor's cache.
 *
 *     bench-esp-packets [MILLISECONDS]     for each row, 200 unless told
 */
#include "base/macro.h"
#include "esp/checksum.h"
#include "esp/coalesce.h"
#include "esp/inner.h"
#include "esp/outer.h"
#include "esp/segment.h"
#include "esp/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PACKET_BYTES  1438
#define STRIDE        2048
#define PACKETS       44
#define TCP_BYTES     32 /* with timestamps */
#define HEADERS_BYTES (IPV4_HEADER_MIN_BYTES + TCP_BYTES)
#define PAYLOAD_BYTES (PACKET_BYTES - HEADERS_BYTES)

struct bench {
    uint8_t frame[HEADERS_BYTES + PACKETS * PAYLOAD_BYTES];
    uint8_t packets[PACKETS][STRIDE]; /* one stream */
    uint8_t scratch[PACKETS][STRIDE];
    struct inner_packet parsed[PACKETS];
    struct coalescer coalescer;
    unsigned n_flows;
    volatile uint64_t sink;
};

static uint64_t now_nsec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static const struct virtio_net_hdr HEADER = {
    .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
    .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
    .hdr_len = HEADERS_BYTES,
    .gso_size = PAYLOAD_BYTES,
    .csum_start = IPV4_HEADER_MIN_BYTES,
    .csum_offset = TCP_CHECKSUM_AT,
};

static void make_frame(struct bench *b)
{
    uint8_t *ip = b->frame, *tcp = ip + IPV4_HEADER_MIN_BYTES;

    for (size_t i = 0; i < sizeof(b->frame); i++)
        b->frame[i] = (uint8_t)rand();
    memset(b->frame, 0, HEADERS_BYTES);
    ip[0] = 0x45;
    put_be16(ip + 2, sizeof(b->frame));
    put_be16(ip + 6, IPV4_DONT_FRAGMENT);
    ip[8] = 64;
    ip[9] = PROTOCOL_TCP;
    put_be32(ip + 12, 0x0a630101);
    put_be32(ip + 16, 0x0a010001);
    put_be32(tcp, 0xc0001451);
    tcp[TCP_OFFSET_AT] = TCP_BYTES / 4 << 4;
    tcp[TCP_FLAGS_AT] = TCP_FLAG_ACK;
    put_raw16(tcp + TCP_CHECKSUM_AT,
        checksum_fold(checksum_pseudo_header(ip, PROTOCOL_TCP, sizeof(b->frame) - 20)));
}

static void cut_frame(struct bench *b)
{
    struct segmenter s;
    unsigned n = 0;

    if (segment_begin(&s, &HEADER, b->frame, sizeof(b->frame)) < 0)
        abort();
    while (segment_peek(&s) > 0)
        segment_next(&s, b->scratch[n++], STRIDE);
    if (n != PACKETS)
        abort();
}

/* Streams interleaved packet by packet: only the port differs, and the checksum with it. */
static void make_packets(struct bench *b)
{
    cut_frame(b);
    memcpy(b->packets, b->scratch, sizeof(b->packets));
    for (unsigned i = 0; i < PACKETS; i++) {
        uint8_t *tcp = b->packets[i] + IPV4_HEADER_MIN_BYTES,
                *from = b->scratch[i / b->n_flows] + IPV4_HEADER_MIN_BYTES;
        uint16_t before = raw16(from);

        memcpy(b->packets[i], b->scratch[i / b->n_flows], PACKET_BYTES);
        put_be16(tcp, (uint16_t)(be16(tcp) + i % b->n_flows));
        put_raw16(tcp + TCP_CHECKSUM_AT, checksum_update(raw16(tcp + TCP_CHECKSUM_AT), before, raw16(tcp)));
        inner_packet_parse(b->packets[i], PACKET_BYTES, &b->parsed[i]);
    }
}

static void parse(struct bench *b)
{
    for (unsigned i = 0; i < PACKETS; i++)
        b->sink += inner_packet_parse(b->packets[i], PACKET_BYTES, &b->parsed[i]);
}

static void noise(struct bench *b)
{
    for (unsigned i = 0; i < PACKETS; i++)
        b->sink += inner_packet_is_noise(&b->parsed[i]);
}

static void outer(struct bench *b)
{
    for (unsigned i = 0; i < PACKETS; i++)
        b->sink += (uint64_t)outer_decapsulate(0, b->packets[i], PACKET_BYTES);
}

static void sum(struct bench *b)
{
    for (unsigned i = 0; i < PACKETS; i++)
        b->sink += checksum_add(0, b->packets[i], PACKET_BYTES);
}

static void copy(struct bench *b)
{
    for (unsigned i = 0; i < PACKETS; i++)
        memcpy(b->scratch[i], b->packets[i], PACKET_BYTES);
    b->sink += b->scratch[0][0];
}

static void sum_and_copy(struct bench *b)
{
    for (unsigned i = 0; i < PACKETS; i++)
        b->sink += checksum_copy(0, b->scratch[i], b->packets[i], PACKET_BYTES);
}

/* Headers are changed by it, so they are put back: part of the figure, below 10 ns. */
static void coalesce(struct bench *b)
{
    uint8_t saved[PACKETS][HEADERS_BYTES];
    unsigned n_iov, n_frames = 0;

    for (unsigned i = 0; i < b->n_flows; i++)
        memcpy(saved[i], b->packets[i], HEADERS_BYTES);
    for (unsigned i = 0; i < PACKETS; i++)
        coalesce_add(&b->coalescer, b->packets[i], &b->parsed[i]);
    while (coalesce_take(&b->coalescer, &n_iov))
        n_frames++;
    if (n_frames != b->n_flows)
        abort();
    for (unsigned i = 0; i < b->n_flows; i++)
        memcpy(b->packets[i], saved[i], HEADERS_BYTES);
}

static void row(const char *name, void (*run)(struct bench *), struct bench *b, uint64_t duration_nsec)
{
    uint64_t end_at = now_nsec() + duration_nsec, least = UINT64_MAX, before;

    do {
        before = now_nsec();
        for (unsigned i = 0; i < 20; i++)
            run(b);
        least = MIN_OF(least, now_nsec() - before);
    } while (now_nsec() < end_at);
    printf("%-38s %6.1f ns\n", name, (double)least / 20 / PACKETS);
}

int main(int argc, char **argv)
{
    static struct bench b;
    uint64_t duration_nsec = (argc > 1 ? strtoull(argv[1], NULL, 0) : 200) * 1000000;

    b.n_flows = 1;
    coalesce_init(&b.coalescer, true);
    make_frame(&b);
    make_packets(&b);
    row("copy", copy, &b, duration_nsec);
    row("checksum", sum, &b, duration_nsec);
    row("checksum while copying", sum_and_copy, &b, duration_nsec);
    row("parse", parse, &b, duration_nsec);
    row("is it noise", noise, &b, duration_nsec);
    row("ECN inwards", outer, &b, duration_nsec);
    row("segment", cut_frame, &b, duration_nsec);
    row("coalesce, one flow", coalesce, &b, duration_nsec);
    b.n_flows = 2;
    make_packets(&b);
    row("coalesce, two flows interleaved", coalesce, &b, duration_nsec);
    b.n_flows = 4;
    make_packets(&b);
    row("coalesce, four flows interleaved", coalesce, &b, duration_nsec);
    return 0;
}
