/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 791, RFC 8200, RFC 9293 and RFC 768 to the letter, for packets without surprises. See ip-packet.h.
 */
#include "support/ip-packet.h"

#include <linux/virtio_net.h>
#include <string.h>

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t sum_words(uint32_t sum, const uint8_t *p, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
        if (sum > 0xffff)
            sum -= 0xffff;
    }
    return sum;
}

uint16_t naive_checksum(const uint8_t *bytes, size_t n_bytes)
{
    return (uint16_t)~sum_words(0, bytes, n_bytes);
}

static uint32_t pseudo_header(const uint8_t *ip, uint8_t protocol, size_t upper_bytes)
{
    uint8_t rest[8] = { 0 };

    put32(rest, (uint32_t)upper_bytes);
    rest[7] = protocol;
    if (ip[0] >> 4 == 4)
        return sum_words(sum_words(0, ip + 12, 8), rest, 8);
    return sum_words(sum_words(0, ip + 8, 32), rest, 8);
}

uint16_t ip_packet_partial(const uint8_t *packet, uint8_t protocol, size_t upper_bytes)
{
    uint8_t bytes[2];
    uint16_t raw;

    put16(bytes, pseudo_header(packet, protocol, upper_bytes));
    memcpy(&raw, bytes, 2);
    return raw;
}

static uint16_t upper_checksum(const uint8_t *ip, const uint8_t *upper, uint8_t protocol, size_t upper_bytes)
{
    uint32_t sum = pseudo_header(ip, protocol, upper_bytes);

    return (uint16_t)~sum_words(sum, upper, upper_bytes);
}

static void set_upper_checksum(const uint8_t *ip, uint8_t *upper, uint8_t protocol, size_t upper_bytes)
{
    size_t at = protocol == 6 ? 16 : 6;
    uint16_t checksum;

    if (upper_bytes < at + 2 || (protocol != 6 && protocol != 17))
        return;
    put16(upper + at, 0);
    checksum = upper_checksum(ip, upper, protocol, upper_bytes);
    if (checksum == 0 && protocol == 17)
        checksum = 0xffff;
    put16(upper + at, checksum);
}

static size_t write_ipv4(const struct ip_packet *packet, uint8_t *out, size_t upper_bytes)
{
    size_t header_bytes = 20 + packet->ip_options_bytes;

    memset(out, 0, 20);
    out[0] = (uint8_t)(0x40 | header_bytes / 4);
    out[1] = packet->tos;
    put16(out + 2, (unsigned)(header_bytes + upper_bytes));
    put16(out + 4, packet->identification);
    put16(out + 6, packet->fragment);
    out[8] = packet->hop_limit ? packet->hop_limit : 64;
    out[9] = packet->protocol;
    memcpy(out + 12, (const uint8_t[]){ 10, 99, 0, packet->host, 10, 1, 0, 200 }, 8);
    memset(out + 20, 1, packet->ip_options_bytes);
    put16(out + 10, naive_checksum(out, header_bytes));
    return header_bytes;
}

static size_t write_ipv6(const struct ip_packet *packet, uint8_t *out, size_t upper_bytes)
{
    memset(out, 0, 40);
    put32(out, UINT32_C(0x60000000) | (uint32_t)packet->tos << 20 | (packet->flow_label & 0xfffff));
    put16(out + 4, (unsigned)(packet->ip_options_bytes + upper_bytes));
    out[6] = packet->protocol;
    out[7] = packet->hop_limit ? packet->hop_limit : 64;
    memcpy(out + 8, (const uint8_t[]){ 0xfd, 0x99 }, 2);
    out[23] = packet->host;
    memcpy(out + 24, (const uint8_t[]){ 0xfd, 0x01 }, 2);
    out[39] = 200;
    if (packet->ip_options_bytes == 0)
        return 40;
    out[6] = 60; /* destination options: one PadN over all */
    memset(out + 40, 0, packet->ip_options_bytes);
    out[40] = packet->protocol;
    out[41] = (uint8_t)(packet->ip_options_bytes / 8 - 1);
    out[42] = 1;
    out[43] = (uint8_t)(packet->ip_options_bytes - 4);
    return 40 + packet->ip_options_bytes;
}

static size_t upper_header_bytes(const struct ip_packet *packet)
{
    return packet->protocol == 6 ? 20 + packet->options_bytes : packet->protocol == 17 ? 8 : 0;
}

static void write_tcp(const struct ip_packet *packet, uint8_t *out)
{
    put32(out + 4, packet->sequence);
    put32(out + 8, packet->acknowledgement);
    out[12] = (uint8_t)((20 + packet->options_bytes) / 4 << 4);
    out[13] = packet->flags;
    put16(out + 14, packet->window);
    put16(out + 16, 0);
    put16(out + 18, 0);
    memset(out + 20, 1, packet->options_bytes);
    if (packet->options_bytes >= 12) {
        put16(out + 22, 0x080a);
        put32(out + 24, packet->timestamp);
        put32(out + 28, 0);
    }
}

