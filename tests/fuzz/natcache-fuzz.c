/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the cache of networks' NATs. What is read is written and read again as the same, and all of it is credible. Checksums would keep
 * nearly every mutation out: each line is tried with the right one as well.
 */
#include "base/crc32.h"
#include "fuzz/target.h"
#include "store/natcache.h"

#include <string.h>

#define NOW_SEC INT64_C(1800000000)

static struct natcache cache, again;
static char written[NATCACHE_MAX_BYTES];

static void try_text(const char *text, size_t n_bytes)
{
    struct strbuf s;

    natcache_parse(text, n_bytes, NOW_SEC, &cache);
    MUST_HOLD(cache.n_entries <= NATCACHE_MAX);
    for (uint32_t i = 0; i < cache.n_entries; i++) {
        const struct nat_knowledge *k = &cache.entries[i].knowledge;

        MUST_HOLD(k->lifetime_usec == USEC_INFINITY || k->lifetime_usec <= NATCACHE_LIFETIME_MAX);
        MUST_HOLD(k->lifetime_usec == 0 || k->lifetime_usec >= NATCACHE_LIFETIME_MIN);
        MUST_HOLD(cache.entries[i].confirmed_at_sec >= 0 && cache.entries[i].confirmed_at_sec <= NOW_SEC + NATCACHE_AHEAD_SEC);
    }
    strbuf_init(&s, written, sizeof(written));
    natcache_format(&cache, &s);
    MUST_HOLD(!s.truncated);
    MUST_HOLD(natcache_parse(s.text, s.length_bytes, NOW_SEC, &again) == 0);
    MUST_HOLD(memcmp(&cache, &again, sizeof(cache)) == 0);
}

static void try_repaired(const char *line, size_t length)
{
    char repaired[2 * NATCACHE_LINE_BYTES];
    const char *crc = length < NATCACHE_LINE_BYTES ? memmem(line, length, " crc=", 5) : NULL;
    size_t covered = crc ? (size_t)(crc - line) : length;
    int n;

    if (length >= NATCACHE_LINE_BYTES)
        return;
    n = snprintf(repaired, sizeof(repaired), "%.*s crc=%08x\n", (int)covered, line, (unsigned)crc32_of(line, covered));
    try_text(repaired, (size_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    const char *text = (const char *)bytes;

    try_text(text, n_bytes);
    for (size_t at = 0; at < n_bytes;) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        size_t length = end ? (size_t)(end - text) - at : n_bytes - at;

        try_repaired(text + at, length);
        at += length + 1;
    }
    return 0;
}
