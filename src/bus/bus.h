/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * org.mvpn1 on D-Bus: methods in, properties and signals out (design.md, section 8). Asks polkit before a change (root only where polkit is
 * absent), without ever blocking the loop. Never decides: a permitted call becomes a bus_call for the daemon, whose answer is sent back.
 */
#include "bus/report.h"

struct sd_bus; /* of libsystemd */
struct sd_event;

enum bus_call {
    BUS_CALL_ENABLE,
    BUS_CALL_DISABLE, /* answered when the internet is open again: see bus_finish() */
    BUS_CALL_CONNECT,
    BUS_CALL_DISCONNECT,
    BUS_CALL_RELOAD,
};

/* From the management agent or root. */
enum bus_policy_call { BUS_POLICY_CHECK, BUS_POLICY_APPLY, BUS_POLICY_ROLLBACK, BUS_POLICY_GET, BUS_POLICY_SET_DUE };

/* What came with it; what the call does not have is zero. */
struct bus_policy_arguments {
    const char *text; /* the policy */
    usec_t home_in_usec, roaming_in_usec; /* of BUS_POLICY_SET_DUE: when the agent wants to be called, from now; USEC_INFINITY: not at all */
};

struct bus_policy_answer {
    uint32_t generation; /* of BUS_POLICY_APPLY */
    const char *text; /* of BUS_POLICY_GET; the daemon's, until the loop goes on */
    const char *error_name; /* as of call(), or "PolicyInvalid", "NothingToRollBack" */
    char error_text[768];
};

struct bus_ops {
    /*
     * A permitted call. Returns 0 (done), BUS_CALL_PENDING (bus_finish() will end it, or did so already within the call), or negative errno
     * with an error name below and a sentence. error_name: "NotEnabled", "ConfigurationInvalid", "Failed", "LockdownFailed"; it becomes
     * org.mvpn1.Error.<name>.
     */
    int (*call)(void *userdata, enum bus_call call, const char **ret_error_name, char *ret_error_text, size_t size);
    void (*get_report)(void *userdata, struct report *ret);
    uint32_t (*n_links)(void *userdata);
    const struct link *(*get_link)(void *userdata, uint32_t i, struct link_verdict *ret);
    /* Optional. The bus went away (NULL) or is back: src/sys asks it for its services again. Not called by bus_new() and after bus_free(). */
    void (*connection_changed)(void *userdata, struct sd_bus *connection);
    /* 0, or negative errno with error_name and a sentence that names line and key. */
    int (*policy)(void *userdata, enum bus_policy_call call, const struct bus_policy_arguments *arguments, struct bus_policy_answer *answer);
};

#define BUS_CALL_PENDING 1

struct bus;

/*
 * Connects to DBUS_SYSTEM_BUS_ADDRESS or the system bus, takes org.mvpn1. -EEXIST: another mvpnd owns it. ops and userdata are borrowed.
 * A bus that is not there is no error: it is tried again, with growing delay, as after its loss.
 */
int bus_new(struct sd_event *loop, const struct bus_ops *ops, void *userdata, struct bus **ret);
void bus_free(struct bus *bus);
struct sd_bus *bus_connection(struct bus *bus); /* borrowed, for src/sys; NULL while there is no bus */

/* After every step of the core: compares with what was published and emits PropertiesChanged for what differs (bytes and ages never trigger). */
void bus_publish(struct bus *bus);

/* Signal Event(s, a{sv}); detail: pairs of key and text, NULL-terminated. */
void bus_event(struct bus *bus, const char *name, const char *const *detail);

/* Ends all pending calls of this kind: error_name NULL means success. */
void bus_finish(struct bus *bus, enum bus_call call, const char *error_name, const char *error_text);

struct bus_notification {
    const uint8_t *bytes; /* package #0 of OMA DM, as it came; nobody has judged it */
    size_t n_bytes;
};

/*
 * Has the management agent do what is due, or judge a notification and do what it asks for; the bus starts it for that. told() has the problem,
 * or NULL when the agent did it (or found the notification genuine); it is not called after bus_free(). A call that is under way already is not
 * repeated. notification: NULL, or copied. 0, -EALREADY, -ENOTCONN, -ENOMEM.
 */
int bus_call_agent(struct bus *bus, const struct bus_notification *notification, void (*told)(void *userdata, const char *problem));

/* The JSON of design.md section 7, also used by tests; *ret is malloc'd. now_usec: CLOCK_BOOTTIME; wall_sec: seconds since 1970. */
int bus_render_status(const struct report *report, usec_t now_usec, int64_t wall_sec, char **ret);
