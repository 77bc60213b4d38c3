/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leaf helpers: spans of time and their grammar, addresses and prefixes, the text builder, the generator.
 * Says what they promise at their edges: saturation, untouched outputs on error, cut text, host bits.
 */
#include "base/clock.h"
#include "base/ipaddr.h"
#include "base/macro.h"
#include "base/prng.h"
#include "base/strbuf.h"
#include "base/usec.h"
#include "support/test.h"

#include <errno.h>

static void time_saturates(void)
{
    CHECK(usec_add(USEC_INFINITY, 1) == USEC_INFINITY);
    CHECK(usec_add(USEC_INFINITY - 1, 2) == USEC_INFINITY);
    CHECK(usec_add(SEC(1), MSEC(1)) == 1001000);
    CHECK(usec_sub(5, 7) == 0);
    CHECK(usec_sub(USEC_INFINITY, SEC(1)) == USEC_INFINITY);
    CHECK(usec_sub(7, 5) == 2);
    CHECK(usec_mul(USEC_INFINITY / 2, 3) == USEC_INFINITY);
    CHECK(usec_mul(USEC_INFINITY, 0) == 0);
    CHECK(usec_mul(SEC(2), 8) == SEC(16));
    CHECK(HOURS(2) == MINUTES(120));
}

static void spans_parse(void)
{
    static const struct {
        const char *text;
        usec_t wanted_usec; /* USEC_INFINITY: refused */
    } table[] = {
        { "90", SEC(90) },
        { "90s", SEC(90) },
        { "90 s", SEC(90) },
        { "1.5s", MSEC(1500) },
        { "250ms", MSEC(250) },
        { "5min", MINUTES(5) },
        { "5m", MINUTES(5) },
        { "2h", HOURS(2) },
        { "1d", HOURS(24) },
        { "0", 0 },
        { "0.000001", 1 },
        { "  7s ", SEC(7) },
        { "100000000000", SEC(100000000000) },
        { "", USEC_INFINITY },
        { "s", USEC_INFINITY },
        { "-1", USEC_INFINITY },
        { "+1", USEC_INFINITY },
        { "1.s", USEC_INFINITY },
        { ".5s", USEC_INFINITY },
        { "1 2", USEC_INFINITY },
        { "1s2", USEC_INFINITY },
        { "0x10", USEC_INFINITY },
        { "1e3", USEC_INFINITY },
        { "never", USEC_INFINITY },
        { "99999999999999999999", USEC_INFINITY },
        { "999999999999d", USEC_INFINITY },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        usec_t got = 4711;
        int r = usec_parse(table[i].text, &got);

        test_context("\"%s\"", table[i].text);
        if (table[i].wanted_usec == USEC_INFINITY) {
            CHECK_EQ(r, -EINVAL);
            CHECK_EQ(got, 4711); /* untouched */
        } else {
            CHECK_EQ(r, 0);
            CHECK_EQ(got, table[i].wanted_usec);
        }
    }
}

static void spans_print(void)
{
    static const struct {
        usec_t span_usec;
        const char *wanted;
    } table[] = {
        { 0, "0 ms" },
        { MSEC(250), "250 ms" },
        { SEC(9), "9 s" },
        { SEC(123), "2 min 3 s" },
        { HOURS(5) + MINUTES(2), "5 h 2 min" },
        { HOURS(49), "2 d 1 h" },
        { USEC_INFINITY, "never" },
        { USEC_INFINITY - 1, "213503982 d 8 h" },
    };
    char buf[24];

    for (size_t i = 0; i < ELEMENTSOF(table); i++)
        CHECK_STR(usec_format(table[i].span_usec, buf, sizeof(buf)), table[i].wanted);
}

static struct ip_addr addr(const char *text)
{
    struct ip_addr a = { 0 };

    if (ip_addr_parse(text, &a) < 0)
        test_fail(__FILE__, __LINE__, "not an address: %s", text);
    return a;
}

