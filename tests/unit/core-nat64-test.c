/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT64: the table of RFC 6052, the way back of RFC 7050, and what other addresses must not be taken for.
 */
#include "base/macro.h"
#include "core/nat64.h"
#include "support/core-fixture.h"

/* RFC 6052, 2.4: 192.0.2.33 in each kind of prefix. */
static const struct {
    const char *prefix, *synthesised;
} rfc6052[] = {
    { "2001:db8::/32", "2001:db8:c000:221::" },
    { "2001:db8:100::/40", "2001:db8:1c0:2:21::" },
    { "2001:db8:122::/48", "2001:db8:122:c000:2:2100::" },
    { "2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::" },
    { "2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::" },
    { "2001:db8:122:344::/96", "2001:db8:122:344::c000:221" },
    { "64:ff9b::/96", "64:ff9b::c000:221" },
};

static void the_table_of_the_rfc(void)
{
    struct ip_addr ipv4 = addr_of("192.0.2.33");

    for (size_t i = 0; i < ELEMENTSOF(rfc6052); i++) {
        struct ip_prefix prefix = prefix_of(rfc6052[i].prefix);
        struct ip_addr wanted = addr_of(rfc6052[i].synthesised), got;

        test_context("%s", rfc6052[i].prefix);
        CHECK(nat64_prefix_is_valid(&prefix));
        got = nat64_synthesise(&prefix, &ipv4);
        CHECK(ip_addr_equal(&got, &wanted));
    }
}

static void every_prefix_is_found_again(void)
{
    static const char *const well_known[] = { "192.0.0.170", "192.0.0.171" };

    for (size_t i = 0; i < ELEMENTSOF(rfc6052); i++) {
        for (size_t k = 0; k < ELEMENTSOF(well_known); k++) {
            struct ip_prefix prefix = prefix_of(rfc6052[i].prefix), found;
            struct ip_addr ipv4 = addr_of(well_known[k]), shown = nat64_synthesise(&prefix, &ipv4);

            test_context("%s by %s", rfc6052[i].prefix, well_known[k]);
            CHECK(nat64_find_prefix(&shown, 1, &found));
            CHECK(ip_prefix_equal(&found, &prefix));
        }
    }
}

static void other_addresses_are_no_prefix(void)
{
    static const char *const addrs[] = { "2001:db8::1", "192.0.0.170", "64:ff9b::c000:ac", "::", "2001:db8:0:0:100::c000:aa" };

    for (size_t i = 0; i < ELEMENTSOF(addrs); i++) {
        struct ip_addr addr = addr_of(addrs[i]);
        struct ip_prefix found = { .length = 77 };

        test_context("%s", addrs[i]);
        CHECK(!nat64_find_prefix(&addr, 1, &found));
        CHECK_EQ(found.length, 77);
    }
    CHECK(!nat64_find_prefix(NULL, 0, &(struct ip_prefix){ 0 }));
}

/* A prefix that holds the address itself: only the other address says which place is meant. */
static void an_ambiguous_answer_needs_both(void)
{
    struct ip_prefix prefix = prefix_of("2001:db8:c000:aa::/96"), found;
    struct ip_addr ipv4[2] = { addr_of("192.0.0.170"), addr_of("192.0.0.171") };
    struct ip_addr both[2] = { nat64_synthesise(&prefix, &ipv4[0]), nat64_synthesise(&prefix, &ipv4[1]) };

    CHECK(!nat64_find_prefix(both, 1, &found));
    CHECK(nat64_find_prefix(both, 2, &found));
    CHECK(ip_prefix_equal(&found, &prefix));
}

static void bad_prefixes_are_refused(void)
{
    static const char *const prefixes[] = { "2001:db8::/33", "2001:db8::/0", "2001:db8::/128", "10.0.0.0/8", "2001:db8:0:0:100::/96" };

    for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
        struct ip_prefix prefix = prefix_of(prefixes[i]);

        test_context("%s", prefixes[i]);
        CHECK(!nat64_prefix_is_valid(&prefix));
    }
}

static const struct test tests[] = {
    TEST(the_table_of_the_rfc),
    TEST(every_prefix_is_found_again),
    TEST(other_addresses_are_no_prefix),
    TEST(an_ambiguous_answer_needs_both),
    TEST(bad_prefixes_are_refused),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
