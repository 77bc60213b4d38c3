/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The engine: events in, actions out. Decides when to connect, over which link, when to wait, when to move, what may pass.
 * Pure: no I/O, no clock (time is `now`, CLOCK_BOOTTIME microseconds, never going back), no randomness but the seed, no logging, and no
 * allocation after core_new(). Same seed and same events give the same actions.
 */
#include "core/action.h"
#include "core/event.h"

struct core;

/* When core_step(EVENT_TIMER) is due. slack: may come that much later; wake: must wake a sleeping device. */
struct deadline {
    usec_t at_usec; /* USEC_INFINITY: none */
    usec_t slack_usec;
    bool wake;
};

/* Why a link is, or is not, a base link. */
enum link_fitness {
    LINK_FITNESS_USABLE,
    LINK_FITNESS_NOT_BASE, /* a tunnel, bridge, container or loopback */
    LINK_FITNESS_IGNORED, /* by configuration */
    LINK_FITNESS_DOWN,
    LINK_FITNESS_NO_CARRIER,
    LINK_FITNESS_NO_ADDRESS,
    LINK_FITNESS_NO_ROUTE,
};

#define LINK_WHY_SIZE 128

struct link_verdict {
    enum link_fitness fitness;
    uint32_t score; /* higher is better; 0 unless usable */
    bool chosen;
    char why[LINK_WHY_SIZE]; /* a phrase for people: what decided for it or against it */
};

/* What status shows; plain copy. */
struct core_status {
    enum state state;
    enum reason reason;
    usec_t since_at_usec;
    bool enabled;
    bool internet_blocked;
    bool has_base_link;
    struct link base_link;
    bool has_gateway; /* of the attempt or the tunnel */
    uint32_t gateway_index;
    struct ip_addr gateway_addr;
    bool has_tunnel;
    struct tunnel tunnel;
    uint32_t tunnel_mtu; /* bytes */
    uint32_t retry_attempt;
    usec_t retry_at_usec; /* USEC_INFINITY: none planned */
    usec_t keepalive_interval_usec; /* 0: none are sent */
    enum nat_method nat_method;
    usec_t nat_lifetime_usec; /* USEC_INFINITY: nothing expires; 0: not known, or shorter than can be probed */
    bool nat_detecting; /* being measured */
    uint64_t n_keepalives_sent, n_keepalives_suppressed;
    uint32_t offload_sec; /* the data path sends them, after so long a silence; 0: the core has them sent */
    bool push_supported;
    bool on_demand;
};

/* NULL when there is no memory. The core starts disabled with no links; policy is copied. */
struct core *core_new(const struct policy *policy, uint64_t seed);
void core_free(struct core *core);

/* One event; ret_actions is overwritten. Never fails. */
void core_step(struct core *core, usec_t now_usec, const struct event *event, struct action_list *ret_actions);

struct deadline core_next_deadline(const struct core *core);
void core_get_status(const struct core *core, struct core_status *ret);

/* Verdict on link i of the last snapshot; i < core_n_links(). */
uint32_t core_n_links(const struct core *core);
const struct link *core_get_link(const struct core *core, uint32_t i, struct link_verdict *ret);

/* The transition table, one line per row, for the test that prints it; NULL past the end. */
const char *core_transition_text(uint32_t row, char *buf, size_t size);
