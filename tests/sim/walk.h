/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Random walks: a seeded world of flapping links, moody gateways, resolvers, a user and an administrator drives the core; the invariants are
 * checked at every step. Same seed, same walk.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct walk_options {
    uint64_t seed;
    uint64_t n_steps;
    bool quiet;   /* no coverage table */
    FILE *record; /* NULL: none */
};

/* 0 and the hash of all actions; 1 when an invariant broke (the last events are printed) or too little was seen. */
int walk(const struct walk_options *options, uint64_t *ret_hash);
