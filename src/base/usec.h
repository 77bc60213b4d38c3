/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Time as the whole project writes it: microseconds in a uint64_t. A moment is named `_at_usec` and counts on CLOCK_BOOTTIME;
 * a span is named `_usec`. Arithmetic saturates, so that USEC_INFINITY means "never" and stays so.
 * Never reads a clock: that is base/clock.h, which src/core does not include.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_INFINITY   UINT64_MAX
#define USEC(n)         ((usec_t)(n))
#define MSEC(n)         ((usec_t)((n) * UINT64_C(1000)))
#define SEC(n)          ((usec_t)((n) * UINT64_C(1000000)))
#define MINUTES(n)      SEC((n) * UINT64_C(60))
#define HOURS(n)        SEC((n) * UINT64_C(3600))

static inline usec_t usec_add(usec_t a, usec_t b)
{
    return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

/* a - b, or 0 where b is later than a; "never" minus anything stays "never". */
static inline usec_t usec_sub(usec_t a, usec_t b)
{
    if (a == USEC_INFINITY)
        return USEC_INFINITY;
    return a > b ? a - b : 0;
}

static inline usec_t usec_mul(usec_t a, uint64_t factor)
{
    return factor && a > USEC_INFINITY / factor ? USEC_INFINITY : a * factor;
}

static inline double usec_to_seconds(usec_t t)
{
    return (double)t / 1e6;
}

/* "90", "90s", "1.5s", "250ms", "5min", "2h", "1d" -> *ret_usec. 0, or -EINVAL (untouched output). A bare number is seconds. */
int usec_parse(const char *text, usec_t *ret_usec);

/* A span for people: "250 ms", "9 s", "2 min 3 s", "5 h 2 min"; always fits in size >= 24. Returns buf. */
char *usec_format(usec_t span_usec, char *buf, size_t size);
