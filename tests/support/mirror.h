/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A core and the world as its actions have made it: what a daemon would have installed, started and sent, without doing any of it.
 * Every step checks the invariants that hold always (never open while enabled, firewall first, nothing contacted that is not admitted, one
 * attempt at a time, never stuck, no spinning timer, ...), independently of how the core decides. Used by unit tests, scenarios, random walks
 * and fuzzers. Knows nothing of time but what it is told.
 */
#include "base/prng.h"
#include "core/core.h"

#define MIRROR_REQUESTS_MAX 4

struct mirror {
    struct core *core;

    /* what the core was told */
    struct policy policy;
    struct link_set links;
    bool started, wants_enabled, wants_rest;
    usec_t now_usec;
    struct traffic
        traffic; /* what the next timer event carries; keepalives and handshakes are entered by themselves */

    /* what it had done */
    bool firewall_fails; /* set by a test: the next firewall action fails, and its list ends there */
    bool firewall_broken;
    bool store_fails; /* set by a test: the disk is full, until it is unset */
    bool store_broken; /* what is on disk is not what was to be there */
    bool failures_are_mine; /* the caller pushes the event of a failure when it is due; else mirror_step() does */
    bool failure_due;
    enum event_type failure; /* EVENT_FIREWALL_FAILED or EVENT_STORE_FAILED */
    struct lockdown lockdown;
    struct routing routing;
    struct dns dns;
    struct character character;
    bool record_enabled;
    bool ike_running;
    uint32_t n_requests; /* for name servers and names, unanswered */
    struct resolve_request requests[MIRROR_REQUESTS_MAX];
    bool attempting;
    struct initiate_request attempt; /* the last one */
    bool has_tunnel;
    struct tunnel tunnel;
    bool terminating;
    bool migrating, was_migrating; /* now, and before the last step */
    struct migrate_request migrate;
    bool watching;      /* EVENT_TRAFFIC was asked for */
    uint32_t n_remembered; /* addresses of the last ACTION_REMEMBER */
    bool demand_watched; /* EVENT_DEMAND was asked for */
    usec_t slept_at_usec; /* of the last EVENT_SUSPEND; 0: none yet */
    uint32_t n_fetches; /* charon's threads that wait for a fetch reply */
    uint32_t fetch_ids[MIRROR_REQUESTS_MAX];
    struct fetch fetch;             /* the last one */
    struct fetch_reply fetch_reply; /* the last one */
    uint64_t probe_slots; /* bits: open ones */
    struct nat_knowledge recall; /* asked for and not answered yet; family 0: none */
    usec_t recall_at_usec;
    usec_t known_until_usec; /* this network was recalled: nothing is probed before; 0: it was not */
    usec_t last_keepalive_at_usec, last_keepalive_interval_usec;

    /* the last step */
    struct action_list actions;
    struct core_status before, status;
    struct deadline deadline;

    uint64_t n_steps;
    uint64_t n_done[N_ACTIONS];
    uint64_t hash;       /* over all actions: same seed, same hash */
    char violation[240]; /* empty while the invariants hold */
};

/* False when there is no memory. */
bool mirror_init(struct mirror *mirror, const struct policy *policy, uint64_t seed);
void mirror_done(struct mirror *mirror);

/* One event; false when an invariant does not hold (violation says which). */
bool mirror_step(struct mirror *mirror, usec_t now_usec, const struct event *event);

/* EVENT_TIMER at each deadline up to the moment, then time stands there. */
bool mirror_advance(struct mirror *mirror, usec_t until_usec);

/* The first action of this type in the last step; NULL. */
const struct action *mirror_action(const struct mirror *mirror, enum action_type type);

/* Independent of src/core: can this link carry packets to addr (NULL: any)? */
bool mirror_link_reaches(const struct mirror *mirror, const struct link *link, const struct ip_addr *addr);
