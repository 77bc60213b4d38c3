/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Did a keepalive (RFC 3948, 2.3: UDP with one byte) leave for the gateway? Seen by a packet socket on the base link, which exists for the
 * moment of the question. Never sends.
 */
#include "base/ipaddr.h"

/* Hears from here on. The descriptor, or negative errno. */
int witness_open(int ifindex, const struct ip_addr *remote, uint16_t port);
/* Closes it. True: at least one left, before or within patience_msec. */
bool witness_close(int fd, int patience_msec);
