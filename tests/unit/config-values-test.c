/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Good configurations: what each key becomes, and the defaults of design.md, section 6, written out here once more by hand.
 */
#include "base/macro.h"
#include "config-fixture.h"
#include "config/keys.h"
#include "support/test.h"

/* Every test's settings; must be without error. */
static struct settings *build(const char *text, struct built *built)
{
    build_text(CONFIG_SOURCE_ADMIN, text, built);
    for (size_t i = 0; i < built->n_errors && i < FIXTURE_ERRORS_MAX; i++)
        fprintf(stderr, "%s:%u: %s\n", built->errors[i].file, built->errors[i].line, built->errors[i].text);
    CHECK_EQ(built->n_errors, 0);
    return built->settings;
}

static void check_default_policy(const struct policy *p)
{
    struct ip_prefix everything[2] = { { .addr.family = 4 }, { .addr.family = 6 } };

    CHECK_EQ(p->n_gateways, 0);
    CHECK_STR(p->interface, "mvpn0");
    CHECK_EQ(p->mark, 0x4d56);
    CHECK_EQ(p->mtu, 0);
    if (CHECK_EQ(p->n_subnets, 2))
        CHECK(ip_prefix_equal(&p->subnets[0], &everything[0]) &&
              ip_prefix_equal(&p->subnets[1], &everything[1]));
    CHECK_EQ(p->initial_delay_usec, SEC(2));
    CHECK_EQ(p->max_delay_usec, MINUTES(5));
    CHECK_EQ(p->keepalive_mode, KEEPALIVE_MODE_DETECT);
    CHECK_EQ(p->keepalive_usec, SEC(20));
    CHECK_EQ(p->keepalive_min_usec, SEC(10));
    CHECK_EQ(p->keepalive_max_usec, MINUTES(10));
    CHECK_EQ(p->roaming_detect, ROAMING_DETECT_AUTO);
    CHECK(p->roaming_keepalive);
    CHECK_EQ(p->idle_timeout_usec, MINUTES(2));
    if (CHECK_EQ(p->n_prefer, 3)) {
        CHECK_STR(p->prefer[0], "ethernet");
        CHECK_STR(p->prefer[1], "wifi");
        CHECK_STR(p->prefer[2], "cellular");
    }
    CHECK_EQ(p->n_ignore, 0);
    CHECK(p->migrate);
    CHECK(!p->allow_lan);
    CHECK(p->allow_usb);
    CHECK_EQ(p->n_cellular_services, 0);
    CHECK(p->user_may_disable);
    CHECK(!p->complete);
}

static void nothing_written_is_the_defaults(void)
{
    struct built built;
    const struct settings *s = build("", &built);

    if (!s)
        return;
    CHECK(!s->enabled);
    check_default_policy(&s->policy);
    CHECK(!s->local_identity && !s->remote_identity && !s->certificate && !s->private_key &&
          !s->ca_certificates);
    CHECK_EQ(s->check_revocation, CHECK_REVOCATION_NO);
    CHECK(!s->ike_proposals && !s->esp_proposals);
    CHECK_EQ(s->data_path, DATA_PATH_AUTO);
    CHECK(!s->standard_ports);
    CHECK_EQ(s->policy.n_dns, 0);
    CHECK_EQ(s->policy.n_domains, 0);
    CHECK(!s->policy.probe_server.name[0] && !s->portal_command && !s->management_server);
    CHECK_EQ(s->management_poll_usec, HOURS(8));
    built_end(&built);
}

/* The gateway is asked for a way to it: as a host, where no subnet has it already. */
static void a_name_server_outside_of_the_subnets(void)
{
    struct built built;
    const struct settings *s = build("[Tunnel]\nRemoteSubnets=10.0.0.0/8\nDNS=10.0.0.53 192.0.2.53 2001:db8::53\n", &built);
    char text[IP_PREFIX_TEXT_SIZE];

    if (!s)
        return;
    if (CHECK_EQ(s->policy.n_subnets, 3)) {
        CHECK_STR(ip_prefix_format(&s->policy.subnets[1], text, sizeof(text)), "192.0.2.53/32");
        CHECK_STR(ip_prefix_format(&s->policy.subnets[2], text, sizeof(text)), "2001:db8::53/128");
    }
    built_end(&built);
}

