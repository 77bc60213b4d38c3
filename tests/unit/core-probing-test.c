/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keepalive.Mode=detect in the core: recalled, measured, used; its opening; its end with the tunnel, the link or the configuration.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

#define SERVER  "198.51.100.34"
#define NETWORK "wired:02:00:00:00:00:01"

static void policy_with_server(struct policy *ret, bool literal)
{
    fixture_policy(ret);
    strcpy(ret->probe_server.name, literal ? SERVER : "stun.example.com");
    if (literal)
        ret->probe_server.literal = addr_of(SERVER);
}

static struct link named(struct link link)
{
    strcpy(link.network, NETWORK);
    link.wake_on_incoming = true;
    return link;
}

static void reach(struct fixture *f, bool literal)
{
    struct policy policy;
    struct link link = named(eth0());

    policy_with_server(&policy, literal);
    fixture_init_with(f, &policy, 1);
    fx_links(f, 1, &link);
    fx_simple(f, EVENT_ENABLE);
    fx_resolvers(f, 1, (const char *const[]){ "192.0.2.1" });
    fx_resolved(f, 1, (const char *const[]){ GATEWAY });
    fx_established(f);
    CHECK_EQ(fx_state(f), STATE_CONNECTED);
}

static void recalled(struct fixture *f, enum nat_method method, usec_t lifetime_usec, usec_t age_usec)
{
    fx(f, &(struct event){ .type = EVENT_NAT_RECALLED,
              .nat = { .network = NETWORK, .family = 4, .method = method, .lifetime_usec = lifetime_usec, .age_usec = age_usec } });
}

static void a_known_network_is_not_probed(void)
{
    struct fixture f;

    reach(&f, true);
    CHECK(fx_did(&f, ACTION_NAT_RECALL));
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(20));
    recalled(&f, NAT_METHOD_STUN, SEC(120), HOURS(100));
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(114));
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, SEC(120));
    CHECK_EQ(f.mirror.status.nat_method, NAT_METHOD_STUN);
    CHECK(f.mirror.status.push_supported);
    fx_advance(&f, HOURS(60));
    CHECK_EQ(f.mirror.n_done[ACTION_PROBE_SEND], 0);
    CHECK_EQ(f.mirror.lockdown.n_probes, 0);
    fx_advance(&f, HOURS(10)); /* a week old: confirmed */
    CHECK(f.mirror.n_done[ACTION_PROBE_SEND] > 0);
    fixture_done(&f);
}

static void a_new_mapping_is_conditioned(void)
{
    struct fixture f;

    reach(&f, true);
    recalled(&f, NAT_METHOD_STUN, SEC(120), 0);
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], 0);
    fx_advance(&f, SEC(3));
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], 1);
    fx_advance(&f, MINUTES(30));
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], 1);
    fixture_done(&f);
}

static void bounds_of_the_interval(void)
{
    static const struct {
        unsigned lifetime_sec, interval_sec;
    } rows[] = { { 12, 10 }, { 5, 10 }, { 13, 10 }, { 30, 27 }, { 60, 57 }, { 100, 95 }, { 300, 285 }, { 3000, 600 } };
    struct fixture f;

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        test_context("%u s", rows[i].lifetime_sec);
        reach(&f, true);
        recalled(&f, NAT_METHOD_STUN, SEC(rows[i].lifetime_sec), 0);
        CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(rows[i].interval_sec));
        fixture_done(&f);
    }
    reach(&f, true);
    recalled(&f, NAT_METHOD_STUN, USEC_INFINITY, 0);
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, 0);
    CHECK_EQ(f.mirror.status.nat_method, NAT_METHOD_NONE);
    CHECK(f.mirror.status.push_supported);
    fixture_done(&f);
}

