/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cache is a list in the order of use, short enough to be searched and moved about.
 */
#include "store/natcache.h"

#include "base/crc32.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRC_KEY " crc="
#define LOSSY   "lossy"

static const char *const METHOD_WORDS[] = {
    [NAT_METHOD_NONE] = "none",
    [NAT_METHOD_STUN] = "stun",
    [NAT_METHOD_MOBIKE] = "mobike",
    [NAT_METHOD_ADMIN] = "admin",
};

/* Where the entry is; n_entries: nowhere. */
static uint32_t find(const struct natcache *cache, const char *network, uint8_t family)
{
    uint32_t i = 0;

    while (i < cache->n_entries &&
           (cache->entries[i].knowledge.family != family || strcmp(cache->entries[i].knowledge.network, network) != 0))
        i++;
    return i;
}

static void remove_at(struct natcache *cache, uint32_t at)
{
    cache->n_entries--;
    memmove(&cache->entries[at], &cache->entries[at + 1], (cache->n_entries - at) * sizeof(cache->entries[0]));
}

static void put_first(struct natcache *cache, const struct natcache_entry *entry)
{
    if (cache->n_entries == NATCACHE_MAX)
        cache->n_entries--;
    memmove(&cache->entries[1], &cache->entries[0], cache->n_entries * sizeof(cache->entries[0]));
    cache->entries[0] = *entry;
    cache->n_entries++;
}

/* After a jump of the clock: a little ahead is new, far ahead is of unknown age. */
static usec_t age_of(const struct natcache_entry *entry, int64_t now_sec)
{
    if (entry->confirmed_at_sec <= now_sec)
        return usec_mul(SEC(1), (uint64_t)(now_sec - entry->confirmed_at_sec));
    return entry->confirmed_at_sec - now_sec <= NATCACHE_AHEAD_SEC ? 0 : USEC_INFINITY;
}

bool natcache_recall(struct natcache *cache, int64_t now_sec, struct nat_knowledge *knowledge)
{
    uint32_t at = find(cache, knowledge->network, knowledge->family);
    struct natcache_entry entry;

    knowledge->method = NAT_METHOD_NONE;
    knowledge->lifetime_usec = knowledge->age_usec = 0;
    knowledge->n_confirmations = 0;
    knowledge->lossy = false;
    if (at == cache->n_entries)
        return false;
    entry = cache->entries[at];
    remove_at(cache, at);
    put_first(cache, &entry);
    *knowledge = entry.knowledge;
    knowledge->age_usec = age_of(&entry, now_sec);
    return true;
}

static bool is_sound(const struct nat_knowledge *knowledge)
{
    usec_t lifetime_usec = knowledge->lifetime_usec;

    return knowledge->network[0] && (knowledge->family == 4 || knowledge->family == 6) &&
           (knowledge->method == NAT_METHOD_STUN || knowledge->method == NAT_METHOD_MOBIKE) &&
           (lifetime_usec == 0 || lifetime_usec == USEC_INFINITY ||
            (lifetime_usec >= NATCACHE_LIFETIME_MIN && lifetime_usec <= NATCACHE_LIFETIME_MAX));
}

bool natcache_remember(struct natcache *cache, int64_t now_sec, const struct nat_knowledge *knowledge)
{
    uint32_t at = find(cache, knowledge->network, knowledge->family);
    bool there = at < cache->n_entries;
    struct natcache_entry entry = { .knowledge = *knowledge };
    int64_t age_sec = knowledge->age_usec == USEC_INFINITY ? now_sec : (int64_t)(knowledge->age_usec / SEC(1));

    if (knowledge->method != NAT_METHOD_NONE && !is_sound(knowledge))
        return false;
    if (there)
        remove_at(cache, at);
    if (knowledge->method == NAT_METHOD_NONE)
        return there;
    entry.knowledge.age_usec = 0;
    entry.confirmed_at_sec = age_sec < now_sec ? now_sec - age_sec : 0;
    put_first(cache, &entry);
    return true;
}

static bool is_plain(char c)
{
    return c && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:,+", c);
}

static void add_name(const char *name, struct strbuf *ret)
{
    for (; *name; name++) {
        if (is_plain(*name))
            strbuf_add(ret, "%c", *name);
        else
            strbuf_add(ret, "%%%02X", (unsigned)(uint8_t)*name);
    }
}

static void add_line(const struct natcache_entry *entry, struct strbuf *ret)
{
    const struct nat_knowledge *k = &entry->knowledge;
    size_t start = ret->length_bytes;

    add_name(k->network, ret);
    strbuf_add(ret, " family=%u method=%s lifetime-usec=", k->family, METHOD_WORDS[k->method]);
    if (k->lifetime_usec == USEC_INFINITY)
        strbuf_add(ret, "never");
    else
        strbuf_add(ret, "%" PRIu64, k->lifetime_usec);
    strbuf_add(ret, " confirmations=%" PRIu32 " confirmed-at=%" PRId64 "%s", k->n_confirmations, entry->confirmed_at_sec,
        k->lossy ? " " LOSSY : "");
    strbuf_add(ret, CRC_KEY "%08" PRIx32 "\n", crc32_of(ret->text + start, ret->length_bytes - start));
}

