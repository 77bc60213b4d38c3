/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Numbers as messages carry them. What is no number is 0, what is too large the largest: a size that no memory holds stays one.
 */
#include <stdint.h>

uint64_t dm_number_of(const char *text); /* NULL: 0 */
/* A status or alert code: three or four digits. Microsoft's "1224" and SyncML's " 200" alike. */
unsigned dm_code_of(const char *text);
