/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels that are not always there: on demand while roaming, and across sleep.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

/* ---- on demand ---- */

static void reach_on_demand(struct fixture *f)
{
    fx_reach(f, STATE_ARMED);
    fx_simple(f, EVENT_DEMAND);
    CHECK_STATE(f, STATE_CONNECTING, REASON_DEMAND);
    fx_answer_name(f);
    fx_established(f);
}

/* The gateway is told, and while it is, its opening stays; until then nothing else than the tunnel's interface changes. */
static void idle_says_goodbye_and_arms(void)
{
    struct fixture f;
    struct ip_addr addr;

    fixture_init(&f);
    reach_on_demand(&f);
    CHECK(f.mirror.status.on_demand);
    addr = f.mirror.routing.addrs[0];
    while (fx_state(&f) == STATE_CONNECTED)
        fx_advance(&f, SEC(1));
    CHECK_STATE(&f, STATE_DISCONNECTING, REASON_IDLE);
    CHECK(fx_did(&f, ACTION_IKE_TERMINATE));
    CHECK_EQ(f.mirror.lockdown.n_gateways, 1);
    fx_closed(&f, REASON_NONE);
    CHECK_STATE(&f, STATE_ARMED, REASON_IDLE);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 0);
    CHECK(ip_addr_equal(&f.mirror.routing.addrs[0], &addr)); /* kept: what is bound to it goes on */
    CHECK(f.mirror.routing.n_subnets > 0);
    fx_simple(&f, EVENT_DEMAND);
    fx_answer_name(&f);
    CHECK(ip_addr_equal(&f.mirror.attempt.addrs[0], &addr)); /* and asked for again */
    fixture_done(&f);
}

static void a_wish_during_the_goodbye_connects(void)
{
    struct fixture f;

    fixture_init(&f);
    reach_on_demand(&f);
    while (fx_state(&f) == STATE_CONNECTED)
        fx_advance(&f, SEC(1));
    fx_simple(&f, EVENT_CONNECT);
    fx_closed(&f, REASON_NONE);
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    fixture_done(&f);
}

/* Before the gateway has given an address: one that no host has, and routes for what will be asked for. */
static void placeholders_until_there_is_an_address(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_ARMED);
    CHECK_EQ(f.mirror.routing.n_addrs, 2);
    CHECK_EQ(f.mirror.routing.n_subnets, 2);
    fx_simple(&f, EVENT_DEMAND);
    fx_answer_name(&f);
    CHECK_EQ(f.mirror.attempt.n_addrs, 0); /* it is not asked for */
    CHECK_EQ(f.mirror.routing.n_addrs, 2);
    fx_established(&f);
    CHECK_EQ(f.mirror.routing.n_addrs, 1);
    fixture_done(&f);
}

/* After a restart abroad: the last tunnel's addresses and name servers are there before the first packet, and asked for again. */
static void the_last_tunnel_is_remembered(void)
{
    struct event remembered = { .type = EVENT_REMEMBERED };
    struct link link = wwan0();
    struct fixture f;

    fixture_init(&f);
    reach_on_demand(&f);
    CHECK(f.mirror.n_remembered > 0);
    remembered.tunnel = f.mirror.status.tunnel;
    fixture_done(&f);

    link.roaming = true;
    fixture_boot(&f, &remembered, &link);
    CHECK_STATE(&f, STATE_ARMED, REASON_ON_DEMAND);
    CHECK_EQ(f.mirror.routing.n_addrs, remembered.tunnel.n_addrs);
    CHECK(ip_addr_equal(&f.mirror.routing.addrs[0], &remembered.tunnel.addrs[0]));
    CHECK_EQ(f.mirror.dns.n_servers, remembered.tunnel.n_dns);
    fx_simple(&f, EVENT_DEMAND);
    fx_answer_name(&f);
    CHECK(ip_addr_equal(&f.mirror.attempt.addrs[0], &remembered.tunnel.addrs[0]));
    fx_established(&f);
    fx_simple(&f, EVENT_DISABLE);
    fx_closed(&f, REASON_NONE);
    CHECK_EQ(fx_state(&f), STATE_DISABLED);
    CHECK_EQ(f.mirror.n_remembered, 0); /* off is off */
    fixture_done(&f);
}

/* A gateway that refuses or is silent is not asked more often because programs send all the time. */
static void demand_does_not_defeat_the_backoff(void)
{
    struct fixture f;
    unsigned n_attempts = 0;

    fixture_init(&f);
    fx_reach(&f, STATE_ARMED);
    for (usec_t end_usec = f.mirror.now_usec + HOURS(1); f.mirror.now_usec < end_usec;) {
        if (fx_state(&f) == STATE_ARMED)
            fx_simple(&f, EVENT_DEMAND);
        if (fx_state(&f) == STATE_CONNECTING) {
            fx_answer_name(&f);
            fx_failed(&f, REASON_GATEWAY_SILENT);
            n_attempts++;
        }
        fx_advance(&f, SEC(1));
    }
    CHECK_GE(n_attempts, 12);
    CHECK_LE(n_attempts, 40);
    fixture_done(&f);
}

