/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: what the kernel tells about everybody's nftables transactions (group NFNLGRP_NFTABLES): a message for each thing that
 * was added or removed, then one with the number of the new generation and the process that made it. Tells somebody else's change of table
 * inet mvpn from our own and from changes of other tables. Never changes anything, never blocks.
 */
#include "fw/fw.h"

#include <stdbool.h>
#include <stdint.h>

#define FW_OWN_MAX 16 /* transactions of ours between two readings, of which the first teaches who we are */

struct fw_monitor {
    int fd; /* non-blocking; -1: not there */
    bool touched; /* the transaction that is being read concerns our table */
    uint32_t own_pid; /* ours, as the kernel writes it (another number in a PID namespace); 0: not learned yet */
    uint32_t own_generations[FW_OWN_MAX]; /* a ring; 0 is no generation */
    uint32_t n_own;
};

/* 0 or negative errno; fd is -1 then. */
int fw_monitor_open(struct fw_monitor *monitor);

/* This generation is known to be made by us. */
void fw_monitor_own(struct fw_monitor *monitor, uint32_t generation);

/* Reads what there is. 1: somebody else touched our table, *ret is the first who did; 0: nobody; -ENOBUFS: the kernel had to leave out some;
 * another negative errno. */
int fw_monitor_read(struct fw_monitor *monitor, struct fw_disturbance *ret);
