/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bad configurations: each with the file, the line and the words that its error must have; what a policy may not do; and text at random,
 * which may do anything but crash or open something.
 */
#include "base/macro.h"
#include "base/prng.h"
#include "config-fixture.h"
#include "config/keys.h"
#include "config/parse.h"
#include "support/test.h"

#include <stdlib.h>

struct bad {
    const char *text;
    unsigned line;
    const char *fragments[3];
};

static const struct bad bad_files[] = {
    /* form */
    { "Gateway=a\n", 1, { "before the first section", "[Tunnel]" } },
    { "[Tunnel]\nGateway\n", 2, { "no '='" } },
    { "[Tunnel]\nGateway=a\x07\n", 2, { "control character" } },
    { "[Tunnel]\nGateway=\xfc\n", 2, { "not UTF-8" } },
    /* names */
    { "[Tunel]\nGateway=a\n", 1, { "no section [Tunel]", "did you mean [Tunnel]?" } },
    { "[VPN]\n", 1, { "no section [VPN]", "[Lockdown]" } },
    { "[tunnel]\n", 1, { "did you mean [Tunnel]?" } },
    { "[Tunnel]\nGatway=a\n", 2, { "no key Gatway=", "did you mean Gateway=?" } },
    { "[Tunnel]\ngateway=a\n", 2, { "did you mean Gateway=?" } },
    { "[Tunnel]\nCACertificate=/a\n", 2, { "did you mean CACertificates=?" } },
    { "[Keepalive]\nIntervall=3\n", 2, { "did you mean Interval=?" } },
    { "[Tunnel]\nMaxDelay=3\n", 2, { "belongs to section [Reconnect], not [Tunnel]" } },
    { "[Tunnel]\nBanana=3\n", 2, { "no key Banana=", "mvpn.conf(5)" } },
    { "[Tunnel]\nGateway=a\n#\nGateway=b\n", 4, { "Gateway= is set twice, first in line 2" } },
    { "[Tunnel]\nGateway=a\n[Roaming]\n[Tunnel]\nGateway=b\n", 5, { "set twice" } },
    /* values of each type */
    { "[Tunnel]\nEnabled=maybe\n", 2, { "Enabled=maybe: ", "yes or no" } },
    { "[Tunnel]\nCheckRevocation=often\n", 2, { "no, yes or strict" } },
    { "[Tunnel]\nDataPath=fast\n", 2, { "auto, kernel or user" } },
    { "[Reconnect]\nInitialDelay=soon\n", 2, { "InitialDelay=soon", "span of time", "5min" } },
    { "[Reconnect]\nInitialDelay=-3\n", 2, { "span of time" } },
    { "[Reconnect]\nInitialDelay=0\n", 2, { "out of bounds", "100 ms", "1 h" } },
    { "[Reconnect]\nMaxDelay=9999999999999999999999h\n", 2, { "span of time" } },
    { "[Keepalive]\nInterval=48h\n", 2, { "out of bounds" } },
    { "[Tunnel]\nFirewallMark=0\n", 2, { "firewall mark" } },
    { "[Tunnel]\nFirewallMark=0x100000000\n", 2, { "firewall mark" } },
    { "[Tunnel]\nFirewallMark=-1\n", 2, { "firewall mark" } },
    { "[Tunnel]\nFirewallMark=0x\n", 2, { "firewall mark" } },
    { "[Tunnel]\nMTU=1279\n", 2, { "MTU", "1280", "9000" } },
    { "[Tunnel]\nMTU=big\n", 2, { "auto" } },
    { "[Tunnel]\nInterface=a/b\n", 2, { "name of an interface" } },
    { "[Tunnel]\nInterface=sixteencharacter\n", 2, { "15" } },
    { "[Tunnel]\nInterface=..\n", 2, { "name of an interface" } },
    { "[Tunnel]\nInterface=a\"b\n", 2, { "name of an interface" } },
    { "[Tunnel]\nInterface=mvpn%d\n", 2, { "name of an interface" } },
    { "[Tunnel]\nInterface=lo\n", 2, { "something else", "mvpn0" } },
    { "[Tunnel]\nCertificate=device.pem\n", 2, { "whole path", "/etc/mvpn/device.pem" } },
    { "[Tunnel]\nPrivateKey=pkcs11:\n", 2, { "pkcs11:" } },
    { "[Tunnel]\nPrivateKey=pkcs11:token=a b\n", 2, { "%20" } },
    { "[Tunnel]\nCACertificates=pkcs11:token=x\n", 2, { "whole path" } },
    { "[Lockdown]\nPortalCommand=firefox\n", 2, { "whole path" } },
    { "[Management]\nServer=http://mdm.example.com\n", 2, { "https://" } },
    { "[Keepalive]\nProbeServer=stun:99999\n", 2, { "'99999' is not a port" } },
    /* gateways */
    { "[Tunnel]\nGateway=vpn.example.com:0\n", 2, { "'0' is not a port" } },
    { "[Tunnel]\nGateway=vpn.example.com:\n", 2, { "'' is not a port" } },
    { "[Tunnel]\nGateway=vpn.example.com:500x\n", 2, { "not a port" } },
    { "[Tunnel]\nGateway=10.0.0\n", 2, { "'10.0.0' is not an IPv4 address" } },
    { "[Tunnel]\nGateway=300.1.1.1\n", 2, { "not an IPv4 address" } },
    { "[Tunnel]\nGateway=[10.0.0.1]\n", 2, { "not an IPv6 address" } },
    { "[Tunnel]\nGateway=[2001:db8::1\n", 2, { "form [IPv6 address]:port" } },
    { "[Tunnel]\nGateway=[2001:db8::1]x\n", 2, { "form [IPv6 address]:port" } },
    { "[Tunnel]\nGateway=2001:db8::zz\n", 2, { "neither a name nor an address" } },
    { "[Tunnel]\nGateway=https://vpn.example.com/\n", 2, { "'https://vpn.example.com/' is neither a name" } },
    { "[Tunnel]\nGateway=a..b\n", 2, { "not a host name" } },
    { "[Tunnel]\nGateway=-a.b\n", 2, { "not a host name" } },
    { "[Tunnel]\nGateway=vpn.bücher.example\n", 2, { "xn--" } },
    { "[Tunnel]\nGateway=127.0.0.1\n", 2, { "this device itself" } },
    { "[Tunnel]\nGateway=0.0.0.0\n", 2, { "not the address of a host" } },
    { "[Tunnel]\nGateway=fe80::1\n", 2, { "link-local" } },
    { "[Tunnel]\nGateway=ff02::1\n", 2, { "multicast" } },
    { "[Tunnel]\nGateway=a b c d e f g h i\n", 2, { "more than the 8 entries" } },
    /* lists */
    { "[Tunnel]\nRemoteSubnets=10.0.0.0/33\n", 2, { "not a network" } },
    { "[Tunnel]\nRemoteSubnets=10.1.2.3/8\n", 2, { "'10.1.2.3/8'", "10.0.0.0/8" } },
    { "[Tunnel]\nRemoteSubnets=everything\n", 2, { "'everything' is not a network" } },
    { "[Tunnel]\nRemoteSubnets=224.0.0.0/4\n", 2, { "leave it out" } },
    { "[Tunnel]\nDNS=10.0.0.1 dns.example.com\n", 2, { "'dns.example.com' is not the address" } },
    { "[Tunnel]\nDNS=127.0.0.53\n", 2, { "'127.0.0.53'" } },
    { "[Tunnel]\nDNS=1.0.0.1 1.0.0.2 1.0.0.3 1.0.0.4 1.0.0.5\n", 2, { "more than the 4" } },
    { "[Tunnel]\nSearchDomains=a/b\n", 2, { "'a/b' is not a domain" } },
    { "[BaseLink]\nPrefer=wifi tunnel\n", 2, { "'tunnel' is no kind of base link" } },
    { "[BaseLink]\nIgnore=$(reboot)\n", 2, { "not a pattern" } },
    { "[BaseLink]\nIgnore=abcdefghijklmnopqrstuvwxyz012345\n", 2, { "31 characters" } },
    { "[Lockdown]\nAllowCellularServices=lo\n", 2, { "'lo' is not the name" } },
    { "[Lockdown]\nAllowCellularServices=w;drop\n", 2, { "'w;drop' is not the name" } },
    /* proposals */
    { "[Tunnel]\nIKEProposals=aes256gcm16-prfsha384\n", 2, { "names no key exchange", "ecp384" } },
    { "[Tunnel]\nIKEProposals=aes256gcm16-ecp384\n", 2, { "pseudo-random" } },
    { "[Tunnel]\nIKEProposals=sha256-ecp256\n", 2, { "names no cipher" } },
    { "[Tunnel]\nESPProposals=aes256\n", 2, { "no integrity" } },
    { "[Tunnel]\nESPProposals=aes256gcm16-aes256-sha256\n", 2, { "two proposals" } },
    { "[Tunnel]\nESPProposals=aes256gcm17\n", 2, { "'aes256gcm17'", "no algorithm" } },
    { "[Tunnel]\nESPProposals=aes256gcm16--ecp256\n", 2, { "empty word" } },
    { "[Tunnel]\nIKEProposals=des-md5-modp768\n", 2, { "'des'", "too weak" } },
    { "[Tunnel]\nIKEProposals=aes128-md5-ecp256\n", 2, { "'md5'", "too weak" } },
    { "[Tunnel]\nIKEProposals=aes128-sha256-modp1024\n", 2, { "'modp1024'", "too weak" } },
    { "[Tunnel]\nESPProposals=null-sha256\n", 2, { "'null'", "too weak" } },
    { "[Tunnel]\nIKEProposals=,\n", 2, { "no entry" } },
    /* between keys */
    { "[Reconnect]\nInitialDelay=10min\n", 2,
        { "InitialDelay= (10 min 0 s) is longer than MaxDelay= (5 min 0 s)" } },
    { "[Reconnect]\nMaxDelay=1s\n", 2, { "shorten the first or lengthen the second" } },
    { "[Keepalive]\nMaxInterval=10\nMinInterval=20\n", 3, { "MinInterval=", "[Keepalive]" } },
    { "[Tunnel]\nInterface=wwan1\n[Lockdown]\nAllowCellularServices=wwan1\n", 4,
        { "tunnel's own interface" } },
};

