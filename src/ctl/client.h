/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpnctl as a client of org.mvpn1: connects, calls, and turns errors into a sentence with what to do and an exit status.
 * Never starts the daemon and never decides what a command means.
 */
#include "ctl/ctl.h"

#include <systemd/sd-bus.h>

struct json_object;

static inline void cleanup_bus(sd_bus **bus)
{
    sd_bus_flush_close_unref(*bus);
}

static inline void cleanup_message(sd_bus_message **message)
{
    sd_bus_message_unref(*message);
}

#define _cleanup_bus_     __attribute__((cleanup(cleanup_bus)))
#define _cleanup_message_ __attribute__((cleanup(cleanup_message)))
#define _cleanup_error_   __attribute__((cleanup(sd_bus_error_free)))

/* 0 or negative errno. */
int client_connect(sd_bus **ret);

/* A method without arguments; ret_reply may be NULL. interactive: polkit may ask the user. 0 or negative errno with *error set. */
int client_call(sd_bus *bus, const char *method, bool interactive, sd_bus_error *error, sd_bus_message **ret_reply);

/* GetStatus or GetLinks: the text as sent (malloc'd), and parsed (json_object_put() it); either may be NULL. */
int client_get_json(
    sd_bus *bus, const char *method, sd_bus_error *error, char **ret_text, struct json_object **ret_json);

/* Text that should be JSON; NULL when it is not. */
struct json_object *client_parse(const char *text);

/* Prints the sentence for a failed call and returns the exit status that belongs to it. */
enum ctl_exit client_explain(int r, const sd_bus_error *error);

/* Is there nobody who could answer: no bus, or no mvpnd on it? */
bool client_has_owner(sd_bus *bus, const char *name); /* is somebody there? Starts nobody */
bool client_is_absence(int r, const sd_bus_error *error);
