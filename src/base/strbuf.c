/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text into a fixed buffer. Never allocates, never writes past the end.
 */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>

void strbuf_init(struct strbuf *s, char *buf, size_t size_bytes)
{
    *s = (struct strbuf){ .text = buf, .size_bytes = size_bytes };
    buf[0] = '\0';
}

void strbuf_add(struct strbuf *s, const char *format, ...)
{
    size_t room = s->size_bytes - s->length_bytes;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(s->text + s->length_bytes, room, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= room) {
        s->truncated = true;
        s->length_bytes = s->size_bytes - 1;
        return;
    }
    s->length_bytes += (size_t)n;
}
