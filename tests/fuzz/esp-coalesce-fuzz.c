/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a batch of decrypted packets: one byte of options (1: datagrams are merged), then for each packet two bytes, of which the
 * uppermost bit asks for the checksums to be set right, the next for the packet before to be used again with the bytes given as a change
 * (offset, value), and the rest is the number of bytes that follow. Invariants: those of support/esp-inverse.
 */
#include "esp/coalesce.h"
#include "fuzz/target.h"
#include "support/esp-inverse.h"
#include "support/ip-packet.h"

#include <string.h>

#define FIX       0x8000
#define CHANGE    0x4000
#define BYTES_MAX 2048

struct batch {
    uint8_t last[BYTES_MAX];
    size_t n_last;
};

/* The next packet of a stream like the last one: TCP's sequence and IPv4's identification go on by themselves. */
static void go_on(struct batch *batch)
{
    struct inner_packet parsed;
    uint8_t *p = batch->last, *tcp;
    size_t tcp_bytes;
    uint32_t sequence;

    if (!inner_packet_parse(p, batch->n_last, &parsed) || parsed.is_fragment)
        return;
    if (p[0] >> 4 == 4 && ++p[5] == 0)
        p[4]++;
    tcp = p + parsed.header_bytes;
    if (parsed.protocol != 6 || parsed.length_bytes < parsed.header_bytes + 20)
        return;
    tcp_bytes = (size_t)(tcp[12] >> 4) * 4;
    if (parsed.header_bytes + tcp_bytes > parsed.length_bytes)
        return;
    sequence = (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 | (uint32_t)tcp[6] << 8 | tcp[7];
    sequence += (uint32_t)(parsed.length_bytes - parsed.header_bytes - tcp_bytes);
    for (unsigned i = 0; i < 4; i++)
        tcp[4 + i] = (uint8_t)(sequence >> (24 - 8 * i));
}

static void fix(struct batch *batch)
{
    struct inner_packet parsed;

    if (inner_packet_parse(batch->last, batch->n_last, &parsed))
        ip_packet_fix(batch->last, parsed.length_bytes);
}

/* Bytes used. */
static size_t read_packet(struct batch *batch, unsigned head, const uint8_t *bytes, size_t n_bytes)
{
    size_t n = head & 0x3fff;

    n = n < n_bytes ? n : n_bytes;
    if (head & CHANGE) {
        go_on(batch);
        n = n < 8 ? n : 8;
        for (size_t i = 0; i + 1 < n; i += 2)
            if (bytes[i] < batch->n_last)
                batch->last[bytes[i]] = bytes[i + 1];
    } else {
        n = n < BYTES_MAX ? n : BYTES_MAX;
        memcpy(batch->last, bytes, n);
        batch->n_last = n;
    }
    if (head & FIX)
        fix(batch);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static struct inverse inverse;
    struct batch batch = { .n_last = 0 };
    const char *wrong;
    size_t at = 1;

    if (n_bytes < 1)
        return 0;
    inverse_begin(&inverse, bytes[0] & 1);
    while (at + 2 <= n_bytes && inverse.n_packets < INVERSE_PACKETS_MAX) {
        unsigned head = (unsigned)bytes[at] << 8 | bytes[at + 1];

        at += 2;
        at += read_packet(&batch, head, bytes + at, n_bytes - at);
        inverse_add(&inverse, batch.last, batch.n_last);
    }
    wrong = inverse_check(&inverse);
    if (wrong)
        fprintf(stderr, "%s\n", wrong);
    MUST_HOLD(!wrong);
    return 0;
}
