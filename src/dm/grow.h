/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Text that grows in memory of its own, up to a limit. Running out is remembered: one check at the end is enough.
 */
#include <stdbool.h>
#include <stddef.h>

#define DM_GROW_BYTES_MAX ((size_t)4 * 1024 * 1024)

struct dm_grow {
    char *text; /* NUL-terminated once anything was added; NULL before */
    size_t length, size;
    bool failed;
};

void dm_grow_bytes(struct dm_grow *grow, const void *bytes, size_t n_bytes);
void dm_grow_text(struct dm_grow *grow, const char *text);
/* & < > and quotes as XML writes them. */
void dm_grow_xml(struct dm_grow *grow, const char *text, size_t n_bytes);
/* The text for free(), or NULL when anything failed; *grow is empty then. */
char *dm_grow_steal(struct dm_grow *grow);
void dm_grow_free(struct dm_grow *grow);
