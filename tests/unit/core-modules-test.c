/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small policies of the core, each alone: backoff, keepalive timer, path watch, fitness and order of links.
 * Bounds are checked over thousands of draws, orders over every pair.
 */
#include "base/macro.h"
#include "core/backoff.h"
#include "core/keepalive.h"
#include "core/linkset.h"
#include "core/pathwatch.h"
#include "support/core-fixture.h"

/* ---- backoff: design.md, section 5 ---- */

static void delays_double_within_half_and_whole(void)
{
    static const usec_t ceilings[] = { SEC(2), SEC(4), SEC(8), SEC(16), SEC(32), SEC(64), SEC(128), SEC(256),
        SEC(300), SEC(300), SEC(300) };
    usec_t low[ELEMENTSOF(ceilings)], high[ELEMENTSOF(ceilings)] = { 0 };
    struct prng prng = { 7 };

    for (size_t i = 0; i < ELEMENTSOF(low); i++)
        low[i] = USEC_INFINITY;
    for (int round = 0; round < 4000; round++) {
        struct backoff backoff = { .initial_usec = SEC(2), .max_usec = SEC(300) };
        for (size_t n = 0; n < ELEMENTSOF(ceilings); n++) {
            usec_t delay = backoff_next_delay(&backoff, &prng);
            low[n] = MIN_OF(low[n], delay);
            high[n] = MAX_OF(high[n], delay);
        }
    }
    for (size_t n = 0; n < ELEMENTSOF(ceilings); n++) {
        test_context("attempt %zu", n);
        CHECK_GE(low[n], ceilings[n] / 2);
        CHECK_LE(high[n], ceilings[n]);
        CHECK_LE(low[n], ceilings[n] / 2 + ceilings[n] / 100); /* and the whole interval is used */
        CHECK_GE(high[n], ceilings[n] - ceilings[n] / 100);
    }
}

static void delays_stay_capped_for_ever(void)
{
    struct backoff backoff = { .initial_usec = SEC(2), .max_usec = SEC(300), .n_failed = UINT32_MAX - 2 };
    struct prng prng = { 1 };

    for (int i = 0; i < 5; i++)
        CHECK_LE(backoff_next_delay(&backoff, &prng), SEC(300));
    CHECK_EQ(backoff.n_failed, UINT32_MAX);
    backoff_reset(&backoff);
    CHECK_LE(backoff_next_delay(&backoff, &prng), SEC(2));
}

static void odd_limits_are_obeyed(void)
{
    struct prng prng = { 1 };
    struct backoff small = { .initial_usec = SEC(10), .max_usec = SEC(3) };
    struct backoff none = { 0 };

    for (int i = 0; i < 100; i++) {
        CHECK_LE(backoff_next_delay(&small, &prng), SEC(3));
        CHECK_EQ(backoff_next_delay(&none, &prng), 0);
        CHECK_LE(backoff_spread_delay(&small, &prng), SEC(3));
    }
}

static void longest_and_spread_delays(void)
{
    struct backoff backoff = { .initial_usec = SEC(2), .max_usec = SEC(300) };
    struct prng prng = { 1 };
    usec_t high = 0, low = USEC_INFINITY;

    for (int i = 0; i < 4000; i++) {
        usec_t delay = backoff_longest_delay(&backoff, &prng);
        CHECK(delay >= SEC(150) && delay <= SEC(300));
        delay = backoff_spread_delay(&backoff, &prng);
        low = MIN_OF(low, delay);
        high = MAX_OF(high, delay);
    }
    CHECK_LE(low, MSEC(100)); /* a fleet is spread over all of the ten seconds */
    CHECK_GE(high, MSEC(9900));
    CHECK_LE(high, SEC(10));
}

/* ---- keepalive ---- */

static void keepalive_fires_late_by_at_most_its_slack(void)
{
    struct keepalive k = { 0 };
    usec_t slack_usec = 0, at_usec;

    CHECK(keepalive_deadline(&k, &slack_usec) == USEC_INFINITY);
    keepalive_start(&k, SEC(100), SEC(20));
    at_usec = keepalive_deadline(&k, &slack_usec);
    CHECK_LE(at_usec + slack_usec, SEC(120)); /* the mapping must not be let go: slack is only downwards */
    CHECK_GE(at_usec, SEC(119));
    CHECK_LE(slack_usec, SEC(1));
    CHECK(!keepalive_due(&k, at_usec - 1, 0));
    CHECK(keepalive_due(&k, at_usec, 0));
    CHECK_EQ(k.n_sent, 1);
    CHECK(!keepalive_due(&k, at_usec, 0)); /* once */
    CHECK_GE(keepalive_deadline(&k, &slack_usec), at_usec + SEC(19));
}

