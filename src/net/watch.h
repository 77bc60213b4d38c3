/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Listening to rtnetlink: turns notifications into a current snapshot and into doubts, and settles doubts about links, addresses and routes
 * by dumps. Never changes anything in the kernel and judges nothing of ours (that is apply.h).
 */
#include "net/state.h"

int watch_open(struct channel *events);

/* All notifications that are there; lost ones raise every doubt. */
int watch_read(struct net *net);

/* Dumps what is in doubt; a doubt stays where the dump failed or was interrupted too often. */
int watch_settle(struct net *net);
