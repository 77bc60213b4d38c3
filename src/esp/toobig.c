/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP "fragmentation needed" (RFC 792, RFC 1191, 4), ICMPv6 "packet too big" (RFC 4443, 3.2), IPv4 fragmentation (RFC 791, 3.2). See toobig.h.
 */
#include "esp/toobig.h"

#include "base/macro.h"
#include "esp/checksum.h"
#include "esp/inner.h"
#include "esp/wire.h"

#include <errno.h>

#define ICMP_HEADER_BYTES    8
#define ICMP_REPLY_MAX_BYTES 576
#define ICMP_UNREACHABLE     3
#define ICMP_FRAG_NEEDED     4
#define ICMPV6_TOO_BIG       2
#define ICMPV6_INFORMATIONAL 128 /* and above; below are the errors */
#define ICMPV6_REDIRECT      137
#define IPV6_MTU_MIN_BYTES   1280
#define REPLY_HOP_LIMIT      64
#define TOS_NETWORK_CONTROL  0xc0 /* RFC 1812, 4.3.2.5 */
#define OPTION_END           0
#define OPTION_NOP           1
#define OPTION_COPIED        0x80
#define FRAGMENT_UNIT_BYTES  8

/* ICMP types that RFC 792 and RFC 1812 4.3.2.7 call errors. */
static bool is_icmp_error(uint8_t type)
{
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool is_error_message(const struct inner_packet *packet)
{
    uint8_t type = (uint8_t)(packet->source_port >> 8);

    if (packet->protocol == PROTOCOL_ICMP && packet->source.family == 4)
        return !packet->has_ports || is_icmp_error(type);
    if (packet->protocol == PROTOCOL_ICMPV6 && packet->source.family == 6)
        return !packet->has_ports || type < ICMPV6_INFORMATIONAL || type == ICMPV6_REDIRECT;
    return false;
}

static bool is_one_host(const struct ip_addr *addr)
{
    return ip_addr_is_usable_source(addr) &&
           (addr->family != 4 || addr->bytes[0] < 240); /* 240/4, broadcast */
}

static bool reply_is_due(const struct inner_packet *packet, size_t mtu_bytes)
{
    return packet->length_bytes > mtu_bytes && packet->dont_fragment && !packet->is_later_fragment &&
           !is_error_message(packet) && is_one_host(&packet->source) && is_one_host(&packet->destination);
}

static size_t reply_ipv4(
    const struct inner_packet *packet, const uint8_t *data, size_t mtu_bytes, uint8_t *out)
{
    size_t quoted_bytes =
        MIN_OF(packet->length_bytes, ICMP_REPLY_MAX_BYTES - IPV4_HEADER_MIN_BYTES - ICMP_HEADER_BYTES);
    size_t bytes = IPV4_HEADER_MIN_BYTES + ICMP_HEADER_BYTES + quoted_bytes;
    uint8_t *icmp = out + IPV4_HEADER_MIN_BYTES;

    memset(out, 0, IPV4_HEADER_MIN_BYTES + ICMP_HEADER_BYTES);
    out[0] = 0x45;
    out[1] = TOS_NETWORK_CONTROL;
    put_be16(out + 2, (uint16_t)bytes);
    put_be16(out + 6, IPV4_DONT_FRAGMENT); /* so the identification may be 0 (RFC 6864, 4.1) */
    out[8] = REPLY_HOP_LIMIT;
    out[9] = PROTOCOL_ICMP;
    memcpy(out + 12, packet->destination.bytes, 4);
    memcpy(out + 16, packet->source.bytes, 4);
    put_raw16(out + 10, checksum_finish(checksum_add(0, out, IPV4_HEADER_MIN_BYTES)));
    icmp[0] = ICMP_UNREACHABLE;
    icmp[1] = ICMP_FRAG_NEEDED;
    put_be16(icmp + 6, (uint16_t)mtu_bytes); /* smaller than a packet, so it fits */
    memcpy(icmp + ICMP_HEADER_BYTES, data, quoted_bytes);
    put_raw16(icmp + 2, checksum_finish(checksum_add(0, icmp, ICMP_HEADER_BYTES + quoted_bytes)));
    return bytes;
}

static size_t reply_ipv6(
    const struct inner_packet *packet, const uint8_t *data, size_t mtu_bytes, uint8_t *out)
{
    size_t quoted_bytes =
        MIN_OF(packet->length_bytes, TOOBIG_REPLY_MAX_BYTES - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES);
    size_t icmp_bytes = ICMP_HEADER_BYTES + quoted_bytes;
    uint8_t *icmp = out + IPV6_HEADER_BYTES;
    uint64_t sum;

    memset(out, 0, IPV6_HEADER_BYTES + ICMP_HEADER_BYTES);
    out[0] = 0x60;
    put_be16(out + 4, (uint16_t)icmp_bytes);
    out[6] = PROTOCOL_ICMPV6;
    out[7] = REPLY_HOP_LIMIT;
    memcpy(out + 8, packet->destination.bytes, 16);
    memcpy(out + 24, packet->source.bytes, 16);
    icmp[0] = ICMPV6_TOO_BIG;
    put_be32(icmp + 4, (uint32_t)mtu_bytes);
    memcpy(icmp + ICMP_HEADER_BYTES, data, quoted_bytes);
    sum = checksum_pseudo_header(out, PROTOCOL_ICMPV6, icmp_bytes);
    put_raw16(icmp + 2, checksum_finish(checksum_add(sum, icmp, icmp_bytes)));
    return IPV6_HEADER_BYTES + icmp_bytes;
}

int toobig_reply(const uint8_t *packet, size_t bytes, size_t mtu_bytes, uint8_t *out, size_t room)
{
    struct inner_packet parsed;

    if (!inner_packet_parse(packet, bytes, &parsed))
        return -EBADMSG;
    if (room < TOOBIG_REPLY_MAX_BYTES)
        return -ENOSPC;
    if (parsed.source.family == 6)
        mtu_bytes = MAX_OF(mtu_bytes, (size_t)IPV6_MTU_MIN_BYTES);
    if (!reply_is_due(&parsed, mtu_bytes))
        return 0;
    if (parsed.source.family == 4)
        return (int)reply_ipv4(&parsed, packet, mtu_bytes, out);
    return (int)reply_ipv6(&parsed, packet, mtu_bytes, out);
}

/* The option at p, of at most left bytes: its length; 0: the end of the list, or nonsense. */
static size_t option_bytes(const uint8_t *p, size_t left_bytes)
{
    if (left_bytes == 0 || p[0] == OPTION_END)
        return 0;
    if (p[0] == OPTION_NOP)
        return 1;
    if (left_bytes < 2 || p[1] < 2 || p[1] > left_bytes)
        return 0;
    return p[1];
}

/* Those options that every fragment has, padded to whole words. Into out unless that is NULL; returns their bytes. */
static size_t copy_options(const uint8_t *header, size_t header_bytes, uint8_t *out)
{
    size_t n = 0, step;

    for (size_t at = IPV4_HEADER_MIN_BYTES; (step = option_bytes(header + at, header_bytes - at)) > 0;
         at += step) {
        if (!(header[at] & OPTION_COPIED))
            continue;
        if (out)
            memcpy(out + n, header + at, step);
        n += step;
    }
    for (; n % 4 != 0; n++)
        if (out)
            out[n] = OPTION_END;
    return n;
}

int fragment_begin(struct fragmenter *f, const uint8_t *packet, size_t bytes, size_t mtu_bytes)
{
    struct inner_packet parsed;
    size_t room_bytes;

    if (!inner_packet_parse(packet, bytes, &parsed))
        return -EBADMSG;
    *f = (struct fragmenter){
        .packet = packet,
        .header_bytes = parsed.header_bytes,
        .bytes = parsed.length_bytes,
        .at = parsed.header_bytes,
    };
    if (parsed.length_bytes <= mtu_bytes) {
        f->fragment_bytes = parsed.length_bytes;
        return 0;
    }
    if (parsed.dont_fragment || mtu_bytes < parsed.header_bytes + FRAGMENT_UNIT_BYTES)
        return -EMSGSIZE;
    f->later_header_bytes = IPV4_HEADER_MIN_BYTES + copy_options(packet, parsed.header_bytes, NULL);
    room_bytes = mtu_bytes - parsed.header_bytes;
    f->fragment_bytes = room_bytes - room_bytes % FRAGMENT_UNIT_BYTES;
    return 0;
}

static void write_header(const struct fragmenter *f, uint8_t *out, size_t payload_bytes)
{
    bool is_first = f->at == f->header_bytes, is_last = f->at + payload_bytes == f->bytes;
    size_t header_bytes = is_first ? f->header_bytes : f->later_header_bytes;
    uint16_t field = be16(f->packet + 6); /* of the packet, which may be a fragment itself */
    size_t offset = (field & IPV4_FRAGMENT_OFFSET) + (f->at - f->header_bytes) / FRAGMENT_UNIT_BYTES;

    memcpy(out, f->packet, is_first ? header_bytes : IPV4_HEADER_MIN_BYTES);
    if (!is_first)
        copy_options(f->packet, f->header_bytes, out + IPV4_HEADER_MIN_BYTES);
    out[0] = (uint8_t)(0x40 | header_bytes / 4);
    put_be16(out + 2, (uint16_t)(header_bytes + payload_bytes));
    field = (uint16_t)((field & ~IPV4_FRAGMENT_OFFSET) | (offset & IPV4_FRAGMENT_OFFSET));
    put_be16(out + 6, is_last ? field : field | IPV4_MORE_FRAGMENTS);
    put_raw16(out + 10, 0);
    put_raw16(out + 10, checksum_finish(checksum_add(0, out, header_bytes)));
}

size_t fragment_next(struct fragmenter *f, uint8_t *out, size_t room)
{
    size_t payload_bytes = MIN_OF(f->bytes - f->at, f->fragment_bytes);
    size_t header_bytes = f->at == f->header_bytes ? f->header_bytes : f->later_header_bytes;

    if (f->done || header_bytes + payload_bytes > room)
        return 0;
    if (f->later_header_bytes == 0)
        memcpy(out, f->packet, f->header_bytes); /* it fits */
    else
        write_header(f, out, payload_bytes);
    memcpy(out + header_bytes, f->packet + f->at, payload_bytes);
    f->at += payload_bytes;
    f->done = f->at == f->bytes;
    return header_bytes + payload_bytes;
}