static void outbound_traffic_resets_the_keepalive(void)
{
    struct keepalive k = { 0 };
    usec_t slack_usec, at_usec;

    keepalive_start(&k, SEC(100), SEC(20));
    at_usec = keepalive_deadline(&k, &slack_usec);
    CHECK(!keepalive_due(&k, at_usec, SEC(110))); /* a packet left at 110: the timer is set for the rest */
    CHECK_EQ(k.n_suppressed, 1);
    CHECK_EQ(keepalive_deadline(&k, &slack_usec), SEC(129));
    CHECK(!keepalive_due(
        &k, SEC(128), SEC(105))); /* an older word does not shorten it, nor does an early timer count */
    CHECK_EQ(k.n_suppressed, 1);
    CHECK(keepalive_due(&k, SEC(129), SEC(105)));
    CHECK_EQ(k.n_sent, 1);
}

static void keepalive_does_not_believe_the_future(void)
{
    struct keepalive k = { 0 };
    usec_t slack_usec;

    keepalive_start(&k, SEC(100), SEC(20));
    CHECK(!keepalive_due(&k, SEC(119), SEC(5000)));
    CHECK_LE(keepalive_deadline(&k, &slack_usec), SEC(139));
}

/* ---- path watch ---- */

static enum path_verdict judge(
    struct pathwatch *w, usec_t now_usec, usec_t in_at_usec, usec_t unanswered_at_usec)
{
    struct traffic traffic = { .last_out_at_usec = now_usec, .last_in_at_usec = in_at_usec, .unanswered_at_usec = unanswered_at_usec };

    return pathwatch_judge(w, now_usec, &traffic);
}

static void dead_path_is_found_within_five_seconds(void)
{
    struct pathwatch w;

    pathwatch_reset(&w);
    CHECK(pathwatch_deadline(&w) == USEC_INFINITY); /* nothing polls while nothing is sent */
    CHECK_EQ(judge(&w, MSEC(101200), SEC(90), SEC(100)), PATH_VERDICT_CHECK);
    CHECK_EQ(pathwatch_deadline(&w), SEC(102));
    CHECK_EQ(judge(&w, SEC(102), SEC(90), SEC(100)), PATH_VERDICT_MOVE);
    CHECK_EQ(pathwatch_deadline(&w), MSEC(104500));
    CHECK_EQ(judge(&w, SEC(103), SEC(90), SEC(100)), PATH_VERDICT_WAIT);
    CHECK_EQ(judge(&w, MSEC(104500), SEC(90), SEC(100)), PATH_VERDICT_DEAD);
}

static void any_inbound_clears_the_suspicion(void)
{
    struct pathwatch w;

    pathwatch_reset(&w);
    CHECK_EQ(judge(&w, MSEC(101200), SEC(90), SEC(100)), PATH_VERDICT_CHECK);
    CHECK_EQ(judge(&w, SEC(102), MSEC(101500), SEC(100)), PATH_VERDICT_ALIVE);
    CHECK(pathwatch_deadline(&w) == USEC_INFINITY);
}

static void old_unanswered_packet_leaves_the_check_its_time(void)
{
    struct pathwatch w;

    pathwatch_reset(&w);
    CHECK_EQ(judge(&w, SEC(200), SEC(90), SEC(100)), PATH_VERDICT_CHECK); /* resumed from sleep, say */
    CHECK(pathwatch_deadline(&w) > SEC(200));
    CHECK_NE(judge(&w, SEC(200), SEC(90), SEC(100)), PATH_VERDICT_DEAD);
}

/* The device slept through the moment of the check: it is sent on waking, and has its time to be answered. */
static void late_timer_leaves_the_check_its_time(void)
{
    struct pathwatch w;

    pathwatch_reset(&w);
    CHECK_EQ(judge(&w, MSEC(101200), SEC(90), SEC(100)), PATH_VERDICT_CHECK);
    CHECK_EQ(judge(&w, SEC(102), MSEC(101500), SEC(100)), PATH_VERDICT_ALIVE);
    CHECK_EQ(judge(&w, MSEC(103200), MSEC(101500), SEC(102)),
        PATH_VERDICT_WAIT); /* one-way: the next check is 10 s away */
    CHECK_EQ(judge(&w, HOURS(9), MSEC(101500), SEC(102)), PATH_VERDICT_CHECK);
    CHECK(pathwatch_deadline(&w) > HOURS(9));
    CHECK_EQ(judge(&w, HOURS(9) + MSEC(800), MSEC(101500), SEC(102)), PATH_VERDICT_MOVE);
    CHECK_EQ(judge(&w, HOURS(9) + MSEC(900), HOURS(9) + MSEC(850), SEC(102)), PATH_VERDICT_ALIVE);
}

