/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The contents of mvpn's two routing tables: computes them, makes them so by difference, finds what is missing. Everything in these tables
 * is ours; nothing in any other table is ever touched.
 */
#include "core/routing.h"
#include "net/channel.h"
#include "net/routemsg.h"

#define ROUTES_MAX (ROUTING_OUTER_MAX + POLICY_SUBNETS_MAX + 2)

struct route_list {
    unsigned n;
    struct route items[ROUTES_MAX];
};

/* Behind everything else in the tunnel's table, for every family: also without a tunnel. */
void routes_add_stop(struct route_list *list, bool ipv6);

/* The subnets of those families that the tunnel has an address of. */
void routes_add_tunnel(struct route_list *list, const struct routing *routing, int tunnel_ifindex);

/* The one way to one outside host. */
void routes_add_outer(struct route_list *list, const struct routing_outer *outer);

/* Makes the table hold exactly these: adds and replaces, then removes. First negative errno after having tried all. */
int routes_apply(struct channel *channel, uint32_t table, const struct route_list *wanted, bool ipv6);

/* 1: the table holds all of these; 0: some are missing; or negative errno. */
int routes_present(struct channel *channel, uint32_t table, const struct route_list *wanted, bool ipv6);
