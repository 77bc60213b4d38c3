/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Why something that a server sent was refused, as one sentence for the journal and for `mvpnctl`. The errno beside it tells programs what
 * kind it was: -EBADMSG not what the format asks for, -E2BIG more than the limits allow, -EPERM something that is refused on sight (DOCTYPE,
 * entity), -ENOMEM no room. Never holds what the server sent but for names, and these cut and without control characters.
 */
#include "base/macro.h"

#define DM_ERROR_TEXT_SIZE 160

struct dm_error {
    char text[DM_ERROR_TEXT_SIZE]; /* "" when nothing was said */
};

/* Writes the sentence (error may be NULL) and returns `code`, so that it stands in a return statement. */
int dm_error_set(struct dm_error *error, int code, const char *format, ...) _printf_(3, 4);
