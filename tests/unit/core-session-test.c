/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * While a tunnel stands: stickiness, loss of the base link, MOBIKE, grace, dead paths, keepalives, and saying goodbye.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static const char *const servers[] = { "192.0.2.1" };

/* ---- stickiness and loss ---- */

static void better_link_moves_nothing(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_answer_name(&f);
    fx_established(&f);
    fx_links(&f, 2, (struct link[]){ wwan0(), wlan0() });
    fx_links(&f, 3, (struct link[]){ wwan0(), wlan0(), eth0() });
    fx_advance(&f, MINUTES(10));
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    CHECK_EQ(f.mirror.status.base_link.ifindex, WWAN0);
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_MIGRATE], 0);
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_INITIATE], 1);
    CHECK_EQ(f.mirror.routing.outer[0].ifindex, WWAN0); /* outer packets stay, whatever the main table says */
    fixture_done(&f);
}

static void characteristics_of_the_base_link_are_followed(void)
{
    struct fixture f;
    struct link link = eth0();

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    link.mtu = 1400;
    link.metered = link.wake_on_incoming = true;
    fx_links(&f, 1, &link);
    CHECK(f.mirror.status.base_link.metered);
    CHECK(f.mirror.status.push_supported);
    CHECK_EQ(f.mirror.routing.mtu, 1400 - 62);
    fixture_done(&f);
}

/* How each loss looks in a snapshot. */
static struct link lost(int how)
{
    struct link link = eth0();

    switch (how) {
    case 0:
        link.carrier = false;
        break;
    case 1:
        link.up = false;
        break;
    case 2:
        link.n_addrs = 0;
        break;
    case 3:
        link.n_routes = 0;
        break;
    case 4:
        link.addrs[0].addr = addr_of("192.0.2.99");
        break;
    case 5:
        link.ifindex = 77; /* unplugged and plugged in again between two looks */
        break;
    }
    return link;
}

static void every_loss_moves_at_once(void)
{
    for (int how = 0; how < 6; how++) {
        struct fixture f;
        const struct action *action;

        test_context("loss %d", how);
        fixture_init(&f);
        fx_reach(&f, STATE_CONNECTED);
        fx_links(&f, 2, (struct link[]){ lost(how), wlan0() });
        action = mirror_action(&f.mirror, ACTION_IKE_MIGRATE);
        if (CHECK(action != NULL))
            CHECK_EQ(action->migrate.ifindex, how < 4 ? WLAN0 : how == 4 ? ETH0 : 77);
        CHECK_EQ(fx_state(&f), STATE_CONNECTED);
        CHECK_EQ(f.mirror.lockdown.n_gateways, 1);
        fx_moved(&f, true);
        CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
        CHECK_EQ(
            f.mirror.n_done[ACTION_IKE_INITIATE], 1); /* the tunnel address and inner connections survive */
        CHECK(f.mirror.watching);
        fixture_done(&f);
    }
}

static void without_mobike_a_new_sa(void)
{
    for (int how = 0; how < 2; how++) {
        struct fixture f;
        struct policy policy;

        test_context(how ? "Migrate=no" : "gateway without MOBIKE");
        fixture_policy(&policy);
        policy.migrate = how == 0;
        fixture_init_with(&f, &policy, 1);
        f.mobike = how == 1;
        fx_reach(&f, STATE_CONNECTED);
        fx_links(&f, 1, (struct link[]){ wlan0() });
        CHECK_STATE(&f, STATE_CONNECTING, REASON_LINK_LOST);
        CHECK(!f.mirror.has_tunnel);
        CHECK_EQ(f.mirror.requests[0].ifindex, WLAN0);
        fx_answer_name(&f);
        CHECK_EQ(f.mirror.attempt.n_addrs, 1); /* asks for the address again */
        fixture_done(&f);
    }
}

