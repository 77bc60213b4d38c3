/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Two questions to the kernel's nftables, by plain netlink. libnftables ends the process where the kernel has no nftables, and reads every
 * table to answer about one: neither will do for a daemon.
 */

/* 0; -EOPNOTSUPP: no nftables in this kernel; another negative errno (-EPERM). */
int fw_probe_nftables(void);

/* Is there a table of this name in family inet? 1, 0 or negative errno. */
int fw_probe_table(const char *name);
