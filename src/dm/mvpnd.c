/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of org.mvpn1.Manager, each waited for.
 */
#include "dm/mvpnd.h"

#include <errno.h>
#include <json-c/json.h>
#include <mvpn/dbus.h>
#include <mvpn/names.h>
#include <stdarg.h>
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

/* types: of what follows, as sd_bus_message_append() has them; NULL: nothing does. */
static int call(sd_bus *bus, const char *method, sd_bus_error *error, sd_bus_message **ret, const char *types, ...)
{
    sd_bus_message *message = NULL;
    va_list arguments;
    int r;

    r = sd_bus_message_new_method_call(bus, &message, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, method);
    if (r >= 0)
        r = sd_bus_message_set_auto_start(message, false);
    if (r >= 0 && types) {
        va_start(arguments, types);
        r = sd_bus_message_appendv(message, types, arguments);
        va_end(arguments);
    }
    if (r >= 0)
        r = sd_bus_call(bus, message, CALL_USEC, error, ret);
    sd_bus_message_unref(message);
    return r;
}

static int explain(const char *what, const sd_bus_error *problem, int r, struct dm_error *error)
{
    if (r < 0 && is_absence(problem, r))
        return dm_error_set(error, -EHOSTDOWN, "mvpnd is not running; start it, then 'mvpnctl sync'.");
    return r < 0 ? dm_error_set(error, -EINVAL, "mvpnd %s the policy: %.110s", what, problem->message ? problem->message : strerror(-r)) : 0;
}

int mvpnd_apply(struct sd_bus *bus, const char *text, uint32_t *ret_generation, struct dm_error *error)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int r = call(bus, "ApplyPolicy", &problem, &reply, "s", text);

    if (r >= 0)
        r = sd_bus_message_read(reply, "u", ret_generation);
    r = explain("did not take", &problem, r, error);
    sd_bus_error_free(&problem);
    sd_bus_message_unref(reply);
    return r;
}

int mvpnd_get_policy(struct sd_bus *bus, char **ret, struct dm_error *error)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    const char *text;
    int r = call(bus, "GetPolicy", &problem, &reply, NULL);

    if (r >= 0)
        r = sd_bus_message_read(reply, "s", &text);
    if (r >= 0 && !(*ret = strdup(text)))
        r = -ENOMEM;
    r = explain("did not show", &problem, r, error);
    sd_bus_error_free(&problem);
    sd_bus_message_unref(reply);
    return r;
}

static struct json_object *at(struct json_object *json, const char *key)
{
    struct json_object *found = NULL;

    return json && json_object_object_get_ex(json, key, &found) ? found : NULL;
}

static void copy(struct json_object *value, char *ret, size_t size)
{
    if (value)
        snprintf(ret, size, "%s", json_object_get_string(value));
}

static void read_management(struct json_object *json, struct mvpnd_state *ret)
{
    struct json_object *management = at(json, "management"), *may = at(management, "user_may_disable");

    ret->user_may_disable = may && json_object_get_boolean(may);
    ret->rolled_back_generation = (uint32_t)json_object_get_int64(at(management, "rolled_back_generation"));
    copy(at(management, "rolled_back_because"), ret->rolled_back_because, sizeof(ret->rolled_back_because));
    if (strcmp(ret->state, MVPN_STATE_BACKOFF) == 0 || strcmp(ret->state, MVPN_STATE_FAILED) == 0)
        copy(at(json, "message"), ret->last_error, sizeof(ret->last_error));
}

static void read_state(struct json_object *json, struct mvpnd_state *ret)
{
    struct json_object *tunnel = at(json, "tunnel"), *addresses = at(tunnel, "addresses");

    copy(at(json, "state"), ret->state, sizeof(ret->state));
    read_management(json, ret);
    copy(at(at(json, "gateway"), "name"), ret->gateway, sizeof(ret->gateway));
    copy(at(tunnel, "rx_bytes"), ret->rx, sizeof(ret->rx));
    copy(at(tunnel, "tx_bytes"), ret->tx, sizeof(ret->tx));
    if (addresses && json_object_is_type(addresses, json_type_array))
        copy(json_object_array_get_idx(addresses, 0), ret->virtual_ip, sizeof(ret->virtual_ip));
    snprintf(ret->since, sizeof(ret->since), "%.0f", json_object_get_double(at(json, "since")));
    ret->connected = strcmp(ret->state, MVPN_STATE_CONNECTED) == 0;
    ret->blocked = json_object_get_boolean(at(json, "internet_blocked"));
    ret->roaming = json_object_get_boolean(at(at(json, "base_link"), "roaming"));
    ret->certificate_expires_in_sec = json_object_get_int64(at(at(json, "certificate"), "expires_in"));
}

bool mvpnd_look(struct sd_bus *bus, struct mvpnd_state *ret)
{
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    struct json_object *json = NULL;
    const char *text = NULL;

    *ret = (struct mvpnd_state){ 0 };
    if (call(bus, "GetStatus", &problem, &reply, NULL) >= 0 && sd_bus_message_read(reply, "s", &text) >= 0)
        json = json_tokener_parse(text);
    if (json)
        read_state(json, ret);
    json_object_put(json);
    sd_bus_error_free(&problem);
    sd_bus_message_unref(reply);
    return ret->state[0] != '\0';
}

void mvpnd_set_due(struct sd_bus *bus, uint64_t home_in_sec, uint64_t roaming_in_sec)
{
    (void)call(bus, "SetManagementDue", NULL, NULL, "tt", home_in_sec, roaming_in_sec);
}

void mvpnd_connect(struct sd_bus *bus)
{
    (void)call(bus, "Connect", NULL, NULL, NULL);
}
