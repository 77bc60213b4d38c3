/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks in a list, each twice as large as the one before up to 64 KiB, so that a small message costs little; what is larger than a block
 * gets one of its own.
 */
#include "dm/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES_MIN ((size_t)2048)
#define BLOCK_BYTES_MAX ((size_t)64 * 1024)
#define ALIGNMENT       (_Alignof(max_align_t))

struct block {
    struct block *next;
    size_t size_bytes, used_bytes;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct dm_arena {
    struct block *blocks; /* the one that is being filled first */
    size_t limit_bytes, taken_bytes, used_bytes;
    size_t next_block_bytes;
};

struct dm_arena *dm_arena_new(size_t limit_bytes)
{
    struct dm_arena *arena = calloc(1, sizeof(*arena));

    if (!arena)
        return NULL;
    arena->limit_bytes = limit_bytes;
    arena->next_block_bytes = BLOCK_BYTES_MIN;
    return arena;
}

struct dm_arena *dm_arena_free(struct dm_arena *arena)
{
    if (!arena)
        return NULL;
    while (arena->blocks) {
        struct block *block = arena->blocks;

        arena->blocks = block->next;
        free(block);
    }
    free(arena);
    return NULL;
}

static struct block *new_block(struct dm_arena *arena, size_t n_bytes)
{
    struct block *block;

    if (arena->taken_bytes > arena->limit_bytes || n_bytes > arena->limit_bytes - arena->taken_bytes)
        return NULL;
    block = calloc(1, sizeof(*block) + n_bytes);
    if (!block)
        return NULL;
    block->size_bytes = n_bytes;
    arena->taken_bytes += n_bytes + sizeof(*block);
    return block;
}

static struct block *room_for(struct dm_arena *arena, size_t n_bytes)
{
    struct block *block;

    if (arena->blocks && arena->blocks->size_bytes - arena->blocks->used_bytes >= n_bytes)
        return arena->blocks;
    if (n_bytes > BLOCK_BYTES_MAX / 4) { /* one of its own, behind the one that is being filled */
        block = new_block(arena, n_bytes);
        if (!block)
            return NULL;
        if (arena->blocks) {
            block->next = arena->blocks->next;
            arena->blocks->next = block;
        } else
            arena->blocks = block;
        return block;
    }
    block = new_block(arena, n_bytes > arena->next_block_bytes ? n_bytes : arena->next_block_bytes);
    if (!block)
        return NULL;
    if (arena->next_block_bytes < BLOCK_BYTES_MAX)
        arena->next_block_bytes *= 2;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *dm_arena_alloc(struct dm_arena *arena, size_t n_bytes)
{
    size_t rounded = (n_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    struct block *block;
    void *memory;

    if (rounded < n_bytes)
        return NULL;
    block = room_for(arena, rounded);
    if (!block)
        return NULL;
    memory = block->bytes + block->used_bytes;
    block->used_bytes += rounded;
    arena->used_bytes += rounded;
    return memory;
}

char *dm_arena_copy(struct dm_arena *arena, const void *bytes, size_t n_bytes)
{
    char *copy;

    if (n_bytes == SIZE_MAX)
        return NULL;
    copy = dm_arena_alloc(arena, n_bytes + 1);
    if (copy && n_bytes)
        memcpy(copy, bytes, n_bytes);
    return copy;
}

size_t dm_arena_used(const struct dm_arena *arena)
{
    return arena->used_bytes;
}
