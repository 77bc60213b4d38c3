/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record on a disk that loses power at any step: afterwards there is the old record or the new one, never damage, never nothing. And
 * damaged files of every kind are told from good ones, and say enabled.
 */
#include "base/macro.h"
#include "store/record.h"
#include "store/store.h"
#include "support/test.h"
#include "unit/store-disk.h"

#include <errno.h>
#include <string.h>

#define MANY_STEPS 50

static struct store *open_store(void)
{
    struct store *store = NULL;

    CHECK_EQ(store_open("/state", &store), 0);
    return store;
}

static bool is_record(const struct store_record *record, bool enabled, int64_t time_sec)
{
    return record->known && record->enabled == enabled && record->newest_time_sec == time_sec;
}

static void nothing_recorded_is_not_an_error(void)
{
    struct store *store;
    struct store_record record = { .known = true, .enabled = true };

    disk_reset();
    store = open_store();
    CHECK_EQ(store_load(store, &record), 0);
    CHECK(!record.known);
    CHECK(!record.enabled);
    CHECK_STR(store_crl_dir(store), "/state/crls");
    CHECK_STR(store_record_path(store), "/state/record");
    store_free(store);
}

static void what_is_saved_is_loaded(void)
{
    static const struct store_record RECORDS[] = {
        { .enabled = true, .newest_time_sec = 0 },
        { .enabled = false, .newest_time_sec = 1800000000 },
        { .enabled = true, .newest_time_sec = 999999999999999999 },
    };
    struct store *store;

    disk_reset();
    store = open_store();
    for (size_t i = 0; i < ELEMENTSOF(RECORDS); i++) {
        struct store_record record = { 0 };

        test_context("record %zu", i);
        CHECK_EQ(store_save(store, &RECORDS[i]), 0);
        CHECK_EQ(store_load(store, &record), 0);
        CHECK(is_record(&record, RECORDS[i].enabled, RECORDS[i].newest_time_sec));
    }
    CHECK_EQ(store_save(store, &(struct store_record){ .newest_time_sec = -1 }), -EINVAL);
    store_free(store);
}

/* One cut, one survival: is the old or the new there? True where the cut came before the save was over. */
static bool cut_and_look(unsigned step, enum disk_survival survival, bool had_old)
{
    struct store_record record = { 0 };
    struct store *store;
    bool cut;
    int saved;

    disk_reset();
    store = open_store();
    if (had_old)
        CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 1 }), 0);
    disk_cut_after(step);
    saved = store_save(store, &(struct store_record){ .enabled = false, .newest_time_sec = 2 });
    cut = disk_is_cut();
    CHECK((saved < 0) == cut);
    disk_reboot(survival);
    CHECK_EQ(store_load(store, &record), 0);
    if (!cut)
        CHECK(is_record(&record, false, 2));
    else if (had_old)
        CHECK(is_record(&record, true, 1) || is_record(&record, false, 2));
    else
        CHECK(!record.known || is_record(&record, false, 2));
    /* What a cut left behind must not disturb the next write. */
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 3 }), 0);
    CHECK_EQ(store_load(store, &record), 0);
    CHECK(is_record(&record, true, 3));
    store_free(store);
    return cut;
}

static void power_cut_at_any_step(void)
{
    for (unsigned survival = 0; survival < N_DISK_SURVIVALS; survival++) {
        for (unsigned had_old = 0; had_old < 2; had_old++) {
            unsigned step = 1;

            for (; step < MANY_STEPS; step++) {
                test_context("survival %u, old %u, step %u", survival, had_old, step);
                if (!cut_and_look(step, (enum disk_survival)survival, had_old))
                    break;
            }
            /* create, write, sync, rename, sync */
            CHECK_EQ(step, 6);
        }
    }
}

static void failure_at_any_step_keeps_the_old(void)
{
    static const int ERRORS[] = { -ENOSPC, -EROFS, -EIO, -EDQUOT };

    for (unsigned i = 0; i < ELEMENTSOF(ERRORS) * 4; i++) {
        int error = ERRORS[i / 4];
        struct store_record record = { 0 };
        struct store *store;

        test_context("error %d at step %u", error, i % 4 + 1);
        disk_reset();
        store = open_store();
        CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 1 }), 0);
        disk_fail_step(i % 4 + 1, error);
        CHECK_EQ(store_save(store, &(struct store_record){ .enabled = false, .newest_time_sec = 2 }), error);
        CHECK_EQ(store_load(store, &record), 0);
        CHECK(is_record(&record, true, 1));
        CHECK(!disk_has_file("record.new"));
        store_free(store);
    }
}

