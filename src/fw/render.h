/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: what rendering and installing share. The rules depend on the shape of a lockdown (mark, names, options); everything that
 * changes while mvpn works (addresses, whether the tunnel takes forwarded packets) stands in named sets, so that it changes without them.
 */
#include "base/strbuf.h"
#include "core/lockdown.h"

#include <stdbool.h>

/* Longest list of one set's elements: 32 IPv6 prefixes, or 8 peers with two ports each. */
#define FW_ELEMENTS_MAX_BYTES 2048

/* All sets with their elements, as part of the table's block. */
void fw_render_sets(const struct lockdown *lockdown, struct strbuf *ret);

/* Do both need the same rules? Then fw_render_update() takes one to the other. */
bool fw_same_shape(const struct lockdown *a, const struct lockdown *b);

/* "flush set" and "add element" for each set whose elements differ; nothing where none does. */
void fw_render_update(const struct lockdown *from, const struct lockdown *to, struct strbuf *ret);

/* May this name stand in a rule? Not where nft would read a pattern or an end of string in it: such a row stays closed. */
bool fw_name_is_plain(const char *name);
