/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What stands between a handset and the internet, in virtual time: a NAT of one kind or another, or a stateful firewall, or nothing, with loss
 * and delay on both of its sides, and a STUN server behind it. Packets are few and small: who, from where, which tag.
 */
#include "base/prng.h"
#include "base/usec.h"
#include "core/event.h"

#define NAT_MAPPINGS_MAX 128
#define NAT_PACKETS_MAX  512
#define NAT_TUNNEL       1000 /* the inside socket of the tunnel; below PROBE_SLOTS_MAX: probe sockets */

enum nat_kind { NAT_KIND_NONE, NAT_KIND_FIREWALL, NAT_KIND_PRESERVING, NAT_KIND_RANDOM };

struct nat_model {
    enum nat_kind kind;
    usec_t young_usec; /* until traffic has gone both ways for more than 2 s */
    usec_t stream_usec;
    bool filters_ports; /* only whom the socket has written to may answer */
    bool inbound_refreshes;
    unsigned loss_percent; /* one way */
    usec_t delay_min_usec, delay_max_usec; /* one way */
    uint32_t quota; /* mappings at a time; 0: no limit */
    bool evicts; /* at the quota: the oldest mapping goes, instead of the new one being refused */
    usec_t change_at_usec; /* then both lifetimes are changed_usec; 0: never */
    usec_t changed_usec;
    usec_t jitter_usec; /* each mapping lives up to that much longer: a NAT that sweeps */
    bool server_ignores_port;
    bool server_filters; /* never answers RESPONSE-PORT */
};

struct nat_mapping {
    bool used;
    uint32_t inside;
    uint16_t port;
    usec_t created_at_usec, last_at_usec, expires_at_usec;
    bool replied;
};

enum nat_packet_place { NAT_PACKET_AT_NAT_OUT, NAT_PACKET_AT_SERVER, NAT_PACKET_AT_NAT_IN, NAT_PACKET_AT_HANDSET };

struct nat_packet {
    usec_t at_usec;
    enum nat_packet_place place;
    uint32_t inside; /* sender; at the handset: receiver */
    uint32_t tag;
    uint16_t response_port;
    uint16_t from_port, to_port; /* outside the NAT */
    bool push; /* to the tunnel; tag 0: the corp side spoke first */
    bool moved; /* the answer to one that came from another port than before */
    bool stun;
};

struct nat {
    struct nat_model model;
    struct prng prng;
    usec_t now_usec;
    struct nat_mapping mappings[NAT_MAPPINGS_MAX];
    uint32_t n_packets;
    struct nat_packet packets[NAT_PACKETS_MAX];
    uint16_t tunnel_port; /* where the gateway sends to: from where it heard last */
    uint64_t n_refused;
};

void nat_init(struct nat *nat, const struct nat_model *model, uint64_t seed);

/* The handset sends: a STUN request (stun), or something of the tunnel, which the gateway answers where it has a tag. */
void nat_send(struct nat *nat, usec_t now_usec, uint32_t inside, uint32_t tag, uint16_t response_port, bool stun);

/* The corp side sends to the tunnel. */
void nat_push(struct nat *nat, usec_t now_usec);

usec_t nat_next(const struct nat *nat); /* USEC_INFINITY: nothing is on its way */

/* Until nat_next(): true when something reached the handset. */
bool nat_turn(struct nat *nat, struct nat_packet *ret);

/* Until when a push would come through, if nothing else were sent: 0: not any more. */
usec_t nat_reachable_until(const struct nat *nat);

/* How long a mapping that has carried traffic both ways lives when refreshed now. USEC_INFINITY: for ever. */
usec_t nat_truth(const struct nat *nat, usec_t now_usec);

/* The server's view of a probe socket. */
struct probe_answer nat_answer(const struct nat_packet *packet, const struct nat_model *model);
