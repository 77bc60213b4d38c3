/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Doubling, and nothing is written any more once a step has failed.
 */
#include "dm/grow.h"

#include <stdlib.h>
#include <string.h>

static bool make_room(struct dm_grow *grow, size_t n_bytes)
{
    size_t size = grow->size ? grow->size : 256;
    char *text;

    if (grow->failed || n_bytes > DM_GROW_BYTES_MAX || grow->length + n_bytes + 1 > DM_GROW_BYTES_MAX)
        return false;
    while (size < grow->length + n_bytes + 1)
        size *= 2;
    if (size == grow->size)
        return true;
    text = realloc(grow->text, size);
    if (!text)
        return false;
    grow->text = text;
    grow->size = size;
    return true;
}

void dm_grow_bytes(struct dm_grow *grow, const void *bytes, size_t n_bytes)
{
    if (!make_room(grow, n_bytes)) {
        grow->failed = true;
        return;
    }
    if (n_bytes)
        memcpy(grow->text + grow->length, bytes, n_bytes);
    grow->length += n_bytes;
    grow->text[grow->length] = '\0';
}

void dm_grow_text(struct dm_grow *grow, const char *text)
{
    dm_grow_bytes(grow, text, strlen(text));
}

static const char *escape(char c)
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
    default:
        return NULL;
    }
}

void dm_grow_xml(struct dm_grow *grow, const char *text, size_t n_bytes)
{
    size_t start = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        const char *word = escape(text[i]);

        if (!word)
            continue;
        dm_grow_bytes(grow, text + start, i - start);
        dm_grow_text(grow, word);
        start = i + 1;
    }
    dm_grow_bytes(grow, text + start, n_bytes - start);
}

char *dm_grow_steal(struct dm_grow *grow)
{
    char *text;

    if (!grow->failed && !grow->text)
        dm_grow_text(grow, "");
    text = grow->failed ? NULL : grow->text;
    if (grow->failed)
        free(grow->text);
    memset(grow, 0, sizeof(*grow));
    return text;
}

void dm_grow_free(struct dm_grow *grow)
{
    free(grow->text);
    memset(grow, 0, sizeof(*grow));
}
