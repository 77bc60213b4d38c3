/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Lifetimes measured behind NATs of every kind, many times: what came out, how long it took, what it cost. A table, and a judgement on it.
 */
#include <stdint.h>

/* 0, or 1 when something that is promised did not hold. */
int detect(uint32_t n_runs, const char *only_variant);
