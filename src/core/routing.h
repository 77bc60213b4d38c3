/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Routing as plain data: the desired state of the tunnel interface, mvpn's two tables and its rules. The core fills it, src/net makes it so.
 *   table 19799 (base): host routes for `outer` over the base link, only marked packets look there
 *   table 19798 (tunnel): `subnets` over the interface while it has addresses, `unreachable default` behind them
 *   rules 5100.. as killswitch.md lists them; 5115 from the tunnel onwards (never by a default route), 5120 for each of `lan`, 5130 for each
 *   of `services`
 * `active` false: rules, tables, interface and addresses of ours are gone.
 */
#include "core/lockdown.h"

/* Of the xfrm interface, its SAs and its policies. Not the mark, so that leftovers are found whatever is configured. */
#define TUNNEL_IF_ID      0x4d56
#define ROUTING_OUTER_MAX 32
#define ROUTING_LAN_MAX   (LOCKDOWN_LAN_MAX + LINK_ADDRS_MAX)

struct routing_outer {
    struct ip_addr addr; /* gateway, resolver or CRL host */
    struct ip_addr via; /* family 0: on-link */
    struct ip_addr source; /* preferred source on the base link */
    int ifindex; /* base link */
};

struct routing {
    bool active;
    uint32_t mark;
    char interface[IF_NAME_SIZE];
    uint32_t mtu; /* bytes */
    uint32_t n_addrs; /* inner addresses, /32 and /128; kept while reconnecting, so that sockets survive */
    struct ip_addr addrs[4];
    uint32_t n_subnets; /* through the tunnel; empty until addresses are known */
    struct ip_prefix subnets[POLICY_SUBNETS_MAX];
    uint32_t n_outer;
    struct routing_outer outer[ROUTING_OUTER_MAX];
    uint32_t n_lan; /* the firewall's, and the USB console's own subnets: without a way back no answer reaches it */
    struct ip_prefix lan[ROUTING_LAN_MAX];
    char usb[IF_NAME_SIZE]; /* the console's interface, for link-local IPv6, which names its interface; empty: closed */
    uint32_t n_services; /* sockets bound to these interfaces use the main table; each stands once */
    char services[POLICY_NAMES_MAX][IF_NAME_SIZE];
};

/* The neighbour on the base link that packets to `outer` are handed to: the router, or the host itself. */
static inline const struct ip_addr *routing_next_hop(const struct routing_outer *outer)
{
    return outer->via.family ? &outer->via : &outer->addr;
}

/* Pure: state, links and configuration to routing; unused parts zeroed. */
void routing_compute(const struct core *core, struct routing *ret);
