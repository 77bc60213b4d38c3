/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One report for each state, as a daemon would give it: what the golden documents are made of.
 */
#include "bus/report.h"

#define REPORT_NOW_USEC SEC(5000)
#define REPORT_WALL_SEC INT64_C(1767225600) /* 2026-01-01 */

void report_for_state(enum state state, struct report *ret);
