/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows an attempt that failed: the other addresses and gateways in order, backoff, failed, and what starts at once. Time is virtual;
 * each test is one story.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static const char *const servers[] = { "192.0.2.1" };

/* Whole rounds of the one gateway being silent, n times; the last leaves backoff. */
static void fail_rounds(struct fixture *f, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (fx_state(f) == STATE_BACKOFF)
            fx_advance(f, fx_retry_in(f));
        fx_answer_name(f);
        fx_failed(f, REASON_GATEWAY_SILENT);
    }
}

/* ---- gateways and addresses in order ---- */

static struct policy literals(uint32_t n, const char *const *texts)
{
    struct policy policy;

    fixture_policy(&policy);
    policy.n_gateways = n;
    for (uint32_t i = 0; i < n; i++) {
        policy.gateways[i] = (struct gateway){ .literal = addr_of(texts[i]) };
        strcpy(policy.gateways[i].name, texts[i]);
    }
    return policy;
}

static void each_gateway_once_then_a_wait(void)
{
    static const char *const texts[] = { "203.0.113.1", "203.0.113.2", "203.0.113.3" };
    struct policy policy = literals(3, texts);
    struct fixture f;

    fixture_init_with(&f, &policy, 1);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(f.mirror.attempt.gateway_index, i);
        CHECK_EQ(f.mirror.lockdown.n_gateways, 1); /* exactly the one being contacted */
        fx_failed(&f, REASON_GATEWAY_SILENT);
    }
    CHECK_STATE(&f, STATE_BACKOFF, REASON_GATEWAY_SILENT);
    CHECK_LE(fx_retry_in(&f), SEC(2)); /* one round is one failure */
    CHECK_GE(fx_retry_in(&f), SEC(1));
    fixture_done(&f);
}

static void each_address_of_a_name_once(void)
{
    static const char *const several[] = { "203.0.113.1", GATEWAY6, "203.0.113.2" };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 3, several);
    CHECK_EQ(f.mirror.attempt.remote.bytes[3], 1);
    fx_failed(&f, REASON_GATEWAY_SILENT);
    CHECK_EQ(f.mirror.attempt.remote.bytes[3], 2); /* the IPv6 one cannot be reached from eth0 */
    fx_failed(&f, REASON_GATEWAY_SILENT);
    CHECK_EQ(fx_state(&f), STATE_BACKOFF);
    fixture_done(&f);
}

/* The address within reach was silent; that the other is out of reach is no news to anybody. */
static void the_telling_reason_is_kept(void)
{
    static const char *const both[] = { GATEWAY, GATEWAY6 };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 2, both);
    fx_failed(&f, REASON_GATEWAY_SILENT);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_GATEWAY_SILENT);
    fixture_done(&f);

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 1, (const char *const[]){ GATEWAY6 });
    CHECK_STATE(&f, STATE_BACKOFF, REASON_GATEWAY_UNREACHABLE);
    fixture_done(&f);
}

/* Only when every gateway refused must a person act; one that was silent may be back in a minute. */
static void silence_anywhere_means_backoff(void)
{
    static const char *const texts[] = { "203.0.113.1", "203.0.113.2" };
    static const struct {
        enum reason first, second;
        enum state state;
        enum reason reason;
    } table[] = {
        { REASON_GATEWAY_SILENT, REASON_GATEWAY_SILENT, STATE_BACKOFF, REASON_GATEWAY_SILENT },
        { REASON_GATEWAY_SILENT, REASON_AUTH_REFUSED, STATE_BACKOFF, REASON_GATEWAY_SILENT },
        { REASON_AUTH_REFUSED, REASON_GATEWAY_SILENT, STATE_BACKOFF, REASON_GATEWAY_SILENT },
        { REASON_AUTH_REFUSED, REASON_PROPOSALS_REFUSED, STATE_FAILED, REASON_PROPOSALS_REFUSED },
    };
    struct policy policy = literals(2, texts);

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;

        test_context("%s, then %s", reason_name(table[i].first), reason_name(table[i].second));
        fixture_init_with(&f, &policy, 1);
        fx_links(&f, 1, (struct link[]){ eth0() });
        fx_simple(&f, EVENT_ENABLE);
        fx_failed(&f, table[i].first);
        fx_failed(&f, table[i].second);
        CHECK_STATE(&f, table[i].state, table[i].reason);
        fixture_done(&f);
    }
}

static void silent_gateway_is_not_forgotten_behind_a_later_refusal(void)
{
    static const char *const two[] = { "203.0.113.8", "203.0.113.9" };
    struct policy policy = literals(1, (const char *const[]){ "203.0.113.1" });
    struct fixture f;

    policy.n_gateways = 2;
    policy.gateways[1] = (struct gateway){ .name = NAME };
    fixture_init_with(&f, &policy, 1);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_failed(&f, REASON_GATEWAY_SILENT); /* the first gateway */
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 2, two);
    fx_failed(&f, REASON_GATEWAY_UNREACHABLE); /* first address of the second */
    fx_failed(&f, REASON_AUTH_REFUSED);        /* its other address: the second gateway refuses */
    CHECK_STATE(&f, STATE_BACKOFF, REASON_GATEWAY_SILENT);
    fixture_done(&f);
}

