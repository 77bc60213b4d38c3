/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A few lines at the bottom of a terminal that are redrawn in place, without taking the screen: what stood above stays. Owns the terminal's
 * modes while it is entered and gives them back as they were. Knows nothing of what it draws.
 */
#include "ctl/term.h"

#include <termios.h>

#define SCREEN_LINES_MAX    48
#define SCREEN_SEGMENTS_MAX 4

struct segment {
    enum style style;
    char text[512];
};

struct line {
    unsigned n_segments;
    struct segment segments[SCREEN_SEGMENTS_MAX];
};

struct frame {
    unsigned n_lines;
    struct line lines[SCREEN_LINES_MAX];
};

struct screen {
    struct term *term; /* borrowed */
    bool entered;
    bool has_modes; /* standard input is a terminal whose modes were changed */
    struct termios modes; /* as they were */
    unsigned n_drawn;
    size_t drawn_columns[SCREEN_LINES_MAX];
};

/* A new line, NULL when the frame is full; then text in a style at its end. */
struct line *frame_line(struct frame *frame);
void line_add(struct line *line, enum style style, const char *format, ...) __attribute__((format(printf, 3, 4)));

void screen_enter(struct screen *screen); /* hides the cursor, keys are not echoed */
void screen_draw(struct screen *screen, struct frame *frame);
void screen_leave(struct screen *screen); /* what was drawn stays; the cursor is below it */
