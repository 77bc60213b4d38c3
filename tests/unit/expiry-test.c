/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/ike/expiry: what is due and when, as SAs come, are replaced and go.
 */
#include "ike/expiry.h"

#include "base/macro.h"
#include "support/test.h"

static bool take(struct expiries *expiries, int64_t now_sec, uint32_t spi, bool inbound, bool hard)
{
    uint32_t found_spi = 0;
    bool found_inbound = false, found_hard = false;

    return expiries_take_due(expiries, now_sec, &found_spi, &found_inbound, &found_hard) &&
           found_spi == spi && found_inbound == inbound && found_hard == hard;
}

static bool nothing_due(struct expiries *expiries, int64_t now_sec)
{
    bool inbound, hard;
    uint32_t spi;

    return !expiries_take_due(expiries, now_sec, &spi, &inbound, &hard);
}

static void soft_once_then_hard_once(void)
{
    struct expiries expiries = { 0 };

    CHECK_EQ(expiries_next_at_sec(&expiries), EXPIRY_NEVER);
    CHECK(expiries_add(&expiries, &(struct expiry){ 7, true, 100, 200 }));
    CHECK_EQ(expiries_next_at_sec(&expiries), 100);
    CHECK(nothing_due(&expiries, 99));
    CHECK(take(&expiries, 100, 7, true, false));
    CHECK(nothing_due(&expiries, 199));
    CHECK_EQ(expiries_next_at_sec(&expiries), 200);
    CHECK(take(&expiries, 200, 7, true, true));
    CHECK(nothing_due(&expiries, INT64_MAX - 1));
    CHECK_EQ(expiries_next_at_sec(&expiries), EXPIRY_NEVER);
}

/* After a long sleep both moments have passed: the hard one counts. */
static void an_overslept_sa_is_dead(void)
{
    struct expiries expiries = { 0 };

    CHECK(expiries_add(&expiries, &(struct expiry){ 7, false, 100, 200 }));
    CHECK(take(&expiries, 1000, 7, false, true));
    CHECK(nothing_due(&expiries, 1000));
}

static void directions_are_apart_and_the_replaced_are_forgotten(void)
{
    struct expiries expiries = { 0 };

    CHECK(expiries_add(&expiries, &(struct expiry){ 7, true, 100, EXPIRY_NEVER }));
    CHECK(expiries_add(&expiries, &(struct expiry){ 7, false, 50, EXPIRY_NEVER }));
    expiries_remove(&expiries, 7, false);
    expiries_remove(&expiries, 8, true); /* never was */
    CHECK_EQ(expiries_next_at_sec(&expiries), 100);
    CHECK(expiries_add(&expiries, &(struct expiry){ 7, true, 300, 400 })); /* the new moments count */
    CHECK(nothing_due(&expiries, 299));
    CHECK(take(&expiries, 300, 7, true, false));
}

static void a_thousand_rekeys_take_no_room(void)
{
    struct expiries expiries = { 0 };

    for (uint32_t i = 0; i < 1000; i++) {
        CHECK(expiries_add(&expiries, &(struct expiry){ i, true, 3600 + i, 4000 + i }));
        CHECK(expiries_add(&expiries, &(struct expiry){ i, false, 3600 + i, 4000 + i }));
        if (i > 0) {
            expiries_remove(&expiries, i - 1, true);
            expiries_remove(&expiries, i - 1, false);
        }
    }
    CHECK_EQ(expiries.n_expiries, 2);
    for (uint32_t i = 2; i < EXPIRY_MAX; i++)
        CHECK(expiries_add(&expiries, &(struct expiry){ 5000 + i, true, 1, 2 }));
    CHECK(!expiries_add(&expiries, &(struct expiry){ 1, true, 1, 2 }));
    CHECK_EQ(expiries.n_expiries, EXPIRY_MAX);
}

static const struct test tests[] = {
    TEST(soft_once_then_hard_once),
    TEST(an_overslept_sa_is_dead),
    TEST(directions_are_apart_and_the_replaced_are_forgotten),
    TEST(a_thousand_rekeys_take_no_room),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
