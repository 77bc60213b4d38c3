/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gauge in virtual time: a small world of packets in both directions, looked at only when the gauge asks. How many looks it costs, when
 * something unanswered is reported, and that nothing at all happens while nothing is sent.
 */
#include "base/macro.h"
#include "base/prng.h"
#include "core/gauge.h"
#include "core/pathwatch.h"
#include "support/test.h"

struct world {
    struct gauge gauge;
    struct gauge_reading counters;
    usec_t now_usec;
    unsigned n_wakes;
    usec_t reported_at_usec; /* 0: not */
};

static void look_if_due(struct world *w)
{
    if (w->now_usec < gauge_deadline(&w->gauge))
        return;
    w->n_wakes++;
    if (gauge_look(&w->gauge, w->now_usec, &w->counters))
        w->reported_at_usec = w->now_usec;
}

/* Time passes; what is due in between is done at its moment. */
static void pass(struct world *w, usec_t span_usec)
{
    usec_t end_usec = w->now_usec + span_usec;

    while (gauge_deadline(&w->gauge) <= end_usec) {
        w->now_usec = MAX_OF(gauge_deadline(&w->gauge), w->now_usec);
        look_if_due(w);
    }
    w->now_usec = end_usec;
}

/* counted_late: the tap tells before the interface counts, as the kernel does it. */
static void send_out(struct world *w, bool counted_late)
{
    bool waits = gauge_is_waiting(&w->gauge);

    if (!counted_late)
        w->counters.tx_packets++;
    if (waits) {
        w->n_wakes++;
        gauge_packet(&w->gauge, w->now_usec, &w->counters);
    }
    if (counted_late)
        w->counters.tx_packets++;
}

static void receive(struct world *w)
{
    w->counters.rx_packets++;
}

static void begin(struct world *w)
{
    *w = (struct world){ .now_usec = SEC(100), .counters = { .rx_packets = 7, .tx_packets = 9 } };
    gauge_reset(&w->gauge, w->now_usec, &w->counters);
    gauge_watch(&w->gauge, w->now_usec);
}

static void nothing_wakes_while_nothing_is_sent(void)
{
    struct world w;

    begin(&w);
    for (unsigned i = 0; i < 100000; i++) {
        pass(&w, SEC(1));
        receive(&w); /* what comes unasked is no reason either */
    }
    CHECK_EQ(w.n_wakes, 0);
    CHECK_EQ(gauge_deadline(&w.gauge), USEC_INFINITY);
    CHECK_EQ(w.reported_at_usec, 0);
}

static void a_packet_that_is_answered_costs_two_wakes(void)
{
    for (unsigned late = 0; late < 2; late++) {
        struct world w;

        begin(&w);
        for (unsigned i = 0; i < 100; i++) {
            send_out(&w, late == 1);
            pass(&w, MSEC(60));
            receive(&w);
            pass(&w, SEC(30));
        }
        CHECK_EQ(w.n_wakes, 200);
        CHECK_EQ(w.reported_at_usec, 0);
    }
}

static void one_packet_a_second_costs_two_wakes_a_packet(void)
{
    struct world w;

    begin(&w);
    for (unsigned i = 0; i < 1000; i++) {
        send_out(&w, true);
        pass(&w, MSEC(60));
        receive(&w);
        pass(&w, MSEC(940));
    }
    CHECK_LE(w.n_wakes, 2000);
    CHECK_EQ(w.reported_at_usec, 0);
}

static void a_busy_flow_costs_a_wake_each_look(void)
{
    struct world w;

    begin(&w);
    for (unsigned i = 0; i < 60000; i++) {
        send_out(&w, true);
        receive(&w);
        pass(&w, MSEC(1));
    }
    CHECK_LE(w.n_wakes, SEC(60) / GAUGE_LOOK_USEC + 2);
    CHECK_EQ(w.reported_at_usec, 0);
    pass(&w, SEC(3));
    CHECK(gauge_is_waiting(&w.gauge)); /* and ends with it */
    CHECK_LE(w.n_wakes, SEC(60) / GAUGE_LOOK_USEC + 4);
}

static void a_first_packet_without_answer_is_reported_exactly(void)
{
    struct world w;
    usec_t sent_usec;

    begin(&w);
    pass(&w, SEC(5));
    sent_usec = w.now_usec;
    send_out(&w, true);
    pass(&w, SEC(10));
    CHECK_EQ(w.reported_at_usec, sent_usec + GAUGE_LOOK_USEC);
    CHECK_EQ(w.gauge.traffic.unanswered_at_usec, sent_usec);
    CHECK_EQ(gauge_deadline(&w.gauge), USEC_INFINITY); /* reported once */
}

/* What core/pathwatch makes of it: the check, and the end. */
static usec_t claim_of(const struct world *w)
{
    return MAX_OF(w->gauge.traffic.unanswered_at_usec, w->reported_at_usec - PATHWATCH_NOTICE_USEC);
}

static usec_t check_at(const struct world *w)
{
    return claim_of(w) + PATHWATCH_NOTICE_USEC;
}

static usec_t dead_at(const struct world *w)
{
    return claim_of(w) + PATHWATCH_DEAD_USEC;
}

