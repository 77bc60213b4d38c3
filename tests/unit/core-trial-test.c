/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trial of a policy, minute by minute: what makes it good, what makes it fail, and what says nothing about it.
 */
#include "base/macro.h"
#include "core/trial.h"
#include "support/test.h"

static struct core_status status_of(enum state state, enum reason reason)
{
    return (struct core_status){ .state = state, .reason = reason };
}

static enum trial_verdict look(struct trial *trial, usec_t now_usec, enum state state, enum reason reason, enum reason *ret_cause)
{
    struct core_status status = status_of(state, reason);

    *ret_cause = REASON_NONE;
    return trial_look(trial, now_usec, &status, ret_cause);
}

static void a_tunnel_that_holds_is_good(void)
{
    struct trial trial;
    enum reason cause;

    trial_begin(&trial);
    CHECK_EQ(trial_deadline(&trial), USEC_INFINITY);
    CHECK_EQ(look(&trial, SEC(100), STATE_CONNECTING, REASON_RECONFIGURED, &cause), TRIAL_OPEN);
    CHECK_EQ(trial_deadline(&trial), SEC(100) + TRIAL_LIMIT_USEC);
    CHECK_EQ(look(&trial, SEC(103), STATE_CONNECTED, REASON_ESTABLISHED, &cause), TRIAL_OPEN);
    CHECK_EQ(trial_deadline(&trial), SEC(103) + TRIAL_HOLD_USEC);
    CHECK_EQ(look(&trial, SEC(103) + TRIAL_HOLD_USEC - 1, STATE_CONNECTED, REASON_ESTABLISHED, &cause), TRIAL_OPEN);
    CHECK_EQ(look(&trial, SEC(103) + TRIAL_HOLD_USEC, STATE_CONNECTED, REASON_ESTABLISHED, &cause), TRIAL_GOOD);
    trial_end(&trial);
    CHECK_EQ(look(&trial, SEC(200), STATE_FAILED, REASON_AUTH_REFUSED, &cause), TRIAL_OPEN);
    CHECK_EQ(trial_deadline(&trial), USEC_INFINITY);
}

static void a_tunnel_that_never_comes_fails_with_its_reason(void)
{
    struct trial trial;
    enum reason cause;

    trial_begin(&trial);
    CHECK_EQ(look(&trial, 0, STATE_CONNECTING, REASON_RECONFIGURED, &cause), TRIAL_OPEN);
    CHECK_EQ(look(&trial, SEC(9), STATE_BACKOFF, REASON_GATEWAY_SILENT, &cause), TRIAL_OPEN);
    CHECK_EQ(look(&trial, TRIAL_LIMIT_USEC - 1, STATE_CONNECTING, REASON_RETRYING, &cause), TRIAL_OPEN);
    CHECK_EQ(look(&trial, TRIAL_LIMIT_USEC, STATE_BACKOFF, REASON_GATEWAY_SILENT, &cause), TRIAL_FAILED);
    CHECK_EQ(cause, REASON_GATEWAY_SILENT);
}

static void a_refusal_is_not_waited_out(void)
{
    static const enum reason refusals[] = { REASON_AUTH_REFUSED, REASON_GATEWAY_UNTRUSTED, REASON_PROPOSALS_REFUSED, REASON_SELECTORS_REFUSED,
        REASON_CERTIFICATE_INVALID, REASON_KEY_MISMATCH, REASON_CONFIG_INCOMPLETE };
    struct trial trial;
    enum reason cause;

    for (size_t i = 0; i < ELEMENTSOF(refusals); i++) {
        test_context("%s", reason_name(refusals[i]));
        trial_begin(&trial);
        CHECK_EQ(look(&trial, SEC(1), STATE_CONNECTING, REASON_RECONFIGURED, &cause), TRIAL_OPEN);
        CHECK_EQ(look(&trial, SEC(2), STATE_FAILED, refusals[i], &cause), TRIAL_FAILED);
        CHECK_EQ(cause, refusals[i]);
    }
}