void natcache_format(const struct natcache *cache, struct strbuf *ret)
{
    strbuf_add(ret, "# How long NATs of known networks keep a mapping. Written by mvpn; an edited line is taken for damaged.\n");
    for (uint32_t i = 0; i < cache->n_entries; i++)
        add_line(&cache->entries[i], ret);
}

static int hex_digit(char c)
{
    const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool parse_name(const char *text, char ret[NETWORK_ID_SIZE])
{
    size_t n = 0;

    for (; *text; text++) {
        if (n == NETWORK_ID_SIZE - 1)
            return false;
        ret[n] = *text;
        if (*text == '%') {
            int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);

            if (low < 0 || (high == 0 && low == 0))
                return false;
            ret[n] = (char)(high << 4 | low);
            text += 2;
        } else if (!is_plain(*text)) {
            return false;
        }
        n++;
    }
    return n > 0;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *ret)
{
    if (!*text || strlen(text) > 18 || text[strspn(text, "0123456789")])
        return false;
    *ret = strtoull(text, NULL, 10);
    return *ret <= max;
}

static bool parse_method(const char *text, enum nat_method *ret)
{
    for (unsigned i = 0; i < sizeof(METHOD_WORDS) / sizeof(METHOD_WORDS[0]); i++) {
        if (strcmp(text, METHOD_WORDS[i]) == 0) {
            *ret = (enum nat_method)i;
            return true;
        }
    }
    return false;
}

/* The value of the next word, which has to have this key. NULL: it has not. */
static const char *next_value(char **rest, const char *key)
{
    char *word = strsep(rest, " ");
    size_t length = strlen(key);

    return word && strncmp(word, key, length) == 0 ? word + length : NULL;
}

static bool parse_words(char *line, struct natcache_entry *ret)
{
    char *rest = line;
    const char *name = strsep(&rest, " ");
    const char *family = next_value(&rest, "family="), *method = next_value(&rest, "method="), *lifetime = next_value(&rest, "lifetime-usec=");
    const char *confirmations = next_value(&rest, "confirmations="), *confirmed_at = next_value(&rest, "confirmed-at=");
    struct nat_knowledge *k = &ret->knowledge;
    uint64_t n_confirmations, at_sec;

    memset(ret, 0, sizeof(*ret));
    if (!family || !method || !lifetime || !confirmations || !confirmed_at || strlen(family) != 1)
        return false;
    k->lossy = rest != NULL;
    if (rest && strcmp(rest, LOSSY) != 0)
        return false;
    k->family = (uint8_t)(family[0] - '0');
    if (!parse_name(name, k->network) || !parse_method(method, &k->method) || !parse_number(confirmations, UINT32_MAX, &n_confirmations) ||
        !parse_number(confirmed_at, INT64_MAX, &at_sec))
        return false;
    if (strcmp(lifetime, "never") == 0)
        k->lifetime_usec = USEC_INFINITY;
    else if (!parse_number(lifetime, NATCACHE_LIFETIME_MAX, &k->lifetime_usec))
        return false;
    k->n_confirmations = (uint32_t)n_confirmations;
    ret->confirmed_at_sec = (int64_t)at_sec;
    return is_sound(k);
}

/* A whole line without its newline; it is cut up. */
static bool parse_line(char *line, int64_t now_sec, struct natcache_entry *ret)
{
    char *crc = strstr(line, CRC_KEY), wanted[16];

    if (!crc)
        return false;
    snprintf(wanted, sizeof(wanted), "%08" PRIx32, crc32_of(line, (size_t)(crc - line)));
    if (strcmp(crc + strlen(CRC_KEY), wanted) != 0)
        return false;
    *crc = '\0';
    return parse_words(line, ret) && ret->confirmed_at_sec - NATCACHE_AHEAD_SEC <= now_sec;
}

static bool take_line(const char *text, size_t length, int64_t now_sec, struct natcache *cache)
{
    char line[NATCACHE_LINE_BYTES];
    struct natcache_entry entry;

    if (length == 0 || text[0] == '#')
        return true;
    if (length >= sizeof(line) || memchr(text, '\0', length) || cache->n_entries == NATCACHE_MAX)
        return false;
    memcpy(line, text, length);
    line[length] = '\0';
    if (!parse_line(line, now_sec, &entry) || find(cache, entry.knowledge.network, entry.knowledge.family) < cache->n_entries)
        return false;
    cache->entries[cache->n_entries++] = entry;
    return true;
}

unsigned natcache_parse(const char *text, size_t n_bytes, int64_t now_sec, struct natcache *ret)
{
    unsigned n_dropped = 0;

    memset(ret, 0, sizeof(*ret));
    for (size_t at = 0; at < n_bytes;) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        size_t length = end ? (size_t)(end - text) - at : n_bytes - at;

        n_dropped += !end || !take_line(text + at, length, now_sec, ret);
        at += length + 1;
    }
    return n_dropped;
}
