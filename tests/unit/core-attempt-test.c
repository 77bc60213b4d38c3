/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the wish for a tunnel to IKE_SA_INIT, and what stops it on the way: obstacles, names, the link under it, what charon says.
 * Time is virtual; each test is one story.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static const char *const servers[] = { "192.0.2.1" };
static const char *const addresses[] = { GATEWAY };

/* ---- one attempt ---- */

static void one_normal_connect(void)
{
    struct fixture f;
    const struct action *action;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_STATE(&f, STATE_CONNECTING, REASON_STARTING);
    CHECK(f.mirror.lockdown.active);
    CHECK_EQ(f.mirror.lockdown.n_gateways + f.mirror.lockdown.n_resolvers, 0);
    CHECK(f.mirror.record_enabled);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    action = mirror_action(&f.mirror, ACTION_FIND_RESOLVERS);
    if (CHECK(action != NULL))
        CHECK_EQ(action->resolve.ifindex, ETH0);

    fx_resolvers(&f, 1, servers);
    action = mirror_action(&f.mirror, ACTION_RESOLVE);
    if (CHECK(action != NULL)) {
        CHECK_STR(action->resolve.name, NAME);
        CHECK_STR(action->resolve.interface, "eth0");
        CHECK(action->resolve.want_ipv4);
        CHECK(action->resolve.want_ipv6); /* eth0 has none */
    }
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 1);
    CHECK_EQ(f.mirror.lockdown.resolvers[0].port, 53);

    fx_resolved(&f, 1, addresses);
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 0);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 1);
    CHECK(fx_did(&f, ACTION_IKE_START));
    action = mirror_action(&f.mirror, ACTION_IKE_INITIATE);
    if (CHECK(action != NULL)) {
        CHECK_EQ(action->initiate.ifindex, ETH0);
        CHECK_EQ(action->initiate.n_addrs, 0);
        CHECK(ip_addr_equal(&action->initiate.remote, &(struct ip_addr){ 4, { 203, 0, 113, 5 } }));
    }
    CHECK(f.mirror.status.internet_blocked);

    fx_established(&f);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    CHECK(!f.mirror.status.internet_blocked);
    CHECK(f.mirror.lockdown.tunnel_up);
    CHECK_EQ(f.mirror.routing.n_addrs, 1);
    CHECK_EQ(f.mirror.routing.n_subnets, 1);
    CHECK_EQ(f.mirror.routing.mtu, 1500 - 62);
    fixture_done(&f);
}

static void start_with_the_record_enabled(void)
{
    struct fixture f;
    struct policy policy;

    fixture_policy(&policy);
    memset(&f, 0, sizeof(f));
    f.policy = policy;
    CHECK(mirror_init(&f.mirror, &policy, 1));
    f.mirror.now_usec = SEC(3);
    fx_clock(&f, 1800000000, 0);
    fx_credentials(&f, &(struct credentials){ .not_after_sec = 1900000000 });
    fx_links(&f, 1, (struct link[]){ eth0() });
    CHECK_EQ(f.mirror.actions.n_actions, 0); /* before START nothing is done */
    fx(&f, &(struct event){ .type = EVENT_START, .enabled = true });
    CHECK_STATE(&f, STATE_CONNECTING, REASON_STARTING);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    CHECK(!fx_did(&f, ACTION_STORE)); /* it is on disk already */
    fixture_done(&f);
}

static void nothing_acts_before_start(void)
{
    struct fixture f;
    struct policy policy;

    fixture_policy(&policy);
    memset(&f, 0, sizeof(f));
    f.policy = policy;
    CHECK(mirror_init(&f.mirror, &policy, 1));
    fx_links(&f, 1, (struct link[]){ eth0() });
    core_step(f.mirror.core, SEC(1), &(struct event){ .type = EVENT_ENABLE }, &f.mirror.actions);
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    fixture_done(&f);
}

static void start_disabled_removes_what_a_crash_left(void)
{
    struct fixture f;

    fixture_init(&f);
    CHECK(fx_did(&f, ACTION_FIREWALL));
    CHECK(fx_did(&f, ACTION_ROUTING));
    CHECK(!f.mirror.lockdown.active);
    fixture_done(&f);
}

/* ---- obstacles ---- */

