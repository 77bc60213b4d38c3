/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Six bits at a time, both ways.
 */
#include "dm/base64.h"
#include "dm/text.h"

#include <errno.h>
#include <stdint.h>

static const char DIGITS[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t dm_base64_encode(const void *bytes, size_t n_bytes, char *ret, size_t size)
{
    const uint8_t *b = bytes;
    size_t n = 0;

    if (size < DM_BASE64_SIZE(n_bytes))
        return 0;
    for (size_t i = 0; i < n_bytes; i += 3) {
        size_t have = n_bytes - i < 3 ? n_bytes - i : 3;
        uint32_t v = (uint32_t)b[i] << 16 | (have > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (have > 2 ? b[i + 2] : 0);

        ret[n++] = DIGITS[v >> 18];
        ret[n++] = DIGITS[v >> 12 & 63];
        ret[n++] = have > 1 ? DIGITS[v >> 6 & 63] : '=';
        ret[n++] = have > 2 ? DIGITS[v & 63] : '=';
    }
    ret[n] = '\0';
    return n;
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int dm_base64_decode(const char *text, size_t n_text, void *ret, size_t size, size_t *ret_n_bytes)
{
    uint8_t *out = ret;
    uint32_t bits = 0;
    size_t n_digits = 0, n_padding = 0, n = 0;

    for (size_t i = 0; i < n_text; i++) {
        int value = value_of(text[i]);

        if (dm_is_blank(text[i]))
            continue;
        if (text[i] == '=') {
            n_padding++;
            continue;
        }
        if (value < 0 || n_padding)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)value;
        if (++n_digits % 4 == 1) /* six bits are no byte yet */
            continue;
        if (n >= size)
            return -ENOSPC;
        out[n++] = (uint8_t)(bits >> (6 - 2 * ((n_digits - 1) % 4)));
    }
    if (n_digits % 4 == 1 || n_padding > 2)
        return -EINVAL;
    *ret_n_bytes = n;
    return 0;
}
