/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The form of a configuration file: bytes in; sections, keys with values, and errors out, one item at a time.
 * Decides what a line is and which bytes a file may hold. Knows no key, makes no I/O, allocates nothing; goes on behind an error, so that
 * a person sees all errors at once.
 *
 *   file    = { line "\n" }        (UTF-8, "\r\n" too, a byte order mark is skipped)
 *   line    = [ "[" name "]" | name "=" value ] [ "#" comment ]
 * Space around names and values does not count. A comment begins with '#' at the start of a line or behind white space.
 */
#include <stdbool.h>
#include <stddef.h>

#define PARSE_LINE_MAX_BYTES 4096
#define PARSE_NAME_SIZE      64

enum parse_item_type {
    PARSE_ITEM_END,
    PARSE_ITEM_SECTION, /* .section begins */
    PARSE_ITEM_ENTRY,   /* .key and .value */
    PARSE_ITEM_ERROR,   /* .problem: what is wrong with the line and what to do */
};

/* Strings live in the parser until the next call. */
struct parse_item {
    enum parse_item_type type;
    unsigned line;       /* 1 is the first */
    const char *section; /* "" before the first header */
    const char *key;
    const char *value; /* "" allowed */
    const char *problem;
};

struct parser {
    const unsigned char *at, *end;
    unsigned line;
    char section[PARSE_NAME_SIZE];
    bool lost; /* behind a broken header nobody knows which section this is: entries are passed over */
    char text[PARSE_LINE_MAX_BYTES + 1]; /* the line being looked at */
    char problem[256];
};

void parser_init(struct parser *parser, const void *bytes, size_t n_bytes);
void parser_next(struct parser *parser, struct parse_item *ret);

/* Length of a valid UTF-8 sequence for a printable character at `at`; 0 where there is none (control characters included, tab excepted). */
size_t utf8_sequence_length(const unsigned char *at, size_t n_bytes);

/* Makes any bytes text: whatever is not printable UTF-8 becomes '?', a sequence that was cut at the end goes. */
void parse_mend_text(char *text);
