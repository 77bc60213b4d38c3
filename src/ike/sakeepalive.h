/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Has the kernel send the keepalives of an outbound SA of its own. It takes an interval only when an SA is made, so that one that stands is
 * read, deleted and made again, with its keys and counters and further sequence numbers. The last two are one call; for as long packets take
 * the SA that a rekeying has just replaced, or are refused where there is none. Asks nothing of libcharon, whose SA it is: the caller holds
 * the IKE SA meanwhile, so that nobody else touches it.
 */
#include "base/ipaddr.h"

/*
 * spi: network order; interval_sec 0: none. Nothing is done where it is so already. 0; -EOPNOTSUPP: not in UDP, or its keys are withheld, or its
 * numbers are used up; -EIDRM: the SA is lost, and must be made anew; other errors of the kernel's: it stands as before.
 */
int sakeepalive_set(const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec);
