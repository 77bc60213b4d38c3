/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One well-known name on the bus, watched: is somebody there, and who. Never starts a service, never polls: one match rule, for this name only.
 * What comes from anybody but the present owner is not to be believed: a signal that is sent to us alone passes every match rule.
 */
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#define SERVICE_CALL_USEC (UINT64_C(10) * 1000 * 1000) /* a service that hangs is given up; nobody waits for it meanwhile */

struct service {
    const char *name;
    void (*changed)(void *userdata, bool present); /* from the loop; a new owner: false, then true */
    void *userdata;

    sd_bus *bus; /* NULL: not watched */
    char *owner; /* unique name; NULL: nobody */
    sd_bus_slot *match, *query;
};

int service_watch(struct service *service, sd_bus *bus); /* 0 or negative errno */
void service_unwatch(struct service *service); /* no call any more, changed() included */
bool service_sent(const struct service *service, sd_bus_message *message);

/* A signal of the service, by a match rule on the bus; rest: "member='StateChanged'" and the like. */
int service_match(
    struct service *service, sd_bus_slot **ret, const char *rest, sd_bus_message_handler_t handler, void *userdata);

/*
 * A call that starts nobody. `types` and arguments as sd_bus_message_append. *slot: the call before is given up. A NULL handler means that
 * nobody cares for the answer.
 */
int service_call(struct service *service, sd_bus_slot **slot, const char *path, const char *interface, const char *member,
    sd_bus_message_handler_t handler, void *userdata, const char *types, ...);

/* The same with a message that the caller fills. */
int service_new_call(struct service *service, sd_bus_message **ret, const char *path, const char *interface, const char *member);
int service_send(
    struct service *service, sd_bus_slot **slot, sd_bus_message *call, sd_bus_message_handler_t handler, void *userdata);

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
