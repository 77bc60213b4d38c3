/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Numbers in packets, at any alignment: in network order (be) as values, in memory order (raw) for comparing and for checksums.
 * And where the fields of the headers stand that more than one file here needs. Decides nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define IPV4_HEADER_MIN_BYTES 20
#define IPV6_HEADER_BYTES     40
#define TCP_HEADER_MIN_BYTES  20
#define UDP_HEADER_BYTES      8
#define IP_BYTES_MAX          65535

#define TCP_SEQUENCE_AT 4
#define TCP_OFFSET_AT   12 /* upper half: header length in words; then the flags */
#define TCP_FLAGS_AT    13
#define TCP_CHECKSUM_AT 16
#define UDP_LENGTH_AT   4
#define UDP_CHECKSUM_AT 6

#define PROTOCOL_ICMP   1
#define PROTOCOL_TCP    6
#define PROTOCOL_UDP    17
#define PROTOCOL_ICMPV6 58

#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_PSH 0x08
#define TCP_FLAG_ACK 0x10
#define TCP_FLAG_CWR 0x80

#define IPV4_RESERVED        0x8000 /* of the 16 bits at offset 6 */
#define IPV4_DONT_FRAGMENT   0x4000
#define IPV4_MORE_FRAGMENTS  0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff /* units of 8 bytes */

static inline uint16_t raw16(const uint8_t *p)
{
    uint16_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

static inline uint32_t raw32(const uint8_t *p)
{
    uint32_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

static inline uint64_t raw64(const uint8_t *p)
{
    uint64_t value;

    memcpy(&value, p, sizeof(value));
    return value;
}

static inline void put_raw16(uint8_t *p, uint16_t value)
{
    memcpy(p, &value, sizeof(value));
}

static inline uint16_t be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static inline void put_be16(uint8_t *p, uint16_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void put_be32(uint8_t *p, uint32_t value)
{
    put_be16(p, (uint16_t)(value >> 16));
    put_be16(p + 2, (uint16_t)value);
}

/* Else it is IPv6: of packets that were parsed. */
static inline bool ip_is_v4(const uint8_t *ip)
{
    return ip[0] >> 4 == 4;
}
