/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree verb by verb: names, ownership, ACLs, properties, listings, secrets, limits, and the file it is kept in.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/acl.h"
#include "dm/objects.h"
#include "dm/storecert.h"
#include "dm/treefile.h"
#include "dm/verbs.h"
#include "support/test.h"
#include "unit/dm-certificate.h"

#include <errno.h>
#include <stdlib.h>

#define MVPN "./Vendor/mvpn/MobileVPN"
#define VPN  "./Vendor/MSFT/VPNv2"
#define SCEP "./Vendor/MSFT/ClientCertificateInstall/SCEP"

static struct dm_tree *tree;
static char found_text[32768];
static unsigned n_found;

static void begin(void)
{
    tree = dm_tree_new(dm_objects_root());
}

static void end(void)
{
    tree = dm_tree_free(tree);
}

static int take(void *userdata, const struct dm_found *found)
{
    size_t n = strlen(found_text);

    (void)userdata;
    n_found++;
    snprintf(found_text + n, sizeof(found_text) - n, "%s%s", n ? " " : "", found->data ? found->data : "!");
    return 0;
}

static unsigned as(const char *server, enum dm_verb verb, const char *uri, const char *value)
{
    struct dm_request request = { .server = server, .uri = uri, .data = { value, value ? strlen(value) : 0 } };
    struct dm_error error = { "" };
    struct dm_order order;
    unsigned code = 0;

    found_text[0] = '\0';
    n_found = 0;
    if (verb == DM_VERB_ADD)
        code = dm_verb_add(tree, &request, &error);
    else if (verb == DM_VERB_REPLACE)
        code = dm_verb_replace(tree, &request, &error);
    else if (verb == DM_VERB_DELETE)
        code = dm_verb_delete(tree, &request, &error);
    else if (verb == DM_VERB_EXEC)
        code = dm_verb_exec(tree, &request, &order, &error);
    else
        code = dm_verb_get(tree, &request, take, NULL, &error);
    if (code >= 300)
        CHECK(error.text[0]);
    dm_tree_commit(tree);
    return code;
}

static unsigned add(const char *uri, const char *value)
{
    return as("a", DM_VERB_ADD, uri, value);
}

static unsigned replace(const char *uri, const char *value)
{
    return as("a", DM_VERB_REPLACE, uri, value);
}

static unsigned get(const char *uri)
{
    return as("a", DM_VERB_GET, uri, NULL);
}

static void names_that_may_not_be(void)
{
    static const struct {
        const char *uri;
        unsigned code;
    } rows[] = {
        { VPN "/./AlwaysOn", 400 },
        { VPN "/../AlwaysOn", 400 },
        { VPN "/*/AlwaysOn", 400 },
        { VPN "/%2e%2E/AlwaysOn", 400 },
        { VPN "/%2a/AlwaysOn", 400 },
        { VPN "/a%0ab/AlwaysOn", 400 },
        { VPN "/a%00b/AlwaysOn", 400 },
        { VPN "/a\tb/AlwaysOn", 400 },
        { VPN "/a%2fb/AlwaysOn", 400 },
        { VPN "/a%7F/AlwaysOn", 400 },
        { VPN "/a%zz/AlwaysOn", 400 },
        { VPN "//AlwaysOn", 400 },
        { "/" VPN, 400 },
        { "", 400 },
        { VPN "/a/AlwaysOn?prop=Nonsense", 400 },
        { VPN "/a/AlwaysOn?list=Nonsense", 406 },
        { "./a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", 414 },
        { VPN "/..a/AlwaysOn", 200 },
        { VPN "/My%20VPN/AlwaysOn", 200 },
    };
    static char deep[2000];

    begin();
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        test_context("%s", rows[i].uri);
        CHECK_EQ(add(rows[i].uri, "false"), rows[i].code);
    }
    memset(deep, 'a', sizeof(deep) - 1);
    CHECK_EQ(add(deep, "x"), 414);
    deep[DM_NAME_BYTES_MAX + 1] = '\0';
    CHECK_EQ(add(deep, "x"), 400);
    CHECK_EQ(get(VPN), 200);
    CHECK_STR(found_text, "..a/My%20VPN");
    CHECK_EQ(get("./Device/Vendor/MSFT/VPNv2/My VPN/AlwaysOn"), 200);
    CHECK_STR(found_text, "false");
    end();
}

