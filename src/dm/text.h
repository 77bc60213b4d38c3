/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What is text: UTF-8 that XML 1.0 can hold. Both readers and the writer judge by it. Decides nothing else.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool dm_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Characters of XML 1.0 (section 2.2): no NUL, no other controls but tab and line breaks, no surrogates, no U+FFFE. */
bool dm_is_xml_character(uint32_t c);
/* Valid UTF-8 (no overlong form) of such characters throughout. */
bool dm_text_is_clean(const char *text, size_t n_bytes);
/* UTF-8 of a character into ret[4]; number of bytes. */
size_t dm_utf8_put(uint32_t c, char *ret);
