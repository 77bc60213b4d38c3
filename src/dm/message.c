/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a message to be sent, piece by piece in its arena. Lists are short there: their ends are looked for.
 */
#include "dm/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct dm_message *dm_message_new(void)
{
    struct dm_arena *arena = dm_arena_new(DM_ARENA_BYTES);
    struct dm_message *message = arena ? dm_arena_alloc(arena, sizeof(*message)) : NULL;

    if (!message) {
        dm_arena_free(arena);
        return NULL;
    }
    message->arena = arena;
    return message;
}

struct dm_message *dm_message_free(struct dm_message *message)
{
    if (message)
        dm_arena_free(message->arena);
    return NULL;
}

struct dm_command *dm_message_add_command(struct dm_message *message, struct dm_command *parent, enum dm_verb verb)
{
    struct dm_command **last = parent ? &parent->children : &message->commands;
    struct dm_command *command = dm_arena_alloc(message->arena, sizeof(*command));

    if (!command)
        return NULL;
    command->verb = verb;
    command->name = dm_verb_name(verb);
    while (*last)
        last = &(*last)->next;
    *last = command;
    return command;
}

void dm_message_drop_last(struct dm_message *message)
{
    struct dm_command **last = &message->commands;

    while (*last && (*last)->next)
        last = &(*last)->next;
    *last = NULL;
}

struct dm_item *dm_message_add_item(struct dm_message *message, struct dm_command *command)
{
    struct dm_item **last = &command->items;
    struct dm_item *item = dm_arena_alloc(message->arena, sizeof(*item));

    if (!item)
        return NULL;
    while (*last)
        last = &(*last)->next;
    *last = item;
    return item;
}

static int add_ref(struct dm_message *message, struct dm_ref **last, const char *uri)
{
    struct dm_ref *ref = dm_arena_alloc(message->arena, sizeof(*ref));

    if (!ref)
        return -ENOMEM;
    ref->uri = dm_message_string(message, uri);
    if (!ref->uri)
        return -ENOMEM;
    while (*last)
        last = &(*last)->next;
    *last = ref;
    return 0;
}

int dm_message_add_target_ref(struct dm_message *message, struct dm_command *command, const char *uri)
{
    return add_ref(message, &command->target_refs, uri);
}

int dm_message_add_source_ref(struct dm_message *message, struct dm_command *command, const char *uri)
{
    return add_ref(message, &command->source_refs, uri);
}

const char *dm_message_string(struct dm_message *message, const char *text)
{
    return dm_arena_copy(message->arena, text, strlen(text));
}

const char *dm_message_number(struct dm_message *message, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    return dm_message_string(message, text);
}

struct dm_bytes dm_message_bytes(struct dm_message *message, const void *bytes, size_t n_bytes)
{
    return (struct dm_bytes){ dm_arena_copy(message->arena, bytes, n_bytes), n_bytes };
}
