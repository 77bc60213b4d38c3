/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 (RFC 791, 3.1), IPv6 and its extension headers (RFC 8200, 3 and 4). See inner.h.
 */
#include "esp/inner.h"

#include "esp/wire.h"

#define EXTENSION_HOP_BY_HOP  0
#define EXTENSION_ROUTING     43
#define EXTENSION_FRAGMENT    44
#define EXTENSION_DESTINATION 60
#define EXTENSIONS_MAX        16 /* nobody sends more, and walking is paid by every packet */

#define PROTOCOL_DCCP    33
#define PROTOCOL_SCTP    132
#define PROTOCOL_UDPLITE 136

/* Field by field into its place: temporary structs would be copied through memory, at half the price of the whole. */
static void set_addrs(
    struct inner_packet *packet, uint8_t family, const uint8_t *source, const uint8_t *destination)
{
    packet->source.family = packet->destination.family = family;
    if (family == 4) {
        memset(packet->source.bytes, 0, 16);
        memset(packet->destination.bytes, 0, 16);
        memcpy(packet->source.bytes, source, 4);
        memcpy(packet->destination.bytes, destination, 4);
    } else {
        memcpy(packet->source.bytes, source, 16);
        memcpy(packet->destination.bytes, destination, 16);
    }
}

static void parse_ports(const uint8_t *p, struct inner_packet *ret)
{
    size_t left_bytes = ret->length_bytes - ret->header_bytes;

    ret->has_ports = false;
    ret->source_port = ret->destination_port = 0;
    if (ret->is_later_fragment)
        return;
    p += ret->header_bytes;
    switch (ret->protocol) {
    case PROTOCOL_TCP:
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE:
    case PROTOCOL_SCTP:
    case PROTOCOL_DCCP:
        if (left_bytes < 4)
            return;
        ret->source_port = be16(p);
        ret->destination_port = be16(p + 2);
        ret->has_ports = true;
        return;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
        if (left_bytes < 2)
            return;
        ret->source_port = ret->destination_port = be16(p);
        ret->has_ports = true;
        return;
    }
}

static bool parse_ipv4(const uint8_t *p, size_t size_bytes, struct inner_packet *ret)
{
    uint16_t fragment;

    if (size_bytes < IPV4_HEADER_MIN_BYTES)
        return false;
    fragment = be16(p + 6);
    ret->length_bytes = be16(p + 2);
    ret->header_bytes = (uint32_t)(p[0] & 0x0f) * 4;
    if (ret->header_bytes < IPV4_HEADER_MIN_BYTES || ret->length_bytes < ret->header_bytes ||
        ret->length_bytes > size_bytes)
        return false;
    set_addrs(ret, 4, p + 12, p + 16);
    ret->protocol = p[9];
    ret->tos = p[1];
    ret->is_fragment = (fragment & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) != 0;
    ret->is_later_fragment = (fragment & IPV4_FRAGMENT_OFFSET) != 0;
    ret->dont_fragment = (fragment & IPV4_DONT_FRAGMENT) != 0;
    parse_ports(p, ret);
    return true;
}

/*
 * Stops at the first header that is not one of these four, AH among them (what it protects must not be changed). Behind a later fragment's
 * header is payload.
 */
static bool walk_extensions(const uint8_t *p, struct inner_packet *ret)
{
    for (unsigned i = 0; i < EXTENSIONS_MAX; i++) {
        const uint8_t *extension = p + ret->header_bytes;
        size_t bytes;

        if (ret->protocol != EXTENSION_HOP_BY_HOP && ret->protocol != EXTENSION_ROUTING &&
            ret->protocol != EXTENSION_FRAGMENT && ret->protocol != EXTENSION_DESTINATION)
            return true;
        if (ret->is_later_fragment)
            return true;
        if (ret->length_bytes - ret->header_bytes < 8)
            return false;
        bytes = 8;
        if (ret->protocol == EXTENSION_FRAGMENT) {
            ret->is_later_fragment = (be16(extension + 2) & 0xfff8) != 0;
            ret->is_fragment = ret->is_later_fragment || (extension[3] & 1);
        } else {
            bytes += (size_t)extension[1] * 8;
        }
        if (ret->length_bytes - ret->header_bytes < bytes)
            return false;
        ret->protocol = extension[0];
        ret->header_bytes += (uint32_t)bytes;
    }
    return false;
}

static bool parse_ipv6(const uint8_t *p, size_t size_bytes, struct inner_packet *ret)
{
    if (size_bytes < IPV6_HEADER_BYTES)
        return false;
    set_addrs(ret, 6, p + 8, p + 24);
    ret->protocol = p[6];
    ret->tos = (uint8_t)(be16(p) >> 4);
    ret->is_fragment = ret->is_later_fragment = false;
    ret->dont_fragment = true;
    ret->header_bytes = IPV6_HEADER_BYTES;
    ret->length_bytes = IPV6_HEADER_BYTES + (size_t)be16(p + 4);
    if (ret->length_bytes > size_bytes || !walk_extensions(p, ret))
        return false;
    parse_ports(p, ret);
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

/* 169.254/16, 224/4, the broadcast address; fe80::/10, ff00::/8. By bytes, because base's general prefixes cost more than all else here. */
static bool is_link_local(const struct ip_addr *addr)
{
    if (addr->family == 4)
        return addr->bytes[0] == 169 && addr->bytes[1] == 254;
    return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

static bool is_for_many(const struct ip_addr *addr)
{
    if (addr->family == 4)
        return (addr->bytes[0] & 0xf0) == 0xe0 || raw32(addr->bytes) == UINT32_MAX;
    return addr->bytes[0] == 0xff;
}

bool inner_packet_is_noise(const struct inner_packet *packet)
{
    return is_link_local(&packet->source) || is_link_local(&packet->destination) ||
           is_for_many(&packet->destination);
}
