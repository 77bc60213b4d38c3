/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One day of a handset: night at home, a commute with tunnels, an office, an evening. Prints what it cost and checks it against a budget.
 */

/* 0, or 1 when an invariant or the budget broke. */
int day(void);
