/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sd-bus checks lengths and nesting; types are looked at before they are read, because a failed read leaves the message in the middle.
 */
#include "sys/properties.h"

#include <stdio.h>
#include <string.h>

int properties_read(sd_bus_message *message, property_reader reader, void *userdata)
{
    const char *name;
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    if (r < 0)
        return r;
    while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0)
            r = reader(userdata, name, message);
        if (r == 0)
            r = sd_bus_message_skip(message, "v");
        if (r >= 0)
            r = sd_bus_message_exit_container(message);
        if (r < 0)
            return r;
    }
    return r < 0 ? r : sd_bus_message_exit_container(message);
}

static bool holds(sd_bus_message *message, const char *type)
{
    const char *contents;
    char outer;

    return sd_bus_message_peek_type(message, &outer, &contents) > 0 && outer == 'v' && strcmp(contents, type) == 0;
}

static int skip(sd_bus_message *message)
{
    int r = sd_bus_message_skip(message, "v");

    return r < 0 ? r : 1;
}

int property_read_u32(sd_bus_message *message, uint32_t *ret)
{
    return holds(message, "u") ? sd_bus_message_read(message, "v", "u", ret) : skip(message);
}

int property_read_bool(sd_bus_message *message, bool *ret)
{
    int value = 0, r;

    if (!holds(message, "b"))
        return skip(message);
    r = sd_bus_message_read(message, "v", "b", &value);
    if (r >= 0)
        *ret = value != 0;
    return r;
}

int property_read_text(sd_bus_message *message, char *buf, size_t size)
{
    const char *text = "", *type = holds(message, "s") ? "s" : "o";
    int r;

    if (!holds(message, type))
        return skip(message);
    r = sd_bus_message_read(message, "v", type, &text);
    if (r >= 0)
        snprintf(buf, size, "%s", strlen(text) < size ? text : "");
    return r;
}