static void move_to_another_family(void)
{
    static const char *const both[] = { GATEWAY, GATEWAY6 };
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, servers);
    fx_resolved(&f, 2, both);
    fx_established(&f);
    fx_links(&f, 1, (struct link[]){ wwan6() });
    CHECK(f.mirror.migrating);
    CHECK_EQ(f.mirror.migrate.remote.family, 6);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 2); /* until it is known whether the move succeeds */
    fx_moved(&f, true);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 1);
    CHECK_EQ(f.mirror.routing.mtu, 1500 - 82);
    fixture_done(&f);
}

static void failed_move_builds_a_new_tunnel(void)
{
    for (int how = 0; how < 2; how++) {
        struct fixture f;

        test_context(how ? "no answer" : "refused");
        fixture_init(&f);
        fx_reach(&f, STATE_CONNECTED);
        fx_links(&f, 1, (struct link[]){ wlan0() });
        if (how == 0)
            fx_moved(&f, false);
        else
            fx_advance(&f, SEC(5));
        CHECK_EQ(fx_state(&f), STATE_CONNECTING);
        CHECK(!f.mirror.has_tunnel);
        fixture_done(&f);
    }
}

/* 30 ms to the gateway and back: what is lost is repeated soon, and a gateway that knows nothing of the SA is asked for another one soon. */
static void a_silent_move_is_not_waited_for(void)
{
    for (int heard = 0; heard < 2; heard++) {
        struct fixture f;

        test_context(heard ? "the gateway is heard" : "silence");
        fixture_init(&f);
        fx_links(&f, 1, (struct link[]){ eth0() });
        fx_simple(&f, EVENT_ENABLE);
        fx_answer_name(&f);
        fx(&f,
            &(struct event){ .type = EVENT_IKE_ANSWERED,
                .answered = { .attempt = f.mirror.attempt.attempt, .round_trip_usec = MSEC(30) } });
        fx_established(&f);
        fx_links(&f, 1, (struct link[]){ wlan0() });
        CHECK_EQ(f.mirror.n_done[ACTION_IKE_MIGRATE], 1);
        fx_advance(&f, MSEC(149));
        CHECK_EQ(f.mirror.n_done[ACTION_IKE_MIGRATE], 1);
        fx_advance(&f, MSEC(2));
        CHECK_EQ(f.mirror.n_done[ACTION_IKE_MIGRATE], 2);
        CHECK_EQ(f.mirror.migrate.ifindex, WLAN0);
        if (heard)
            f.mirror.traffic.last_in_at_usec = f.mirror.now_usec;
        fx_advance(&f, MSEC(1400));
        CHECK_EQ(f.mirror.n_done[ACTION_IKE_MIGRATE], 2); /* once */
        CHECK_EQ(fx_state(&f), heard ? STATE_CONNECTED : STATE_CONNECTING);
        fx_advance(&f, MSEC(2500));
        CHECK_EQ(fx_state(&f), STATE_CONNECTING);
        fixture_done(&f);
    }
}

static void target_lost_during_the_move(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    fx_links(&f, 1, (struct link[]){ wwan0() });
    CHECK_EQ(f.mirror.migrate.ifindex, WWAN0);
    /* charon tells of the first move after all: it is not where we are going */
    fx(&f,
        &(struct event){ .type = EVENT_IKE_MOVED,
            .path = {
                .local = addr_of("192.168.1.10"), .remote = addr_of(GATEWAY), .nat = true, .moved = true } });
    f.mirror.migrating = true;
    fx_moved(&f, true);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    CHECK_EQ(f.mirror.status.base_link.ifindex, WWAN0);
    fixture_done(&f);
}

static void the_same_links_during_the_move_start_no_other(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    fx_links(&f, 1, (struct link[]){ wlan0() });
    fx_links(&f, 2, (struct link[]){ wlan0(), eth0() });
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_MIGRATE], 1);
    fx_moved(&f, true);
    CHECK_EQ(f.mirror.status.base_link.ifindex, WLAN0);
    fixture_done(&f);
}

