/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The two clocks that mvpn reads. CLOCK_BOOTTIME for every deadline (it goes on during suspend), CLOCK_REALTIME for certificates only.
 * Never included by src/core: there time is a parameter.
 */
#include "base/usec.h"

#include <stdint.h>

usec_t clock_boottime_usec(void);

/* Seconds since 1970, as the handset believes. */
int64_t clock_realtime_sec(void);
