/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of networks' NATs: found again, in the order of use, bounded; as text and back; damaged, absurd or from the future passed over;
 * and on a disk that loses power.
 */
#include "base/crc32.h"
#include "base/macro.h"
#include "store/natcache.h"
#include "store/store.h"
#include "support/test.h"
#include "unit/store-disk.h"

#define NOW_SEC INT64_C(1800000000)
#define WEEK_SEC (7 * 86400)

static struct natcache cache;
static char text[NATCACHE_MAX_BYTES];

static struct nat_knowledge knowledge_of(const char *network, uint8_t family, usec_t lifetime_usec)
{
    struct nat_knowledge k = { .family = family, .method = NAT_METHOD_STUN, .lifetime_usec = lifetime_usec, .n_confirmations = 2 };

    snprintf(k.network, sizeof(k.network), "%s", network);
    return k;
}

static bool remember(const char *network, uint8_t family, usec_t lifetime_usec)
{
    struct nat_knowledge k = knowledge_of(network, family, lifetime_usec);

    return natcache_remember(&cache, NOW_SEC, &k);
}

static struct nat_knowledge recall_at(const char *network, uint8_t family, int64_t now_sec)
{
    struct nat_knowledge k = knowledge_of(network, family, 7);
    bool known;

    k.age_usec = 7;
    known = natcache_recall(&cache, now_sec, &k);
    CHECK_EQ(known, k.method != NAT_METHOD_NONE);
    CHECK_STR(k.network, network);
    CHECK_EQ(k.family, family);
    return k;
}

static struct nat_knowledge recall(const char *network, uint8_t family)
{
    return recall_at(network, family, NOW_SEC);
}

static void forget_all(void)
{
    memset(&cache, 0, sizeof(cache));
}

static void what_is_remembered_is_recalled(void)
{
    struct nat_knowledge k;

    forget_all();
    CHECK(remember("wifi:Home,02:00:00:00:00:01", 4, SEC(120)));
    CHECK(remember("wifi:Home,02:00:00:00:00:01", 6, USEC_INFINITY));
    k = recall("wifi:Home,02:00:00:00:00:01", 4);
    CHECK_EQ(k.method, NAT_METHOD_STUN);
    CHECK_EQ(k.lifetime_usec, SEC(120));
    CHECK_EQ(k.n_confirmations, 2);
    CHECK_EQ(k.age_usec, 0);
    CHECK(recall("wifi:Home,02:00:00:00:00:01", 6).lifetime_usec == USEC_INFINITY);
    k = recall("wifi:Home,02:00:00:00:00:02", 4);
    CHECK_EQ(k.method, NAT_METHOD_NONE);
    CHECK_EQ(k.lifetime_usec, 0);
    CHECK_EQ(k.age_usec, 0);
    CHECK(remember("wifi:Home,02:00:00:00:00:01", 4, SEC(30)));
    CHECK_EQ(cache.n_entries, 2);
    CHECK_EQ(recall("wifi:Home,02:00:00:00:00:01", 4).lifetime_usec, SEC(30));
}

static void what_is_to_be_forgotten_is(void)
{
    struct nat_knowledge k = knowledge_of("wired:x", 4, 0);

    forget_all();
    remember("wired:x", 4, SEC(60));
    remember("wired:y", 4, SEC(60));
    k.method = NAT_METHOD_NONE;
    CHECK(natcache_remember(&cache, NOW_SEC, &k));
    CHECK(!natcache_remember(&cache, NOW_SEC, &k));
    CHECK_EQ(recall("wired:x", 4).method, NAT_METHOD_NONE);
    CHECK_EQ(recall("wired:y", 4).method, NAT_METHOD_STUN);
}

static void age_is_by_the_wall_clock(void)
{
    struct nat_knowledge k = knowledge_of("wired:x", 4, SEC(60));

    forget_all();
    k.age_usec = SEC(3600);
    natcache_remember(&cache, NOW_SEC, &k);
    CHECK_EQ(recall("wired:x", 4).age_usec, SEC(3600));
    CHECK_EQ(recall_at("wired:x", 4, NOW_SEC + WEEK_SEC).age_usec, SEC(3600 + WEEK_SEC));
    /* the clock was set back: a little, or to where a dead one begins */
    CHECK_EQ(recall_at("wired:x", 4, NOW_SEC - 7200).age_usec, 0);
    CHECK(recall_at("wired:x", 4, 0).age_usec == USEC_INFINITY);
    CHECK_EQ(recall_at("wired:x", 4, INT64_MAX).method, NAT_METHOD_STUN);
    k.age_usec = USEC_INFINITY; /* of unknown age stays of unknown age */
    natcache_remember(&cache, NOW_SEC, &k);
    CHECK_GE(recall("wired:x", 4).age_usec, SEC(WEEK_SEC));
}

