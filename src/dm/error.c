/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the sentence of a refusal. Control characters that came along in a name are shown as dots.
 */
#include "dm/error.h"

#include <stdarg.h>
#include <stdio.h>

int dm_error_set(struct dm_error *error, int code, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return code;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    for (char *c = error->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '.';
    return code;
}
