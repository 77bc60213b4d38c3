/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intervals in order; a set whose count or interval is 0 is none.
 */
#include "dm/schedule.h"

#include "base/macro.h"

#define INTERVAL_SEC_MIN     60 /* whatever a server says */
#define INTERVAL_SEC_MAX     (366 * UINT64_C(86400))
#define RETRIES_DEFAULT      3
#define BACKOFF_SEC_DEFAULT  60
#define BACKOFF_SEC_LONGEST  3600
#define BACKOFF_DOUBLINGS    20

static uint64_t interval_sec(const struct dm_schedule *s, uint32_t n_sessions)
{
    uint64_t first = s->first_interval_min ? s->first_retries : 0, second = s->second_interval_min ? s->second_retries : 0;

    if (n_sessions <= first && first)
        return s->first_interval_min * UINT64_C(60);
    if (n_sessions <= first + second && second)
        return s->second_interval_min * UINT64_C(60);
    if (s->remaining_interval_min && (!s->remaining_retries || n_sessions <= first + second + s->remaining_retries))
        return s->remaining_interval_min * UINT64_C(60);
    return s->default_interval_sec;
}

static uint64_t backoff_sec(const struct dm_schedule *s, uint32_t n_failed)
{
    uint64_t initial = s->initial_backoff_msec ? s->initial_backoff_msec / 1000 : BACKOFF_SEC_DEFAULT;
    uint64_t longest = s->max_backoff_msec ? s->max_backoff_msec / 1000 : BACKOFF_SEC_LONGEST;
    uint64_t delay = MAX_OF(initial, UINT64_C(1)) << MIN_OF(n_failed - 1, BACKOFF_DOUBLINGS);

    return MIN_OF(delay, MAX_OF(longest, initial));
}

uint64_t dm_schedule_next(const struct dm_schedule *schedule, uint32_t n_sessions, uint32_t n_failed, uint64_t random)
{
    uint32_t retries = schedule->retry_count ? schedule->retry_count : RETRIES_DEFAULT;
    uint64_t delay = n_failed && n_failed <= retries ? backoff_sec(schedule, n_failed) : interval_sec(schedule, n_sessions);

    delay = MIN_OF(MAX_OF(delay, (uint64_t)INTERVAL_SEC_MIN), INTERVAL_SEC_MAX);
    return delay + random % (delay / 10 + 1);
}

enum dm_moment dm_schedule_moment(const struct dm_schedule *schedule, bool roaming, bool blocked, bool by_user)
{
    if (blocked)
        return DM_MOMENT_BLOCKED;
    if (roaming && schedule->not_while_roaming && !by_user)
        return DM_MOMENT_ROAMING;
    return DM_MOMENT_GOOD;
}
