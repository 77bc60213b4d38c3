/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the management agent is started; due.h tells what a good moment is.
 */
#include "core/due.h"

#include "base/macro.h"

#define DOUBLINGS_MAX 6

static usec_t doubled(usec_t usec, uint32_t n, usec_t max_usec)
{
    return MIN_OF(usec << MIN_OF(n, (uint32_t)DOUBLINGS_MAX), max_usec);
}

void due_never(struct due *due)
{
    *due = (struct due){ .home_at_usec = USEC_INFINITY, .roaming_at_usec = USEC_INFINITY };
}

void due_unknown(struct due *due, usec_t now_usec)
{
    *due = (struct due){ .home_at_usec = now_usec, .roaming_at_usec = now_usec, .managed = true };
}

void due_set(struct due *due, usec_t now_usec, int64_t offset_usec, usec_t home_in_usec, usec_t roaming_in_usec)
{
    due->managed = home_in_usec != USEC_INFINITY || roaming_in_usec != USEC_INFINITY;
    due->offset_usec = offset_usec;
    due->home_at_usec = usec_add(now_usec, home_in_usec);
    due->roaming_at_usec = usec_add(now_usec, roaming_in_usec);
    due->n_unanswered = 0;
}

static usec_t apart(int64_t a_usec, int64_t b_usec)
{
    return a_usec > b_usec ? (usec_t)a_usec - (usec_t)b_usec : (usec_t)b_usec - (usec_t)a_usec;
}

void due_on_clock(struct due *due, usec_t now_usec, int64_t offset_usec)
{
    if (apart(offset_usec, due->offset_usec) <= DUE_CLOCK_USEC)
        return;
    due->offset_usec = offset_usec;
    if (due->home_at_usec != USEC_INFINITY)
        due->home_at_usec = now_usec;
    if (due->roaming_at_usec != USEC_INFINITY)
        due->roaming_at_usec = now_usec;
}

usec_t due_deadline(const struct due *due, const struct core_status *status)
{
    usec_t at_usec = status->has_base_link && status->base_link.roaming ? due->roaming_at_usec : due->home_at_usec;

    return !status->internet_blocked && at_usec != USEC_INFINITY ? MAX_OF(at_usec, due->not_before_usec) : USEC_INFINITY;
}

bool due_look(struct due *due, usec_t now_usec, const struct core_status *status)
{
    usec_t again_usec;

    if (now_usec < due_deadline(due, status))
        return false;
    again_usec = doubled(DUE_AGAIN_USEC, due->n_unanswered, DUE_AGAIN_MAX_USEC);
    due->n_unanswered++;
    due->home_at_usec = due->roaming_at_usec = usec_add(now_usec, again_usec);
    due->not_before_usec = usec_add(now_usec, DUE_APART_USEC);
    return true;
}

bool due_listens(const struct due *due, usec_t now_usec, const struct core_status *status, usec_t *ret_at_usec)
{
    bool wanted = due->managed && status->state == STATE_CONNECTED;

    *ret_at_usec = wanted && now_usec < due->deaf_until_usec ? due->deaf_until_usec : USEC_INFINITY;
    return wanted && now_usec >= due->deaf_until_usec;
}

void due_on_notified(struct due *due, usec_t now_usec)
{
    due->deaf_until_usec = usec_add(now_usec, doubled(DUE_DEAF_USEC, due->n_false, DUE_DEAF_MAX_USEC));
    due->n_false += due->n_false < UINT32_MAX;
}

void due_on_genuine(struct due *due, usec_t now_usec)
{
    due->n_false = 0;
    due->deaf_until_usec = usec_add(now_usec, DUE_DEAF_USEC);
}
