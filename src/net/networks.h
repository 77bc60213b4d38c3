/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which network each base link is on (link.network), once its router is known by its link-layer address. The router is asked for when packets
 * are to be handed to it, and usually known with the first of them; a link that loses its carrier forgets where it was.
 */
#include "net/state.h"

/* What the routers that are watched tell, and what has to be asked of them. 0 or negative errno. */
int networks_settle(struct net *net);
