/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields to JSON by json-c, which keeps the order in which members are added. Seconds are printed as people write them: 9, 12.3, 0.05.
 */
#include "bus/status_json.h"

#include "bus/bus.h"
#include "bus/status_model.h"
#include "bus/utf8.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <string.h>

#define PRINT_FLAGS (JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)

static void cleanup_json(struct json_object **object)
{
    json_object_put(*object);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

/* Takes value, also when it fails. NULL is refused: it would be JSON's null by accident. */
static int add_member(struct json_object *object, const char *key, struct json_object *value)
{
    if (!value || json_object_object_add(object, key, value) < 0) {
        json_object_put(value);
        return -ENOMEM;
    }
    return 0;
}

static struct json_object *text_json(const char *text)
{
    _cleanup_free_ char *clean = utf8_clean(text);

    return clean ? json_object_new_string(clean) : NULL;
}

/* Whole seconds as an integer, else at most three decimals without trailing zeros. */
static struct json_object *seconds_json(usec_t span_usec)
{
    uint64_t msec = span_usec / MSEC(1);
    char text[32];
    int length;

    if (msec % 1000 == 0)
        return json_object_new_uint64(msec / 1000);
    length = snprintf(text, sizeof(text), "%" PRIu64 ".%03u", msec / 1000, (unsigned)(msec % 1000));
    while (text[length - 1] == '0')
        text[--length] = '\0';
    return json_object_new_double_s((double)msec / 1000, text);
}

/* Lists of addresses stand on one line; json-c's pretty printing breaks even an empty one. */
static int print_inline(struct json_object *array, struct printbuf *out, int level, int flags)
{
    (void)level, (void)flags;
    printbuf_memappend(out, "[", 1);
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        const char *item = json_object_to_json_string(json_object_array_get_idx(array, i));

        if (i > 0)
            printbuf_memappend(out, ", ", 2);
        printbuf_memappend(out, item, (int)strlen(item));
    }
    return printbuf_memappend(out, "]", 1);
}

static struct json_object *addresses_json(const struct ip_addr *addrs, uint32_t n_addrs)
{
    _cleanup_json_ struct json_object *array = json_object_new_array();
    char text[IP_ADDR_TEXT_SIZE];

    for (uint32_t i = 0; array && i < n_addrs; i++) {
        struct json_object *item = json_object_new_string(ip_addr_format(&addrs[i], text, sizeof(text)));

        if (!item || json_object_array_add(array, item) < 0) {
            json_object_put(item);
            return NULL;
        }
    }
    if (array)
        json_object_set_serializer(array, print_inline, NULL, NULL);
    return steal_ptr(&array);
}

static struct json_object *value_json(const struct status_field *field, usec_t now_usec, int64_t wall_sec)
{
    char text[IP_ADDR_TEXT_SIZE];

    switch (field->kind) {
    case STATUS_KIND_FLAG:
        return json_object_new_boolean(field->flag);
    case STATUS_KIND_TEXT:
        return text_json(field->text);
    case STATUS_KIND_COUNT:
        return json_object_new_uint64(field->count);
    case STATUS_KIND_SPAN:
        return seconds_json(field->usec);
    case STATUS_KIND_AGE:
        return seconds_json(usec_sub(now_usec, field->usec));
    case STATUS_KIND_DEADLINE:
        return seconds_json(usec_sub(field->usec, now_usec));
    case STATUS_KIND_DATE:
        return json_object_new_int64(field->date_sec - wall_sec);
    case STATUS_KIND_ADDRESS:
        return json_object_new_string(ip_addr_format(field->addrs, text, sizeof(text)));
    case STATUS_KIND_ADDRESSES:
        return addresses_json(field->addrs, field->n_addrs);
    }
    return NULL;
}

static int add_field(
    struct json_object *object, const struct status_field *field, usec_t now_usec, int64_t wall_sec)
{
    if (field->is_null)
        return json_object_object_add(object, field->key, NULL) < 0 ? -ENOMEM : 0;
    return add_member(object, field->key, value_json(field, now_usec, wall_sec));
}

static int add_part(struct json_object *root, const struct report *report, enum status_part part,
    usec_t now_usec, int64_t wall_sec)
{
    _cleanup_json_ struct json_object *object = json_object_new_object();
    struct status_object fields;
    int r;

    if (!object)
        return -ENOMEM;
    status_describe(report, part, &fields);
    for (uint32_t i = 0; i < fields.n_fields; i++) {
        r = add_field(object, &fields.fields[i], now_usec, wall_sec);
        if (r < 0)
            return r;
    }
    return add_member(root, status_part_key(part), steal_ptr(&object));
}

