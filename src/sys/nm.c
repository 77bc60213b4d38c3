/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three things, each with its own question under way:
 *
 *   devices   GetDeviceByIpIface(name) -> Get(Device.Metered); later PropertiesChanged of that object's Device interface, which is rare
 *   tunnel    GetDeviceByIpIface(mvpn0) -> Set(Device.Managed, false)
 *   check     Get(ConnectivityCheckEnabled) -> remember -> Set(false);  at the end Set(true) -> forget
 *
 * A device that NetworkManager does not know yet is asked for again when it announces one. What was known of a link outlives NetworkManager.
 */
#include "sys/nm.h"

#include "base/macro.h"
#include "sys/nmcheck.h"
#include "sys/properties.h"
#include "sys/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NM              "org.freedesktop.NetworkManager"
#define NM_PATH         "/org/freedesktop/NetworkManager"
#define OBJECT_PATH_MAX 128

struct device {
    struct nm *nm;
    char interface[IF_NAME_SIZE]; /* "": free */
    char path[OBJECT_PATH_MAX]; /* "": NetworkManager does not know it, or has not answered yet */
    uint32_t metered; /* NMMetered */
    sd_bus_slot *call;
};

struct nm {
    struct service service;
    sd_bus_slot *matches[2];
    const char *state_dir;
    struct device devices[LINK_SET_MAX];
    struct character character;
    sd_bus_slot *tunnel_call, *check_call;
    void (*changed)(void *userdata);
    void *userdata;
};

static int ask_device(struct nm *nm, const char *interface, sd_bus_slot **slot, sd_bus_message_handler_t handler, void *userdata)
{
    return service_call(&nm->service, slot, NM_PATH, NM, "GetDeviceByIpIface", handler, userdata, "s", interface);
}

/* False: no answer, or none that can be used. */
static bool read_path(sd_bus_message *reply, char *buf, size_t size)
{
    const char *path;

    if (sd_bus_message_is_method_error(reply, NULL) || sd_bus_message_read(reply, "o", &path) <= 0 || strlen(path) >= size)
        return false;
    strcpy(buf, path);
    return true;
}

/* ---- devices ---- */

static void set_metered(struct device *device, uint32_t metered)
{
    bool differs = metered != device->metered;

    device->metered = metered;
    if (differs)
        device->nm->changed(device->nm->userdata);
}

static int on_metered(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct device *device = userdata;
    uint32_t metered = device->metered;

    (void)error;
    device->call = sd_bus_slot_unref(device->call);
    if (!sd_bus_message_is_method_error(reply, NULL) && property_read_u32(reply, &metered) > 0)
        set_metered(device, metered);
    return 0;
}

static int on_device(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct device *device = userdata;

    (void)error;
    device->call = sd_bus_slot_unref(device->call);
    if (read_path(reply, device->path, sizeof(device->path)))
        (void)service_call(&device->nm->service, &device->call, device->path, PROPERTIES_INTERFACE, "Get", on_metered, device, "ss",
            NM ".Device", "Metered");
    return 0;
}

static void ask(struct device *device)
{
    device->path[0] = '\0';
    (void)ask_device(device->nm, device->interface, &device->call, on_device, device);
}

static struct device *find_device(struct nm *nm, const char *interface)
{
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++)
        if (strcmp(nm->devices[i].interface, interface) == 0)
            return &nm->devices[i];
    return NULL;
}

static void forget_device(struct device *device)
{
    device->call = sd_bus_slot_unref(device->call);
    device->interface[0] = device->path[0] = '\0';
    device->metered = 0;
}

static bool is_in(const struct link_set *links, const char *interface)
{
    for (uint32_t i = 0; i < links->n_links; i++)
        if (strcmp(links->links[i].name, interface) == 0)
            return true;
    return false;
}

