/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WoWLAN triggers as bytes: the pattern for a gateway matches its packets and no others, and what was set before us comes back as it was. The
 * messages are written down as the kernel lays them out; no card is asked.
 */
#include "base/macro.h"
#include "net/wowlan.h"
#include "support/test.h"

#include <errno.h>
#include <linux/nl80211.h>
#include <netlink/msg.h>
#include <string.h>

/* An answer to NL80211_CMD_GET_WOWLAN, little endian: ifindex 3; triggers: disconnect, one pattern (mask 01, byte ff, offset 0). */
static const uint8_t answer[] = {
    0x08, 0x00, 0x03, 0x00, 0x03, 0x00, 0x00, 0x00, /* NL80211_ATTR_IFINDEX */
    0x2c, 0x00, 0x75, 0x80, /* NL80211_ATTR_WOWLAN_TRIGGERS, nested: 44 bytes */
    0x04, 0x00, 0x02, 0x00, /* DISCONNECT */
    0x20, 0x00, 0x04, 0x80, /* PKT_PATTERN: 32 bytes */
    0x1c, 0x00, 0x01, 0x80, /* the first: 28 bytes */
    0x05, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, /* MASK */
    0x05, 0x00, 0x02, 0x00, 0xff, 0x00, 0x00, 0x00, /* PATTERN */
    0x08, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, /* OFFSET */
    0x04, 0x00, 0x09, 0x00, /* something of a later kernel */
};

static struct ip_addr addr(const char *text)
{
    struct ip_addr parsed = { 0 };

    CHECK_EQ(ip_addr_parse(text, &parsed), 0);
    return parsed;
}

static bool matches(const struct wowlan_pattern *pattern, const uint8_t *frame, size_t n_bytes)
{
    for (size_t i = 0; i < pattern->n_bytes; i++)
        if ((pattern->mask[i / 8] & 1 << i % 8) && (i >= n_bytes || frame[i] != pattern->bytes[i]))
            return false;
    return true;
}

static void the_pattern_is_of_the_gateway_alone(void)
{
    struct ip_addr gateway4 = addr("203.0.113.5"), gateway6 = addr("2001:db8:5::5");
    struct wowlan_pattern four = wowlan_pattern_of(&gateway4, 4500), six = wowlan_pattern_of(&gateway6, 4500);
    uint8_t frame4[60] = { [12] = 0x08, [14] = 0x45, [23] = 17, [26] = 203, [28] = 113, [29] = 5, [34] = 0x11, [35] = 0x94 };
    uint8_t frame6[80] = { [12] = 0x86, [13] = 0xdd, [14] = 0x60, [20] = 17, [54] = 0x11, [55] = 0x94 };

    memcpy(frame6 + 22, gateway6.bytes, 16);
    CHECK_EQ(four.n_bytes, 36);
    CHECK_EQ(six.n_bytes, 56);
    memset(frame4, 0xaa, 12); /* whatever card it is for */
    memset(frame6, 0xaa, 12);
    frame6[14] = 0x6b; /* whatever class and flow */
    CHECK(matches(&four, frame4, sizeof(frame4)));
    CHECK(matches(&six, frame6, sizeof(frame6)));
    CHECK(!matches(&four, frame6, sizeof(frame6)) && !matches(&six, frame4, sizeof(frame4)));
    for (size_t i = 23; i < 36; i++) {
        uint8_t other[60];

        memcpy(other, frame4, sizeof(other));
        other[i] ^= 1;
        CHECK_EQ(matches(&four, other, sizeof(other)), i == 24 || i == 25 || (i >= 30 && i < 34)); /* checksum, our address */
    }
}

static void what_was_set_comes_back(void)
{
    struct wowlan_triggers triggers = { 0 };
    struct nl_msg *msg = nlmsg_alloc();
    const struct nlattr *attr;

    CHECK_EQ(wowlan_read(answer, sizeof(answer), &triggers), 0);
    CHECK_EQ(triggers.n_bytes, 40);
    CHECK(wowlan_can_add(&triggers));
    CHECK_EQ(nlmsg_put(msg, 0, 0, 0, 0, 0) != NULL, 1);
    CHECK_EQ(wowlan_put(msg, &triggers, NULL), 0);
    attr = nlmsg_attrdata(nlmsg_hdr(msg), 0);
    CHECK_EQ(nla_type(attr), NL80211_ATTR_WOWLAN_TRIGGERS);
    CHECK_EQ(nla_len(attr), 40);
    nlmsg_free(msg);
}

static void the_pattern_comes_beside_the_others(void)
{
    struct ip_addr gateway = addr("203.0.113.5");
    struct wowlan_pattern pattern = wowlan_pattern_of(&gateway, 4500);
    struct wowlan_triggers before = { 0 }, after = { 0 };
    const struct nlattr *patterns, *attr;
    struct nl_msg *msg = nlmsg_alloc();
    int left, n_patterns = 0;

    CHECK_EQ(wowlan_read(answer, sizeof(answer), &before), 0);
    CHECK_EQ(nlmsg_put(msg, 0, 0, 0, 0, 0) != NULL, 1);
    CHECK_EQ(wowlan_put(msg, &before, &pattern), 0);
    CHECK_EQ(wowlan_read(nlmsg_attrdata(nlmsg_hdr(msg), 0), (size_t)nlmsg_attrlen(nlmsg_hdr(msg), 0), &after), 0);
    CHECK(nla_find((struct nlattr *)after.bytes, (int)after.n_bytes, NL80211_WOWLAN_TRIG_DISCONNECT) != NULL);
    patterns = nla_find((struct nlattr *)after.bytes, (int)after.n_bytes, NL80211_WOWLAN_TRIG_PKT_PATTERN);
    CHECK(patterns != NULL);
    if (patterns) {
        nla_for_each_nested(attr, patterns, left)
        {
            const struct nlattr *bytes = nla_find(nla_data(attr), nla_len(attr), NL80211_PKTPAT_PATTERN);

            CHECK_EQ(nla_len(bytes), n_patterns ? 36 : 1);
            n_patterns++;
        }
    }
    CHECK_EQ(n_patterns, 2);
    nlmsg_free(msg);
}

static void what_cannot_be_given_back_is_left_alone(void)
{
    static const uint8_t any[] = { 0x08, 0x00, 0x75, 0x80, 0x04, 0x00, 0x01, 0x00 };
    static const uint8_t nothing[] = { 0x08, 0x00, 0x03, 0x00, 0x03, 0x00, 0x00, 0x00 };
    static const uint8_t cut_off[] = { 0x40, 0x00, 0x75, 0x80, 0x04, 0x00, 0x01, 0x00 };
    struct wowlan_triggers triggers = { 0 };

    CHECK_EQ(wowlan_read(any, sizeof(any), &triggers), 0);
    CHECK(!wowlan_can_add(&triggers));
    CHECK_EQ(wowlan_read(nothing, sizeof(nothing), &triggers), 0);
    CHECK_EQ(triggers.n_bytes, 0);
    CHECK(wowlan_can_add(&triggers));
    CHECK_EQ(wowlan_read(cut_off, sizeof(cut_off), &triggers), 0); /* longer than it is: not believed */
    CHECK_EQ(triggers.n_bytes, 0);
    CHECK_EQ(wowlan_read(NULL, 0, &triggers), 0);
}

static const struct test tests[] = {
    TEST(the_pattern_is_of_the_gateway_alone),
    TEST(what_was_set_comes_back),
    TEST(the_pattern_comes_beside_the_others),
    TEST(what_cannot_be_given_back_is_left_alone),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
