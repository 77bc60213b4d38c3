/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The sockets of NAT probing: a slot is one UDP socket, that is, one mapping. It is opened, marked and bound to its link with the slot's first
 * request, and lives until it is closed. Matches answers to requests by transaction, whichever slot they come to, and believes only the
 * server that was asked.
 * Never decides when to ask or what an answer means, never asks again, has no timer.
 */
#include "core/action.h"
#include "core/event.h"

struct sd_event; /* of libsystemd */

/* A socket that gets so much that is no answer, after one request, is closed: somebody lies, and every datagram is a wake-up. */
#define PROBER_GARBAGE_MAX 16

struct prober;

/* Called from the loop with EVENT_PROBE_ANSWER or EVENT_PROBE_FAILED; never from inside the functions below. It may call any of them. */
typedef void (*prober_callback)(void *userdata, const struct event *event);

int prober_new(struct sd_event *loop, uint32_t mark, prober_callback callback, void *userdata, struct prober **ret);
void prober_free(struct prober *prober);

/*
 * ACTION_PROBE_SEND. A slot that is asked to leave by another link, from another address or in another family gets a new socket. 0, or negative
 * errno: nothing left (and a socket that was opened for this is closed again).
 */
int prober_send(struct prober *prober, const struct probe_send *request);

void prober_close(struct prober *prober, uint32_t slot); /* ACTION_PROBE_CLOSE, PROBE_SLOT_ALL too */
void prober_set_mark(struct prober *prober, uint32_t mark); /* of open sockets, too: their mappings live on */
