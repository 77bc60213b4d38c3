/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two calls of org.mvpn1.Manager, each waited for.
 */
#include "dm/mvpnd.h"

#include <errno.h>
#include <mvpn/dbus.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define CALL_USEC (UINT64_C(30) * 1000000)

static bool is_absence(const sd_bus_error *error, int r)
{
    return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) || sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
           sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) || r == -ENOTCONN || r == -EHOSTUNREACH;
}

static int call(sd_bus *bus, const char *method, const char *text, sd_bus_error *error, sd_bus_message **ret)
{
    sd_bus_message *message = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &message, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, method);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(message, false);
    if (r >= 0 && text)
        r = sd_bus_message_append(message, "s", text);
    if (r >= 0)
        r = sd_bus_call(bus, message, CALL_USEC, error, ret);
    sd_bus_message_unref(message);
    return r;
}

int mvpnd_apply(struct sd_bus *bus, const char *text, struct dm_error *error)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int r = call(bus, "ApplyPolicy", text, &problem, &reply);

    if (r < 0 && is_absence(&problem, r))
        r = dm_error_set(error, -EHOSTDOWN, "mvpnd is not running; start it, then 'mvpnctl sync'.");
    else if (r < 0)
        r = dm_error_set(error, -EINVAL, "mvpnd did not take the policy: %.110s", problem.message ? problem.message : strerror(-r));
    sd_bus_error_free(&problem);
    sd_bus_message_unref(reply);
    return r < 0 ? r : 0;
}

int mvpnd_status(struct sd_bus *bus, char **ret)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *text = NULL;
    int r = call(bus, "GetStatus", NULL, &problem, &reply);

    if (r >= 0)
        r = sd_bus_message_read(reply, "s", &text);
    if (r >= 0) {
        *ret = strdup(text);
        r = *ret ? 0 : -ENOMEM;
    }
    sd_bus_error_free(&problem);
    sd_bus_message_unref(reply);
    return r < 0 ? r : 0;
}
