/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The tree between sessions, as text for a file of the account: one line for each node that differs from what a fresh tree has, in the order
 * of a walk. Secrets are in it (a SCEP challenge, a new password): the file is mvpn-dm's alone. What the device tells (DevInfo, Status) is
 * not. Text in, tree out; no I/O.
 */
#include "dm/error.h"

#include <stddef.h>

struct dm_tree;

/* For free(). NULL: no memory. */
char *dm_tree_save(struct dm_tree *tree);
/*
 * Into a fresh tree. Lines that this version does not know are passed over (a node that was dropped from a definition). 0, -ENOMEM; -EBADMSG
 * with a sentence: not such a text, or cut short; the tree is as it was then.
 */
int dm_tree_load(struct dm_tree *tree, const char *text, size_t n_bytes, struct dm_error *error);