static void check_error(const struct built *built, const char *file, const struct bad *bad)
{
    if (!CHECK_EQ(built->n_errors, 1))
        for (size_t i = 0; i < built->n_errors && i < FIXTURE_ERRORS_MAX; i++)
            fprintf(
                stderr, "  %s:%u: %s\n", built->errors[i].file, built->errors[i].line, built->errors[i].text);
    CHECK(built->settings == NULL);
    if (built->n_errors == 0)
        return;
    CHECK_STR(built->errors[0].file, file);
    CHECK_EQ(built->errors[0].line, bad->line);
    for (size_t i = 0; i < ELEMENTSOF(bad->fragments) && bad->fragments[i]; i++)
        if (!CHECK(strstr(built->errors[0].text, bad->fragments[i]) != NULL))
            fprintf(stderr, "  wanted '%s' in: %s\n", bad->fragments[i], built->errors[0].text);
}

static void each_mistake_is_told_at_its_line(void)
{
    for (size_t i = 0; i < ELEMENTSOF(bad_files); i++) {
        struct built built;

        test_context("%s", bad_files[i].text);
        build_text(CONFIG_SOURCE_ADMIN, bad_files[i].text, &built);
        check_error(&built, "test.conf", &bad_files[i]);
        built_end(&built);
    }
}

