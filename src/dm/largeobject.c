/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object at a time, as the protocol has it.
 */
#include "dm/largeobject.h"

#include <stdlib.h>
#include <string.h>

void dm_large_object_drop(struct dm_large_object *object)
{
    free(object->uri);
    dm_grow_free(&object->data);
    memset(object, 0, sizeof(*object));
}

bool dm_large_object_continues(
    const struct dm_large_object *object, const struct dm_command *command, const struct dm_item *item)
{
    return object->active && command->verb == object->verb && item->target && strcmp(item->target, object->uri) == 0;
}

static unsigned refuse(struct dm_large_object *object, unsigned code)
{
    dm_large_object_drop(object);
    return code;
}

static unsigned begin(struct dm_large_object *object, const struct dm_command *command, const struct dm_item *item, size_t max_bytes)
{
    if (item->meta.size_bytes == 0)
        return 424; /* without its size an object in pieces cannot be checked */
    if (item->meta.size_bytes > max_bytes)
        return 416;
    object->uri = strdup(item->target);
    if (!object->uri)
        return 500;
    object->active = true;
    object->verb = command->verb;
    object->size = (size_t)item->meta.size_bytes;
    return 0;
}

unsigned dm_large_object_take(struct dm_large_object *object, const struct dm_command *command, const struct dm_item *item,
    size_t max_bytes, struct dm_bytes *ret_whole)
{
    unsigned code = object->active ? 0 : begin(object, command, item, max_bytes);

    if (code)
        return refuse(object, code);
    if (item->data.size > object->size - object->data.length)
        return refuse(object, 424);
    dm_grow_bytes(&object->data, item->data.data ? item->data.data : "", item->data.size);
    if (object->data.failed)
        return refuse(object, 500);
    if (item->more_data)
        return 213;
    if (object->data.length != object->size)
        return refuse(object, 424);
    *ret_whole = (struct dm_bytes){ object->data.text, object->data.length };
    return 200;
}