/* Row 7 and 8 of design.md: on demand abroad, whatever is said of keepalives; push only where they are sent. */
static void roaming_matrix(void)
{
    for (int i = 0; i < 8; i++) {
        bool roaming = i & 1, keepalive = i & 2, traffic = i & 4;
        struct fixture f;
        struct policy policy;
        struct link link = wwan0(), home = wwan0();

        test_context("%s, keepalive %s, %s", roaming ? "roaming" : "home", keepalive ? "yes" : "no", traffic ? "traffic" : "idle");
        fixture_policy(&policy);
        policy.roaming_keepalive = keepalive;
        fixture_init_with(&f, &policy, 1);
        link.roaming = roaming;
        fx_links(&f, 1, &link);
        fx_simple(&f, EVENT_ENABLE);
        CHECK_EQ(fx_state(&f), roaming ? STATE_ARMED : STATE_CONNECTING);
        if (roaming)
            fx_simple(&f, EVENT_DEMAND);
        fx_answer_name(&f);
        fx_established(&f);
        CHECK_EQ(f.mirror.status.push_supported, !roaming || keepalive);
        for (int second = 0; second < 600; second++) {
            if (traffic && f.mirror.has_tunnel)
                f.mirror.traffic.last_inner_at_usec = f.mirror.traffic.last_out_at_usec = f.mirror.now_usec;
            fx_advance(&f, SEC(1));
        }
        CHECK_EQ(fx_state(&f), roaming && !traffic ? STATE_ARMED : STATE_CONNECTED);
        CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE] > 0, !traffic && (keepalive || !roaming));
        fx_links(&f, 1, &home);
        if (fx_state(&f) == STATE_CONNECTING) {
            fx_answer_name(&f);
            fx_established(&f);
        }
        CHECK_EQ(fx_state(&f), STATE_CONNECTED);
        CHECK(f.mirror.status.push_supported);
        CHECK(!f.mirror.status.on_demand);
        fx_advance(&f, HOURS(1));
        CHECK_EQ(fx_state(&f), STATE_CONNECTED);
        fixture_done(&f);
    }
}

/* ---- sleep ---- */

static void sleep_sends_one_keepalive(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_advance(&f, SEC(5));
    fx_simple(&f, EVENT_SUSPEND);
    CHECK(fx_did(&f, ACTION_KEEPALIVE));
    CHECK_EQ(f.mirror.status.n_keepalives_sent, 1);
    CHECK_GE(f.mirror.deadline.at_usec, f.mirror.now_usec + SEC(19)); /* and it resets the timer */
    CHECK(fx_did(&f, ACTION_SLEEP_READY));
    fixture_done(&f);
}

/* A mapping that lived through it needs nothing; one that may not have is checked; an IKE SA that the gateway has given up is made anew. */
static void waking_does_what_the_sleep_made_necessary(void)
{
    static const struct {
        bool nat;
        usec_t slept_usec;
        bool check, anew;
    } table[] = {
        { true, SEC(15), false, false },
        { true, SEC(25), true, false },
        { true, HOURS(3), true, false },
        { true, HOURS(5), false, true },
        { false, SEC(200), false, false },
        { false, SEC(400), true, false },
        { false, HOURS(5), false, true },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;

        test_context("row %zu", i);
        fixture_init(&f);
        f.nat = table[i].nat;
        fx_reach(&f, STATE_CONNECTED);
        fx_simple(&f, EVENT_SUSPEND);
        fx_sleep(&f, table[i].slept_usec);
        fx_simple(&f, EVENT_RESUME);
        CHECK_EQ(fx_did(&f, ACTION_IKE_LIVENESS), table[i].check);
        CHECK_EQ(fx_state(&f), table[i].anew ? STATE_CONNECTING : STATE_CONNECTED);
        fixture_done(&f);
    }
}

/* A check that the next sleep interrupted is made again, and the old one's time is not held against the path. */
static void a_second_sleep_checks_again(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    for (int i = 0; i < 3; i++) {
        fx_simple(&f, EVENT_SUSPEND);
        fx_sleep(&f, HOURS(1));
        fx_simple(&f, EVENT_RESUME);
        CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
        fx_sleep(&f, MSEC(100));
    }
    fx_advance(&f, SEC(3));
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fx_advance(&f, SEC(3)); /* nothing answers */
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PATH_DEAD);
    fixture_done(&f);
}

static void sleep_without_nat_sends_nothing(void)
{
    struct fixture f;

    fixture_init(&f);
    f.nat = false;
    fx_reach(&f, STATE_CONNECTED);
    fx_simple(&f, EVENT_SUSPEND);
    CHECK(!fx_did(&f, ACTION_KEEPALIVE));
    fixture_done(&f);
}

static void sleep_in_backoff_retries_on_waking(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_BACKOFF);
    fx_simple(&f, EVENT_SUSPEND);
    fx_sleep(&f, HOURS(8));
    fx_simple(&f, EVENT_RESUME);
    CHECK_STATE(&f, STATE_CONNECTING, REASON_RESUMED);
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(idle_says_goodbye_and_arms),
    TEST(a_wish_during_the_goodbye_connects),
    TEST(placeholders_until_there_is_an_address),
    TEST(the_last_tunnel_is_remembered),
    TEST(demand_does_not_defeat_the_backoff),
    TEST(roaming_matrix),
    TEST(sleep_sends_one_keepalive),
    TEST(waking_does_what_the_sleep_made_necessary),
    TEST(a_second_sleep_checks_again),
    TEST(sleep_without_nat_sends_nothing),
    TEST(sleep_in_backoff_retries_on_waking),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