static void the_name_is_resolved_through_an_opening(void)
{
    struct fixture f;

    reach(&f, false);
    recalled(&f, NAT_METHOD_NONE, 0, 0);
    fx_advance(&f, SEC(2));
    CHECK(fx_did(&f, ACTION_FIND_RESOLVERS));
    CHECK(f.mirror.status.nat_detecting);
    fx_resolvers(&f, 1, (const char *const[]){ "192.0.2.1" });
    CHECK(fx_did(&f, ACTION_RESOLVE));
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 1);
    fx_resolved(&f, 2, (const char *const[]){ "2001:db8::34", SERVER }); /* the tunnel's family counts */
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 0);
    CHECK_EQ(f.mirror.lockdown.n_probes, 1);
    CHECK_EQ(f.mirror.lockdown.probes[0].port, PROBE_SERVER_PORT);
    CHECK(ip_addr_equal(&f.mirror.lockdown.probes[0].addr, &(struct ip_addr){ 4, { 198, 51, 100, 34 } }));
    CHECK(fx_did(&f, ACTION_PROBE_SEND));
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(20)); /* the administrator's meanwhile */
    fixture_done(&f);
}

static void a_name_that_is_not_found_is_tried_again_later(void)
{
    struct fixture f;

    reach(&f, false);
    recalled(&f, NAT_METHOD_NONE, 0, 0);
    fx_advance(&f, SEC(2));
    fx_resolvers(&f, 0, NULL);
    CHECK(!f.mirror.status.nat_detecting);
    fx_advance(&f, MINUTES(50));
    CHECK_EQ(f.mirror.n_requests, 0);
    fx_advance(&f, MINUTES(10) + SEC(1));
    CHECK_EQ(f.mirror.n_requests, 1);
    fx_advance(&f, SEC(20)); /* nobody answers */
    CHECK_EQ(f.mirror.n_requests, 0);
    CHECK(!f.mirror.status.nat_detecting);
    fixture_done(&f);
}

static void running(struct fixture *f)
{
    reach(f, true);
    recalled(f, NAT_METHOD_NONE, 0, 0);
    fx_advance(f, SEC(2));
    CHECK(f->mirror.probe_slots != 0);
    CHECK_EQ(f->mirror.lockdown.n_probes, 1);
}

static void it_ends_with_what_it_is_about(void)
{
    struct link wlan = named(wlan0());
    struct policy policy;
    struct fixture f;

    for (int i = 0; i < 6; i++) {
        test_context("way %d", i);
        running(&f);
        policy = f.policy;
        switch (i) {
        case 0:
            fx_simple(&f, EVENT_DISCONNECT);
            break;
        case 1:
            fx_closed(&f, REASON_PEER_CLOSED);
            break;
        case 2:
            fx_links(&f, 1, &wlan); /* moves */
            break;
        case 3:
            policy.keepalive_mode = KEEPALIVE_MODE_FIXED;
            fx_policy(&f, &policy, false);
            break;
        case 4:
            policy.keepalive_mode = KEEPALIVE_MODE_OFF;
            fx_policy(&f, &policy, false);
            break;
        default:
            fx_simple(&f, EVENT_DISABLE);
            break;
        }
        CHECK_EQ(f.mirror.probe_slots, 0);
        CHECK_EQ(f.mirror.lockdown.n_probes, 0);
        fx(&f, &(struct event){ .type = EVENT_PROBE_ANSWER, .probe_answer = { 0, 1, addr_of("203.0.113.77"), 40000 } });
        CHECK(!fx_did(&f, ACTION_PROBE_SEND));
        fixture_done(&f);
    }
}

static void another_network_is_another_matter(void)
{
    struct link link = named(eth0());
    struct fixture f;

    running(&f);
    strcpy(link.network, "wired:02:00:00:00:00:02");
    fx_links(&f, 1, &link);
    CHECK(fx_did(&f, ACTION_NAT_RECALL));
    CHECK_EQ(f.mirror.probe_slots, 0);
    recalled(&f, NAT_METHOD_STUN, SEC(120), 0); /* of the network before: too late */
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, 0);
    link.network[0] = '\0'; /* nobody knows any more which it is: still the same */
    fx_links(&f, 1, &link);
    CHECK(!fx_did(&f, ACTION_NAT_RECALL));
    fixture_done(&f);
}

