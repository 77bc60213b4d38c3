/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A one-time password or token, from a file, standard input or the terminal, never from the command line, where everybody could read it.
 * Wiped by secret_clear(). Never decides what it is for.
 */
#include <stdbool.h>
#include <stddef.h>

#define SECRET_BYTES_MAX 16384

struct secret {
    char text[SECRET_BYTES_MAX + 1];
    size_t n_bytes;
};

/* path NULL: the terminal where there is one (prompt is shown, what is typed is not), else a line of standard input; "-": standard input.
 * Line ends at the end are taken off. False, and said why: nothing usable. */
bool secret_read(const char *path, const char *prompt, struct secret *ret);
void secret_clear(struct secret *secret);

/* The reading end of a pipe that holds it; negative errno. */
int secret_to_pipe(const struct secret *secret);
