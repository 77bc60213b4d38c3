/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscribes first and reads the state then, so that no change falls between; after that only signals wake it.
 */
#include "ctl/wait.h"

#include "ctl/json_path.h"
#include "ctl/term.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <mvpn/dbus.h>
#include <mvpn/names.h>

#include <json-c/json.h>
#include <string.h>

struct waiting {
    bool changed; /* read the status again */
    bool daemon_gone;
    char last[64]; /* state that was last shown */
};

static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct waiting *w = userdata;

    (void)message, (void)error;
    w->changed = true;
    return 0;
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct waiting *w = userdata;
    const char *name, *before, *after;

    (void)error;
    if (sd_bus_message_read(message, "sss", &name, &before, &after) > 0 && after[0] == '\0')
        w->daemon_gone = true;
    return 0;
}

static int subscribe(sd_bus *bus, struct waiting *w)
{
    int r;

    r = sd_bus_match_signal(bus, NULL, MVPN_BUS_NAME, MVPN_BUS_PATH, "org.freedesktop.DBus.Properties",
        "PropertiesChanged", on_change, w);
    if (r < 0)
        return r;
    return sd_bus_add_match(bus, NULL,
        "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='"
        "NameOwnerChanged',"
        "arg0='" MVPN_BUS_NAME "'",
        on_owner, w);
}

static void show_progress(struct waiting *w, const char *state, const char *message)
{
    char text[256];

    if (!isatty(STDERR_FILENO) || strcmp(w->last, state) == 0)
        return;
    snprintf(w->last, sizeof(w->last), "%s", state);
    snprintf(text, sizeof(text), "%s: %s", state, message);
    text_make_printable(text);
    fprintf(stderr, "  %s\n", text);
}

/* Nothing comes of waiting: a person must act, or (armed) a program must send something. */
static bool is_final(const char *state)
{
    return state && (strcmp(state, MVPN_STATE_FAILED) == 0 || strcmp(state, MVPN_STATE_DISABLED) == 0 || strcmp(state, MVPN_STATE_ARMED) == 0);
}

/* Done waiting? *ret_status is set when so. message: malloc'd, the daemon's sentence as of now. */
static int look(sd_bus *bus, struct waiting *w, enum ctl_exit *ret_status, char **message)
{
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    struct json_object *status = NULL;
    const char *state, *sentence;
    int done = 0, r;

    r = client_get_json(bus, "GetStatus", &error, NULL, &status);
    if (r < 0) {
        *ret_status = client_explain(r, &error);
        return 1;
    }
    state = json_text(status, "state");
    sentence = json_text(status, "message");
    free(*message);
    *message = strdup(sentence ? sentence : "");
    if (*message)
        text_make_printable(*message);
    if (state)
        show_progress(w, state, *message ? *message : "");
    if (state && strcmp(state, MVPN_STATE_CONNECTED) == 0) {
        *ret_status = CTL_DONE;
        done = 1;
    } else if (is_final(state)) {
        complain("not connected: %s", *message ? *message : state);
        *ret_status = CTL_NOT_CONNECTED;
        done = 1;
    }
    json_object_put(status);
    return done;
}

enum ctl_exit wait_connected(sd_bus *bus, usec_t limit_usec)
{
    usec_t end_at_usec = usec_add(clock_boottime_usec(), limit_usec);
    _cleanup_free_ char *message = NULL;
    struct waiting w = { .changed = true };
    enum ctl_exit status = CTL_FAILED;
    int r;

    r = subscribe(bus, &w);
    while (r >= 0) {
        usec_t left_usec = usec_sub(end_at_usec, clock_boottime_usec());

        if (w.daemon_gone) {
            complain(
                "mvpnd ended meanwhile. The internet stays blocked; 'systemctl start mvpnd' connects again.");
            return CTL_NOT_RUNNING;
        }
        if (w.changed) {
            w.changed = false;
            if (look(bus, &w, &status, &message))
                return status;
        }
        if (left_usec == 0) {
            complain("not connected yet, still trying: %s", message ? message : "");
            return CTL_NOT_CONNECTED;
        }
        r = sd_bus_process(bus, NULL);
        if (r == 0)
            r = sd_bus_wait(bus, left_usec);
    }
    return client_explain(r, NULL);
}
