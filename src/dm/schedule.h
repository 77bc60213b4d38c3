/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * When the management server is asked next: the intervals of DMClient/Poll after a session, the account's backoff after one that failed, both
 * spread so that a fleet does not come at once. And whether now is a good moment. Pure: time and randomness are parameters.
 */
#include <stdbool.h>
#include <stdint.h>

struct dm_schedule {
    /* DMClient/Poll: so many sessions at that interval, then so many at the next, then the last for ever (or as often as it says, 0: ever). */
    uint32_t first_retries, first_interval_min, second_retries, second_interval_min, remaining_retries, remaining_interval_min;
    /* APPLICATION w7: how often and how soon a session that failed is tried again. 0: 3 times, 1 minute, doubled up to 1 hour. */
    uint32_t retry_count, initial_backoff_msec, max_backoff_msec;
    uint64_t default_interval_sec; /* [Management] PollInterval=: where Poll says nothing */
    bool not_while_roaming;
};

/* Seconds from now. n_sessions: that went well since enrolment; n_failed: in a row since then; random: any 64 bits. */
uint64_t dm_schedule_next(const struct dm_schedule *schedule, uint32_t n_sessions, uint32_t n_failed, uint64_t random);

enum dm_moment {
    DM_MOMENT_GOOD,
    DM_MOMENT_ROAMING, /* the organisation does not want sessions abroad */
    DM_MOMENT_BLOCKED, /* the VPN is enabled and not connected: nobody can be reached */
};
/* by_user: who asks for a session gets it, abroad as well. */
enum dm_moment dm_schedule_moment(const struct dm_schedule *schedule, bool roaming, bool blocked, bool by_user);
