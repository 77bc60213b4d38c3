/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads Event(s, a{sv}). Values of other types than string are printed by what they are, so that a newer daemon may send them.
 */
#include "ctl/signals.h"

#include "ctl/json_path.h"
#include "ctl/term.h"

#include "base/cleanup.h"

#include <json-c/json.h>
#include <stdint.h>
#include <time.h>

static struct json_object *read_basic(sd_bus_message *message, char type)
{
    union {
        const char *s;
        int b;
        int32_t i;
        uint32_t u;
        int64_t x;
        uint64_t t;
        double d;
    } v;

    if (sd_bus_message_read_basic(message, type, &v) <= 0)
        return NULL;
    switch (type) {
    case 's':
    case 'o':
        return json_object_new_string(v.s);
    case 'b':
        return json_object_new_boolean(v.b);
    case 'i':
        return json_object_new_int(v.i);
    case 'u':
        return json_object_new_int64(v.u);
    case 'x':
        return json_object_new_int64(v.x);
    case 't':
        return json_object_new_uint64(v.t);
    case 'd':
        return json_object_new_double(v.d);
    default:
        return NULL;
    }
}

static int read_entry(sd_bus_message *message, struct json_object *detail)
{
    const char *key, *contents;
    char type;
    int r;

    r = sd_bus_message_read_basic(message, 's', &key);
    if (r > 0)
        r = sd_bus_message_peek_type(message, &type, &contents);
    if (r <= 0)
        return -EBADMSG;
    if (contents && contents[0] && !contents[1] && contents[0] != 'h' && contents[0] != 'y') {
        r = sd_bus_message_enter_container(message, 'v', contents);
        if (r < 0)
            return r;
        if (json_object_object_add(detail, key, read_basic(message, contents[0])) < 0)
            return -ENOMEM;
        return sd_bus_message_exit_container(message);
    }
    return sd_bus_message_skip(message, "v");
}

static int read_detail(sd_bus_message *message, struct json_object *detail)
{
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        r = read_entry(message, detail);
        if (r >= 0)
            r = sd_bus_message_exit_container(message);
    }
    return r;
}

static struct json_object *now_json(void)
{
    struct timespec now;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(text, sizeof(text), "%lld.%03ld", (long long)now.tv_sec, now.tv_nsec / 1000000);
    return json_object_new_double_s((double)now.tv_sec + (double)now.tv_nsec / 1e9, text);
}

struct json_object *signal_to_json(sd_bus_message *message)
{
    struct json_object *event = json_object_new_object(), *detail = json_object_new_object();
    const char *name;

    if (!event || !detail || sd_bus_message_read_basic(message, 's', &name) <= 0 ||
        read_detail(message, detail) < 0) {
        json_object_put(event);
        json_object_put(detail);
        return NULL;
    }
    json_object_object_add(event, "time", now_json());
    json_object_object_add(event, "name", json_object_new_string(name));
    json_object_object_add(event, "detail", detail);
    return event;
}

char *signal_to_text(struct json_object *event)
{
    struct json_object *detail = json_at(event, "detail");
    const char *name = json_text(event, "name");
    double at = 0;
    size_t size;
    time_t second;
    struct tm tm;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    (void)json_number(event, "time", &at);
    second = (time_t)at;
    localtime_r(&second, &tm);
    fprintf(out, "%02d:%02d:%02d  %s", tm.tm_hour, tm.tm_min, tm.tm_sec, name ? name : "?");
    if (detail) {
        json_object_object_foreach(detail, key, value)
        {
            fprintf(out, "  %s=%s", key, value ? json_object_get_string(value) : "");
        }
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    text_make_printable(text);
    return text;
}
