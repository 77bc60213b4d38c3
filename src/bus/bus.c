/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection to the bus and the name org.mvpn1. A bus that is not there, or goes away, is waited for with growing delay, and everything
 * is said again when it is back: the tunnel does not depend on D-Bus. Only at start is a taken name an error.
 */
#include "bus/internal.h"
#include "bus/utf8.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <mvpn/dbus.h>

#include <string.h>
#include <time.h>

#define RECONNECT_MIN_USEC MSEC(250)
#define RECONNECT_MAX_USEC MINUTES(1)

static int schedule_reconnect(struct bus *bus);

static void disconnect(struct bus *bus)
{
    requests_drop(bus, MVPN_ERROR_FAILED, "mvpnd is leaving the bus.");
    properties_forget(bus);
    bus->agent_slot = sd_bus_slot_unref(bus->agent_slot);
    bus->name_slot = sd_bus_slot_unref(bus->name_slot);
    bus->lost_slot = sd_bus_slot_unref(bus->lost_slot);
    bus->vtable_slot = sd_bus_slot_unref(bus->vtable_slot);
    if (!bus->connection)
        return;
    if (bus->announced && bus->ops->connection_changed)
        bus->ops->connection_changed(bus->userdata, NULL);
    bus->announced = false;
    sd_bus_detach_event(bus->connection);
    bus->connection = sd_bus_flush_close_unref(bus->connection);
}

static int on_lost(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;

    (void)message, (void)error;
    (void)schedule_reconnect(bus); /* not from within the connection's own dispatch */
    return 0;
}

/* A bus without policy for us, or with another mvpnd: leave it and come again later. */
static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    uint32_t answer;

    (void)error;
    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &answer) <= 0 ||
        (answer != 1 && answer != 4)) { /* DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER, _ALREADY_OWNER */
        (void)schedule_reconnect(bus);
        return 0;
    }
    bus->reconnect_delay_usec = RECONNECT_MIN_USEC;
    bus->announced = true;
    if (bus->ops->connection_changed)
        bus->ops->connection_changed(bus->userdata, bus->connection);
    bus_publish(bus);
    return 0;
}

static int connect_bus(struct bus *bus)
{
    int r;

    r = sd_bus_open_system_with_description(&bus->connection, "mvpn");
    if (r < 0)
        return r;
    r = sd_bus_set_close_on_exit(bus->connection, false); /* bus_free() still answers who waits */
    if (r >= 0)
        r = sd_bus_attach_event(bus->connection, bus->loop, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_bus_add_object_vtable(
            bus->connection, &bus->vtable_slot, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, manager_vtable, bus);
    if (r >= 0)
        r = sd_bus_match_signal(bus->connection, &bus->lost_slot, "org.freedesktop.DBus.Local",
            "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local", "Disconnected", on_lost, bus);
    return r;
}

static int on_reconnect(sd_event_source *source, uint64_t at_usec, void *userdata)
{
    struct bus *bus = userdata;
    int r;

    (void)source, (void)at_usec;
    disconnect(bus);
    r = connect_bus(bus);
    if (r >= 0)
        r = sd_bus_request_name_async(bus->connection, &bus->name_slot, MVPN_BUS_NAME, 0, on_name, bus);
    if (r < 0)
        (void)schedule_reconnect(bus);
    return 0;
}

static int schedule_reconnect(struct bus *bus)
{
    usec_t delay_usec = bus->reconnect_delay_usec;
    int r;

    bus->reconnect_delay_usec = MIN_OF(usec_mul(delay_usec, 2), RECONNECT_MAX_USEC);
    if (!bus->reconnect_timer)
        return sd_event_add_time_relative(
            bus->loop, &bus->reconnect_timer, CLOCK_MONOTONIC, delay_usec, delay_usec / 4, on_reconnect, bus);
    r = sd_event_source_set_time_relative(bus->reconnect_timer, delay_usec);
    return r < 0 ? r : sd_event_source_set_enabled(bus->reconnect_timer, SD_EVENT_ONESHOT);
}

/* No bus yet, or one that is just ending: as opposed to one that refuses us. */
static bool is_absence(int error)
{
    return error == -ENOENT || error == -ECONNREFUSED || error == -ECONNRESET || error == -ENOTCONN ||
           error == -ETIMEDOUT;
}

int bus_new(sd_event *loop, const struct bus_ops *ops, void *userdata, struct bus **ret)
{
    struct bus *bus = calloc(1, sizeof(*bus));
    int r;

    if (!bus)
        return -ENOMEM;
    bus->loop = sd_event_ref(loop);
    bus->ops = ops;
    bus->userdata = userdata;
    bus->reconnect_delay_usec = RECONNECT_MIN_USEC;
    r = connect_bus(bus);
    if (r >= 0)
        r = sd_bus_request_name(bus->connection, MVPN_BUS_NAME, 0);
    if (is_absence(r)) {
        disconnect(bus);
        r = schedule_reconnect(bus);
    } else if (r >= 0) {
        bus->announced = true;
    }
    if (r < 0) {
        bus_free(bus);
        return r;
    }
    *ret = bus;
    return 0;
}

void bus_free(struct bus *bus)
{
    if (!bus)
        return;
    bus->announced = false; /* the owner knows */
    disconnect(bus);
    sd_event_source_disable_unref(bus->reconnect_timer);
    sd_event_unref(bus->loop);
    free(bus);
}

sd_bus *bus_connection(struct bus *bus)
{
    return bus->connection;
}

static int append_detail(sd_bus_message *signal, const char *const *detail)
{
    int r = sd_bus_message_open_container(signal, 'a', "{sv}");

    for (; r >= 0 && detail && detail[0]; detail += 2) {
        _cleanup_free_ char *text = utf8_clean(detail[1] ? detail[1] : "");

        r = text ? sd_bus_message_append(signal, "{sv}", detail[0], "s", text) : -ENOMEM;
    }
    return r < 0 ? r : sd_bus_message_close_container(signal);
}

void bus_event(struct bus *bus, const char *name, const char *const *detail)
{
    sd_bus_message *signal = NULL;

    if (!bus->connection)
        return;
    if (sd_bus_message_new_signal(bus->connection, &signal, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, "Event") >=
            0 &&
        sd_bus_message_append(signal, "s", name) >= 0 && append_detail(signal, detail) >= 0)
        (void)sd_bus_send(bus->connection, signal, NULL);
    sd_bus_message_unref(signal);
}
