/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The form of a configuration file; parse.h tells the grammar. Pure. Every byte is looked at before it is used: what leaves here is
 * printable UTF-8 without NUL.
 */
#include "config/parse.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void parser_init(struct parser *parser, const void *bytes, size_t n_bytes)
{
    static const unsigned char byte_order_mark[] = { 0xef, 0xbb, 0xbf };

    memset(parser, 0, sizeof(*parser));
    if (n_bytes == 0)
        return; /* bytes may be NULL */
    parser->at = bytes;
    parser->end = parser->at + n_bytes;
    if (n_bytes >= sizeof(byte_order_mark) && memcmp(bytes, byte_order_mark, sizeof(byte_order_mark)) == 0)
        parser->at += sizeof(byte_order_mark);
}

/* RFC 3629 section 4: no overlong forms, no surrogates, nothing above U+10FFFF; and no control characters (C0, DEL, C1). */
size_t utf8_sequence_length(const unsigned char *at, size_t n_bytes)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint32_t c;
    size_t length;

    if (n_bytes == 0)
        return 0;
    if (at[0] < 0x80)
        return at[0] == '\t' || (at[0] >= 0x20 && at[0] != 0x7f) ? 1 : 0;
    length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || length > n_bytes)
        return 0;
    c = at[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (at[i] & 0x3f);
    }
    if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) || c < 0xa0)
        return 0;
    return length;
}

/* The beginning of a sequence, whose rest is not there any more. */
static bool is_cut(const unsigned char *at, size_t n_bytes)
{
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2, i = 1;

    while (i < n_bytes && (at[i] & 0xc0) == 0x80)
        i++;
    return at[0] >= 0xc2 && at[0] <= 0xf4 && n_bytes < length && i == n_bytes;
}

void parse_mend_text(char *text)
{
    unsigned char *at = (unsigned char *)text;

    for (size_t left = strlen(text), step; left > 0; at += step, left -= step) {
        step = utf8_sequence_length(at, left);
        if (step > 0)
            continue;
        step = 1;
        if (is_cut(at, left)) {
            at[0] = '\0';
            return;
        }
        at[0] = '?';
    }
}

/* Cuts the next line out of the input; its bytes without the end of line. */
static size_t take_line(struct parser *parser, const unsigned char **ret_start)
{
    size_t left = (size_t)(parser->end - parser->at);
    const unsigned char *newline = memchr(parser->at, '\n', left);
    size_t length = newline ? (size_t)(newline - parser->at) : left;

    *ret_start = parser->at;
    parser->at += length + (newline ? 1 : 0);
    parser->line++;
    if (length > 0 && (*ret_start)[length - 1] == '\r')
        length--;
    return length;
}

static bool is_c1_control(const unsigned char *at, size_t n_bytes)
{
    return n_bytes >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
}

/* NULL, or what is wrong with the line's bytes. */
static const char *judge_bytes(struct parser *parser, const unsigned char *start, size_t length)
{
    if (length > PARSE_LINE_MAX_BYTES) {
        snprintf(parser->problem, sizeof(parser->problem),
            "the line is %zu bytes long, at most %d are allowed; shorten it", length, PARSE_LINE_MAX_BYTES);
        return parser->problem;
    }
    for (size_t i = 0, step; i < length; i += step) {
        step = utf8_sequence_length(start + i, length - i);
        if (step > 0)
            continue;
        if (start[i] == 0)
            return "the line has a NUL byte; this is not a text file, write it again with a text editor";
        if (start[i] < 0x20 || start[i] == 0x7f || is_c1_control(start + i, length - i))
            snprintf(parser->problem, sizeof(parser->problem),
                "the line has a control character (byte 0x%02x at column %zu); remove it", start[i], i + 1);
        else
            snprintf(parser->problem, sizeof(parser->problem),
                "the line is not UTF-8 (byte 0x%02x at column %zu); save the file as UTF-8", start[i], i + 1);
        return parser->problem;
    }
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static char *trim(char *text)
{
    size_t length;

    while (is_space(*text))
        text++;
    length = strlen(text);
    while (length > 0 && is_space(text[length - 1]))
        text[--length] = '\0';
    return text;
}

static void cut_comment(char *text)
{
    for (char *p = text; *p; p++)
        if (*p == '#' && (p == text || is_space(p[-1]))) {
            *p = '\0';
            return;
        }
}

static bool is_name(const char *text)
{
    size_t length = strlen(text);

    if (length == 0 || length >= PARSE_NAME_SIZE || !isalpha((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

static const char *parse_header(struct parser *parser, char *text)
{
    size_t length = strlen(text);
    char *name;

    parser->lost = true;
    if (text[length - 1] != ']')
        return "the section's header does not end with ']'; write it like [Tunnel], alone on its line";
    text[length - 1] = '\0';
    name = trim(text + 1);
    if (!is_name(name))
        return "the section's header holds no name; write it like [Tunnel]";
    memcpy(parser->section, name, strlen(name) + 1);
    parser->lost = false;
    return NULL;
}

static const char *parse_entry(char *text, struct parse_item *ret)
{
    char *equals = strchr(text, '='), *key;

    if (!equals)
        return "the line has no '='; write Key=value, or put '#' before it to make it a comment";
    *equals = '\0';
    key = trim(text);
    if (*key == '\0')
        return "there is no key before '='; write Key=value";
    if (!is_name(key))
        return "what stands before '=' is not a key; keys are made of letters, like Gateway";
    ret->key = key;
    ret->value = trim(equals + 1);
    return NULL;
}

/* One line to an item; false where there is nothing on it. */
static bool parse_line(
    struct parser *parser, const unsigned char *start, size_t length, struct parse_item *ret)
{
    char *text;

    ret->problem = judge_bytes(parser, start, length);
    if (ret->problem) {
        ret->type = PARSE_ITEM_ERROR;
        return true;
    }
    memcpy(parser->text, start, length);
    parser->text[length] = '\0';
    cut_comment(parser->text);
    text = trim(parser->text);
    if (*text == '\0')
        return false;
    if (*text == '[') {
        ret->type = PARSE_ITEM_SECTION;
        ret->problem = parse_header(parser, text);
    } else if (parser->lost) {
        return false;
    } else {
        ret->type = PARSE_ITEM_ENTRY;
        ret->problem = parse_entry(text, ret);
    }
    if (ret->problem)
        ret->type = PARSE_ITEM_ERROR;
    return true;
}

void parser_next(struct parser *parser, struct parse_item *ret)
{
    while (parser->at < parser->end) {
        const unsigned char *start;
        size_t length = take_line(parser, &start);

        *ret = (struct parse_item){ .line = parser->line, .section = parser->section };
        if (parse_line(parser, start, length, ret))
            return;
    }
    *ret = (struct parse_item){ .type = PARSE_ITEM_END, .line = parser->line, .section = parser->section };
}
