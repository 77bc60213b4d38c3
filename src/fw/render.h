/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: what rendering and installing share. The rules depend on the shape of a lockdown (mark, names, options); everything that
 * changes while mvpn works (addresses, whether the tunnel takes forwarded packets) stands in named sets, so that it changes without them.
 */
#include "base/strbuf.h"
#include "core/lockdown.h"

#include <stdbool.h>

/* All sets with their elements, as part of the table's block. */
void fw_render_sets(const struct lockdown *lockdown, struct strbuf *ret);

/* Do both need the same rules, and the same prefixes (which are not changed one by one)? */
bool fw_same_shape(const struct lockdown *a, const struct lockdown *b);

/* May this name stand in a rule? Not where nft would read a pattern or an end of string in it: such a row stays closed. */
bool fw_name_is_plain(const char *name);

/* What answers to a hotspot's clients carry on their way from the tunnel's interface, so that layer 3 knows them. Never 0, never the mark. */
uint32_t fw_answer_mark(uint32_t mark);