/* Top fields in [first, last], by key, in the order of the model. */
static int add_top(struct json_object *root, const struct status_object *top, const char *first,
    const char *last, usec_t now_usec, int64_t wall_sec)
{
    bool inside = false;
    int r;

    for (uint32_t i = 0; i < top->n_fields; i++) {
        const struct status_field *field = &top->fields[i];

        if (strcmp(field->key, first) == 0)
            inside = true;
        if (!inside)
            continue;
        r = add_field(root, field, now_usec, wall_sec);
        if (r < 0 || strcmp(field->key, last) == 0)
            return r;
    }
    return 0;
}

static int add_parts(struct json_object *root, const struct report *report, enum status_part first,
    enum status_part last, usec_t now_usec, int64_t wall_sec)
{
    for (enum status_part part = first; part <= last; part++) {
        int r = add_part(root, report, part, now_usec, wall_sec);

        if (r < 0)
            return r;
    }
    return 0;
}

static int print(struct json_object *root, char **ret)
{
    const char *text = json_object_to_json_string_ext(root, PRINT_FLAGS);
    char *copy = text ? strdup(text) : NULL;

    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

int bus_render_status(const struct report *report, usec_t now_usec, int64_t wall_sec, char **ret)
{
    _cleanup_json_ struct json_object *root = json_object_new_object();
    struct status_object top;

    if (!root)
        return -ENOMEM;
    status_describe(report, STATUS_PART_TOP, &top);
    if (add_top(root, &top, "enabled", "internet_blocked", now_usec, wall_sec) < 0 ||
        add_parts(root, report, STATUS_PART_GATEWAY, STATUS_PART_KEEPALIVE, now_usec, wall_sec) < 0 ||
        add_top(root, &top, "push_supported", "on_demand", now_usec, wall_sec) < 0 ||
        add_parts(root, report, STATUS_PART_RETRY, STATUS_PART_MANAGEMENT, now_usec, wall_sec) < 0)
        return -ENOMEM;
    return print(root, ret);
}

static int add_link_addresses(struct json_object *object, const struct link *link)
{
    struct ip_addr addrs[LINK_ADDRS_MAX];

    for (uint32_t i = 0; i < link->n_addrs; i++)
        addrs[i] = link->addrs[i].addr;
    return add_member(object, "addresses", addresses_json(addrs, link->n_addrs));
}

static int fill_link(struct json_object *o, const struct link *link, const struct link_verdict *verdict)
{
    bool usable = verdict->fitness == LINK_FITNESS_USABLE;

    if (add_member(o, "interface", text_json(link->name)) < 0 ||
        add_member(o, "type", json_object_new_string(link_type_name(link->type))) < 0 ||
        add_member(o, "metered", json_object_new_boolean(link->metered)) < 0 ||
        add_member(o, "roaming", json_object_new_boolean(link->roaming)) < 0 ||
        add_member(o, "wake_on_incoming", json_object_new_boolean(link->wake_on_incoming)) < 0 ||
        add_link_addresses(o, link) < 0 || add_member(o, "usable", json_object_new_boolean(usable)) < 0 ||
        add_member(o, "score", json_object_new_uint64(verdict->score)) < 0 ||
        add_member(o, "chosen", json_object_new_boolean(verdict->chosen)) < 0 ||
        add_member(o, "why", text_json(verdict->why)) < 0)
        return -ENOMEM;
    return 0;
}

int links_render_json(uint32_t n_links,
    const struct link *(*get_link)(void *userdata, uint32_t i, struct link_verdict *ret), void *userdata,
    char **ret)
{
    _cleanup_json_ struct json_object *array = json_object_new_array();

    if (!array)
        return -ENOMEM;
    for (uint32_t i = 0; i < n_links; i++) {
        struct link_verdict verdict = { 0 };
        const struct link *link = get_link(userdata, i, &verdict);
        struct json_object *object = json_object_new_object();

        if (!object || json_object_array_add(array, object) < 0) {
            json_object_put(object);
            return -ENOMEM;
        }
        if (fill_link(object, link, &verdict) < 0)
            return -ENOMEM;
    }
    return print(array, ret);
}
