/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One way to read, whatever happened: all modems by the object manager, then each bearer, into a set of their own; what is known is replaced
 * when the whole set has come. That costs a few messages at an event that is rare (a registration, a connection), and saves a second way.
 *
 *   PropertiesChanged of Modem3gpp, StateChanged of Modem, InterfacesAdded, InterfacesRemoved, ModemManager appears
 *     -> GetManagedObjects -> GetAll(Bearer) for each -> changed()
 *
 * ModemManager that dies takes nothing back: the link it made may well live on, and roaming does not end by a crash.
 */
#include "sys/modem.h"

#include "base/macro.h"
#include "sys/properties.h"
#include "sys/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MM              "org.freedesktop.ModemManager1"
#define MM_PATH         "/org/freedesktop/ModemManager1"
#define MODEMS_MAX      4
#define PORTS_MAX       8
#define BEARERS_MAX     8
#define OBJECT_PATH_MAX 128
#define PORT_TYPE_NET   2 /* MMModemPortType */

enum registration { REGISTRATION_UNKNOWN, REGISTRATION_HOME, REGISTRATION_ROAMING };

struct bearer {
    char path[OBJECT_PATH_MAX];
    char interface[IF_NAME_SIZE];
    char apn[MODEM_APN_SIZE];
};

struct modem {
    char path[OBJECT_PATH_MAX];
    enum registration registration;
    char operator[MODEM_OPERATOR_SIZE];
    uint8_t signal_percent;
    uint32_t n_ports, n_bearers;
    char ports[PORTS_MAX][IF_NAME_SIZE];
    struct bearer bearers[BEARERS_MAX];
};

struct modem_set {
    uint32_t n_modems;
    struct modem modems[MODEMS_MAX];
};

struct modems {
    struct service service;
    sd_bus_slot *matches[3];
    sd_bus_slot *call; /* the question under way */
    bool stale; /* something happened since it was asked */
    struct modem_set known, incoming;
    uint32_t at_modem, at_bearer; /* of incoming: whose answer is waited for */
    void (*changed)(void *userdata);
    void *userdata;
};

/* ---- reading ---- */

static enum registration registration_of(uint32_t state) /* MMModem3gppRegistrationState */
{
    switch (state) {
    case 1: /* home */
    case 6: /* home, SMS only */
    case 9: /* home, CSFB not preferred */
        return REGISTRATION_HOME;
    case 5: /* roaming */
    case 7: /* roaming, SMS only */
    case 10: /* roaming, CSFB not preferred */
        return REGISTRATION_ROAMING;
    default: /* a number of somebody else's: idle, searching, denied, or later than this file */
        return REGISTRATION_UNKNOWN;
    }
}

static int read_3gpp(void *userdata, const char *name, sd_bus_message *m)
{
    struct modem *modem = userdata;
    uint32_t state = 0;
    int r = 0;

    if (strcmp(name, "RegistrationState") == 0) {
        r = property_read_u32(m, &state);
        modem->registration = registration_of(state);
    } else if (strcmp(name, "OperatorCode") == 0) {
        r = property_read_text(m, modem->operator, sizeof(modem->operator));
        if (strspn(modem->operator, "0123456789") != strlen(modem->operator))
            memset(modem->operator, 0, sizeof(modem->operator));
    }
    return r;
}

