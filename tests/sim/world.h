/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The world of the random walks: what answers the core's actions, when, and what happens by itself. Events that are to come wait in a queue;
 * they may come late, twice, out of order or never, as the world's mood is.
 */
#include "sim/simulation.h"

#define WORLD_QUEUE_MAX 256
#define WORLD_LINKS     5

struct coming {
    usec_t at_usec;
    struct event event; /* without pointers; EVENT_POLICY: the policy of that moment, mended */
};

struct world {
    struct prng prng;
    struct simulation *sim;
    uint32_t n_coming;
    struct coming coming[WORLD_QUEUE_MAX];
    usec_t next_whim_at_usec; /* something happens by itself */
    usec_t whim_mean_usec;
    bool link_present[WORLD_LINKS];
    struct link link[WORLD_LINKS];
    struct policy policy;
    struct link_set links; /* as last told */
    unsigned gateway_mood; /* enum mood of world.c */
    unsigned resolver_mood;
    usec_t lifetime_usec; /* of the NAT's mappings */
    unsigned probe_loss_percent;
    bool ignores_response_port;
    usec_t probed_at_usec[PROBE_SLOTS_MAX]; /* the last packet of each probe socket */
    unsigned n_forgotten; /* events that did not fit */
};

void world_init(struct world *w, struct simulation *sim, uint64_t seed);

/* Start: policy, clock, credentials, links and START as a daemon gives them. False when an invariant broke. */
bool world_begin(struct world *w);

/* Lets the next thing happen. False when an invariant broke. */
bool world_turn(struct world *w);
