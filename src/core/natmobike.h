/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The fallback where no STUN server helps: a liveness check after a silence tells whether the NAT has given us another address or port
 * (NAT_DETECTION, RFC 7296 2.23). Silences are tried that are longer and longer, now and then one instead of a keepalive's, so that nothing
 * more is sent than without. A NAT that keeps the port never shows a change: there this is blind, and nothing is concluded from what was
 * survived. Only after a change has been seen does a silence that showed none count; until then none of more than two minutes is tried, for
 * what the gateway sends in a silence that is too long arrives late.
 * Never sends, never reads a clock.
 */
#include "base/usec.h"

#include <stdbool.h>
#include <stdint.h>

struct natmobike {
    usec_t longest_usec; /* no need to know more */
    usec_t survived_usec; /* the longest silence after which the mapping looked the same; 0: none */
    usec_t changed_usec; /* the shortest after which it did not; USEC_INFINITY: none: this NAT may be one that keeps the port */
    usec_t trial_usec; /* the next silence to be tried */
    usec_t asked_usec, asked_at_usec; /* of the check that is under way; 0: none */
    uint32_t n_until_trial; /* keepalives */
    bool trying; /* this silence is the trial */
    bool has_baseline; /* a check has been answered: later ones have something to be compared with */
    bool started, done;
};

void natmobike_start(struct natmobike *mobike, usec_t interval_usec, usec_t longest_usec);

/* How long this silence may last; usual_usec: what is known to be right. */
usec_t natmobike_interval(const struct natmobike *mobike, usec_t usual_usec);

/* A keepalive is due after this silence: true where a liveness check is to be sent in its stead. last_in: of anything that proved the path. */
bool natmobike_on_due(struct natmobike *mobike, usec_t now_usec, usec_t silence_usec, usec_t last_in_at_usec);

/* The mapping changed. Returns the lifetime that is certain: the longest silence without a change; 0: none. */
usec_t natmobike_on_changed(struct natmobike *mobike);

/* What has been shown: 0 while no change has ever been seen. */
usec_t natmobike_lifetime(const struct natmobike *mobike);
