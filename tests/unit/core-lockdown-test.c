/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lockdown admits and routing carries in each state, the openings for CRL and OCSP, the LAN, and a firewall that fails.
 * The invariants hold at every step besides; here stands what exactly is open when.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static const char *const servers[] = { "192.0.2.1" };
static const char *const addresses[] = { GATEWAY };

static void openings_follow_the_doing(void)
{
    static const struct {
        enum state state;
        bool active, tunnel_up;
        uint32_t n_gateways, n_tunnel_addrs;
    } table[] = {
        { STATE_DISABLED, false, false, 0, 0 },
        { STATE_OFFLINE, true, false, 0, 0 },
        { STATE_CONNECTING, true, false, 1, 0 },
        { STATE_CONNECTED, true, true, 1, 1 },
        { STATE_BACKOFF, true, false, 0, 0 },
        { STATE_FAILED, true, false, 0, 0 },
        { STATE_DISCONNECTING, true, false, 1, 1 },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;
        const struct lockdown *l = &f.mirror.lockdown;

        test_context("%s", state_name(table[i].state));
        fixture_init(&f);
        fx_reach(&f, table[i].state);
        CHECK_EQ(l->active, table[i].active);
        CHECK_EQ(f.mirror.routing.active, table[i].active);
        CHECK_EQ(l->tunnel_up, table[i].tunnel_up);
        CHECK_EQ(l->n_gateways, table[i].n_gateways);
        CHECK_EQ(l->n_tunnel_addrs, table[i].n_tunnel_addrs);
        CHECK_EQ(l->n_resolvers, 0);
        CHECK_EQ(l->n_fetches, 0);
        CHECK_EQ(l->n_lan, 0);
        CHECK_EQ(f.mirror.routing.n_outer, table[i].n_gateways);
        if (table[i].active) {
            CHECK_EQ(l->mark, 0x4d56);
            CHECK_STR(l->interface, "mvpn0");
            CHECK(l->allow_usb);
        } else {
            CHECK_MEM(l, &(struct lockdown){ 0 }, sizeof(*l));
            CHECK_MEM(&f.mirror.routing, &(struct routing){ 0 }, sizeof(f.mirror.routing));
        }
        fixture_done(&f);
    }
}

static void firewall_comes_first_in_every_step(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    CHECK_EQ(f.mirror.actions.actions[1].type, ACTION_ROUTING);
    CHECK_EQ(f.mirror.actions.actions[2].type, ACTION_STORE);
    fx_resolvers(&f, 1, servers);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    fx_resolved(&f, 1, addresses);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    fx_established(&f);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    fx_simple(&f, EVENT_DISABLE);
    fx_closed(&f, REASON_NONE);
    CHECK_EQ(f.mirror.actions.actions[0].type, ACTION_FIREWALL);
    fixture_done(&f);
}

static void nothing_is_told_twice(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_links(&f, 1, (struct link[]){ eth0() });
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    fx_policy(&f, &f.policy, false);
    CHECK_EQ(f.mirror.actions.n_actions, 0);
    fixture_done(&f);
}

/* ---- LAN ---- */

static void lan_is_on_link_private_and_asked_for(void)
{
    static const struct {
        const char *addr;
        uint8_t length;
        bool open;
    } table[] = {
        { "192.168.1.10", 24, true },
        { "10.1.2.3", 8, true },
        { "10.1.2.3", 7, false },    /* wider than what is private */
        { "192.0.2.10", 24, false }, /* DHCP says it is local, but it is public (TunnelCrack) */
        { "100.64.1.1", 10, true },
        { "8.8.8.8", 0, false },
        { "fd00::10", 64, true },
        { "2001:db8::10", 64, false },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        for (int asked = 0; asked < 2; asked++) {
            struct fixture f;
            struct policy policy;
            struct link link = wlan0();
            struct ip_addr addr = addr_of(table[i].addr);
            struct ip_prefix wanted = ip_prefix_of(&addr, table[i].length);

            test_context("%s/%u", table[i].addr, table[i].length);
            fixture_policy(&policy);
            policy.allow_lan = asked == 1;
            fixture_init_with(&f, &policy, 1);
            link.addrs[0] = (struct link_addr){ addr, table[i].length };
            if (addr.family == 6)
                link.routes[0] = (struct link_route){ prefix_of("::/0"), addr_of("fe80::1"), 600 };
            fx_links(&f, 1, &link);
            fx_simple(&f, EVENT_ENABLE);
            CHECK_EQ(f.mirror.lockdown.n_lan, asked && table[i].open);
            if (f.mirror.lockdown.n_lan)
                CHECK(ip_prefix_equal(&f.mirror.lockdown.lan[0], &wanted));
            CHECK_EQ(f.mirror.routing.n_lan, f.mirror.lockdown.n_lan);
            fixture_done(&f);
        }
    }
}

