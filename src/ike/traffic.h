/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the wire looked like last: moments of outer and inner packets, and whether something sent stays unanswered. Written by the threads
 * of the data path and of libcharon, read by the daemon's; single moments, no history, no lock.
 * Never judges the path: that is core/pathwatch.
 */
#include "core/event.h"
#include "core/pathwatch.h"

#include <stdatomic.h>

struct traffic_marks {
    _Atomic usec_t last_out_at_usec;
    _Atomic usec_t last_in_at_usec;
    _Atomic usec_t last_inner_at_usec;
    _Atomic usec_t unanswered_at_usec;
    atomic_bool watched; /* the next unanswered packet is to be reported */
};

void traffic_reset(struct traffic_marks *marks);
void traffic_out(struct traffic_marks *marks, usec_t now_usec); /* an outer packet left */
void traffic_in(struct traffic_marks *marks, usec_t now_usec);  /* something authenticated arrived */
void traffic_inner(struct traffic_marks *marks, usec_t now_usec); /* an application's packet passed, either way */
void traffic_inner_out(
    struct traffic_marks *marks, usec_t now_usec); /* an inner packet left and waits for an answer */
void traffic_read(const struct traffic_marks *marks, struct traffic *ret);

/* When the watcher must look again: milliseconds for poll(), -1: only after the next packet. */
int traffic_timeout_msec(const struct traffic_marks *marks, usec_t now_usec);

/* True once when a watched packet has been unanswered for PATHWATCH_NOTICE_USEC: the watch ends with it. */
bool traffic_notice(struct traffic_marks *marks, usec_t now_usec);