static void all_mistakes_of_a_file_are_told(void)
{
    struct built built;
    static const unsigned lines[] = { 2, 3, 5, 8 };

    build_text(CONFIG_SOURCE_ADMIN,
        "[Tunnel]\nEnabled=x\nMTU=y\nGateway=a\njunk\n[Nonsense]\nEnabled=x\n[Reconnect\nMaxDelay=x\n",
        &built);
    CHECK_EQ(built.n_errors, 5);
    for (size_t i = 0; i < 3; i++)
        CHECK_EQ(built.errors[i].line, lines[i]);
    CHECK_EQ(built.errors[3].line, 6);
    CHECK_EQ(built.errors[4].line, lines[3]);
    built_end(&built);
}

/* What a policy may not do; each alone is an error at its line. */
static const struct bad bad_policies[] = {
    { "[Tunnel]\nCertificate=/etc/shadow\n", 2, { "Certificate=", "never a path" } },
    { "[Tunnel]\nCertificate=../x.pem\n", 2, { "never a path" } },
    { "[Tunnel]\nCertificate=..\n", 2, { "never a path" } },
    { "[Tunnel]\nCertificate=.hidden\n", 2, { "never a path" } },
    { "[Tunnel]\nPrivateKey=a/b\n", 2, { "PrivateKey=", "never a path" } },
    { "[Tunnel]\nPrivateKey=pkcs11:token=x;module-path=/tmp/evil.so\n", 2, { "never a path or token" } },
    { "[Tunnel]\nCACertificates=/etc/ssl/certs\n", 2, { "CACertificates=", "never a path" } },
    { "[Tunnel]\nCACertificates=a b\n", 2, { "dm:current" } },
    { "[Tunnel]\nCertificate=device.pem\n", 2, { "never a path", "dm:current" } },
    { "[Tunnel]\nCertificate=dm:\n", 2, { "Certificate=", "dm:NAME" } },
    { "[Tunnel]\nCertificate=dm:..\n", 2, { "dm:NAME" } },
    { "[Tunnel]\nCertificate=dm:.hidden\n", 2, { "dm:NAME" } },
    { "[Tunnel]\nCertificate=dm:-x\n", 2, { "dm:NAME" } },
    { "[Tunnel]\nPrivateKey=dm:a/b\n", 2, { "PrivateKey=", "dm:NAME" } },
    { "[Tunnel]\nCACertificates=dm:a b\n", 2, { "dm:NAME" } },
    { "[Tunnel]\nPrivateKey=dm:a123456789b123456789c123456789d123456789e123456789f123456789g1234\n", 2, { "at most 64" } },
    { "[Tunnel]\nDataPath=kernel\n", 2, { "DataPath= may not be set by a policy" } },
    { "[Tunnel]\nDataPath=\n", 2, { "DataPath= may not be set by a policy" } },
    { "[Tunnel]\nInterface=mvpn1\n", 2, { "Interface= may not be set by a policy" } },
    { "[Keepalive]\nProbeServer=evil.example.com\n", 2, { "ProbeServer= may not be set by a policy" } },
    { "[Lockdown]\nPortalCommand=/bin/sh\n", 2, { "PortalCommand= may not be set by a policy" } },
    { "[Lockdown]\nPortalCommand=\n", 2, { "PortalCommand= may not be set by a policy" } },
    { "[Lockdown]\nAllowLAN=yes\n", 2, { "AllowLAN= may only be closed by a policy" } },
    { "[Lockdown]\nAllowLAN=true\n", 2, { "may only be closed" } },
    { "[Lockdown]\nAllowUSBAccess=yes\n", 2, { "may only be closed" } },
    { "[Lockdown]\nAllowUSBAccess=\n", 2, { "may only be closed" } },
    { "[Lockdown]\nAllowCellularServices=wwan0\n", 2, { "AllowCellularServices= may only be closed" } },
    { "[Lockdown]\nAllowLAN=perhaps\n", 2, { "yes or no" } },
    { "[Reconnect]\nMaxDelay=1s\n", 2, { "longer than MaxDelay=" } },
};