void nm_follow(struct nm *nm, const struct link_set *links)
{
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++)
        if (nm->devices[i].interface[0] && !is_in(links, nm->devices[i].interface))
            forget_device(&nm->devices[i]);
    for (uint32_t i = 0; i < links->n_links; i++) {
        const struct link *link = &links->links[i];
        struct device *device = link->type <= LINK_TYPE_OTHER && link->name[0] ? find_device(nm, "") : NULL;

        if (!device || find_device(nm, link->name))
            continue;
        memcpy(device->interface, link->name, sizeof(device->interface));
        ask(device);
    }
}

enum nm_metered nm_metered(const struct nm *nm, const char *interface)
{
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++) {
        const struct device *device = &nm->devices[i];
        if (!interface[0] || strcmp(device->interface, interface) != 0)
            continue;
        /* NMMetered: 1 yes, 3 guessed yes; 2 no, 4 guessed no */
        return device->metered == 1 || device->metered == 3   ? NM_METERED_YES
               : device->metered == 2 || device->metered == 4 ? NM_METERED_NO
                                                              : NM_METERED_UNKNOWN;
    }
    return NM_METERED_UNKNOWN;
}

/* ---- the tunnel's interface ---- */

static int on_tunnel(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct nm *nm = userdata;
    char path[OBJECT_PATH_MAX];

    (void)error;
    nm->tunnel_call = sd_bus_slot_unref(nm->tunnel_call);
    if (read_path(reply, path, sizeof(path))) /* else: when the device is announced */
        (void)service_call(&nm->service, NULL, path, PROPERTIES_INTERFACE, "Set", NULL, NULL, "ssv", NM ".Device", "Managed", "b", false);
    return 0;
}

void nm_tunnel_made(struct nm *nm)
{
    if (nm->character.active)
        (void)ask_device(nm, nm->character.interface, &nm->tunnel_call, on_tunnel, nm);
}

/* ---- the connectivity check ---- */

static void settle_check(struct nm *nm);

static int on_check_on(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct nm *nm = userdata;

    (void)error;
    nm->check_call = sd_bus_slot_unref(nm->check_call);
    if (sd_bus_message_is_method_error(reply, NULL))
        return 0; /* remembered still: again when NetworkManager comes back, or at the next start */
    nmcheck_forget(nm->state_dir);
    settle_check(nm);
    return 0;
}

static int on_check_off(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct nm *nm = userdata;

    (void)error;
    nm->check_call = sd_bus_slot_unref(nm->check_call);
    if (sd_bus_message_is_method_error(reply, NULL))
        nmcheck_forget(nm->state_dir); /* refused: it is as it was, and would be refused again */
    else
        settle_check(nm);
    return 0;
}

static void set_check(struct nm *nm, bool enabled, sd_bus_message_handler_t handler)
{
    (void)service_call(&nm->service, &nm->check_call, NM_PATH, PROPERTIES_INTERFACE, "Set", handler, nm, "ssv", NM,
        "ConnectivityCheckEnabled", "b", enabled);
}

static int on_check(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct nm *nm = userdata;
    bool enabled = false;

    (void)error;
    nm->check_call = sd_bus_slot_unref(nm->check_call);
    if (sd_bus_message_is_method_error(reply, NULL) || property_read_bool(reply, &enabled) < 0 || !enabled || !nm->character.blocking)
        return 0; /* switched off by somebody else, who will switch it on */
    if (nmcheck_remember(nm->state_dir) >= 0) /* first: what is not remembered is not restored */
        set_check(nm, false, on_check_off);
    return 0;
}

/* From what is wanted and what is remembered to the next step; nothing while one is under way. */
static void settle_check(struct nm *nm)
{
    bool ours = nmcheck_is_remembered(nm->state_dir);

    if (nm->check_call || !nm_present(nm) || nm->character.blocking == ours)
        return;
    if (ours)
        set_check(nm, true, on_check_on);
    else
        (void)service_call(&nm->service, &nm->check_call, NM_PATH, PROPERTIES_INTERFACE, "Get", on_check, nm, "ss", NM,
            "ConnectivityCheckEnabled");
}

void nm_set_character(struct nm *nm, const struct character *character)
{
    bool is_new = character->active && !nm->character.active;

    nm->character = *character;
    if (is_new)
        nm_tunnel_made(nm);
    settle_check(nm);
}

