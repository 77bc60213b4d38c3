/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Validation by the table of RFC 3629, section 4: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "bus/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length in bytes of the well-formed character at p, 0 where there is none. Never reads past a NUL. */
static size_t character_length(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xC2 && p[0] <= 0xDF)
        return is_tail(p[1]) ? 2 : 0;
    if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F))
            return 0;
        return is_tail(p[1]) && is_tail(p[2]) ? 3 : 0;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
            return 0;
        return is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3]) ? 4 : 0;
    }
    return 0;
}

char *utf8_clean(const char *text)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    char *clean = malloc(strlen(text) * 3 + 1); /* a bad byte becomes three */
    char *out = clean;

    if (!clean)
        return NULL;
    while (*text) {
        size_t length = character_length((const unsigned char *)text);

        if (length == 0) {
            memcpy(out, replacement, 3);
            out += 3;
            text++;
            continue;
        }
        memcpy(out, text, length);
        out += length;
        text += length;
    }
    *out = '\0';
    return clean;
}