static void lan_of_bridges_and_tunnels_stays_closed(void)
{
    struct fixture f;
    struct policy policy;
    struct link docker = wlan0();

    fixture_policy(&policy);
    policy.allow_lan = true;
    fixture_init_with(&f, &policy, 1);
    docker.type = LINK_TYPE_CONTAINER;
    docker.ifindex = 40;
    fx_links(&f, 2, (struct link[]){ eth0(), docker });
    fx_simple(&f, EVENT_ENABLE);
    CHECK_EQ(f.mirror.lockdown.n_lan, 0);
    fixture_done(&f);
}

static void many_lans_do_not_overflow(void)
{
    struct fixture f;
    struct policy policy;
    struct link links[LINK_SET_MAX];

    fixture_policy(&policy);
    policy.allow_lan = true;
    fixture_init_with(&f, &policy, 1);
    for (uint32_t i = 0; i < LINK_SET_MAX; i++) {
        links[i] = wlan0();
        links[i].ifindex = (int)i + 1;
        snprintf(links[i].name, sizeof(links[i].name), "wlan%u", i);
        links[i].n_addrs = LINK_ADDRS_MAX;
        for (uint32_t k = 0; k < LINK_ADDRS_MAX; k++)
            links[i].addrs[k] = (struct link_addr){ { 4, { 10, (uint8_t)i, (uint8_t)k, 1 } }, 24 };
    }
    fx_links(&f, LINK_SET_MAX, links);
    fx_simple(&f, EVENT_ENABLE);
    CHECK_EQ(f.mirror.lockdown.n_lan, LOCKDOWN_LAN_MAX);
    CHECK_EQ(f.mirror.routing.n_lan, LOCKDOWN_LAN_MAX);
    strcpy(links[LINK_SET_MAX - 1].name, "usb0"); /* has room of its own */
    fx_links(&f, LINK_SET_MAX, links);
    CHECK_EQ(f.mirror.lockdown.n_lan, LOCKDOWN_LAN_MAX);
    CHECK_EQ(f.mirror.routing.n_lan, ROUTING_LAN_MAX);
    fixture_done(&f);
}

static void cellular_services_and_usb_pass_by_configuration(void)
{
    struct fixture f;
    struct policy policy;

    fixture_policy(&policy);
    policy.allow_usb = false;
    policy.n_cellular_services = 1;
    strcpy(policy.cellular_services[0], "wwan0.5");
    fixture_init_with(&f, &policy, 1);
    fx_simple(&f, EVENT_ENABLE);
    CHECK(!f.mirror.lockdown.allow_usb);
    CHECK_STR(f.mirror.routing.usb, "");
    CHECK_EQ(f.mirror.lockdown.n_cellular_services, 1);
    CHECK_STR(f.mirror.lockdown.cellular_services[0], "wwan0.5");
    CHECK_EQ(f.mirror.routing.n_services, 1);
    CHECK_STR(f.mirror.routing.services[0], "wwan0.5");
    fixture_done(&f);
}

/* A rule that stands twice in the wish would be missed for ever in the kernel, which keeps one. */
static void service_named_twice_has_one_rule(void)
{
    struct fixture f;
    struct policy policy;

    fixture_policy(&policy);
    policy.n_cellular_services = 3;
    strcpy(policy.cellular_services[0], "ims0");
    strcpy(policy.cellular_services[1], "mms0");
    strcpy(policy.cellular_services[2], "ims0");
    fixture_init_with(&f, &policy, 1);
    fx_simple(&f, EVENT_ENABLE);
    CHECK_EQ(f.mirror.routing.n_services, 2);
    CHECK_STR(f.mirror.routing.services[1], "mms0");
    fixture_done(&f);
}

