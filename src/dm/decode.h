/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A tree of elements read as a message. Decides which elements mean what, wherever they stand; elements that are not known are passed over.
 * Refuses what has no header or no body, or two of them, and text that is none. Never judges versions, references or commands.
 */
#include "dm/message.h"

/* The message lives in the arena of the tree and takes it over on success only. 0, -EBADMSG, -E2BIG. */
int dm_message_decode(struct dm_arena *arena, const struct dm_element *root, struct dm_message **ret, struct dm_error *error);
