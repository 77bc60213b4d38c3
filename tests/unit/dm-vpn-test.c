/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VPNv2 in both forms, and what becomes of it: each row is a profile and either the policy that mvpnd would get or the status and a word of
 * the reason. The node form is tested against ProfileXML: the same profile must be the same policy.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/objects.h"
#include "dm/policytext.h"
#include "dm/verbs.h"
#include "support/test.h"

#include <errno.h>
#include <stdlib.h>

#define VPN    "./Vendor/MSFT/VPNv2"
#define MVPN   "./Vendor/mvpn/MobileVPN"
#define NATIVE "<NativeProfile><Servers>vpn.example.org</Servers><NativeProtocolType>IKEv2</NativeProtocolType>%s</NativeProfile>"
#define CERTS  "Certificate=dm:c\nPrivateKey=dm:k\nCACertificates=dm:r\n"
#define HEAD   "[Tunnel]\n" CERTS "Gateway=vpn.example.org\n"

static const struct dm_policy_names names = { "c", "k", "r", NULL };

/* The command and then mvpnd's judgement, as a session has it. */
static unsigned put(struct dm_tree *tree, bool add, const char *uri, const char *value, struct dm_error *error)
{
    struct dm_request request = { .server = "a", .uri = uri, .data = { value, strlen(value) } };
    size_t mark = dm_tree_mark(tree);
    unsigned code = add ? dm_verb_add(tree, &request, error) : dm_verb_replace(tree, &request, error), refused;

    if (code != 200)
        return code;
    refused = dm_policy_check(tree, &names, error);
    if (refused)
        dm_tree_undo(tree, mark);
    dm_tree_commit(tree);
    return refused ? refused : code;
}

