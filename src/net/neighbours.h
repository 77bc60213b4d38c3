/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Watches the neighbours that outer packets are handed to, and says when one of them does not answer on its link any more. All other neighbours
 * are kept out by a filter in the kernel: however they come and go, they neither wake mvpnd nor fill its buffer.
 * Never probes and never dumps: the kernel finds out when somebody sends, and only then does it matter.
 */
#include "core/routing.h"
#include "net/channel.h"

struct neighbours {
    struct channel events;
    uint32_t n_watched;
    struct neighbour watched[ROUTING_OUTER_MAX];
    uint32_t lost; /* one bit per watched one, until it is popped */
};

int neighbours_open(struct neighbours *ret);
void neighbours_close(struct neighbours *neighbours);

/* From here on those of this routing; nothing is done where they are the same. On failure it stays with those before. */
int neighbours_follow(struct neighbours *neighbours, const struct routing *routing);

int neighbours_read(struct neighbours *neighbours);

bool neighbours_pop(struct neighbours *neighbours, struct neighbour *ret);