size_t ip_packet_write(const struct ip_packet *packet, uint8_t *out)
{
    size_t upper_header = upper_header_bytes(packet), upper_bytes = upper_header + packet->payload_bytes;
    size_t ip_bytes =
        packet->family == 4 ? write_ipv4(packet, out, upper_bytes) : write_ipv6(packet, out, upper_bytes);
    uint8_t *upper = out + ip_bytes;

    for (size_t i = 0; i < packet->payload_bytes; i++)
        upper[upper_header + i] = (uint8_t)(packet->fill + i);
    if (upper_header > 0) {
        put16(upper, packet->source_port);
        put16(upper + 2, packet->destination_port);
    }
    if (packet->protocol == 6)
        write_tcp(packet, upper);
    if (packet->protocol == 17)
        put16(upper + 4, (unsigned)upper_bytes);
    if ((packet->fragment & 0x3fff) == 0)
        set_upper_checksum(out, upper, packet->protocol, upper_bytes);
    return ip_bytes + upper_bytes;
}

static uint8_t gso_type(const struct ip_packet *packet)
{
    if (packet->protocol == 17)
        return 5; /* VIRTIO_NET_HDR_GSO_UDP_L4, not in older headers */
    return packet->family == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

size_t ip_frame_write(
    const struct ip_packet *packet, size_t segment_bytes, struct virtio_net_hdr *ret_hdr, uint8_t *out)
{
    size_t bytes = ip_packet_write(packet, out);
    size_t ip_bytes = (packet->family == 4 ? 20 : 40) + packet->ip_options_bytes;
    size_t checksum_at = packet->protocol == 6 ? 16 : 6;
    uint16_t partial = ip_packet_partial(out, packet->protocol, bytes - ip_bytes);

    memcpy(out + ip_bytes + checksum_at, &partial, 2);
    *ret_hdr = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = segment_bytes ? gso_type(packet) : VIRTIO_NET_HDR_GSO_NONE,
        .hdr_len = (uint16_t)(ip_bytes + upper_header_bytes(packet)),
        .gso_size = (uint16_t)segment_bytes,
        .csum_start = (uint16_t)ip_bytes,
        .csum_offset = (uint16_t)checksum_at,
    };
    return bytes;
}

static size_t ip_header_bytes(const uint8_t *packet)
{
    return packet[0] >> 4 == 4 ? (size_t)(packet[0] & 15) * 4 : 40;
}

static uint8_t ip_protocol(const uint8_t *packet)
{
    return packet[0] >> 4 == 4 ? packet[9] : packet[6];
}

static bool is_fragment(const uint8_t *packet)
{
    return packet[0] >> 4 == 4 && (get16(packet + 6) & 0x3fff) != 0;
}

void ip_packet_fix(uint8_t *packet, size_t bytes)
{
    size_t header_bytes = ip_header_bytes(packet);

    if (packet[0] >> 4 == 4) {
        put16(packet + 10, 0);
        put16(packet + 10, naive_checksum(packet, header_bytes));
    }
    if (!is_fragment(packet))
        set_upper_checksum(packet, packet + header_bytes, ip_protocol(packet), bytes - header_bytes);
}

/* Behind destination options as write_ipv6() makes them. */
static size_t find_upper(const uint8_t *packet, uint8_t *ret_protocol)
{
    size_t at = ip_header_bytes(packet);

    *ret_protocol = ip_protocol(packet);
    if (packet[0] >> 4 == 6 && *ret_protocol == 60) {
        *ret_protocol = packet[at];
        at += 8 + (size_t)packet[at + 1] * 8;
    }
    return at;
}

const char *ip_packet_fault(const uint8_t *packet, size_t bytes)
{
    uint8_t protocol;
    size_t at;

    if (bytes < 20 || bytes > 65535 || (packet[0] >> 4 != 4 && packet[0] >> 4 != 6))
        return "no packet";
    if (packet[0] >> 4 == 4 ? get16(packet + 2) != bytes : bytes < 40 || 40 + get16(packet + 4) != bytes)
        return "its length is not what its header says";
    if (packet[0] >> 4 == 4 && naive_checksum(packet, ip_header_bytes(packet)) != 0)
        return "the IPv4 header's checksum";
    if (is_fragment(packet))
        return NULL;
    at = find_upper(packet, &protocol);
    if (protocol == 17 && (bytes < at + 8 || get16(packet + at + 4) != bytes - at))
        return "UDP's length";
    if (protocol == 17 && get16(packet + at + 6) == 0)
        return packet[0] >> 4 == 4 ? NULL : "UDP over IPv6 without a checksum";
    if ((protocol == 6 || protocol == 17) && upper_checksum(packet, packet + at, protocol, bytes - at) != 0)
        return protocol == 6 ? "TCP's checksum" : "UDP's checksum";
    return NULL;
}
