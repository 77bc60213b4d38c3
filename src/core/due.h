/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * When the management agent is started for a session or a renewal, at a moment that it named itself. Decides whether now is such a moment: not
 * while the internet is blocked, for nobody could be reached, and abroad only for what the organisation allows abroad. And when a server's
 * notification (package #0) is listened for: the more that came were false, the seldomer, for each one starts the agent. Pure: `now` is
 * CLOCK_BOOTTIME in microseconds, so that a night's sleep counts; it never wakes a sleeping device.
 * Never starts anything: that is the daemon's.
 */
#include "core/core.h"

#define DUE_AGAIN_USEC     MINUTES(15) /* an agent that was started and names no moment is started once more, later and later */
#define DUE_AGAIN_MAX_USEC HOURS(8)
#define DUE_CLOCK_USEC     MINUTES(1) /* a wall clock that was set by more makes the agent's moments wrong, which are of the calendar */
#define DUE_APART_USEC     MINUTES(1) /* from one start to the next at least, whatever the agent says */
#define DUE_DEAF_USEC      MINUTES(1) /* behind a notification; doubled for each false one */
#define DUE_DEAF_MAX_USEC  HOURS(1)

struct due {
    usec_t home_at_usec, roaming_at_usec; /* USEC_INFINITY: nothing is due */
    usec_t not_before_usec;
    uint32_t n_unanswered; /* starts since the agent last named a moment */
    int64_t offset_usec; /* wall clock less CLOCK_BOOTTIME, as it was when the moment was named */
    bool managed; /* somebody manages this device */
    usec_t deaf_until_usec; /* 0: not */
    uint32_t n_false; /* notifications in a row that nobody vouched for */
};

void due_never(struct due *due); /* nobody manages this device */
void due_unknown(struct due *due, usec_t now_usec); /* somebody does, and has not said when: it is asked at the next good moment */

/* From now; USEC_INFINITY: never. offset: the wall clock less CLOCK_BOOTTIME. */
void due_set(struct due *due, usec_t now_usec, int64_t offset_usec, usec_t home_in_usec, usec_t roaming_in_usec);

/* The wall clock was set: the agent is asked anew, unless by so little that it does not matter. Nothing changes where nothing is due. */
void due_on_clock(struct due *due, usec_t now_usec, int64_t offset_usec);

/* After every turn and at the deadline: true once for each moment that has come. */
bool due_look(struct due *due, usec_t now_usec, const struct core_status *status);
usec_t due_deadline(const struct due *due, const struct core_status *status); /* USEC_INFINITY: none while the status is as it is */

/* Is a notification listened for? Only while a server could be reached, which is when the tunnel stands. *ret_at_usec: when to ask again;
 * USEC_INFINITY: when the status is another. */
bool due_listens(const struct due *due, usec_t now_usec, const struct core_status *status, usec_t *ret_at_usec);
void due_on_notified(struct due *due, usec_t now_usec); /* one came, and is being judged: false until it is vouched for */
void due_on_genuine(struct due *due, usec_t now_usec); /* it was the server's own, or could not be judged */
