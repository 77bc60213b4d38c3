/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A linked list and its packing. A piece of a large object ends where a character ends, and gets smaller until the message fits.
 */
#include "dm/outbox.h"

#include "base/macro.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES_MIN 64

static void free_out(struct dm_out *out)
{
    free(out->msg_ref);
    free(out->cmd_ref);
    free(out->cmd);
    free(out->target_ref);
    free(out->source_ref);
    free(out->chal_type);
    free(out->chal_nonce);
    free(out->source);
    free(out->format);
    free(out->type);
    free(out->data);
    free(out);
}

static void free_list(struct dm_out *out)
{
    while (out) {
        struct dm_out *next = out->next;

        free_out(out);
        out = next;
    }
}

void dm_outbox_free(struct dm_outbox *box)
{
    free_list(box->first);
    free_list(box->sent);
    memset(box, 0, sizeof(*box));
}

static bool copy_text(char **ret, const char *text)
{
    *ret = text ? strdup(text) : NULL;
    return *ret || !text;
}

static bool copy_data(struct dm_out *out, const struct dm_out *what)
{
    if (!what->data)
        return true;
    out->data = malloc(what->size + 1);
    if (!out->data)
        return false;
    memcpy(out->data, what->data, what->size);
    out->data[what->size] = '\0';
    out->size = what->size;
    return true;
}

static struct dm_out *copy(struct dm_outbox *box, const struct dm_out *what)
{
    struct dm_out *out = calloc(1, sizeof(*out));
    bool good = out != NULL;

    if (good) {
        out->verb = what->verb;
        out->code = what->code;
        out->first_only = what->first_only;
        good = copy_text(&out->msg_ref, what->msg_ref) && copy_text(&out->cmd_ref, what->cmd_ref) &&
               copy_text(&out->cmd, what->cmd) && copy_text(&out->target_ref, what->target_ref) &&
               copy_text(&out->source_ref, what->source_ref) && copy_text(&out->chal_type, what->chal_type) &&
               copy_text(&out->chal_nonce, what->chal_nonce) && copy_text(&out->source, what->source) &&
               copy_text(&out->format, what->format) && copy_text(&out->type, what->type) && copy_data(out, what);
    }
    if (good)
        return out;
    box->failed = true;
    if (out)
        free_out(out);
    return NULL;
}

struct dm_out *dm_outbox_add(struct dm_outbox *box, const struct dm_out *what)
{
    struct dm_out *out = copy(box, what);

    if (!out)
        return NULL;
    if (box->last)
        box->last->next = out;
    else
        box->first = out;
    box->last = out;
    return out;
}

struct dm_out *dm_outbox_add_first(struct dm_outbox *box, const struct dm_out *what)
{
    struct dm_out *out = copy(box, what);

    if (!out)
        return NULL;
    out->next = box->first;
    box->first = out;
    if (!box->last)
        box->last = out;
    return out;
}

/* Format and media type are written when they are known; an item is written where there is anything to say in it. */
static bool add_item(struct dm_message *message, struct dm_command *command, const struct dm_out *out, size_t n_bytes, bool more)
{
    struct dm_item *item = dm_message_add_item(message, command);

    if (!item)
        return false;
    item->source = out->source;
    item->meta.format = out->format;
    item->meta.type = out->type;
    item->more_data = more;
    if (more && out->offset == 0)
        item->meta.size_bytes = out->size;
    if (out->data)
        item->data = (struct dm_bytes){ out->data + out->offset, n_bytes };
    return true;
}

static bool add_challenge(struct dm_message *message, struct dm_command *command, const struct dm_out *out)
{
    struct dm_chal *chal = dm_arena_alloc(message->arena, sizeof(*chal));

    if (!chal)
        return false;
    chal->type = out->chal_type;
    chal->format = "b64";
    chal->next_nonce = out->chal_nonce;
    command->chal = chal;
    return true;
}

