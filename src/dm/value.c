/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words and numbers inside a message, read leniently: verbs, codes, sizes, what an item holds.
 */
#include "base/macro.h"
#include "dm/base64.h"
#include "dm/message.h"
#include "dm/number.h"
#include "dm/text.h"
#include "dm/verb.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *const VERBS[] = {
    [DM_VERB_ADD] = "Add",
    [DM_VERB_ALERT] = "Alert",
    [DM_VERB_ATOMIC] = "Atomic",
    [DM_VERB_COPY] = "Copy",
    [DM_VERB_DELETE] = "Delete",
    [DM_VERB_EXEC] = "Exec",
    [DM_VERB_GET] = "Get",
    [DM_VERB_REPLACE] = "Replace",
    [DM_VERB_RESULTS] = "Results",
    [DM_VERB_SEQUENCE] = "Sequence",
    [DM_VERB_STATUS] = "Status",
};
_Static_assert(ELEMENTSOF(VERBS) == DM_VERB_OTHER, "every verb has its name");

/* Of data synchronisation and of DM's optional part: each wants an answer, none is done. */
static const char *const OTHERS[] = { "Map", "Move", "Put", "Search", "Sync" };

const char *dm_verb_name(enum dm_verb verb)
{
    return verb == DM_VERB_OTHER ? NULL : VERBS[verb];
}

bool dm_verb_of(const char *name, enum dm_verb *ret)
{
    for (size_t i = 0; i < ELEMENTSOF(VERBS); i++)
        if (strcmp(VERBS[i], name) == 0) {
            *ret = (enum dm_verb)i;
            return true;
        }
    for (size_t i = 0; i < ELEMENTSOF(OTHERS); i++)
        if (strcmp(OTHERS[i], name) == 0) {
            *ret = DM_VERB_OTHER;
            return true;
        }
    return false;
}

static const char *const MEDIA_TYPES[] = {
    [DM_ENCODING_XML] = "application/vnd.syncml.dm+xml",
    [DM_ENCODING_WBXML] = "application/vnd.syncml.dm+wbxml",
};

const char *dm_encoding_media_type(enum dm_encoding encoding)
{
    return MEDIA_TYPES[encoding];
}

bool dm_encoding_of(const char *media_type, enum dm_encoding *ret)
{
    size_t n;

    if (!media_type)
        return false;
    media_type += strspn(media_type, " \t");
    n = strcspn(media_type, "; \t\r\n");
    for (size_t i = 0; i < ELEMENTSOF(MEDIA_TYPES); i++)
        if (strlen(MEDIA_TYPES[i]) == n && strncasecmp(MEDIA_TYPES[i], media_type, n) == 0) {
            *ret = (enum dm_encoding)i;
            return true;
        }
    return false;
}

uint64_t dm_number_of(const char *text)
{
    uint64_t number = 0;

    if (!text)
        return 0;
    for (; *text; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (digit > 9)
            return 0;
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    return number;
}

unsigned dm_code_of(const char *text)
{
    uint64_t code = dm_number_of(text);

    return code >= 100 && code <= 9999 ? (unsigned)code : 0;
}

static struct dm_bytes trimmed(const struct dm_item *item)
{
    struct dm_bytes b = item->data;

    while (b.size && dm_is_blank(*b.data)) {
        b.data++;
        b.size--;
    }
    while (b.size && dm_is_blank(b.data[b.size - 1]))
        b.size--;
    return b;
}

static bool is_word(struct dm_bytes b, const char *word)
{
    return b.size == strlen(word) && strncasecmp(b.data, word, b.size) == 0;
}

int dm_item_bool(const struct dm_item *item, bool *ret)
{
    struct dm_bytes b = trimmed(item);
    bool yes = is_word(b, "true") || is_word(b, "1");

    if (!yes && !is_word(b, "false") && !is_word(b, "0"))
        return -EINVAL;
    *ret = yes;
    return 0;
}

int dm_item_integer(const struct dm_item *item, int64_t *ret)
{
    struct dm_bytes b = trimmed(item);
    bool negative = b.size && *b.data == '-';
    int64_t number = 0;
    size_t i = negative || (b.size && *b.data == '+');

    if (i >= b.size)
        return -EINVAL;
    for (; i < b.size; i++) {
        int digit = b.data[i] - '0';

        if (digit < 0 || digit > 9 || number > (INT64_MAX - digit) / 10)
            return -EINVAL;
        number = number * 10 + digit;
    }
    *ret = negative ? -number : number;
    return 0;
}

int dm_item_binary(const struct dm_item *item, struct dm_arena *arena, struct dm_bytes *ret)
{
    size_t room = item->data.size / 4 * 3 + 3, n = 0;
    char *bytes = dm_arena_alloc(arena, MAX_OF(room, item->data.size) + 1);
    int r;

    if (!bytes)
        return -ENOMEM;
    if (item->meta.format && strcasecmp(item->meta.format, "b64") == 0) {
        r = dm_base64_decode(item->data.data ? item->data.data : "", item->data.size, bytes, room, &n);
        if (r < 0)
            return -EINVAL;
    } else if (item->data.size) {
        memcpy(bytes, item->data.data, item->data.size);
        n = item->data.size;
    }
    bytes[n] = '\0';
    *ret = (struct dm_bytes){ bytes, n };
    return 0;
}
