/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: the little of nftables that mvpnd says by itself, over one netlink socket. Questions that libnftables answers badly (it ends
 * the process where the kernel has no nftables, and reads every table to answer about one), and changes of single elements, for which it
 * would first read every set in the kernel. Whole rulesets are nft.c's.
 */
#include "core/lockdown.h"

#include <stdint.h>

struct fw_netlink {
    int fd;
    uint32_t sequence; /* of the last request */
};

/* 0 or negative errno (-EOPNOTSUPP); fd is -1 then. Kept open: closing a nftables socket waits for the kernel to clear away what the last
 * transaction replaced (10 ms and more, measured). */
int fw_netlink_open(struct fw_netlink *netlink);

/* The number of the ruleset's present generation: every transaction, ours or not, raises it. 0; -EOPNOTSUPP: no nftables in this kernel;
 * another negative errno (-EPERM). */
int fw_netlink_generation(struct fw_netlink *netlink, uint32_t *ret_generation);

/* Is there a table of this name in family inet? 1, 0 or negative errno. */
int fw_netlink_has_table(struct fw_netlink *netlink, const char *name);

/*
 * A table of this name that lets nothing through but loopback, in one small transaction; there must be none yet. For the few milliseconds
 * until the whole ruleset replaces it. 0 or negative errno.
 */
int fw_netlink_shut(struct fw_netlink *netlink, const char *name);

/* One transaction that gives each set whose elements differ its new ones; both must have the same shape. 0; -ERESTART: this is not the
 * kernel's generation any more, or no set differs; nothing was done; another negative errno: nothing was done. */
int fw_netlink_update(struct fw_netlink *netlink, uint32_t generation, const struct lockdown *from, const struct lockdown *to);
