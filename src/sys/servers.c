/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A chain of D-Bus questions, each with a short limit: a service that is not there or hangs costs at most STEP_LIMIT, and the chain goes
 * on with the next row. The answer is always given from the loop, never from within servers_new().
 *
 *   resolved:        Manager.GetLink(ifindex) -> Link.DNS
 *   NetworkManager:  GetDeviceByIpIface(name) -> Device.Ip4Config -> IP4Config.NameserverData
 *                                             -> Device.Ip6Config -> IP6Config.Nameservers
 *   files
 */
#include "sys/servers.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define STEP_LIMIT_USEC MSEC(700)

#define RESOLVED        "org.freedesktop.resolve1"
#define NETWORKMANAGER  "org.freedesktop.NetworkManager"

enum step {
    STEP_RESOLVED_LINK,
    STEP_RESOLVED_DNS,
    STEP_NM_DEVICE,
    STEP_NM_IP4_CONFIG,
    STEP_NM_IP4_DNS,
    STEP_NM_IP6_CONFIG,
    STEP_NM_IP6_DNS,
    STEP_FILES,
};

struct servers {
    sd_bus *bus;
    sd_bus_slot *slot; /* the question under way */
    sd_event_source *end; /* one turn of the loop, then `done` */
    const struct resolvconf_paths *paths;
    int ifindex;
    char interface[IF_NAME_SIZE];
    enum step step;
    char *path; /* object that the last answer named: link or IP configuration */
    char *device; /* NetworkManager's */
    struct resolved found;
    servers_done done;
    void *userdata;
};

static void go(struct servers *s, enum step step);

/* A property to read at a step, of the object that an earlier step found. */
struct property {
    const char *service, *interface, *name;
};

static struct property property_of(enum step step)
{
    switch (step) {
    case STEP_RESOLVED_DNS:
        return (struct property){ RESOLVED, RESOLVED ".Link", "DNS" };
    case STEP_NM_IP4_CONFIG:
        return (struct property){ NETWORKMANAGER, NETWORKMANAGER ".Device", "Ip4Config" };
    case STEP_NM_IP4_DNS:
        return (struct property){ NETWORKMANAGER, NETWORKMANAGER ".IP4Config", "NameserverData" };
    case STEP_NM_IP6_CONFIG:
        return (struct property){ NETWORKMANAGER, NETWORKMANAGER ".Device", "Ip6Config" };
    case STEP_NM_IP6_DNS:
        return (struct property){ NETWORKMANAGER, NETWORKMANAGER ".IP6Config", "Nameservers" };
    case STEP_RESOLVED_LINK:
    case STEP_NM_DEVICE:
    case STEP_FILES:
        break;
    }
    return (struct property){ 0 };
}

/* Where to go on when a step's question has no answer. */
static enum step step_after_failure(enum step step)
{
    switch (step) {
    case STEP_RESOLVED_LINK:
    case STEP_RESOLVED_DNS:
        return STEP_NM_DEVICE;
    case STEP_NM_IP4_CONFIG:
    case STEP_NM_IP4_DNS:
        return STEP_NM_IP6_CONFIG;
    case STEP_NM_DEVICE:
    case STEP_NM_IP6_CONFIG:
    case STEP_NM_IP6_DNS:
    case STEP_FILES:
        break;
    }
    return STEP_FILES;
}

static void add_bytes(struct servers *s, const void *bytes, size_t n_bytes)
{
    struct ip_addr addr = { 0 };

    if (n_bytes == 4 || n_bytes == 16) {
        addr = ip_addr_from_bytes(n_bytes == 4 ? 4 : 6, bytes);
        server_list_add(&s->found, &addr);
    }
}

/* a(iay): family and address */
static int read_resolved_dns(struct servers *s, sd_bus_message *m)
{
    const void *bytes;
    size_t n_bytes;
    int family, r = sd_bus_message_enter_container(m, 'a', "(iay)");

    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(m, 'r', "iay")) > 0) {
        r = sd_bus_message_read(m, "i", &family);
        if (r >= 0)
            r = sd_bus_message_read_array(m, 'y', &bytes, &n_bytes);
        if (r < 0)
            return r;
        add_bytes(s, bytes, n_bytes);
        sd_bus_message_exit_container(m);
    }
    return r;
}

