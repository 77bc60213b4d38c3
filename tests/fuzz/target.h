/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The face of a fuzz target, for replay.c and the targets themselves. libFuzzer brings its own main().
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Any bytes; returns 0. Aborts where an invariant does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

#define MUST_HOLD(condition)                                                                                 \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)
