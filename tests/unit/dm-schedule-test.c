/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the management server is asked next, as a table; and that no server can make it hammer or fall silent for good.
 */
#include "base/macro.h"
#include "base/prng.h"
#include "dm/schedule.h"
#include "support/test.h"

static void follows_the_three_sets(void)
{
    static const struct dm_schedule s = { .first_retries = 2, .first_interval_min = 3, .second_retries = 1, .second_interval_min = 15,
        .remaining_interval_min = 480, .default_interval_sec = 7200 };
    static const uint64_t wanted[] = { 180, 180, 180, 900, 28800, 28800 };

    for (uint32_t n = 0; n < ELEMENTSOF(wanted); n++) {
        test_context("after %u sessions", n);
        CHECK_EQ(dm_schedule_next(&s, n, 0, 0), wanted[n]);
    }
    CHECK_EQ(dm_schedule_next(&(struct dm_schedule){ .default_interval_sec = 7200 }, 5, 0, 0), 7200);
}

static void backs_off_and_then_waits_for_the_next_time(void)
{
    static const struct dm_schedule s = {
        .retry_count = 4, .initial_backoff_msec = 90000, .max_backoff_msec = 300000, .default_interval_sec = 7200
    };
    static const uint64_t wanted[] = { 7200, 90, 180, 300, 300, 7200, 7200 };

    for (uint32_t n = 0; n < ELEMENTSOF(wanted); n++) {
        test_context("after %u failures", n);
        CHECK_EQ(dm_schedule_next(&s, 9, n, 0), wanted[n]);
    }
}

static void is_spread_and_within_bounds(void)
{
    struct prng prng = { 1 };

    for (unsigned i = 0; i < 100000; i++) {
        struct dm_schedule s = { (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng),
            (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng),
            (uint32_t)prng_next(&prng), prng_next(&prng), false };
        uint64_t delay = dm_schedule_next(&s, (uint32_t)prng_next(&prng), (uint32_t)prng_next(&prng) % 30, prng_next(&prng));

        CHECK_GE(delay, 60);
        CHECK_LE(delay, 366 * 86400 + 366 * 8640);
    }
    CHECK_EQ(dm_schedule_next(&(struct dm_schedule){ .default_interval_sec = 1000 }, 0, 0, 100), 1100);
}

static void waits_where_it_must(void)
{
    static const struct dm_schedule home = { .not_while_roaming = true }, anywhere = { .not_while_roaming = false };

    CHECK_EQ(dm_schedule_moment(&home, false, false, false), DM_MOMENT_GOOD);
    CHECK_EQ(dm_schedule_moment(&home, true, false, false), DM_MOMENT_ROAMING);
    CHECK_EQ(dm_schedule_moment(&home, true, false, true), DM_MOMENT_GOOD);
    CHECK_EQ(dm_schedule_moment(&home, false, true, true), DM_MOMENT_BLOCKED);
    CHECK_EQ(dm_schedule_moment(&anywhere, true, false, false), DM_MOMENT_GOOD);
}

static const struct test tests[] = { TEST(follows_the_three_sets), TEST(backs_off_and_then_waits_for_the_next_time),
    TEST(is_spread_and_within_bounds), TEST(waits_where_it_must) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
