/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The machine's sleep: logind's PrepareForSleep with a delay inhibitor, held from the start so that sleep waits until the core has had its turn;
 * without logind a resume is noticed by CLOCK_BOOTTIME having run on while CLOCK_MONOTONIC stood. Never polls: clocks are compared when
 * something else has woken the daemon, and the kernel wakes it at each resume by its watch on the wall clock (TFD_TIMER_CANCEL_ON_SET).
 */
#include "base/usec.h"

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct sleep_ops {
    void (*suspend)(void *userdata); /* the machine is about to sleep; sleep_ready() lets it */
    void (*resume)(void *userdata);
};

struct sleep;

int sleep_new(const struct sleep_ops *ops, void *userdata, struct sleep **ret); /* ops: borrowed */
void sleep_free(struct sleep *sleep);
int sleep_set_bus(struct sleep *sleep, sd_bus *bus); /* NULL: gone */
bool sleep_present(const struct sleep *sleep); /* is logind there? */

void sleep_ready(struct sleep *sleep); /* the machine may sleep now; nothing when it is not about to */

/* Now, on both clocks: perhaps a resume that nobody has told. */
void sleep_compare(struct sleep *sleep, usec_t boottime_usec, usec_t monotonic_usec);