static void obstacles(void)
{
    static const struct {
        const char *what;
        int64_t wall_sec, floor_sec;
        struct credentials credentials;
        enum reason reason;
    } table[] = {
        { "expired", 1900000001, 0, { REASON_NONE, 1700000000, 1900000000 }, REASON_CERTIFICATE_EXPIRED },
        { "last second", 1900000000, 0, { REASON_NONE, 1700000000, 1900000000 }, REASON_NONE },
        { "dead clock", 10, 0, { REASON_NONE, 1700000000, 1900000000 }, REASON_CLOCK_WRONG },
        { "dead clock, but time is known", 10, 1750000000, { REASON_NONE, 1700000000, 1900000000 },
            REASON_NONE },
        { "clock set back, but time is known", 1800000000, 1900000001,
            { REASON_NONE, 1700000000, 1900000000 }, REASON_CERTIFICATE_EXPIRED },
        { "clock before 1970", -86400, 0, { REASON_NONE, 1700000000, 1900000000 }, REASON_CLOCK_WRONG },
        { "unreadable", 1800000000, 0, { REASON_CERTIFICATE_INVALID, 0, 0 }, REASON_CERTIFICATE_INVALID },
        { "wrong key", 1800000000, 0, { REASON_KEY_MISMATCH, 1700000000, 1900000000 }, REASON_KEY_MISMATCH },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;

        test_context("%s", table[i].what);
        fixture_init(&f);
        fx_clock(&f, table[i].wall_sec, table[i].floor_sec);
        fx_credentials(&f, &table[i].credentials);
        fx_links(&f, 1, (struct link[]){ eth0() });
        fx_simple(&f, EVENT_ENABLE);
        CHECK(f.mirror.lockdown.active); /* whatever hinders the tunnel: the internet is blocked */
        if (table[i].reason == REASON_NONE) {
            CHECK_EQ(fx_state(&f), STATE_CONNECTING);
        } else {
            CHECK_STATE(&f, STATE_FAILED, table[i].reason);
            CHECK(!f.mirror.ike_running);
        }
        fixture_done(&f);
    }
}

static void mended_obstacles_start_at_once(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_clock(&f, 10, 0);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_STATE(&f, STATE_FAILED, REASON_CLOCK_WRONG);
    fx_clock(&f, 1800000000, 0);
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);

    fx_credentials(&f, &(struct credentials){ .not_after_sec = 1700000000 });
    fx_answer_name(&f);
    fx_failed(&f, REASON_AUTH_REFUSED);
    CHECK_STATE(&f, STATE_FAILED, REASON_AUTH_REFUSED);
    fx_credentials(&f, &(struct credentials){ .not_after_sec = 1900000000 });
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    fx_answer_name(&f);
    fx_established(&f);
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fixture_done(&f);
}

/* A certificate of this very second, by a clock that is a little behind: no wait of minutes. */
static void validity_that_begins_soon_is_waited_for(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_clock(&f, 1799999990, 0);
    fx_credentials(&f, &(struct credentials){ .not_before_sec = 1799999993, .not_after_sec = 1900000000 });
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_STATE(&f, STATE_FAILED, REASON_CLOCK_WRONG);
    CHECK_EQ(fx_retry_in(&f), SEC(3));
    fx_advance(&f, SEC(3));
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    fixture_done(&f);
}

static void incomplete_configuration(void)
{
    struct fixture f;
    struct policy policy;

    fixture_policy(&policy);
    policy.complete = false;
    fixture_init_with(&f, &policy, 1);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_STATE(&f, STATE_FAILED, REASON_CONFIG_INCOMPLETE);
    policy.complete = true;
    fx_policy(&f, &policy, false);
    CHECK_STATE(&f, STATE_CONNECTING, REASON_RECONFIGURED);
    fixture_done(&f);
}

/* ---- names ---- */

static void silent_resolver_ends_the_attempt(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_advance(&f, SEC(16));
    CHECK_STATE(&f, STATE_BACKOFF, REASON_NAME_UNRESOLVED);
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 0);
    CHECK_EQ(f.mirror.n_requests, 0); /* the request was cancelled */
    fixture_done(&f);
}

/* A name server may say what it likes: no host outside is at such an address, and nothing is contacted there. */
static void impossible_addresses_are_not_believed(void)
{
    static const char *const impossible[] = { "127.0.0.1", "0.0.0.0", "224.0.0.1", "169.254.1.1", "::1",
        "ff02::1" };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, ELEMENTSOF(impossible), impossible);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_NAME_UNRESOLVED);
    fixture_done(&f);
}

