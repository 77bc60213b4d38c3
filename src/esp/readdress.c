/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checksums are updated by difference (RFC 1624), so that a packet that was broken stays so. See readdress.h.
 */
#include "esp/readdress.h"

#include "esp/checksum.h"
#include "esp/wire.h"

#define IPV4_SOURCE   12
#define IPV6_SOURCE   8
#define IPV4_CHECKSUM 10

#define UDP_CHECKSUM    6
#define ICMPV6_CHECKSUM 2
#define ICMP_ECHO       (8 << 8)
#define ICMPV6_ECHO     (128 << 8)

/* Where the checksum is that covers the source; -1: there is none; -2: not a packet for this. */
static int find_checksum(const struct inner_packet *parsed)
{
    size_t left_bytes = parsed->length_bytes - parsed->header_bytes;

    if (parsed->is_fragment || !parsed->has_ports || left_bytes < 8)
        return -2;
    if (parsed->protocol == PROTOCOL_UDP)
        return (int)parsed->header_bytes + UDP_CHECKSUM;
    if (parsed->protocol == PROTOCOL_ICMP && parsed->source_port == ICMP_ECHO)
        return -1; /* no pseudo-header (RFC 792) */
    if (parsed->protocol == PROTOCOL_ICMPV6 && parsed->source_port == ICMPV6_ECHO)
        return (int)parsed->header_bytes + ICMPV6_CHECKSUM;
    return -2;
}

static uint16_t differ(uint16_t checksum, const uint8_t *from, const uint8_t *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 2)
        checksum = checksum_update(checksum, raw16(from + i), raw16(to + i));
    return checksum;
}

bool readdress_source(uint8_t *packet, const struct inner_packet *parsed, const struct ip_addr *source, bool partial)
{
    bool ipv6 = parsed->source.family == 6;
    uint8_t *place = packet + (ipv6 ? IPV6_SOURCE : IPV4_SOURCE);
    size_t bytes = ip_addr_size(parsed->source.family);
    int at = find_checksum(parsed);
    uint16_t checksum;

    if (at == -2 || source->family != parsed->source.family)
        return false;
    if (at >= 0 && partial) {
        /* a sum, not its complement */
        checksum = (uint16_t)~differ((uint16_t)~raw16(packet + at), place, source->bytes, bytes);
        put_raw16(packet + at, checksum);
    } else if (at >= 0 && (ipv6 || raw16(packet + at) != 0)) {
        checksum = differ(raw16(packet + at), place, source->bytes, bytes);
        put_raw16(packet + at, checksum ? checksum : UINT16_MAX); /* 0 says that there is none (RFC 768) */
    }
    if (!ipv6)
        put_raw16(packet + IPV4_CHECKSUM, differ(raw16(packet + IPV4_CHECKSUM), place, source->bytes, bytes));
    memcpy(place, source->bytes, bytes);
    return true;
}
