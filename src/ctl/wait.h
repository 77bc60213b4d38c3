/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * --wait: until the tunnel is up, it is clear that a person must act, or the time is over. Shows each step on a terminal.
 */
#include "ctl/client.h"

/* CTL_DONE when connected; CTL_NOT_CONNECTED with a reason on standard error; CTL_NOT_RUNNING when mvpnd ends meanwhile. */
enum ctl_exit wait_connected(sd_bus *bus, usec_t limit_usec);