static const struct {
    const char *body; /* inside VPNProfile, or inside NativeProfile where `native` */
    bool native;
    unsigned code;
    const char *wanted; /* the policy, or a piece of the reason */
} rows[] = {
    { "", true, 200, HEAD },
    { "<RoutingPolicyType>ForceTunnel</RoutingPolicyType><Authentication><MachineMethod>Certificate</MachineMethod></Authentication>", true,
        200, HEAD },
    { "<CryptographySuite><AuthenticationTransformConstants>SHA256128</AuthenticationTransformConstants><CipherTransformConstants>AES128"
      "</CipherTransformConstants><EncryptionMethod>AES128</EncryptionMethod><IntegrityCheckMethod>SHA256</IntegrityCheckMethod>"
      "<DHGroup>Group14</DHGroup><PfsGroup>PFS2048</PfsGroup></CryptographySuite>",
        true, 200, HEAD "IKEProposals=aes128-sha256-modp2048\nESPProposals=aes128-sha256-modp2048\n" },
    { "<CryptographySuite><EncryptionMethod>AES_GCM_256</EncryptionMethod><IntegrityCheckMethod>SHA384</IntegrityCheckMethod><DHGroup>ECP384"
      "</DHGroup><CipherTransformConstants>GCMAES256</CipherTransformConstants><AuthenticationTransformConstants>GCMAES256"
      "</AuthenticationTransformConstants><PfsGroup>ECP384</PfsGroup></CryptographySuite>",
        true, 200, HEAD "IKEProposals=aes256gcm16-prfsha384-ecp384\nESPProposals=aes256gcm16-ecp384\n" },
    { "<CryptographySuite><EncryptionMethod>DES</EncryptionMethod></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><IntegrityCheckMethod>MD5</IntegrityCheckMethod></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><DHGroup>Group1</DHGroup></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><DHGroup>Group2</DHGroup></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><DHGroup>None</DHGroup></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><PfsGroup>None</PfsGroup></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><CipherTransformConstants>des</CipherTransformConstants></CryptographySuite>", true, 406, "too weak" },
    { "<CryptographySuite><AuthenticationTransformConstants>MD596</AuthenticationTransformConstants></CryptographySuite>", true, 406,
        "too weak" },
    { "<CryptographySuite><DHGroup>Group99</DHGroup></CryptographySuite>", true, 406, "not supported" },
    { "<NativeProtocolType>L2tp</NativeProtocolType>", true, 406, "twice" },
    { "<L2tpPsk>secret</L2tpPsk>", true, 406, "L2tpPsk" },
    { "<Authentication><UserMethod>Eap</UserMethod></Authentication>", true, 406, "UserMethod" },
    { "<Authentication><MachineMethod>PresharedKey</MachineMethod></Authentication>", true, 406, "Certificate" },
    { "<AlwaysOn>true</AlwaysOn><LockDown>true</LockDown><DeviceTunnel>true</DeviceTunnel><ProfileName>Corp</ProfileName>", false, 200,
        "[Tunnel]\nEnabled=yes\n" CERTS "Gateway=vpn.example.org\n[Lockdown]\nAllowLAN=no\n"
        "[Management]\nUserMayDisable=no\n" },
    { "<LockDown>true</LockDown><TrustedNetworkDetection>corp.example</TrustedNetworkDetection>", false, 406, "can be forged" },
    { "<TrustedNetworkDetection>corp.example</TrustedNetworkDetection>", false, 200, HEAD },
    { "<LockDown>true</LockDown><TrafficFilter><RoutingPolicyType>SplitPolicyTunnel</RoutingPolicyType></TrafficFilter>", false, 406,
        "LockDown" },
    { "<DisableDisconnectButton>true</DisableDisconnectButton>", false, 200, HEAD "[Management]\nUserMayDisable=no\n" },
    { "<DnsSuffix>corp.example, b.example</DnsSuffix><DomainNameInformation><DomainName>.</DomainName><DnsServers>10.0.0.53,10.0.0.54"
      "</DnsServers></DomainNameInformation><DomainNameInformation><DomainName>.c.example</DomainName><DnsServers>10.0.0.55</DnsServers>"
      "</DomainNameInformation>",
        false, 200, HEAD "DNS=10.0.0.53 10.0.0.54 10.0.0.55\nSearchDomains=corp.example b.example c.example\n" },
    { "<TrafficFilter><RemoteAddressRanges>10.0.0.0/8, 192.0.2.0/24</RemoteAddressRanges></TrafficFilter>", false, 200,
        HEAD "RemoteSubnets=10.0.0.0/8 192.0.2.0/24\n" },
    { "<TrafficFilter><RemoteAddressRanges>10.0.0.1-10.0.0.9</RemoteAddressRanges></TrafficFilter>", false, 406, "10.0.0.1-10.0.0.9" },
    { "<TrafficFilter><App><Id>x</Id></App></TrafficFilter>", false, 406, "App" },
    { "<Route><Address>10.0.0.0</Address><PrefixSize>8</PrefixSize></Route>", false, 200, HEAD },
    { "<Route><Address>10.0.0.0</Address><PrefixSize>8</PrefixSize><ExclusionRoute>true</ExclusionRoute></Route>", false, 406,
        "ExclusionRoute" },
    { "<Proxy><Manual><Server>proxy:8080</Server></Manual></Proxy>", false, 406, "Server" },
    { "<NetworkOutageTime>0</NetworkOutageTime><DisableIKEv2Fragmentation>false</DisableIKEv2Fragmentation><IPv4InterfaceMetric>3"
      "</IPv4InterfaceMetric>",
        false, 200, HEAD },
    { "<NetworkOutageTime>60</NetworkOutageTime>", false, 406, "NetworkOutageTime" },
    { "<DnsSuffix>a b#c</DnsSuffix>", false, 406, "no value may" },
    { "<DnsSuffix>a\n[Lockdown]\nAllowLAN=yes</DnsSuffix>", false, 406, "no value may" },
    { "<AppTrigger><App/></AppTrigger>", false, 406, "AppTrigger" },
    { "<ProfileXML>x</ProfileXML>", false, 406, "ProfileXML" },
    { "<LockDown><x/>true</LockDown>", false, 406, "is a value" },
    { "<!DOCTYPE x [<!ENTITY a 'b'>]>", false, 406, "" },
    { "&a;", false, 406, "" },
};

static void profiles_as_xml(void)
{
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_tree *tree = dm_tree_new(dm_objects_root());
        _cleanup_free_ char *policy = NULL;
        struct dm_error error = { "" };
        char native[2000], text[4000];

        test_context("row %zu: %.100s", i, rows[i].body);
        snprintf(native, sizeof(native), NATIVE, rows[i].native ? rows[i].body : "");
        snprintf(text, sizeof(text), "<VPNProfile>%s%s</VPNProfile>", native, rows[i].native ? "" : rows[i].body);
        CHECK_EQ(put(tree, true, VPN "/corp/ProfileXML", text, &error), rows[i].code);
        if (rows[i].code == 200) {
            policy = dm_policy_text(tree, &names, &error);
            CHECK_STR(policy, rows[i].wanted);
        } else {
            CHECK(!dm_tree_at(tree, VPN "/corp"));
            if (!strstr(error.text, rows[i].wanted))
                test_fail(__FILE__, __LINE__, "the reason is \"%s\"", error.text);
        }
        dm_tree_free(tree);
    }
}

