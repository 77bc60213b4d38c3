/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the core wants done. Actions carry the desired state and are idempotent; the daemon executes them in the order of the list, and the
 * firewall is always first: when it fails the rest of the list is not executed. Pointers are into the core and live until the next step.
 */
#include "core/event.h"
#include "core/lockdown.h"
#include "core/routing.h"

#define ACTIONS_MAX 32

enum action_type {
    ACTION_FIREWALL, /* .lockdown */
    ACTION_ROUTING, /* .routing: interface, addresses, rules, tables */
    ACTION_STORE, /* .record to disk */
    ACTION_FIND_RESOLVERS, /* .resolve (id, link): which name servers has this link? answered by EVENT_RESOLVERS */
    ACTION_RESOLVE, /* .resolve: ask .servers; answered by EVENT_RESOLVED */
    ACTION_RESOLVE_CANCEL,
    ACTION_IKE_START, /* libcharon on */
    ACTION_IKE_STOP, /* libcharon off */
    ACTION_IKE_INITIATE, /* .initiate; answered by EVENT_IKE_ESTABLISHED or EVENT_IKE_FAILED with its attempt */
    ACTION_IKE_MIGRATE, /* .migrate: MOBIKE to another base link; answered by EVENT_IKE_MOVED */
    ACTION_IKE_LIVENESS, /* empty INFORMATIONAL; its answer shows as last_in_at_usec, its silence as EVENT_IKE_CLOSED */
    ACTION_IKE_TERMINATE, /* .silent: forget without a DELETE message; answered by EVENT_IKE_CLOSED unless silent */
    ACTION_KEEPALIVE, /* one 0xFF on the UDP flow (RFC 3948 2.3) */
    ACTION_WATCH_TRAFFIC, /* report the next outbound packet that stays unanswered */
    ACTION_FETCH_REPLY, /* .fetch_reply: firewall and routes are open for these addresses; none: cannot be had */
};
#define N_ACTIONS (ACTION_FETCH_REPLY + 1)

struct resolve_request {
    uint32_t id;
    char name[GATEWAY_NAME_SIZE];
    int ifindex; /* base link whose resolvers are asked and to which the sockets are bound */
    char interface[IF_NAME_SIZE];
    bool want_ipv4, want_ipv6;
    uint32_t n_servers;
    struct ip_addr servers[RESOLVED_ADDRS_MAX];
};

struct initiate_request {
    uint32_t attempt;
    uint32_t gateway_index; /* into policy.gateways, for the identity */
    struct ip_addr remote;
    uint16_t remote_port; /* 0: 500 */
    struct ip_addr local; /* on the base link */
    int ifindex;
    char interface[IF_NAME_SIZE];
    uint32_t n_addrs; /* inner addresses to ask for again */
    struct ip_addr addrs[TUNNEL_ADDRS_MAX];
};

struct migrate_request {
    struct ip_addr local, remote;
    int ifindex;
    char interface[IF_NAME_SIZE];
};

struct record {
    bool enabled;
};

struct fetch_reply {
    uint32_t id;
    uint32_t n_addrs;
    struct ip_addr addrs[RESOLVED_ADDRS_MAX];
};

struct action {
    enum action_type type;
    union {
        const struct lockdown *lockdown;
        const struct routing *routing;
        struct record record;
        struct resolve_request resolve;
        struct initiate_request initiate;
        struct migrate_request migrate;
        bool silent;
        struct fetch_reply fetch_reply;
    };
};

struct action_list {
    uint32_t n_actions;
    struct action actions[ACTIONS_MAX];
};

const char *action_name(enum action_type type);
