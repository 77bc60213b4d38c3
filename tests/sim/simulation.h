/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A core in virtual time with a wire under it: timers fire when they are due, traffic flows and is answered or not, liveness checks come back.
 * Everything else (links, gateways, names, the user) is the caller's. Keeps the last events, to be printed when an invariant breaks.
 */
#include "daemon/record.h"
#include "support/mirror.h"

#include <inttypes.h>
#include <stdio.h>

#define SIMULATION_HISTORY 50

enum flow {
    FLOW_NONE, /* nobody sends */
    FLOW_OUT,  /* one way: never answered */
    FLOW_BOTH, /* answered while the path lives */
};

struct wire {
    enum flow flow;
    bool dead;                      /* nothing comes back, whatever is sent */
    usec_t unanswered_since_usec;   /* 0: none */
    usec_t liveness_answer_at_usec; /* USEC_INFINITY: none is under way */
    usec_t liveness_lost_at_usec;   /* charon gives up; USEC_INFINITY: nothing is waited for */
};

struct past_event {
    usec_t at_usec;
    struct event event;
    struct record_storage storage;
};

struct simulation {
    struct mirror mirror;
    uint64_t seed;
    struct policy first_policy;
    struct wire wire;
    struct prng prng; /* lateness of timers within their slack */
    uint64_t n_timers, n_traffic;
    usec_t second_at_usec;       /* the virtual second that is being counted, */
    unsigned n_timers_in_second; /* and its timer events */
    uint64_t n_past;
    struct past_event *past; /* ring of SIMULATION_HISTORY */
    FILE *record;            /* every event and its outcome; NULL: none */
};

/* False when there is no memory. */
bool simulation_init(struct simulation *s, const struct policy *policy, uint64_t seed, FILE *record);
void simulation_done(struct simulation *s);

/* One event now; false when an invariant broke. */
bool simulation_step(struct simulation *s, const struct event *event);

/* The next moment at which a timer or the wire does something by itself. */
usec_t simulation_next(const struct simulation *s);

/* Time passes; timers and the wire do what is due. Stops after max_steps events (0: no bound). False when an invariant broke. */
bool simulation_advance(struct simulation *s, usec_t until_usec, unsigned max_steps);

void simulation_set_flow(struct simulation *s, enum flow flow);
void simulation_set_path(struct simulation *s, bool alive);

/* The last events as a scenario, oldest first, and what broke. */
void simulation_print_end(const struct simulation *s, FILE *out);