static void flap_within_the_grace_is_survived(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 0, NULL);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_LINK_LOST);
    CHECK(f.mirror.deadline.at_usec == f.mirror.now_usec + SEC(1));
    fx_advance(&f, MSEC(900));
    fx_links(&f, 1, (struct link[]){ eth0() });
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS)); /* does the mapping still live? */
    CHECK(fx_did(&f, ACTION_ROUTING));      /* the kernel dropped the routes with the link */
    fx_advance(&f, SEC(5));
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fixture_done(&f);
}

static void grace_ends(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 0, NULL);
    fx_advance(&f, MSEC(500));
    fx_links(&f, 0, NULL); /* a further snapshot does not lengthen it */
    fx_advance(&f, MSEC(499));
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fx_advance(&f, MSEC(1));
    CHECK_STATE(&f, STATE_OFFLINE, REASON_NO_LINK);
    CHECK(!f.mirror.has_tunnel);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 0);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    CHECK_STATE(&f, STATE_CONNECTING, REASON_NEW_LINK);
    fixture_done(&f);
}

static void another_link_within_the_grace(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 0, NULL);
    fx_advance(&f, MSEC(300));
    fx_links(&f, 1, (struct link[]){ wwan0() });
    CHECK(f.mirror.migrating);
    fx_moved(&f, true);
    fx_advance(&f, SEC(2));
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    fixture_done(&f);
}

static void closed_within_the_grace(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 0, NULL);
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_STATE(&f, STATE_OFFLINE, REASON_NO_LINK);
    fx_links(&f, 1, (struct link[]){ eth0() });
    CHECK_EQ(fx_state(&f), STATE_CONNECTING); /* at once, though it is the link of the last round */
    fixture_done(&f);
}

/* ---- dead paths ---- */

static void dead_path_moves_to_another_link(void)
{
    struct fixture f;
    usec_t from_usec;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 2, (struct link[]){ eth0(), wwan0() });
    fx_sleep(&f, SEC(60));
    from_usec = f.mirror.now_usec - MSEC(1200);
    fx_unanswered(&f, MSEC(1200));
    CHECK(fx_did(&f, ACTION_IKE_LIVENESS));
    fx_advance(&f, MSEC(900));
    CHECK(f.mirror.migrating);
    CHECK_EQ(f.mirror.migrate.ifindex, WWAN0);
    CHECK_LE(f.mirror.now_usec - from_usec, MSEC(2100));
    fx_moved(&f, true);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    fixture_done(&f);
}

static void dead_path_and_a_move_that_fails(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 2, (struct link[]){ eth0(), wwan0() });
    fx_sleep(&f, SEC(60));
    fx_unanswered(&f, MSEC(1200));
    fx_advance(&f, MSEC(900));
    CHECK(f.mirror.migrating);
    fx_moved(&f, false);
    CHECK_STATE(&f, STATE_CONNECTING, REASON_PATH_DEAD); /* no link was lost */
    fixture_done(&f);
}

/* Without MOBIKE: a new SA, and not over the dead link, though it is the better one. */
static void dead_path_without_mobike(void)
{
    struct fixture f;

    fixture_init(&f);
    f.mobike = false;
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 2, (struct link[]){ eth0(), wwan0() });
    fx_sleep(&f, SEC(60));
    fx_unanswered(&f, MSEC(1200));
    fx_advance(&f, MSEC(3800));
    CHECK_STATE(&f, STATE_CONNECTING, REASON_PATH_DEAD);
    if (CHECK_EQ(f.mirror.n_requests, 1))
        CHECK_EQ(f.mirror.requests[0].ifindex, WWAN0);
    fixture_done(&f);
}

