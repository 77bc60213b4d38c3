/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Keepalives that the kernel sends (XFRMA_NAT_KEEPALIVE_INTERVAL, Linux 6.11): which kernels may be given them, at what interval, and from when
 * on they can be relied on. Such a kernel wakes no process for them, and no sleeping device either. Never asks the kernel anything.
 *
 * By release, not by trying: the first kernels that have it free a packet twice that the firewall refuses (CVE-2026-72137), and stop for ever
 * when a keepalive meets the end of its SA on another processor. The try itself would be such a packet. Both are mended from the same releases
 * on.
 */
#include "base/usec.h"

#include <stdbool.h>
#include <stdint.h>

enum offload {
    OFFLOAD_LACKING, /* the kernel does not have it */
    OFFLOAD_FAULTY, /* it has it, with those faults */
    OFFLOAD_SOUND,
};

/* release: "6.12.117+deb12-amd64", as uname has it. */
enum offload offload_judge(const char *release);
const char *offload_sentence(enum offload offload);

/*
 * The kernel's interval, so that none of its keepalives comes later than interval_usec: it counts in whole seconds, and its timers of more than
 * a few milliseconds are late by up to an eighth (kernel/time/timer.c: each level of the wheel is eight times as coarse). 0: too short.
 */
uint32_t offload_interval_sec(usec_t interval_usec);

/*
 * The kernel has one timer for all SAs, and one that is set already is not set earlier for an SA that is new (xfrm_nat_keepalive.c). So an
 * interval counts from when the timer of the one before has passed at the latest. Where nobody's can have been set before, which a keepalive
 * shows that leaves with the new SA, it counts at once.
 */
struct offload_watch {
    bool witnessed; /* such a keepalive was seen: whatever timer there is is of our own SAs */
    uint32_t given_sec; /* to the SAs that stand; 0: none */
    usec_t horizon_usec; /* the timer has passed by then, or was set by the interval of now */
};

/* The SAs have this interval from now on, or have it still. */
void offload_give(struct offload_watch *watch, usec_t now_usec, uint32_t interval_sec);
/* When it can be relied on; in the past: now. */
usec_t offload_counts_at(const struct offload_watch *watch);
