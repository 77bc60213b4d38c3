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
    ACTION_OFFLOAD_KEEPALIVES, /* .offload_sec: the data path sends them, after so long a silence; 0: no more; answered by EVENT_OFFLOADED */
    ACTION_WATCH_TRAFFIC, /* report the next outbound packet that stays unanswered */
    ACTION_FETCH_REPLY, /* .fetch_reply: firewall and routes are open for these addresses; none: cannot be had */
    ACTION_WATCH_DEMAND, /* report the next inner packet, EVENT_DEMAND */
    ACTION_PROBE_SEND, /* .probe_send: one STUN Binding request; answered by EVENT_PROBE_ANSWER, or not at all */
    ACTION_PROBE_CLOSE, /* .probe_slot: its socket is not needed any more; PROBE_SLOT_ALL: none is */
    ACTION_NAT_RECALL, /* .nat (network and family): answered by EVENT_NAT_RECALLED */
    ACTION_NAT_REMEMBER, /* .nat to disk; NAT_METHOD_NONE: forget */
    ACTION_DNS, /* .dns: the system's resolver */
    ACTION_CHARACTER, /* .character: what other programs are told about the tunnel */
    ACTION_SLEEP_READY, /* answer to EVENT_SUSPEND: what had to be done before sleep stands before this in the list */
    ACTION_REMEMBER, /* .tunnel: for EVENT_REMEMBERED of the next start; without addresses: forget */
};
#define N_ACTIONS (ACTION_REMEMBER + 1)

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

/* From the socket of this slot, which is opened with its first request, pinned to the link and marked. */
struct probe_send {
    uint32_t slot; /* below PROBE_SLOTS_MAX */
    uint32_t tag; /* comes back with the answer */
    uint16_t response_port; /* RESPONSE-PORT (RFC 5780, 7.5): answer to this port of ours; 0: without */
    struct ip_addr server, local;
    uint16_t server_port;
    int ifindex;
    char interface[IF_NAME_SIZE];
};

#define DNS_DOMAINS_MAX (POLICY_DOMAINS_MAX + TUNNEL_DOMAINS_MAX)

/* Who answers the system's questions. `active` false: as it was before us. Unused parts zeroed. */
struct dns {
    bool active;
    bool everything; /* all names are asked in the tunnel ("~."); else only those below `domains` */
    char interface[IF_NAME_SIZE];
    uint32_t n_servers;
    struct ip_addr servers[TUNNEL_DNS_MAX];
    uint32_t n_domains;
    char domains[DNS_DOMAINS_MAX][DNS_DOMAIN_SIZE]; /* also completed to names without a dot */
};

/* The base link's character, which is the tunnel's (design.md, row 11). `active` false: there is no tunnel interface of ours. */
struct character {
    bool active;
    bool blocking; /* base links lead nowhere but to the gateway: connectivity checks, which are bound to them, can only be wrong */
    bool has_base; /* the rest is the base link's */
    enum link_type type;
    bool metered, roaming, wake_on_incoming;
    char interface[IF_NAME_SIZE]; /* the tunnel's */
    char base_interface[IF_NAME_SIZE];
    struct ip_addr gateway; /* whose packets shall wake the device; family 0: none */
    uint16_t gateway_port;
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
        uint32_t offload_sec;
        struct fetch_reply fetch_reply;
        struct probe_send probe_send;
        uint32_t probe_slot;
        struct nat_knowledge nat;
        const struct tunnel *tunnel;
        const struct dns *dns;
        const struct character *character;
    };
};

struct action_list {
    uint32_t n_actions;
    struct action actions[ACTIONS_MAX];
};

const char *action_name(enum action_type type);
