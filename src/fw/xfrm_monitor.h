/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: what the kernel tells about everybody's changes of XFRM policies. Tells somebody else's change of policies of ours from
 * changes of other policies; our own do not even wake us. Never changes anything, never blocks.
 */
#include <stdint.h>

/* sender: what our own changes carry. A non-blocking descriptor or negative errno. */
int fw_xfrm_monitor_open(uint32_t sender);

/* Reads what there is. 1: somebody else changed or removed policies of ours, or it is not certain that nobody did; 0: nobody; negative errno. */
int fw_xfrm_monitor_read(int fd);
