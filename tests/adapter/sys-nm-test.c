/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/sys/nm.c with a NetworkManager of the test's own: metered live, devices that it knows later, the tunnel that is not its, its connectivity
 * check switched off and on again exactly once, also by the next daemon after a crash; death and return, refusals, wrong types.
 */
#include "adapter/bus-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "sys/nm.h"
#include "sys/nmcheck.h"

#include <signal.h>
#include <sys/stat.h>

#define NM      "org.freedesktop.NetworkManager"
#define NM_PATH "/org/freedesktop/NetworkManager"

static struct world {
    bool knows_wlan0, knows_tunnel, wrong_types, refuses;
    uint32_t metered;
    bool check_enabled, managed;
    unsigned n_gets, n_check_sets, n_managed_sets, n_changes;
    struct nm *nm;
    char state_dir[128];
} w;

static const struct character up = { .active = true, .blocking = true, .interface = "mvpn0" };
static const struct character off = { .active = false };

static int get_device(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
    const char *name = NULL;

    (void)userdata;
    if (!sd_bus_message_is_method_call(m, NM, "GetDeviceByIpIface"))
        return 0;
    CHECK(sd_bus_message_read(m, "s", &name) >= 0);
    if (w.wrong_types)
        return sd_bus_reply_method_return(m, "u", 4711);
    if (w.knows_wlan0 && strcmp(name, "wlan0") == 0)
        return sd_bus_reply_method_return(m, "o", NM_PATH "/Devices/3");
    if (w.knows_tunnel && strcmp(name, "mvpn0") == 0)
        return sd_bus_reply_method_return(m, "o", NM_PATH "/Devices/7");
    return sd_bus_error_set(error, NM ".UnknownDevice", "no device");
}

static int get_metered(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
    w.n_gets++;
    return sd_bus_message_append(reply, "u", w.metered);
}

static int get_flag(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)userdata, (void)error;
    return sd_bus_message_append(reply, "b", strcmp(property, "Managed") == 0 ? w.managed : w.check_enabled);
}

static int set_flag(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *value, void *userdata,
    sd_bus_error *error)
{
    int flag;

    (void)bus, (void)path, (void)interface, (void)userdata;
    if (w.refuses)
        return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "polkit says no");
    CHECK(sd_bus_message_read(value, "b", &flag) > 0);
    if (strcmp(property, "Managed") == 0) {
        w.managed = flag;
        w.n_managed_sets++;
    } else {
        CHECK(nmcheck_is_remembered(w.state_dir)); /* on disk before, and until after */
        w.check_enabled = flag;
        w.n_check_sets++;
    }
    return 0;
}