/* aay */
static int read_nm_dns6(struct servers *s, sd_bus_message *m)
{
    const void *bytes;
    size_t n_bytes;
    int r = sd_bus_message_enter_container(m, 'a', "ay");

    if (r < 0)
        return r;
    while ((r = sd_bus_message_read_array(m, 'y', &bytes, &n_bytes)) > 0)
        add_bytes(s, bytes, n_bytes);
    return r;
}

static int read_nm_entry(struct servers *s, sd_bus_message *m)
{
    const char *key, *text;
    struct ip_addr addr;
    int r = sd_bus_message_read(m, "s", &key);

    if (r < 0 || strcmp(key, "address") != 0)
        return r < 0 ? r : sd_bus_message_skip(m, "v");
    r = sd_bus_message_read(m, "v", "s", &text);
    if (r >= 0 && ip_addr_parse(text, &addr) == 0)
        server_list_add(&s->found, &addr);
    return r;
}

/* aa{sv}, of which "address" counts */
static int read_nm_dns4(struct servers *s, sd_bus_message *m)
{
    int r = sd_bus_message_enter_container(m, 'a', "a{sv}");

    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(m, 'a', "{sv}")) > 0) {
        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
            r = read_nm_entry(s, m);
            if (r < 0)
                return r;
            sd_bus_message_exit_container(m);
        }
        if (r < 0)
            return r;
        sd_bus_message_exit_container(m);
    }
    return r;
}

/* An object's path; "/" stands for none. */
static int read_path(struct servers *s, sd_bus_message *m)
{
    const char *path;
    char *copy;
    int r = sd_bus_message_read(m, "o", &path);

    if (r < 0)
        return r;
    if (strcmp(path, "/") == 0)
        return -ENOENT;
    copy = strdup(path);
    if (!copy)
        return -ENOMEM;
    free(s->path);
    s->path = copy;
    return 0;
}

static int read_device(struct servers *s, sd_bus_message *m)
{
    int r = read_path(s, m);

    if (r < 0)
        return r;
    free(s->device);
    s->device = steal_ptr(&s->path);
    return 0;
}

/* What the answer to this step says, inside its variant where it is a property's. */
static int read_answer(struct servers *s, sd_bus_message *m)
{
    static const char *const CONTENTS[] = {
        [STEP_RESOLVED_DNS] = "a(iay)",
        [STEP_NM_IP4_CONFIG] = "o",
        [STEP_NM_IP4_DNS] = "aa{sv}",
        [STEP_NM_IP6_CONFIG] = "o",
        [STEP_NM_IP6_DNS] = "aay",
        [STEP_FILES] = NULL,
    };
    int r = CONTENTS[s->step] ? sd_bus_message_enter_container(m, 'v', CONTENTS[s->step]) : 0;

    if (r < 0)
        return r;
    switch (s->step) {
    case STEP_RESOLVED_LINK:
    case STEP_NM_IP4_CONFIG:
    case STEP_NM_IP6_CONFIG:
        return read_path(s, m);
    case STEP_NM_DEVICE:
        return read_device(s, m);
    case STEP_RESOLVED_DNS:
        return read_resolved_dns(s, m);
    case STEP_NM_IP4_DNS:
        return read_nm_dns4(s, m);
    case STEP_NM_IP6_DNS:
        return read_nm_dns6(s, m);
    case STEP_FILES:
        break;
    }
    return -EINVAL;
}

/* The next row; the lists that may be the last of their service end the search when they gave something. */
static enum step step_after_answer(const struct servers *s)
{
    bool found = s->found.n_addrs > 0;

