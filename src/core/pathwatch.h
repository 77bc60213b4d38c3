/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Is the path behind an established tunnel still alive? Decided by traffic alone: outbound packets that nothing answers.
 *   unanswered for PATHWATCH_NOTICE    the data path tells us; a liveness check goes out (its answer counts as inbound)
 *   ... for PATHWATCH_MOVE             move to another usable link, if there is one
 *   ... for PATHWATCH_DEAD             the path is dead
 * A router that its link reports as lost (pathwatch_alarm) is checked at once, also where nothing waits for an answer; the rest goes as above.
 * A one-way stream whose liveness checks are answered is checked less and less often. Nothing here polls while nothing is sent.
 */
#include "base/usec.h"
#include "core/event.h"

#define PATHWATCH_NOTICE_USEC    MSEC(1200)
#define PATHWATCH_MOVE_USEC      SEC(2)
#define PATHWATCH_DEAD_USEC      MSEC(4500)
#define PATHWATCH_CHECK_MIN_USEC SEC(10)
#define PATHWATCH_CHECK_MAX_USEC MINUTES(5)
#define PATHWATCH_ALARM_MIN_USEC SEC(10) /* from a suspicion that proved wrong to the next alarm that is heeded */

enum path_verdict {
    PATH_VERDICT_ALIVE, /* answered: watch again */
    PATH_VERDICT_WAIT, /* ask again at pathwatch_deadline() */
    PATH_VERDICT_CHECK, /* send a liveness check now */
    PATH_VERDICT_MOVE, /* leave for another link now, if there is one */
    PATH_VERDICT_DEAD,
};

struct pathwatch {
    bool suspicious;
    bool checked, tried_move;
    bool alarmed; /* the check was asked for by pathwatch_alarm() */
    usec_t unanswered_at_usec;
    usec_t last_in_at_usec;
    usec_t check_interval_usec; /* grows while checks are answered and packets are not */
    usec_t next_check_at_usec;
    usec_t cleared_at_usec;
};

void pathwatch_reset(struct pathwatch *watch);

/* The data path reported, or the deadline passed: what follows from this view of the traffic? */
enum path_verdict pathwatch_judge(struct pathwatch *watch, usec_t now_usec, const struct traffic *traffic);

/*
 * The router does not answer on its link: true when a liveness check shall be sent now. Only what comes in after this moment clears the
 * suspicion. False while a check is under way, and soon after one was answered: the kernel says it again as long as somebody sends.
 */
bool pathwatch_alarm(struct pathwatch *watch, usec_t now_usec);

usec_t pathwatch_deadline(const struct pathwatch *watch); /* USEC_INFINITY: none */
