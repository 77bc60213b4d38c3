/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One turn of the daemon: take the next event, step the core, carry out its actions in their order, then tell journal, bus and systemd what
 * changed and arm the one timer. Events that arrive meanwhile wait in the queue. Decides nothing.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/macro.h"
#include "daemon/record.h"

#include <string.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

static void record(struct daemon *daemon, usec_t now_usec, const struct event *event, const struct action_list *actions)
{
    static char text[RECORD_LINE_MAX_BYTES];
    struct core_status status;
    struct strbuf line;

    if (!daemon->record_file)
        return;
    core_get_status(daemon->core, &status);
    strbuf_init(&line, text, sizeof(text));
    record_format_event(now_usec, event, &line);
    fprintf(daemon->record_file, "%s\n", line.text);
    strbuf_init(&line, text, sizeof(text));
    record_format_outcome(status.state, status.reason, actions, &line);
    fprintf(daemon->record_file, "%s\n", line.text);
    fflush(daemon->record_file);
}

/* Nothing may be decided on the belief that a firewall stands which could not be had: before all that waits, and whatever is lost for it. */
static void queue_first(struct daemon *daemon, const struct event *event)
{
    if (daemon->n_queued == EVENT_QUEUE_MAX)
        daemon->n_queued--;
    daemon->next_queued = (daemon->next_queued + EVENT_QUEUE_MAX - 1) % EVENT_QUEUE_MAX;
    daemon->queue[daemon->next_queued] = *event;
    daemon->n_queued++;
}

static void execute_all(struct daemon *daemon, const struct action_list *actions)
{
    for (uint32_t i = 0; i < actions->n_actions; i++) {
        const struct action *action = &actions->actions[i];
        if (daemon_execute(daemon, action))
            continue;
        /* Layer 2 goes up even where layer 1 could not: two locks, each enough for ordinary traffic. */
        for (i++; i < actions->n_actions; i++)
            if (actions->actions[i].type == ACTION_ROUTING && actions->actions[i].routing->active)
                daemon_execute(daemon, &actions->actions[i]);
        queue_first(daemon, &(struct event){ .type = EVENT_FIREWALL_FAILED });
        return;
    }
}

static void step(struct daemon *daemon, struct event *event)
{
    struct action_list actions;
    usec_t now_usec = clock_boottime_usec();

    if (event->type == EVENT_TIMER) {
        struct ike_stats stats = { 0 };
        ike_get_stats(daemon->ike, &stats);
        event->traffic = stats.traffic;
    }
    core_step(daemon->core, now_usec, event, &actions);
    record(daemon, now_usec, event, &actions);
    execute_all(daemon, &actions);
}

static void tell_systemd(const struct core_status *status, const char *message)
{
    if (status->state == STATE_CONNECTED)
        sd_notifyf(0, "STATUS=Connected over %s", status->base_link.name);
    else
        sd_notifyf(0, "STATUS=%s: %s", state_name(status->state), message);
}

static bool same_face(const struct core_status *a, const struct core_status *b)
{
    return a->state == b->state && a->reason == b->reason && a->has_base_link == b->has_base_link &&
           a->base_link.ifindex == b->base_link.ifindex;
}

static void finish_disable(struct daemon *daemon, const struct core_status *status)
{
    if (!daemon->disable_pending || (status->state != STATE_DISABLED && status->state != STATE_FAILED))
        return;
    daemon->disable_pending = false;
    if (daemon->firewall_error < 0)
        bus_finish(daemon->bus, BUS_CALL_DISABLE, "LockdownFailed", "The firewall could not be removed. Try 'nft delete table inet mvpn' as root.");
    else if (daemon->store_error < 0)
        bus_finish(daemon->bus, BUS_CALL_DISABLE, "Failed",
            "The internet is open, but this could not be recorded: after a restart the VPN would be enabled again. Is the disk full or read-only?");
    else
        bus_finish(daemon->bus, BUS_CALL_DISABLE, NULL, NULL);
}