static void a_policy_opens_nothing(void)
{
    for (size_t i = 0; i < ELEMENTSOF(bad_policies); i++) {
        struct built built;

        test_context("%s", bad_policies[i].text);
        build_two("[Lockdown]\nAllowUSBAccess=no\n", bad_policies[i].text, &built);
        check_error(&built, "policy.conf", &bad_policies[i]);
        built_end(&built);
    }
}

static void a_policy_may_close_and_name_its_store(void)
{
    struct built built;

    build_two("[Lockdown]\nAllowLAN=yes\nAllowUSBAccess=yes\nAllowCellularServices=wwan1\nPortalCommand=/usr/"
              "bin/portal\n"
              "[Tunnel]\nCertificate=/etc/mvpn/old.pem\n",
        "[Lockdown]\nAllowLAN=no\nAllowUSBAccess=no\nAllowCellularServices=\n[Tunnel]\nEnabled=yes\nGateway="
        "vpn.example.com\n"
        "Certificate=dm:device-2\nPrivateKey=dm:device-2\nCACertificates=dm:roots.v2\n[Management]"
        "\nUserMayDisable=no\n",
        &built);
    CHECK_EQ(built.n_errors, 0);
    if (!built.settings)
        return;
    CHECK(!built.settings->policy.allow_lan && !built.settings->policy.allow_usb);
    CHECK_EQ(built.settings->policy.n_cellular_services, 0);
    CHECK_STR(built.settings->portal_command, "/usr/bin/portal");
    CHECK_STR(built.settings->certificate, "/store/certs/device-2.pem");
    CHECK_STR(built.settings->private_key, "/store/keys/device-2.key");
    CHECK_STR(built.settings->ca_certificates, "/store/roots/roots.v2.pem");
    CHECK(built.settings->policy.complete && built.settings->enabled &&
          !built.settings->policy.user_may_disable);
    CHECK(built.settings->policy_says_enabled);
    built_end(&built);
    build_two("[Tunnel]\nEnabled=yes\n", "[Tunnel]\nMTU=1400\n", &built);
    CHECK(built.settings && built.settings->enabled && !built.settings->policy_says_enabled);
    built_end(&built);
}

