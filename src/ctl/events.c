/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnctl events: one line an event, until Ctrl-C. Waits for a daemon that is not there (any more), and for the bus itself.
 */
#include "ctl/client.h"
#include "ctl/signals.h"

#include "base/cleanup.h"

#include <mvpn/dbus.h>

#include <json-c/json.h>
#include <string.h>

#define BUS_RETRY_SEC 1

struct events {
    bool json;
    bool failed; /* standard output is closed or full */
};

static void print_line(struct events *events, const char *line)
{
    if (!line || printf("%s\n", line) < 0 || fflush(stdout) != 0)
        events->failed = true;
}

static int on_event(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct events *events = userdata;
    struct json_object *event = signal_to_json(message);

    (void)error;
    if (!event)
        return 0;
    if (events->json) {
        print_line(events,
            json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    } else {
        _cleanup_free_ char *text = signal_to_text(event);

        print_line(events, text);
    }
    json_object_put(event);
    return 0;
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    const char *name, *before, *after;

    (void)userdata, (void)error;
    if (sd_bus_message_read(message, "sss", &name, &before, &after) > 0)
        complain(after[0] ? "mvpnd is running." : "mvpnd has ended; waiting for it.");
    return 0;
}

static int subscribe(sd_bus *bus, struct events *events)
{
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    int r;

    r = sd_bus_match_signal(
        bus, NULL, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, "Event", on_event, events);
    if (r >= 0)
        r = sd_bus_add_match(bus, NULL,
            "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
            "member='NameOwnerChanged',arg0='" MVPN_BUS_NAME "'",
            on_owner, events);
    if (r < 0)
        return r;
    r = sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetNameOwner", &error, NULL, "s", MVPN_BUS_NAME);
    if (r < 0 && sd_bus_error_has_name(&error, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
        complain("mvpnd is not running; waiting for it.");
    return 0;
}

/* Until the bus goes away or output fails. */
static int follow(struct events *events)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    int r;

    r = client_connect(&bus);
    if (r >= 0)
        r = subscribe(bus, events);
    while (r >= 0 && !events->failed) {
        r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = sd_bus_wait(bus, USEC_INFINITY);
        if (r == -EINTR)
            r = 0;
    }
    return r;
}

enum ctl_exit ctl_events(const struct ctl_options *options)
{
    struct events events = { .json = options->json };
    bool told = false;

    for (;;) {
        int r = follow(&events);

        if (events.failed) {
            complain("cannot write: %s", strerror(errno));
            return CTL_FAILED;
        }
        if (!client_is_absence(r, NULL))
            return client_explain(r, NULL);
        if (!told)
            complain("the system bus is not there; waiting for it.");
        told = true;
        sleep(BUS_RETRY_SEC);
    }
}
