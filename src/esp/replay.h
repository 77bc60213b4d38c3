/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The anti-replay window of an inbound SA: a ring of words in the manner of RFC 6479, so that it moves without shifting, and with extended
 * sequence numbers the guess of the upper half (RFC 4303, A2.2). Asked before authentication, told after it: a forged packet changes nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#define ESP_REPLAY_WORDS        64
#define ESP_REPLAY_MIN_PACKETS  1024
#define ESP_REPLAY_MAX_PACKETS  ((ESP_REPLAY_WORDS - 1) * 64) /* one word is always being cleared */
#define ESP_REPLAY_MEAN_PACKETS 2048                          /* what 0 asks for */

struct esp_replay {
    uint64_t top; /* the highest authentic number; 0: none yet */
    uint32_t window_packets;
    bool esn;
    uint64_t seen[ESP_REPLAY_WORDS]; /* bit n % 4096: n was received */
};

/* A window that is asked smaller or larger than the bounds is set to the bound: there is no SA without the check. */
void esp_replay_init(struct esp_replay *replay, uint32_t window_packets, bool esn);

/* The whole number that the 32 bits on the wire mean. False: seen already, left of the window, or no valid number. */
bool esp_replay_check(const struct esp_replay *replay, uint32_t wire, uint64_t *ret_sequence);

/* A number that was just checked, of a packet that has proved authentic. */
void esp_replay_advance(struct esp_replay *replay, uint64_t sequence);
