/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Makes net->routing so, or takes everything of ours away, in an order that never opens a way; and tells whether it still is so. The rooms
 * rules, routes, tunnel and sysctl know how; here is only when.
 */
#include "net/state.h"

/* First negative errno after having tried the rest. */
int apply_all(struct net *net);
int apply_nothing(struct net *net);

/* The tunnel's share alone, for a device that was just made. */
int apply_tunnel(struct net *net);

/* 1: rules, routes and settings that can be there are there; 0: somebody took some away; or negative errno. */
int apply_check(struct net *net);

/* The same for the tunnel interface. */
int apply_check_tunnel(struct net *net);
