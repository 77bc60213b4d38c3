/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A server's commands carried out on the tree, each with its Status in the order of the commands; Atomic and Sequence with what is inside
 * them. An Atomic is done whole or leaves the tree as it was: its failed command keeps its own code, those before answer 216, those behind
 * 215, the Atomic 507. What an Exec orders is handed out once the outermost command is final, so that a roll-back never has anything to
 * recall from the device.
 *
 * Decides the codes; never numbers commands, never sends. Large objects (MoreData) come assembled, or as the status of their piece, from
 * the session.
 */
#include "dm/message.h"
#include "dm/verbs.h"

/* Where the answers go; every handler answers 0 or -ENOMEM, after which nothing more is called. */
struct dm_answers {
    /* target: the item's address, NULL for none. */
    int (*status)(void *userdata, const struct dm_command *command, const char *target, unsigned code);
    int (*result)(void *userdata, const struct dm_command *command, const struct dm_found *found);
    void (*order)(void *userdata, const struct dm_order *order);
    void (*log)(void *userdata, const struct dm_command *command, const char *target, unsigned code, const char *sentence);
    void *userdata;
};

struct dm_transaction {
    struct dm_tree *tree;
    const char *server;
    const struct dm_origins *origins;
    const struct dm_answers *answers;
    /* Asked after each outermost command that changed the tree: 0, or a status; the command is then taken back. NULL: nothing is asked. */
    unsigned (*check)(void *userdata, struct dm_tree *tree, struct dm_error *error);
    void *check_userdata;
};

/*
 * One command of the message's body. `whole` is the assembled object where the command's last item is the end of a large one (NULL
 * otherwise). 0 or -ENOMEM.
 */
int dm_transaction_run(struct dm_transaction *transaction, const struct dm_command *command, const struct dm_bytes *whole);
