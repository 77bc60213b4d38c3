/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The match rule goes out before the question who owns the name, and the bus keeps the order: so no change is missed between them.
 */
#include "sys/service.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DBUS      "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

static void set_owner(struct service *service, const char *owner)
{
    bool was_there = service->owner != NULL;
    char *copy = owner[0] ? strdup(owner) : NULL;

    if (was_there && copy && strcmp(service->owner, copy) == 0) {
        free(copy);
        return;
    }
    free(service->owner);
    service->owner = NULL;
    if (was_there)
        service->changed(service->userdata, false);
    service->owner = copy;
    if (copy)
        service->changed(service->userdata, true);
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct service *service = userdata;
    const char *name, *old_owner, *new_owner;

    (void)error;
    if (sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner) > 0 && strcmp(name, service->name) == 0) {
        service->query = sd_bus_slot_unref(service->query); /* its answer would be old */
        set_owner(service, new_owner);
    }
    return 0;
}

static int on_owner(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct service *service = userdata;
    const char *owner;

    (void)error;
    if (!sd_bus_message_is_method_error(reply, NULL) && sd_bus_message_read(reply, "s", &owner) > 0)
        set_owner(service, owner);
    return 0;
}

int service_watch(struct service *service, sd_bus *bus)
{
    char rule[256];
    int r;

    snprintf(rule, sizeof(rule), "type='signal',sender='" DBUS "',path='" DBUS_PATH "',interface='" DBUS "',member='NameOwnerChanged',arg0='%s'",
        service->name);
    service->bus = sd_bus_ref(bus);
    r = sd_bus_add_match_async(bus, &service->match, rule, on_owner_changed, NULL, service);
    if (r >= 0)
        r = sd_bus_call_method_async(bus, &service->query, DBUS, DBUS_PATH, DBUS, "GetNameOwner", on_owner, service, "s", service->name);
    if (r < 0)
        service_unwatch(service);
    return r < 0 ? r : 0;
}

void service_unwatch(struct service *service)
{
    service->match = sd_bus_slot_unref(service->match);
    service->query = sd_bus_slot_unref(service->query);
    service->bus = sd_bus_unref(service->bus);
    free(service->owner);
    service->owner = NULL;
}

bool service_sent(const struct service *service, sd_bus_message *message)
{
    const char *sender = sd_bus_message_get_sender(message);

    return service->owner && sender && strcmp(sender, service->owner) == 0;
}

int service_match(
    struct service *service, sd_bus_slot **ret, const char *rest, sd_bus_message_handler_t handler, void *userdata)
{
    char rule[512];

    if (snprintf(rule, sizeof(rule), "type='signal',sender='%s',%s", service->name, rest) >= (int)sizeof(rule))
        return -ENOBUFS;
    return sd_bus_add_match_async(service->bus, ret, rule, handler, NULL, userdata);
}

int service_new_call(struct service *service, sd_bus_message **ret, const char *path, const char *interface, const char *member)
{
    int r;

    if (!service->owner)
        return -ENOTCONN;
    /* To the name, not to its owner: services refuse nothing by that, and the bus's policy is written for names. */
    r = sd_bus_message_new_method_call(service->bus, ret, service->name, path, interface, member);
    return r < 0 ? r : sd_bus_message_set_auto_start(*ret, false);
}

int service_send(
    struct service *service, sd_bus_slot **slot, sd_bus_message *call, sd_bus_message_handler_t handler, void *userdata)
{
    int r;

    if (slot)
        *slot = sd_bus_slot_unref(*slot);
    if (!handler) {
        r = sd_bus_message_set_expect_reply(call, false);
        return r < 0 ? r : sd_bus_send(service->bus, call, NULL);
    }
    return sd_bus_call_async(service->bus, slot, call, handler, userdata, SERVICE_CALL_USEC);
}

int service_call(struct service *service, sd_bus_slot **slot, const char *path, const char *interface, const char *member,
    sd_bus_message_handler_t handler, void *userdata, const char *types, ...)
{
    sd_bus_message *call = NULL;
    va_list ap;
    int r;

    r = service_new_call(service, &call, path, interface, member);
    va_start(ap, types);
    if (r >= 0 && types)
        r = sd_bus_message_appendv(call, types, ap);
    va_end(ap);
    if (r >= 0)
        r = service_send(service, slot, call, handler, userdata);
    sd_bus_message_unref(call);
    return r < 0 ? r : 0;
}
