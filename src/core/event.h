/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The closed list of what can happen to mvpn. Adapters make events, core_step() consumes them one at a time; one grep over EVENT_ shows a
 * session's life. Plain data: pointers are borrowed for the length of the call. A failure in the world is an event, never an errno.
 */
#include "base/usec.h"
#include "core/link.h"
#include "core/names.h"
#include "core/policy.h"

#define RESOLVED_ADDRS_MAX 8
#define TUNNEL_ADDRS_MAX   4
#define TUNNEL_DNS_MAX     POLICY_DNS_MAX
#define TUNNEL_DOMAINS_MAX 8
#define PROBE_SLOTS_MAX    40
#define PROBE_SLOT_ALL     UINT32_MAX

enum event_type {
    EVENT_START, /* the daemon runs: policy, links, clock and credentials were given before; .enabled is the record's word */
    EVENT_REMEMBERED, /* .tunnel (addrs, dns, domains, subnets): the last one's, as ACTION_REMEMBER had it; before EVENT_START */
    EVENT_ENABLE,
    EVENT_DISABLE,
    EVENT_CONNECT,
    EVENT_DISCONNECT,
    EVENT_POLICY, /* .policy: a new, valid configuration */
    EVENT_LINKS, /* .links: a whole snapshot */
    EVENT_CLOCK, /* .clock: the wall clock was set */
    EVENT_CREDENTIALS, /* .credentials: our certificate and key as loaded */
    EVENT_RESOLVERS, /* .resolvers: answer to ACTION_FIND_RESOLVERS (n_addrs 0: the link has none) */
    EVENT_RESOLVED, /* .resolved: answer to ACTION_RESOLVE (n_addrs 0: no address) */
    EVENT_IKE_ESTABLISHED, /* .tunnel: IKE SA and CHILD SA are there */
    EVENT_IKE_ANSWERED, /* .answered: the gateway answers the attempt, which is not over */
    EVENT_IKE_FAILED, /* .failure: the attempt is over */
    EVENT_IKE_CLOSED, /* .failure: an established IKE SA is gone (also the end of our own ACTION_IKE_TERMINATE) */
    EVENT_IKE_MOVED, /* .path: outer addresses or NAT situation changed (MOBIKE done, mapping changed) */
    EVENT_TRAFFIC, /* .traffic: outbound packets stayed unanswered for PATHWATCH_NOTICE_USEC (asked for by ACTION_WATCH_TRAFFIC) */
    EVENT_OFFLOADED, /* .offloaded: the data path sends the keepalives itself now, or does not (ACTION_OFFLOAD_KEEPALIVES, or later) */
    EVENT_PATH_MTU, /* .path_mtu_bytes: the largest outer packet that passes to the gateway, as routes and routers say */
    EVENT_NEIGHBOUR_LOST, /* .neighbour: what outer packets are handed to does not answer on its link any more (ARP, neighbour discovery) */
    EVENT_DEMAND, /* an inner packet came while no tunnel stands (asked for by ACTION_WATCH_DEMAND); it is kept */
    EVENT_PROBE_ANSWER, /* .probe_answer: a STUN server answered */
    EVENT_PROBE_FAILED, /* .probe_failed: a request of ACTION_PROBE_SEND could not leave, or was refused */
    EVENT_NAT_RECALLED, /* .nat: answer to ACTION_NAT_RECALL */
    EVENT_TUNNEL_LOST, /* somebody deleted or took down the tunnel interface */
    EVENT_FETCH_WANTED, /* .fetch: a CRL or OCSP host must be reached (charon waits) */
    EVENT_FETCH_DONE, /* .fetch.id */
    EVENT_FIREWALL_FAILED, /* the ruleset could not be installed */
    EVENT_STORE_FAILED, /* the record could not be written */
    EVENT_SUSPEND, /* the machine is about to sleep */
    EVENT_RESUME,
    EVENT_TIMER, /* .traffic: the deadline passed (or time is just read) */
};
#define N_EVENTS (EVENT_TIMER + 1)

/* Our own certificate. Times in seconds since 1970; problem REASON_NONE when certificate and key load and fit. */
struct credentials {
    enum reason problem;
    int64_t not_before_sec;
    int64_t not_after_sec;
};

/* Wall clock = boottime + offset; floor: the newest time that mvpn knows has passed (record on disk, build). */
struct wallclock {
    int64_t offset_usec;
    int64_t floor_sec;
};

/* Answers about names and their servers alike. */
struct resolved {
    uint32_t id; /* of the ACTION_FIND_RESOLVERS or ACTION_RESOLVE that this answers; others are ignored */
    uint32_t n_addrs;
    struct ip_addr addrs[RESOLVED_ADDRS_MAX];
};

