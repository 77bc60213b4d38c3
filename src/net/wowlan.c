/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offsets count from the Ethernet header: whatever the card receives, patterns are matched against the frame as it would have been handed up.
 */
#include "net/wowlan.h"

#include "base/macro.h"

#include <errno.h>
#include <linux/nl80211.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#define ETHERTYPE_OFFSET 12
#define HEADER_OFFSET    14 /* of IP */

static void want(struct wowlan_pattern *pattern, size_t offset, const void *bytes, size_t n_bytes)
{
    memcpy(pattern->bytes + offset, bytes, n_bytes);
    for (size_t i = offset; i < offset + n_bytes; i++)
        pattern->mask[i / 8] |= (uint8_t)(1 << i % 8);
    pattern->n_bytes = MAX_OF(pattern->n_bytes, offset + n_bytes);
}

struct wowlan_pattern wowlan_pattern_of(const struct ip_addr *from, uint16_t port)
{
    static const uint8_t ipv4[] = { 0x08, 0x00, 0x45 }, ipv6[] = { 0x86, 0xdd }, udp = IPPROTO_UDP;
    const uint8_t source_port[] = { (uint8_t)(port >> 8), (uint8_t)port };
    struct wowlan_pattern pattern = { 0 };

    if (from->family == 4) {
        want(&pattern, ETHERTYPE_OFFSET, ipv4, sizeof(ipv4));
        want(&pattern, HEADER_OFFSET + 9, &udp, 1);
        want(&pattern, HEADER_OFFSET + 12, from->bytes, 4);
        want(&pattern, HEADER_OFFSET + 20, source_port, sizeof(source_port));
    } else {
        want(&pattern, ETHERTYPE_OFFSET, ipv6, sizeof(ipv6));
        want(&pattern, HEADER_OFFSET + 6, &udp, 1);
        want(&pattern, HEADER_OFFSET + 8, from->bytes, 16);
        want(&pattern, HEADER_OFFSET + 40, source_port, sizeof(source_port));
    }
    return pattern;
}

int wowlan_read(const void *attributes, size_t n_bytes, struct wowlan_triggers *ret)
{
    const struct nlattr *triggers;

    if (n_bytes > INT32_MAX)
        return -EINVAL;
    ret->n_bytes = 0;
    triggers = nla_find(attributes, (int)n_bytes, NL80211_ATTR_WOWLAN_TRIGGERS);
    if (!triggers)
        return 0;
    if ((size_t)nla_len(triggers) > sizeof(ret->bytes))
        return -EMSGSIZE;
    ret->n_bytes = (size_t)nla_len(triggers);
    memcpy(ret->bytes, nla_data(triggers), ret->n_bytes);
    return 0;
}

static const struct nlattr *find(const struct wowlan_triggers *triggers, int type)
{
    return nla_find((const struct nlattr *)triggers->bytes, (int)triggers->n_bytes, type);
}

bool wowlan_can_add(const struct wowlan_triggers *triggers)
{
    return !find(triggers, NL80211_WOWLAN_TRIG_ANY) && !find(triggers, NL80211_WOWLAN_TRIG_TCP_CONNECTION);
}

static int put_pattern(struct nl_msg *msg, int number, const struct wowlan_pattern *pattern)
{
    struct nlattr *nest = nla_nest_start(msg, number);
    int mask_bytes = ((int)pattern->n_bytes + 7) / 8;

    if (!nest || nla_put(msg, NL80211_PKTPAT_MASK, mask_bytes, pattern->mask) < 0 ||
        nla_put(msg, NL80211_PKTPAT_PATTERN, (int)pattern->n_bytes, pattern->bytes) < 0 ||
        nla_put_u32(msg, NL80211_PKTPAT_OFFSET, 0) < 0)
        return -EMSGSIZE;
    nla_nest_end(msg, nest);
    return 0;
}

/* Patterns are numbered; the kernel looks at their order alone. */
static int put_patterns(struct nl_msg *msg, const struct nlattr *before, const struct wowlan_pattern *pattern)
{
    struct nlattr *nest = nla_nest_start(msg, NL80211_WOWLAN_TRIG_PKT_PATTERN), *attr;
    int left, number = 1;

    if (!nest)
        return -EMSGSIZE;
    if (before) {
        nla_for_each_nested(attr, before, left)
            if (nla_put(msg, number++, nla_len(attr), nla_data(attr)) < 0)
                return -EMSGSIZE;
    }
    if (put_pattern(msg, number, pattern) < 0)
        return -EMSGSIZE;
    nla_nest_end(msg, nest);
    return 0;
}

int wowlan_put(struct nl_msg *msg, const struct wowlan_triggers *triggers, const struct wowlan_pattern *pattern)
{
    struct nlattr *nest = nla_nest_start(msg, NL80211_ATTR_WOWLAN_TRIGGERS), *attr;
    int left;

    if (!nest)
        return -EMSGSIZE;
    nla_for_each_attr(attr, (struct nlattr *)triggers->bytes, (int)triggers->n_bytes, left)
    {
        if (pattern && nla_type(attr) == NL80211_WOWLAN_TRIG_PKT_PATTERN)
            continue;
        if (nla_put(msg, nla_type(attr), nla_len(attr), nla_data(attr)) < 0)
            return -EMSGSIZE;
    }
    if (pattern && put_patterns(msg, find(triggers, NL80211_WOWLAN_TRIG_PKT_PATTERN), pattern) < 0)
        return -EMSGSIZE;
    nla_nest_end(msg, nest);
    return 0;
}
