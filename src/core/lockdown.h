/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Lockdown as plain data: what may pass while mvpn is enabled, and nothing else. The core fills it from state and policy (lockdown.c);
 * src/fw renders it to nftables, src/net takes the same LAN prefixes for its rules. `active` false means: nothing of ours is there.
 * Each field is one row of the exceptions' table; an empty list closes the row.
 */
#include "core/link.h"
#include "core/policy.h"

#define LOCKDOWN_PEERS_MAX 8
#define LOCKDOWN_LAN_MAX   32
#define USB_CONSOLE        "usb0" /* what kernels call the interface of a USB gadget */

/* An outside host that our own marked sockets may talk to, and nobody else's. */
struct lockdown_peer {
    struct ip_addr addr;
    uint16_t port; /* 0: the service's own (IKE: 500 and 4500) */
};

struct lockdown {
    bool active;
    uint32_t mark;
    char interface[IF_NAME_SIZE]; /* the tunnel's, matched by name */
    bool tunnel_up; /* forwarding to the tunnel makes sense */
    uint32_t n_tunnel_addrs; /* dropped when they arrive by any other interface (CVE-2019-14899) */
    struct ip_addr tunnel_addrs[4];
    uint32_t n_gateways; /* the ones being contacted */
    struct lockdown_peer gateways[LOCKDOWN_PEERS_MAX];
    uint32_t n_resolvers; /* only while a name is being resolved; udp and tcp 53 */
    struct lockdown_peer resolvers[LOCKDOWN_PEERS_MAX];
    uint32_t n_fetches; /* CRL and OCSP hosts, only while a gateway certificate is being checked; tcp */
    struct lockdown_peer fetches[LOCKDOWN_PEERS_MAX];
    uint32_t n_probes; /* STUN server, only while a NAT's lifetime is being measured; udp */
    struct lockdown_peer probes[LOCKDOWN_PEERS_MAX];
    uint32_t n_lan; /* on-link prefixes, already judged private; empty unless AllowLAN */
    struct ip_prefix lan[LOCKDOWN_LAN_MAX];
    bool allow_usb; /* ssh and DHCP on USB_CONSOLE */
    uint32_t n_cellular_services;
    char cellular_services[POLICY_NAMES_MAX][IF_NAME_SIZE];
};

struct core;

/* Pure: state and configuration to lockdown. Closed rows are zeroed, so that memcmp tells whether anything changed. */
void lockdown_compute(const struct core *core, struct lockdown *ret);
