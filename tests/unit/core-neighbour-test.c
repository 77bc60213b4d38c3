/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The base link's router does not answer on its link any more: a liveness check at once, also while the tunnel is idle, and then the way of
 * every dead path. Word of any other neighbour, or word that is out of date, costs at most one packet and moves nothing.
 */
#include "base/macro.h"
#include "core/pathwatch.h"
#include "support/core-fixture.h"

#define ROUTER_ETH0  "192.0.2.1"
#define ROUTER_WWAN0 "10.64.0.9"

static void lost(struct fixture *f, int ifindex, const char *addr)
{
    fx(f, &(struct event){ .type = EVENT_NEIGHBOUR_LOST, .neighbour = { ifindex, addr_of(addr) } });
}

/* Connected over eth0 without NAT, so without keepalives, and idle: no deadline, until something is reported. */
static void to_idle(struct fixture *f)
{
    fixture_init(f);
    f->nat = false;
    fx_reach(f, STATE_CONNECTED);
    fx_links(f, 2, (struct link[]){ eth0(), wwan0() });
    fx_sleep(f, SEC(60));
    CHECK(f->mirror.deadline.at_usec == USEC_INFINITY);
}

static void answer_check(struct fixture *f)
{
    CHECK(fx_did(f, ACTION_IKE_LIVENESS));
    fx_sleep(f, MSEC(60));
    f->mirror.traffic.last_in_at_usec = f->mirror.now_usec;
}

static void idle_tunnel_leaves_a_lost_router(void)
{
    struct fixture f;
    usec_t from_usec;

    to_idle(&f);
    from_usec = f.mirror.now_usec;
    lost(&f, ETH0, ROUTER_ETH0);
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    fx_advance(&f, SEC(1));
    CHECK(f.mirror.migrating);
    CHECK_EQ(f.mirror.migrate.ifindex, WWAN0);
    CHECK_LE(f.mirror.now_usec - from_usec, SEC(1));
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], 1);
    fx_moved(&f, true);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    CHECK(f.mirror.watching);
    lost(&f, ETH0, ROUTER_ETH0); /* it is the router no more */
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    lost(&f, WWAN0, ROUTER_WWAN0);
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
    fixture_done(&f);
}

static void without_mobike_a_new_sa_elsewhere(void)
{
    struct fixture f;

    fixture_init(&f);
    f.mobike = false;
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 2, (struct link[]){ eth0(), wwan0() });
    fx_sleep(&f, SEC(5));
    lost(&f, ETH0, ROUTER_ETH0);
    fx_advance(&f, MSEC(3400));
    CHECK_STATE(&f, STATE_CONNECTING, REASON_PATH_DEAD);
    if (CHECK_EQ(f.mirror.n_requests, 1))
        CHECK_EQ(f.mirror.requests[0].ifindex, WWAN0);
    fixture_done(&f);
}

/* The only link: the tunnel is given up, and tried again until the router is back. */
static void only_link_is_tried_again(void)
{
    struct fixture f;
    usec_t from_usec;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_sleep(&f, SEC(5));
    from_usec = f.mirror.now_usec;
    lost(&f, ETH0, ROUTER_ETH0);
    while (fx_state(&f) == STATE_CONNECTED && f.mirror.now_usec < from_usec + SEC(20))
        fx_advance(&f, MSEC(50));
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PATH_DEAD);
    CHECK_LE(f.mirror.now_usec - from_usec, MSEC(3500));
    lost(&f, ETH0, ROUTER_ETH0); /* nothing stands that could be checked */
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    fx_advance(&f, fx_retry_in(&f));
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    lost(&f, ETH0, ROUTER_ETH0);
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    fx_resolvers(&f, 1, (const char *const[]){ ROUTER_ETH0 });
    fx_resolved(&f, 1, (const char *const[]){ GATEWAY });
    fx_established(&f);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    fixture_done(&f);
}

/* The kernel's word was old, or the router is one that answers late: one check each, at most every ten seconds, and nothing moves. */
static void stale_word_moves_nothing(void)
{
    struct fixture f;
    usec_t until_usec;

    to_idle(&f);
    until_usec = f.mirror.now_usec + HOURS(1);
    while (f.mirror.now_usec < until_usec) {
        lost(&f, ETH0, ROUTER_ETH0);
        if (fx_did(&f, ACTION_IKE_LIVENESS))
            answer_check(&f);
        fx_advance(&f, SEC(1));
        if (!CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED))
            break;
    }
    CHECK_EQ(f.mirror.status.base_link.ifindex, ETH0);
    CHECK_GE(f.mirror.n_done[ACTION_IKE_LIVENESS], 300);
    CHECK_LE(f.mirror.n_done[ACTION_IKE_LIVENESS], 360);
    CHECK(f.mirror.watching);
    fx_sleep(&f, SEC(30));
    fx_unanswered(&f, MSEC(1200)); /* none of it has taught patience with silence */
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
    fixture_done(&f);
}

static void one_check_at_a_time(void)
{
    struct fixture f;

    to_idle(&f);
    lost(&f, ETH0, ROUTER_ETH0);
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
    for (int i = 0; i < 5; i++) {
        fx_sleep(&f, MSEC(100));
        lost(&f, ETH0, ROUTER_ETH0);
        CHECK_EQ(f.mirror.actions.n_actions, 0);
    }
    fx_sleep(&f, MSEC(100));
    fx_unanswered(&f, MSEC(1200)); /* silence of traffic at the same time: the same check */
    CHECK(!fx_did(&f, ACTION_IKE_LIVENESS));
    fx_advance(&f, MSEC(300));
    CHECK(f.mirror.migrating);
    fixture_done(&f);
}