/* ---- the face ---- */

static int on_device_added(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct nm *nm = userdata;

    (void)error;
    if (!service_sent(&nm->service, message))
        return 0;
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++)
        if (nm->devices[i].interface[0] && !nm->devices[i].path[0] && !nm->devices[i].call)
            ask(&nm->devices[i]);
    nm_tunnel_made(nm);
    return 0;
}

struct device_change {
    uint32_t metered;
    char interface[IF_NAME_SIZE];
};

static int read_change(void *userdata, const char *name, sd_bus_message *m)
{
    struct device_change *change = userdata;

    if (strcmp(name, "Metered") == 0)
        return property_read_u32(m, &change->metered);
    if (strcmp(name, "IpInterface") == 0)
        return property_read_text(m, change->interface, sizeof(change->interface));
    return 0;
}

/* A device that connects: its verdict, and for a modem the interface that it is known by. */
static int on_device_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct nm *nm = userdata;
    struct device_change change = { .metered = UINT32_MAX };
    struct device *device = NULL;

    (void)error;
    if (!service_sent(&nm->service, message) || sd_bus_message_skip(message, "s") < 0 || properties_read(message, read_change, &change) < 0)
        return 0;
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++)
        if (nm->devices[i].path[0] && strcmp(nm->devices[i].path, sd_bus_message_get_path(message)) == 0)
            device = &nm->devices[i];
    if (device && change.metered != UINT32_MAX)
        set_metered(device, change.metered);
    if (!device && change.interface[0] && (device = find_device(nm, change.interface)))
        ask(device);
    return 0;
}

static void drop_calls(struct nm *nm)
{
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++) {
        nm->devices[i].call = sd_bus_slot_unref(nm->devices[i].call);
        nm->devices[i].path[0] = '\0'; /* objects are numbered anew */
    }
    nm->tunnel_call = sd_bus_slot_unref(nm->tunnel_call);
    nm->check_call = sd_bus_slot_unref(nm->check_call);
}

static void on_service(void *userdata, bool present)
{
    struct nm *nm = userdata;

    drop_calls(nm);
    if (!present)
        return;
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++)
        if (nm->devices[i].interface[0])
            ask(&nm->devices[i]);
    nm_tunnel_made(nm);
    settle_check(nm);
}

int nm_new(const char *state_dir, void (*changed)(void *userdata), void *userdata, struct nm **ret)
{
    struct nm *nm = calloc(1, sizeof(*nm));

    if (!nm)
        return -ENOMEM;
    nm->service = (struct service){ .name = NM, .changed = on_service, .userdata = nm };
    for (size_t i = 0; i < ELEMENTSOF(nm->devices); i++)
        nm->devices[i].nm = nm;
    nm->state_dir = state_dir;
    nm->changed = changed;
    nm->userdata = userdata;
    *ret = nm;
    return 0;
}

static void leave(struct nm *nm)
{
    drop_calls(nm);
    for (size_t i = 0; i < ELEMENTSOF(nm->matches); i++)
        nm->matches[i] = sd_bus_slot_unref(nm->matches[i]);
    service_unwatch(&nm->service);
}

void nm_free(struct nm *nm)
{
    if (!nm)
        return;
    leave(nm);
    free(nm);
}

int nm_set_bus(struct nm *nm, sd_bus *bus)
{
    int r;

    leave(nm);
    if (!bus)
        return 0;
    r = service_watch(&nm->service, bus);
    if (r >= 0)
        r = service_match(&nm->service, &nm->matches[0],
            "member='PropertiesChanged',interface='" PROPERTIES_INTERFACE "',path_namespace='" NM_PATH "/Devices',arg0='" NM ".Device'",
            on_device_changed, nm);
    if (r >= 0)
        r = service_match(&nm->service, &nm->matches[1], "member='DeviceAdded',interface='" NM "',path='" NM_PATH "'", on_device_added, nm);
    if (r < 0)
        leave(nm);
    return r < 0 ? r : 0;
}

bool nm_present(const struct nm *nm)
{
    return nm->service.owner != NULL;
}
