/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the data path must know of an inner packet: is it one, from whom, to whom, which protocol and ports (for selectors), which part of it
 * is headers, and is it the link's own noise (link-local, multicast, broadcast), which never goes through the tunnel and never counts as
 * traffic. Done for every packet, so it is a few loads and no calls.
 * Pure; reads no further than the size that it was given; never judges checksums.
 */
#include "base/ipaddr.h"

struct inner_packet {
    struct ip_addr source, destination;
    uint8_t
        protocol;   /* behind IPv6's extension headers; of a later fragment: what its fragment header names */
    uint8_t tos;    /* traffic class */
    bool has_ports; /* false: unknown (a later fragment, or cut short) or the protocol has none */
    bool is_fragment;
    bool is_later_fragment; /* not the first one: begins with payload */
    bool dont_fragment;     /* IPv6: always */
    /*
     * Host order, 0 without ports. TCP, UDP, UDP-Lite, SCTP, DCCP: theirs; ICMP, ICMPv6, in both fields: type * 256 + code, which is what a
     * traffic selector has there (RFC 7296, 3.13.1).
     */
    uint16_t source_port, destination_port;
    uint32_t header_bytes; /* IPv4 with options, IPv6 with extension headers: where the protocol begins */
    size_t length_bytes;   /* by the header; at most what was given */
};

/* False: not a whole IPv4 or IPv6 packet, or its extension headers do not fit in it; *ret is then of no use. */
bool inner_packet_parse(const void *data, size_t size_bytes, struct inner_packet *ret);

bool inner_packet_is_noise(const struct inner_packet *packet);