static const sd_bus_vtable MANAGER[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_WRITABLE_PROPERTY("ConnectivityCheckEnabled", "b", get_flag, set_flag, 0, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};
static const sd_bus_vtable DEVICE[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Metered", "u", get_metered, 0, 0),
    SD_BUS_WRITABLE_PROPERTY("Managed", "b", get_flag, set_flag, 0, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

static void on_change(void *userdata)
{
    (void)userdata;
    w.n_changes++;
}

static void serve(void)
{
    static bool serves;

    if (serves)
        return;
    serves = sd_bus_add_object(lab.theirs, NULL, NM_PATH, get_device, NULL) >= 0 &&
             sd_bus_add_object_vtable(lab.theirs, NULL, NM_PATH, NM, MANAGER, NULL) >= 0 &&
             sd_bus_add_object_vtable(lab.theirs, NULL, NM_PATH "/Devices/3", NM ".Device", DEVICE, NULL) >= 0 &&
             sd_bus_add_object_vtable(lab.theirs, NULL, NM_PATH "/Devices/7", NM ".Device", DEVICE, NULL) >= 0;
    CHECK(serves);
}

static void start(void)
{
    CHECK_EQ(nm_new(w.state_dir, on_change, NULL, &w.nm), 0);
    CHECK_EQ(nm_set_bus(w.nm, lab.ours), 0);
}

/* As a crash does: nothing is said. */
static void crash(void)
{
    nm_free(w.nm);
    bus_lab_settle();
}

static void begin(void)
{
    serve();
    w = (struct world){ .knows_wlan0 = true, .knows_tunnel = true, .check_enabled = true, .managed = true };
    bus_lab_path("state", w.state_dir, sizeof(w.state_dir));
    mkdir(w.state_dir, 0700);
    start();
    bus_lab_set_name(NM, true);
    UNTIL(nm_present(w.nm));
}

static void end(void)
{
    nm_free(w.nm);
    nmcheck_forget(w.state_dir);
    bus_lab_set_name(NM, false);
    bus_lab_settle();
}

static void follow_wlan0(void)
{
    static struct link_set links = { .n_links = 2,
        .links = { { .ifindex = 2, .name = "lo", .type = LINK_TYPE_LOOPBACK }, { .ifindex = 3, .name = "wlan0", .type = LINK_TYPE_WIFI } } };

    nm_follow(w.nm, &links);
}

static void changed(sd_bus *from, const char *interface, const char *property, uint32_t value)
{
    CHECK(sd_bus_emit_signal(from, NM_PATH "/Devices/3", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", interface, 1,
              property, "u", value, 0) >= 0);
}

static void metered_as_it_says_and_live(void)
{
    static const enum nm_metered wanted[] = { NM_METERED_UNKNOWN, NM_METERED_YES, NM_METERED_NO, NM_METERED_YES, NM_METERED_NO,
        NM_METERED_UNKNOWN };

    begin();
    follow_wlan0();
    bus_lab_settle();
    CHECK_EQ(nm_metered(w.nm, "wlan0"), NM_METERED_UNKNOWN);
    for (uint32_t i = 1; i < ELEMENTSOF(wanted); i++) {
        changed(lab.theirs, NM ".Device", "Metered", i);
        UNTIL(nm_metered(w.nm, "wlan0") == wanted[i]);
    }
    CHECK_EQ(nm_metered(w.nm, "eth0"), NM_METERED_UNKNOWN);
    CHECK_EQ(nm_metered(w.nm, ""), NM_METERED_UNKNOWN);
    CHECK_EQ(w.n_gets, 1);
    follow_wlan0(); /* the same again asks nothing */
    bus_lab_settle();
    CHECK_EQ(w.n_gets, 1);
    end();
}

static void a_device_that_is_known_later(void)
{
    begin();
    w.knows_wlan0 = false;
    w.metered = 3;
    follow_wlan0();
    bus_lab_settle();
    CHECK_EQ(w.n_gets, 0);
    w.knows_wlan0 = true;
    CHECK(sd_bus_emit_signal(lab.theirs, NM_PATH, NM, "DeviceAdded", "o", NM_PATH "/Devices/3") >= 0);
    UNTIL(nm_metered(w.nm, "wlan0") == NM_METERED_YES);
    CHECK_EQ(w.n_changes, 1);
    nm_follow(w.nm, &(struct link_set){ 0 }); /* unplugged */
    CHECK_EQ(nm_metered(w.nm, "wlan0"), NM_METERED_UNKNOWN);
    end();
}

static void what_does_not_matter_changes_nothing(void)
{
    begin();
    follow_wlan0();
    bus_lab_settle();
    for (uint32_t i = 0; i < 50; i++) {
        changed(lab.theirs, NM ".Device.Wireless", "Bitrate", i);
        changed(lab.theirs, NM ".Device", "State", i);
        changed(lab.strangers, NM ".Device", "Metered", 1);
    }
    CHECK(sd_bus_emit_signal(lab.theirs, NM_PATH "/Devices/3", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
              NM ".Device", 1, "Metered", "s", "yes", 0) >= 0);
    bus_lab_settle();
    CHECK_EQ(w.n_changes, 0);
    CHECK_EQ(nm_metered(w.nm, "wlan0"), NM_METERED_UNKNOWN);
    end();
}

static void the_tunnel_is_not_its_to_manage(void)
{
    begin();
    w.knows_tunnel = false;
    nm_set_character(w.nm, &up);
    bus_lab_settle();
    CHECK_EQ(w.n_managed_sets, 0);
    w.knows_tunnel = true;
    CHECK(sd_bus_emit_signal(lab.theirs, NM_PATH, NM, "DeviceAdded", "o", NM_PATH "/Devices/7") >= 0);
    UNTIL(w.n_managed_sets == 1);
    CHECK(!w.managed);
    nm_tunnel_made(w.nm);
    UNTIL(w.n_managed_sets == 2);
    bus_lab_set_name(NM, false);
    UNTIL(!nm_present(w.nm));
    w.managed = true; /* a new one knows nothing */
    bus_lab_set_name(NM, true);
    UNTIL(w.n_managed_sets == 3);
    end();
}

static void the_check_is_off_while_blocking(void)
{
    begin();
    nm_set_character(w.nm, &off);
    bus_lab_settle();
    CHECK_EQ(w.n_check_sets, 0);
    nm_set_character(w.nm, &up);
    UNTIL(!w.check_enabled);
    nm_set_character(w.nm, &up);
    bus_lab_settle();
    CHECK_EQ(w.n_check_sets, 1);
    CHECK(nmcheck_is_remembered(w.state_dir));
    nm_set_character(w.nm, &off);
    UNTIL(w.check_enabled && !nmcheck_is_remembered(w.state_dir));
    bus_lab_settle();
    CHECK_EQ(w.n_check_sets, 2);
    end();
}

static void a_check_that_was_off_stays_off(void)
{
    begin();
    w.check_enabled = false;
    nm_set_character(w.nm, &up);
    bus_lab_settle();
    nm_set_character(w.nm, &off);
    bus_lab_settle();
    CHECK_EQ(w.n_check_sets, 0);
    CHECK(!w.check_enabled);
    end();
}

static void the_check_comes_back_after_a_crash(void)
{
    begin();
    nm_set_character(w.nm, &up);
    UNTIL(!w.check_enabled);
    crash();
    CHECK(!w.check_enabled);
    start(); /* and enabled still: nothing changes */
    nm_set_character(w.nm, &up);
    UNTIL(nm_present(w.nm));
    bus_lab_settle();
    CHECK_EQ(w.n_check_sets, 1);
    crash();
    start(); /* disabled meanwhile */
    nm_set_character(w.nm, &off);
    UNTIL(w.check_enabled && !nmcheck_is_remembered(w.state_dir));
    end();
}

static void the_check_comes_back_when_it_comes_back(void)
{
    begin();
    nm_set_character(w.nm, &up);
    UNTIL(!w.check_enabled);
    bus_lab_set_name(NM, false);
    UNTIL(!nm_present(w.nm));
    nm_set_character(w.nm, &off);
    bus_lab_settle();
    CHECK(nmcheck_is_remembered(w.state_dir));
    bus_lab_set_name(NM, true);
    UNTIL(w.check_enabled && !nmcheck_is_remembered(w.state_dir));
    end();
}

static void a_wish_that_changes_quickly(void)
{
    begin();
    for (int i = 0; i < 20; i++) {
        nm_set_character(w.nm, &up);
        nm_set_character(w.nm, &off);
    }
    bus_lab_settle();
    UNTIL(w.check_enabled && !nmcheck_is_remembered(w.state_dir));
    for (int i = 0; i < 20; i++) {
        nm_set_character(w.nm, &off);
        nm_set_character(w.nm, &up);
    }
    UNTIL(!w.check_enabled && nmcheck_is_remembered(w.state_dir));
    end();
}

static void refusals_and_wrong_types(void)
{
    begin();
    w.refuses = w.wrong_types = true;
    follow_wlan0();
    nm_set_character(w.nm, &up);
    bus_lab_settle();
    bus_lab_settle();
    CHECK(w.check_enabled);
    CHECK(!nmcheck_is_remembered(w.state_dir));
    CHECK_EQ(nm_metered(w.nm, "wlan0"), NM_METERED_UNKNOWN);
    end();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(metered_as_it_says_and_live),
        TEST(a_device_that_is_known_later),
        TEST(what_does_not_matter_changes_nothing),
        TEST(the_tunnel_is_not_its_to_manage),
        TEST(the_check_is_off_while_blocking),
        TEST(a_check_that_was_off_stays_off),
        TEST(the_check_comes_back_after_a_crash),
        TEST(the_check_comes_back_when_it_comes_back),
        TEST(a_wish_that_changes_quickly),
        TEST(refusals_and_wrong_types),
    };

    signal(SIGPIPE, SIG_IGN);
    return bus_lab_main(tests, ELEMENTSOF(tests), argc, argv);
}