static void a_changed_mapping_halves_at_once(void)
{
    struct fixture f;

    reach(&f, true);
    recalled(&f, NAT_METHOD_STUN, SEC(120), 0);
    fx(&f, &(struct event){ .type = EVENT_IKE_MOVED,
               .path = { f.mirror.tunnel.local, f.mirror.tunnel.remote, .nat = true, .moved = true, .mapping_changed = true } });
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(57));
    CHECK(fx_did(&f, ACTION_NAT_REMEMBER));
    CHECK_EQ(mirror_action(&f.mirror, ACTION_NAT_REMEMBER)->nat.method, NAT_METHOD_NONE); /* the half is a guess, not for the next visit */
    fx_advance(&f, SEC(1));
    CHECK(f.mirror.n_done[ACTION_PROBE_SEND] > 0); /* and is measured again */
    fixture_done(&f);

    reach(&f, true); /* after a sleep nothing else is to be expected */
    recalled(&f, NAT_METHOD_STUN, SEC(120), 0);
    fx_simple(&f, EVENT_SUSPEND);
    fx_sleep(&f, HOURS(1));
    fx_simple(&f, EVENT_RESUME);
    fx(&f, &(struct event){ .type = EVENT_IKE_MOVED,
               .path = { f.mirror.tunnel.local, f.mirror.tunnel.remote, .nat = true, .moved = true, .mapping_changed = true } });
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, SEC(120));
    fixture_done(&f);
}

/* Answers the control (T = 0), and counts the sockets that are opened then. */
static unsigned count_sockets(struct fixture *f)
{
    unsigned n = 0;

    for (int i = 0; i < 10; i++) {
        const struct action *action = mirror_action(&f->mirror, ACTION_PROBE_SEND);
        if (action && action->probe_send.slot < 2)
            fx(f, &(struct event){ .type = EVENT_PROBE_ANSWER,
                      .probe_answer = { 0, action->probe_send.tag, addr_of("203.0.113.77"), 40000 } });
        else
            fx_advance(f, MSEC(10));
    }
    for (uint64_t slots = f->mirror.probe_slots; slots; slots &= slots - 1)
        n++;
    return n;
}

/* One keepalive that was lost looks like a shorter lifetime, and is much more frequent: three sockets tell them apart, not thirty. */
static void what_is_doubted_is_confirmed_first(void)
{
    struct fixture f;
    uint64_t n_checks;

    reach(&f, true);
    recalled(&f, NAT_METHOD_NONE, 0, 0);
    fx_advance(&f, SEC(2));
    CHECK_GE(count_sockets(&f), 8); /* the first rungs; more are opened later */
    fixture_done(&f);

    reach(&f, true);
    recalled(&f, NAT_METHOD_STUN, SEC(120), 0);
    fx(&f, &(struct event){ .type = EVENT_IKE_MOVED,
               .path = { f.mirror.tunnel.local, f.mirror.tunnel.remote, .nat = true, .moved = true, .mapping_changed = true } });
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, SEC(60));
    fx_advance(&f, 0);
    CHECK_EQ(count_sockets(&f), 5);
    fx_advance(&f, SEC(10));
    n_checks = f.mirror.n_done[ACTION_IKE_LIVENESS];
    fx_advance(&f, MINUTES(12)); /* and from now on it is looked at more often than once an hour */
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], n_checks + 1);
    fixture_done(&f);
}

/* Right after a silence a late answer halves what is believed; right after a sleep the radio was slow to attach. */
static void a_late_answer_after_a_sleep_says_nothing(void)
{
    struct fixture f;

    for (int slept = 0; slept < 2; slept++) {
        uint64_t n_checks;
        test_context("slept %d", slept);
        reach(&f, true);
        recalled(&f, NAT_METHOD_STUN, SEC(120), 0);
        fx_advance(&f, MINUTES(59));
        if (slept) {
            fx_simple(&f, EVENT_SUSPEND);
            fx_sleep(&f, HOURS(1));
            fx_simple(&f, EVENT_RESUME);
        }
        n_checks = f.mirror.n_done[ACTION_IKE_LIVENESS];
        for (int i = 0; i < 200 && f.mirror.n_done[ACTION_IKE_LIVENESS] == n_checks; i++)
            fx_advance(&f, SEC(i > 0)); /* until there is a check in a keepalive's stead */
        fx(&f, &(struct event){ .type = EVENT_IKE_MOVED,
                   .path = { f.mirror.tunnel.local, f.mirror.tunnel.remote, .nat = true, .moved = true, .late = true } });
        CHECK_EQ(f.mirror.status.nat_lifetime_usec, slept ? SEC(120) : SEC(60));
        fixture_done(&f);
    }
}