    switch (s->step) {
    case STEP_RESOLVED_LINK:
        return STEP_RESOLVED_DNS;
    case STEP_RESOLVED_DNS:
        return found ? STEP_FILES : STEP_NM_DEVICE;
    case STEP_NM_DEVICE:
        return STEP_NM_IP4_CONFIG;
    case STEP_NM_IP4_CONFIG:
        return STEP_NM_IP4_DNS;
    case STEP_NM_IP4_DNS:
        return STEP_NM_IP6_CONFIG;
    case STEP_NM_IP6_CONFIG:
        return STEP_NM_IP6_DNS;
    case STEP_NM_IP6_DNS:
    case STEP_FILES:
        break;
    }
    return STEP_FILES;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error)
{
    struct servers *s = userdata;
    bool good = !sd_bus_message_is_method_error(m, NULL) && read_answer(s, m) >= 0;

    (void)ret_error;
    go(s, good ? step_after_answer(s) : step_after_failure(s->step));
    return 0;
}

static int new_question(struct servers *s, sd_bus_message **ret)
{
    struct property property = property_of(s->step);
    bool of_device = s->step == STEP_NM_IP4_CONFIG || s->step == STEP_NM_IP6_CONFIG;
    int r;

    if (s->step == STEP_RESOLVED_LINK) {
        r = sd_bus_message_new_method_call(s->bus, ret, RESOLVED, "/org/freedesktop/resolve1", RESOLVED ".Manager", "GetLink");
        return r < 0 ? r : sd_bus_message_append(*ret, "i", s->ifindex);
    }
    if (s->step == STEP_NM_DEVICE) {
        r = sd_bus_message_new_method_call(
            s->bus, ret, NETWORKMANAGER, "/org/freedesktop/NetworkManager", NETWORKMANAGER, "GetDeviceByIpIface");
        return r < 0 ? r : sd_bus_message_append(*ret, "s", s->interface);
    }
    r = sd_bus_message_new_method_call(
        s->bus, ret, property.service, of_device ? s->device : s->path, "org.freedesktop.DBus.Properties", "Get");
    return r < 0 ? r : sd_bus_message_append(*ret, "ss", property.interface, property.name);
}

static int ask(struct servers *s)
{
    sd_bus_message *m = NULL;
    int r = new_question(s, &m);

    /* Nobody is started for our sake: a service that does not run configures no link. */
    if (r >= 0)
        r = sd_bus_message_set_auto_start(m, false);
    if (r >= 0)
        r = sd_bus_call_async(s->bus, &s->slot, m, on_answer, s, STEP_LIMIT_USEC);
    sd_bus_message_unref(m);
    return r;
}

static void finish(struct servers *s)
{
    if (s->found.n_addrs == 0)
        resolvconf_read(s->paths, s->interface, &s->found);
    sd_event_source_set_enabled(s->end, SD_EVENT_ONESHOT);
}

static void go(struct servers *s, enum step step)
{
    s->slot = sd_bus_slot_unref(s->slot);
    s->step = step;
    while (s->step != STEP_FILES && ask(s) < 0)
        s->step = step_after_failure(s->step);
    if (s->step == STEP_FILES)
        finish(s);
}

static int on_end(sd_event_source *source, void *userdata)
{
    struct servers *s = userdata;
    struct resolved found = s->found;

    (void)source;
    s->done(s->userdata, &found);
    return 0;
}

int servers_new(sd_event *loop, sd_bus *bus, const struct resolvconf_paths *paths, const struct resolve_request *request,
    servers_done done, void *userdata, struct servers **ret)
{
    struct servers *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    r = sd_event_add_defer(loop, &s->end, on_end, s);
    if (r >= 0)
        r = sd_event_source_set_enabled(s->end, SD_EVENT_OFF);
    if (r < 0) {
        servers_free(s);
        return r;
    }
    s->bus = sd_bus_ref(bus);
    s->paths = paths;
    s->ifindex = request->ifindex;
    memcpy(s->interface, request->interface, sizeof(s->interface));
    s->found.id = request->id;
    s->done = done;
    s->userdata = userdata;
    *ret = s;
    go(s, bus ? STEP_RESOLVED_LINK : STEP_FILES);
    return 0;
}

void servers_free(struct servers *s)
{
    if (!s)
        return;
    sd_bus_slot_unref(s->slot);
    sd_bus_unref(s->bus);
    sd_event_source_disable_unref(s->end);
    free(s->path);
    free(s->device);
    free(s);
}
