/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exponential backoff with the delay drawn from the upper half, so that devices that failed together do not try together.
 */
#include "core/backoff.h"

#include "base/macro.h"

static usec_t current_ceiling(const struct backoff *backoff)
{
    usec_t d = backoff->initial_usec;

    for (uint32_t i = 0; i < backoff->n_failed && d < backoff->max_usec; i++)
        d = usec_mul(d, 2);
    return MIN_OF(d, backoff->max_usec);
}

usec_t backoff_next_delay(struct backoff *backoff, struct prng *prng)
{
    usec_t d = current_ceiling(backoff);

    if (backoff->n_failed < UINT32_MAX)
        backoff->n_failed++;
    return prng_between(prng, d / 2, d);
}

usec_t backoff_longest_delay(const struct backoff *backoff, struct prng *prng)
{
    return prng_between(prng, backoff->max_usec / 2, backoff->max_usec);
}

usec_t backoff_spread_delay(struct backoff *backoff, struct prng *prng)
{
    if (backoff->n_failed < UINT32_MAX)
        backoff->n_failed++;
    return prng_between(prng, 0, MIN_OF(BACKOFF_SPREAD_USEC, backoff->max_usec));
}

void backoff_reset(struct backoff *backoff)
{
    backoff->n_failed = 0;
}