/* Each leaf of the profile that came as XML, put as a node into another tree. */
static void the_node_form_says_the_same(void)
{
    struct dm_tree *xml = dm_tree_new(dm_objects_root()), *nodes = dm_tree_new(dm_objects_root());
    _cleanup_free_ char *one = NULL, *other = NULL;
    struct dm_error error = { "" };
    struct dm_node *top;
    unsigned n = 0;

    CHECK_EQ(put(xml, true, VPN "/corp/ProfileXML",
                 "<VPNProfile><NativeProfile><Servers>a.example,b.example;B</Servers><RoutingPolicyType>SplitTunnel</RoutingPolicyType>"
                 "<CryptographySuite><DHGroup>ECP256</DHGroup></CryptographySuite></NativeProfile><AlwaysOn>true</AlwaysOn>"
                 "<Route><Address>10.0.0.0</Address><PrefixSize>8</PrefixSize></Route><Route><Address>2001:db8::</Address><PrefixSize>32"
                 "</PrefixSize></Route><DnsSuffix>corp.example</DnsSuffix></VPNProfile>",
                 &error),
        200);
    top = dm_tree_at(xml, VPN "/corp");
    for (struct dm_node *node = top; top && node; node = dm_tree_walk(top, node)) {
        char uri[DM_URI_BYTES_MAX + 1];

        if (node->format == DM_FORMAT_NODE || strcmp(node->name, "ProfileXML") == 0)
            continue;
        dm_node_uri(node, uri, sizeof(uri));
        test_context("%s", uri);
        CHECK_EQ(put(nodes, true, uri, node->data, &error), 200);
        n++;
    }
    CHECK_EQ(n, 9);
    one = dm_policy_text(xml, &names, &error);
    other = dm_policy_text(nodes, &names, &error);
    CHECK_STR(one, other);
    CHECK(one && strstr(one, "RemoteSubnets=10.0.0.0/8 2001:db8::/32\n") && strstr(one, "Gateway=a.example b.example\n"));
    dm_tree_free(xml);
    dm_tree_free(nodes);
}

/* LockDown and what it forbids, in either order. */
static void lockdown_in_any_order(void)
{
    static const char *const other[][2] = { { VPN "/corp/NativeProfile/RoutingPolicyType", "SplitTunnel" },
        { VPN "/corp/TrustedNetworkDetection", "corp.example" }, { VPN "/corp/TrafficFilterList/0/RoutingPolicyType", "SplitPolicyTunnel" } };

    for (size_t i = 0; i < ELEMENTSOF(other); i++) {
        struct dm_tree *tree = dm_tree_new(dm_objects_root());
        struct dm_error error = { "" };

        test_context("%s", other[i][0]);
        CHECK_EQ(put(tree, true, VPN "/corp/LockDown", "true", &error), 200);
        CHECK_EQ(put(tree, true, other[i][0], other[i][1], &error), 406);
        CHECK_EQ(put(tree, false, VPN "/corp/LockDown", "false", &error), 200);
        CHECK_EQ(put(tree, true, other[i][0], other[i][1], &error), 200);
        CHECK_EQ(put(tree, false, VPN "/corp/LockDown", "true", &error), 406);
        CHECK_STR(dm_tree_text(tree, VPN "/corp/LockDown"), "false");
        dm_tree_free(tree);
    }
}

static void a_second_document_takes_the_firsts_place(void)
{
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    struct dm_error error = { "" };

    CHECK_EQ(put(tree, true, VPN "/corp/ProfileXML", "<VPNProfile><DnsSuffix>a.example</DnsSuffix></VPNProfile>", &error), 200);
    CHECK_EQ(put(tree, false, VPN "/corp/ProfileXML", "<VPNProfile><AlwaysOn>true</AlwaysOn></VPNProfile>", &error), 200);
    CHECK(!dm_tree_at(tree, VPN "/corp/DnsSuffix"));
    CHECK_STR(dm_tree_text(tree, VPN "/corp/AlwaysOn"), "true");
    CHECK_EQ(put(tree, false, VPN "/corp/ProfileXML", "<VPNProfile><AlwaysOn>perhaps</AlwaysOn></VPNProfile>", &error), 406);
    CHECK_STR(dm_tree_text(tree, VPN "/corp/AlwaysOn"), "true");
    CHECK_EQ(put(tree, true, VPN "/other/AlwaysOn", "true", &error), 406);
    CHECK(strstr(error.text, "AlwaysOn") != NULL);
    dm_tree_free(tree);
}