/* Flows of all paces whose answers end at a random moment: the report comes soon enough for pathwatch to be done within 5 s. */
static void a_flow_that_dies_is_reported_in_time(void)
{
    struct prng prng;

    prng = (struct prng){ .state = 20260101 };
    for (unsigned round = 0; round < 2000; round++) {
        usec_t step_usec = MSEC(1) + prng_between(&prng, 0, MSEC(400));
        unsigned n_alive = 1 + (unsigned)prng_between(&prng, 1, 40);
        usec_t first_usec = 0;
        struct world w;

        test_context("round %u, every %" PRIu64 " us, %u answered", round, step_usec, n_alive);
        begin(&w);
        for (unsigned i = 0; w.reported_at_usec == 0 && i < 20000; i++) {
            send_out(&w, prng_between(&prng, 1, 2) == 1);
            if (i < n_alive)
                receive(&w);
            else if (first_usec == 0)
                first_usec = w.now_usec;
            pass(&w, step_usec);
        }
        if (!CHECK(first_usec != 0 && w.reported_at_usec != 0))
            return;
        CHECK_LE(w.reported_at_usec, first_usec + step_usec + 2 * GAUGE_LOOK_USEC);
        CHECK_LE(dead_at(&w), first_usec + step_usec + SEC(5));
        CHECK_GE(check_at(&w), first_usec + GAUGE_ANSWER_USEC); /* an answer had at least this time to come */
    }
    test_context("%s", "");
}

static void an_answer_of_ike_counts(void)
{
    struct world w;

    begin(&w);
    send_out(&w, true);
    pass(&w, MSEC(500));
    gauge_note_in(&w.gauge, w.now_usec, &w.counters);
    pass(&w, SEC(10));
    CHECK_EQ(w.reported_at_usec, 0);
    CHECK(gauge_is_waiting(&w.gauge));
}

/* A keepalive may come too soon, never too late: the moment is never later than the packet's. */
static void the_last_outbound_moment_is_never_too_late(void)
{
    struct prng prng;
    struct world w;
    usec_t last_usec = 0;

    prng = (struct prng){ .state = 5 };
    begin(&w);
    for (unsigned i = 0; i < 20000; i++) {
        if (prng_between(&prng, 1, 3) == 1) {
            send_out(&w, prng_between(&prng, 1, 2) == 1);
            last_usec = w.now_usec;
        }
        if (prng_between(&prng, 1, 2) == 1)
            receive(&w);
        pass(&w, prng_between(&prng, 0, SEC(2)));
        if (prng_between(&prng, 1, 10) == 1)
            gauge_look(&w.gauge, w.now_usec, &w.counters);
        if (w.reported_at_usec) {
            w.reported_at_usec = 0;
            gauge_note_in(&w.gauge, w.now_usec, &w.counters);
            gauge_watch(&w.gauge, w.now_usec);
        }
        CHECK_LE(w.gauge.traffic.last_out_at_usec, last_usec);
    }
}

/* Either way it is use, and a look that finds none leaves the moment where it was. */
static void the_last_use_is_never_too_early(void)
{
    struct world w;
    usec_t used_at_usec;

    begin(&w);
    send_out(&w, true);
    CHECK_EQ(w.gauge.traffic.last_inner_at_usec, w.now_usec);
    pass(&w, MSEC(40));
    receive(&w);
    used_at_usec = w.now_usec;
    pass(&w, SEC(30));
    CHECK_GE(w.gauge.traffic.last_inner_at_usec, used_at_usec);
    CHECK_LE(w.gauge.traffic.last_inner_at_usec, used_at_usec + SEC(2));
    used_at_usec = w.gauge.traffic.last_inner_at_usec;
    gauge_look(&w.gauge, w.now_usec, &w.counters);
    CHECK_EQ(w.gauge.traffic.last_inner_at_usec, used_at_usec);
    receive(&w); /* what nobody asked for wakes nobody, and counts when somebody looks */
    pass(&w, SEC(30));
    gauge_look(&w.gauge, w.now_usec, &w.counters);
    CHECK_EQ(w.gauge.traffic.last_inner_at_usec, w.now_usec);
}

static void without_a_tunnel_nothing_is_reported(void)
{
    struct world w;

    begin(&w);
    send_out(&w, true);
    gauge_unwatch(&w.gauge);
    pass(&w, SEC(60));
    CHECK_EQ(w.n_wakes, 1);
    CHECK_EQ(w.reported_at_usec, 0);
    CHECK(!gauge_is_waiting(&w.gauge));
}

static void what_waits_already_is_reported_when_it_is_watched_again(void)
{
    struct world w;

    begin(&w);
    send_out(&w, true);
    pass(&w, SEC(2));
    CHECK_NE(w.reported_at_usec, 0);
    w.reported_at_usec = 0;
    gauge_watch(&w.gauge, w.now_usec);
    pass(&w, MSEC(1));
    CHECK_NE(w.reported_at_usec, 0);
}

static const struct test tests[] = {
    TEST(nothing_wakes_while_nothing_is_sent),
    TEST(a_packet_that_is_answered_costs_two_wakes),
    TEST(one_packet_a_second_costs_two_wakes_a_packet),
    TEST(a_busy_flow_costs_a_wake_each_look),
    TEST(a_first_packet_without_answer_is_reported_exactly),
    TEST(a_flow_that_dies_is_reported_in_time),
    TEST(an_answer_of_ike_counts),
    TEST(the_last_outbound_moment_is_never_too_late),
    TEST(the_last_use_is_never_too_early),
    TEST(without_a_tunnel_nothing_is_reported),
    TEST(what_waits_already_is_reported_when_it_is_watched_again),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
