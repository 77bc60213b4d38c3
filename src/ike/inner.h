/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The little that the data path must know of an inner packet: is it one, from whom, to whom, and is it the link's own noise (link-local,
 * multicast, broadcast), which never goes through the tunnel and never counts as traffic.
 * Pure; reads no further than the fixed header.
 */
#include "base/ipaddr.h"

struct inner_packet {
    struct ip_addr source, destination;
    size_t length_bytes; /* by the header; at most what was given */
};

/* False: not a whole IPv4 or IPv6 packet. */
bool inner_packet_parse(const void *data, size_t size_bytes, struct inner_packet *ret);

bool inner_packet_is_noise(const struct inner_packet *packet);
