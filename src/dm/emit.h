/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Bytes on their way out, into the caller's buffer or, without one, only counted. What does not fit is counted as well: one look at the end
 * (n_bytes > size_bytes) is enough. Never allocates.
 */
#include <stddef.h>

struct dm_emit {
    char *bytes; /* NULL with size 0: count only */
    size_t size_bytes;
    size_t n_bytes; /* written and not written */
    unsigned code_page; /* WBXML: of the tags, as the reader has it by now */
};

void dm_emit_raw(struct dm_emit *out, const void *bytes, size_t n_bytes);
void dm_emit_string(struct dm_emit *out, const char *text);
/* As text or in a double-quoted attribute of XML; what XML cannot hold becomes '?'. */
void dm_emit_escaped(struct dm_emit *out, const char *text, size_t n_bytes);
void dm_emit_base64(struct dm_emit *out, const void *bytes, size_t n_bytes);
