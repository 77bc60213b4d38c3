/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The few macros that every folder uses. Never: anything that hides control flow.
 */
#include <stddef.h>

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))
#define MIN_OF(a, b)      ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b)      ((a) > (b) ? (a) : (b))
#define _printf_(a, b)    __attribute__((format(printf, a, b)))
#define _pure_            __attribute__((pure))
