/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keepalives that the kernel sends: which kernels may, at what interval, and when ours stop and go on.
 */
#include "base/macro.h"
#include "core/offload.h"
#include "support/core-fixture.h"

static void which_kernels_may(void)
{
    static const struct {
        const char *release;
        enum offload offload;
    } rows[] = {
        { "6.1.0-37-amd64", OFFLOAD_LACKING },
        { "6.10.14", OFFLOAD_LACKING },
        { "6.11.0", OFFLOAD_FAULTY },
        { "6.12.107", OFFLOAD_FAULTY },
        { "6.12.108", OFFLOAD_SOUND },
        { "6.12.117+deb12-amd64", OFFLOAD_SOUND },
        { "6.12-rc7", OFFLOAD_FAULTY },
        { "6.13.500", OFFLOAD_FAULTY },
        { "6.18.48", OFFLOAD_FAULTY },
        { "6.18.49-sdm845", OFFLOAD_SOUND },
        { "7.0.9", OFFLOAD_FAULTY },
        { "7.1.12", OFFLOAD_FAULTY },
        { "7.1.13", OFFLOAD_SOUND },
        { "7.2.2", OFFLOAD_FAULTY },
        { "7.2.3", OFFLOAD_SOUND },
        { "7.3-rc1", OFFLOAD_SOUND },
        { "8.0.0", OFFLOAD_SOUND },
        { "", OFFLOAD_LACKING },
        { "6", OFFLOAD_LACKING },
        { "linux", OFFLOAD_LACKING },
        { "6.12.99999999999999999999", OFFLOAD_SOUND },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        test_context("%s", rows[i].release);
        CHECK_EQ(offload_judge(rows[i].release), rows[i].offload);
    }
    test_context("%s", "");
}

/* An eighth late, and a second for the rounding, it is still in time. */
static void the_kernel_is_never_late(void)
{
    CHECK_EQ(offload_interval_sec(0), 0);
    CHECK_EQ(offload_interval_sec(SEC(2)), 0);
    CHECK_EQ(offload_interval_sec(SEC(20)), 16);
    for (usec_t usec = SEC(3); usec < HOURS(1); usec += MSEC(700)) {
        usec_t given_usec = SEC(offload_interval_sec(usec));

        CHECK_LE(given_usec + given_usec / 8 + SEC(1), usec);
        CHECK(usec < SEC(10) || given_usec * 100 >= usec * 70);
    }
}

/* The timer that is set is late for a shorter interval, and only for that. */
static void an_interval_counts_when_the_timer_before_has_passed(void)
{
    struct offload_watch watch = { .witnessed = true };
    usec_t now_usec = SEC(1000);

    offload_give(&watch, now_usec, 80);
    CHECK_LE(offload_counts_at(&watch), now_usec);
    offload_give(&watch, now_usec += SEC(500), 160); /* longer: the timer comes early */
    CHECK_LE(offload_counts_at(&watch), now_usec);
    offload_give(&watch, now_usec += SEC(500), 16);
    CHECK_EQ(offload_counts_at(&watch), now_usec + SEC(181));
    offload_give(&watch, now_usec += SEC(10), 16); /* nothing new */
    CHECK_EQ(offload_counts_at(&watch), now_usec + SEC(171));
    now_usec = offload_counts_at(&watch);
    offload_give(&watch, now_usec, 0);
    offload_give(&watch, now_usec + SEC(5), 8); /* off and on again */
    CHECK_EQ(offload_counts_at(&watch), now_usec + SEC(19));
    offload_give(&watch, now_usec + SEC(30), 0);
    offload_give(&watch, now_usec + SEC(60), 4); /* long after */
    CHECK_LE(offload_counts_at(&watch), now_usec + SEC(60));
}

static void begin(struct fixture *f, const struct policy *policy)
{
    fixture_init_with(f, policy, 1);
    f->offload = true;
    fx_reach(f, STATE_CONNECTED);
}

static void fixed(struct policy *ret)
{
    fixture_policy(ret);
    ret->keepalive_mode = KEEPALIVE_MODE_FIXED;
    ret->keepalive_usec = SEC(20);
}

static const struct action *asked(const struct fixture *f)
{
    return mirror_action(&f->mirror, ACTION_OFFLOAD_KEEPALIVES);
}

static void answer(struct fixture *f, uint32_t sec, bool done)
{
    fx(f, &(struct event){ .type = EVENT_OFFLOADED, .offloaded = { sec, done } });
}

