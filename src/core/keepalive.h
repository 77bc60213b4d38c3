/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * When the next NAT keepalive (RFC 3948, 2.3) is due. Every outbound packet resets the timer, at no cost per packet: the last outbound time is
 * looked at when the timer fires. Never sends, never reads a clock.
 */
#include "base/usec.h"

#include <stdbool.h>

#define KEEPALIVE_SLACK_PERCENT 5 /* downwards only: the mapping must not be let go */

struct keepalive {
    usec_t interval_usec; /* 0: none are sent */
    usec_t last_out_at_usec;
    uint64_t n_sent;
    uint64_t n_suppressed;
};

/* A tunnel came up or its NAT situation changed: count from now. */
void keepalive_start(struct keepalive *keepalive, usec_t now_usec, usec_t interval_usec);
void keepalive_stop(struct keepalive *keepalive);

/* The timer fired, and the last outbound packet left at last_out: true when one must be sent now (it then counts as sent). */
bool keepalive_due(struct keepalive *keepalive, usec_t now_usec, usec_t last_out_at_usec);

/* Before sleep, when no timer fires: true when one must be sent (it then counts as sent). */
bool keepalive_send_early(struct keepalive *keepalive, usec_t now_usec);

/* Earliest moment to fire, and how much later it may come. USEC_INFINITY: none. */
usec_t keepalive_deadline(const struct keepalive *keepalive, usec_t *ret_slack_usec);