static void refusal_spares_the_other_addresses(void)
{
    static const char *const two[] = { "203.0.113.1", "203.0.113.2" };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 2, two);
    fx_failed(&f, REASON_AUTH_REFUSED);
    CHECK_STATE(&f, STATE_FAILED, REASON_AUTH_REFUSED);
    fixture_done(&f);
}

/* An IPv6 literal first must not hide the IPv4 gateway behind it from an IPv4-only link. */
static void unreachable_first_gateway_does_not_hide_the_second(void)
{
    static const char *const texts[] = { GATEWAY6, GATEWAY };
    struct policy policy = literals(2, texts);
    struct fixture f;

    fixture_init_with(&f, &policy, 1);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    CHECK(f.mirror.attempting);
    CHECK_EQ(f.mirror.attempt.gateway_index, 1);
    fixture_done(&f);
}

static void link_is_chosen_by_what_it_reaches(void)
{
    struct policy policy = literals(1, (const char *const[]){ GATEWAY6 });
    struct fixture f;

    fixture_init_with(&f, &policy, 1);
    fx_links(&f, 2, (struct link[]){ eth0(), wwan6() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK(f.mirror.attempting);
    CHECK_EQ(f.mirror.attempt.ifindex, WWAN0);
    fixture_done(&f);
}

static void port_of_the_gateway_is_admitted(void)
{
    struct policy policy = literals(1, (const char *const[]){ GATEWAY });
    struct fixture f;

    policy.gateways[0].port = 4711;
    fixture_init_with(&f, &policy, 1);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_EQ(f.mirror.attempt.remote_port, 4711);
    CHECK_EQ(f.mirror.lockdown.gateways[0].port, 4711);
    fx_established(&f);
    CHECK_EQ(f.mirror.lockdown.gateways[0].port, 4711);
    fixture_done(&f);
}

/* ---- waiting ---- */

static void rounds_back_off(void)
{
    static const usec_t ceilings[] = { SEC(2), SEC(4), SEC(8), SEC(16), SEC(32), SEC(64), SEC(128), SEC(256),
        SEC(300), SEC(300) };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    for (size_t i = 0; i < ELEMENTSOF(ceilings); i++) {
        test_context("round %zu", i);
        fail_rounds(&f, 1);
        CHECK_STATE(&f, STATE_BACKOFF, REASON_GATEWAY_SILENT);
        CHECK_GE(fx_retry_in(&f), ceilings[i] / 2);
        CHECK_LE(fx_retry_in(&f), ceilings[i]);
        CHECK_EQ(f.mirror.status.retry_attempt, i + 1);
    }
    fixture_done(&f);
}

static void retries_for_ever(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fail_rounds(&f, 500);
    CHECK_EQ(fx_state(&f), STATE_BACKOFF);
    CHECK_LE(fx_retry_in(&f), SEC(300));
    fx_advance(&f, fx_retry_in(&f));
    fx_answer_name(&f);
    fx_established(&f);
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fixture_done(&f);
}

static void connect_after_failures(struct fixture *f)
{
    fx_advance(f, fx_retry_in(f));
    fx_answer_name(f);
    fx_established(f);
    CHECK_EQ(fx_state(f), STATE_CONNECTED);
}

static void short_success_does_not_reset(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fail_rounds(&f, 4);
    connect_after_failures(&f);
    fx_sleep(&f, MSEC(29900));
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PEER_CLOSED);
    CHECK_GE(fx_retry_in(&f), SEC(16));
    fixture_done(&f);
}

static void held_success_resets(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fail_rounds(&f, 4);
    connect_after_failures(&f);
    fx_sleep(&f, SEC(30));
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PEER_CLOSED);
    CHECK_LE(fx_retry_in(&f), SEC(2));
    fixture_done(&f);
}

static void fleet_returns_spread_over_ten_seconds(void)
{
    usec_t low = USEC_INFINITY, high = 0;
    struct policy policy;

    fixture_policy(&policy);
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct fixture f;

        fixture_init_with(&f, &policy, seed);
        fx_to_initiated(&f);
        fx_established(&f);
        fx_sleep(&f, MINUTES(5));
        fx_closed(&f, REASON_GATEWAY_SILENT);
        CHECK_EQ(fx_state(&f), STATE_BACKOFF);
        low = MIN_OF(low, fx_retry_in(&f));
        high = MAX_OF(high, fx_retry_in(&f));
        fixture_done(&f);
    }
    CHECK_LE(low, MSEC(500));
    CHECK_GE(high, MSEC(9500));
    CHECK_LE(high, SEC(10));
}