static void dead_path_and_no_other_link(void)
{
    struct fixture f;
    usec_t from_usec;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_sleep(&f, SEC(60));
    from_usec = f.mirror.now_usec - MSEC(1200);
    fx_unanswered(&f, MSEC(1200));
    while (fx_state(&f) == STATE_CONNECTED && f.mirror.now_usec < from_usec + SEC(20))
        fx_advance(&f, MSEC(50));
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PATH_DEAD);
    CHECK_LE(f.mirror.now_usec - from_usec, SEC(5));
    CHECK_LE(fx_retry_in(&f), SEC(10));
    fixture_done(&f);
}

static void answered_check_keeps_the_path(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_sleep(&f, SEC(60));
    fx_unanswered(&f, MSEC(1200));
    f.mirror.traffic.last_in_at_usec = f.mirror.now_usec + MSEC(100);
    f.mirror.traffic.unanswered_at_usec = 0;
    fx_advance(&f, SEC(6));
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    CHECK(f.mirror.watching);
    fixture_done(&f);
}

static void no_probing_while_idle(void)
{
    struct fixture f;

    fixture_init(&f);
    f.nat = false;
    fx_reach(&f, STATE_CONNECTED);
    CHECK(f.mirror.deadline.at_usec == USEC_INFINITY); /* no wake-up at all */
    fx_advance(&f, HOURS(24));
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], 0);
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 0);
    fixture_done(&f);
}

/* ---- keepalives ---- */

static void one_wakeup_per_keepalive(void)
{
    struct fixture f;
    uint64_t n_steps, n_sent;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(20));
    n_steps = f.mirror.n_steps;
    fx_advance(&f, HOURS(1));
    n_sent = f.mirror.n_done[ACTION_KEEPALIVE];
    CHECK_GE(n_sent, 180);
    CHECK_LE(n_sent, 190);
    CHECK_EQ(f.mirror.n_steps - n_steps, n_sent);
    CHECK_EQ(f.mirror.status.n_keepalives_sent, n_sent);
    CHECK_EQ(f.mirror.status.n_keepalives_suppressed, 0);
    fixture_done(&f);
}

static void traffic_does_the_job(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    for (int i = 0; i < 3600; i++) { /* a packet each second: no keepalive, and no wake-up per packet */
        f.mirror.traffic.last_out_at_usec = f.mirror.now_usec;
        fx_advance(&f, SEC(1));
    }
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 0);
    CHECK_GE(f.mirror.status.n_keepalives_suppressed, 150);
    CHECK_LE(f.mirror.status.n_keepalives_suppressed, 200);
    fixture_done(&f);
}

static void no_keepalives(void)
{
    static const char *const cases[] = { "no NAT", "mode off", "roaming without keepalives" };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        struct fixture f;
        struct policy policy;
        struct link link = eth0();

        test_context("%s", cases[i]);
        fixture_policy(&policy);
        policy.keepalive_mode = i == 1 ? KEEPALIVE_MODE_OFF : KEEPALIVE_MODE_FIXED;
        policy.roaming_keepalive = i != 2;
        fixture_init_with(&f, &policy, 1);
        f.nat = i != 0;
        fx_reach(&f, STATE_CONNECTED);
        link.roaming = i == 2;
        link.wake_on_incoming = true;
        fx_links(&f, 1, &link);
        CHECK_EQ(f.mirror.status.keepalive_interval_usec, 0);
        CHECK_EQ(f.mirror.status.push_supported, i == 0); /* behind a NAT nothing comes in without them */
        fx_advance(&f, HOURS(2));
        CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 0);
        CHECK_EQ(fx_state(&f), i == 2 ? STATE_ARMED : STATE_CONNECTED); /* roaming never disables the VPN */
        fixture_done(&f);
    }
}

