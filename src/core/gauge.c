/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between two looks nobody knows the order of what happened. So the moment of an outbound packet is taken as early as it can have been (a
 * keepalive may come too soon, never too late), that of an inbound one as late, and so that of the last use. See gauge.h.
 */
#include "core/gauge.h"

#include "base/macro.h"
#include "core/pathwatch.h"

struct gauge_change {
    bool in, out;
};

static struct gauge_change take(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading)
{
    struct gauge_change change = {
        .in = reading->rx_packets != gauge->last.rx_packets,
        .out = reading->tx_packets > gauge->last.tx_packets + (gauge->one_counts_late ? 1 : 0),
    };

    gauge->one_counts_late = false;
    if (change.in || change.out)
        gauge->traffic.last_inner_at_usec = now_usec;
    if (change.out) {
        gauge->traffic.last_out_at_usec = MAX_OF(gauge->traffic.last_out_at_usec, gauge->read_at_usec);
        if (!change.in && gauge->traffic.unanswered_at_usec == 0)
            gauge->traffic.unanswered_at_usec = MAX_OF(gauge->read_at_usec, gauge->traffic.last_in_at_usec);
    }
    if (change.in) {
        gauge->traffic.last_in_at_usec = now_usec;
        gauge->traffic.unanswered_at_usec = 0;
    }
    gauge->last = *reading;
    gauge->read_at_usec = now_usec;
    return change;
}

static void enter(struct gauge *gauge, enum gauge_phase phase, usec_t look_at_usec)
{
    gauge->phase = phase;
    gauge->look_at_usec = look_at_usec;
}

void gauge_reset(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading)
{
    *gauge = (struct gauge){ .last = *reading, .read_at_usec = now_usec, .look_at_usec = USEC_INFINITY };
}

void gauge_watch(struct gauge *gauge, usec_t now_usec)
{
    if (gauge->traffic.unanswered_at_usec != 0) /* it waits already */
        enter(gauge, GAUGE_PHASE_FIRST,
            MAX_OF(now_usec, usec_add(gauge->traffic.unanswered_at_usec, GAUGE_LOOK_USEC)));
    else
        enter(gauge, GAUGE_PHASE_WAITING, USEC_INFINITY);
}

void gauge_unwatch(struct gauge *gauge)
{
    enter(gauge, GAUGE_PHASE_OFF, USEC_INFINITY);
    gauge->traffic.unanswered_at_usec = 0;
}

bool gauge_is_waiting(const struct gauge *gauge)
{
    return gauge->phase == GAUGE_PHASE_WAITING;
}

void gauge_packet(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading)
{
    if (gauge->phase != GAUGE_PHASE_WAITING)
        return;
    take(gauge, now_usec, reading);
    gauge->one_counts_late = true;
    gauge->traffic.last_out_at_usec = gauge->traffic.last_inner_at_usec = now_usec;
    gauge->traffic.unanswered_at_usec = now_usec;
    enter(gauge, GAUGE_PHASE_FIRST, usec_add(now_usec, GAUGE_LOOK_USEC));
}

usec_t gauge_deadline(const struct gauge *gauge)
{
    return gauge->look_at_usec;
}

static bool report(struct gauge *gauge)
{
    enter(gauge, GAUGE_PHASE_OFF, USEC_INFINITY);
    return true;
}

/* It may have been unanswered since two looks ago: as if it had been, but for the time that an answer on its way needs. */
static void claim_flow(struct gauge *gauge, usec_t now_usec)
{
    usec_t since_usec = usec_sub(now_usec, PATHWATCH_NOTICE_USEC - GAUGE_ANSWER_USEC);

    gauge->traffic.unanswered_at_usec = MIN_OF(gauge->traffic.unanswered_at_usec, since_usec);
}

bool gauge_look(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading)
{
    bool flows = take(gauge, now_usec, reading).out;
    bool unanswered = gauge->traffic.unanswered_at_usec != 0;

    if (now_usec < gauge->look_at_usec || gauge->phase == GAUGE_PHASE_OFF ||
        gauge->phase == GAUGE_PHASE_WAITING)
        return false;
    if (unanswered) {
        if (gauge->phase == GAUGE_PHASE_FLOW)
            claim_flow(gauge, now_usec);
        return report(gauge);
    }
    if (flows)
        enter(gauge, GAUGE_PHASE_FLOW, usec_add(now_usec, GAUGE_LOOK_USEC));
    else
        enter(gauge, GAUGE_PHASE_WAITING, USEC_INFINITY);
    return false;
}

void gauge_note_in(struct gauge *gauge, usec_t now_usec, const struct gauge_reading *reading)
{
    take(gauge, now_usec, reading); /* what went out before is answered by it, what goes out later is not */
    gauge->traffic.last_in_at_usec = now_usec;
    gauge->traffic.unanswered_at_usec = 0;
}
