/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which lifetimes are asked about, and what the answers prove together. Rungs stand just below and just above each usual lifetime ("cliff"),
 * and between them max(2 s, 5 %) apart. A rung is opened so late that the whole still ends in time (1.2 x the lifetime on a cliff, 2 x between
 * two), so that a short lifetime is found before a socket for a long one was needed. Where sockets are few, or a gap remained, some rungs of
 * the bracket are chosen instead, evenly: a bisection with several sockets at once.
 * Never knows time or sockets: only states of rungs.
 */
#include "base/usec.h"

#include <stdbool.h>
#include <stdint.h>

#define NATLADDER_MAX 128

enum rung_state {
    RUNG_STATE_SKIPPED, /* not asked about now */
    RUNG_STATE_WAITING, /* to be opened */
    RUNG_STATE_OPEN, /* a socket is silent for it */
    RUNG_STATE_ALIVE,
    RUNG_STATE_DEAD, /* n_dead failures; a verdict with the second, of this rung or the next */
};

struct rung {
    usec_t lifetime_usec;
    bool below; /* of a cliff */
    enum rung_state state;
    usec_t open_by_usec; /* after the start */
    usec_t silence_usec; /* alive: so long at least; dead: asked after so long */
    uint32_t n_tries, n_dead;
};

struct natladder {
    uint32_t n_rungs;
    struct rung rungs[NATLADDER_MAX];
};

enum natladder_verdict {
    NATLADDER_VERDICT_GOING, /* open rungs will tell more */
    NATLADDER_VERDICT_DONE, /* between alive and dead there is no room for another rung */
    NATLADDER_VERDICT_TOP, /* the highest rung lived */
    NATLADDER_VERDICT_GAP, /* choose again, between alive and dead */
    NATLADDER_VERDICT_CONTRADICTION, /* a shorter silence killed what a longer one had not: the lifetime changes, or is none */
};

struct natladder_finding {
    enum natladder_verdict verdict;
    int alive, dead; /* indices; -1: none, n_rungs: none */
};

/* All rungs from floor to top, waiting. Asking takes so long, from the first send to the last answer that counts. */
void natladder_build(struct natladder *ladder, usec_t floor_usec, usec_t top_usec, usec_t asking_usec);

struct natladder_finding natladder_judge(const struct natladder *ladder);

/* n of the rungs between alive and dead, and a dead one that nobody has agreed with yet, wait; the others are skipped. */
void natladder_choose(struct natladder *ladder, int alive, int dead, uint32_t n);

/* The next to be opened; NULL: none. */
struct rung *natladder_next(struct natladder *ladder);

/* The longest silence survived below every one that was not: 0 where there is none. */
usec_t natladder_safe(const struct natladder *ladder);
