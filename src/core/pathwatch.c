/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges a path by what nothing answers. Inbound of any kind (ESP or an IKE answer) clears the suspicion; a suspicion that only the answer to
 * our own check clears belongs to a one-way stream, and the next check then waits twice as long. An alarm is evidence of its own: it neither
 * waits for that nor adds to it.
 */
#include "core/pathwatch.h"

#include "base/macro.h"

void pathwatch_reset(struct pathwatch *watch)
{
    *watch = (struct pathwatch){ .check_interval_usec = PATHWATCH_CHECK_MIN_USEC };
}

static enum path_verdict cleared(struct pathwatch *watch, usec_t now_usec)
{
    if (watch->checked && !watch->alarmed) {
        watch->next_check_at_usec = usec_add(now_usec, watch->check_interval_usec);
        watch->check_interval_usec = MIN_OF(watch->check_interval_usec * 2, PATHWATCH_CHECK_MAX_USEC);
    }
    watch->suspicious = watch->checked = watch->tried_move = watch->alarmed = false;
    watch->cleared_at_usec = now_usec;
    return PATH_VERDICT_ALIVE;
}

static void suspect(struct pathwatch *watch, usec_t now_usec, const struct traffic *traffic)
{
    /* Something came in after the last check was answered: a two-way flow, and no reason for patience. */
    if (traffic->last_in_at_usec > watch->cleared_at_usec) {
        watch->check_interval_usec = PATHWATCH_CHECK_MIN_USEC;
        watch->next_check_at_usec = 0;
    }
    watch->suspicious = true;
    watch->last_in_at_usec = traffic->last_in_at_usec;
    /* However old the packet is, the check gets its time to be answered. */
    watch->unanswered_at_usec = MAX_OF(traffic->unanswered_at_usec, usec_sub(now_usec, PATHWATCH_NOTICE_USEC));
    watch->unanswered_at_usec = MAX_OF(watch->unanswered_at_usec, usec_sub(watch->next_check_at_usec, PATHWATCH_NOTICE_USEC));
}

enum path_verdict pathwatch_judge(struct pathwatch *watch, usec_t now_usec, const struct traffic *traffic)
{
    if (watch->suspicious && traffic->last_in_at_usec > watch->last_in_at_usec)
        return cleared(watch, now_usec);
    if (!watch->suspicious) {
        if (traffic->unanswered_at_usec == 0)
            return PATH_VERDICT_ALIVE;
        suspect(watch, now_usec, traffic);
    }

    usec_t silence_usec = usec_sub(now_usec, watch->unanswered_at_usec);
    if (silence_usec >= PATHWATCH_DEAD_USEC && watch->checked)
        return PATH_VERDICT_DEAD;
    if (silence_usec >= PATHWATCH_NOTICE_USEC && !watch->checked) {
        watch->checked = true;
        /* A timer that came late, after sleep say: the check gets its time to be answered all the same. */
        watch->unanswered_at_usec = MAX_OF(watch->unanswered_at_usec, usec_sub(now_usec, PATHWATCH_NOTICE_USEC));
        return PATH_VERDICT_CHECK;
    }
    if (silence_usec >= PATHWATCH_MOVE_USEC && !watch->tried_move) {
        watch->tried_move = true;
        return PATH_VERDICT_MOVE;
    }
    return PATH_VERDICT_WAIT;
}

bool pathwatch_alarm(struct pathwatch *watch, usec_t now_usec)
{
    bool answered_just_now = watch->cleared_at_usec && usec_sub(now_usec, watch->cleared_at_usec) < PATHWATCH_ALARM_MIN_USEC;

    if (watch->checked || answered_just_now)
        return false;
    watch->suspicious = watch->checked = watch->alarmed = true;
    watch->last_in_at_usec = now_usec;
    watch->unanswered_at_usec = usec_sub(now_usec, PATHWATCH_NOTICE_USEC); /* from here on as if that long had been waited */
    return true;
}

usec_t pathwatch_deadline(const struct pathwatch *watch)
{
    if (!watch->suspicious)
        return USEC_INFINITY;
    if (!watch->checked)
        return watch->unanswered_at_usec + PATHWATCH_NOTICE_USEC;
    return watch->unanswered_at_usec + (watch->tried_move ? PATHWATCH_DEAD_USEC : PATHWATCH_MOVE_USEC);
}
