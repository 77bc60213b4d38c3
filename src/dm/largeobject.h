/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * An object that a server sends in pieces (OMA-TS-DM_Protocol 7): collects them, and decides what each piece answers. Never holds more than
 * was announced, nor more than the limit.
 */
#include "dm/grow.h"
#include "dm/message.h"

struct dm_large_object {
    bool active;
    enum dm_verb verb;
    char *uri;
    size_t size; /* as announced */
    struct dm_grow data;
};

void dm_large_object_drop(struct dm_large_object *object);
/* Is the item the next piece of what is being collected? */
bool dm_large_object_continues(const struct dm_large_object *object, const struct dm_command *command, const struct dm_item *item);
/*
 * Takes a piece, the first one too. 213: go on. 200: that was the last one, *ret_whole is the object (until dropped). 413 longer than a
 * message's objects may be, 416 the announced size is, 424 the size is not what was announced, 500 no memory: dropped.
 */
unsigned dm_large_object_take(struct dm_large_object *object, const struct dm_command *command, const struct dm_item *item,
    size_t max_bytes, struct dm_bytes *ret_whole);