static void who_was_not_used_for_longest_goes(void)
{
    char name[32];

    forget_all();
    for (unsigned i = 0; i < NATCACHE_MAX; i++) {
        snprintf(name, sizeof(name), "wired:%u", i);
        CHECK(remember(name, 4, SEC(60)));
    }
    CHECK_EQ(recall("wired:0", 4).method, NAT_METHOD_STUN); /* used: it stays */
    CHECK(remember("wired:new", 4, SEC(60)));
    CHECK_EQ(cache.n_entries, NATCACHE_MAX);
    CHECK_EQ(recall("wired:0", 4).method, NAT_METHOD_STUN);
    CHECK_EQ(recall("wired:1", 4).method, NAT_METHOD_NONE);
    CHECK_EQ(recall("wired:2", 4).method, NAT_METHOD_STUN);
}

static void nonsense_is_not_remembered(void)
{
    struct nat_knowledge k = knowledge_of("wired:x", 4, SEC(60));

    forget_all();
    CHECK(!remember("", 4, SEC(60)));
    CHECK(!remember("wired:x", 5, SEC(60)));
    CHECK(!remember("wired:x", 4, 1));
    CHECK(!remember("wired:x", 4, HOURS(25)));
    k.method = NAT_METHOD_ADMIN; /* the administrator's word stands in the configuration */
    CHECK(!natcache_remember(&cache, NOW_SEC, &k));
    CHECK_EQ(cache.n_entries, 0);
}