static void every_key_of_the_tunnel(void)
{
    struct built built;
    const struct settings *s = build(
        "[Tunnel]\nEnabled=yes\nLocalIdentity=CN=phone 7, O=Ärzte\nRemoteIdentity=vpn.example.com\n"
        "Certificate=/etc/mvpn/a b.pem\nPrivateKey=pkcs11:token=t%20t;id=%01\nCACertificates=/etc/mvpn/cas\n"
        "CheckRevocation=strict\nIKEProposals=aes256gcm16-prfsha384-ecp384,  aes256-sha512-modp4096\n"
        "ESPProposals=aes256gcm16 aes256-sha512\nDataPath=user\nStandardPorts=yes\nInterface=vpn7\nMTU=1400\n"
        "DNS=10.0.0.53 2001:db8::53\nSearchDomains=corp.example.com   example.org\nFirewallMark=77\n"
        "RemoteSubnets=10.0.0.0/8 2001:db8::/32 192.0.2.7\nGateway=vpn.example.com\n",
        &built);

    if (!s)
        return;
    CHECK(s->enabled);
    CHECK(s->policy.complete);
    CHECK(settings_incomplete(s) == NULL);
    CHECK_STR(s->local_identity, "CN=phone 7, O=Ärzte");
    CHECK_STR(s->remote_identity, "vpn.example.com");
    CHECK_STR(s->certificate, "/etc/mvpn/a b.pem");
    CHECK_STR(s->private_key, "pkcs11:token=t%20t;id=%01");
    CHECK_STR(s->ca_certificates, "/etc/mvpn/cas");
    CHECK_EQ(s->check_revocation, CHECK_REVOCATION_STRICT);
    CHECK_STR(s->ike_proposals, "aes256gcm16-prfsha384-ecp384 aes256-sha512-modp4096");
    CHECK_STR(s->esp_proposals, "aes256gcm16 aes256-sha512");
    CHECK_EQ(s->data_path, DATA_PATH_USER);
    CHECK(s->standard_ports);
    CHECK_STR(s->policy.interface, "vpn7");
    CHECK_EQ(s->policy.mtu, 1400);
    CHECK_EQ(s->policy.n_dns, 2);
    if (CHECK_EQ(s->policy.n_domains, 2))
        CHECK_STR(s->policy.domains[1], "example.org");
    CHECK_EQ(s->policy.mark, 77);
    if (CHECK_EQ(s->policy.n_subnets, 3)) /* the servers of DNS= are in them */
        CHECK_EQ(s->policy.subnets[2].length, 32);
    built_end(&built);
}

