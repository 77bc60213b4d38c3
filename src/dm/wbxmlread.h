/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * WBXML (WAP-192, version 1.0 to 1.3) of SyncML into a tree of elements. Decides what is refused: other document types, unknown tags and
 * pages, attributes, extensions and processing instructions (SyncML has none), numbers beyond 32 bits, strings without end, references into
 * the middle of nowhere. Text from the string table counts as often as it is used. Reads leniently: SyncML 1.0 and 1.1's identifiers, literal
 * names, text and opaque data in any mixture. Never allocates but in the arena and the builder.
 */
#include "dm/element.h"

/* *ret_deepest: levels of nesting there were. 0, -EBADMSG, -E2BIG, -ENOMEM with a sentence. */
int dm_wbxml_parse(struct dm_arena *arena, struct dm_budget *budget, const void *bytes, size_t n_bytes, struct dm_element **ret,
    unsigned *ret_deepest, struct dm_error *error);
