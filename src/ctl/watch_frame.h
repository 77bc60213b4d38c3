/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What `mvpnctl watch` shows, as lines: status, rates with a small curve of the last minute, the last events. Pure: no terminal, no bus.
 */
#include "ctl/screen.h"

#include "base/usec.h"

struct json_object;

#define RATES_MAX  40 /* seconds of history */
#define EVENTS_MAX 8

struct rates {
    bool known;
    double rx_bytes, tx_bytes; /* counters at the last sample */
    usec_t at_usec;
    double rx_rate, tx_rate; /* bytes a second */
    unsigned n_history;
    double history[RATES_MAX]; /* both directions together, oldest first */
};

/* Counters that go back (a new tunnel) start anew. */
void rates_sample(struct rates *rates, struct json_object *status, usec_t now_usec);

struct watch_model {
    struct json_object *status; /* NULL: see absence */
    const char *absence; /* why there is no status, for people */
    struct rates rates;
    unsigned n_events;
    char *events[EVENTS_MAX]; /* oldest first */
};

void watch_frame_fill(const struct term *term, const struct watch_model *model, struct frame *ret);
