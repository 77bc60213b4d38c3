/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Watches the neighbours that outer packets are handed to, and says when one of them does not answer on its link any more; of a router it also
 * finds out the link-layer address, once, where that is wanted. All other neighbours, and all else that happens to these, are kept out by a
 * filter in the kernel: however they come and go, they neither wake mvpnd nor fill its buffer.
 * Never probes and never dumps: the kernel finds out when somebody sends, and only then does it matter.
 */
#include "core/routing.h"
#include "net/channel.h"
#include "net/networkid.h"

struct neighbours {
    struct channel events;
    uint32_t n_watched;
    struct neighbour watched[ROUTING_OUTER_MAX];
    /* one bit per watched one */
    uint32_t lost; /* until it is popped */
    uint32_t routers; /* not hosts on the link itself */
    uint32_t wanted, learned; /* its link-layer address: waited for; here, until it is popped */
    struct link_layer_addr addrs[ROUTING_OUTER_MAX];
};

int neighbours_open(struct neighbours *ret);
void neighbours_close(struct neighbours *neighbours);

/* From here on those of this routing; nothing is done where they are the same. On failure it stays with those before. */
int neighbours_follow(struct neighbours *neighbours, const struct routing *routing);

int neighbours_read(struct neighbours *neighbours);

/*
 * The link-layer addresses of these routers are wanted (one bit per watched one), and no others any more: what the kernel knows already, asked
 * over `calls`, or else as soon as it knows. Come by neighbours_pop_learned(); until then the kernel's every word about these is heard.
 */
int neighbours_want(struct neighbours *neighbours, struct channel *calls, uint32_t wanted);
bool neighbours_pop_learned(struct neighbours *neighbours, struct neighbour *ret, struct link_layer_addr *ret_addr);

bool neighbours_pop(struct neighbours *neighbours, struct neighbour *ret);
