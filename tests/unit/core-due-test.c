/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the management agent is started, in virtual time: at the moment it named, not while nobody can be reached, abroad by its own rule, and
 * an agent that says nothing ever more seldom.
 */
#include "base/macro.h"
#include "core/due.h"
#include "support/test.h"

#define NOW    HOURS(100)
#define OFFSET INT64_C(1795000000000000)

static struct core_status status_of(enum state state, bool roaming)
{
    struct core_status status = { .state = state, .enabled = state != STATE_DISABLED };

    status.internet_blocked = status.enabled && state != STATE_CONNECTED;
    status.has_base_link = state == STATE_CONNECTED || state == STATE_CONNECTING;
    status.base_link.roaming = roaming;
    return status;
}

static bool starts(struct due *due, usec_t now_usec, enum state state, bool roaming)
{
    struct core_status status = status_of(state, roaming);
    bool started = due_look(due, now_usec, &status);

    CHECK(started || due_deadline(due, &status) > now_usec);
    return started;
}

static void where_nobody_manages_nothing_is_started(void)
{
    struct due due;

    due_never(&due);
    for (int state = 0; state < N_STATES; state++)
        CHECK(!starts(&due, USEC_INFINITY - 1, (enum state)state, false));
}

static void at_its_moment_and_once(void)
{
    struct core_status connected = status_of(STATE_CONNECTED, false);
    struct due due;

    due_never(&due);
    due_set(&due, NOW, OFFSET, HOURS(8), USEC_INFINITY);
    CHECK_EQ(due_deadline(&due, &connected), NOW + HOURS(8));
    CHECK(!starts(&due, NOW + HOURS(8) - 1, STATE_CONNECTED, false));
    CHECK(starts(&due, NOW + HOURS(8), STATE_CONNECTED, false));
    CHECK(!starts(&due, NOW + HOURS(8), STATE_CONNECTED, false));
    due_set(&due, NOW + HOURS(8), OFFSET, HOURS(8), USEC_INFINITY); /* the agent, behind its session */
    CHECK_EQ(due_deadline(&due, &connected), NOW + HOURS(16));
}

/* It waits until the tunnel stands; that it is off is no reason to wait. */
static void not_while_blocked(void)
{
    static const enum state blocked[] = { STATE_OFFLINE, STATE_ARMED, STATE_CONNECTING, STATE_BACKOFF, STATE_FAILED, STATE_DISCONNECTING };
    struct due due;

    due_unknown(&due, NOW);
    for (size_t i = 0; i < ELEMENTSOF(blocked); i++)
        CHECK(!starts(&due, NOW + HOURS(1), blocked[i], false));
    CHECK(starts(&due, NOW + HOURS(1), STATE_CONNECTED, false));
    due_unknown(&due, NOW);
    CHECK(starts(&due, NOW, STATE_DISABLED, false));
}

static void abroad_by_its_own_rule(void)
{
    struct due due;

    due_never(&due);
    due_set(&due, NOW, OFFSET, HOURS(1), HOURS(24)); /* a session is not for abroad, a renewal is */
    CHECK(!starts(&due, NOW + HOURS(23), STATE_CONNECTED, true));
    CHECK(starts(&due, NOW + HOURS(23), STATE_CONNECTED, false)); /* home again */
    due_set(&due, NOW + HOURS(23), OFFSET, HOURS(1), HOURS(1));
    CHECK(starts(&due, NOW + HOURS(24), STATE_CONNECTED, true));
}

static void an_agent_that_says_nothing_is_left_alone(void)
{
    struct due due;
    unsigned n_starts = 0;

    due_unknown(&due, NOW);
    for (usec_t at_usec = NOW; at_usec < NOW + HOURS(240); at_usec += MINUTES(1))
        n_starts += starts(&due, at_usec, STATE_CONNECTED, false);
    CHECK_GE(n_starts, 30); /* 240 h, every 8 h */
    CHECK(n_starts <= 40);
}

static void one_that_is_never_content_does_not_spin(void)
{
    struct due due;
    unsigned n_starts = 0;

    due_unknown(&due, NOW);
    for (usec_t at_usec = NOW; at_usec < NOW + HOURS(1); at_usec += SEC(1)) {
        if (starts(&due, at_usec, STATE_CONNECTED, false)) {
            n_starts++;
            due_set(&due, at_usec, OFFSET, 0, 0);
        }
    }
    CHECK_EQ(n_starts, 60);
}

