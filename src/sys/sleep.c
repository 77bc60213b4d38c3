/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logind says a sleep twice, before and after; the clocks say that one has been. Whichever tells a resume first is believed, the other one is
 * then no news: `suspended` ends with the first, and the gap between the clocks is taken as the new one with each.
 */
#include "sys/sleep.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "sys/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define LOGIND      "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define MANAGER     LOGIND ".Manager"
#define GAP_USEC    SEC(1) /* shorter sleeps end no mapping; the clocks are read one after the other */

struct sleep {
    struct service service;
    sd_bus_slot *match, *call;
    const struct sleep_ops *ops;
    void *userdata;
    int inhibitor_fd; /* -1: none */
    bool suspended; /* told, and no resume yet */
    usec_t gap_usec; /* boottime - monotonic, as last seen */
};

static void release(struct sleep *sleep)
{
    sleep->call = sd_bus_slot_unref(sleep->call); /* one that is still to come would hold the sleep for nothing */
    close_fd(&sleep->inhibitor_fd);
}

static int on_inhibitor(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct sleep *sleep = userdata;
    int fd;

    (void)error;
    sleep->call = sd_bus_slot_unref(sleep->call);
    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "h", &fd) <= 0)
        return 0; /* refused: then sleep comes unannounced, or announced without delay */
    close_fd(&sleep->inhibitor_fd);
    sleep->inhibitor_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message owns the other */
    return 0;
}

static void take_inhibitor(struct sleep *sleep)
{
    if (sleep->inhibitor_fd < 0 && !sleep->call)
        (void)service_call(&sleep->service, &sleep->call, LOGIND_PATH, MANAGER, "Inhibit", on_inhibitor, sleep, "ssss", "sleep", "mvpnd",
            "The VPN has one packet to send before.", "delay");
}

static usec_t gap_now(void)
{
    return usec_sub(clock_boottime_usec(), clock_monotonic_usec());
}

static void resume(struct sleep *sleep, usec_t gap_usec)
{
    sleep->suspended = false;
    sleep->gap_usec = gap_usec;
    take_inhibitor(sleep);
    sleep->ops->resume(sleep->userdata);
}

static int on_prepare(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct sleep *sleep = userdata;
    int start;

    (void)error;
    if (!service_sent(&sleep->service, message) || sd_bus_message_read(message, "b", &start) <= 0)
        return 0;
    if (start && !sleep->suspended) {
        sleep->suspended = true;
        sleep->gap_usec = gap_now();
        sleep->ops->suspend(sleep->userdata);
    } else if (!start && sleep->suspended) {
        resume(sleep, gap_now());
    }
    return 0;
}

/* logind that died in the middle says nothing of the end: the clocks will. */
static void on_service(void *userdata, bool present)
{
    struct sleep *sleep = userdata;

    release(sleep);
    sleep->suspended = false;
    if (present)
        take_inhibitor(sleep);
}

int sleep_new(const struct sleep_ops *ops, void *userdata, struct sleep **ret)
{
    struct sleep *sleep = calloc(1, sizeof(*sleep));

    if (!sleep)
        return -ENOMEM;
    sleep->service = (struct service){ .name = LOGIND, .changed = on_service, .userdata = sleep };
    sleep->ops = ops;
    sleep->userdata = userdata;
    sleep->inhibitor_fd = -1;
    sleep->gap_usec = gap_now();
    *ret = sleep;
    return 0;
}

static void leave(struct sleep *sleep)
{
    release(sleep);
    sleep->suspended = false;
    sleep->match = sd_bus_slot_unref(sleep->match);
    service_unwatch(&sleep->service);
}

void sleep_free(struct sleep *sleep)
{
    if (!sleep)
        return;
    leave(sleep);
    free(sleep);
}

int sleep_set_bus(struct sleep *sleep, sd_bus *bus)
{
    int r;

    leave(sleep);
    if (!bus)
        return 0;
    r = service_watch(&sleep->service, bus);
    if (r >= 0)
        r = service_match(&sleep->service, &sleep->match, "member='PrepareForSleep',interface='" MANAGER "',path='" LOGIND_PATH "'",
            on_prepare, sleep);
    if (r < 0)
        leave(sleep);
    return r < 0 ? r : 0;
}

bool sleep_present(const struct sleep *sleep)
{
    return sleep->service.owner != NULL;
}

void sleep_ready(struct sleep *sleep)
{
    if (sleep->suspended)
        release(sleep);
}

void sleep_compare(struct sleep *sleep, usec_t boottime_usec, usec_t monotonic_usec)
{
    usec_t gap_usec = usec_sub(boottime_usec, monotonic_usec);

    if (gap_usec > usec_add(sleep->gap_usec, GAP_USEC))
        resume(sleep, gap_usec);
}