static void addresses_parse_and_print(void)
{
    static const char *const good[] = { "0.0.0.0", "203.0.113.5", "255.255.255.255", "::", "::1",
        "2001:db8::1", "fe80::1234:5678:9abc:def0", "64:ff9b::c000:201" };
    static const char *const bad[] = { "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4 ", " 1.2.3.4",
        "[::1]", "fe80::1%eth0", "2001:db8::1/64", "::1::2", "example.com", "12345::", "1.2.3.4/8" };
    struct ip_addr a, before;
    char text[IP_ADDR_TEXT_SIZE];

    for (size_t i = 0; i < ELEMENTSOF(good); i++) {
        test_context("%s", good[i]);
        memset(&a, 0xaa, sizeof(a));
        CHECK_EQ(ip_addr_parse(good[i], &a), 0);
        CHECK_STR(ip_addr_format(&a, text, sizeof(text)), good[i]);
        for (size_t b = ip_addr_size(a.family); b < sizeof(a.bytes); b++)
            CHECK_EQ(a.bytes[b], 0); /* so that memcmp compares */
    }
    memset(&before, 0xaa, sizeof(before));
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        test_context("%s", bad[i]);
        a = before;
        CHECK_EQ(ip_addr_parse(bad[i], &a), -EINVAL);
        CHECK_MEM(&a, &before, sizeof(a));
    }
    test_context("none");
    CHECK_STR(ip_addr_format(&(struct ip_addr){ 0 }, text, sizeof(text)), "none");
}

static void prefixes_parse_and_print(void)
{
    static const struct {
        const char *text;
        const char *wanted; /* NULL: refused */
    } table[] = {
        { "10.1.2.3/8", "10.0.0.0/8" },
        { "10.1.2.3", "10.1.2.3/32" },
        { "0.0.0.0/0", "0.0.0.0/0" },
        { "192.168.77.255/23", "192.168.76.0/23" },
        { "2001:db8:ffff::1/33", "2001:db8:8000::/33" },
        { "::/0", "::/0" },
        { "::1", "::1/128" },
        { "10.0.0.0/33", NULL },
        { "::/129", NULL },
        { "10.0.0.0/", NULL },
        { "10.0.0.0/-1", NULL },
        { "10.0.0.0/+8", NULL },
        { "10.0.0.0/ 8", NULL },
        { "10.0.0.0/8x", NULL },
        { "10.0.0.0/8/8", NULL },
        { "10.0.0.0/99999999999999999999", NULL },
        { "/8", NULL },
        { "", NULL },
        { "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128x", NULL },
        { "a very long text that can be no prefix at all and must not overflow the buffer", NULL },
    };
    char text[IP_PREFIX_TEXT_SIZE];

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct ip_prefix p, before;

        test_context("%s", table[i].text);
        memset(&p, 0xaa, sizeof(p));
        before = p;
        if (!table[i].wanted) {
            CHECK_EQ(ip_prefix_parse(table[i].text, &p), -EINVAL);
            CHECK_MEM(&p, &before, sizeof(p));
        } else if (CHECK_EQ(ip_prefix_parse(table[i].text, &p), 0)) {
            CHECK_STR(ip_prefix_format(&p, text, sizeof(text)), table[i].wanted);
        }
    }
}

static void prefixes_contain(void)
{
    static const struct {
        const char *prefix, *addr;
        bool wanted;
    } table[] = {
        { "0.0.0.0/0", "203.0.113.5", true },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "::/0", "203.0.113.5", false },
        { "::/0", "2001:db8::1", true },
        { "10.0.0.0/8", "10.255.255.255", true },
        { "10.0.0.0/8", "11.0.0.0", false },
        { "10.0.0.128/25", "10.0.0.127", false },
        { "10.0.0.128/25", "10.0.0.128", true },
        { "2001:db8::/127", "2001:db8::1", true },
        { "2001:db8::/127", "2001:db8::2", false },
        { "198.51.100.1/32", "198.51.100.1", true },
        { "198.51.100.1/32", "198.51.100.2", false },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct ip_prefix p;
        struct ip_addr a = addr(table[i].addr);

        test_context("%s in %s", table[i].addr, table[i].prefix);
        CHECK_EQ(ip_prefix_parse(table[i].prefix, &p), 0);
        CHECK_EQ(ip_prefix_contains(&p, &a), table[i].wanted);
    }
    test_context("none in none");
    CHECK(!ip_addr_equal(&(struct ip_addr){ .family = 4 }, &(struct ip_addr){ .family = 6 }));
}

