/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A small seeded generator (splitmix64) for spreading retries: same seed, same run, which is what the simulator needs.
 * Never for keys, nonces or anything that must not be guessed.
 */
#include <stdint.h>

struct prng {
    uint64_t state;
};

static inline uint64_t prng_next(struct prng *prng)
{
    uint64_t z = (prng->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform in [low, high]; the modulo's bias is below 2^-20 for the ranges used here. */
static inline uint64_t prng_between(struct prng *prng, uint64_t low, uint64_t high)
{
    if (high <= low)
        return low;
    return low + prng_next(prng) % (high - low + 1);
}