/* Who a gateway must be is said beside the gateway, by the same author. */
static void another_gateway_of_a_policy_is_not_the_administrators_identity(void)
{
    static const char admin[] = "[Tunnel]\nGateway=vpn.example.com 192.0.2.1\nRemoteIdentity=C=CH, CN=gw\n";
    static const struct {
        const char *policy, *identity; /* "": the gateway's name */
    } cases[] = {
        { "[Tunnel]\nGateway=other.example.com\n", "" },
        { "[Tunnel]\nGateway=vpn.example.com other.example.com\n", "" },
        { "[Tunnel]\nGateway=other.example.com\nRemoteIdentity=other\n", "other" },
        { "[Tunnel]\nRemoteIdentity=other\nGateway=other.example.com\n", "other" },
        { "[Tunnel]\nGateway=VPN.example.com:4500\n", "C=CH, CN=gw" },
        { "[Tunnel]\nGateway=192.0.2.1\n", "C=CH, CN=gw" },
        { "[Tunnel]\nMTU=1400\n", "C=CH, CN=gw" },
        { "[Tunnel]\nGateway=vpn.example.com\nRemoteIdentity=\n", "" },
    };
    struct built built;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        build_two(admin, cases[i].policy, &built);
        CHECK(built.settings != NULL);
        if (built.settings)
            CHECK_STR(built.settings->remote_identity ? built.settings->remote_identity : "", cases[i].identity);
        built_end(&built);
    }
}

static void the_administrator_may_name_the_store(void)
{
    struct built built;

    build_text(CONFIG_SOURCE_ADMIN, "[Tunnel]\nCertificate=dm:current\nPrivateKey=dm:current\nCACertificates=/etc/mvpn/cas\n", &built);
    CHECK_EQ(built.n_errors, 0);
    if (!built.settings)
        return;
    CHECK_STR(built.settings->certificate, "/store/certs/current.pem");
    CHECK_STR(built.settings->private_key, "/store/keys/current.key");
    CHECK_STR(built.settings->ca_certificates, "/etc/mvpn/cas");
    built_end(&built);
}