/* ---- networks that lose packets ---- */

#define LIFETIME SEC(60)

/* A NAT that keeps ports, LIFETIME, and a server behind it; `loses`: the second request of slot 3 does not get there. */
struct way {
    bool loses;
    unsigned n_sent[PROBE_SLOTS_MAX];
    usec_t last_at_usec[PROBE_SLOTS_MAX];
    struct probe_answer answers[64];
    unsigned n_answers;
};

static void carry(struct way *way, const struct fixture *f)
{
    for (uint32_t i = 0; i < f->mirror.actions.n_actions; i++) {
        const struct probe_send *send = &f->mirror.actions.actions[i].probe_send;
        uint32_t to = send->slot;
        if (f->mirror.actions.actions[i].type != ACTION_PROBE_SEND)
            continue;
        if (++way->n_sent[send->slot] == 2 && send->slot == 3 && way->loses)
            continue;
        way->last_at_usec[send->slot] = f->mirror.now_usec;
        if (send->response_port)
            to = send->response_port - 40000U;
        if (f->mirror.now_usec - way->last_at_usec[to] <= LIFETIME && way->n_answers < ELEMENTSOF(way->answers))
            way->answers[way->n_answers++] = (struct probe_answer){ to, send->tag, addr_of("203.0.113.77"), (uint16_t)(40000 + to) };
    }
}

/* Until nothing is measured any more. */
static void live_through_measurement(struct fixture *f, bool loses)
{
    struct way way = { .loses = loses };

    for (int i = 0; i < 20000 && f->mirror.status.nat_detecting; i++) {
        if (way.n_answers > 0)
            fx(f, &(struct event){ .type = EVENT_PROBE_ANSWER, .probe_answer = way.answers[--way.n_answers] });
        else
            fx_advance(f, MSEC(10));
        carry(&way, f);
    }
    CHECK(!f->mirror.status.nat_detecting);
    CHECK_EQ(f->mirror.status.nat_method, NAT_METHOD_STUN);
}

static void losses_are_seen_when_measuring(void)
{
    struct fixture f;

    for (int loses = 0; loses < 2; loses++) {
        test_context("loses %d", loses);
        reach(&f, true);
        recalled(&f, NAT_METHOD_STUN, LIFETIME, HOURS(24 * 8)); /* so old that it is confirmed */
        CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(57));
        for (int i = 0; i < 400 && !f.mirror.status.nat_detecting; i++)
            fx_advance(&f, MSEC(10));
        live_through_measurement(&f, loses);
        CHECK_EQ(mirror_action(&f.mirror, ACTION_NAT_REMEMBER)->nat.lossy, loses);
        CHECK_EQ(f.mirror.status.keepalive_interval_usec, loses ? SEC(54) : SEC(57)); /* a check's repetition finds the mapping */
        fixture_done(&f);
    }
}

static void moved(struct fixture *f, bool late, bool mapping_changed)
{
    fx(f, &(struct event){ .type = EVENT_IKE_MOVED,
              .path = { f->mirror.tunnel.local, f->mirror.tunnel.remote, .nat = true, .moved = true, .late = late,
                  .mapping_changed = mapping_changed } });
}

