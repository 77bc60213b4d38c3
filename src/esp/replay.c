/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit n % 4096 of the ring stands for number n. The window is at least a word smaller than the ring, so that the words between the old top
 * and the new one can be cleared whole (RFC 6479, 2). See replay.h.
 */
#include "esp/replay.h"

#include "base/macro.h"

#include <string.h>

#define WORD_BITS 64

void esp_replay_init(struct esp_replay *replay, uint32_t window_packets, bool esn)
{
    if (window_packets == 0)
        window_packets = ESP_REPLAY_MEAN_PACKETS;
    memset(replay, 0, sizeof(*replay));
    replay->window_packets = MIN_OF(MAX_OF(window_packets, ESP_REPLAY_MIN_PACKETS), ESP_REPLAY_MAX_PACKETS);
    replay->esn = esn;
}

/* The first number inside the window. Numbers begin with 1 (RFC 4303, 2.2). */
static uint64_t bottom(const struct esp_replay *replay)
{
    return replay->top > replay->window_packets ? replay->top - replay->window_packets + 1 : 1;
}

/* RFC 4303, A2.2, in one sentence: the smallest number not left of the window whose lower half is this. 0: there is none. */
static uint64_t extend(const struct esp_replay *replay, uint32_t wire)
{
    uint64_t least = bottom(replay);
    uint64_t sequence = (least & ~(uint64_t)UINT32_MAX) | wire;

    if (sequence >= least)
        return sequence;
    return sequence > UINT64_MAX - ((uint64_t)UINT32_MAX + 1) ? 0 : sequence + UINT32_MAX + 1;
}

bool esp_replay_check(const struct esp_replay *replay, uint32_t wire, uint64_t *ret_sequence)
{
    uint64_t sequence = replay->esn ? extend(replay, wire) : wire;
    uint64_t word = replay->seen[sequence / WORD_BITS % ESP_REPLAY_WORDS];

    if (sequence < bottom(replay))
        return false;
    if (sequence <= replay->top && word >> (sequence % WORD_BITS) & 1)
        return false;
    *ret_sequence = sequence;
    return true;
}

void esp_replay_advance(struct esp_replay *replay, uint64_t sequence)
{
    if (sequence > replay->top) {
        uint64_t from = replay->top / WORD_BITS, to = sequence / WORD_BITS;

        if (to - from >= ESP_REPLAY_WORDS)
            memset(replay->seen, 0, sizeof(replay->seen));
        else
            while (from++ < to)
                replay->seen[from % ESP_REPLAY_WORDS] = 0;
        replay->top = sequence;
    }
    replay->seen[sequence / WORD_BITS % ESP_REPLAY_WORDS] |= (uint64_t)1 << (sequence % WORD_BITS);
}
