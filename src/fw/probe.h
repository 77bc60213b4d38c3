/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Questions to the kernel's nftables, by plain netlink. libnftables ends the process where the kernel has no nftables, and reads every
 * table to answer about one: neither will do for a daemon.
 */

#include <stdint.h>

/* The number of the ruleset's present generation: every transaction, ours or not, raises it. 0; -EOPNOTSUPP: no nftables in this kernel;
 * another negative errno (-EPERM). */
int fw_probe_generation(uint32_t *ret_generation);

/* Is there a table of this name in family inet? 1, 0 or negative errno. */
int fw_probe_table(const char *name);