static void another_server_touches_nothing(void)
{
    static const enum dm_verb verbs[] = { DM_VERB_GET, DM_VERB_REPLACE, DM_VERB_DELETE, DM_VERB_ADD };

    begin();
    CHECK_EQ(add(VPN "/corp/DnsSuffix", "corp.example"), 200);
    CHECK_EQ(replace(MVPN "/KeepAlive/Interval", "30"), 200);
    for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
        test_context("%s", dm_verb_name(verbs[i]));
        CHECK_EQ(as("b", verbs[i], VPN "/corp", ""), 425);
        CHECK_EQ(as("b", verbs[i], VPN "/corp/DnsSuffix", "x.example"), 425);
    }
    CHECK_EQ(as("b", DM_VERB_ADD, VPN "/corp/AlwaysOn", "true"), 425);
    CHECK_EQ(as("b", DM_VERB_GET, VPN "/corp?list=StructData", NULL), 425);
    CHECK_EQ(as("b", DM_VERB_REPLACE, VPN "/corp?prop=ACL", "Get=*"), 425);
    CHECK_EQ(as("b", DM_VERB_REPLACE, MVPN "/KeepAlive/Interval", "40"), 425);
    CHECK_EQ(as("b", DM_VERB_GET, VPN, NULL), 200);
    CHECK_STR(found_text, ""); /* not even its name */
    CHECK_EQ(as("b", DM_VERB_GET, "./Vendor?list=TNDS", NULL), 200);
    CHECK(!strstr(found_text, "corp"));
    CHECK_EQ(as("b", DM_VERB_REPLACE, ".?prop=ACL", "Get=b"), 405);
    CHECK_EQ(as("b", DM_VERB_REPLACE, MVPN "?prop=ACL", "Get=b"), 405);
    CHECK_EQ(as("b", DM_VERB_ADD, VPN "/other/AlwaysOn", "false"), 200);
    CHECK_EQ(replace(MVPN "/KeepAlive/Interval", ""), 200); /* given back */
    CHECK_EQ(as("b", DM_VERB_REPLACE, MVPN "/KeepAlive/Interval", "40"), 200);
    CHECK_EQ(replace(MVPN "/KeepAlive/Interval", "30"), 425);
    end();
}

static void an_acl_lets_others_in(void)
{
    begin();
    CHECK_EQ(add(VPN "/corp/DnsSuffix", "corp.example"), 200);
    CHECK_EQ(replace(VPN "/corp?prop=ACL", "Get=*&Replace=a+b&Delete=a&Add=a"), 200);
    CHECK_EQ(get(VPN "/corp?prop=ACL"), 200);
    CHECK_STR(found_text, "Get=*&Replace=a+b&Delete=a&Add=a");
    CHECK_EQ(as("c", DM_VERB_GET, VPN "/corp/DnsSuffix", NULL), 200);
    CHECK_EQ(as("b", DM_VERB_REPLACE, VPN "/corp/DnsSuffix", "b.example"), 200);
    CHECK_EQ(as("c", DM_VERB_REPLACE, VPN "/corp/DnsSuffix", "c.example"), 425);
    CHECK_EQ(as("b", DM_VERB_DELETE, VPN "/corp/DnsSuffix", NULL), 425);
    CHECK_EQ(replace(VPN "/corp/DnsSuffix?prop=ACL", "Get=a"), 200); /* nearer wins */
    CHECK_EQ(as("b", DM_VERB_REPLACE, VPN "/corp/DnsSuffix", "b.example"), 425);
    CHECK_EQ(replace(VPN "/corp?prop=ACL", ""), 200);
    CHECK_EQ(as("c", DM_VERB_GET, VPN "/corp", NULL), 425);
    CHECK_EQ(replace(VPN "/corp?prop=ACL", "Get=b\n"), 400);
    CHECK(dm_acl_is_valid("Get=*"));
    CHECK(!dm_acl_is_valid("Get="));
    CHECK(!dm_acl_is_valid("Get=a+"));
    CHECK(!dm_acl_is_valid("Get=+a"));
    CHECK(!dm_acl_is_valid("Get=a&"));
    CHECK(!dm_acl_is_valid("Get=a&Get=b"));
    CHECK(!dm_acl_is_valid("Own=a"));
    CHECK(!dm_acl_allows("Get=ab", DM_ACCESS_GET, "a"));
    CHECK(!dm_acl_allows("Get=a", DM_ACCESS_GET, "ab"));
    end();
}

