/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Another source address for a packet that was kept while the tunnel had another one, or none. Only what can be of use with it: datagrams and
 * echo requests, whose sender need not have known its address. A connection's first packet is none of these: the answer would find nobody.
 * Pure; changes nothing when it says no.
 */
#include "esp/inner.h"

/* partial: the transport's checksum is that of the pseudo-header alone (VIRTIO_NET_HDR_F_NEEDS_CSUM). False: drop the packet. */
bool readdress_source(uint8_t *packet, const struct inner_packet *parsed, const struct ip_addr *source, bool partial);