/* Not in status, which is the same on both data paths. */
static void tell_sender(const struct core_status *before, const struct core_status *now)
{
    if (now->offload_sec > 0 && now->offload_sec != before->offload_sec)
        journal_say(LOG_INFO, "The kernel sends the keepalives from now on, after %u s of silence.", now->offload_sec);
    else if (now->offload_sec == 0 && before->offload_sec > 0 && now->state == STATE_CONNECTED)
        journal_say(LOG_INFO, "mvpnd sends the keepalives from now on.");
}

static void publish(struct daemon *daemon)
{
    struct core_status status;
    char buf[1024];
    const char *message;

    core_get_status(daemon->core, &status);
    message = daemon_message(daemon, &status, buf, sizeof(buf));
    if (!same_face(&status, &daemon->last)) {
        journal_transition(daemon, &status, message);
        tell_systemd(&status, message);
        if (daemon->bus) {
            const char *detail[] = { "state", state_name(status.state), "reason", reason_name(status.reason), "message", message,
                "interface", status.has_base_link ? status.base_link.name : "", NULL };
            bus_event(daemon->bus, "state", detail);
        }
    }
    tell_sender(&daemon->last, &status);
    daemon->last = status;
    if (daemon->bus) {
        bus_publish(daemon->bus);
        finish_disable(daemon, &status);
    }
}

static void arm(struct daemon *daemon)
{
    struct deadline deadline = core_next_deadline(daemon->core);
    sd_event_source *use = deadline.wake && daemon->alarm ? daemon->alarm : daemon->timer;
    sd_event_source *other = use == daemon->timer ? daemon->alarm : daemon->timer;

    if (other)
        sd_event_source_set_enabled(other, SD_EVENT_OFF);
    if (deadline.at_usec == USEC_INFINITY) {
        sd_event_source_set_enabled(use, SD_EVENT_OFF);
        return;
    }
    sd_event_source_set_time(use, deadline.at_usec);
    sd_event_source_set_time_accuracy(use, MAX_OF(deadline.slack_usec, (usec_t)1));
    sd_event_source_set_enabled(use, SD_EVENT_ONESHOT);
}

void daemon_push(struct daemon *daemon, const struct event *event)
{
    if (daemon->n_queued == EVENT_QUEUE_MAX) {
        journal_say(LOG_ERR, "The event queue is full; the event %s is lost.", event_name(event->type));
        return;
    }
    daemon->queue[(daemon->next_queued + daemon->n_queued++) % EVENT_QUEUE_MAX] = *event;
    if (daemon->in_turn)
        return;
    daemon->in_turn = true;
    while (daemon->n_queued > 0) {
        struct event next = daemon->queue[daemon->next_queued];
        daemon->next_queued = (daemon->next_queued + 1) % EVENT_QUEUE_MAX;
        daemon->n_queued--;
        step(daemon, &next);
        publish(daemon);
    }
    daemon->in_turn = false;
    arm(daemon);
    daemon_watch_trial(daemon);
    daemon_watch_due(daemon);
    daemon_watch_notified(daemon);
}

void daemon_push_simple(struct daemon *daemon, enum event_type type)
{
    daemon_push(daemon, &(struct event){ .type = type });
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct daemon *daemon = userdata;

    (void)source, (void)usec;
    sys_compare_clocks(daemon->sys); /* it may have become due while the machine slept */
    daemon_push_simple(daemon, EVENT_TIMER);
    return 0;
}

int daemon_make_timers(struct daemon *daemon)
{
    int r = sd_event_add_time(daemon->loop, &daemon->timer, CLOCK_BOOTTIME, 0, 1, on_time, daemon);

    if (r < 0)
        return r;
    sd_event_source_set_enabled(daemon->timer, SD_EVENT_OFF);
    /* Needs CAP_WAKE_ALARM; without it a keepalive does not wake the machine, and nothing else suffers. */
    if (sd_event_add_time(daemon->loop, &daemon->alarm, CLOCK_BOOTTIME_ALARM, 0, 1, on_time, daemon) >= 0)
        sd_event_source_set_enabled(daemon->alarm, SD_EVENT_OFF);
    return 0;
}
