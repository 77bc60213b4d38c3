/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management server's policy on a disk that loses power at any step: afterwards the old or the new one is there, whole, and a last good one
 * beside it that is good. And every bit that rots in it is found.
 */
#include "base/macro.h"
#include "store/policyfile.h"
#include "store/store.h"
#include "support/test.h"
#include "unit/store-disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MANY_STEPS 50

static const struct store_policy old_policy = { .generation = 3, .highest = 5, .text = (char[]){ "[Tunnel]\nMTU=1300\n" } };
static const struct store_policy new_policy = { .generation = 6, .highest = 6, .on_trial = true, .text = (char[]){ "[Tunnel]\nMTU=1400\n" } };

static struct store *open_store(void)
{
    struct store *store = NULL;

    CHECK_EQ(store_open("/state", &store), 0);
    return store;
}

static bool is_policy(const struct store_policy *a, const struct store_policy *b)
{
    return a->generation == b->generation && a->highest == b->highest && a->on_trial == b->on_trial && a->text && strcmp(a->text, b->text) == 0;
}

static void none_is_not_an_error(void)
{
    struct store_policy policy = { .generation = 9 };
    struct store *store;

    disk_reset();
    store = open_store();
    CHECK_EQ(store_load_policy(store, false, &policy), 0);
    CHECK(policy.generation == 0 && !policy.text);
    store_free(store);
}

static void a_file_of_a_person_is_a_good_policy(void)
{
    static const char text[] = "# mine\n[Tunnel]\nMTU=1300\n";
    struct store_policy policy = { .generation = 9 };
    struct store *store;

    disk_reset();
    store = open_store();
    disk_set_file("policy.conf", text, sizeof(text) - 1);
    CHECK_EQ(store_load_policy(store, false, &policy), 0);
    CHECK(policy.generation == 0 && !policy.on_trial);
    CHECK_STR(policy.text, text);
    free(policy.text);
    store_free(store);
}

/* True where the cut came before the end. */
static bool cut_and_look(unsigned step, enum disk_survival survival, bool present_on_trial)
{
    struct store_policy present = old_policy, found = { 0 }, good = { 0 };
    struct store *store;
    bool cut, is_new;
    int r;

    disk_reset();
    store = open_store();
    present.on_trial = present_on_trial;
    CHECK_EQ(store_save_policy(store, &present), 0);
    disk_cut_after(step);
    r = store_replace_policy(store, &present, &new_policy);
    cut = disk_is_cut();
    CHECK((r < 0) == cut);
    disk_reboot(survival);
    CHECK_EQ(store_load_policy(store, false, &found), 0);
    is_new = is_policy(&found, &new_policy);
    CHECK(is_new || (cut && is_policy(&found, &present)));
    CHECK_EQ(store_load_policy(store, true, &good), 0);
    if (is_new && !present_on_trial)
        CHECK(is_policy(&good, &old_policy));
    else if (present_on_trial)
        CHECK(!good.text); /* one on trial is never kept as good */
    free(found.text);
    free(good.text);
    store_free(store);
    return cut;
}

static void power_cut_at_any_step(void)
{
    for (unsigned survival = 0; survival < N_DISK_SURVIVALS; survival++) {
        for (unsigned on_trial = 0; on_trial < 2; on_trial++) {
            unsigned step = 1;

            for (; step < MANY_STEPS; step++) {
                test_context("survival %u, on trial %u, step %u", survival, on_trial, step);
                if (!cut_and_look(step, (enum disk_survival)survival, on_trial))
                    break;
            }
            /* create, write, sync, rename, sync; twice where the present one is kept */
            CHECK_EQ(step, on_trial ? 6 : 11);
        }
    }
}

static void a_full_disk_keeps_the_old(void)
{
    for (unsigned step = 1; step <= 9; step++) {
        struct store_policy found = { 0 };
        struct store *store;

        if (step == 5)
            continue; /* the good one stands, and only its folder's sync failed */
        test_context("step %u", step);
        disk_reset();
        store = open_store();
        CHECK_EQ(store_save_policy(store, &old_policy), 0);
        disk_fail_step(step, -ENOSPC);
        CHECK_EQ(store_replace_policy(store, &old_policy, &new_policy), -ENOSPC);
        CHECK_EQ(store_load_policy(store, false, &found), 0);
        CHECK(is_policy(&found, &old_policy));
        CHECK(!disk_has_file("policy.conf.new") && !disk_has_file("policy.good.new"));
        free(found.text);
        store_free(store);
    }
}

