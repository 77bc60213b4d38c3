/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties, and when they are news. A property is read fresh at each Get. bus_publish() keeps of each a print of what can be news
 * (no counters, absolute times) and signals exactly those whose print changed. Also the vtable: the interface read from top to bottom.
 */
#include "bus/internal.h"
#include "bus/status_model.h"
#include "bus/utf8.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <mvpn/dbus.h>

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define PROPERTY(name, signature)                                                                            \
    SD_BUS_PROPERTY(name, signature, property_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)
#define CONTROL(name) SD_BUS_METHOD(name, NULL, NULL, method_control, SD_BUS_VTABLE_UNPRIVILEGED)

const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    CONTROL("Enable"),
    CONTROL("Disable"),
    CONTROL("Connect"),
    CONTROL("Disconnect"),
    CONTROL("Reload"),
    SD_BUS_METHOD_WITH_ARGS("CheckPolicy", SD_BUS_ARGS("s", text), SD_BUS_NO_RESULT, method_policy, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS(
        "ApplyPolicy", SD_BUS_ARGS("s", text), SD_BUS_RESULT("u", generation), method_policy, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("RollbackPolicy", NULL, NULL, method_policy, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetPolicy", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text), method_policy, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("SetManagementDue", SD_BUS_ARGS("t", home_in_sec, "t", roaming_in_sec), SD_BUS_NO_RESULT, method_policy,
        SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetStatus", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", status), method_get_status,
        SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS(
        "GetLinks", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", links), method_get_links, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL_WITH_ARGS("Event", SD_BUS_ARGS("s", name, "a{sv}", detail), 0),
    PROPERTY("Enabled", "b"),
    PROPERTY("State", "s"),
    PROPERTY("Reason", "s"),
    PROPERTY("Message", "s"),
    PROPERTY("SinceAt", "t"),
    PROPERTY("InternetBlocked", "b"),
    PROPERTY("Gateway", "a{sv}"),
    PROPERTY("BaseLink", "a{sv}"),
    PROPERTY("Tunnel", "a{sv}"),
    PROPERTY("Nat", "a{sv}"),
    PROPERTY("Keepalive", "a{sv}"),
    PROPERTY("PushSupported", "b"),
    PROPERTY("OnDemand", "b"),
    PROPERTY("Retry", "a{sv}"),
    PROPERTY("RetryNextAt", "t"),
    PROPERTY("Certificate", "a{sv}"),
    PROPERTY("Management", "a{sv}"),
    SD_BUS_PROPERTY("Version", "s", property_get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_VTABLE_END,
};

/* The properties that can change; the index is the one into bus->published. */
static const char *const changing[] = { "Enabled", "State", "Reason", "Message", "SinceAt", "InternetBlocked",
    "Gateway", "BaseLink", "Tunnel", "Nat", "Keepalive", "PushSupported", "OnDemand", "Retry", "RetryNextAt",
    "Certificate", "Management" };
_Static_assert(ELEMENTSOF(changing) <= BUS_PROPERTIES_MAX, "room for every property");

/* 0: no retry is planned. */
static uint64_t retry_next_at(const struct report *report)
{
    return report->core.retry_at_usec == USEC_INFINITY ? 0 : report->core.retry_at_usec;
}

static bool find_part(const char *property, enum status_part *ret)
{
    for (unsigned i = STATUS_PART_TOP + 1; i < N_STATUS_PARTS; i++) {
        if (strcmp(status_part_property((enum status_part)i), property) == 0) {
            *ret = (enum status_part)i;
            return true;
        }
    }
    return false;
}

static const struct status_field *find_top(const struct status_object *top, const char *property)
{
    for (uint32_t i = 0; i < top->n_fields; i++)
        if (strcmp(top->fields[i].bus_key, property) == 0)
            return &top->fields[i];
    return NULL;
}

static int append_addresses(sd_bus_message *reply, const struct status_field *field)
{
    char text[IP_ADDR_TEXT_SIZE];
    int r = sd_bus_message_open_container(reply, 'a', "s");

    for (uint32_t i = 0; r >= 0 && i < field->n_addrs; i++)
        r = sd_bus_message_append(reply, "s", ip_addr_format(&field->addrs[i], text, sizeof(text)));
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_text(sd_bus_message *reply, const char *text)
{
    _cleanup_free_ char *clean = utf8_clean(text);

    return clean ? sd_bus_message_append(reply, "s", clean) : -ENOMEM;
}

static const char *field_signature(const struct status_field *field)
{
    switch (field->kind) {
    case STATUS_KIND_FLAG:
        return "b";
    case STATUS_KIND_TEXT:
    case STATUS_KIND_ADDRESS:
        return "s";
    case STATUS_KIND_COUNT:
    case STATUS_KIND_AGE:
    case STATUS_KIND_DEADLINE:
        return "t";
    case STATUS_KIND_SPAN:
        return "d";
    case STATUS_KIND_DATE:
        return "x";
    case STATUS_KIND_ADDRESSES:
        return "as";
    }
    return NULL;
}

static int append_value(sd_bus_message *reply, const struct status_field *field)
{
    char text[IP_ADDR_TEXT_SIZE];

    switch (field->kind) {
    case STATUS_KIND_FLAG:
        return sd_bus_message_append(reply, "b", (int)field->flag);
    case STATUS_KIND_TEXT:
        return append_text(reply, field->text);
    case STATUS_KIND_ADDRESS:
        return sd_bus_message_append(reply, "s", ip_addr_format(field->addrs, text, sizeof(text)));
    case STATUS_KIND_COUNT:
        return sd_bus_message_append(reply, "t", field->count);
    case STATUS_KIND_AGE:
    case STATUS_KIND_DEADLINE:
        return sd_bus_message_append(reply, "t", field->usec);
    case STATUS_KIND_SPAN:
        return sd_bus_message_append(reply, "d", usec_to_seconds(field->usec));
    case STATUS_KIND_DATE:
        return sd_bus_message_append(reply, "x", field->date_sec);
    case STATUS_KIND_ADDRESSES:
        return append_addresses(reply, field);
    }
    return -EINVAL;
}

static int append_entry(sd_bus_message *reply, const struct status_field *field)
{
    const char *signature = field_signature(field);
    int r;

    r = sd_bus_message_open_container(reply, 'e', "sv");
    if (r >= 0)
        r = sd_bus_message_append(reply, "s", field->bus_key);
    if (r >= 0)
        r = sd_bus_message_open_container(reply, 'v', signature);
    if (r >= 0)
        r = append_value(reply, field);
    if (r >= 0)
        r = sd_bus_message_close_container(reply);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_object(sd_bus_message *reply, const struct status_object *object)
{
    int r = sd_bus_message_open_container(reply, 'a', "{sv}");

    for (uint32_t i = 0; r >= 0 && i < object->n_fields; i++)
        if (!object->fields[i].is_null && object->fields[i].bus_key)
            r = append_entry(reply, &object->fields[i]);
    return r < 0 ? r : sd_bus_message_close_container(reply);
}

int property_get(sd_bus *connection, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct bus *bus = userdata;
    const struct status_field *field;
    struct status_object object;
    struct report report = { 0 };
    enum status_part part;

    (void)connection, (void)path, (void)interface, (void)error;
    if (strcmp(property, "Version") == 0)
        return sd_bus_message_append(reply, "s", MVPN_VERSION);
    bus->ops->get_report(bus->userdata, &report);
    if (strcmp(property, "RetryNextAt") == 0)
        return sd_bus_message_append(reply, "t", retry_next_at(&report));
    if (find_part(property, &part)) {
        status_describe(&report, part, &object);
        return append_object(reply, &object);
    }
    status_describe(&report, STATUS_PART_TOP, &object);
    field = find_top(&object, property);
    return field ? append_value(reply, field) : -ENOENT;
}

static void print_value(FILE *out, const struct status_field *field)
{
    char text[IP_ADDR_TEXT_SIZE];

    switch (field->kind) {
    case STATUS_KIND_FLAG:
        fprintf(out, "%d", field->flag);
        return;
    case STATUS_KIND_TEXT:
        fputs(field->text, out);
        return;
    case STATUS_KIND_COUNT:
        fprintf(out, "%" PRIu64, field->count);
        return;
    case STATUS_KIND_SPAN:
    case STATUS_KIND_AGE:
    case STATUS_KIND_DEADLINE:
        fprintf(out, "%" PRIu64, field->usec);
        return;
    case STATUS_KIND_DATE:
        fprintf(out, "%" PRId64, field->date_sec);
        return;
    case STATUS_KIND_ADDRESS:
    case STATUS_KIND_ADDRESSES:
        for (uint32_t i = 0; i < field->n_addrs; i++)
            fprintf(out, "%s ", ip_addr_format(&field->addrs[i], text, sizeof(text)));
        return;
    }
}

static void print_property(FILE *out, const struct report *report, const char *property)
{
    struct status_object object;
    enum status_part part;

    if (strcmp(property, "RetryNextAt") == 0) {
        fprintf(out, "%" PRIu64, retry_next_at(report));
        return;
    }
    if (!find_part(property, &part)) {
        status_describe(report, STATUS_PART_TOP, &object);
        print_value(out, find_top(&object, property));
        return;
    }
    status_describe(report, part, &object);
    for (uint32_t i = 0; i < object.n_fields; i++) {
        const struct status_field *field = &object.fields[i];

        if (field->is_null || field->counts || !field->bus_key)
            continue;
        fprintf(out, "%s=", field->key);
        print_value(out, field);
        fputc('\n', out);
    }
}

/* malloc'd; NULL without memory, which counts as "changed": better one signal too many. */
static char *property_print(const struct report *report, const char *property)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    print_property(out, report, property);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

void bus_publish(struct bus *bus)
{
    char *names[ELEMENTSOF(changing) + 1];
    struct report report = { 0 };
    size_t n_names = 0;

    if (!bus->connection)
        return;
    bus->ops->get_report(bus->userdata, &report);
    for (size_t i = 0; i < ELEMENTSOF(changing); i++) {
        char *print = property_print(&report, changing[i]);

        if (!print || !bus->published[i] || strcmp(print, bus->published[i]) != 0)
            names[n_names++] = (char *)changing[i];
        free(bus->published[i]);
        bus->published[i] = print;
    }
    names[n_names] = NULL;
    if (n_names > 0)
        (void)sd_bus_emit_properties_changed_strv(bus->connection, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, names);
}

void properties_forget(struct bus *bus)
{
    for (size_t i = 0; i < ELEMENTSOF(bus->published); i++) {
        free(bus->published[i]);
        bus->published[i] = NULL;
    }
}
