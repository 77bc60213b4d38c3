/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The clocks that mvpn reads. CLOCK_BOOTTIME for every deadline (it goes on during suspend), CLOCK_REALTIME for certificates only, and
 * CLOCK_MONOTONIC (which stands meanwhile) only to find that there was a suspend.
 * Never included by src/core: there time is a parameter.
 */
#include "base/usec.h"

#include <stdint.h>

usec_t clock_boottime_usec(void);
usec_t clock_monotonic_usec(void);

/* Since 1970, as the handset believes. */
int64_t clock_realtime_usec(void);
int64_t clock_realtime_sec(void);
