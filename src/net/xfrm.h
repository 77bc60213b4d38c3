/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The kernel's IPsec as far as the network's configuration goes: the tunnel interface of kind xfrm, what this kernel can do (tried, never
 * guessed from its version), and the removal of SAs and policies with mvpn's interface id, whoever left them. Never makes an SA that carries
 * traffic: that is src/ike's.
 */
#include "core/kernelesp.h"
#include "net/channel.h"

/* A device of kind xfrm, down, for the packets of `if_id`. -EOPNOTSUPP: the kernel has none; -EEXIST: name or id are taken. */
int xfrm_create_interface(struct channel *route_channel, const char *name, uint32_t if_id);

/* Nothing of it remains; an interface is not even made where the kernel judges the request first (5.16). */
void xfrm_probe(struct channel *route_channel, struct kernel_esp *ret);

/* Deletes every SA and policy of that interface id. A kernel without IPsec has none: 0. */
int xfrm_clear(uint32_t if_id);
