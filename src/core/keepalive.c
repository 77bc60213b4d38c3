/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keepalive timer. It fires between 95 % and 100 % of the interval after the last outbound packet that it knew of.
 */
#include "core/keepalive.h"

#include "base/macro.h"

void keepalive_start(struct keepalive *keepalive, usec_t now_usec, usec_t interval_usec)
{
    keepalive->interval_usec = interval_usec;
    keepalive->last_out_at_usec = now_usec;
}

void keepalive_stop(struct keepalive *keepalive)
{
    keepalive->interval_usec = 0;
}

static usec_t slack_of(const struct keepalive *keepalive)
{
    return keepalive->interval_usec / 100 * KEEPALIVE_SLACK_PERCENT;
}

usec_t keepalive_deadline(const struct keepalive *keepalive, usec_t *ret_slack_usec)
{
    if (keepalive->interval_usec == 0)
        return USEC_INFINITY;
    *ret_slack_usec = slack_of(keepalive);
    return keepalive->last_out_at_usec + keepalive->interval_usec - slack_of(keepalive);
}

bool keepalive_due(struct keepalive *keepalive, usec_t now_usec, usec_t last_out_at_usec)
{
    usec_t slack_usec;

    if (now_usec < keepalive_deadline(keepalive, &slack_usec))
        return false;
    keepalive->last_out_at_usec = MAX_OF(keepalive->last_out_at_usec, MIN_OF(last_out_at_usec, now_usec));
    if (now_usec < keepalive_deadline(keepalive, &slack_usec)) {
        keepalive->n_suppressed++;
        return false;
    }
    keepalive->last_out_at_usec = now_usec;
    keepalive->n_sent++;
    return true;
}

bool keepalive_send_early(struct keepalive *keepalive, usec_t now_usec)
{
    if (keepalive->interval_usec == 0)
        return false;
    keepalive->last_out_at_usec = now_usec;
    keepalive->n_sent++;
    return true;
}