/* The command as it is written; strings stay the outbox's. NULL: no memory. */
static struct dm_command *write_command(struct dm_message *message, const struct dm_out *out, size_t n_bytes, bool more)
{
    struct dm_command *command = dm_message_add_command(message, NULL, out->verb);

    if (!command)
        return NULL;
    command->msg_ref = out->msg_ref;
    command->cmd_ref = out->cmd_ref;
    command->cmd = out->cmd;
    command->code = out->code;
    command->cmd_id = "10000"; /* to be measured; the session numbers at the end */
    if ((out->target_ref && dm_message_add_target_ref(message, command, out->target_ref) < 0) ||
        (out->source_ref && dm_message_add_source_ref(message, command, out->source_ref) < 0) ||
        (out->chal_type && !add_challenge(message, command, out)) ||
        ((out->source || out->data) && !add_item(message, command, out, n_bytes, more)))
        return NULL;
    return command;
}

static size_t to_character(const struct dm_out *out, size_t n_bytes)
{
    while (n_bytes > 1 && ((unsigned char)out->data[out->offset + n_bytes] & 0xc0) == 0x80)
        n_bytes--;
    return n_bytes;
}

/* A piece of what does not fit. True: one was written. */
static bool pack_piece(struct dm_outbox *box, struct dm_message *message, enum dm_encoding encoding, size_t room)
{
    struct dm_out *out = box->first;
    size_t n_bytes = MIN_OF(room, out->size - out->offset - 1);

    while (n_bytes >= PIECE_BYTES_MIN) {
        struct dm_command *command;

        n_bytes = to_character(out, n_bytes);
        command = write_command(message, out, n_bytes, true);
        if (!command) {
            box->failed = true;
            return false;
        }
        if (dm_command_size(command, encoding) <= room) {
            out->offset += n_bytes;
            return true;
        }
        dm_message_drop_last(message);
        n_bytes = n_bytes * 3 / 4;
    }
    return false;
}

static void move_to_sent(struct dm_outbox *box, struct dm_out ***tail)
{
    struct dm_out *out = box->first;

    box->first = out->next;
    if (!box->first)
        box->last = NULL;
    out->next = NULL;
    **tail = out;
    *tail = &out->next;
}

static bool can_be_cut(const struct dm_out *out)
{
    return out->verb == DM_VERB_RESULTS && out->data && out->size - out->offset > PIECE_BYTES_MIN;
}

bool dm_outbox_pack(struct dm_outbox *box, struct dm_message *message, enum dm_encoding encoding, size_t max_bytes)
{
    struct dm_out **tail = &box->sent;
    size_t used = 0, n = 0;

    free_list(box->sent);
    box->sent = NULL;
    if (max_bytes)
        dm_message_write(message, encoding, NULL, 0, &used); /* the header alone */
    used = MIN_OF(used, max_bytes);
    while (box->first && !box->failed) {
        const struct dm_out *out = box->first;
        struct dm_command *command = write_command(message, out, out->size - out->offset, false);
        size_t size = command ? dm_command_size(command, encoding) : 0;

        if (!command) {
            box->failed = true;
            break;
        }
        if (max_bytes && used + size > max_bytes && (n > 0 || can_be_cut(out))) {
            dm_message_drop_last(message);
            if (can_be_cut(out))
                pack_piece(box, message, encoding, max_bytes - used);
            return true;
        }
        used += size;
        n++;
        move_to_sent(box, &tail);
    }
    return box->first != NULL;
}

void dm_outbox_again(struct dm_outbox *box)
{
    struct dm_out **place = &box->first, *next;

    for (struct dm_out *out = box->sent; out; out = next) {
        next = out->next;
        if (out->first_only) {
            free_out(out);
            continue;
        }
        out->next = *place;
        *place = out;
        if (!out->next)
            box->last = out;
        place = &out->next;
    }
    box->sent = NULL;
}