static void one_way_stream_is_checked_less_and_less(void)
{
    struct pathwatch w;
    usec_t now_usec = SEC(1000), last_usec = 0, wait_usec = 0;
    int n_checks = 0;

    pathwatch_reset(&w);
    while (now_usec < SEC(1000) + HOURS(1)) {
        usec_t in_at_usec = last_usec;
        if (judge(&w, now_usec, in_at_usec, now_usec - MSEC(1200)) == PATH_VERDICT_CHECK) {
            wait_usec = now_usec - last_usec;
            last_usec = now_usec;
            n_checks++;
            CHECK_EQ(
                judge(&w, now_usec + MSEC(50), now_usec + MSEC(50), 0), PATH_VERDICT_ALIVE); /* its answer */
            last_usec = now_usec + MSEC(50);
            now_usec += MSEC(1250); /* and the stream goes on */
        } else {
            CHECK(pathwatch_deadline(&w) > now_usec);
            now_usec = pathwatch_deadline(&w);
        }
    }
    CHECK_LE(n_checks, 20);
    CHECK_GE(n_checks, 10);
    CHECK_GE(wait_usec, MINUTES(4));
}

static void path_verdicts_end(void)
{
    /* Whatever the traffic says, following the deadlines never asks for the same moment twice in a row without an end. */
    struct prng prng = { 3 };

    for (int round = 0; round < 2000; round++) {
        struct pathwatch w;
        usec_t now_usec = SEC(1000);
        int n = 0;

        pathwatch_reset(&w);
        judge(&w, now_usec, prng_between(&prng, 0, now_usec), now_usec - prng_between(&prng, 0, SEC(5)));
        for (; pathwatch_deadline(&w) != USEC_INFINITY && n < 10; n++) {
            now_usec = MAX_OF(now_usec, pathwatch_deadline(&w));
            if (judge(&w, now_usec, 0, now_usec - SEC(1)) == PATH_VERDICT_DEAD)
                break;
        }
        CHECK_LE(n, 4);
    }
}

/* ---- links: fitness, then the order of design.md ---- */

static void fitness_of_links(void)
{
    struct policy policy;
    struct link link;
    struct ip_addr v4 = addr_of(GATEWAY), v6 = addr_of(GATEWAY6);

    fixture_policy(&policy);
    link = eth0();
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_USABLE);
    CHECK_EQ(link_judge(&link, &policy, &v4), LINK_FITNESS_USABLE);
    CHECK_EQ(link_judge(&link, &policy, &v6), LINK_FITNESS_NO_ADDRESS);
    link.up = false;
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_DOWN);
    link = eth0();
    link.carrier = false;
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_NO_CARRIER);
    link = eth0();
    link.n_addrs = 0;
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_NO_ADDRESS);
    link = eth0();
    link.n_routes = 0;
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_NO_ROUTE);
    link = eth0();
    link.routes[0].destination = prefix_of("::/0"); /* a route of a family without address */
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_NO_ROUTE);
    link = eth0();
    link.routes[0].destination = prefix_of("203.0.113.0/24"); /* no default route, but one to the gateway */
    CHECK_EQ(link_judge(&link, &policy, &v4), LINK_FITNESS_USABLE);
    link.routes[0].destination = prefix_of("198.51.100.0/24");
    CHECK_EQ(link_judge(&link, &policy, &v4), LINK_FITNESS_NO_ROUTE);
    link = wwan6();
    CHECK_EQ(link_judge(&link, &policy, &v6), LINK_FITNESS_USABLE);
    CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_USABLE);
}

static void never_base_links(void)
{
    static const enum link_type types[] = { LINK_TYPE_TUNNEL, LINK_TYPE_BRIDGE, LINK_TYPE_CONTAINER,
        LINK_TYPE_LOOPBACK };
    struct policy policy;
    struct link link = eth0();

    fixture_policy(&policy);
    for (size_t i = 0; i < ELEMENTSOF(types); i++) {
        link.type = types[i];
        CHECK_EQ(link_judge(&link, &policy, NULL), LINK_FITNESS_NOT_BASE);
    }
    link = eth0();
    strcpy(link.name, "mvpn0"); /* ours, even as an ethernet */
    CHECK_NE(link_judge(&link, &policy, NULL), LINK_FITNESS_USABLE);
}