static void ours_go_on_until_the_kernel_has_them(void)
{
    struct policy policy;
    struct fixture f;

    fixed(&policy);
    begin(&f, &policy);
    if (CHECK(asked(&f) != NULL))
        CHECK_EQ(asked(&f)->offload_sec, 16);
    fx_advance(&f, SEC(21));
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 1);
    answer(&f, 15, true); /* to another question */
    fx_advance(&f, SEC(21));
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 2);
    answer(&f, 16, true);
    CHECK(f.mirror.deadline.at_usec == USEC_INFINITY); /* and nothing wakes us any more */
    fx_advance(&f, HOURS(1));
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 2);
    CHECK_EQ(f.mirror.status.keepalive_interval_usec, SEC(20));
    answer(&f, 16, false); /* the SA was made anew, and that failed */
    CHECK(fx_did(&f, ACTION_KEEPALIVE)); /* nobody knows when the kernel sent its last */
    fx_advance(&f, SEC(40));
    CHECK_GE(f.mirror.n_done[ACTION_KEEPALIVE], 4);
    CHECK_EQ(f.mirror.n_done[ACTION_OFFLOAD_KEEPALIVES], 1); /* not asked again with this tunnel */
    fixture_done(&f);
}

static void another_interval_is_asked_for(void)
{
    struct policy policy;
    struct fixture f;

    fixed(&policy);
    begin(&f, &policy);
    answer(&f, 16, true);
    policy.keepalive_usec = SEC(46);
    fx_policy(&f, &policy, false);
    if (CHECK(asked(&f) != NULL))
        CHECK_EQ(asked(&f)->offload_sec, 40);
    CHECK(f.mirror.deadline.at_usec != USEC_INFINITY);
    answer(&f, 40, true);
    policy.keepalive_mode = KEEPALIVE_MODE_OFF;
    fx_policy(&f, &policy, false);
    if (CHECK(asked(&f) != NULL))
        CHECK_EQ(asked(&f)->offload_sec, 0);
    fx_advance(&f, HOURS(1));
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 0);
    fixture_done(&f);
}

/* MOBIKE makes the SA anew, without an interval. */
static void a_move_asks_again(void)
{
    struct policy policy;
    struct fixture f;

    fixed(&policy);
    begin(&f, &policy);
    answer(&f, 16, true);
    fx_links(&f, 1, (struct link[]){ wlan0() });
    CHECK(f.mirror.migrating && !asked(&f));
    fx_moved(&f, true);
    CHECK_STATE(&f, STATE_CONNECTED, REASON_ESTABLISHED);
    if (CHECK(asked(&f) != NULL))
        CHECK_EQ(asked(&f)->offload_sec, 16);
    CHECK(f.mirror.deadline.at_usec != USEC_INFINITY);
    fixture_done(&f);
}

static void what_must_wake_the_device_stays_ours(void)
{
    struct policy policy;
    struct fixture f;

    fixed(&policy);
    begin(&f, &policy);
    answer(&f, 16, true);
    fx_links(&f, 1, (struct link[]){ wwan0() });
    fx_moved(&f, true);
    CHECK(!asked(&f));
    CHECK(f.mirror.deadline.wake && f.mirror.deadline.at_usec != USEC_INFINITY);
    fixture_done(&f);
}

/* While a lifetime is being found out, keepalives are more than keepalives; once it is known an alarm each hour is left. */
static void what_is_measured_stays_ours(void)
{
    struct policy policy;
    struct link link = eth0();
    struct event known = { .type = EVENT_NAT_RECALLED, .nat = { .family = 4, .method = NAT_METHOD_STUN, .lifetime_usec = SEC(120) } };
    struct fixture f;

    fixture_policy(&policy);
    begin(&f, &policy);
    CHECK(asked(&f) && asked(&f)->offload_sec > 0); /* a network without a name: nothing is tried there */
    strcpy(link.network, "net:home");
    fx_links(&f, 1, &link);
    CHECK(asked(&f) && asked(&f)->offload_sec == 0);
    strcpy(known.nat.network, "net:home");
    fx(&f, &known);
    if (CHECK(asked(&f) != NULL))
        CHECK_EQ(asked(&f)->offload_sec, offload_interval_sec(f.mirror.status.keepalive_interval_usec));
    answer(&f, asked(&f)->offload_sec, true);
    CHECK_LE(f.mirror.deadline.at_usec, f.mirror.now_usec + HOURS(1));
    fx_advance(&f, HOURS(1) + MINUTES(3));
    CHECK_EQ(f.mirror.n_done[ACTION_KEEPALIVE], 0);
    CHECK_GE(f.mirror.n_done[ACTION_IKE_LIVENESS], 1);
    CHECK_LE(f.mirror.n_done[ACTION_IKE_LIVENESS], 3);
    fixture_done(&f);
}

static void a_data_path_that_cannot_is_not_asked(void)
{
    struct policy policy;
    struct fixture f;

    fixed(&policy);
    fixture_init_with(&f, &policy, 1);
    fx_reach(&f, STATE_CONNECTED);
    CHECK_EQ(f.mirror.n_done[ACTION_OFFLOAD_KEEPALIVES], 0);
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(which_kernels_may),
    TEST(the_kernel_is_never_late),
    TEST(an_interval_counts_when_the_timer_before_has_passed),
    TEST(ours_go_on_until_the_kernel_has_them),
    TEST(another_interval_is_asked_for),
    TEST(a_move_asks_again),
    TEST(what_must_wake_the_device_stays_ours),
    TEST(what_is_measured_stays_ours),
    TEST(a_data_path_that_cannot_is_not_asked),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
