/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What a session has still to say, in order, and packing it into messages that the server can take: statuses and results wait here until they
 * fit, an object that is larger than a message goes out in pieces (MoreData). Owns copies of all it is given.
 */
#include "dm/message.h"

struct dm_out {
    struct dm_out *next;
    enum dm_verb verb;
    unsigned code;
    bool first_only; /* belongs to its message alone: is not sent again after a challenge */
    char *msg_ref, *cmd_ref, *cmd, *target_ref, *source_ref;
    char *chal_type, *chal_nonce;
    char *source; /* the item's; an item stands there when any of these is set */
    char *format, *type;
    char *data;
    size_t size, offset; /* of data: what was sent already */
    size_t whole_size;   /* what Meta said of a large object; 0: it is none */
};

struct dm_outbox {
    struct dm_out *first, *last; /* to be sent */
    struct dm_out *sent;         /* in the last message, in order; sent again after a challenge */
    bool failed;                 /* no memory */
};

/* A new one at the end, with copies of the strings in *what. NULL: no memory, which is remembered. */
struct dm_out *dm_outbox_add(struct dm_outbox *box, const struct dm_out *what);
/* In front of all others (the Status of SyncHdr). */
struct dm_out *dm_outbox_add_first(struct dm_outbox *box, const struct dm_out *what);
void dm_outbox_free(struct dm_outbox *box);

/* Puts as much as fits into the message, whose size may be max_bytes (0: no limit). True: something is left. */
bool dm_outbox_pack(struct dm_outbox *box, struct dm_message *message, enum dm_encoding encoding, size_t max_bytes);
/* The last message was refused for its credentials: all of it once more. */
void dm_outbox_again(struct dm_outbox *box);