/* Each keepalive is answered there, or repeated; that one had to be says nothing of the lifetime, a new mapping without it does. */
static void where_packets_get_lost_keepalives_are_answered(void)
{
    struct fixture f;
    uint64_t n_checks;

    reach(&f, true);
    fx(&f, &(struct event){ .type = EVENT_NAT_RECALLED,
               .nat = { .network = NETWORK, .family = 4, .method = NAT_METHOD_STUN, .lifetime_usec = LIFETIME, .lossy = true } });
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(54));
    fx_advance(&f, SEC(10));
    n_checks = f.mirror.n_done[ACTION_IKE_LIVENESS];
    fx_advance(&f, 10 * SEC(54));
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 0);
    CHECK_EQ(f.mirror.n_done[ACTION_IKE_LIVENESS], n_checks + 10);
    moved(&f, true, false);
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, LIFETIME);
    moved(&f, true, true);
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, LIFETIME);
    moved(&f, false, true);
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, LIFETIME / 2);
    fixture_done(&f);
}

static void without_an_answer_from_the_cache_it_is_measured(void)
{
    struct fixture f;

    reach(&f, true);
    fx_advance(&f, SEC(8));
    CHECK(f.mirror.n_done[ACTION_PROBE_SEND] > 0);
    recalled(&f, NAT_METHOD_STUN, SEC(120), 0); /* too late */
    CHECK_EQ(f.mirror.status.nat_lifetime_usec, 0);
    fixture_done(&f);
}

/* On demand a tunnel seldom lasts as long as a measurement, and each would begin another one. What is known is used. */
static void on_demand_nothing_is_measured(void)
{
    static const usec_t idle_timeouts_usec[] = { MINUTES(2), HOURS(1) };
    struct link link = named(wwan0());
    struct policy policy;
    struct fixture f;

    link.roaming = true;
    for (size_t i = 0; i < ELEMENTSOF(idle_timeouts_usec); i++) {
        policy_with_server(&policy, true);
        policy.idle_timeout_usec = idle_timeouts_usec[i];
        fixture_init_with(&f, &policy, 1);
        fx_links(&f, 1, &link);
        fx_simple(&f, EVENT_ENABLE);
        fx_simple(&f, EVENT_DEMAND);
        fx_resolvers(&f, 1, (const char *const[]){ "10.64.0.9" });
        fx_resolved(&f, 1, (const char *const[]){ GATEWAY });
        fx_established(&f);
        recalled(&f, NAT_METHOD_NONE, 0, 0);
        fx_advance(&f, SEC(100));
        CHECK_EQ(f.mirror.n_done[ACTION_PROBE_SEND] > 0, i > 0); /* a tunnel that stays for an hour is another matter */
        link.roaming = false; /* so is one at home */
        fx_links(&f, 1, &link);
        fx_advance(&f, SEC(10));
        CHECK(f.mirror.n_done[ACTION_PROBE_SEND] > 0);
        link.roaming = true;
        fixture_done(&f);
    }
}

static void fixed_is_the_administrators_always(void)
{
    struct policy policy;
    struct fixture f;

    policy_with_server(&policy, true);
    policy.keepalive_mode = KEEPALIVE_MODE_FIXED;
    policy.keepalive_usec = SEC(5);
    fixture_init_with(&f, &policy, 1);
    fx_reach(&f, STATE_CONNECTED);
    CHECK(!fx_did(&f, ACTION_NAT_RECALL));
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(5)); /* MinInterval= bounds what is detected */
    CHECK_EQ(f.mirror.status.nat_method, NAT_METHOD_ADMIN);
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(a_known_network_is_not_probed),
    TEST(a_new_mapping_is_conditioned),
    TEST(bounds_of_the_interval),
    TEST(the_name_is_resolved_through_an_opening),
    TEST(a_name_that_is_not_found_is_tried_again_later),
    TEST(it_ends_with_what_it_is_about),
    TEST(another_network_is_another_matter),
    TEST(a_changed_mapping_halves_at_once),
    TEST(what_is_doubted_is_confirmed_first),
    TEST(a_late_answer_after_a_sleep_says_nothing),
    TEST(losses_are_seen_when_measuring),
    TEST(where_packets_get_lost_keepalives_are_answered),
    TEST(without_an_answer_from_the_cache_it_is_measured),
    TEST(on_demand_nothing_is_measured),
    TEST(fixed_is_the_administrators_always),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
