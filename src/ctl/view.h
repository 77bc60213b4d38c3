/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Status in words: the lines that `mvpnctl status` prints once and `mvpnctl watch` keeps up to date. Decides what a person needs to know in
 * which state, and leaves out the rest. Pure: status in, text out.
 */
#include "ctl/term.h"

struct json_object;

#define VIEW_ROWS_MAX  16
#define VIEW_TEXT_SIZE 512

struct view_row {
    const char *label; /* static */
    enum style style;
    char text[VIEW_TEXT_SIZE]; /* printable */
};

struct view {
    enum style style; /* of the state */
    char state[32];
    char since[32]; /* "2 min 3 s"; "" where unknown */
    char message[VIEW_TEXT_SIZE];
    unsigned n_rows;
    struct view_row rows[VIEW_ROWS_MAX];
};

void view_fill(struct json_object *status, struct view *ret);

/* Label column of all rows. */
#define VIEW_LABEL_COLUMNS 12

enum style view_state_style(const char *state);

/* "1.2 MB", "312 B" */
char *view_bytes(double bytes, char *buf, size_t size);

/* Seconds as "2 min 3 s". */
char *view_seconds(double seconds, char *buf, size_t size);
