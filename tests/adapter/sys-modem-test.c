/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/sys/modem.c with a ModemManager of the test's own: roaming live, the modem found by bearer and by port, another modem's changes, death and
 * return, nonsense, strangers. Also that nothing is asked where nothing has happened, and that signal strength wakes nobody.
 */
#include "adapter/bus-lab.h"
#include "base/macro.h"
#include "sys/modem.h"

#include <signal.h>
#include <string.h>

#define MM      "org.freedesktop.ModemManager1"
#define MM_PATH "/org/freedesktop/ModemManager1"

enum manner {
    MANNER_GOOD,
    MANNER_EMPTY, /* no modem */
    MANNER_ERROR,
    MANNER_WRONG_TYPE, /* another answer than documented */
    MANNER_WRONG_VALUES, /* the right shape, values of other types */
    MANNER_HUGE, /* texts without end, and more modems than any machine has */
};

static struct world {
    enum manner manner;
    uint32_t registration;
    const char *operator, *bearer_interface, *apn;
    unsigned n_calls, n_changes;
    struct modems *modems;
} w;

static char huge[5000];

static int append_modem(sd_bus_message *m, const char *path)
{
    const char *operator = w.manner == MANNER_HUGE ? huge : w.operator;

    if (w.manner == MANNER_WRONG_VALUES)
        return sd_bus_message_append(m, "{oa{sa{sv}}}", path, 2, MM ".Modem", 3, "Ports", "s", "wwan0", "Bearers", "as", 1, "x", "SignalQuality",
            "u", 50, MM ".Modem.Modem3gpp", 2, "RegistrationState", "s", "roaming", "OperatorCode", "u", 26201);
    return sd_bus_message_append(m, "{oa{sa{sv}}}", path, 3, MM ".Modem", 4, "Ports", "a(su)", 3, "cdc-wdm0", 6, "wwan0", 2,
        w.manner == MANNER_HUGE ? huge : "ttyUSB0", 2, "Bearers", "ao", 1, MM_PATH "/Bearer/0", "SignalQuality", "(ub)", 71, true, "Model", "s",
        "a modem", MM ".Modem.Modem3gpp", 2, "RegistrationState", "u", w.registration, "OperatorCode", "s", operator, MM ".Sim", 1, "Imsi", "s",
        "262019999999999");
}

static int get_objects(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    sd_bus_message *reply = NULL;
    unsigned n = w.manner == MANNER_EMPTY ? 0 : w.manner == MANNER_HUGE ? 40 : 1;
    char path[64];
    int r;

    (void)userdata;
    if (!sd_bus_message_is_method_call(call, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))
        return 0;
    w.n_calls++;
    if (w.manner == MANNER_ERROR)
        return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, "no");
    if (w.manner == MANNER_WRONG_TYPE)
        return sd_bus_reply_method_return(call, "as", 2, "these are", "not objects");
    r = sd_bus_message_new_method_return(call, &reply);
    r = r < 0 ? r : sd_bus_message_open_container(reply, 'a', "{oa{sa{sv}}}");
    for (unsigned i = 0; r >= 0 && i < n; i++) {
        snprintf(path, sizeof(path), MM_PATH "/Modem/%u", i);
        r = append_modem(reply, path);
    }
    r = r < 0 ? r : sd_bus_message_close_container(reply);
    r = r < 0 ? r : sd_bus_send(lab.theirs, reply, NULL);
    sd_bus_message_unref(reply);
    return r < 0 ? r : 1;
}

static int bearer_text(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply, void *userdata,
    sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
    w.n_calls++;
    return sd_bus_message_append(reply, "s", w.manner == MANNER_HUGE ? huge : w.bearer_interface);
}

static int bearer_properties(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
    void *userdata, sd_bus_error *error)
{
    (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)error;
    return sd_bus_message_append(reply, "a{sv}", 2, "ip-type", "u", 4, "apn", "s", w.manner == MANNER_HUGE ? huge : w.apn);
}

static const sd_bus_vtable BEARER[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Interface", "s", bearer_text, 0, 0),
    SD_BUS_PROPERTY("Properties", "a{sv}", bearer_properties, 0, 0),
    SD_BUS_VTABLE_END,
};

static void on_change(void *userdata)
{
    (void)userdata;
    w.n_changes++;
}