static void ignored_by_pattern(void)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } table[] = {
        { "eth0", "eth0", true }, { "eth0", "eth01", false }, { "eth*", "eth0", true },
        { "eth*", "eth", true }, { "*", "anything", true }, { "?th0", "eth0", true },
        { "?th0", "th0", false }, { "*0", "wlan0", true }, { "*0", "wlan1", false },
        { "w*n*", "wwan0", true }, { "a*b*c", "axxbyyc", true }, { "a*b*c", "axxbyy", false },
        { "", "eth0", false }, { "**", "eth0", true },
        { "*a*a*a*a*a*b", "aaaaaaaaaaaaaaa", false }, /* and quickly */
    };
    struct policy policy;

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct link link = eth0();
        fixture_policy(&policy);
        policy.n_ignore = 1;
        strcpy(policy.ignore[0], table[i].pattern);
        strcpy(link.name, table[i].name);
        test_context("%s ~ %s", table[i].name, table[i].pattern);
        CHECK_EQ(link_judge(&link, &policy, NULL) == LINK_FITNESS_IGNORED, table[i].matches);
    }
}

struct candidate {
    enum link_type type;
    bool metered, roaming;
    uint32_t metric;
};

static struct link make(const struct candidate *c, int ifindex)
{
    struct link link = eth0();

    link.ifindex = ifindex;
    link.type = c->type;
    link.metered = c->metered;
    link.roaming = c->roaming;
    link.routes[0].metric = c->metric;
    return link;
}

/* Best first; every earlier one beats every later one, whichever comes first in the snapshot. */
static void check_order(const struct policy *policy, const struct candidate *candidates, size_t n)
{
    for (size_t a = 0; a < n; a++) {
        for (size_t b = a + 1; b < n; b++) {
            struct link_set set = { .n_links = 2,
                .links = { make(&candidates[a], 5), make(&candidates[b], 4) } };
            struct link_set turned = { .n_links = 2, .links = { set.links[1], set.links[0] } };

            test_context("%zu before %zu", a, b);
            CHECK_EQ(linkset_best(&set, policy, NULL, 0)->ifindex, 5);
            CHECK_EQ(linkset_best(&turned, policy, NULL, 0)->ifindex, 5);
            CHECK(link_score(&set.links[0], policy) > link_score(&set.links[1], policy));
            CHECK(link_score(&set.links[1], policy) > 0);
        }
    }
}

static void order_without_preference(void)
{
    static const struct candidate candidates[] = {
        { LINK_TYPE_ETHERNET, false, false, 100 },
        { LINK_TYPE_ETHERNET, false, false, 600 },
        { LINK_TYPE_ETHERNET, false, true, 1 },
        { LINK_TYPE_ETHERNET, true, false, 1 },
        { LINK_TYPE_ETHERNET, true, true, 1 },
        { LINK_TYPE_WIFI, false, false, 1 },
        { LINK_TYPE_WIFI, true, false, 1 },
        { LINK_TYPE_CELLULAR, false, false, 1 },
        { LINK_TYPE_CELLULAR, true, false, 1 },
        { LINK_TYPE_CELLULAR, true, true, 1 },
        { LINK_TYPE_OTHER, false, false, 0 },
    };
    struct policy policy;

    fixture_policy(&policy);
    check_order(&policy, candidates, ELEMENTSOF(candidates));
    policy.n_prefer = 0; /* the documented order is the built-in one */
    check_order(&policy, candidates, ELEMENTSOF(candidates));
}

static void order_of_the_administrator(void)
{
    static const struct candidate candidates[] = {
        { LINK_TYPE_CELLULAR, true, true, 4000000000u },
        { LINK_TYPE_WIFI, false, false, 1 },
        { LINK_TYPE_ETHERNET, false, false, 1 }, /* not in the list: after those that are */
        { LINK_TYPE_OTHER, false, false, 1 },
    };
    struct policy policy;
    struct link_set set = { .n_links = 2, .links = { eth0(), wlan0() } };

    fixture_policy(&policy);
    policy.n_prefer = 2;
    strcpy(policy.prefer[0], "cellular");
    strcpy(policy.prefer[1], "wifi");
    check_order(&policy, candidates, ELEMENTSOF(candidates));

    policy.n_prefer = 1;
    strcpy(policy.prefer[0], "wlan0"); /* a name */
    CHECK_EQ(linkset_best(&set, &policy, NULL, 0)->ifindex, WLAN0);
}

