/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts the management agent when it is due, by a call over the bus. The moment is core/due.h's; the timer never wakes a sleeping device, and
 * there is none where nobody manages it.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/macro.h"

#include <syslog.h>

#define LATENESS_MAX_USEC MINUTES(5) /* so that the kernel can put it together with other wake-ups */

static void on_told(void *userdata, const char *problem)
{
    (void)userdata;
    if (problem)
        journal_say(LOG_NOTICE, "The management agent could not do what is due: %s. It is tried again later.", problem);
}

static void start(struct daemon *daemon)
{
    if (daemon->bus)
        (void)bus_call_agent(daemon->bus, NULL, on_told); /* one that is under way does it; without a bus it is tried again later */
}

static int on_due(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct daemon *daemon = userdata;

    (void)source, (void)usec;
    if (due_look(&daemon->managed.due, clock_boottime_usec(), &daemon->last))
        start(daemon);
    daemon_watch_due(daemon);
    return 0;
}

static bool is_armed_for(sd_event_source *timer, usec_t at_usec)
{
    uint64_t armed_usec;

    return sd_event_source_get_enabled(timer, NULL) > 0 && sd_event_source_get_time(timer, &armed_usec) >= 0 && armed_usec == at_usec;
}

/* Hardly any turn changes it: then there is nothing to tell the kernel. */
void daemon_watch_due(struct daemon *daemon)
{
    sd_event_source *timer = daemon->managed.due_timer;
    usec_t at_usec, early_usec;

    if (!timer)
        return;
    at_usec = due_deadline(&daemon->managed.due, &daemon->last);
    if (at_usec == USEC_INFINITY) {
        sd_event_source_set_enabled(timer, SD_EVENT_OFF);
        return;
    }
    if (is_armed_for(timer, at_usec))
        return;
    early_usec = usec_sub(at_usec, clock_boottime_usec());
    sd_event_source_set_time(timer, at_usec);
    sd_event_source_set_time_accuracy(timer, MAX_OF(MIN_OF(early_usec / 10, LATENESS_MAX_USEC), MSEC(1)));
    sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void daemon_set_due(struct daemon *daemon, usec_t home_in_usec, usec_t roaming_in_usec)
{
    due_set(&daemon->managed.due, clock_boottime_usec(), daemon_clock_offset_usec(), home_in_usec, roaming_in_usec);
    daemon_watch_due(daemon);
    daemon_watch_notified(daemon);
}

void daemon_due_by_other_clock(struct daemon *daemon)
{
    due_on_clock(&daemon->managed.due, clock_boottime_usec(), daemon_clock_offset_usec());
    daemon_watch_due(daemon);
}

void daemon_forget_due(struct daemon *daemon)
{
    due_never(&daemon->managed.due);
    daemon_watch_due(daemon);
    daemon_watch_notified(daemon);
}

int daemon_start_due(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    int r;

    if (daemon_is_managed(daemon))
        due_unknown(&managed->due, clock_boottime_usec());
    else
        due_never(&managed->due);
    r = sd_event_add_time(daemon->loop, &managed->due_timer, CLOCK_BOOTTIME, 0, 0, on_due, daemon);
    if (r >= 0)
        daemon_watch_due(daemon);
    return r;
}

void daemon_free_due(struct daemon *daemon)
{
    daemon->managed.due_timer = sd_event_source_unref(daemon->managed.due_timer);
}
