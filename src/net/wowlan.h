/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What wakes a sleeping Wi-Fi card (nl80211's WoWLAN triggers), as bytes: which of them were set, and the same with one more pattern, for the
 * gateway's UDP packets. Decides whether the card's triggers can be added to at all. No I/O; attributes as the kernel lays them out.
 */
#include "base/ipaddr.h"

#include <stddef.h>

struct nl_msg;

#define WOWLAN_TRIGGERS_MAX 2048 /* bytes that are kept of what was set before us */
#define WOWLAN_PATTERN_MAX  56   /* Ethernet, IPv6 and the source port */

/* Bytes from the start of the Ethernet frame; bit i of the mask (least significant first): byte i must be so. */
struct wowlan_pattern {
    size_t n_bytes;
    uint8_t bytes[WOWLAN_PATTERN_MAX];
    uint8_t mask[(WOWLAN_PATTERN_MAX + 7) / 8];
};

/* UDP from this address and port. IPv4 with options is not matched: nobody sends it. */
struct wowlan_pattern wowlan_pattern_of(const struct ip_addr *from, uint16_t port);

/* What was set, as it came: the payload of NL80211_ATTR_WOWLAN_TRIGGERS. */
struct wowlan_triggers {
    size_t n_bytes; /* 0: nothing wakes it */
    uint8_t bytes[WOWLAN_TRIGGERS_MAX];
};

/* From the attributes of an answer to NL80211_CMD_GET_WOWLAN. -EMSGSIZE: more than is kept; -EINVAL: no attributes. */
int wowlan_read(const void *attributes, size_t n_bytes, struct wowlan_triggers *ret);

/* "Any" wakes it for everything already, and a TCP connection's trigger is not given back as it was set: these are left alone. */
bool wowlan_can_add(const struct wowlan_triggers *triggers);

/* Appends NL80211_ATTR_WOWLAN_TRIGGERS: those, and the pattern (NULL: only those). 0 or -EMSGSIZE. */
int wowlan_put(struct nl_msg *msg, const struct wowlan_triggers *triggers, const struct wowlan_pattern *pattern);
