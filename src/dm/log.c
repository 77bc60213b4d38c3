/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines for the journal. Never a secret, never what a server sent but in sentences that were made harmless.
 */
#include "dm/agent.h"

#include <stdarg.h>
#include <stdio.h>

void agent_log(int priority, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "<%d>", priority);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
