/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * When is a tunnel that is only wanted on demand left alone long enough? Application traffic resets the span, at no cost per packet: the last
 * moment is looked at when the span is over. Keepalives, IKE and link-local noise do not count. Never wakes a sleeping device, never reads a
 * clock.
 */
#include "base/usec.h"

#include <stdbool.h>

#define IDLE_SLACK_PERCENT 5 /* upwards: nobody waits for it */

struct idle {
    usec_t timeout_usec; /* 0: not watched */
    usec_t last_inner_at_usec;
};

void idle_start(struct idle *idle, usec_t now_usec, usec_t timeout_usec);
void idle_stop(struct idle *idle);

/* The deadline passed, and the last inner packet was seen at last_inner: true when it has been idle for the whole span. */
bool idle_over(struct idle *idle, usec_t now_usec, usec_t last_inner_at_usec);

/* USEC_INFINITY: not watched. */
usec_t idle_deadline(const struct idle *idle, usec_t *ret_slack_usec);
