/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the wire looked like last, where the kernel carries the packets and there are only its counters to be looked at: gives the same marks
 * (struct traffic) as a data path of our own, and decides when to look. While nothing is sent there is no look at all: the next outbound
 * packet is waited for, and it alone begins a round of looks, one a GAUGE_FLOW_USEC at most, which ends with the traffic.
 *   waiting     an outbound packet comes: is it answered within GAUGE_LOOK?  no: reported.  yes: waiting again, or flow
 *   flow        something goes out: has something come in since the last look?  no: reported.  yes: look again
 * A report says since when, not that the path is dead: whoever judges gives an answer the rest of its time. Between two looks the order is
 * not known, so a path can have died as early as two looks ago; GAUGE_LOOK is so short that it is found dead within 5 s all the same.
 * Never reads a counter or a clock, never judges the path: that is pathwatch.h.
 */
#include "core/event.h"

#include <stdbool.h>

#define GAUGE_LOOK_USEC MSEC(600)
#define GAUGE_ANSWER_USEC                                                                                    \
    MSEC(300) /* what an answer still gets that was perhaps on its way at the last look */

/* The tunnel interface's counters, ever growing. */
struct gauge_reading {
    uint64_t rx_packets, tx_packets;
};

enum gauge_phase {
    GAUGE_PHASE_OFF,     /* nothing is to be reported */
    GAUGE_PHASE_WAITING, /* for the next outbound packet */
    GAUGE_PHASE_FIRST,
    GAUGE_PHASE_FLOW,
};

struct gauge {
    enum gauge_phase phase;
    bool one_counts_late;      /* the packet that was told may not have been counted yet */
    struct gauge_reading last; /* at the last look */
    usec_t read_at_usec;
    usec_t look_at_usec;
    struct traffic traffic;
};

/* No tunnel stands, or a new one: nothing waits for an answer, nothing is reported. */
void gauge_reset(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading);

/* The next packet that stays unanswered is to be reported. */
void gauge_watch(struct gauge *gauge, usec_t now_usec);
void gauge_unwatch(struct gauge *gauge);

/* Is the next outbound packet to be told by gauge_packet()? */
bool gauge_is_waiting(const struct gauge *gauge);
void gauge_packet(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading);

/* When to look next; USEC_INFINITY: never. */
usec_t gauge_deadline(const struct gauge *gauge);

/* A look, due or not (status and keepalives look too). True: something is unanswered and must be reported now; the watch ends with it. */
bool gauge_look(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading);

/* Something of IKE's, authenticated, came. */
void gauge_note_in(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading);
