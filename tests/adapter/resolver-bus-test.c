/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose name servers are asked: systemd-resolved's, else NetworkManager's, else the files'. On a private bus with services of the test's own,
 * which answer well, badly, with nothing, or never. Needs dbus-daemon (skipped with 77 where there is none).
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "support/test.h"
#include "sys/internal.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#define TEST_LIMIT_USEC SEC(30)

enum manner {
    MANNER_ABSENT, /* no such name on the bus */
    MANNER_GOOD,
    MANNER_EMPTY, /* knows the link, and no servers */
    MANNER_ERROR,
    MANNER_MUTE, /* never answers */
    MANNER_WRONG_TYPE,
};

static struct world {
    char folder[64];
    pid_t daemon;
    sd_event *loop;
    sd_bus *ours, *theirs; /* mvpnd's connection and the services' */
    struct resolver *resolver;
    char resolv_conf[96];
    enum manner resolved, nm;
    unsigned n_calls; /* that the services got */
    unsigned n_events;
    struct event last;
} w;

static int give_path(sd_bus_message *m, enum manner manner, const char *path, sd_bus_error *error)
{
    w.n_calls++;
    switch (manner) {
    case MANNER_ERROR:
        return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, "no");
    case MANNER_MUTE:
        return 1;
    case MANNER_WRONG_TYPE:
        return sd_bus_reply_method_return(m, "s", path);
    case MANNER_ABSENT:
    case MANNER_GOOD:
    case MANNER_EMPTY:
        break;
    }
    return sd_bus_reply_method_return(m, "o", path);
}

static int get_link(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    int ifindex = 0;

    (void)userdata;
    CHECK(sd_bus_message_read(m, "i", &ifindex) >= 0);
    CHECK_EQ(ifindex, 7);
    return give_path(m, w.resolved, "/org/freedesktop/resolve1/link/_37", error);
}

static int get_device(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    const char *name = NULL;

    (void)userdata;
    CHECK(sd_bus_message_read(m, "s", &name) >= 0);
    CHECK_STR(name, "wlan0");
    return give_path(m, w.nm, "/org/freedesktop/NetworkManager/Devices/3", error);
}

static int link_dns(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    static const uint8_t V4[4] = { 192, 0, 2, 53 }, STUB[4] = { 127, 0, 0, 1 }, V6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 0x53 };
    int r;

    (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
    w.n_calls++;
    r = sd_bus_message_open_container(reply, 'a', "(iay)");
    for (int i = 0; r >= 0 && w.resolved == MANNER_GOOD && i < 4; i++) {
        const void *bytes = i == 0 ? STUB : i == 2 ? (const void *)V6 : V4;

        r = sd_bus_message_open_container(reply, 'r', "iay");
        r = r < 0 ? r : sd_bus_message_append(reply, "i", i == 2 ? 10 : 2);
        r = r < 0 ? r : sd_bus_message_append_array(reply, 'y', bytes, i == 2 ? 16 : 4);
        r = r < 0 ? r : sd_bus_message_close_container(reply);
    }
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int device_config(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)userdata, (void)error;
    w.n_calls++;
    return sd_bus_message_append(reply, "o", strcmp(property, "Ip4Config") == 0 ? "/org/freedesktop/NetworkManager/IP4Config/1"
                                             : w.nm == MANNER_EMPTY ? "/" : "/org/freedesktop/NetworkManager/IP6Config/1");
}

static int nm_dns4(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
    w.n_calls++;
    if (w.nm == MANNER_EMPTY)
        return sd_bus_message_append(reply, "aa{sv}", 0);
    return sd_bus_message_append(reply, "aa{sv}", 3, 2, "priority", "i", 5, "address", "s", "198.51.100.1", 1, "address", "s", "127.0.0.1",
        1, "address", "s", "198.51.100.2");
}