/* A handset whose clock stood at 1970 names a moment that is decades away; the right time makes it ask again. A second or two do not. */
static void a_clock_that_was_set_makes_it_ask_again(void)
{
    struct due due;

    due_never(&due);
    due_on_clock(&due, NOW, OFFSET);
    CHECK(!starts(&due, NOW + HOURS(24), STATE_CONNECTED, false));
    due_set(&due, NOW, 0, HOURS(24 * 365 * 56), USEC_INFINITY);
    due_on_clock(&due, NOW + SEC(10), SEC(2));
    CHECK(!starts(&due, NOW + SEC(10), STATE_CONNECTED, false));
    due_on_clock(&due, NOW + SEC(20), OFFSET);
    CHECK(!starts(&due, NOW + SEC(20), STATE_BACKOFF, false));
    CHECK(!starts(&due, NOW + SEC(20), STATE_CONNECTED, true)); /* nothing was due abroad */
    CHECK(starts(&due, NOW + SEC(20), STATE_CONNECTED, false));
    due_set(&due, NOW + SEC(21), OFFSET, HOURS(8), HOURS(8));
    due_on_clock(&due, NOW + SEC(30), 0); /* and back again: as wrong */
    CHECK(starts(&due, NOW + SEC(21) + DUE_APART_USEC, STATE_CONNECTED, true));
}

static bool listens(const struct due *due, usec_t now_usec, enum state state)
{
    struct core_status status = status_of(state, false);
    usec_t at_usec = 0;
    bool result = due_listens(due, now_usec, &status, &at_usec);

    CHECK(at_usec == USEC_INFINITY || (!result && at_usec > now_usec));
    return result;
}

static void a_notification_is_for_a_managed_device_that_is_connected(void)
{
    struct due due;

    due_never(&due);
    CHECK(!listens(&due, NOW, STATE_CONNECTED));
    due_unknown(&due, NOW);
    for (int state = 0; state < N_STATES; state++)
        CHECK_EQ(listens(&due, NOW, (enum state)state), state == STATE_CONNECTED);
    due_set(&due, NOW, OFFSET, USEC_INFINITY, USEC_INFINITY);
    CHECK(!listens(&due, NOW, STATE_CONNECTED));
}

/* A minute, two, four, ... an hour; and a genuine one ends the suspicion. */
static void false_notifications_are_listened_to_ever_more_seldom(void)
{
    struct core_status connected = status_of(STATE_CONNECTED, false);
    usec_t now_usec = NOW, again_usec = 0;
    struct due due;

    due_unknown(&due, NOW);
    for (unsigned i = 0; i < 100; i++) {
        usec_t deaf_usec = MIN_OF(MINUTES(1) << MIN_OF(i, 10u), HOURS(1));

        CHECK(listens(&due, now_usec, STATE_CONNECTED));
        due_on_notified(&due, now_usec);
        CHECK(!due_listens(&due, now_usec, &connected, &again_usec));
        CHECK_EQ(again_usec, now_usec + deaf_usec);
        CHECK(!listens(&due, again_usec - 1, STATE_CONNECTED));
        now_usec = again_usec;
    }
    due_on_notified(&due, now_usec);
    due_on_genuine(&due, now_usec + SEC(1));
    CHECK(!listens(&due, now_usec + SEC(60), STATE_CONNECTED));
    CHECK(listens(&due, now_usec + SEC(61), STATE_CONNECTED));
    due_on_notified(&due, now_usec + SEC(61));
    CHECK(listens(&due, now_usec + SEC(121), STATE_CONNECTED)); /* the count began anew */
}

static const struct test tests[] = {
    TEST(where_nobody_manages_nothing_is_started),
    TEST(at_its_moment_and_once),
    TEST(not_while_blocked),
    TEST(abroad_by_its_own_rule),
    TEST(an_agent_that_says_nothing_is_left_alone),
    TEST(one_that_is_never_content_does_not_spin),
    TEST(a_clock_that_was_set_makes_it_ask_again),
    TEST(a_notification_is_for_a_managed_device_that_is_connected),
    TEST(false_notifications_are_listened_to_ever_more_seldom),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
