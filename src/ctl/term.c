/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Terminal facts and text widths, by the C library's own tables (wcwidth) under the user's locale.
 */
#include "ctl/term.h"

#include "base/macro.h"

#include <assert.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static const char *const styles[] = {
    [STYLE_PLAIN] = "",
    [STYLE_BOLD] = "\x1b[1m",
    [STYLE_DIM] = "\x1b[2m",
    [STYLE_GOOD] = "\x1b[32m",
    [STYLE_BUSY] = "\x1b[34m",
    [STYLE_WARN] = "\x1b[33m",
    [STYLE_BAD] = "\x1b[31m",
};
_Static_assert(ELEMENTSOF(styles) == STYLE_BAD + 1, "every style has its sequence");

void term_measure(struct term *term)
{
    struct winsize size;

    term->columns = 80;
    term->rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return;
    if (size.ws_col > 0)
        term->columns = size.ws_col;
    if (size.ws_row > 0)
        term->rows = size.ws_row;
}

void term_init(struct term *ret)
{
    const char *name = getenv("TERM"), *no_color = getenv("NO_COLOR");

    ret->is_tty = isatty(STDOUT_FILENO);
    ret->color = ret->is_tty && !(no_color && *no_color) && name && strcmp(name, "dumb") != 0;
    ret->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    term_measure(ret);
}

const char *term_style(const struct term *term, enum style style)
{
    return term->color ? styles[style] : "";
}

const char *term_end(const struct term *term)
{
    return term->color ? "\x1b[0m" : "";
}

void text_make_printable(char *text)
{
    mbstate_t state = { 0 };

    while (*text) {
        wchar_t c;
        size_t length = mbrtowc(&c, text, strlen(text), &state);

        if (length == (size_t)-1 || length == (size_t)-2) {
            memset(&state, 0, sizeof(state));
            *text++ = '?';
            continue;
        }
        if (wcwidth(c) < 0)
            memset(text, '?', length);
        text += length;
    }
}

size_t text_width(const char *text)
{
    mbstate_t state = { 0 };
    size_t columns = 0;

    while (*text) {
        wchar_t c;
        size_t length = mbrtowc(&c, text, strlen(text), &state);
        int width;

        if (length == (size_t)-1 || length == (size_t)-2) {
            memset(&state, 0, sizeof(state));
            length = 1;
            width = 1;
        } else {
            width = wcwidth(c);
        }
        columns += width > 0 ? (size_t)width : 0;
        text += length;
    }
    return columns;
}

/* Bytes of the longest prefix that fits in `columns`. */
static size_t prefix_bytes(const char *text, size_t columns)
{
    mbstate_t state = { 0 };
    const char *p = text;

    while (*p) {
        wchar_t c;
        size_t length = mbrtowc(&c, p, strlen(p), &state);
        size_t width;

        if (length == (size_t)-1 || length == (size_t)-2)
            return (size_t)(p - text);
        width = wcwidth(c) > 0 ? (size_t)wcwidth(c) : 0;
        if (width > columns)
            break;
        columns -= width;
        p += length;
    }
    return (size_t)(p - text);
}

void text_cut(const struct term *term, char *text, size_t size, size_t columns)
{
    const char *ellipsis = term->utf8 ? "\u2026" : "..";
    size_t width = term->utf8 ? 1 : 2, end;

    if (text_width(text) <= columns)
        return;
    if (columns <= width) {
        text[prefix_bytes(text, columns)] = '\0';
        return;
    }
    end = prefix_bytes(text, columns - width);
    if (end + strlen(ellipsis) < size)
        strcpy(text + end, ellipsis);
    else
        text[end] = '\0';
}
