/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls of the management agent, mvpn-dm, one at a time. Decides nothing; when is core/due.h's to say. The answer may take as long as a
 * session; a bus that goes away takes the call with it.
 */
#include "bus/internal.h"

#include <mvpn/dbus.h>

#include <errno.h>
#include <string.h>

#define SESSION_USEC MINUTES(30) /* longer than any job of mvpn-dm */

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    const sd_bus_error *problem = sd_bus_message_get_error(reply);

    (void)error;
    bus->agent_slot = sd_bus_slot_unref(bus->agent_slot);
    bus->agent_told(bus->userdata, !problem ? NULL : problem->message ? problem->message : problem->name);
    return 0;
}

static int write_call(struct bus *bus, const struct bus_notification *notification, sd_bus_message **ret)
{
    sd_bus_message *message = NULL;
    int r = sd_bus_message_new_method_call(bus->connection, &message, MVPN_DM_BUS_NAME, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE,
        notification ? "Notify" : "DoDue");

    if (r >= 0 && notification)
        r = sd_bus_message_append_array(message, 'y', notification->bytes, notification->n_bytes);
    if (r < 0)
        message = sd_bus_message_unref(message);
    *ret = message;
    return r;
}

int bus_call_agent(struct bus *bus, const struct bus_notification *notification, void (*told)(void *userdata, const char *problem))
{
    sd_bus_message *message;
    int r;

    if (!bus->connection)
        return -ENOTCONN;
    if (bus->agent_slot)
        return -EALREADY;
    r = write_call(bus, notification, &message);
    if (r >= 0)
        r = sd_bus_call_async(bus->connection, &bus->agent_slot, message, on_answer, bus, SESSION_USEC);
    if (r >= 0)
        bus->agent_told = told;
    sd_bus_message_unref(message);
    return r < 0 ? r : 0;
}
