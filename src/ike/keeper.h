/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Keeps what programs send into the kernel's tunnel interface while no tunnel stands, and sends it again when one does: a packet socket on the
 * interface, open only that long. Link-local packets and multicast do not count, as with a data path of our own.
 * Holds bytes; never decides when.
 */
#include "ike/backlog.h"

struct keeper {
    int fd; /* readable: a packet came; -1: closed */
    int ifindex;
    struct backlog backlog;
};

/* On an interface without a link layer; 0 or negative errno. */
int keeper_open(struct keeper *keeper, int ifindex);
void keeper_close(struct keeper *keeper); /* what was kept stays kept */

/* Takes in what has come; true: at least one packet counts. */
bool keeper_read(struct keeper *keeper, usec_t now_usec);

/* Sends the kept ones that are not older than `oldest`, from one of these addresses; *ret_n_dropped of them could not be. Their number. */
unsigned keeper_release(struct keeper *keeper, usec_t oldest_at_usec, const struct ip_addr *addrs, uint32_t n_addrs, unsigned *ret_n_dropped);