/* Hours of each, in any order, between two halves of the limit. */
static void what_no_policy_can_help_does_not_count(void)
{
    static const struct {
        enum state state;
        enum reason reason;
    } rows[] = { { STATE_OFFLINE, REASON_NO_LINK }, { STATE_OFFLINE, REASON_USER_DISCONNECTED }, { STATE_DISABLED, REASON_DISABLED },
        { STATE_ARMED, REASON_ON_DEMAND }, { STATE_DISCONNECTING, REASON_RECONFIGURED }, { STATE_FAILED, REASON_CLOCK_WRONG },
        { STATE_FAILED, REASON_LOCKDOWN_FAILED } };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct trial trial;
        enum reason cause;

        test_context("%s, %s", state_name(rows[i].state), reason_name(rows[i].reason));
        trial_begin(&trial);
        CHECK_EQ(look(&trial, 0, rows[i].state, rows[i].reason, &cause), TRIAL_OPEN);
        CHECK_EQ(trial_deadline(&trial), USEC_INFINITY);
        CHECK_EQ(look(&trial, HOURS(5), STATE_CONNECTING, REASON_NEW_LINK, &cause), TRIAL_OPEN);
        CHECK_EQ(look(&trial, HOURS(5) + TRIAL_LIMIT_USEC / 2, rows[i].state, rows[i].reason, &cause), TRIAL_OPEN);
        CHECK_EQ(look(&trial, HOURS(9), rows[i].state, rows[i].reason, &cause), TRIAL_OPEN);
        CHECK_EQ(look(&trial, HOURS(10), STATE_CONNECTING, REASON_NEW_LINK, &cause), TRIAL_OPEN);
        CHECK_EQ(trial_deadline(&trial), HOURS(10) + TRIAL_LIMIT_USEC / 2);
        CHECK_EQ(look(&trial, HOURS(10) + TRIAL_LIMIT_USEC / 2, STATE_BACKOFF, REASON_GATEWAY_SILENT, &cause), TRIAL_FAILED);
    }
}

/* It comes up and falls again and again: that is not good, and the time between counts. */
static void a_tunnel_that_falls_at_once_is_none(void)
{
    enum trial_verdict verdict = TRIAL_OPEN;
    struct trial trial;
    enum reason cause;
    usec_t at_usec = 0;

    trial_begin(&trial);
    for (int i = 0; i < 100 && verdict == TRIAL_OPEN; i++) {
        verdict = look(&trial, at_usec += SEC(4), STATE_CONNECTING, REASON_RETRYING, &cause);
        if (verdict == TRIAL_OPEN)
            verdict = look(&trial, at_usec += SEC(2), STATE_CONNECTED, REASON_ESTABLISHED, &cause);
        CHECK(verdict != TRIAL_GOOD);
        if (verdict == TRIAL_OPEN)
            verdict = look(&trial, at_usec += SEC(1), STATE_BACKOFF, REASON_PEER_CLOSED, &cause);
    }
    CHECK_EQ(verdict, TRIAL_FAILED);
    CHECK_GE(at_usec, TRIAL_LIMIT_USEC);
}

static void with_nothing_to_go_back_to_it_can_only_become_good(void)
{
    struct trial trial;
    enum reason cause;

    trial_begin_endless(&trial);
    CHECK_EQ(look(&trial, SEC(1), STATE_FAILED, REASON_AUTH_REFUSED, &cause), TRIAL_OPEN);
    CHECK_EQ(look(&trial, HOURS(9), STATE_BACKOFF, REASON_GATEWAY_SILENT, &cause), TRIAL_OPEN);
    CHECK_EQ(trial_deadline(&trial), USEC_INFINITY);
    CHECK_EQ(look(&trial, HOURS(10), STATE_CONNECTED, REASON_ESTABLISHED, &cause), TRIAL_OPEN);
    CHECK_EQ(look(&trial, HOURS(10) + TRIAL_HOLD_USEC, STATE_CONNECTED, REASON_ESTABLISHED, &cause), TRIAL_GOOD);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_tunnel_that_holds_is_good),
        TEST(a_tunnel_that_never_comes_fails_with_its_reason),
        TEST(a_refusal_is_not_waited_out),
        TEST(what_no_policy_can_help_does_not_count),
        TEST(a_tunnel_that_falls_at_once_is_none),
        TEST(with_nothing_to_go_back_to_it_can_only_become_good),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