/* Any bytes but NUL can stand in a name, and as many as there is room for. */
static void odd_names(void)
{
    static const char *const NAMES[] = { "wifi: ,", "wifi:%41,", "wifi:\n\r\t\x01\x7f\xff,x", "wifi:caf\xc3\xa9 crc=00000000 #", "#", "a=b" };
    char longest[NETWORK_ID_SIZE];
    static struct natcache again;
    struct strbuf s;

    memset(longest, ' ', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    forget_all();
    for (size_t i = 0; i < ELEMENTSOF(NAMES); i++)
        CHECK(remember(NAMES[i], 4, SEC(60)));
    CHECK(remember(longest, 6, USEC_INFINITY));
    strbuf_init(&s, text, sizeof(text));
    natcache_format(&cache, &s);
    CHECK_EQ(natcache_parse(s.text, s.length_bytes, NOW_SEC, &again), 0);
    CHECK_EQ(again.n_entries, ELEMENTSOF(NAMES) + 1);
    CHECK_MEM(&again, &cache, sizeof(cache));
}

static void the_fullest_cache_fits(void)
{
    static struct natcache again;
    struct strbuf s;

    forget_all();
    for (unsigned i = 0; i < NATCACHE_MAX; i++) {
        struct nat_knowledge k = knowledge_of("", 4, HOURS(24));

        memset(k.network, '\xff', sizeof(k.network) - 1);
        k.network[0] = (char)('A' + i);
        k.method = NAT_METHOD_MOBIKE;
        k.n_confirmations = UINT32_MAX;
        k.lossy = true;
        CHECK(natcache_remember(&cache, 999999999999999999, &k));
    }
    strbuf_init(&s, text, sizeof(text));
    natcache_format(&cache, &s);
    CHECK(!s.truncated);
    CHECK_EQ(natcache_parse(s.text, s.length_bytes, INT64_MAX, &again), 0);
    CHECK_EQ(again.n_entries, NATCACHE_MAX);
    CHECK_MEM(&again, &cache, sizeof(cache));
}

/* One line with the right checksum. */
static unsigned parse_one(const char *line)
{
    struct strbuf s;

    strbuf_init(&s, text, sizeof(text));
    strbuf_add(&s, "%s crc=%08" PRIx32 "\n", line, crc32_of(line, strlen(line)));
    return natcache_parse(s.text, s.length_bytes, NOW_SEC, &cache);
}

static void lines(void)
{
    static const struct {
        const char *line;
        unsigned n_dropped;
    } ROWS[] = {
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=1799999999", 0 },
        { "wired:x family=6 method=mobike lifetime-usec=never confirmations=0 confirmed-at=0", 0 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=1800086400", 0 }, /* a day ahead */
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=1800086401", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=-1", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=9999999999999999999999", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=4294967296 confirmed-at=0", 1 },
        { "wired:x family=4 method=stun lifetime-usec=0 confirmations=1 confirmed-at=0", 0 },
        { "wired:x family=4 method=stun lifetime-usec=999999 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=4 method=stun lifetime-usec=86400000001 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=4 method=stun lifetime-usec= confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=4 method=admin lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=4 method=none lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=4 method=guess lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=5 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=44 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family= method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x method=stun family=4 lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0 lossy", 0 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0 lossy ", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0 lossy lossy", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0 ", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0 more=1", 1 },
        { "wired:x family=4 method=stun lifetime-usec=60000000 confirmations=1", 1 },
        { " family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:%00 family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:%4 family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:% family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "wired:\xff family=4 method=stun lifetime-usec=60000000 confirmations=1 confirmed-at=0", 1 },
        { "", 1 },
    };

    for (size_t i = 0; i < ELEMENTSOF(ROWS); i++) {
        test_context("row %zu", i);
        CHECK_EQ(parse_one(ROWS[i].line), ROWS[i].n_dropped);
        CHECK_EQ(cache.n_entries, 1 - ROWS[i].n_dropped);
    }
}

static void a_twin_and_too_many_are_passed_over(void)
{
    struct strbuf s;
    char line[256];

    strbuf_init(&s, text, sizeof(text));
    for (unsigned i = 0; i < NATCACHE_MAX + 10; i++) {
        snprintf(line, sizeof(line), "w:%u family=4 method=stun lifetime-usec=60000000 confirmations=%u confirmed-at=0", i / 2, i);
        strbuf_add(&s, "%s crc=%08" PRIx32 "\n", line, crc32_of(line, strlen(line)));
    }
    CHECK_EQ(natcache_parse(s.text, s.length_bytes, NOW_SEC, &cache), (NATCACHE_MAX + 10) / 2);
    CHECK_EQ(cache.n_entries, (NATCACHE_MAX + 10) / 2);
    CHECK_EQ(recall("w:0", 4).n_confirmations, 0);
}

/* Whatever rots, only its own line is lost, and nothing false is believed. */
static void every_flipped_bit_costs_its_line(void)
{
    static struct natcache got;
    static char whole[NATCACHE_MAX_BYTES];
    struct strbuf s;

    forget_all();
    remember("wired:a", 4, SEC(60));
    remember("wired:b", 4, SEC(120));
    strbuf_init(&s, whole, sizeof(whole));
    natcache_format(&cache, &s);
    for (size_t i = 0; i < s.length_bytes * 8; i++) {
        test_context("bit %zu", i);
        whole[i / 8] ^= (char)(1u << i % 8);
        natcache_parse(whole, s.length_bytes, NOW_SEC, &got);
        CHECK(got.n_entries <= 2);
        for (uint32_t j = 0; j < got.n_entries; j++)
            CHECK(memcmp(&got.entries[j], &cache.entries[0], sizeof(cache.entries[0])) == 0 ||
                  memcmp(&got.entries[j], &cache.entries[1], sizeof(cache.entries[0])) == 0);
        whole[i / 8] ^= (char)(1u << i % 8);
    }
}

static void power_cut_at_any_step(void)
{
    for (unsigned step = 1; step < 50; step++) {
        for (unsigned survival = 0; survival < N_DISK_SURVIVALS; survival++) {
            struct store *store = NULL;
            unsigned n_dropped;

            test_context("step %u, survival %u", step, survival);
            disk_reset();
            CHECK_EQ(store_open("/state", &store), 0);
            CHECK_EQ(store_load_nat(store, NOW_SEC, &cache, &n_dropped), 0);
            CHECK_EQ(cache.n_entries, 0);
            remember("wired:a", 4, SEC(60));
            CHECK_EQ(store_save_nat(store, &cache), 0);
            remember("wired:a", 4, SEC(120));
            disk_cut_after(step);
            (void)store_save_nat(store, &cache);
            disk_reboot((enum disk_survival)survival);
            CHECK_EQ(store_load_nat(store, NOW_SEC, &cache, &n_dropped), 0);
            CHECK_EQ(n_dropped, 0);
            CHECK_EQ(cache.n_entries, 1);
            store_free(store);
        }
    }
}

static void an_unreadable_file_is_an_empty_cache(void)
{
    struct store *store = NULL;
    unsigned n_dropped = 7;

    disk_reset();
    CHECK_EQ(store_open("/state", &store), 0);
    disk_set_read_error(-5);
    CHECK_EQ(store_load_nat(store, NOW_SEC, &cache, &n_dropped), -5);
    CHECK_EQ(cache.n_entries, 0);
    CHECK_EQ(n_dropped, 0);
    store_free(store);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(what_is_remembered_is_recalled),
        TEST(what_is_to_be_forgotten_is),
        TEST(age_is_by_the_wall_clock),
        TEST(who_was_not_used_for_longest_goes),
        TEST(nonsense_is_not_remembered),
        TEST(odd_names),
        TEST(the_fullest_cache_fits),
        TEST(lines),
        TEST(a_twin_and_too_many_are_passed_over),
        TEST(every_flipped_bit_costs_its_line),
        TEST(power_cut_at_any_step),
        TEST(an_unreadable_file_is_an_empty_cache),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
