/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A text builder over the caller's buffer. Text that does not fit is cut and remembered: one check at the end is enough.
 * Never allocates.
 */
#include "base/macro.h"

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
    char *text; /* always NUL-terminated */
    size_t size_bytes;
    size_t length_bytes;
    bool truncated;
};

void strbuf_init(struct strbuf *s, char *buf, size_t size_bytes);
void strbuf_add(struct strbuf *s, const char *format, ...) _printf_(2, 3);
