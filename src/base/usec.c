/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing and printing of time spans. Decides the grammar of every duration in configuration, policy and command line.
 * Never reads a clock, never uses floating point: what was written is what is kept, to the microsecond.
 */
#include "base/usec.h"

#include "base/macro.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *suffix;
    usec_t unit_usec;
} units[] = {
    { "", SEC(1) },   { "us", 1 },         { "ms", MSEC(1) }, { "s", SEC(1) }, { "sec", SEC(1) },
    { "m", SEC(60) }, { "min", SEC(60) }, { "h", HOURS(1) }, { "d", HOURS(24) },
};

static const char *skip_space(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* Digits with an optional fraction of at most six, in millionths of the unit; false where there is no digit or too many. */
static bool parse_millionths(const char **p, uint64_t *ret)
{
    uint64_t whole = 0, fraction = 0, weight = 100000;
    int n_digits = 0;

    for (; isdigit((unsigned char)**p); (*p)++, n_digits++) {
        if (whole > UINT64_C(1000000000000))
            return false;
        whole = whole * 10 + (uint64_t)(**p - '0');
    }
    if (n_digits == 0)
        return false;
    if (**p == '.') {
        (*p)++;
        if (!isdigit((unsigned char)**p))
            return false;
        for (; isdigit((unsigned char)**p); (*p)++, weight /= 10)
            fraction += (uint64_t)(**p - '0') * weight;
    }
    *ret = whole * 1000000 + fraction;
    return true;
}

int usec_parse(const char *text, usec_t *ret_usec)
{
    const char *p = skip_space(text);
    uint64_t millionths;

    if (!parse_millionths(&p, &millionths))
        return -EINVAL;
    p = skip_space(p);
    for (size_t i = 0; i < ELEMENTSOF(units); i++) {
        size_t length = strlen(units[i].suffix);
        if (strncmp(p, units[i].suffix, length) != 0 || *skip_space(p + length) != '\0')
            continue;
        unsigned __int128 span = (unsigned __int128)millionths * units[i].unit_usec / 1000000;
        if (span >= USEC_INFINITY)
            return -EINVAL;
        *ret_usec = (usec_t)span;
        return 0;
    }
    return -EINVAL;
}

char *usec_format(usec_t span_usec, char *buf, size_t size)
{
    uint64_t seconds = span_usec / SEC(1);

    if (span_usec == USEC_INFINITY)
        snprintf(buf, size, "never");
    else if (span_usec < SEC(1))
        snprintf(buf, size, "%" PRIu64 " ms", span_usec / MSEC(1));
    else if (seconds < 60)
        snprintf(buf, size, "%" PRIu64 " s", seconds);
    else if (seconds < 3600)
        snprintf(buf, size, "%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
    else if (seconds < 86400)
        snprintf(buf, size, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
    else
        snprintf(buf, size, "%" PRIu64 " d %" PRIu64 " h", seconds / 86400, seconds / 3600 % 24);
    return buf;
}