/* Whose loss means nothing: they cost neither a packet nor a timer. */
static void others_cost_nothing(void)
{
    static const struct {
        const char *what;
        int ifindex;
        const char *addr;
    } table[] = {
        { "a host of the LAN", ETH0, "192.0.2.77" },
        { "the other link's router", WWAN0, ROUTER_WWAN0 },
        { "the router's address elsewhere", WWAN0, ROUTER_ETH0 },
        { "the gateway itself, which is not on the link", ETH0, GATEWAY },
        { "the router's other family", ETH0, "fe80::1" },
        { "no link", 0, ROUTER_ETH0 },
    };
    struct fixture f;

    to_idle(&f);
    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        test_context("%s", table[i].what);
        lost(&f, table[i].ifindex, table[i].addr);
        CHECK_EQ(f.mirror.actions.n_actions, 0);
        CHECK(f.mirror.deadline.at_usec == USEC_INFINITY);
    }
    fixture_done(&f);
}

/* A gateway on the link itself has no router before it. */
static void gateway_on_the_link(void)
{
    struct fixture f;
    struct link link = eth0();

    link.routes[link.n_routes++] =
        (struct link_route){ .destination = prefix_of("203.0.113.0/24"), .metric = 100 };
    link.addrs[link.n_addrs++] = (struct link_addr){ addr_of("203.0.113.77"), 24 };
    fixture_init(&f);
    fx_links(&f, 1, &link);
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, (const char *const[]){ ROUTER_ETH0 });
    fx_resolved(&f, 1, (const char *const[]){ GATEWAY });
    fx_established(&f);
    lost(&f, ETH0, ROUTER_ETH0);
    CHECK(!fx_did(&f, ACTION_IKE_LIVENESS));
    lost(&f, ETH0, GATEWAY);
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
    fixture_done(&f);
}

static void not_while_moving_or_leaving(void)
{
    struct fixture f;

    to_idle(&f);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    CHECK(f.mirror.migrating);
    lost(&f, WWAN0, ROUTER_WWAN0);
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    fx_moved(&f, true);
    fx_simple(&f, EVENT_DISCONNECT);
    lost(&f, WWAN0, ROUTER_WWAN0);
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    fixture_done(&f);
}

/* A one-way stream has made checks rare; a lost router does not wait for the next. */
static void patience_with_one_way_streams_does_not_hold_it_up(void)
{
    struct pathwatch w;
    struct traffic traffic = { .last_in_at_usec = SEC(90) };
    usec_t now_usec = SEC(100);

    pathwatch_reset(&w);
    for (int i = 0; i < 8; i++) {
        traffic.unanswered_at_usec = now_usec;
        if (pathwatch_judge(&w, now_usec + MSEC(1200), &traffic) == PATH_VERDICT_WAIT)
            CHECK_EQ(pathwatch_judge(&w, pathwatch_deadline(&w), &traffic), PATH_VERDICT_CHECK);
        now_usec = pathwatch_deadline(&w);
        traffic.last_in_at_usec = now_usec - MSEC(10);
        CHECK_EQ(pathwatch_judge(&w, now_usec, &traffic), PATH_VERDICT_ALIVE);
    }
    traffic.unanswered_at_usec = now_usec + SEC(20);
    CHECK_EQ(pathwatch_judge(&w, now_usec + SEC(22), &traffic), PATH_VERDICT_WAIT);
    CHECK_GE(pathwatch_deadline(&w), now_usec + MINUTES(2));
    now_usec += SEC(30);
    CHECK(pathwatch_alarm(&w, now_usec));
    CHECK(!pathwatch_alarm(&w, now_usec + MSEC(1)));
    CHECK_EQ(pathwatch_deadline(&w), now_usec + MSEC(800));
    CHECK_EQ(pathwatch_judge(&w, now_usec + MSEC(800), &traffic), PATH_VERDICT_MOVE);
    CHECK_EQ(pathwatch_judge(&w, now_usec + MSEC(3300), &traffic), PATH_VERDICT_DEAD);
}

/* What came in before the alarm says nothing about what is after it. */
static void only_later_inbound_clears_an_alarm(void)
{
    struct pathwatch w;

    pathwatch_reset(&w);
    CHECK(pathwatch_alarm(&w, SEC(100)));
    CHECK_EQ(pathwatch_judge(&w, MSEC(100800), &(struct traffic){ .last_in_at_usec = SEC(100) }),
        PATH_VERDICT_MOVE);
    CHECK_EQ(pathwatch_judge(&w, MSEC(100900), &(struct traffic){ .last_in_at_usec = SEC(100) + 1 }),
        PATH_VERDICT_ALIVE);
    CHECK(pathwatch_deadline(&w) == USEC_INFINITY);
    CHECK(!pathwatch_alarm(&w, SEC(105)));
    CHECK(pathwatch_deadline(&w) == USEC_INFINITY);
    CHECK(pathwatch_alarm(&w, SEC(111)));
}

static const struct test tests[] = {
    TEST(idle_tunnel_leaves_a_lost_router),
    TEST(without_mobike_a_new_sa_elsewhere),
    TEST(only_link_is_tried_again),
    TEST(stale_word_moves_nothing),
    TEST(one_check_at_a_time),
    TEST(others_cost_nothing),
    TEST(gateway_on_the_link),
    TEST(not_while_moving_or_leaving),
    TEST(patience_with_one_way_streams_does_not_hold_it_up),
    TEST(only_later_inbound_clears_an_alarm),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