/* The console's private subnets have a way without AllowLAN, and the firewall's LAN does not grow by them. */
static void usb_console_has_a_way_back(void)
{
    static const struct {
        const char *name;
        bool allow_usb, has_way;
    } table[] = { { "usb0", true, true }, { "usb0", false, false }, { "usb1", true, false }, { "usb00", true, false } };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;
        struct policy policy;
        struct link usb = wlan0();
        struct ip_prefix wanted = prefix_of("172.16.42.0/24");

        test_context("%s, AllowUSBAccess %d", table[i].name, table[i].allow_usb);
        fixture_policy(&policy);
        policy.allow_usb = table[i].allow_usb;
        policy.n_ignore = 1;
        strcpy(policy.ignore[0], "usb*");
        fixture_init_with(&f, &policy, 1);
        usb.ifindex = 40;
        usb.type = LINK_TYPE_BRIDGE;
        strcpy(usb.name, table[i].name);
        usb.n_routes = 0;
        usb.n_addrs = 3;
        usb.addrs[0] = (struct link_addr){ addr_of("172.16.42.1"), 24 };
        usb.addrs[1] = (struct link_addr){ addr_of("192.0.2.77"), 24 }; /* public */
        usb.addrs[2] = (struct link_addr){ addr_of("fd42::1"), 64 };
        fx_links(&f, 2, (struct link[]){ eth0(), usb });
        fx_simple(&f, EVENT_ENABLE);
        CHECK_EQ(f.mirror.lockdown.n_lan, 0);
        CHECK_STR(f.mirror.routing.usb, table[i].allow_usb ? "usb0" : "");
        if (CHECK_EQ(f.mirror.routing.n_lan, table[i].has_way ? 2 : 0) && table[i].has_way)
            CHECK(ip_prefix_equal(&f.mirror.routing.lan[0], &wanted));
        fx_links(&f, 1, (struct link[]){ eth0() });
        CHECK_EQ(f.mirror.routing.n_lan, 0);
        fixture_done(&f);
    }
}

/* ---- routes ---- */

static void host_on_the_link_needs_no_router(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 2, (const char *const[]){ "192.0.2.53", "198.51.100.53" });
    CHECK_EQ(f.mirror.routing.n_outer, 2);
    CHECK_EQ(f.mirror.routing.outer[0].via.family, 0);
    CHECK(ip_addr_equal(&f.mirror.routing.outer[1].via, &(struct ip_addr){ 4, { 192, 0, 2, 1 } }));
    CHECK(ip_addr_equal(&f.mirror.routing.outer[1].source, &(struct ip_addr){ 4, { 192, 0, 2, 10 } }));
    fixture_done(&f);
}

static void family_that_was_not_granted_stays_blocked(void)
{
    struct fixture f;
    struct event event = { .type = EVENT_IKE_ESTABLISHED };

    fixture_init(&f);
    fx_to_initiated(&f);
    event.tunnel = (struct tunnel){ .attempt = f.mirror.attempt.attempt,
        .n_addrs = 1,
        .addrs = { addr_of("10.99.1.1") },
        .n_subnets = 2,
        .subnets = { prefix_of("0.0.0.0/0"), prefix_of("::/0") },
        .local = f.mirror.attempt.local,
        .remote = f.mirror.attempt.remote };
    fx(&f, &event);
    CHECK_EQ(fx_state(&f), STATE_CONNECTED);
    CHECK_EQ(f.mirror.routing.n_subnets, 1);
    CHECK_EQ(f.mirror.routing.subnets[0].addr.family, 4);
    fixture_done(&f);
}