static void an_error_shows_no_pin_and_no_endless_value(void)
{
    struct built built;
    char text[600] = "[Tunnel]\nCertificate=pkcs11:token=x y;pin-value=123456\nMTU=";

    for (int i = 0; i < 40; i++)
        strcat(text, "漢漢漢");
    build_text(CONFIG_SOURCE_ADMIN, text, &built);
    CHECK_EQ(built.n_errors, 2);
    CHECK(strstr(built.errors[0].text, "123456") == NULL);
    CHECK(strstr(built.errors[1].text, "...") != NULL);
    CHECK_LE(strlen(built.errors[1].text), 200);
    for (size_t i = 0, step; built.errors[1].text[i]; i += step) {
        step =
            utf8_sequence_length((unsigned char *)built.errors[1].text + i, strlen(built.errors[1].text) - i);
        if (!CHECK(step > 0))
            break;
    }
    built_end(&built);
}

/* Keys of the table with values made of pieces that values are made of, some broken. */
static void random_text(struct prng *prng, char *buf, size_t size)
{
    static const char *const pieces[] = { "yes", "no", "10s", "5min", "auto", "10.0.0.0/8", "::/0",
        "vpn.example.com", ":4500", "[", "]", " ", "/etc/x", "pkcs11:", "aes256gcm16", "-", "ecp384",
        "0x4d56", "#", "=", "\t", "wlan0", "*", "\xc3\xa4", "\xff", "\x01", "99999999999", "." };
    size_t length = 0;

    while (length + 200 < size && prng_between(prng, 0, 12) > 0) {
        const struct config_key *key =
            config_key((enum config_key_id)prng_between(prng, 0, N_CONFIG_KEYS - 1));

        length += (size_t)snprintf(buf + length, size - length, "[%s]\n%s=", key->section, key->name);
        for (uint64_t n = prng_between(prng, 0, 6); n > 0; n--)
            length += (size_t)snprintf(
                buf + length, size - length, "%s", pieces[prng_between(prng, 0, ELEMENTSOF(pieces) - 1)]);
        length += (size_t)snprintf(buf + length, size - length, "\n");
    }
    buf[length] = '\0';
}

static void any_text_is_taken_or_told(void)
{
    const char *given = getenv("MVPN_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20260101;
    unsigned n_good = 0, n_bad = 0;

    for (unsigned i = 0; i < 20000; i++) {
        struct prng prng = { .state = seed + i };
        char admin[2048], policy[2048];
        struct built built;

        test_context("MVPN_SEED=%llu", (unsigned long long)(seed + i));
        random_text(&prng, admin, sizeof(admin));
        random_text(&prng, policy, sizeof(policy));
        build_two(admin, policy, &built);
        CHECK_EQ(built.settings == NULL, built.n_errors > 0);
        n_good += built.settings != NULL;
        n_bad += built.settings == NULL;
        for (size_t k = 0; k < MIN_OF(built.n_errors, (size_t)FIXTURE_ERRORS_MAX); k++)
            CHECK(built.errors[k].text[0] && built.errors[k].file[0] && built.errors[k].line > 0);
        if (built.settings && !strstr(admin, "AllowLAN"))
            CHECK(!built.settings->policy.allow_lan);
        built_end(&built);
    }
    CHECK_GE(n_good, 100);
    CHECK_GE(n_bad, 100);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(each_mistake_is_told_at_its_line),
        TEST(all_mistakes_of_a_file_are_told),
        TEST(a_policy_opens_nothing),
        TEST(a_policy_may_close_and_name_its_store),
        TEST(another_gateway_of_a_policy_is_not_the_administrators_identity),
        TEST(the_administrator_may_name_the_store),
        TEST(an_error_shows_no_pin_and_no_endless_value),
        TEST(any_text_is_taken_or_told),
    };
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