static void late_and_foreign_answers_are_ignored(void)
{
    struct fixture f;
    struct resolved late = { .n_addrs = 1, .addrs = { addr_of("198.51.100.66") } };

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    late.id = f.mirror.requests[0].id;
    fx_simple(&f, EVENT_DISCONNECT);
    fx_simple(&f, EVENT_CONNECT);
    fx(&f, &(struct event){ .type = EVENT_RESOLVERS, .resolvers = late });
    CHECK(!fx_did(&f, ACTION_RESOLVE));
    fx_resolvers(&f, 1, servers);
    fx(&f, &(struct event){ .type = EVENT_RESOLVED, .resolved = late });
    CHECK(!fx_did(&f, ACTION_IKE_INITIATE));
    fx_resolved(&f, 1, addresses);
    CHECK(fx_did(&f, ACTION_IKE_INITIATE));
    CHECK_EQ(f.mirror.lockdown.n_gateways, 1);
    fixture_done(&f);
}

static void ipv6_only_link(void)
{
    static const char *const resolver[] = { "fe80::1" };
    static const char *const both[] = { GATEWAY, GATEWAY6 };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ wwan6() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, resolver);
    CHECK(f.mirror.requests[0].want_ipv6 && f.mirror.requests[0].want_ipv4);
    CHECK_EQ(f.mirror.routing.n_outer, 1);
    CHECK_EQ(f.mirror.routing.outer[0].via.family, 0); /* link-local is on the link */
    fx_resolved(&f, 2, both);
    CHECK(ip_addr_equal(
        &f.mirror.attempt.remote, &(struct ip_addr){ 6, { 0x20, 1, 0xd, 0xb8, 0, 5, [15] = 5 } }));
    fixture_done(&f);
}

/* ---- the link under an attempt ---- */

static void link_lost_while_connecting(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 2, (struct link[]){ wlan0(), wwan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_answer_name(&f);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    CHECK_STATE(&f, STATE_CONNECTING, REASON_LINK_LOST);
    CHECK(!f.mirror.attempting); /* the old one was terminated */
    CHECK_EQ(f.mirror.requests[0].ifindex, WWAN0);
    fx_links(&f, 0, NULL);
    CHECK_STATE(&f, STATE_OFFLINE, REASON_NO_LINK);
    fixture_done(&f);
}

static void address_lost_while_connecting(void)
{
    struct fixture f;
    struct link link = eth0();

    fixture_init(&f);
    fx_to_initiated(&f);
    link.addrs[0].addr = addr_of("192.0.2.99");
    fx_links(&f, 1, &link);
    CHECK_STATE(&f, STATE_CONNECTING, REASON_LINK_LOST);
    CHECK(!f.mirror.attempting);
    fx_answer_name(&f);
    CHECK(ip_addr_equal(&f.mirror.attempt.local, &link.addrs[0].addr));
    fixture_done(&f);
}

static void new_router_while_connecting(void)
{
    struct fixture f;
    struct link link = eth0();

    fixture_init(&f);
    fx_to_initiated(&f);
    link.routes[0].via = addr_of("192.0.2.254");
    fx_links(&f, 1, &link);
    CHECK(f.mirror.attempting);
    CHECK(ip_addr_equal(&f.mirror.routing.outer[0].via, &link.routes[0].via));
    fixture_done(&f);
}

static void better_link_while_connecting_changes_nothing(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_answer_name(&f);
    fx_links(&f, 2, (struct link[]){ wwan0(), eth0() });
    CHECK(f.mirror.attempting);
    CHECK_EQ(f.mirror.attempt.ifindex, WWAN0);
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_INITIATE], 1);
    fixture_done(&f);
}

static void best_link_at_the_point_of_establishment(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 3, (struct link[]){ wwan0(), eth0(), wlan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_answer_name(&f);
    CHECK_EQ(f.mirror.attempt.ifindex, ETH0);
    fixture_done(&f);
}

/* ---- what charon says ---- */

static void silent_charon_is_given_up(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    fx_advance(&f, SEC(46));
    CHECK_EQ(fx_state(&f), STATE_BACKOFF);
    CHECK(!f.mirror.attempting);
    fixture_done(&f);
}

static void stale_attempts_are_ignored(void)
{
    struct fixture f;
    struct event late;

    fixture_init(&f);
    fx_to_initiated(&f);
    late = (struct event){ .type = EVENT_IKE_ESTABLISHED,
        .tunnel = { .attempt = f.mirror.attempt.attempt, .n_addrs = 1, .addrs = { addr_of("10.99.1.1") } } };
    fx_failed(&f, REASON_GATEWAY_SILENT);
    fx(&f, &late);
    CHECK_EQ(fx_state(&f), STATE_BACKOFF);
    fx_advance(&f, fx_retry_in(&f));
    fx_answer_name(&f);
    fx(&f, &late);
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    fx_established(&f);
    fx(&f,
        &(struct event){ .type = EVENT_IKE_CLOSED, .failure = { late.tunnel.attempt, REASON_PEER_CLOSED } });
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fixture_done(&f);
}

static void failure_without_a_reason_gets_one(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    fx_failed(&f, REASON_NONE);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_INTERNAL_ERROR);
    fx_advance(&f, fx_retry_in(&f));
    fx_answer_name(&f);
    fx_established(&f);
    fx_closed(&f, REASON_NONE);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PEER_CLOSED);
    fixture_done(&f);
}

