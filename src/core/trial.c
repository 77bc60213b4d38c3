/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The trial of a new policy; trial.h tells what counts.
 */
#include "core/trial.h"

void trial_begin(struct trial *trial)
{
    *trial = (struct trial){ .running = true, .trying_since_usec = USEC_INFINITY, .up_since_usec = USEC_INFINITY };
}

void trial_begin_endless(struct trial *trial)
{
    trial_begin(trial);
    trial->endless = true;
}

void trial_end(struct trial *trial)
{
    trial_begin(trial);
    trial->running = false;
}

/* What stays wrong whatever the policy says. */
static bool is_innocent(enum reason reason)
{
    return reason == REASON_CLOCK_WRONG || reason == REASON_LOCKDOWN_FAILED;
}

static bool is_being_tried(const struct core_status *status)
{
    switch (status->state) {
    case STATE_CONNECTING:
    case STATE_BACKOFF:
        return true;
    case STATE_FAILED:
        return !is_innocent(status->reason);
    case STATE_DISABLED:
    case STATE_OFFLINE:
    case STATE_ARMED:
    case STATE_CONNECTED:
    case STATE_DISCONNECTING:
        break;
    }
    return false;
}

static void note(struct trial *trial, usec_t now_usec, const struct core_status *status)
{
    bool trying = is_being_tried(status);

    if (trial->trying_since_usec != USEC_INFINITY && !trying)
        trial->tried_usec += usec_sub(now_usec, trial->trying_since_usec);
    if (!trying)
        trial->trying_since_usec = USEC_INFINITY;
    else if (trial->trying_since_usec == USEC_INFINITY)
        trial->trying_since_usec = now_usec;
    if (status->state != STATE_CONNECTED)
        trial->up_since_usec = USEC_INFINITY;
    else if (trial->up_since_usec == USEC_INFINITY)
        trial->up_since_usec = now_usec;
}

enum trial_verdict trial_look(struct trial *trial, usec_t now_usec, const struct core_status *status, enum reason *ret_cause)
{
    usec_t due_usec;

    if (!trial->running)
        return TRIAL_OPEN;
    note(trial, now_usec, status);
    due_usec = trial_deadline(trial);
    if (status->state == STATE_FAILED && is_being_tried(status) && !trial->endless)
        due_usec = now_usec; /* a person would have to mend it: waiting mends nothing */
    if (now_usec < due_usec)
        return TRIAL_OPEN;
    if (trial->up_since_usec != USEC_INFINITY)
        return TRIAL_GOOD;
    *ret_cause = status->reason;
    return TRIAL_FAILED;
}

usec_t trial_deadline(const struct trial *trial)
{
    if (!trial->running)
        return USEC_INFINITY;
    if (trial->up_since_usec != USEC_INFINITY)
        return trial->up_since_usec + TRIAL_HOLD_USEC;
    if (trial->trying_since_usec == USEC_INFINITY || trial->endless)
        return USEC_INFINITY;
    return trial->trying_since_usec + usec_sub(TRIAL_LIMIT_USEC, trial->tried_usec);
}
