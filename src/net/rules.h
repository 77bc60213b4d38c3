/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpn's routing policy rules (killswitch.md, layer 2), for every family that the kernel has: computes them from a `struct routing`, makes
 * them so by difference, finds ones that are missing or left over. Touches no rule that is not mvpn's.
 */
#include "core/routing.h"
#include "net/channel.h"

#define TABLE_TUNNEL 19798
#define TABLE_BASE   19799

/* A notification about a rule of ours? */
bool rules_concerned(const struct nlmsghdr *header);

/* Adds what is missing, then removes what is too much. */
int rules_apply(struct channel *channel, const struct routing *routing, bool ipv6);

/* All of ours, whatever the configuration was when they were made. */
int rules_remove(struct channel *channel, bool ipv6);

/* 1: all there; 0: some are missing; or negative errno. */
int rules_present(struct channel *channel, const struct routing *routing, bool ipv6);