static void tunnel_without_an_address_is_none(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    fx(&f, &(struct event){ .type = EVENT_IKE_ESTABLISHED,
               .tunnel = { .attempt = f.mirror.attempt.attempt, .n_addrs = 0 } });
    CHECK_STATE(&f, STATE_FAILED, REASON_NO_ADDRESS);
    CHECK(fx_did(&f, ACTION_IKE_TERMINATE));
    fixture_done(&f);
}

static void same_inner_address_is_asked_for_again(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_EQ(f.mirror.routing.n_addrs, 1); /* kept, so that sockets survive */
    fx_advance(&f, fx_retry_in(&f));
    fx_answer_name(&f);
    CHECK_EQ(f.mirror.attempt.n_addrs, 1);
    CHECK(ip_addr_equal(&f.mirror.attempt.addrs[0], &f.mirror.tunnel.addrs[0]));
    fixture_done(&f);
}

static void reconfiguration_restarts_ike(void)
{
    struct fixture f;
    struct policy policy;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    policy = f.policy;
    policy.allow_usb = false; /* concerns the firewall only */
    fx_policy(&f, &policy, false);
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    CHECK(fx_did(&f, ACTION_FIREWALL));
    fx_policy(&f, &policy, true);
    CHECK_STATE(&f, STATE_CONNECTING, REASON_RECONFIGURED);
    CHECK(!f.mirror.ike_running);
    fixture_done(&f);
}

/* Settings changed while mvpnd was saying goodbye: the next connect uses them. */
static void reconfiguration_during_a_farewell(void)
{
    struct fixture f;
    struct policy policy;

    fixture_init(&f);
    fx_reach(&f, STATE_DISCONNECTING);
    policy = f.policy;
    fx_policy(&f, &policy, true);
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_STATE(&f, STATE_OFFLINE, REASON_USER_DISCONNECTED);
    fx_simple(&f, EVENT_CONNECT);
    fx_answer_name(&f);
    CHECK(fx_did(&f, ACTION_IKE_STOP));
    CHECK(fx_did(&f, ACTION_IKE_START));
    CHECK(f.mirror.attempting);
    fixture_done(&f);
}

/* A full disk: not in a circle, but with the next wish and the next change of state, until it is written. */
static void record_that_failed_is_written_later(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK(fx_did(&f, ACTION_STORE));
    fx_simple(&f, EVENT_STORE_FAILED);
    CHECK(!fx_did(&f, ACTION_STORE));
    fx_simple(&f, EVENT_ENABLE);
    CHECK(fx_did(&f, ACTION_STORE));
    fx_simple(&f, EVENT_STORE_FAILED);
    fx_simple(&f, EVENT_DISCONNECT);
    CHECK(fx_did(&f, ACTION_STORE));
    fx_simple(&f, EVENT_CONNECT);
    CHECK(!fx_did(&f, ACTION_STORE)); /* written now */
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(one_normal_connect),
    TEST(start_with_the_record_enabled),
    TEST(nothing_acts_before_start),
    TEST(start_disabled_removes_what_a_crash_left),
    TEST(obstacles),
    TEST(mended_obstacles_start_at_once),
    TEST(validity_that_begins_soon_is_waited_for),
    TEST(incomplete_configuration),
    TEST(silent_resolver_ends_the_attempt),
    TEST(impossible_addresses_are_not_believed),
    TEST(late_and_foreign_answers_are_ignored),
    TEST(ipv6_only_link),
    TEST(link_lost_while_connecting),
    TEST(address_lost_while_connecting),
    TEST(new_router_while_connecting),
    TEST(better_link_while_connecting_changes_nothing),
    TEST(best_link_at_the_point_of_establishment),
    TEST(silent_charon_is_given_up),
    TEST(stale_attempts_are_ignored),
    TEST(failure_without_a_reason_gets_one),
    TEST(tunnel_without_an_address_is_none),
    TEST(same_inner_address_is_asked_for_again),
    TEST(reconfiguration_restarts_ike),
    TEST(reconfiguration_during_a_farewell),
    TEST(record_that_failed_is_written_later),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
