/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * An RTM_*ROUTE message as plain data, both directions, and rtnetlink's small helpers for addresses. Decides nothing about routes.
 */
#include "base/ipaddr.h"

#include <linux/netlink.h>

#define ROUTE_HOPS_MAX 8
#define MVPN_PROTOCOL  77 /* rtm_protocol and FRA_PROTOCOL of what is ours: free in iproute2's rt_protos */

struct nl_msg;
struct nlattr;

struct route_hop {
    int ifindex;        /* 0: none (unreachable) */
    struct ip_addr via; /* family 0: on-link */
    bool dead;
};

struct route {
    uint8_t family;   /* 4 or 6 */
    uint8_t type;     /* RTN_* */
    uint8_t protocol; /* RTPROT_* */
    uint32_t table;
    uint32_t metric;
    struct ip_prefix destination;
    struct ip_addr source; /* preferred; family 0: none */
    bool cloned;           /* a cached exception, not configuration */
    uint32_t n_hops;
    struct route_hop hops[ROUTE_HOPS_MAX];
};

int family_to_af(uint8_t family); /* 4, 6 -> AF_INET, AF_INET6 */
uint8_t family_from_af(int af);   /* 0: another family */

/* The address in an attribute, "none" where it is absent or has not the family's length. */
struct ip_addr attr_addr(uint8_t family, const struct nlattr *attr);
int put_addr(struct nl_msg *msg, int type, const struct ip_addr *addr);

/* -EBADMSG for what is not a well-formed IPv4 or IPv6 route message; hops beyond ROUTE_HOPS_MAX are left out. */
int route_parse(const struct nlmsghdr *header, struct route *ret);

/* The request to add (or replace) it; the gateway is taken as on-link. NULL: no memory. */
struct nl_msg *route_message(int type, int flags, const struct route *route);

/* A dump request for one table of one family; kernels without strict requests answer with more. */
struct nl_msg *route_dump_message(uint8_t family, uint32_t table);
