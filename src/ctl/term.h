/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What standard output can show: colour (a terminal, no NO_COLOR, not "dumb"), UTF-8, its size. Text from elsewhere is made harmless here.
 * Decides nothing about what is shown.
 */
#include <stdbool.h>
#include <stddef.h>

struct term {
    bool is_tty;
    bool color;
    bool utf8;
    unsigned columns, rows; /* 80, 24 where unknown */
};

enum style {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD, /* green */
    STYLE_BUSY, /* blue */
    STYLE_WARN, /* yellow */
    STYLE_BAD, /* red */
};

void term_init(struct term *ret);
void term_measure(struct term *term); /* after SIGWINCH */

/* Escape sequences, or "" without colour. */
const char *term_style(const struct term *term, enum style style);
const char *term_end(const struct term *term);

/* Control characters (also C1) and broken UTF-8 become '?', in place. */
void text_make_printable(char *text);

/* Columns that text takes. */
size_t text_width(const char *text);

/* Cuts text (in a buffer of size bytes) in place to at most `columns` columns, with an ellipsis (or "..") where something is missing. */
void text_cut(const struct term *term, char *text, size_t size, size_t columns);