static void huge_metrics_still_count(void)
{
    struct policy policy;
    struct candidate worst = { LINK_TYPE_OTHER, true, true, UINT32_MAX };
    struct link link = make(&worst, 1);

    fixture_policy(&policy);
    CHECK(link_score(&link, &policy) > 0); /* 0 means unusable */
}

static void ties_go_to_the_lower_index(void)
{
    struct policy policy;
    struct candidate c = { LINK_TYPE_WIFI, false, false, 600 };
    struct link_set set = { .n_links = 2, .links = { make(&c, 9), make(&c, 8) } };

    fixture_policy(&policy);
    CHECK_EQ(linkset_best(&set, &policy, NULL, 0)->ifindex, 8);
    CHECK_EQ(linkset_best(&set, &policy, NULL, 8)->ifindex, 9);
    set.n_links = 0;
    CHECK(linkset_best(&set, &policy, NULL, 0) == NULL);
}

static void families_that_lead_outside(void)
{
    struct link link = eth0();

    CHECK(link_has_family(&link, 4));
    CHECK(!link_has_family(&link, 6));
    link.n_routes = 2;
    link.routes[1] = (struct link_route){ prefix_of("::/0"), addr_of("fe80::1"), 100 }; /* a route, but no address */
    CHECK(!link_has_family(&link, 6));
    link.n_addrs = 2;
    link.addrs[1] = (struct link_addr){ addr_of("2001:db8:1::10"), 64 };
    CHECK(link_has_family(&link, 6));
    link.n_routes = 1; /* an address, but no route */
    CHECK(!link_has_family(&link, 6));
    link.routes[0].destination = prefix_of("203.0.113.0/24"); /* a route to one network is not the internet */
    CHECK(!link_has_family(&link, 4));
}

static void most_specific_route_then_metric(void)
{
    struct link link = eth0();
    struct ip_addr gateway = addr_of(GATEWAY);

    link.n_routes = 4;
    link.routes[1] = (struct link_route){ prefix_of("203.0.113.0/24"), addr_of("192.0.2.2"), 900 };
    link.routes[2] = (struct link_route){ prefix_of("203.0.113.0/24"), addr_of("192.0.2.3"), 800 };
    link.routes[3] = (struct link_route){ prefix_of("203.0.112.0/20"), addr_of("192.0.2.4"), 1 };
    CHECK(ip_addr_equal(&link_route_to(&link, &gateway)->via, &link.routes[2].via));
}

/* RFC 6724, 5, rule 2: a unique-local source leads to no global address. */
static void ipv6_source_of_the_right_scope(void)
{
    struct link link = wwan6();
    struct ip_addr global = addr_of(GATEWAY6), local = addr_of("fd77::5");

    link.n_addrs = 2;
    link.addrs[1] = link.addrs[0];
    link.addrs[0].addr = addr_of("fd77::10");
    CHECK(ip_addr_equal(link_source_for(&link, &global), &link.addrs[1].addr));
    CHECK(ip_addr_equal(link_source_for(&link, &local), &link.addrs[0].addr));
    link.n_addrs = 1;
    CHECK(ip_addr_equal(link_source_for(&link, &global), &link.addrs[0].addr)); /* better than none */
}

static const struct test tests[] = {
    TEST(delays_double_within_half_and_whole),
    TEST(delays_stay_capped_for_ever),
    TEST(odd_limits_are_obeyed),
    TEST(longest_and_spread_delays),
    TEST(keepalive_fires_late_by_at_most_its_slack),
    TEST(outbound_traffic_resets_the_keepalive),
    TEST(keepalive_does_not_believe_the_future),
    TEST(dead_path_is_found_within_five_seconds),
    TEST(any_inbound_clears_the_suspicion),
    TEST(old_unanswered_packet_leaves_the_check_its_time),
    TEST(late_timer_leaves_the_check_its_time),
    TEST(one_way_stream_is_checked_less_and_less),
    TEST(path_verdicts_end),
    TEST(fitness_of_links),
    TEST(never_base_links),
    TEST(ignored_by_pattern),
    TEST(order_without_preference),
    TEST(order_of_the_administrator),
    TEST(huge_metrics_still_count),
    TEST(ties_go_to_the_lower_index),
    TEST(families_that_lead_outside),
    TEST(most_specific_route_then_metric),
    TEST(ipv6_source_of_the_right_scope),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
