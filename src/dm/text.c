/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTF-8, read strictly (RFC 3629).
 */
#include "dm/text.h"

bool dm_is_xml_character(uint32_t c)
{
    return c == 0x9 || c == 0xa || c == 0xd || (c >= 0x20 && c <= 0xd7ff) || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

/* Bytes of the character at s, n being there; 0: none. */
static size_t read_character(const unsigned char *s, size_t n, uint32_t *ret)
{
    static const uint32_t SMALLEST[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t length = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;
    uint32_t c;

    if (!length || length > n)
        return 0;
    c = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < SMALLEST[length])
        return 0;
    *ret = c;
    return length;
}

bool dm_text_is_clean(const char *text, size_t n_bytes)
{
    const unsigned char *s = (const unsigned char *)text;

    while (n_bytes) {
        uint32_t c;
        size_t length = read_character(s, n_bytes, &c);

        if (!length || !dm_is_xml_character(c))
            return false;
        s += length;
        n_bytes -= length;
    }
    return true;
}

size_t dm_utf8_put(uint32_t c, char *ret)
{
    if (c < 0x80) {
        ret[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        ret[0] = (char)(0xc0 | c >> 6);
        ret[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        ret[0] = (char)(0xe0 | c >> 12);
        ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
        ret[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    ret[0] = (char)(0xf0 | c >> 18);
    ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
    ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
    ret[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}
