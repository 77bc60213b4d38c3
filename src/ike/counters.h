/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * An interface's counters, as the kernel keeps them: one question by rtnetlink, answered within the call (some microseconds). They begin
 * anew when the interface is made again; the sums given here do not. Not thread-safe: the caller locks.
 */
#include <net/if.h>
#include <stdint.h>

struct counters {
    int fd;
    int ifindex;                                         /* of the interface that was asked last; 0: none */
    uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets; /* since counters_open() */
    uint64_t n_refused;                                  /* outbound packets that nothing would carry */
    uint64_t seen[5];                                    /* of this ifindex, in the same order */
};

int counters_open(struct counters *ret); /* 0 or negative errno */
void counters_close(struct counters *counters);

/* From now on this one's; what it has counted so far is left out. ifindex 0: none, the sums stand still. */
void counters_follow(struct counters *counters, int ifindex);

/* The sums, up to date; -ENODEV and the like leave them as they were. */
int counters_read(struct counters *counters);
