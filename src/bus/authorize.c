/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may change something. First the bus driver is asked for the caller's uid, then, unless it is root, polkit for its verdict; both
 * without waiting, so that a slow password prompt stops nothing. Every doubt (polkit absent, dying, silent, not understood) is a refusal.
 */
#include "bus/internal.h"

#include "base/cleanup.h"

#include <mvpn/dbus.h>

#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* A person types a password meanwhile; without interaction polkit answers from its rules. */
#define POLKIT_INTERACTIVE_TIMEOUT_USEC MINUTES(5)
#define POLKIT_TIMEOUT_USEC             SEC(20)

struct authorization {
    sd_bus_message *message;
    const char *action;
    enum authority authority;
    sd_bus_slot *slot; /* the question under way */
    void (*done)(void *userdata, enum verdict verdict);
    void *userdata;
};

struct authorization *authorization_free(struct authorization *a)
{
    if (!a)
        return NULL;
    sd_bus_slot_unref(a->slot);
    sd_bus_message_unref(a->message);
    free(a);
    return NULL;
}

static enum verdict read_polkit(sd_bus_message *reply)
{
    int authorized, challenge;

    if (sd_bus_message_is_method_error(reply, NULL))
        return VERDICT_REFUSED;
    if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") <= 0 ||
        sd_bus_message_read(reply, "bb", &authorized, &challenge) <= 0)
        return VERDICT_REFUSED;
    if (authorized)
        return VERDICT_ALLOWED;
    return challenge ? VERDICT_NEEDS_INTERACTION : VERDICT_REFUSED;
}

static int on_polkit(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct authorization *a = userdata;
    enum verdict verdict = read_polkit(reply);

    (void)error;
    /* The user was asked and gave no password: asking once more is not the answer. */
    if (verdict == VERDICT_NEEDS_INTERACTION &&
        sd_bus_message_get_allow_interactive_authorization(a->message) > 0)
        verdict = VERDICT_REFUSED;
    a->done(a->userdata, verdict);
    return 0;
}

/* CheckAuthorization((sa{sv}) subject, s action, a{ss} details, u flags, s cancellation) */
static int ask_polkit(struct authorization *a)
{
    sd_bus *connection = sd_bus_message_get_bus(a->message);
    bool interactive = sd_bus_message_get_allow_interactive_authorization(a->message) > 0;
    sd_bus_message *question = NULL;
    int r;

    r = sd_bus_message_new_method_call(connection, &question, "org.freedesktop.PolicyKit1",
        "/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority",
        "CheckAuthorization");
    if (r >= 0)
        r = sd_bus_message_append(question, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
            sd_bus_message_get_sender(a->message), a->action, 0, (uint32_t)interactive, "");
    a->slot = sd_bus_slot_unref(a->slot);
    if (r >= 0)
        r = sd_bus_call_async(connection, &a->slot, question, on_polkit, a,
            interactive ? POLKIT_INTERACTIVE_TIMEOUT_USEC : POLKIT_TIMEOUT_USEC);
    sd_bus_message_unref(question);
    return r;
}

/* From the file itself: whoever is asked for users besides may be on a network that lockdown has closed. */
static bool is_management_agent(uint32_t uid)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd *user;
    bool found = false;

    while (file && !found && (user = fgetpwent(file)))
        found = user->pw_uid == uid && strcmp(user->pw_name, MVPN_DM_USER) == 0;
    if (file)
        fclose(file);
    return found;
}

/* True: *ret is the answer. */
static bool judge_uid(enum authority authority, uint32_t uid, enum verdict *ret)
{
    *ret = VERDICT_ALLOWED;
    if (uid == 0)
        return true;
    switch (authority) {
    case AUTHORITY_POLKIT:
        return false;
    case AUTHORITY_ROOT:
        *ret = VERDICT_FORBIDDEN;
        return true;
    case AUTHORITY_MANAGEMENT:
        *ret = is_management_agent(uid) ? VERDICT_ALLOWED : VERDICT_REFUSED;
        return true;
    }
    return false;
}

static int on_uid(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct authorization *a = userdata;
    enum verdict verdict;
    uint32_t uid;

    (void)error;
    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "u", &uid) <= 0)
        a->done(a->userdata, VERDICT_REFUSED); /* the caller is gone */
    else if (judge_uid(a->authority, uid, &verdict))
        a->done(a->userdata, verdict);
    else if (ask_polkit(a) < 0)
        a->done(a->userdata, VERDICT_REFUSED);
    return 0;
}

int authorization_start(sd_bus_message *message, const char *action, enum authority authority,
    void (*done)(void *userdata, enum verdict verdict), void *userdata, struct authorization **ret)
{
    struct authorization *a = malloc(sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    *a = (struct authorization){ .message = sd_bus_message_ref(message),
        .action = action,
        .authority = authority,
        .done = done,
        .userdata = userdata };
    r = sd_bus_call_method_async(sd_bus_message_get_bus(message), &a->slot, "org.freedesktop.DBus",
        "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixUser", on_uid, a, "s",
        sd_bus_message_get_sender(message));
    if (r < 0) {
        authorization_free(a);
        return r;
    }
    *ret = a;
    return 0;
}
