/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Short words for the rows of the definition tables in objects_*.c. LEAF and NODE are added by a server, FIXED and GROUP are always there.
 */
#include "base/macro.h"
#include "dm/objects.h"

#define DM_A DM_ACCESS_ADD
#define DM_D DM_ACCESS_DELETE
#define DM_E DM_ACCESS_EXEC
#define DM_G DM_ACCESS_GET
#define DM_R DM_ACCESS_REPLACE
#define DM_ADGR (DM_A | DM_D | DM_G | DM_R)
#define DM_ADR  (DM_A | DM_D | DM_R) /* secrets */
#define DM_GR   (DM_G | DM_R)

#define DM_CHILDREN(array) .children = (array), .n_children = ELEMENTSOF(array)

#define DM_LEAF(n, f, ...) { .name = (n), .access = DM_ADGR, .format = DM_FORMAT_##f, __VA_ARGS__ }
#define DM_SECRET(n, f, ...) { .name = (n), .access = DM_ADR, .format = DM_FORMAT_##f, .secret = true, __VA_ARGS__ }
#define DM_READ(n, f, ...) { .name = (n), .access = DM_G, .format = DM_FORMAT_##f, .permanent = true, __VA_ARGS__ }
#define DM_FIXED(n, f, ...)                                                                                  \
    { .name = (n), .access = DM_GR, .format = DM_FORMAT_##f, .permanent = true, .may_be_empty = true, __VA_ARGS__ }
#define DM_EXEC(n, what, ...)                                                                                \
    { .name = (n), .access = DM_E, .format = DM_FORMAT_CHR, .permanent = true, .exec = (what), __VA_ARGS__ }
/* Interior nodes: of the server's making, and always there. */
#define DM_NODE(n, array, ...) { .name = (n), .access = DM_A | DM_D | DM_G, .format = DM_FORMAT_NODE, DM_CHILDREN(array), __VA_ARGS__ }
#define DM_GROUP(n, array, ...) { .name = (n), .access = DM_G, .format = DM_FORMAT_NODE, .permanent = true, DM_CHILDREN(array), __VA_ARGS__ }
