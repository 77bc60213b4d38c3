/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The interfaces as last heard of, with the addresses and routes that matter: fed with rtnetlink messages, gives a link set. Keeps a bounded
 * number of addresses and routes per interface and no other route, so that 20 000 routes cost nothing. No I/O but sysfs for the type.
 */
#include "core/link.h"
#include "net/linktype.h"
#include "net/routemsg.h"

struct iface {
    struct link link; /* as it is given out, but for the order of the addresses */
    struct link_facts facts;
    bool secondary[LINK_ADDRS_MAX]; /* of the address at the same place: IPv4 secondary, IPv6 temporary */
    struct ip_addr preferred[2]; /* source that the best default route names, IPv4 and IPv6; family 0: none */
    struct ip_addr network_router; /* the one by which link.network was named (networks.h) */
    bool more_addrs;             /* some did not fit: after a removal all must be read again */
    bool seen;                   /* in the dump that is being read */
};

struct snapshot {
    struct iface *ifaces; /* by ifindex */
    size_t n_ifaces, room;
    uint32_t n_interest;
    struct ip_addr *interest; /* owned */
};

/* What a message means for what is not in it. */
enum snapshot_hint {
    SNAPSHOT_READ_ADDRS = 1 << 0, /* addresses must be dumped again */
    SNAPSHOT_READ_ROUTES =
        1 << 1, /* routes vanished without a message of their own (IPv4), or an interesting one changed */
};

void snapshot_clear(struct snapshot *snapshot);
struct iface *snapshot_find(const struct snapshot *snapshot, int ifindex);
int snapshot_set_interest(struct snapshot *snapshot, uint32_t n_addrs, const struct ip_addr *addrs);

/* RTM_NEWLINK, RTM_DELLINK; RTM_NEWADDR, RTM_DELADDR. Hints, or negative errno. */
int snapshot_link(struct snapshot *snapshot, const struct nlmsghdr *header);
int snapshot_addr(struct snapshot *snapshot, const struct nlmsghdr *header);

/* Unicast, main table, and a default route or one that contains an address of interest. */
bool snapshot_wants_route(const struct snapshot *snapshot, const struct route *route);
void snapshot_add_route(struct snapshot *snapshot, const struct route *route);

/* Around whole dumps. */
void snapshot_begin_links(struct snapshot *snapshot);
void snapshot_end_links(struct snapshot *snapshot); /* forgets what was not in the dump */
void snapshot_forget_addrs(struct snapshot *snapshot);
void snapshot_forget_routes(struct snapshot *snapshot);

/* Whole, zeroed where unused, without the interface of that name; when there are too many the ones with a default route first. */
void snapshot_to_set(const struct snapshot *snapshot, const char *own_name, struct link_set *ret);
