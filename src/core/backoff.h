/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * How long to wait before the next attempt: d = min(max, initial * 2^n), the delay uniform in [d/2, d], n counts attempts that failed.
 * No clock and no I/O; the generator is handed in.
 */
#include "base/prng.h"
#include "base/usec.h"

#define BACKOFF_HOLD_USEC   SEC(30) /* a tunnel must have held so long before success resets n */
#define BACKOFF_SPREAD_USEC SEC(10) /* first attempt after a gateway fell silent, so that a fleet does not return in step */

struct backoff {
    usec_t initial_usec;
    usec_t max_usec;
    uint32_t n_failed;
};

usec_t backoff_next_delay(struct backoff *backoff, struct prng *prng); /* counts one failure */
usec_t backoff_longest_delay(const struct backoff *backoff, struct prng *prng); /* uniform in [max/2, max]; counts nothing */
usec_t backoff_spread_delay(struct backoff *backoff, struct prng *prng); /* uniform in [0, spread]; counts one failure */
void backoff_reset(struct backoff *backoff);
