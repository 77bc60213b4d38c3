/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw bytes, XML's escapes and base64.
 */
#include "dm/emit.h"
#include "dm/base64.h"

#include <string.h>

void dm_emit_raw(struct dm_emit *out, const void *bytes, size_t n_bytes)
{
    if (n_bytes && out->n_bytes <= out->size_bytes && n_bytes <= out->size_bytes - out->n_bytes)
        memcpy(out->bytes + out->n_bytes, bytes, n_bytes);
    out->n_bytes += n_bytes;
}

void dm_emit_string(struct dm_emit *out, const char *text)
{
    dm_emit_raw(out, text, strlen(text));
}

/* NULL: as it is. A carriage return must be named, else every reader makes a line feed of it (XML 1.0, 2.11). */
static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\r':
        return "&#13;";
    case '\t':
    case '\n':
        return NULL;
    default:
        return c < 0x20 ? "?" : NULL;
    }
}

void dm_emit_escaped(struct dm_emit *out, const char *text, size_t n_bytes)
{
    size_t begin = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        const char *escape = escape_of((unsigned char)text[i]);

        if (!escape)
            continue;
        dm_emit_raw(out, text + begin, i - begin);
        dm_emit_string(out, escape);
        begin = i + 1;
    }
    dm_emit_raw(out, text + begin, n_bytes - begin);
}

void dm_emit_base64(struct dm_emit *out, const void *bytes, size_t n_bytes)
{
    const unsigned char *b = bytes;

    for (size_t i = 0; i < n_bytes; i += 3) {
        char four[5];

        dm_emit_raw(out, four, dm_base64_encode(b + i, n_bytes - i < 3 ? n_bytes - i : 3, four, sizeof(four)));
    }
}
