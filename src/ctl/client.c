/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calls, and the one table from D-Bus errors to what a person should do.
 */
#include "ctl/client.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <mvpn/dbus.h>

#include <json-c/json.h>
#include <stdarg.h>
#include <string.h>

/* Longer than mvpnd waits for polkit, which waits for a person. */
#define CALL_TIMEOUT_USEC MINUTES(6)

void complain(const char *format, ...)
{
    va_list ap;

    fputs("mvpnctl: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

int client_connect(sd_bus **ret)
{
    return sd_bus_open_system_with_description(ret, "mvpnctl");
}

int client_call(
    sd_bus *bus, const char *method, bool interactive, sd_bus_error *error, sd_bus_message **ret_reply)
{
    _cleanup_message_ sd_bus_message *call = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &call, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, method);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(call, false);
    if (r >= 0)
        r = sd_bus_message_set_allow_interactive_authorization(call, interactive);
    if (r >= 0)
        r = sd_bus_call(bus, call, CALL_TIMEOUT_USEC, error, ret_reply);
    return r < 0 ? r : 0;
}

struct json_object *client_parse(const char *text)
{
    enum json_tokener_error problem;
    struct json_object *json = json_tokener_parse_verbose(text, &problem);

    if (problem == json_tokener_success)
        return json;
    json_object_put(json);
    return NULL;
}

int client_get_json(
    sd_bus *bus, const char *method, sd_bus_error *error, char **ret_text, struct json_object **ret_json)
{
    _cleanup_message_ sd_bus_message *reply = NULL;
    struct json_object *json;
    const char *text;
    char *copy;
    int r;

    r = client_call(bus, method, false, error, &reply);
    if (r < 0)
        return r;
    r = sd_bus_message_read(reply, "s", &text);
    if (r < 0)
        return r;
    json = client_parse(text);
    copy = strdup(text);
    if (!json || !copy) {
        json_object_put(json);
        free(copy);
        return copy ? -EBADMSG : -ENOMEM;
    }
    if (ret_json)
        *ret_json = json;
    else
        json_object_put(json);
    if (ret_text)
        *ret_text = copy;
    else
        free(copy);
    return 0;
}

bool client_is_absence(int r, const sd_bus_error *error)
{
    static const char *const names[] = { SD_BUS_ERROR_SERVICE_UNKNOWN, SD_BUS_ERROR_NAME_HAS_NO_OWNER,
        SD_BUS_ERROR_DISCONNECTED, "org.freedesktop.DBus.Error.Spawn.ServiceNotFound" };

    if (!error || !sd_bus_error_is_set(error))
        return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET || r == -ENOTCONN || r == -EHOSTUNREACH;
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (sd_bus_error_has_name(error, names[i]))
            return true;
    return false;
}

bool client_has_owner(sd_bus *bus, const char *name)
{
    _cleanup_message_ sd_bus_message *reply = NULL;
    int has_owner = 0;

    return sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
               name) >= 0 && sd_bus_message_read(reply, "b", &has_owner) > 0 && has_owner;
}

static bool is_refusal(int r, const sd_bus_error *error)
{
    static const char *const names[] = { MVPN_ERROR_NOT_PERMITTED, MVPN_ERROR_DISABLE_FORBIDDEN,
        SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED };

    if (!error || !sd_bus_error_is_set(error))
        return r == -EACCES || r == -EPERM;
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (sd_bus_error_has_name(error, names[i]))
            return true;
    return false;
}

enum ctl_exit client_explain(int r, const sd_bus_error *error)
{
    const char *said = error && error->message ? error->message : strerror(-r);

    if (client_is_absence(r, error)) {
        complain("mvpnd is not running, or the system bus is not. Start it with 'systemctl start mvpnd'.");
        return CTL_NOT_RUNNING;
    }
    if (error && sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY)) {
        complain("mvpnd did not answer (%s). Its journal may say why: journalctl -u mvpnd.", said);
        return CTL_FAILED;
    }
    if (error && sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED)) {
        complain("the system bus does not permit this (%s). Run it as root.", said);
        return CTL_NOT_PERMITTED;
    }
    if (is_refusal(r, error)) {
        complain("%s", said);
        return CTL_NOT_PERMITTED;
    }
    if (error && sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_METHOD)) {
        complain("the running mvpnd does not know this command; it is of another version. Restart it.");
        return CTL_FAILED;
    }
    complain("%s", said);
    return CTL_FAILED;
}