static int nm_dns6(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    static const uint8_t V6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 0x77 };
    int r;

    (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
    w.n_calls++;
    r = sd_bus_message_open_container(reply, 'a', "ay");
    r = r < 0 ? r : sd_bus_message_append_array(reply, 'y', V6, sizeof(V6));
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static const sd_bus_vtable RESOLVED_MANAGER[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("GetLink", "i", "o", get_link, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable RESOLVED_LINK[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("DNS", "a(iay)", link_dns, 0, 0),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable NM_MANAGER[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("GetDeviceByIpIface", "s", "o", get_device, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable NM_DEVICE[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Ip4Config", "o", device_config, 0, 0),
    SD_BUS_PROPERTY("Ip6Config", "o", device_config, 0, 0),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable NM_IP4[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("NameserverData", "aa{sv}", nm_dns4, 0, 0),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable NM_IP6[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Nameservers", "aay", nm_dns6, 0, 0),
    SD_BUS_VTABLE_END,
};

static const struct {
    const char *path, *interface;
    const sd_bus_vtable *vtable;
} OBJECTS[] = {
    { "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager", RESOLVED_MANAGER },
    { "/org/freedesktop/resolve1/link/_37", "org.freedesktop.resolve1.Link", RESOLVED_LINK },
    { "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", NM_MANAGER },
    { "/org/freedesktop/NetworkManager/Devices/3", "org.freedesktop.NetworkManager.Device", NM_DEVICE },
    { "/org/freedesktop/NetworkManager/IP4Config/1", "org.freedesktop.NetworkManager.IP4Config", NM_IP4 },
    { "/org/freedesktop/NetworkManager/IP6Config/1", "org.freedesktop.NetworkManager.IP6Config", NM_IP6 },
};

static void on_event(void *userdata, const struct event *event)
{
    (void)userdata;
    w.n_events++;
    w.last = *event;
}

static void turn(void)
{
    sd_event_run(w.loop, SEC(1));
}

/* The services' connection is on the same loop, which must not wait for itself: so names come and go asynchronously. */
static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    (void)m, (void)error;
    *(bool *)userdata = true;
    return 0;
}

static void set_name(const char *name, bool owned)
{
    usec_t end_at_usec = clock_boottime_usec() + TEST_LIMIT_USEC;
    bool done = false;
    int r = owned ? sd_bus_request_name_async(w.theirs, NULL, name, 0, on_name, &done)
                  : sd_bus_release_name_async(w.theirs, NULL, name, on_name, &done);

    CHECK(r >= 0);
    while (r >= 0 && !done && clock_boottime_usec() < end_at_usec)
        turn();
    CHECK(done);
}

static bool find(enum manner resolved, enum manner nm)
{
    const struct resolve_request request = { .id = 42, .ifindex = 7, .interface = "wlan0" };
    usec_t end_at_usec = clock_boottime_usec() + TEST_LIMIT_USEC;
    unsigned before = w.n_events;

    w.resolved = resolved;
    w.nm = nm;
    set_name("org.freedesktop.resolve1", resolved != MANNER_ABSENT);
    set_name("org.freedesktop.NetworkManager", nm != MANNER_ABSENT);
    CHECK_EQ(resolver_find_servers(w.resolver, &request), 0);
    CHECK_EQ(w.n_events, before);
    while (w.n_events == before && clock_boottime_usec() < end_at_usec)
        turn();
    CHECK_EQ(w.n_events, before + 1);
    CHECK_EQ(w.last.type, EVENT_RESOLVERS);
    CHECK_EQ(w.last.resolvers.id, 42);
    return w.n_events == before + 1;
}

static void check_servers(const char *want)
{
    char got[1024] = "", text[IP_ADDR_TEXT_SIZE];
    size_t at = 0;

    for (uint32_t i = 0; i < w.last.resolvers.n_addrs; i++)
        at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%s", i ? " " : "", ip_addr_format(&w.last.resolvers.addrs[i], text, sizeof(text)));
    CHECK_STR(got, want);
}

#define FROM_RESOLVED "192.0.2.53 2001:db8::53"
#define FROM_NM       "198.51.100.1 198.51.100.2 2001:db8::77"
#define FROM_FILES    "203.0.113.53"

static void the_first_that_knows_any(void)
{
    static const struct {
        enum manner resolved, nm;
        const char *want;
    } ROWS[] = {
        { MANNER_GOOD, MANNER_GOOD, FROM_RESOLVED },
        { MANNER_GOOD, MANNER_ABSENT, FROM_RESOLVED },
        { MANNER_EMPTY, MANNER_GOOD, FROM_NM },
        { MANNER_ERROR, MANNER_GOOD, FROM_NM },
        { MANNER_WRONG_TYPE, MANNER_GOOD, FROM_NM },
        { MANNER_ABSENT, MANNER_GOOD, FROM_NM },
        { MANNER_MUTE, MANNER_GOOD, FROM_NM },
        { MANNER_EMPTY, MANNER_EMPTY, FROM_FILES },
        { MANNER_ABSENT, MANNER_ABSENT, FROM_FILES },
        { MANNER_ERROR, MANNER_ERROR, FROM_FILES },
        { MANNER_ABSENT, MANNER_WRONG_TYPE, FROM_FILES },
        { MANNER_MUTE, MANNER_MUTE, FROM_FILES },
    };

    for (size_t i = 0; i < ELEMENTSOF(ROWS); i++) {
        test_context("row %zu", i);
        if (find(ROWS[i].resolved, ROWS[i].nm))
            check_servers(ROWS[i].want);
    }
}

static void a_search_can_be_given_up(void)
{
    const struct resolve_request request = { .id = 43, .ifindex = 7, .interface = "wlan0" };
    unsigned before = w.n_events, calls;

    find(MANNER_MUTE, MANNER_MUTE);
    before = w.n_events;
    calls = w.n_calls;
    CHECK_EQ(resolver_find_servers(w.resolver, &request), 0);
    while (w.n_calls == calls)
        turn();
    resolver_cancel(w.resolver);
    turn();
    turn();
    CHECK_EQ(w.n_events, before);
}

static bool start_bus(void)
{
    char config[96], address[128];
    _cleanup_fclose_ FILE *f = NULL;
    int ready[2];
    char byte;

    snprintf(w.folder, sizeof(w.folder), "/tmp/mvpn-resolver-bus-XXXXXX");
    if (!mkdtemp(w.folder) || pipe(ready) < 0)
        return false;
    snprintf(config, sizeof(config), "%s/bus.conf", w.folder);
    snprintf(w.resolv_conf, sizeof(w.resolv_conf), "%s/resolv.conf", w.folder);
    snprintf(address, sizeof(address), "unix:path=%s/bus", w.folder);
    f = fopen(w.resolv_conf, "we");
    if (!f || fputs("nameserver 203.0.113.53\n", f) < 0)
        return false;
    fclose(f);
    f = fopen(config, "we");
    if (!f || fprintf(f, "<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth><policy context=\"default\">"
                         "<allow user=\"*\"/><allow own=\"*\"/><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>"
                         "</policy></busconfig>\n", address) < 0 || fflush(f) != 0)
        return false;
    w.daemon = fork();
    if (w.daemon == 0) {
        char fd[32], argument[128];

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        snprintf(fd, sizeof(fd), "--print-pid=%d", ready[1]);
        snprintf(argument, sizeof(argument), "--config-file=%s", config);
        execlp("dbus-daemon", "dbus-daemon", "--nofork", fd, argument, (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    /* its process id is printed when it listens; end of file where it cannot be run */
    return read(ready[0], &byte, 1) == 1;
}

static int connect_bus(sd_bus **ret)
{
    char address[128];
    int r = sd_bus_new(ret);

    snprintf(address, sizeof(address), "unix:path=%s/bus", w.folder);
    r = r < 0 ? r : sd_bus_set_address(*ret, address);
    r = r < 0 ? r : sd_bus_set_bus_client(*ret, true);
    r = r < 0 ? r : sd_bus_start(*ret);
    return r < 0 ? r : sd_bus_attach_event(*ret, w.loop, 0);
}

static bool set_up(void)
{
    static struct resolvconf_paths paths;

    if (sd_event_new(&w.loop) < 0 || connect_bus(&w.ours) < 0 || connect_bus(&w.theirs) < 0 ||
        resolver_new(w.loop, w.ours, 1, on_event, NULL, &w.resolver) < 0)
        return false;
    paths.resolv_conf = w.resolv_conf;
    resolver_set_paths(w.resolver, &paths);
    for (size_t i = 0; i < ELEMENTSOF(OBJECTS); i++) {
        if (sd_bus_add_object_vtable(w.theirs, NULL, OBJECTS[i].path, OBJECTS[i].interface, OBJECTS[i].vtable, NULL) < 0)
            return false;
    }
    return true;
}

static void tear_down(void)
{
    char command[96];

    resolver_free(w.resolver);
    sd_bus_close_unref(w.ours);
    sd_bus_close_unref(w.theirs);
    sd_event_unref(w.loop);
    if (w.daemon > 0) {
        kill(w.daemon, SIGTERM);
        waitpid(w.daemon, NULL, 0);
    }
    snprintf(command, sizeof(command), "rm -r %s", w.folder);
    if (system(command) != 0)
        fprintf(stderr, "left behind: %s\n", w.folder);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(the_first_that_knows_any),
        TEST(a_search_can_be_given_up),
    };
    int r = 1;

    if (!start_bus()) {
        puts("skipped: needs dbus-daemon");
        tear_down();
        return 77;
    }
    if (set_up())
        r = test_main(tests, ELEMENTSOF(tests), argc, argv);
    else
        fputs("the bus cannot be used\n", stderr);
    tear_down();
    return r;
}
