/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bus driver is asked for the caller's uid, then, unless it is root, polkit for its verdict; both without waiting, so that a slow
 * password prompt stops nothing. Every doubt (polkit absent, silent, not understood) is a refusal.
 */
#include "dm/agent.h"

#include "base/usec.h"

#include <errno.h>
#include <stdlib.h>

#define POLKIT_INTERACTIVE_USEC MINUTES(5) /* a person types a password */
#define POLKIT_USEC             SEC(20)

struct question {
    sd_bus_message *message;
    const char *action;
    bool root_only;
    void (*done)(void *userdata, enum agent_verdict verdict);
    void *userdata;
};

static void answer(struct question *q, enum agent_verdict verdict)
{
    q->done(q->userdata, verdict);
    sd_bus_message_unref(q->message);
    free(q);
}

static enum agent_verdict read_polkit(sd_bus_message *reply, bool interactive)
{
    int authorized, challenge;

    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0 ||
        sd_bus_message_read(reply, "bb", &authorized, &challenge) <= 0)
        return AGENT_REFUSED;
    if (authorized)
        return AGENT_ALLOWED;
    return challenge && !interactive ? AGENT_NEEDS_INTERACTION : AGENT_REFUSED;
}

static int on_polkit(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct question *q = userdata;

    (void)error;
    answer(q, read_polkit(reply, sd_bus_message_get_allow_interactive_authorization(q->message) > 0));
    return 0;
}

static int ask_polkit(struct question *q)
{
    sd_bus *bus = sd_bus_message_get_bus(q->message);
    bool interactive = sd_bus_message_get_allow_interactive_authorization(q->message) > 0;
    sd_bus_message *question = NULL;
    int r;

    r = sd_bus_message_new_method_call(bus, &question, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
        "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
    if (r >= 0)
        r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s", sd_bus_message_get_sender(q->message), q->action,
            0, (uint32_t)interactive, "");
    if (r >= 0)
        r = sd_bus_call_async(bus, NULL, question, on_polkit, q, interactive ? POLKIT_INTERACTIVE_USEC : POLKIT_USEC);
    sd_bus_message_unref(question);
    return r;
}

static int on_uid(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct question *q = userdata;
    uint32_t uid;

    (void)error;
    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &uid) <= 0)
        answer(q, AGENT_REFUSED);
    else if (uid == 0)
        answer(q, AGENT_ALLOWED);
    else if (q->root_only)
        answer(q, AGENT_FORBIDDEN);
    else if (ask_polkit(q) < 0)
        answer(q, AGENT_REFUSED);
    return 0;
}

int agent_authorize(sd_bus_message *message, const char *action, bool root_only, void (*done)(void *userdata, enum agent_verdict verdict),
    void *userdata)
{
    struct question *q = malloc(sizeof(*q));
    int r;

    if (!q)
        return -ENOMEM;
    *q = (struct question){ sd_bus_message_ref(message), action, root_only, done, userdata };
    r = sd_bus_call_method_async(sd_bus_message_get_bus(message), NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "GetConnectionUnixUser", on_uid, q, "s", sd_bus_message_get_sender(message));
    if (r < 0) {
        sd_bus_message_unref(q->message);
        free(q);
    }
    return r;
}