static void properties(void)
{
    begin();
    CHECK_EQ(add(VPN "/corp/DnsSuffix", "corp.example"), 200);
    CHECK_EQ(get(VPN "/corp/DnsSuffix?prop=Format"), 200);
    CHECK_STR(found_text, "chr");
    CHECK_EQ(get(VPN "/corp?prop=Format"), 200);
    CHECK_STR(found_text, "node");
    CHECK_EQ(get(VPN "/corp?prop=Name"), 200);
    CHECK_STR(found_text, "corp");
    CHECK_EQ(get(VPN "/corp/DnsSuffix?prop=Type"), 200);
    CHECK_STR(found_text, "text/plain");
    CHECK_EQ(get(VPN "/corp?prop=VerNo"), 406);
    CHECK_EQ(replace(VPN "/corp?prop=Title", "x"), 406);
    CHECK_EQ(replace(VPN "/corp?prop=Format", "chr"), 405);
    CHECK_EQ(replace(VPN "/corp?prop=Name", "office"), 200);
    CHECK_EQ(get(VPN "/office/DnsSuffix"), 200);
    CHECK_EQ(replace(VPN "/office?prop=Name", ".."), 400);
    CHECK_EQ(replace(VPN "/office/DnsSuffix?prop=Name", "x"), 405);
    CHECK_EQ(add(VPN "/corp", NULL), 200);
    CHECK_EQ(replace(VPN "/office?prop=Name", "corp"), 418);
    CHECK_EQ(replace(VPN "/office?list=Struct", "x"), 405);
    CHECK_EQ(as("a", DM_VERB_DELETE, VPN "/office?prop=ACL", NULL), 405);
    end();
}

static void listings(void)
{
    begin();
    CHECK_EQ(add(VPN "/co&rp/DnsSuffix", "<corp>"), 200);
    CHECK_EQ(get(VPN "?list=Struct"), 200);
    CHECK_EQ(n_found, 3);
    CHECK_STR(found_text, "! ! !");
    CHECK_EQ(get(VPN "?list=StructData"), 200);
    CHECK_STR(found_text, "! ! <corp>");
    CHECK_EQ(get(VPN "/co%26rp?list=TNDS"), 200);
    CHECK_STR(found_text,
        "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD><Node><NodeName>co&amp;rp</NodeName><Path>./Vendor/MSFT/VPNv2</Path>"
        "<RTProperties><Format><node/></Format><Type><DDFName></DDFName></Type></RTProperties><Node><NodeName>DnsSuffix</NodeName>"
        "<RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>&lt;corp&gt;</Value></Node>"
        "</Node></MgmtTree>");
    CHECK_EQ(get("."), 200);
    CHECK_STR(found_text, "DevInfo/DevDetail/DMAcc/Vendor");
    end();
}

static void secrets_never_come_out(void)
{
    static const char *const ways[] = { "", "?list=Struct", "?list=StructData", "?list=TNDS", "?prop=Type", "?prop=Name", "?prop=ACL" };

    begin();
    CHECK_EQ(add(SCEP "/1/Install/Challenge", "hush-hush"), 200);
    CHECK_EQ(dm_tree_tell(tree, "./DMAcc/1/AppAuth/1/AAuthSecret", "hush-hush"), 0);
    CHECK_EQ(replace("./DMAcc/1/AppAuth/1/AAuthSecret", "hush-hush-2"), 200);
    for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
        static const char *const places[] = { ".", SCEP "/1/Install/Challenge", "./DMAcc/1/AppAuth/1/AAuthSecret" };

        for (size_t j = 0; j < ELEMENTSOF(places); j++) {
            char uri[200];

            snprintf(uri, sizeof(uri), "%s%s", places[j], ways[i]);
            test_context("%s", uri);
            get(uri);
            CHECK(!strstr(found_text, "hush"));
        }
    }
    CHECK_EQ(get(SCEP "/1/Install/Challenge"), 405);
    end();
}

