/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the system's resolver and other programs are told in each state; split DNS; servers that the tunnel does not reach.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static void established(struct fixture *f, struct tunnel tunnel)
{
    const struct initiate_request *attempt = &f->mirror.attempt;

    tunnel.attempt = attempt->attempt;
    tunnel.local = attempt->local;
    tunnel.remote = attempt->remote;
    tunnel.remote_port = 4500;
    fx(f, &(struct event){ .type = EVENT_IKE_ESTABLISHED, .tunnel = tunnel });
}

static struct tunnel narrow(void)
{
    return (struct tunnel){ .n_addrs = 1,
        .addrs = { addr_of("10.99.1.1") },
        .n_dns = 2,
        .dns = { addr_of("10.1.0.53"), addr_of("192.0.2.53") },
        .n_subnets = 1,
        .subnets = { prefix_of("10.0.0.0/8") } };
}

static void told_while_addresses_are_known(void)
{
    static const struct {
        enum state state;
        bool told, blocking, has_base;
    } table[] = {
        { STATE_DISABLED, false, false, false },
        { STATE_OFFLINE, false, true, false },
        { STATE_CONNECTING, false, true, false },
        { STATE_CONNECTED, true, true, true },
        { STATE_BACKOFF, false, true, false },
        { STATE_FAILED, false, true, false },
        { STATE_DISCONNECTING, true, true, false },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct fixture f;

        test_context("%s", state_name(table[i].state));
        fixture_init(&f);
        fx_reach(&f, table[i].state);
        CHECK_EQ(f.mirror.dns.active, table[i].told);
        CHECK_EQ(f.mirror.character.blocking, table[i].blocking);
        CHECK_EQ(f.mirror.character.active, table[i].blocking);
        CHECK_EQ(f.mirror.character.has_base, table[i].has_base);
        if (!table[i].told)
            CHECK_MEM(&f.mirror.dns, &(struct dns){ 0 }, sizeof(f.mirror.dns));
        fixture_done(&f);
    }
}

static void told_through_a_loss_and_untold_at_the_end(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_reach(&f, STATE_CONNECTED);
    CHECK_STR(f.mirror.dns.interface, "mvpn0");
    CHECK(f.mirror.dns.everything);
    fx_closed(&f, REASON_PEER_CLOSED);
    CHECK(f.mirror.dns.active);
    CHECK(!fx_did(&f, ACTION_DNS));
    fx_simple(&f, EVENT_DISABLE);
    CHECK(!f.mirror.dns.active);
    CHECK(fx_did(&f, ACTION_DNS));
    fixture_done(&f);
}

/* What a crash has left is taken back, or said anew, at every start. */
static void said_at_the_start(void)
{
    static const bool enabled[] = { false, true };

    for (size_t i = 0; i < ELEMENTSOF(enabled); i++) {
        struct policy policy;
        struct mirror mirror;

        fixture_policy(&policy);
        CHECK(mirror_init(&mirror, &policy, 1));
        mirror_step(&mirror, SEC(1), &(struct event){ .type = EVENT_START, .enabled = enabled[i] });
        CHECK(mirror_action(&mirror, ACTION_DNS) != NULL);
        CHECK(mirror_action(&mirror, ACTION_CHARACTER) != NULL);
        CHECK_EQ(mirror.character.blocking, enabled[i]);
        mirror_done(&mirror);
    }
}

static void split_only_for_a_tunnel_that_carries_a_part(void)
{
    static const struct {
        bool narrow;
        uint32_t n_domains;
        bool everything;
    } table[] = { { false, 0, true }, { false, 1, true }, { true, 0, true }, { true, 1, false } };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct tunnel tunnel = narrow();
        struct fixture f;

        test_context("row %zu", i);
        fixture_init(&f);
        fx_to_initiated(&f);
        if (!table[i].narrow)
            tunnel.subnets[0] = prefix_of("0.0.0.0/0");
        tunnel.n_domains = table[i].n_domains;
        if (tunnel.n_domains)
            strcpy(tunnel.domains[0], "corp.example.com");
        established(&f, tunnel);
        CHECK(f.mirror.dns.active);
        CHECK_EQ(f.mirror.dns.everything, table[i].everything);
        CHECK_EQ(f.mirror.dns.n_domains, table[i].n_domains);
        fixture_done(&f);
    }
}

static void servers_out_of_reach_are_left_out(void)
{
    struct tunnel tunnel = narrow();
    struct fixture f;

    fixture_init(&f);
    fx_to_initiated(&f);
    established(&f, tunnel);
    if (CHECK_EQ(f.mirror.dns.n_servers, 1))
        CHECK(ip_addr_equal(&f.mirror.dns.servers[0], &tunnel.dns[0]));
    fixture_done(&f);

    fixture_init(&f);
    fx_to_initiated(&f);
    tunnel.subnets[0] = prefix_of("172.16.0.0/12");
    established(&f, tunnel);
    CHECK(!f.mirror.dns.active);
    fixture_done(&f);
}

static void configured_servers_and_domains(void)
{
    struct tunnel tunnel = narrow();
    struct policy policy;
    struct fixture f;

    fixture_policy(&policy);
    policy.n_dns = 1;
    policy.dns[0] = addr_of("10.2.0.53");
    policy.n_domains = 2;
    strcpy(policy.domains[0], "example.org");
    strcpy(policy.domains[1], "corp.example.com");
    fixture_init_with(&f, &policy, 1);
    fx_to_initiated(&f);
    tunnel.n_domains = 1;
    strcpy(tunnel.domains[0], "corp.example.com");
    established(&f, tunnel);
    if (CHECK_EQ(f.mirror.dns.n_servers, 1))
        CHECK(ip_addr_equal(&f.mirror.dns.servers[0], &policy.dns[0]));
    if (CHECK_EQ(f.mirror.dns.n_domains, 2)) /* each once */
        CHECK_STR(f.mirror.dns.domains[0], "example.org");
    policy.dns[0] = addr_of("10.2.0.54");
    fx_policy(&f, &policy, false);
    CHECK(fx_did(&f, ACTION_DNS)); /* a reload counts at once */
    CHECK(ip_addr_equal(&f.mirror.dns.servers[0], &policy.dns[0]));
    fixture_done(&f);
}

static void the_character_is_the_base_links(void)
{
    struct link link = wlan0();
    struct fixture f;

    fixture_init(&f);
    f.mobike = true;
    fx_links(&f, 1, &link);
    fx_simple(&f, EVENT_ENABLE);
    fx_resolvers(&f, 1, (const char *const[]){ "192.168.1.1" });
    fx_resolved(&f, 1, (const char *const[]){ GATEWAY });
    fx_established(&f);
    CHECK_STR(f.mirror.character.base_interface, "wlan0");
    CHECK_EQ(f.mirror.character.type, LINK_TYPE_WIFI);
    CHECK(!f.mirror.character.metered);
    CHECK_EQ(f.mirror.character.gateway_port, 4500);
    link.metered = true;
    fx_links(&f, 1, &link);
    CHECK(fx_did(&f, ACTION_CHARACTER));
    CHECK(f.mirror.character.metered);
    fx_links(&f, 1, &link);
    CHECK(!fx_did(&f, ACTION_CHARACTER));
    fixture_done(&f);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(told_while_addresses_are_known),
        TEST(told_through_a_loss_and_untold_at_the_end),
        TEST(said_at_the_start),
        TEST(split_only_for_a_tunnel_that_carries_a_part),
        TEST(servers_out_of_reach_are_left_out),
        TEST(configured_servers_and_domains),
        TEST(the_character_is_the_base_links),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
