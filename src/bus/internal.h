/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the rooms of src/bus share: the connection and its owner (bus.c), calls under way (methods.c), what was last said (properties.c).
 * Never included from outside src/bus.
 */
#include "bus/bus.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#define BUS_PROPERTIES_MAX 24

struct request;

struct bus {
    sd_event *loop;
    const struct bus_ops *ops; /* borrowed */
    void *userdata;

    sd_bus *connection; /* NULL while there is none */
    bool announced;     /* the owner was told of this connection */
    sd_bus_slot *vtable_slot, *lost_slot, *name_slot;
    sd_bus_slot *agent_slot; /* of the call under way; NULL: none */
    void (*agent_told)(void *userdata, const char *problem);
    sd_event_source *reconnect_timer;
    usec_t reconnect_delay_usec;

    struct request *requests; /* waiting for authorisation or for bus_finish() */
    unsigned n_requests;
    struct request *executing; /* its bus_ops.call() is running; NULL once it was answered */

    char *published[BUS_PROPERTIES_MAX]; /* what was last told of each property; NULL: nothing yet */
};

/* properties.c. The vtable needs the getter. */
extern const sd_bus_vtable manager_vtable[];
int property_get(sd_bus *connection, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *userdata, sd_bus_error *error);
void properties_forget(struct bus *bus);

/* methods.c */
int method_get_status(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_get_links(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_control(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_policy(sd_bus_message *message, void *userdata, sd_bus_error *error);
void requests_drop(struct bus *bus, const char *error_name, const char *error_text);

/* authorize.c */
enum verdict {
    VERDICT_ALLOWED,
    VERDICT_REFUSED,
    VERDICT_NEEDS_INTERACTION, /* polkit would ask the user, but the caller did not allow that */
    VERDICT_FORBIDDEN,         /* nobody but root, whatever polkit says */
};

enum authority {
    AUTHORITY_POLKIT, /* root, and whom polkit lets; only root where polkit is absent or answers nothing */
    AUTHORITY_ROOT,
    AUTHORITY_MANAGEMENT, /* root and the user MVPN_DM_USER; polkit is not asked */
};

struct authorization;

/*
 * May the sender of message do this? action: polkit's, for AUTHORITY_POLKIT. Answered exactly once by done(), never before this returns.
 * Freeing the authorization in done() is allowed.
 */
int authorization_start(sd_bus_message *message, const char *action, enum authority authority,
    void (*done)(void *userdata, enum verdict verdict), void *userdata, struct authorization **ret);
struct authorization *authorization_free(struct authorization *authorization);