static void every_other_key(void)
{
    struct built built;
    const struct settings *s =
        build("[Reconnect]\nInitialDelay=500ms\nMaxDelay=90\n"
              "[Keepalive]\nMode=fixed\nInterval=1min\nMinInterval=30\nMaxInterval=1h\nProbeServer=stun."
              "example.com:3478\n"
              "[Roaming]\nDetect=never\nKeepalive=no\nIdleTimeout=5min\n"
              "[BaseLink]\nPrefer=wlan0 cellular\nIgnore=docker* br-[a-f]? wlan1\nMigrate=no\n"
              "[Lockdown]\nAllowLAN=yes\nAllowUSBAccess=no\nAllowCellularServices=wwan1 "
              "wwan2\nPortalCommand=/usr/bin/portal --small\n"
              "[Management]\nServer=https://mdm.example.com/dm\nPollInterval=1d\nUserMayDisable=no\n",
            &built);
    const struct policy *p = s ? &s->policy : NULL;

    if (!s)
        return;
    CHECK_EQ(p->initial_delay_usec, MSEC(500));
    CHECK_EQ(p->max_delay_usec, SEC(90));
    CHECK_EQ(p->keepalive_mode, KEEPALIVE_MODE_FIXED);
    CHECK_EQ(p->keepalive_usec, SEC(60));
    CHECK_EQ(p->keepalive_min_usec, SEC(30));
    CHECK_EQ(p->keepalive_max_usec, HOURS(1));
    CHECK_STR(p->probe_server.name, "stun.example.com");
    CHECK_EQ(p->probe_server.port, 3478);
    CHECK_EQ(p->roaming_detect, ROAMING_DETECT_NEVER);
    CHECK(!p->roaming_keepalive);
    CHECK_EQ(p->idle_timeout_usec, MINUTES(5));
    if (CHECK_EQ(p->n_prefer, 2))
        CHECK_STR(p->prefer[0], "wlan0");
    if (CHECK_EQ(p->n_ignore, 3))
        CHECK_STR(p->ignore[1], "br-[a-f]?");
    CHECK(!p->migrate);
    CHECK(p->allow_lan);
    CHECK(!p->allow_usb);
    if (CHECK_EQ(p->n_cellular_services, 2))
        CHECK_STR(p->cellular_services[1], "wwan2");
    CHECK_STR(s->portal_command, "/usr/bin/portal --small");
    CHECK_STR(s->management_server, "https://mdm.example.com/dm");
    CHECK_EQ(s->management_poll_usec, HOURS(24));
    CHECK(!p->user_may_disable);
    built_end(&built);
}

static const struct {
    const char *text, *name;
    uint16_t port;
    uint8_t family;
} gateways[] = {
    { "vpn.example.com", "vpn.example.com", 0, 0 },
    { "vpn.example.com.", "vpn.example.com", 0, 0 },
    { "vpn", "vpn", 0, 0 },
    { "vpn.example.com:4500", "vpn.example.com", 4500, 0 },
    { "1and1.example:1", "1and1.example", 1, 0 },
    { "203.0.113.5", "203.0.113.5", 0, 4 },
    { "203.0.113.5:65535", "203.0.113.5", 65535, 4 },
    { "10.0.0.1:500", "10.0.0.1", 500, 4 },
    { "2001:db8::5", "2001:db8::5", 0, 6 },
    { "[2001:db8::5]", "2001:db8::5", 0, 6 },
    { "[2001:db8::5]:4500", "2001:db8::5", 4500, 6 },
    { "2001:db8::5:4500", "2001:db8::5:4500", 0, 6 }, /* no brackets: all of it is the address */
    { "::ffff:203.0.113.5", "::ffff:203.0.113.5", 0, 6 },
};

static void gateways_in_every_form(void)
{
    for (size_t i = 0; i < ELEMENTSOF(gateways); i++) {
        char text[128];
        struct built built;
        const struct settings *s;

        test_context("%s", gateways[i].text);
        snprintf(text, sizeof(text), "[Tunnel]\nGateway=first.example %s\n", gateways[i].text);
        s = build(text, &built);
        if (s && CHECK_EQ(s->policy.n_gateways, 2)) {
            const struct gateway *g = &s->policy.gateways[1];
            struct ip_addr literal;

            CHECK_STR(g->name, gateways[i].name);
            CHECK_EQ(g->port, gateways[i].port);
            CHECK_EQ(g->literal.family, gateways[i].family);
            if (g->literal.family)
                CHECK(ip_addr_parse(gateways[i].name, &literal) == 0 && ip_addr_equal(&literal, &g->literal));
        }
        built_end(&built);
    }
}

