/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What is known of the NATs of networks that were visited, and its text in the state directory. Pure. One network and address family a line,
 * the last used first:
 *
 *     wifi:Caf%E9,02:00:00:00:00:01 family=4 method=stun lifetime-usec=120000000 confirmations=3 confirmed-at=1732600000 crc=XXXXXXXX
 *
 * Bytes of a network's name that are not plain in a word are %XX; a lifetime may be "never" (nothing expires) or 0 (too short to be measured);
 * confirmed-at is seconds since 1970; " lossy" may follow it: packets get lost there. A line that is not wholly right, or has the wrong CRC-32 of what stands before " crc=", is passed
 * over: a cache loses nothing by it.
 * Never decides how old is too old.
 */
#include "base/strbuf.h"
#include "core/event.h"

#define NATCACHE_MAX          64
#define NATCACHE_LINE_BYTES   768 /* any line fits */
#define NATCACHE_MAX_BYTES    ((NATCACHE_MAX + 1) * NATCACHE_LINE_BYTES)
#define NATCACHE_LIFETIME_MIN SEC(1) /* what is outside of these was never measured */
#define NATCACHE_LIFETIME_MAX HOURS(24)
#define NATCACHE_AHEAD_SEC    86400 /* a clock may be wrong by that much without making an entry incredible */

struct natcache_entry {
    struct nat_knowledge knowledge; /* age_usec is unused */
    int64_t confirmed_at_sec; /* since 1970 */
};

/* Zeroed: empty. */
struct natcache {
    uint32_t n_entries;
    struct natcache_entry entries[NATCACHE_MAX];
};

/* *knowledge names network and family; the rest is filled in, and the entry counts as used. False, and NAT_METHOD_NONE: not known. */
bool natcache_recall(struct natcache *cache, int64_t now_sec, struct nat_knowledge *knowledge);

/* Replaces, or takes the place of the one that was not used for longest; NAT_METHOD_NONE: forgets. False: nothing changed. */
bool natcache_remember(struct natcache *cache, int64_t now_sec, const struct nat_knowledge *knowledge);

void natcache_format(const struct natcache *cache, struct strbuf *ret);

/* Any bytes. now_sec: the newest time that is known to have passed. Returns how many lines were passed over. */
unsigned natcache_parse(const char *text, size_t n_bytes, int64_t now_sec, struct natcache *ret);
