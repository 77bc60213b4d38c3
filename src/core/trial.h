/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The trial of a new policy: does its tunnel come up? Decides when it is good and when it has failed. Pure: `now` is a clock that stands while
 * the device sleeps (CLOCK_MONOTONIC microseconds), so that a night in a pocket is no failure.
 * Only time in which the tunnel was being tried counts: not without a network, switched off, disconnected by the user, waiting on demand, or
 * while something else is wrong that no policy can mend. Never goes back by itself: the verdict is the daemon's to carry out.
 */
#include "core/core.h"

#define TRIAL_LIMIT_USEC MINUTES(2) /* of trying; several attempts with the delays between them */
#define TRIAL_HOLD_USEC  SEC(10)    /* a tunnel that falls at once is none */

enum trial_verdict { TRIAL_OPEN, TRIAL_GOOD, TRIAL_FAILED };

struct trial {
    bool running;
    bool endless; /* there is nothing to go back to: it can only become good */
    usec_t tried_usec; /* before the present stretch */
    usec_t trying_since_usec; /* the present stretch; USEC_INFINITY: not being tried */
    usec_t up_since_usec; /* USEC_INFINITY: there is no tunnel */
};

void trial_begin(struct trial *trial);
void trial_begin_endless(struct trial *trial);
void trial_end(struct trial *trial);

/* After every turn and at the deadline. *ret_cause: why it failed. TRIAL_OPEN where none is running. */
enum trial_verdict trial_look(struct trial *trial, usec_t now_usec, const struct core_status *status, enum reason *ret_cause);
usec_t trial_deadline(const struct trial *trial); /* USEC_INFINITY: nothing is due */
