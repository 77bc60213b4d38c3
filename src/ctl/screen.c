/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each line is cut to the terminal's width, so that it takes one row; after the terminal got narrower an old line may take several, which
 * the way back up counts. A frame goes out in one write: no flicker.
 */
#include "ctl/screen.h"

#include "base/cleanup.h"
#include "base/io.h"
#include "base/macro.h"

#include <stdarg.h>
#include <string.h>

struct line *frame_line(struct frame *frame)
{
    struct line *line;

    if (frame->n_lines >= SCREEN_LINES_MAX)
        return NULL;
    line = &frame->lines[frame->n_lines++];
    line->n_segments = 0;
    return line;
}

void line_add(struct line *line, enum style style, const char *format, ...)
{
    struct segment *segment;
    va_list ap;

    if (!line || line->n_segments >= SCREEN_SEGMENTS_MAX)
        return;
    segment = &line->segments[line->n_segments++];
    segment->style = style;
    va_start(ap, format);
    vsnprintf(segment->text, sizeof(segment->text), format, ap);
    va_end(ap);
}

static void write_text(const char *text)
{
    (void)io_write_all(STDOUT_FILENO, text, strlen(text));
}

void screen_enter(struct screen *screen)
{
    struct termios quiet;

    screen->entered = true;
    screen->n_drawn = 0;
    if (tcgetattr(STDIN_FILENO, &screen->modes) == 0) {
        quiet = screen->modes;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
        quiet.c_cc[VMIN] = 0;
        quiet.c_cc[VTIME] = 0;
        screen->has_modes = tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet) == 0;
    }
    write_text("\x1b[?25l");
}

void screen_leave(struct screen *screen)
{
    if (!screen->entered)
        return;
    screen->entered = false;
    write_text(screen->n_drawn > 0 ? "\n\x1b[?25h" : "\x1b[?25h");
    if (screen->has_modes)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->modes);
    screen->has_modes = false;
}

/* Rows between the first drawn line and the cursor, at the terminal's width of now. */
static size_t rows_above(const struct screen *screen)
{
    size_t rows = 0;

    for (unsigned i = 0; i < screen->n_drawn; i++)
        rows += MAX_OF((screen->drawn_columns[i] + screen->term->columns - 1) / screen->term->columns, 1U);
    return rows > 0 ? rows - 1 : 0;
}

/* Returns the columns that the line takes. */
static size_t print_line(FILE *out, const struct term *term, struct line *line)
{
    size_t room = term->columns, used = 0;

    for (unsigned i = 0; i < line->n_segments && used < room; i++) {
        struct segment *segment = &line->segments[i];

        text_cut(term, segment->text, sizeof(segment->text), room - used);
        used += text_width(segment->text);
        fprintf(out, "%s%s%s", term_style(term, segment->style), segment->text,
            segment->style != STYLE_PLAIN ? term_end(term) : "");
    }
    return used;
}

void screen_draw(struct screen *screen, struct frame *frame)
{
    unsigned n_lines = MIN_OF(frame->n_lines, MAX_OF(screen->term->rows, 2U) - 1);
    size_t up = MIN_OF(rows_above(screen), (size_t)MAX_OF(screen->term->rows, 1U) - 1), size;
    _cleanup_free_ char *text = NULL;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return;
    fputc('\r', out);
    if (up > 0)
        fprintf(out, "\x1b[%zuA", up);
    for (unsigned i = 0; i < n_lines; i++) {
        screen->drawn_columns[i] = print_line(out, screen->term, &frame->lines[i]);
        /* After the last column the cursor hangs on it: erasing there would take the character away. */
        if (screen->drawn_columns[i] < screen->term->columns)
            fputs("\x1b[K", out);
        if (i + 1 < n_lines)
            fputs("\r\n", out);
    }
    if (n_lines > 0 && screen->drawn_columns[n_lines - 1] < screen->term->columns)
        fputs("\x1b[J", out);
    screen->n_drawn = n_lines;
    if (fclose(out) == 0)
        (void)io_write_all(STDOUT_FILENO, text, size);
}
