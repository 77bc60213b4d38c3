/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Memory that grows piece by piece up to a limit and is freed whole: everything that belongs to one message. The limit is what keeps a
 * message of a hostile server from costing more than was decided, however it is nested. Never shrinks, never frees one thing.
 */
#include <stddef.h>

struct dm_arena;

/* At most limit_bytes in total, its own blocks counted. NULL: no memory. */
struct dm_arena *dm_arena_new(size_t limit_bytes);
struct dm_arena *dm_arena_free(struct dm_arena *arena); /* NULL is fine; returns NULL */

/* Zeroed and aligned for anything; NULL at the limit or without memory. */
void *dm_arena_alloc(struct dm_arena *arena, size_t n_bytes);
/* A copy with a NUL behind it. */
char *dm_arena_copy(struct dm_arena *arena, const void *bytes, size_t n_bytes);

/* What was handed out so far. */
size_t dm_arena_used(const struct dm_arena *arena);

static inline void dm_arena_cleanup(struct dm_arena **arena)
{
    dm_arena_free(*arena);
}