static void mtu_of_the_tunnel(void)
{
    static const struct {
        uint32_t base, configured, wanted;
    } table[] = { { 1500, 0, 1438 }, { 1400, 0, 1338 }, { 1280, 0, 1280 }, { 0, 0, 1438 }, { 9000, 0, 8938 },
        { 1500, 1300, 1300 } };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;
        struct policy policy;
        struct link link = eth0();

        test_context("base %u, configured %u", table[i].base, table[i].configured);
        fixture_policy(&policy);
        policy.mtu = table[i].configured;
        fixture_init_with(&f, &policy, 1);
        fx_reach(&f, STATE_CONNECTED);
        link.mtu = table[i].base;
        fx_links(&f, 1, &link);
        CHECK_EQ(f.mirror.routing.mtu, table[i].wanted);
        CHECK_EQ(f.mirror.status.tunnel_mtu, table[i].wanted);
        fixture_done(&f);
    }
}

static void mtu_follows_cipher_and_path(void)
{
    static const struct {
        struct sealing sealing;
        uint32_t wanted[3]; /* for the link's 1500, for a path of 1400, and for one of 1000 */
    } table[] = { { { 8, 16, 4 }, { 1438, 1338, 1280 } }, { { 16, 16, 16 }, { 1422, 1326, 1280 } },
        { { 16, 24, 16 }, { 1422, 1310, 1280 } }, { { 16, 32, 16 }, { 1406, 1310, 1280 } }, { { 0, 0, 0 }, { 1438, 1338, 1280 } } };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct event event = { .type = EVENT_PATH_MTU, .path_mtu_bytes = 1400 };
        struct fixture f;

        test_context("row %zu", i);
        fixture_init(&f);
        f.sealing = table[i].sealing;
        fx_reach(&f, STATE_CONNECTED);
        CHECK_EQ(f.mirror.routing.mtu, table[i].wanted[0]);
        fx(&f, &event);
        CHECK_EQ(f.mirror.routing.mtu, table[i].wanted[1]);
        event.path_mtu_bytes = 1000;
        fx(&f, &event);
        CHECK_EQ(f.mirror.routing.mtu, table[i].wanted[2]);
        event.path_mtu_bytes = 1500; /* a router's word has aged */
        fx(&f, &event);
        CHECK_EQ(f.mirror.routing.mtu, table[i].wanted[2]);
        fx_links(&f, 1, (struct link[]){ wlan0() }); /* another path: nothing is known of it */
        CHECK_EQ(f.mirror.routing.mtu, table[i].wanted[0]);
        fixture_done(&f);
    }
}

/* ---- CRL and OCSP ---- */

static void want(struct fixture *f, uint32_t id, const char *host)
{
    struct event event = { .type = EVENT_FETCH_WANTED, .fetch = { .id = id, .port = 80 } };

    strcpy(event.fetch.host, host);
    fx(f, &event);
}

static void crl_by_name(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    want(&f, 1, "crl.example.com");
    CHECK(fx_did(&f, ACTION_FIND_RESOLVERS));
    fx_resolvers(&f, 1, servers);
    CHECK_STR(f.mirror.requests[0].name, "crl.example.com");
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 1);
    fx_resolved(&f, 2, (const char *const[]){ "198.51.100.80", "198.51.100.81" });
    CHECK(fx_did(&f, ACTION_FETCH_REPLY));
    CHECK_EQ(f.mirror.fetch_reply.n_addrs, 2);
    CHECK_EQ(f.mirror.lockdown.n_resolvers, 0);
    CHECK_EQ(f.mirror.lockdown.n_fetches, 2);
    CHECK_EQ(f.mirror.lockdown.fetches[0].port, 80);
    fx(&f, &(struct event){ .type = EVENT_FETCH_DONE, .fetch = { .id = 1 } });
    CHECK_EQ(f.mirror.lockdown.n_fetches, 0);
    CHECK_EQ(f.mirror.lockdown.n_gateways, 1);
    fixture_done(&f);
}

static void crl_by_address(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    want(&f, 1, "198.51.100.80");
    CHECK_EQ(f.mirror.fetch_reply.n_addrs, 1);
    CHECK_EQ(f.mirror.lockdown.n_fetches, 1);
    fixture_done(&f);
}