static void check_damaged(struct store *store, const char *text, size_t n_bytes)
{
    struct store_record record = { 0 };

    disk_set_file("record", text, (unsigned)n_bytes);
    CHECK_EQ(store_load(store, &record), -EBADMSG);
    CHECK(is_record(&record, true, 0));
}

static size_t good_text(char *buf, size_t size)
{
    struct strbuf s;

    strbuf_init(&s, buf, size);
    record_format(&(struct store_record){ .enabled = false, .newest_time_sec = 1800000000 }, &s);
    CHECK(!s.truncated);
    return s.length_bytes;
}

static void every_truncation_is_damage(void)
{
    char text[RECORD_MAX_BYTES];
    struct store *store;
    size_t n;

    disk_reset();
    store = open_store();
    n = good_text(text, sizeof(text));
    for (size_t i = 0; i < n; i++) {
        test_context("%zu of %zu bytes", i, n);
        check_damaged(store, text, i);
    }
    store_free(store);
}

static void every_flipped_bit_is_damage(void)
{
    char text[RECORD_MAX_BYTES];
    struct store *store;
    size_t n;

    disk_reset();
    store = open_store();
    n = good_text(text, sizeof(text));
    for (size_t bit = 0; bit < n * 8; bit++) {
        test_context("bit %zu", bit);
        text[bit / 8] ^= (char)(1 << bit % 8);
        check_damaged(store, text, n);
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
    store_free(store);
}

static void too_much_is_damage(void)
{
    static char text[RECORD_MAX_BYTES + 100];
    struct store *store;

    disk_reset();
    store = open_store();
    memset(text, '#', sizeof(text));
    check_damaged(store, text, sizeof(text));
    memset(text, 0, sizeof(text));
    check_damaged(store, text, RECORD_MAX_BYTES);
    store_free(store);
}

static void an_unreadable_record_says_enabled(void)
{
    struct store_record record = { 0 };
    struct store *store;

    disk_reset();
    store = open_store();
    disk_set_read_error(-EIO);
    CHECK_EQ(store_load(store, &record), -EIO);
    CHECK(is_record(&record, true, 0));
    disk_set_read_error(0);
    store_free(store);
}

/* With the right checksum, and still not what we write. */
static void grammar(void)
{
    static const struct {
        const char *text; /* with the CRC-32 that zlib makes of it */
        int want;
    } ROWS[] = {
        { "version=1\nenabled=yes\nnewest-time=7\nchecksum=e0d300e9\n", 0 },
        { "# a comment\nversion=1\nenabled=yes\nnewest-time=7\nchecksum=207909d4\n", 0 },
        { "newest-time=7\nfuture-key=something else\nenabled=yes\nversion=1\nchecksum=1ac36e8a\n", 0 },
        { "version=2\nenabled=yes\nnewest-time=7\nchecksum=e20d07ce\n", -EBADMSG },
        { "version=1\nenabled=yes\nchecksum=58328800\n", -EBADMSG },
        { "version=1\nnewest-time=7\nchecksum=5d280613\n", -EBADMSG },
        { "enabled=yes\nnewest-time=7\nchecksum=2afdaf6d\n", -EBADMSG },
        { "version=1\nenabled=yes\nenabled=no\nnewest-time=7\nchecksum=1c5fe98f\n", -EBADMSG },
        { "version=1\nenabled=true\nnewest-time=7\nchecksum=44f37beb\n", -EBADMSG },
        { "version=1\nenabled=\nnewest-time=7\nchecksum=1b694a2a\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=-7\nchecksum=90b8e157\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=7x\nchecksum=f6e8943b\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=\nchecksum=51ebcb37\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=9999999999999999999\nchecksum=845ba016\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=7\n\nchecksum=ebe18f4f\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=7\nno equals sign\nchecksum=10ff964c\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=7\n=value\nchecksum=78769844\n", -EBADMSG },
        { "version=1\nenabled=yes\nnewest-time=7\nk=vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\nchecksum=3633b7f1\n", -EBADMSG },
        { "checksum=00000000\n", -EBADMSG },
    };

    for (size_t i = 0; i < ELEMENTSOF(ROWS); i++) {
        struct store_record record = { .newest_time_sec = -5 };

        test_context("row %zu", i);
        CHECK_EQ(record_parse(ROWS[i].text, strlen(ROWS[i].text), &record), ROWS[i].want);
        CHECK(ROWS[i].want < 0 ? record.newest_time_sec == -5 : is_record(&record, true, 7));
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(nothing_recorded_is_not_an_error),
        TEST(what_is_saved_is_loaded),
        TEST(power_cut_at_any_step),
        TEST(failure_at_any_step_keeps_the_old),
        TEST(every_truncation_is_damage),
        TEST(every_flipped_bit_is_damage),
        TEST(too_much_is_damage),
        TEST(an_unreadable_record_says_enabled),
        TEST(grammar),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
