/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One handset through one day, in virtual time: the core, the networks it comes through with a NAT of each (nat.c), charon's exchanges with
 * their repeats, a gateway that can be restarted, applications and the corp side. Carries out a list of what changes when, which it does not
 * make, and counts what the day cost and for how long a push would not have arrived.
 */
#include "sim/nat.h"
#include "sim/simulation.h"

#define HANDSET_COMING_MAX 32

enum place {
    PLACE_HOME,
    PLACE_OFFICE,
    PLACE_HOTEL,
    PLACE_CELLULAR,
    PLACE_ABROAD,
};
#define N_PLACES  (PLACE_ABROAD + 1)
#define NO_PLACE  N_PLACES
#define IS_WIFI(place) ((place) <= PLACE_HOTEL)

enum change_type {
    CHANGE_WIFI, /* .place or NO_PLACE */
    CHANGE_CELLULAR, /* likewise */
    CHANGE_PATH, /* packets pass by .place, or (not .yes) they do not, and nobody says so */
    CHANGE_GATEWAY, /* it is there, or (not .yes) not, and forgets its SAs */
    CHANGE_SLEEP, /* .yes: asleep */
    CHANGE_POWER, /* not .yes: off */
    CHANGE_SEND, /* an application has something to send */
    CHANGE_PUSH, /* the corp side has */
};

struct change {
    usec_t at_usec;
    enum change_type type;
    enum place place;
    bool yes;
};

struct ledger {
    uint64_t n_wakeups, n_sent, n_received, n_keepalives, n_probes, n_attempts, n_demands; /* ours */
    uint64_t n_pushed, n_arrived;
    usec_t radio_usec, radio_without_usec; /* with what we send, and if there were only the applications */
    usec_t unreachable_usec, forgotten_usec; /* of it: for nothing but a mapping that is gone */
    usec_t restarted_usec; /* ... or for a gateway that has been restarted, which has to be noticed */
    usec_t blocked_usec, armed_usec;
};

enum exchange_kind { EXCHANGE_NONE, EXCHANGE_INIT, EXCHANGE_AUTH, EXCHANGE_MOVE, EXCHANGE_CHECK, EXCHANGE_DATA };

/* One request of charon at a time: repeated after 0.6, 1.2 and 2.4 s, given up after 9 s. */
struct exchange {
    enum exchange_kind kind;
    uint32_t tag;
    enum place place;
    unsigned n_sent;
    usec_t started_at_usec, next_at_usec;
};

struct network {
    struct link link;
    struct nat nat;
    bool passes;
};

struct coming_event {
    usec_t at_usec;
    struct event event;
};

struct handset {
    struct simulation sim;
    struct policy policy;
    uint64_t seed;
    bool mobike; /* the gateway's */
    struct prng prng;
    usec_t now_usec, accounted_usec;
    struct network networks[N_PLACES];
    enum place wifi, cellular;
    struct nat_knowledge memory[N_PLACES]; /* the file of the NAT cache */
    usec_t remembered_at_usec[N_PLACES];

    bool on, asleep;
    usec_t sleep_again_at_usec; /* woken for a moment; USEC_INFINITY: it was not */
    usec_t timer_at_usec; /* the core's deadline and how late its timer will be */
    struct deadline armed;
    usec_t second_at_usec;
    unsigned n_timers_in_second;
    struct exchange exchange;
    uint32_t n_tags;
    uint32_t n_coming;
    struct coming_event coming[HANDSET_COMING_MAX];

    usec_t send_at_usec; /* an application that waits: its next try; USEC_INFINITY: none does */
    unsigned n_tries;

    bool gateway_up;
    uint32_t gateway_sa; /* attempt; 0: it knows none */
    enum place gateway_place; /* whence it heard last */

    usec_t radio_until_usec, radio_without_until_usec;
    struct ledger ledger;
};

bool handset_init(struct handset *h, const struct policy *policy, uint64_t seed);
void handset_done(struct handset *h);

/* The NAT of a place, and whether its lifetime is known from an earlier day. */
void handset_set_place(struct handset *h, enum place place, const struct nat_model *model, bool known, bool wakes);

/* Changes in their order; false when an invariant broke. */
bool handset_live(struct handset *h, const struct change *changes, uint32_t n_changes, usec_t until_usec);