static void crl_of_an_impossible_host_is_refused(void)
{
    static const char *const hosts[] = { "127.0.0.1", "::1", "0.0.0.0", "224.0.0.1", GATEWAY6 };

    for (size_t i = 0; i < ELEMENTSOF(hosts); i++) {
        struct fixture f;

        test_context("%s", hosts[i]);
        fixture_init(&f);
        fx_to_initiated(&f);
        want(&f, 1, hosts[i]);
        CHECK(fx_did(&f, ACTION_FETCH_REPLY));
        CHECK_EQ(f.mirror.fetch_reply.n_addrs, 0);
        CHECK_EQ(f.mirror.lockdown.n_fetches, 0);
        fixture_done(&f);
    }
}

static void crl_at_a_port_of_its_own_choice_is_refused(void)
{
    struct fixture f;
    struct event event = { .type = EVENT_FETCH_WANTED, .fetch = { .id = 1, .host = "198.51.100.80", .port = 25 } };

    fixture_init(&f);
    fx_to_initiated(&f);
    fx(&f, &event);
    CHECK(fx_did(&f, ACTION_FETCH_REPLY));
    CHECK_EQ(f.mirror.lockdown.n_fetches, 0);
    fixture_done(&f);
}

/* charon waits in a thread: every end of an attempt answers it and closes its openings. */
static void every_end_answers_the_fetch(void)
{
    static const char *const ends[] = { "failed", "established", "disable", "disconnect", "links", "guard",
        "policy", "firewall" };

    for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
        for (int phase = 0; phase < 3; phase++) {
            struct fixture f;

            test_context("%s in phase %d", ends[i], phase);
            fixture_init(&f);
            fx_to_initiated(&f);
            want(&f, 1, "crl.example.com");
            if (phase > 0)
                fx_resolvers(&f, 1, servers);
            if (phase > 1)
                fx_resolved(&f, 1, (const char *const[]){ "198.51.100.80" });
            if (i == 0)
                fx_failed(&f, REASON_GATEWAY_SILENT);
            else if (i == 1)
                fx_established(&f);
            else if (i == 2)
                fx_simple(&f, EVENT_DISABLE);
            else if (i == 3)
                fx_simple(&f, EVENT_DISCONNECT);
            else if (i == 4)
                fx_links(&f, 0, NULL);
            else if (i == 5)
                fx_advance(&f, MINUTES(2));
            else if (i == 6)
                fx_policy(&f, &f.policy, true);
            else
                fx_simple(&f, EVENT_FIREWALL_FAILED);
            CHECK_EQ(f.mirror.n_fetches, 0);
            if (!f.mirror.firewall_broken) /* else nothing can be closed until it can be told again */
                CHECK_EQ(f.mirror.lockdown.n_fetches, 0);
            fixture_done(&f);
        }
    }
}

static void fetch_at_the_wrong_time_is_refused(void)
{
    static const enum state states[] = { STATE_DISABLED, STATE_OFFLINE, STATE_CONNECTED, STATE_BACKOFF,
        STATE_FAILED };

    for (size_t i = 0; i < ELEMENTSOF(states); i++) {
        struct fixture f;

        test_context("%s", state_name(states[i]));
        fixture_init(&f);
        fx_reach(&f, states[i]);
        want(&f, 1, "198.51.100.80");
        CHECK(fx_did(&f, ACTION_FETCH_REPLY));
        CHECK_EQ(f.mirror.fetch_reply.n_addrs, 0);
        CHECK(!fx_did(&f, ACTION_FIREWALL));
        fixture_done(&f);
    }
}

static void second_fetch_is_refused_while_one_is_open(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    want(&f, 1, "198.51.100.80");
    want(&f, 2, "198.51.100.81");
    CHECK_EQ(f.mirror.fetch_reply.id, 2);
    CHECK_EQ(f.mirror.fetch_reply.n_addrs, 0);
    CHECK_EQ(f.mirror.lockdown.n_fetches, 1);
    fixture_done(&f);
}

/* ---- a firewall that fails ---- */