/* [Roaming] Detect= overrides the modem, for status as well as for keepalives; a Wi-Fi never roams. */
static void roaming_as_the_configuration_says(void)
{
    static const struct {
        enum roaming_detect detect;
        bool reported, wifi, roaming;
    } table[] = {
        { ROAMING_DETECT_AUTO, false, false, false },
        { ROAMING_DETECT_AUTO, true, false, true },
        { ROAMING_DETECT_ALWAYS, false, false, true },
        { ROAMING_DETECT_ALWAYS, false, true, false },
        { ROAMING_DETECT_NEVER, true, false, false },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        for (int when = 0; when < 2; when++) { /* configured before, or changed while connected */
            struct fixture f;
            struct policy policy;
            struct link link = table[i].wifi ? wlan0() : wwan0();

            test_context("row %zu, %s", i, when ? "changed" : "from the start");
            link.roaming = table[i].reported;
            fixture_policy(&policy);
            policy.roaming_keepalive = false;
            policy.roaming_detect = when ? ROAMING_DETECT_AUTO : table[i].detect;
            fixture_init_with(&f, &policy, 1);
            fx_links(&f, 1, &link);
            fx_simple(&f, EVENT_ENABLE);
            if (fx_state(&f) == STATE_ARMED)
                fx_simple(&f, EVENT_DEMAND);
            fx_answer_name(&f);
            fx_established(&f);
            policy.roaming_detect = table[i].detect;
            fx_policy(&f, &policy, false);
            CHECK_EQ(fx_state(&f), STATE_CONNECTED);
            CHECK_EQ(f.mirror.status.base_link.roaming, table[i].roaming);
            CHECK_EQ(f.mirror.status.keepalive_interval_usec, table[i].roaming ? 0 : SEC(20));
            fixture_done(&f);
        }
    }
}

static void keepalives_follow_nat_and_policy(void)
{
    struct fixture f;
    struct policy policy;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    f.nat = false;
    fx_moved(&f, true);
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, 0);
    policy = f.policy;
    policy.keepalive_usec = SEC(3); /* below the minimum */
    fx_policy(&f, &policy, false);
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    f.nat = true;
    fx_moved(&f, true);
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(10));
    fixture_done(&f);
}

static void keepalive_wakes_only_for_push(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    CHECK(!f.mirror.deadline.wake); /* eth0 cannot wake the device: neither may the timer */
    fixture_done(&f);

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_answer_name(&f);
    CHECK(!f.mirror.deadline.wake);
    fx_established(&f);
    CHECK(f.mirror.deadline.wake);
    fx_sleep(&f, SEC(10));
    fx_unanswered(&f, MSEC(1200)); /* a nearer deadline must not hide the one that wakes */
    CHECK(f.mirror.deadline.wake);
    fixture_done(&f);
}

/* ---- goodbye ---- */

static void disconnect_says_goodbye_and_stays_blocked(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_simple(&f, EVENT_DISCONNECT);
    CHECK_STATE(&f, STATE_DISCONNECTING, REASON_USER_DISCONNECTED);
    CHECK(f.mirror.terminating);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 1); /* the DELETE must get out, its answer in */
    fx_closed(&f, REASON_NONE);
    CHECK_STATE(&f, STATE_OFFLINE, REASON_USER_DISCONNECTED);
    CHECK(f.mirror.lockdown.active);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 0);
    CHECK(f.mirror.record_enabled);

    /* Nothing but connect, enable or a start ends it. */
    fx_links(&f, 2, (struct link[]){ eth0(), wlan0() });
    fx_simple(&f, EVENT_SUSPEND);
    fx_simple(&f, EVENT_RESUME);
    fx_credentials(&f, &(struct credentials){ .not_after_sec = 1950000000 });
    fx_clock(&f, 1800000001, 0);
    fx_policy(&f,
        &(struct policy){ .complete = true,
            .n_gateways = 1,
            .gateways = { { .name = NAME } },
            .interface = "mvpn0",
            .mark = 0x4d56 },
        true);
    fx_advance(&f, HOURS(24));
    CHECK_STATE(&f, STATE_OFFLINE, REASON_USER_DISCONNECTED);
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_INITIATE], 1);
    fx_simple(&f, EVENT_CONNECT);
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    fixture_done(&f);
}