static void our_own_nodes(void)
{
    static const struct {
        const char *leaf, *value, *wanted;
    } own[] = {
        { "Enabled", "true", "[Tunnel]\nEnabled=yes\n" },
        { "UserMayDisable", "false", "[Management]\nUserMayDisable=no\n" },
        { "KeepAlive/Mode", "fixed", "[Keepalive]\nMode=fixed\n" },
        { "KeepAlive/Interval", "25", "[Keepalive]\nInterval=25\n" },
        { "KeepAlive/WhenRoaming", "false", "[Roaming]\nKeepalive=no\n" },
        { "Roaming/OnDemand", "true", "" },
        { "Reconnect/InitialDelay", "3", "[Reconnect]\nInitialDelay=3\n" },
        { "Reconnect/MaxDelay", "600", "[Reconnect]\nMaxDelay=600\n" },
        { "Bearer/Prefer", "wifi cellular", "[BaseLink]\nPrefer=wifi cellular\n" },
        { "Bearer/Ignore", "docker* wlan1", "[BaseLink]\nIgnore=docker* wlan1\n" },
        { "Schedule/Interval", "3600", "[Management]\nPollInterval=3600\n" },
    };

    for (size_t i = 0; i < ELEMENTSOF(own); i++) {
        struct dm_tree *tree = dm_tree_new(dm_objects_root());
        _cleanup_free_ char *policy = NULL, *empty = NULL;
        struct dm_error error = { "" };
        char uri[200];

        snprintf(uri, sizeof(uri), MVPN "/%s", own[i].leaf);
        test_context("%s", uri);
        CHECK_EQ(put(tree, false, uri, own[i].value, &error), 200);
        policy = dm_policy_text(tree, NULL, &error);
        CHECK_STR(policy, own[i].wanted);
        CHECK_EQ(put(tree, false, uri, "", &error), 200);
        empty = dm_policy_text(tree, NULL, &error);
        CHECK_STR(empty, "");
        dm_tree_free(tree);
    }
}

static void lockdown_wins_over_user_may_disable(void)
{
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    _cleanup_free_ char *policy = NULL;
    struct dm_error error = { "" };

    CHECK_EQ(put(tree, false, MVPN "/UserMayDisable", "true", &error), 200);
    CHECK_EQ(put(tree, true, VPN "/corp/NativeProfile/Servers", "vpn.example.org", &error), 200);
    CHECK_EQ(put(tree, true, VPN "/corp/LockDown", "true", &error), 200);
    policy = dm_policy_text(tree, &names, &error);
    CHECK(policy && strstr(policy, "UserMayDisable=no\n"));
    dm_tree_free(tree);
}

/* A renewal gives the certificate a new name; the profile that works stays as it is. */
static void a_policy_with_another_certificate(void)
{
    static const char before[] = "[Tunnel]\nEnabled=yes\nCertificate=dm:device-1\nPrivateKey=dm:device-1\nCACertificates=dm:managed\nGateway=a b\n"
                                 "[Management]\nUserMayDisable=no\n",
                      after[] = "[Tunnel]\nEnabled=yes\nCertificate=dm:device-2\nPrivateKey=dm:device-2\nCACertificates=dm:managed\nGateway=a b\n"
                                "[Management]\nUserMayDisable=no\n";
    const struct dm_policy_names renewed = { "device-2", "device-2", "managed", NULL };
    char *text = NULL;

    CHECK_EQ(dm_policy_rename(before, &renewed, &text), 0);
    CHECK_STR(text, after);
    free(text);
    CHECK_EQ(dm_policy_rename("", &renewed, &text), -ENOENT);
    CHECK_EQ(dm_policy_rename("[Tunnel]\nCertificate=/etc/own.pem\n", &renewed, &text), -ENOENT);
    CHECK_EQ(dm_policy_rename("[Tunnel]\nCertificate=dm:x", &renewed, &text), 0); /* without an end */
    CHECK_STR(text, "[Tunnel]\nCertificate=dm:device-2\n");
    free(text);
}

static const struct test tests[] = { TEST(profiles_as_xml), TEST(the_node_form_says_the_same), TEST(lockdown_in_any_order),
    TEST(a_second_document_takes_the_firsts_place), TEST(our_own_nodes), TEST(lockdown_wins_over_user_may_disable),
    TEST(a_policy_with_another_certificate) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