/* PropertiesChanged of an interface of a modem, from whom it may be. */
static void changed(sd_bus *from, const char *interface, const char *property, uint32_t value)
{
    CHECK(sd_bus_emit_signal(from, MM_PATH "/Modem/0", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as", interface, 1,
              property, "u", value, 0) >= 0);
}

static void serve(void)
{
    static bool serves;

    if (serves)
        return;
    serves = sd_bus_add_object(lab.theirs, NULL, MM_PATH, get_objects, NULL) >= 0 &&
             sd_bus_add_object_vtable(lab.theirs, NULL, MM_PATH "/Bearer/0", MM ".Bearer", BEARER, NULL) >= 0;
    CHECK(serves);
}

static void begin(enum manner manner, uint32_t registration)
{
    w = (struct world){ .manner = manner, .registration = registration, .operator = "26201", .bearer_interface = "wwan0", .apn = "internet" };
    serve();
    CHECK_EQ(modems_new(on_change, NULL, &w.modems), 0);
    CHECK_EQ(modems_set_bus(w.modems, lab.ours), 0);
    bus_lab_set_name(MM, true);
    UNTIL(modems_present(w.modems));
    bus_lab_settle();
}

static void end(void)
{
    modems_free(w.modems);
    bus_lab_set_name(MM, false);
    bus_lab_settle();
}

static bool roams(const char *interface)
{
    struct modem_info info = { 0 };

    return modems_find(w.modems, interface, &info) && info.roaming;
}

static void what_is_known_of_a_link(void)
{
    struct modem_info info = { 0 };

    begin(MANNER_GOOD, 5);
    UNTIL(modems_find(w.modems, "wwan0", &info));
    CHECK(info.registered);
    CHECK(info.roaming);
    CHECK_STR(info.operator, "26201");
    CHECK_STR(info.apn, "internet");
    CHECK_EQ(info.signal_percent, 71);
    CHECK(!modems_find(w.modems, "eth0", &info));
    CHECK(!modems_find(w.modems, "cdc-wdm0", &info)); /* a port, but none for packets */
    CHECK_EQ(w.n_changes, 1);
    end();
}

static void every_state_of_registration(void)
{
    static const struct {
        uint32_t state;
        bool registered, roaming;
    } table[] = { { 0, false, false }, { 1, true, false }, { 2, false, false }, { 3, false, false }, { 5, true, true }, { 6, true, false },
        { 7, true, true }, { 8, false, false }, { 9, true, false }, { 10, true, true }, { 4711, false, false } };

    for (size_t i = 0; i < ELEMENTSOF(table); i++) {
        struct modem_info info = { 0 };

        test_context("state %u", table[i].state);
        begin(MANNER_GOOD, table[i].state);
        UNTIL(modems_find(w.modems, "wwan0", &info));
        CHECK_EQ(info.registered, table[i].registered);
        CHECK_EQ(info.roaming, table[i].roaming);
        end();
    }
}

static void roaming_flips_live(void)
{
    begin(MANNER_GOOD, 1);
    UNTIL(w.n_changes == 1);
    CHECK(!roams("wwan0"));
    for (unsigned i = 0; i < 4; i++) {
        w.registration = i % 2 ? 1 : 5;
        changed(lab.theirs, MM ".Modem.Modem3gpp", "RegistrationState", w.registration);
        UNTIL(roams("wwan0") == (w.registration == 5));
    }
    CHECK_EQ(w.n_changes, 5);
    /* a tunnel without coverage is no way home */
    w.registration = 5;
    changed(lab.theirs, MM ".Modem.Modem3gpp", "RegistrationState", 5);
    UNTIL(roams("wwan0"));
    w.registration = 2;
    changed(lab.theirs, MM ".Modem.Modem3gpp", "RegistrationState", 2);
    bus_lab_settle();
    CHECK(roams("wwan0"));
    end();
}

static void the_bearer_names_the_interface(void)
{
    struct modem_info info = { 0 };

    begin(MANNER_GOOD, 5);
    w.bearer_interface = "qmapmux0.0";
    w.apn = "corp.example";
    CHECK(sd_bus_emit_signal(lab.theirs, MM_PATH "/Modem/0", MM ".Modem", "StateChanged", "iiu", 8, 11, 1) >= 0);
    UNTIL(modems_find(w.modems, "qmapmux0.0", &info));
    CHECK_STR(info.apn, "corp.example");
    CHECK(modems_find(w.modems, "wwan0", &info)); /* by its port, which names no APN */
    CHECK_STR(info.apn, "");
    end();
}