static void addresses_are_classified(void)
{
    static const struct {
        const char *text;
        bool source; /* ip_addr_is_usable_source */
        bool local;  /* ip_prefix_is_local, as a whole-length prefix */
    } table[] = {
        { "203.0.113.5", true, false },
        { "192.168.1.5", true, true },
        { "10.0.0.1", true, true },
        { "172.15.255.255", true, false },
        { "172.16.0.1", true, true },
        { "172.31.255.255", true, true },
        { "172.32.0.0", true, false },
        { "100.63.255.255", true, false },
        { "100.64.0.1", true, true },
        { "100.127.255.255", true, true },
        { "100.128.0.0", true, false },
        { "169.254.1.1", false, true },
        { "127.0.0.1", false, false },
        { "224.0.0.1", false, false },
        { "239.255.255.250", false, false },
        { "0.0.0.0", false, false },
        { "::", false, false },
        { "::1", false, false },
        { "fe80::1", false, true },
        { "febf::1", false, true },
        { "fec0::1", true, false },
        { "fd00::1", true, true },
        { "fc00::1", true, true },
        { "2001:db8::1", true, false },
        { "ff02::1", false, false },
    };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct ip_addr a = addr(table[i].text);
        struct ip_prefix p = ip_prefix_of(&a, (uint8_t)(ip_addr_size(a.family) * 8));

        test_context("%s", table[i].text);
        CHECK_EQ(ip_addr_is_usable_source(&a), table[i].source);
        CHECK_EQ(ip_prefix_is_local(&p), table[i].local);
    }
    test_context("none");
    CHECK(!ip_addr_is_usable_source(&(struct ip_addr){ 0 }));
}

/* What DHCP calls on-link is not to be believed: a prefix that merely begins inside a private range is not private. */
static void wide_prefixes_are_not_local(void)
{
    static const char *const wide[] = { "0.0.0.0/0", "10.0.0.0/7", "192.168.0.0/15", "172.16.0.0/11",
        "100.64.0.0/9", "128.0.0.0/1", "::/0", "fc00::/6", "fe80::/9", "8.0.0.0/6" };

    for (size_t i = 0; i < ELEMENTSOF(wide); i++) {
        struct ip_prefix p;

        test_context("%s", wide[i]);
        CHECK_EQ(ip_prefix_parse(wide[i], &p), 0);
        CHECK(!ip_prefix_is_local(&p));
    }
}

static void text_builder_cuts_and_remembers(void)
{
    char buf[8 + 1];
    struct strbuf s;

    memset(buf, 'x', sizeof(buf));
    strbuf_init(&s, buf, 8);
    CHECK_STR(s.text, "");
    strbuf_add(&s, "%s", "abc");
    strbuf_add(&s, "%d", 1234);
    CHECK_STR(s.text, "abc1234");
    CHECK(!s.truncated);
    CHECK_EQ(s.length_bytes, 7);
    strbuf_add(&s, "%s", "");
    CHECK(!s.truncated);
    strbuf_add(&s, "5");
    CHECK(s.truncated);
    CHECK_STR(s.text, "abc1234");
    CHECK_EQ(s.length_bytes, 7);
    strbuf_add(&s, "more and more");
    CHECK_STR(s.text, "abc1234");
    CHECK_EQ(buf[8], 'x');
}

static void generator_is_seeded_and_bounded(void)
{
    struct prng a = { 1 }, b = { 1 }, c = { 2 };
    uint64_t low = UINT64_MAX, high = 0;
    bool differ = false;

    for (int i = 0; i < 10000; i++) {
        uint64_t x = prng_between(&a, 1000, 2000);
        CHECK(x == prng_between(&b, 1000, 2000));
        differ |= x != prng_between(&c, 1000, 2000);
        low = MIN_OF(low, x);
        high = MAX_OF(high, x);
    }
    CHECK(differ);
    CHECK_EQ(low, 1000);
    CHECK_EQ(high, 2000);
    CHECK_EQ(prng_between(&a, 5, 5), 5);
    CHECK_EQ(prng_between(&a, 9, 5), 9);
}

static void clocks_go_forward(void)
{
    usec_t first = clock_boottime_usec();

    CHECK(clock_boottime_usec() >= first);
    CHECK(clock_realtime_sec() > 0);
}

static const struct test tests[] = {
    TEST(time_saturates),
    TEST(spans_parse),
    TEST(spans_print),
    TEST(addresses_parse_and_print),
    TEST(prefixes_parse_and_print),
    TEST(prefixes_contain),
    TEST(addresses_are_classified),
    TEST(wide_prefixes_are_not_local),
    TEST(text_builder_cuts_and_remembers),
    TEST(generator_is_seeded_and_bounded),
    TEST(clocks_go_forward),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
