/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 (RFC 791, 3.1) and IPv6 (RFC 8200, 3) fixed headers. See inner.h.
 */
#include "ike/inner.h"

#define IPV4_HEADER_MIN_BYTES 20
#define IPV6_HEADER_BYTES     40

static size_t read_be16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

static bool parse_ipv4(const uint8_t *p, size_t size_bytes, struct inner_packet *ret)
{
    size_t header_bytes = (size_t)(p[0] & 0x0f) * 4;

    if (size_bytes < IPV4_HEADER_MIN_BYTES || header_bytes < IPV4_HEADER_MIN_BYTES)
        return false;
    ret->length_bytes = read_be16(p + 2);
    if (ret->length_bytes < header_bytes || ret->length_bytes > size_bytes)
        return false;
    ret->source = ip_addr_from_bytes(4, p + 12);
    ret->destination = ip_addr_from_bytes(4, p + 16);
    return true;
}

static bool parse_ipv6(const uint8_t *p, size_t size_bytes, struct inner_packet *ret)
{
    if (size_bytes < IPV6_HEADER_BYTES)
        return false;
    ret->length_bytes = IPV6_HEADER_BYTES + read_be16(p + 4);
    if (ret->length_bytes > size_bytes)
        return false;
    ret->source = ip_addr_from_bytes(6, p + 8);
    ret->destination = ip_addr_from_bytes(6, p + 24);
    return true;
}

bool inner_packet_parse(const void *data, size_t size_bytes, struct inner_packet *ret)
{
    const uint8_t *p = data;

    if (size_bytes == 0)
        return false;
    switch (p[0] >> 4) {
    case 4:
        return parse_ipv4(p, size_bytes, ret);
    case 6:
        return parse_ipv6(p, size_bytes, ret);
    }
    return false;
}

static bool is_broadcast(const struct ip_addr *addr)
{
    static const uint8_t ones[4] = { 255, 255, 255, 255 };
    struct ip_addr broadcast = ip_addr_from_bytes(4, ones);

    return ip_addr_equal(addr, &broadcast);
}

bool inner_packet_is_noise(const struct inner_packet *packet)
{
    return ip_addr_is_link_local(&packet->source) || ip_addr_is_link_local(&packet->destination) ||
           ip_addr_is_multicast(&packet->destination) || is_broadcast(&packet->destination);
}