static void switches_take_the_usual_words(void)
{
    static const char *const yes[] = { "yes", "true", "on", "1", "YES", "True" }, *const no[] = { "no",
        "false", "off", "0", "No" };

    for (size_t i = 0; i < ELEMENTSOF(yes) + ELEMENTSOF(no); i++) {
        bool wanted = i < ELEMENTSOF(yes);
        const char *word = wanted ? yes[i] : no[i - ELEMENTSOF(yes)];
        char text[64];
        struct built built;
        const struct settings *s;

        test_context("%s", word);
        snprintf(text, sizeof(text), "[Lockdown]\nAllowLAN=%s\nAllowUSBAccess=%s\n", word, word);
        s = build(text, &built);
        if (s) {
            CHECK_EQ(s->policy.allow_lan, wanted);
            CHECK_EQ(s->policy.allow_usb, wanted);
        }
        built_end(&built);
    }
}

static void an_empty_value_is_the_default_again(void)
{
    struct built built;

    for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
        const struct config_key *key = config_key((enum config_key_id)i);
        struct built defaults;
        char text[128];

        test_context("%s", key->name);
        snprintf(text, sizeof(text), "[%s]\n%s=\n", key->section, key->name);
        if (build(text, &built) && build("", &defaults)) {
            CHECK(settings_equal(built.settings, defaults.settings));
            built_end(&defaults);
        }
        built_end(&built);
    }
}

static void proposals_of_the_field(void)
{
    static const char *const ike[] = { "aes256gcm16-prfsha384-ecp384", "aes128gcm16-prfsha256-x25519",
        "aes256-sha256-modp2048", "chacha20poly1305-prfsha256-curve25519",
        "aes256-sha512-prfsha512-ecp521-ecp256", "aes128gcm16-sha256-ecp256bp",
        "aes256gcm16-prfsha384-ecp384-ke1_mlkem768", "aes256ctr-aesxcbc-prfaesxcbc-modp3072",
        "3des-sha1-modp1536" };
    static const char *const esp[] = { "aes256gcm16", "aes256-sha512", "aes256gcm16-ecp384-esn",
        "chacha20poly1305-noesn", "aes128ccm16-x25519", "aes256-sha2_256-ecp256" };

    for (size_t i = 0; i < ELEMENTSOF(ike) + ELEMENTSOF(esp); i++) {
        bool is_ike = i < ELEMENTSOF(ike);
        const char *proposal = is_ike ? ike[i] : esp[i - ELEMENTSOF(ike)];
        char text[160];
        struct built built;

        test_context("%s", proposal);
        snprintf(text, sizeof(text), "[Tunnel]\n%s=%s\n", is_ike ? "IKEProposals" : "ESPProposals", proposal);
        if (build(text, &built))
            CHECK_STR(is_ike ? built.settings->ike_proposals : built.settings->esp_proposals, proposal);
        built_end(&built);
    }
}

static void what_is_missing_is_said(void)
{
    static const char *const lines[] = { "Gateway=a.example\n", "Certificate=/c\n", "PrivateKey=/k\n",
        "CACertificates=/a\n" };
    static const char *const words[] = { "Gateway=", "Certificate=", "PrivateKey=", "CACertificates=" };

    for (unsigned have = 0; have < 16; have++) {
        char text[160] = "[Tunnel]\n";
        struct built built;
        const char *sentence;

        test_context("have %x", have);
        for (unsigned i = 0; i < 4; i++)
            if (have & 1u << i)
                strcat(text, lines[i]);
        if (!build(text, &built))
            continue;
        sentence = settings_incomplete(built.settings);
        CHECK_EQ(built.settings->policy.complete, have == 15);
        CHECK_EQ(sentence == NULL, have == 15);
        for (unsigned i = 0; sentence && i < 4; i++) {
            char word[32];
            snprintf(word, sizeof(word), " %s", words[i]);
            CHECK_EQ(strstr(sentence, word) == NULL, (have & 1u << i) != 0);
        }
        built_end(&built);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(nothing_written_is_the_defaults),
        TEST(a_name_server_outside_of_the_subnets),
        TEST(every_key_of_the_tunnel),
        TEST(every_other_key),
        TEST(gateways_in_every_form),
        TEST(switches_take_the_usual_words),
        TEST(an_empty_value_is_the_default_again),
        TEST(proposals_of_the_field),
        TEST(what_is_missing_is_said),
    };
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