static void silent_gateway_does_not_hold_up_the_goodbye(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_simple(&f, EVENT_DISABLE);
    CHECK_EQ(fx_state(&f), STATE_DISCONNECTING);
    fx_advance(&f, SEC(1));
    CHECK_STATE(&f, STATE_DISABLED, REASON_DISABLED);
    CHECK(!f.mirror.lockdown.active);
    fixture_done(&f);
}

static void change_of_mind_during_the_goodbye(void)
{
    static const struct {
        enum event_type first, then;
        enum state state;
        enum reason reason;
    } table[] = {
        { EVENT_DISABLE, EVENT_ENABLE, STATE_CONNECTING, REASON_USER_CONNECTED },
        { EVENT_DISCONNECT, EVENT_CONNECT, STATE_CONNECTING, REASON_USER_CONNECTED },
        { EVENT_DISCONNECT, EVENT_DISABLE, STATE_DISABLED, REASON_DISABLED },
        { EVENT_DISABLE, EVENT_CONNECT, STATE_DISABLED,
            REASON_DISABLED }, /* connect while disabled is nothing */
        { EVENT_DISABLE, EVENT_DISCONNECT, STATE_DISABLED, REASON_DISABLED },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        for (int answered = 0; answered < 2; answered++) {
            struct fixture f;

            test_context("%s, then %s", event_name(table[i].first), event_name(table[i].then));
            fixture_init(&f);
            fx_reach(&f, STATE_CONNECTED);
            fx_simple(&f, table[i].first);
            fx_simple(&f, table[i].then);
            CHECK_EQ(fx_state(&f), STATE_DISCONNECTING);
            if (answered)
                fx_closed(&f, REASON_NONE);
            else
                fx_advance(&f, SEC(1));
            CHECK_STATE(&f, table[i].state, table[i].reason);
            fixture_done(&f);
        }
    }
}

static void peer_closes(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_advance(&f, MINUTES(1));
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_STATE(&f, STATE_BACKOFF, REASON_PEER_CLOSED);
    CHECK(f.mirror.lockdown.active);
    CHECK(!f.mirror.lockdown.tunnel_up);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 0);
    fixture_done(&f);
}

static void tunnel_interface_lost_is_made_again(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_simple(&f, EVENT_TUNNEL_LOST);
    CHECK(fx_did(&f, ACTION_ROUTING));
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(better_link_moves_nothing),
    TEST(characteristics_of_the_base_link_are_followed),
    TEST(every_loss_moves_at_once),
    TEST(without_mobike_a_new_sa),
    TEST(move_to_another_family),
    TEST(failed_move_builds_a_new_tunnel),
    TEST(a_silent_move_is_not_waited_for),
    TEST(target_lost_during_the_move),
    TEST(the_same_links_during_the_move_start_no_other),
    TEST(flap_within_the_grace_is_survived),
    TEST(grace_ends),
    TEST(another_link_within_the_grace),
    TEST(closed_within_the_grace),
    TEST(dead_path_moves_to_another_link),
    TEST(dead_path_and_a_move_that_fails),
    TEST(dead_path_without_mobike),
    TEST(dead_path_and_no_other_link),
    TEST(answered_check_keeps_the_path),
    TEST(no_probing_while_idle),
    TEST(one_wakeup_per_keepalive),
    TEST(traffic_does_the_job),
    TEST(no_keepalives),
    TEST(roaming_as_the_configuration_says),
    TEST(keepalives_follow_nat_and_policy),
    TEST(keepalive_wakes_only_for_push),
    TEST(disconnect_says_goodbye_and_stays_blocked),
    TEST(silent_gateway_does_not_hold_up_the_goodbye),
    TEST(change_of_mind_during_the_goodbye),
    TEST(peer_closes),
    TEST(tunnel_interface_lost_is_made_again),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
