/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Shared by handset.c (what happens when) and handset_wire.c (what is sent).
 */
#include "sim/handset.h"

bool handset_tell(struct handset *h, const struct event *event); /* and carries out what the core wants; false: an invariant broke */
void handset_do_action(struct handset *h, const struct action *action);

bool handset_is_here(const struct handset *h, enum place place);
enum place handset_tunnel_place(const struct handset *h); /* that the tunnel is in, or moves to; NO_PLACE */

/* `ours`: because of mvpn; else an application's. */
void handset_on_air(struct handset *h, bool ours);
void handset_transmit(struct handset *h, enum place place, uint32_t inside, uint32_t tag, uint16_t response_port, bool stun);

bool handset_exchange_due(struct handset *h);
bool handset_answer_exchange(struct handset *h, const struct nat_packet *packet);