static void addresses_only_of_the_same_origin(void)
{
    static const struct {
        const char *url;
        unsigned code;
    } rows[] = {
        { "https://dm.example.org/other", 200 },
        { "https://DM.EXAMPLE.ORG:443", 200 },
        { "http://dm.example.org/", 406 },
        { "https://dm.example.org.evil.example/", 406 },
        { "https://dm.example.org:8443/", 406 },
        { "https://dm.example.org\\@evil.example/", 406 },
        { "https://user@dm.example.org/", 406 },
        { "https://second.example/x", 200 },
        { "https:///", 406 },
        { "dm.example.org", 406 },
    };
    static const char *const others[] = { "https://second.example" };
    const struct dm_origins origins = { "https://dm.example.org/dm", others, 1 };

    begin();
    dm_tree_tell(tree, "./DMAcc/1/AppAddr/1/Addr", "https://dm.example.org/dm");
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_request request = { .server = "a",
            .uri = "./DMAcc/1/AppAddr/1/Addr",
            .data = { rows[i].url, strlen(rows[i].url) },
            .origins = &origins };
        struct dm_error error = { "" };

        test_context("%s", rows[i].url);
        CHECK_EQ(dm_verb_replace(tree, &request, &error), rows[i].code);
    }
    end();
}

static void values_are_read_leniently_and_judged_strictly(void)
{
    static const struct {
        const char *format, *value;
        unsigned code;
        const char *kept;
    } bools[] = { { "bool", "true", 200, "true" }, { "chr", " True\r\n", 200, "true" }, { NULL, "0", 200, "false" },
        { "int", "1", 415, NULL }, { "bool", "yes", 406, NULL }, { "nonsense", "true", 415, NULL }, { "node", "", 415, NULL } };

    begin();
    for (size_t i = 0; i < ELEMENTSOF(bools); i++) {
        struct dm_request request = { .server = "a",
            .uri = MVPN "/Enabled",
            .format = bools[i].format,
            .data = { bools[i].value, strlen(bools[i].value) } };
        struct dm_error error = { "" };

        test_context("%s %s", bools[i].format ? bools[i].format : "(none)", bools[i].value);
        CHECK_EQ(dm_verb_replace(tree, &request, &error), bools[i].code);
        if (bools[i].kept)
            CHECK_STR(dm_tree_text(tree, MVPN "/Enabled"), bools[i].kept);
    }
    CHECK_EQ(replace(MVPN "/KeepAlive/Interval", "86401"), 406);
    CHECK_EQ(replace(MVPN "/KeepAlive/Interval", "0x20"), 406);
    CHECK_EQ(replace(MVPN "/KeepAlive/Interval", "99999999999999999999"), 406);
    CHECK_EQ(replace(MVPN "/Roaming/OnDemand", "false"), 406);
    CHECK_EQ(replace(MVPN "/Bearer/Prefer", "wifi\x01"), 406);
    end();
}

#define STORE "./Vendor/MSFT/CertificateStore"
#define OTHER "./Vendor/MSFT/RootCATrustedCertificates"

static void certificates_are_what_they_are_called(void)
{
    _cleanup_free_ char *none = NULL, *one = NULL;

    begin();
    none = dm_store_roots_pem(tree);
    CHECK_STR(none, "");
    CHECK_EQ(add(STORE "/Root/System/abc/EncodedCertificate", A_CERTIFICATE), 406);
    CHECK_EQ(add(STORE "/Root/System/0123456789012345678901234567890123456789/EncodedCertificate", A_CERTIFICATE), 406);
    CHECK_EQ(add(STORE "/Root/System/" A_THUMBPRINT "/EncodedCertificate", "AQID"), 406);
    CHECK_EQ(add(STORE "/Root/System/" A_THUMBPRINT "/EncodedCertificate", "A!"), 406);
    CHECK(!dm_tree_at(tree, STORE "/Root/System/" A_THUMBPRINT));
    CHECK_EQ(add(STORE "/My/System/" A_THUMBPRINT "/EncodedCertificate", A_CERTIFICATE), 404);
    CHECK_EQ(add(OTHER "/Root/" A_THUMBPRINT "/EncodedCertificate", A_CERTIFICATE), 200);
    CHECK_EQ(add(STORE "/Root/System/" A_THUMBPRINT, NULL), 200);
    CHECK_EQ(add(STORE "/Root/System/" A_THUMBPRINT "/EncodedCertificate", "\r\n" A_CERTIFICATE "\r\n"), 200);
    CHECK_EQ(replace(STORE "/Root/System/" A_THUMBPRINT "/EncodedCertificate", "AQID"), 406);
    one = dm_store_roots_pem(tree);
    CHECK(one && strncmp(one, "-----BEGIN CERTIFICATE-----\nMII", 31) == 0);
    CHECK(one && !strstr(one + 10, "-----BEGIN")); /* once, though it is in both */
    end();
}

