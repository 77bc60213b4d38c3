/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The property that src/esp/coalesce and src/esp/segment have together: what was merged and is cut again is what it was before, packet by
 * packet and byte by byte; no flow is reordered, nothing is lost or doubled, no frame is too large, and none is merged whose checksums do
 * not hold. For the random test and for the fuzzer, which find the inputs.
 */
#include "esp/coalesce.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INVERSE_PACKETS_MAX (2 * COALESCE_PACKETS_MAX)

struct inverse_packet {
    uint8_t *bytes;
    size_t n_bytes;
    struct inner_packet parsed;
    bool seen;
};

struct inverse {
    size_t n_packets, n_frames, n_merged; /* n_merged: packets in frames of more than one */
    struct inverse_packet packets[INVERSE_PACKETS_MAX];
    bool exact; /* IPv4's identification is compared with DF, too: nothing was lost or moved before */
    struct coalescer coalescer;
    uint8_t frame[70000], cut[70000];
    char fault[200];
};

/* Empties it. */
void inverse_begin(struct inverse *inverse, bool merges_udp);

/* A packet of the batch, copied. False: not a packet, or no more room. */
bool inverse_add(struct inverse *inverse, const uint8_t *packet, size_t n_bytes);

/* Merges and cuts. NULL, or what does not hold; the batch is gone then. */
const char *inverse_check(struct inverse *inverse);
