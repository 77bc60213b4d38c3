/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a running mvpnd says of itself, by its own status on D-Bus.
 */
#include "ctl/check_room.h"
#include "ctl/client.h"
#include "ctl/json_path.h"
#include "mvpn/dbus.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_USEC SEC(3)

static void copy_text(struct json_object *status, const char *path, char *buf, size_t size)
{
    const char *text = json_text(status, path);

    snprintf(buf, size, "%s", text ? text : "");
}

static void read_status(struct json_object *status, struct check_daemon *ret)
{
    *ret = (struct check_daemon){ .runs = true, .enabled = json_flag(status, "enabled") };
    copy_text(status, "state", ret->state, sizeof(ret->state));
    copy_text(status, "reason", ret->reason, sizeof(ret->reason));
    copy_text(status, "message", ret->message, sizeof(ret->message));
    copy_text(status, "gateway.address", ret->gateway_address, sizeof(ret->gateway_address));
    copy_text(status, "tunnel.interface", ret->tunnel_interface, sizeof(ret->tunnel_interface));
}

static void report_daemon(const struct check_run *run)
{
    const struct check_daemon *daemon = &run->daemon;

    if (strcmp(daemon->state, "failed") == 0)
        check_report(run, "mvpnd", CHECK_FAIL, daemon->message, "mvpnd runs, state failed, reason %s.",
            daemon->reason);
    else
        check_report(run, "mvpnd", CHECK_PASS, NULL, "mvpnd runs, state %s, reason %s.", daemon->state,
            daemon->reason);
}

/* Of the policy in force; how management itself does is mvpn-dm's to tell. */
static void report_management(const struct check_run *run, struct json_object *status)
{
    const char *why = json_text(status, "management.rolled_back_because"), *server = json_text(status, "management.server");
    double generation;

    if (why)
        check_report(run, "policy", CHECK_WARN, "Tell the administrator of the management server.", "A policy was taken back: %s", why);
    if (json_flag(status, "management.managed") && json_number(status, "management.policy_generation", &generation))
        check_report(run, "management", CHECK_PASS, NULL, "Managed%s%s, policy %.0f%s; %s may switch the VPN off.", server ? " by " : "",
            server ? server : "", generation, json_flag(status, "management.policy_on_trial") ? " on trial" : "",
            json_flag(status, "management.user_may_disable") ? "the user" : "only root");
}

/* Not client_get_json(): that waits for as long as a person may take to type a password. */
static int ask_status(sd_bus *bus, sd_bus_error *error, struct json_object **ret)
{
    _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
    const char *text;
    int r;

    r = sd_bus_message_new_method_call(bus, &call, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, "GetStatus");
    if (r >= 0)
        r = sd_bus_message_set_auto_start(call, false);
    if (r >= 0)
        r = sd_bus_call(bus, call, ANSWER_USEC, error, &reply);
    if (r >= 0)
        r = sd_bus_message_read(reply, "s", &text);
    if (r < 0)
        return r;
    *ret = client_parse(text);
    return *ret ? 0 : -EBADMSG;
}

void check_daemon_status(struct check_run *run)
{
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    struct json_object *status = NULL;
    int r = client_connect(&bus);

    if (r >= 0)
        r = ask_status(bus, &error, &status);
    if (r >= 0) {
        read_status(status, &run->daemon);
        report_daemon(run);
        report_management(run, status);
        json_object_put(status);
    } else if (client_is_absence(r, &error)) {
        check_report(run, "mvpnd", CHECK_WARN, "Start it: 'systemctl start mvpnd'.", "mvpnd does not run.");
    } else {
        check_report(run, "mvpnd", CHECK_FAIL, "See its journal ('journalctl -u mvpnd'); restart it.",
            "mvpnd does not answer: %s.", strerror(-r));
    }
}