/* a(su) */
static int read_ports(struct modem *modem, sd_bus_message *m)
{
    const char *name;
    uint32_t type;
    int r;

    if (sd_bus_message_enter_container(m, 'v', "a(su)") <= 0)
        return 0;
    r = sd_bus_message_enter_container(m, 'a', "(su)");
    while (r >= 0 && (r = sd_bus_message_read(m, "(su)", &name, &type)) > 0)
        if (type == PORT_TYPE_NET && strlen(name) < IF_NAME_SIZE && modem->n_ports < PORTS_MAX)
            strcpy(modem->ports[modem->n_ports++], name);
    r = r < 0 ? r : sd_bus_message_exit_container(m);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* ao */
static int read_bearers(struct modem *modem, sd_bus_message *m)
{
    const char *path;
    int r;

    if (sd_bus_message_enter_container(m, 'v', "ao") <= 0)
        return 0;
    r = sd_bus_message_enter_container(m, 'a', "o");
    while (r >= 0 && (r = sd_bus_message_read(m, "o", &path)) > 0)
        if (strlen(path) < OBJECT_PATH_MAX && modem->n_bearers < BEARERS_MAX)
            strcpy(modem->bearers[modem->n_bearers++].path, path);
    r = r < 0 ? r : sd_bus_message_exit_container(m);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* (ub): percent, and whether it was measured lately */
static int read_signal(struct modem *modem, sd_bus_message *m)
{
    uint32_t percent;
    int recent, r;

    if (sd_bus_message_enter_container(m, 'v', "(ub)") <= 0)
        return 0;
    r = sd_bus_message_read(m, "(ub)", &percent, &recent);
    if (r >= 0 && percent <= 100)
        modem->signal_percent = (uint8_t)percent;
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_modem(void *userdata, const char *name, sd_bus_message *m)
{
    if (strcmp(name, "Ports") == 0)
        return read_ports(userdata, m);
    if (strcmp(name, "Bearers") == 0)
        return read_bearers(userdata, m);
    if (strcmp(name, "SignalQuality") == 0)
        return read_signal(userdata, m);
    return 0;
}

/* a{sa{sv}}: one object's interfaces. True in *ret_is_modem: it has those of a modem. */
static int read_interfaces(struct modem *modem, sd_bus_message *m, bool *ret_is_modem)
{
    const char *interface;
    int r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");

    while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
        r = sd_bus_message_read(m, "s", &interface);
        if (r < 0)
            return r;
        if (strcmp(interface, MM ".Modem") == 0) {
            *ret_is_modem = true;
            r = properties_read(m, read_modem, modem);
        } else if (strcmp(interface, MM ".Modem.Modem3gpp") == 0) {
            r = properties_read(m, read_3gpp, modem);
        } else {
            r = sd_bus_message_skip(m, "a{sv}");
        }
        r = r < 0 ? r : sd_bus_message_exit_container(m);
    }
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* a{oa{sa{sv}}}. In place: every byte that is not read stays zero, so that sets can be compared. */
static int read_objects(struct modem_set *set, sd_bus_message *m)
{
    const char *path;
    int r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");

    while (r >= 0 && set->n_modems < MODEMS_MAX && (r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
        struct modem *modem = &set->modems[set->n_modems];
        bool is_modem = false;

        modem->signal_percent = LINK_SIGNAL_UNKNOWN;
        r = sd_bus_message_read(m, "o", &path);
        r = r < 0 ? r : read_interfaces(modem, m, &is_modem);
        r = r < 0 ? r : sd_bus_message_exit_container(m);
        if (r >= 0 && is_modem && strlen(path) < sizeof(modem->path)) {
            strcpy(modem->path, path);
            set->n_modems++;
        } else {
            memset(modem, 0, sizeof(*modem));
        }
    }
    return r;
}

static int read_bearer_settings(void *userdata, const char *name, sd_bus_message *m)
{
    struct bearer *bearer = userdata;

    return strcmp(name, "apn") == 0 ? property_read_text(m, bearer->apn, sizeof(bearer->apn)) : 0;
}

static int read_bearer(void *userdata, const char *name, sd_bus_message *m)
{
    struct bearer *bearer = userdata;
    int r;

    if (strcmp(name, "Interface") == 0)
        return property_read_text(m, bearer->interface, sizeof(bearer->interface));
    if (strcmp(name, "Properties") != 0 || sd_bus_message_enter_container(m, 'v', "a{sv}") <= 0)
        return 0;
    r = properties_read(m, read_bearer_settings, bearer);
    return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* ---- asking ---- */

static void refresh(struct modems *modems);
static void ask_next_bearer(struct modems *modems);

/* A modem that searches for a network is where it was. */
static void keep_registrations(const struct modem_set *known, struct modem_set *incoming)
{
    for (uint32_t i = 0; i < incoming->n_modems; i++)
        for (uint32_t k = 0; k < known->n_modems; k++)
            if (incoming->modems[i].registration == REGISTRATION_UNKNOWN &&
                strcmp(incoming->modems[i].path, known->modems[k].path) == 0) {
                incoming->modems[i].registration = known->modems[k].registration;
                memcpy(incoming->modems[i].operator, known->modems[k].operator, MODEM_OPERATOR_SIZE);
            }
}

static void finish(struct modems *modems)
{
    bool differs;

    modems->call = sd_bus_slot_unref(modems->call);
    if (modems->stale) {
        refresh(modems);
        return;
    }
    keep_registrations(&modems->known, &modems->incoming);
    differs = memcmp(&modems->known, &modems->incoming, sizeof(modems->known)) != 0;
    modems->known = modems->incoming;
    if (differs)
        modems->changed(modems->userdata);
}

static int on_bearer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct modems *modems = userdata;
    struct bearer *bearer = &modems->incoming.modems[modems->at_modem].bearers[modems->at_bearer];

    (void)error;
    if (!sd_bus_message_is_method_error(reply, NULL))
        (void)properties_read(reply, read_bearer, bearer); /* what could be read counts */
    modems->at_bearer++;
    ask_next_bearer(modems);
    return 0;
}

static void ask_next_bearer(struct modems *modems)
{
    for (; modems->at_modem < modems->incoming.n_modems; modems->at_modem++, modems->at_bearer = 0) {
        const struct modem *modem = &modems->incoming.modems[modems->at_modem];
        for (; modems->at_bearer < modem->n_bearers; modems->at_bearer++)
            if (service_call(&modems->service, &modems->call, modem->bearers[modems->at_bearer].path, PROPERTIES_INTERFACE, "GetAll",
                    on_bearer, modems, "s", MM ".Bearer") >= 0)
                return;
    }
    finish(modems);
}

static int on_objects(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct modems *modems = userdata;

    (void)error;
    memset(&modems->incoming, 0, sizeof(modems->incoming));
    modems->at_modem = modems->at_bearer = 0;
    if (sd_bus_message_is_method_error(reply, NULL) || read_objects(&modems->incoming, reply) < 0) {
        modems->call = sd_bus_slot_unref(modems->call); /* nonsense: what is known stays, until it speaks again */
        if (modems->stale)
            refresh(modems);
        return 0;
    }
    ask_next_bearer(modems);
    return 0;
}

static void refresh(struct modems *modems)
{
    modems->stale = modems->call != NULL;
    if (!modems->stale)
        (void)service_call(&modems->service, &modems->call, MM_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", on_objects,
            modems, NULL);
}

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct modems *modems = userdata;

    (void)error;
    if (service_sent(&modems->service, message))
        refresh(modems);
    return 0;
}

/* ---- the face ---- */

static void on_service(void *userdata, bool present)
{
    struct modems *modems = userdata;

    modems->call = sd_bus_slot_unref(modems->call);
    modems->stale = false;
    if (present)
        refresh(modems);
}

int modems_new(void (*changed)(void *userdata), void *userdata, struct modems **ret)
{
    struct modems *modems = calloc(1, sizeof(*modems));

    if (!modems)
        return -ENOMEM;
    modems->service = (struct service){ .name = MM, .changed = on_service, .userdata = modems };
    modems->changed = changed;
    modems->userdata = userdata;
    *ret = modems;
    return 0;
}

static void leave(struct modems *modems)
{
    for (size_t i = 0; i < ELEMENTSOF(modems->matches); i++)
        modems->matches[i] = sd_bus_slot_unref(modems->matches[i]);
    modems->call = sd_bus_slot_unref(modems->call);
    modems->stale = false;
    service_unwatch(&modems->service);
}

void modems_free(struct modems *modems)
{
    if (!modems)
        return;
    leave(modems);
    free(modems);
}

int modems_set_bus(struct modems *modems, sd_bus *bus)
{
    static const char *const rules[] = {
        "member='PropertiesChanged',interface='" PROPERTIES_INTERFACE "',path_namespace='" MM_PATH "/Modem',arg0='" MM ".Modem.Modem3gpp'",
        "member='StateChanged',interface='" MM ".Modem'",
        "interface='org.freedesktop.DBus.ObjectManager',path='" MM_PATH "'",
    };
    int r;

    leave(modems);
    if (!bus)
        return 0;
    r = service_watch(&modems->service, bus);
    for (size_t i = 0; r >= 0 && i < ELEMENTSOF(rules); i++)
        r = service_match(&modems->service, &modems->matches[i], rules[i], on_signal, modems);
    if (r < 0)
        leave(modems);
    return r < 0 ? r : 0;
}

bool modems_present(const struct modems *modems)
{
    return modems->service.owner != NULL;
}

static bool has_port(const struct modem *modem, const char *interface)
{
    for (uint32_t i = 0; i < modem->n_ports; i++)
        if (strcmp(modem->ports[i], interface) == 0)
            return true;
    return false;
}

bool modems_find(const struct modems *modems, const char *interface, struct modem_info *ret)
{
    for (uint32_t i = 0; i < modems->known.n_modems; i++) {
        const struct modem *modem = &modems->known.modems[i];
        const struct bearer *bearer = NULL;

        for (uint32_t k = 0; k < modem->n_bearers && !bearer; k++)
            if (strcmp(modem->bearers[k].interface, interface) == 0)
                bearer = &modem->bearers[k];
        if (!bearer && !has_port(modem, interface))
            continue;
        *ret = (struct modem_info){ .registered = modem->registration != REGISTRATION_UNKNOWN,
            .roaming = modem->registration == REGISTRATION_ROAMING,
            .signal_percent = modem->signal_percent };
        memcpy(ret->operator, modem->operator, sizeof(ret->operator));
        if (bearer)
            memcpy(ret->apn, bearer->apn, sizeof(ret->apn));
        return true;
    }
    return false;
}