static void what_does_not_matter_wakes_nobody(void)
{
    unsigned n_calls;

    begin(MANNER_GOOD, 1);
    UNTIL(w.n_changes == 1);
    n_calls = w.n_calls;
    for (uint32_t i = 0; i < 100; i++) {
        changed(lab.theirs, MM ".Modem", "SignalQuality", i);
        changed(lab.theirs, MM ".Bearer", "Stats", i);
        changed(lab.strangers, MM ".Modem.Modem3gpp", "RegistrationState", 5);
    }
    bus_lab_settle();
    CHECK_EQ(w.n_calls, n_calls);
    CHECK_EQ(w.n_changes, 1);
    end();
}

/* A signal to us alone passes the bus's match rules. */
static void strangers_are_not_believed(void)
{
    const char *us = NULL;
    sd_bus_message *m = NULL;
    unsigned n_calls;

    begin(MANNER_GOOD, 1);
    UNTIL(w.n_changes == 1);
    n_calls = w.n_calls;
    CHECK(sd_bus_get_unique_name(lab.ours, &us) >= 0);
    CHECK(sd_bus_message_new_signal(lab.strangers, &m, MM_PATH "/Modem/0", MM ".Modem", "StateChanged") >= 0);
    CHECK(sd_bus_message_append(m, "iiu", 8, 11, 1) >= 0);
    CHECK(sd_bus_message_set_destination(m, us) >= 0);
    CHECK(sd_bus_send(lab.strangers, m, NULL) >= 0);
    sd_bus_message_unref(m);
    bus_lab_settle();
    bus_lab_settle();
    CHECK_EQ(w.n_calls, n_calls);
    end();
}

static void dies_and_returns(void)
{
    begin(MANNER_GOOD, 5);
    UNTIL(roams("wwan0"));
    bus_lab_set_name(MM, false);
    UNTIL(!modems_present(w.modems));
    CHECK(roams("wwan0")); /* its end is not the end of roaming */
    w.registration = 1;
    bus_lab_set_name(MM, true);
    UNTIL(!roams("wwan0"));
    w.manner = MANNER_EMPTY; /* unplugged */
    CHECK(sd_bus_emit_signal(lab.theirs, MM_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", "oas", MM_PATH "/Modem/0", 1,
              MM ".Modem") >= 0);
    UNTIL(!modems_find(w.modems, "wwan0", &(struct modem_info){ 0 }));
    end();
}

static void nonsense_is_survived(void)
{
    static const enum manner manners[] = { MANNER_ERROR, MANNER_WRONG_TYPE, MANNER_WRONG_VALUES, MANNER_HUGE };

    memset(huge, 'x', sizeof(huge) - 1);
    for (size_t i = 0; i < ELEMENTSOF(manners); i++) {
        struct modem_info info = { 0 };

        test_context("manner %u", manners[i]);
        begin(manners[i], 5);
        if (modems_find(w.modems, "wwan0", &info)) {
            CHECK_STR(info.operator, "");
            CHECK_STR(info.apn, "");
        }
        /* and it is understood again afterwards */
        w.manner = MANNER_GOOD;
        changed(lab.theirs, MM ".Modem.Modem3gpp", "RegistrationState", 5);
        UNTIL(roams("wwan0"));
        end();
    }
}

static void without_a_bus_nothing_is_known(void)
{
    w = (struct world){ 0 };
    CHECK_EQ(modems_new(on_change, NULL, &w.modems), 0);
    CHECK_EQ(modems_set_bus(w.modems, NULL), 0);
    CHECK(!modems_present(w.modems));
    CHECK(!modems_find(w.modems, "wwan0", &(struct modem_info){ 0 }));
    modems_free(w.modems);
    modems_free(NULL);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(what_is_known_of_a_link),
        TEST(every_state_of_registration),
        TEST(roaming_flips_live),
        TEST(the_bearer_names_the_interface),
        TEST(what_does_not_matter_wakes_nobody),
        TEST(strangers_are_not_believed),
        TEST(dies_and_returns),
        TEST(nonsense_is_survived),
        TEST(without_a_bus_nothing_is_known),
    };

    signal(SIGPIPE, SIG_IGN);
    return bus_lab_main(tests, ELEMENTSOF(tests), argc, argv);
}