static void a_tree_has_limits(void)
{
    static char large[DM_VALUE_BYTES_MAX + 2];
    unsigned code = 200;

    begin();
    memset(large, 'a', sizeof(large) - 1);
    CHECK_EQ(add(VPN "/a/DnsSuffix", large), 413);
    CHECK(!dm_tree_at(tree, VPN "/a"));
    for (unsigned i = 0; i < DM_TREE_NODES_MAX && code == 200; i++) {
        char uri[100];

        snprintf(uri, sizeof(uri), VPN "/%u", i);
        code = add(uri, NULL);
    }
    CHECK_EQ(code, 420);
    CHECK_LE(dm_tree_n_nodes(tree), DM_TREE_NODES_MAX);
    end();
}

static void kept_and_read_again(void)
{
    _cleanup_free_ char *text = NULL, *again = NULL;
    struct dm_error error = { "" };

    begin();
    CHECK_EQ(add(VPN "/My%20VPN/DnsSuffix", "corp.example"), 200);
    CHECK_EQ(replace(VPN "/My%20VPN?prop=ACL", "Get=*"), 200);
    CHECK_EQ(add(SCEP "/1/Install/Challenge", "hush"), 200);
    CHECK_EQ(replace(MVPN "/KeepAlive/Mode", "fixed"), 200);
    CHECK_EQ(dm_tree_tell(tree, MVPN "/Status/State", "connected"), 0);
    text = dm_tree_save(tree);
    end();
    begin();
    CHECK_EQ(dm_tree_load(tree, text, strlen(text), &error), 0);
    CHECK_EQ(as("b", DM_VERB_GET, VPN "/My%20VPN/DnsSuffix", NULL), 200);
    CHECK_STR(found_text, "corp.example");
    CHECK_EQ(as("b", DM_VERB_REPLACE, MVPN "/KeepAlive/Mode", "off"), 425);
    CHECK_STR(dm_tree_text(tree, SCEP "/1/Install/Challenge"), "hush");
    CHECK_STR(dm_tree_text(tree, MVPN "/Status/State"), "");
    again = dm_tree_save(tree);
    CHECK_STR(again, text);
    end();
    for (size_t n = 0; n + 1 < strlen(text); n++) { /* cut anywhere: all or nothing */
        size_t n_nodes;

        begin();
        n_nodes = dm_tree_n_nodes(tree);
        test_context("cut after %zu", n);
        CHECK_EQ(dm_tree_load(tree, text, n, &error), -EBADMSG);
        CHECK_EQ(dm_tree_n_nodes(tree), n_nodes);
        end();
    }
}

static void only_a_list_is_executed(void)
{
    struct dm_node *root;
    unsigned n = 0;

    begin();
    dm_tree_tell(tree, "./Vendor/MSFT/DMClient/Provider/p", NULL);
    dm_tree_tell_owner(tree, "./Vendor/MSFT/DMClient/Provider/p", "a");
    root = dm_tree_root(tree);
    for (struct dm_node *node = root; node; node = dm_tree_walk(root, node)) {
        char uri[DM_URI_BYTES_MAX + 1];

        dm_node_uri(node, uri, sizeof(uri));
        n += as("a", DM_VERB_EXEC, uri, "p") == 202;
    }
    CHECK_EQ(n, 4); /* Reconnect, RenewNow, Provider/p/Unenroll, DMClient/Unenroll */
    CHECK_EQ(as("b", DM_VERB_EXEC, "./Vendor/MSFT/DMClient/Provider/p/Unenroll", NULL), 425);
    CHECK_EQ(as("b", DM_VERB_EXEC, "./Vendor/MSFT/DMClient/Unenroll", "p"), 425);
    CHECK_EQ(as("a", DM_VERB_EXEC, "./Vendor/MSFT/DMClient/Unenroll", "q"), 404);
    CHECK_EQ(add(SCEP "/1/Install/ServerURL", "https://scep.example"), 200);
    CHECK_EQ(as("a", DM_VERB_EXEC, SCEP "/1/Install/Enroll", NULL), 202);
    end();
}

static const struct test tests[] = { TEST(names_that_may_not_be), TEST(another_server_touches_nothing), TEST(an_acl_lets_others_in),
    TEST(properties), TEST(listings), TEST(secrets_never_come_out), TEST(addresses_only_of_the_same_origin),
    TEST(values_are_read_leniently_and_judged_strictly), TEST(certificates_are_what_they_are_called), TEST(a_tree_has_limits),
    TEST(kept_and_read_again),
    TEST(only_a_list_is_executed) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