/* What the cipher adds to an inner packet, beside SPI, sequence number and trailer. All 0: as AES-GCM does. */
struct sealing {
    uint8_t iv_bytes, icv_bytes;
    uint8_t align_bytes; /* inner packet, padding and trailer are a multiple of it; a power of two */
};

/* What was negotiated. */
struct tunnel {
    uint32_t attempt; /* of ACTION_IKE_INITIATE */
    uint32_t n_addrs;
    struct ip_addr addrs[TUNNEL_ADDRS_MAX];
    uint32_t n_dns;
    struct ip_addr dns[TUNNEL_DNS_MAX];
    uint32_t n_domains; /* names that the gateway's servers are for (RFC 8598) */
    char domains[TUNNEL_DOMAINS_MAX][DNS_DOMAIN_SIZE];
    uint32_t n_subnets; /* granted remote traffic selectors, as prefixes */
    struct ip_prefix subnets[POLICY_SUBNETS_MAX];
    struct ip_addr local, remote; /* outer */
    uint16_t remote_port;
    bool nat; /* we are behind a NAT */
    bool mobike; /* the gateway supports it */
    bool offload; /* the data path can send keepalives itself */
    struct sealing sealing; /* of our own packets */
};

struct path {
    struct ip_addr local, remote;
    bool nat;
    bool moved; /* false: a migration that was asked for did not succeed */
    bool late; /* a liveness check was answered, but only when it was repeated */
    bool mapping_changed; /* nothing moved: the NAT has given us another address or port (NAT_DETECTION, RFC 7296 2.23) */
};

/* To the first message, which proves nothing but that there is a path and somebody at its end. */
struct answered {
    uint32_t attempt;
    usec_t round_trip_usec; /* 0: not known, the message was repeated */
};

struct failure {
    uint32_t attempt;
    enum reason reason;
};

/* The data path's and IKE's view of the wire, read when the event was made. 0: never. */
struct traffic {
    usec_t last_out_at_usec; /* last outbound packet of any kind on the outer flow (ESP, IKE, keepalive) */
    usec_t last_in_at_usec; /* last inbound packet that proved the path: decrypted ESP or an IKE answer */
    usec_t last_inner_at_usec; /* last inner packet of an application, either way; link-local and multicast do not count */
    usec_t unanswered_at_usec; /* first outbound inner packet since last_in; 0: none waits */
};

/* Keepalives that no ACTION_KEEPALIVE is needed for. */
struct offloaded {
    uint32_t interval_sec; /* as asked for */
    bool done; /* false: it cannot be had with this tunnel */
};

struct fetch {
    uint32_t id;
    char host[GATEWAY_NAME_SIZE];
    uint16_t port;
};

/* A STUN Binding response (RFC 8489, 6.3.3), checked against its transaction. */
struct probe_answer {
    uint32_t slot; /* socket that it came to, which need not be the one that asked (RESPONSE-PORT, RFC 5780 7.5) */
    uint32_t tag; /* of the request */
    struct ip_addr mapped; /* XOR-MAPPED-ADDRESS: the asking socket as the server sees it */
    uint16_t mapped_port;
};

/* Nothing is known of the slot's mapping any more; its socket may be closed already. */
struct probe_failed {
    uint32_t slot, tag; /* tag: of the request, or of the slot's last one */
    bool refused; /* the server answered, with an error: it does not know RESPONSE-PORT, say. false: the network, or somebody lies */
};

/* What is known of the mappings of one network, for one outer address family. */
struct nat_knowledge {
    char network[NETWORK_ID_SIZE];
    uint8_t family; /* 4 or 6 */
    enum nat_method method; /* NAT_METHOD_NONE: nothing is known */
    usec_t lifetime_usec; /* a mapping is known to live that long; USEC_INFINITY: there is nothing that expires */
    uint32_t n_confirmations;
    bool lossy; /* packets get lost there */
    usec_t age_usec; /* since it was last confirmed, by the wall clock */
};

struct event {
    enum event_type type;
    union {
        bool enabled;
        struct {
            const struct policy *policy;
            bool ike_changed; /* credentials, identities or proposals differ too: the core cannot see them */
        };
        const struct link_set *links;
        struct wallclock clock;
        struct credentials credentials;
        struct resolved resolvers;
        struct resolved resolved;
        struct tunnel tunnel;
        struct answered answered;
        struct failure failure;
        struct path path;
        struct traffic traffic;
        struct offloaded offloaded;
        uint32_t path_mtu_bytes;
        struct neighbour neighbour;
        struct fetch fetch;
        struct probe_answer probe_answer;
        struct probe_failed probe_failed;
        struct nat_knowledge nat;
    };
};

const char *event_name(enum event_type type);
bool event_from_name(const char *name, enum event_type *ret);
