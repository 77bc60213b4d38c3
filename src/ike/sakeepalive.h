/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Has the kernel send the keepalives of an outbound SA of its own. It takes an interval only when an SA is made, so that one that stands is
 * read, deleted and made again, with its keys and counters and further sequence numbers. The last two are one call, but a packet that comes
 * between is lost: so an SA gets its interval before packets take it, or at once after the tunnel came up. Asks nothing of libcharon, whose SA
 * it is: the caller holds the IKE SA meanwhile, so that nobody else touches it.
 */
#include "base/ipaddr.h"

/*
 * spi: network order; interval_sec 0: none. Nothing is done where it is so already. 0; -EOPNOTSUPP: not in UDP, or its keys are withheld, its
 * numbers used up, or extended: kernel-netlink could not move such an SA, which has no window where its direction is said; -EIDRM: the SA is
 * lost, and must be made anew; other errors of the kernel's: it stands as before.
 */
int sakeepalive_set(const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec);
/* What it has: seconds, 0: none; or negative errno. */
int64_t sakeepalive_get(const struct ip_addr *remote, uint32_t spi);
