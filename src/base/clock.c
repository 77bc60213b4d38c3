/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the clocks. Never decides anything by them.
 */
#include "base/clock.h"

#include <time.h>

usec_t clock_boottime_usec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (usec_t)now.tv_sec * SEC(1) + (usec_t)now.tv_nsec / 1000;
}

int64_t clock_realtime_sec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}