static size_t good_file(char *buf, size_t size)
{
    struct strbuf s;

    strbuf_init(&s, buf, size);
    policyfile_format(&new_policy, &s);
    CHECK(!s.truncated);
    return s.length_bytes;
}

/* Only where our own line is not known for ours any more is it a person's file, whose text then shows what it is. */
static void every_flipped_bit_is_damage(void)
{
    const size_t begin = strlen("# mvpn policy ");
    struct store_policy policy;
    char bytes[512];
    size_t n = good_file(bytes, sizeof(bytes)), at = 0;

    CHECK_EQ(policyfile_parse(bytes, n, &policy, &at), 0);
    CHECK_STR(bytes + at, new_policy.text);
    for (size_t bit = begin * 8; bit < n * 8; bit++) {
        test_context("bit %zu", bit);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        CHECK_EQ(policyfile_parse(bytes, n, &policy, &at), -EBADMSG);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t length = begin; length < n; length++) {
        test_context("%zu of %zu bytes", length, n);
        CHECK_EQ(policyfile_parse(bytes, length, &policy, &at), -EBADMSG);
    }
}

static void odd_files_are_damage(void)
{
    static char large[300 * 1024];
    struct store_policy policy = { .generation = 9 };
    struct store *store;
    char nul[512];
    size_t n = good_file(nul, sizeof(nul));

    disk_reset();
    store = open_store();
    disk_set_file("policy.conf", "[Tunnel]\n\0MTU=1\n", 16);
    CHECK_EQ(store_load_policy(store, false, &policy), -EBADMSG);
    nul[n - 2] = '\0';
    disk_set_file("policy.conf", nul, (unsigned)n);
    CHECK_EQ(store_load_policy(store, false, &policy), -EBADMSG);
    disk_set_read_error(-EIO);
    CHECK_EQ(store_load_policy(store, false, &policy), -EIO);
    disk_set_read_error(0);
    CHECK_EQ(policy.generation, 9);
    memset(large, '#', sizeof(large) - 1);
    CHECK_EQ(store_save_policy(store, &(struct store_policy){ .generation = 1, .text = large }), -EFBIG);
    store_free(store);
}

static void why_one_was_taken_back_outlives_the_power(void)
{
    static const char *const damaged[] = { "", "7", "7 cut off", "seven Because.\n", "-7 Because.\n", "7\n" };
    const struct store_taken_back wanted = { 7, "The gateway's certificate is for another name." };
    struct store_taken_back found = { 9, "x" };
    struct store *store;

    disk_reset();
    store = open_store();
    store_load_taken_back(store, &found);
    CHECK(found.generation == 0 && !found.why[0]);
    CHECK_EQ(store_save_taken_back(store, &wanted), 0);
    disk_reboot(DISK_SAFE_ONLY);
    store_load_taken_back(store, &found);
    CHECK_EQ(found.generation, 7);
    CHECK_STR(found.why, wanted.why);
    for (size_t i = 0; i < ELEMENTSOF(damaged); i++) {
        test_context("%zu", i);
        disk_set_file("policy.taken-back", damaged[i], (unsigned)strlen(damaged[i]));
        found = wanted;
        store_load_taken_back(store, &found);
        CHECK(found.generation == 0 && !found.why[0]);
    }
    CHECK_EQ(store_save_taken_back(store, &wanted), 0);
    CHECK_EQ(store_save_taken_back(store, &(struct store_taken_back){ 0, "" }), 0);
    disk_reboot(DISK_SAFE_ONLY);
    store_load_taken_back(store, &found);
    CHECK(found.generation == 0 && !found.why[0]);
    store_free(store);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(none_is_not_an_error),
        TEST(a_file_of_a_person_is_a_good_policy),
        TEST(power_cut_at_any_step),
        TEST(a_full_disk_keeps_the_old),
        TEST(every_flipped_bit_is_damage),
        TEST(odd_files_are_damage),
        TEST(why_one_was_taken_back_outlives_the_power),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