static void no_firewall_no_contact(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 1, (struct link[]){ eth0() });
    for (int round = 0; round < 20; round++) {
        f.mirror.firewall_fails = true;
        if (round == 0)
            fx_simple(&f, EVENT_ENABLE);
        else
            fx_advance(&f, fx_retry_in(&f));
        CHECK_STATE(&f, STATE_FAILED, REASON_LOCKDOWN_FAILED);
        CHECK_EQ(f.mirror.n_done[ACTION_IKE_INITIATE] + f.mirror.n_done[ACTION_FIND_RESOLVERS], 0);
        CHECK_LE(fx_retry_in(&f), SEC(300));
        f.mirror.firewall_fails = false;
    }
    fx_advance(&f, fx_retry_in(&f));
    CHECK_EQ(fx_state(&f), STATE_CONNECTING);
    CHECK(f.mirror.lockdown.active);
    CHECK(f.mirror.record_enabled);
    fixture_done(&f);
}

static void firewall_fails_while_connected(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    f.mirror.firewall_fails = true;
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK_STATE(&f, STATE_FAILED, REASON_LOCKDOWN_FAILED);
    CHECK(!f.mirror.ike_running);
    fixture_done(&f);
}

/* The firewall cannot be removed: IKE is off all the same, and it is tried until it can. */
static void removal_is_tried_until_it_succeeds(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    fx_simple(&f, EVENT_DISABLE);
    f.mirror.firewall_fails = true;
    fx_closed(&f, REASON_NONE);
    CHECK_STATE(&f, STATE_DISABLED, REASON_LOCKDOWN_FAILED);
    CHECK(!f.mirror.ike_running);
    CHECK(f.mirror.lockdown.active);
    fx_advance(&f, SEC(3));
    CHECK_STATE(&f, STATE_DISABLED, REASON_DISABLED);
    CHECK(!f.mirror.lockdown.active);
    CHECK(!f.mirror.routing.active);
    CHECK(!f.mirror.record_enabled);
    CHECK(f.mirror.deadline.at_usec == USEC_INFINITY);
    fixture_done(&f);
}

static void disabling_again_removes_at_once(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_OFFLINE);
    f.mirror.firewall_fails = true;
    fx_simple(&f, EVENT_DISABLE);
    CHECK(f.mirror.lockdown.active);
    fx_simple(&f, EVENT_DISABLE);
    CHECK(!f.mirror.lockdown.active);
    CHECK(f.mirror.deadline.at_usec == USEC_INFINITY);
    fixture_done(&f);
}

static void user_stays_disconnected_through_a_failing_firewall(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_OFFLINE);
    fx_simple(&f, EVENT_DISCONNECT);
    fx_simple(&f, EVENT_FIREWALL_FAILED);
    CHECK_EQ(fx_state(&f), STATE_FAILED);
    fx_credentials(&f, &(struct credentials){ .not_after_sec = 1950000000 });
    CHECK_NE(fx_state(&f), STATE_CONNECTING);
    fx_advance(&f, SEC(10));
    CHECK_STATE(&f, STATE_OFFLINE, REASON_USER_DISCONNECTED);
    CHECK(f.mirror.lockdown.active);
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(openings_follow_the_doing),
    TEST(firewall_comes_first_in_every_step),
    TEST(nothing_is_told_twice),
    TEST(lan_is_on_link_private_and_asked_for),
    TEST(lan_of_bridges_and_tunnels_stays_closed),
    TEST(many_lans_do_not_overflow),
    TEST(cellular_services_and_usb_pass_by_configuration),
    TEST(service_named_twice_has_one_rule),
    TEST(usb_console_has_a_way_back),
    TEST(host_on_the_link_needs_no_router),
    TEST(family_that_was_not_granted_stays_blocked),
    TEST(mtu_of_the_tunnel),
    TEST(mtu_follows_cipher_and_path),
    TEST(crl_by_name),
    TEST(crl_by_address),
    TEST(crl_of_an_impossible_host_is_refused),
    TEST(crl_at_a_port_of_its_own_choice_is_refused),
    TEST(every_end_answers_the_fetch),
    TEST(fetch_at_the_wrong_time_is_refused),
    TEST(second_fetch_is_refused_while_one_is_open),
    TEST(no_firewall_no_contact),
    TEST(firewall_fails_while_connected),
    TEST(removal_is_tried_until_it_succeeds),
    TEST(disabling_again_removes_at_once),
    TEST(user_stays_disconnected_through_a_failing_firewall),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
