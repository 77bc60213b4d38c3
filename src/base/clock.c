/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the clocks. Never decides anything by them.
 */
#include "base/clock.h"

#include <time.h>

static usec_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (usec_t)now.tv_sec * SEC(1) + (usec_t)now.tv_nsec / 1000;
}

usec_t clock_boottime_usec(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

usec_t clock_monotonic_usec(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_realtime_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * (int64_t)SEC(1) + now.tv_nsec / 1000;
}

int64_t clock_realtime_sec(void)
{
    return clock_realtime_usec() / (int64_t)SEC(1);
}