/* A new base link, a resume, a changed configuration and the user's connect start at once and reset n. */
static void what_starts_at_once(void)
{
    static const struct {
        const char *what;
        enum event_type type;
        enum reason reason;
    } table[] = {
        { "connect", EVENT_CONNECT, REASON_USER_CONNECTED },
        { "enable", EVENT_ENABLE, REASON_USER_CONNECTED },
        { "resume", EVENT_RESUME, REASON_RESUMED },
        { "policy", EVENT_POLICY, REASON_RECONFIGURED },
        { "new link", EVENT_LINKS, REASON_NEW_LINK },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;
        struct policy policy;

        test_context("%s", table[i].what);
        fixture_policy(&policy);
        fixture_init(&f);
        fx_links(&f, 1, (struct link[]){ wwan0() });
        fx_simple(&f, EVENT_ENABLE);
        fail_rounds(&f, 6);
        if (table[i].type == EVENT_POLICY)
            fx_policy(&f, &policy, false);
        else if (table[i].type == EVENT_LINKS)
            fx_links(&f, 2, (struct link[]){ wwan0(), wlan0() });
        else
            fx_simple(&f, table[i].type);
        CHECK_STATE(&f, STATE_CONNECTING, table[i].reason);
        fail_rounds(&f, 1);
        CHECK_LE(fx_retry_in(&f), SEC(2));
        fixture_done(&f);
    }
}

static void the_same_links_again_start_nothing(void)
{
    struct fixture f;
    struct link worse = wwan0();

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    fx_simple(&f, EVENT_ENABLE);
    fail_rounds(&f, 3);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    CHECK_EQ(fx_state(&f), STATE_BACKOFF);
    fx_links(&f, 2, (struct link[]){ wlan0(), worse });
    CHECK_EQ(fx_state(&f), STATE_BACKOFF); /* the best one is the one that failed */
    fixture_done(&f);
}

static void failed_is_retried_rarely(void)
{
    struct fixture f;
    usec_t low = USEC_INFINITY, high = 0;

    fixture_init(&f);
    fx_to_initiated(&f);
    fx_failed(&f, REASON_AUTH_REFUSED);
    for (int i = 0; i < 200; i++) {
        CHECK_STATE(&f, STATE_FAILED, REASON_AUTH_REFUSED);
        low = MIN_OF(low, fx_retry_in(&f));
        high = MAX_OF(high, fx_retry_in(&f));
        fx_advance(&f, fx_retry_in(&f));
        CHECK_STATE(&f, STATE_CONNECTING, REASON_RETRYING);
        fx_answer_name(&f);
        fx_failed(&f, REASON_AUTH_REFUSED);
    }
    CHECK_GE(low, SEC(150));
    CHECK_LE(high, SEC(300));
    fixture_done(&f);
}

static void wifi_that_leads_nowhere_does_not_keep_us(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 2, (struct link[]){ wlan0(), wwan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    CHECK_EQ(f.mirror.requests[0].ifindex, WLAN0);
    fx_resolved(&f, 0, NULL);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_NAME_UNRESOLVED);
    fx_advance(&f, fx_retry_in(&f));
    CHECK_EQ(f.mirror.requests[0].ifindex, WWAN0);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 0, NULL);
    fx_advance(&f, fx_retry_in(&f));
    CHECK_EQ(f.mirror.requests[0].ifindex, WLAN0); /* and back */
    fixture_done(&f);
}

/* A refusal is not the link's fault: the next attempt goes over the best one again. */
static void refusal_does_not_leave_the_best_link(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 2, (struct link[]){ wlan0(), wwan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_answer_name(&f);
    fx_failed(&f, REASON_AUTH_REFUSED);
    fx_advance(&f, fx_retry_in(&f));
    CHECK_EQ(f.mirror.requests[0].ifindex, WLAN0);
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(each_gateway_once_then_a_wait),
    TEST(each_address_of_a_name_once),
    TEST(the_telling_reason_is_kept),
    TEST(silence_anywhere_means_backoff),
    TEST(silent_gateway_is_not_forgotten_behind_a_later_refusal),
    TEST(refusal_spares_the_other_addresses),
    TEST(unreachable_first_gateway_does_not_hide_the_second),
    TEST(link_is_chosen_by_what_it_reaches),
    TEST(port_of_the_gateway_is_admitted),
    TEST(rounds_back_off),
    TEST(retries_for_ever),
    TEST(short_success_does_not_reset),
    TEST(held_success_resets),
    TEST(fleet_returns_spread_over_ten_seconds),
    TEST(what_starts_at_once),
    TEST(the_same_links_again_start_nothing),
    TEST(failed_is_retried_rarely),
    TEST(wifi_that_leads_nowhere_does_not_keep_us),
    TEST(refusal_does_not_leave_the_best_link),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
