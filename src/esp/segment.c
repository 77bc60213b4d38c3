/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is the same in every segment is summed once; per segment the header is copied, its changing fields are set and added to that sum, and
 * the payload is copied and summed in one go. See segment.h.
 */
#include "esp/segment.h"

#include "base/macro.h"
#include "esp/checksum.h"
#include "esp/inner.h"
#include "esp/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/virtio_net.h>

/* One packet, whose checksum we may have to complete. */
static int begin_whole(
    struct segmenter *s, const struct virtio_net_hdr *hdr, const struct inner_packet *packet)
{
    s->has_checksum = !(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
    if (s->has_checksum)
        return 0;
    s->checksum_start = hdr->csum_start;
    s->checksum_at = (size_t)hdr->csum_start + hdr->csum_offset;
    if (s->checksum_start < packet->header_bytes || s->checksum_at + 2 > s->bytes)
        return -EBADMSG;
    return 0;
}

static bool type_fits(uint8_t gso_type, const struct inner_packet *packet)
{
    switch (gso_type) {
    case VIRTIO_NET_HDR_GSO_TCPV4:
    case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
        return packet->source.family == 4 && packet->protocol == PROTOCOL_TCP;
    case VIRTIO_NET_HDR_GSO_TCPV6:
    case VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN:
        return packet->source.family == 6 && packet->protocol == PROTOCOL_TCP;
    case SEGMENT_GSO_UDP_L4:
        return packet->protocol == PROTOCOL_UDP;
    }
    return false;
}

/* Of TCP or UDP, by its own word and within the packet; 0: nonsense. */
static size_t upper_header_bytes(const uint8_t *upper, size_t upper_bytes, bool is_tcp)
{
    size_t bytes = UDP_HEADER_BYTES;

    if (is_tcp) {
        if (upper_bytes < TCP_HEADER_MIN_BYTES)
            return 0;
        bytes = (size_t)(upper[TCP_OFFSET_AT] >> 4) * 4;
        if (bytes < TCP_HEADER_MIN_BYTES)
            return 0;
    }
    return bytes <= upper_bytes ? bytes : 0;
}

/* The sums over IPv4's header without length, identification and checksum, and over TCP's or UDP's without what changes. */
static void sum_constant_part(struct segmenter *s, size_t upper_bytes)
{
    const uint8_t *ip = s->frame, *upper = s->frame + s->ip_header_bytes;
    size_t upper_header = s->header_bytes - s->ip_header_bytes;
    uint64_t partial = raw16(upper + (s->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT));

    if (ip_is_v4(ip)) {
        s->ip_sum = (uint64_t)raw16(ip) + raw16(ip + 6) + raw16(ip + 8);
        s->ip_sum = checksum_add(s->ip_sum, ip + 12, s->ip_header_bytes - 12);
    }
    /*
     * The kernel left the pseudo-header's sum in the checksum field, with the whole length. We take it from there, because with a routing
     * header only the sender knows the final destination (RFC 8200, 8.1), and take the length out.
     */
    s->upper_sum = partial + (uint16_t)~htons((uint16_t)upper_bytes);
    if (s->is_tcp) {
        s->upper_sum += (uint64_t)raw32(upper) + raw32(upper + 8) + raw16(upper + 14) + raw16(upper + 18);
        s->upper_sum = checksum_add(s->upper_sum, upper + 20, upper_header - 20);
    } else {
        s->upper_sum += raw32(upper);
    }
}

static int begin_cut(struct segmenter *s, const struct virtio_net_hdr *hdr, const struct inner_packet *packet)
{
    size_t upper_bytes = s->bytes - packet->header_bytes, upper_header;

    s->is_tcp = packet->protocol == PROTOCOL_TCP;
    upper_header = upper_header_bytes(s->frame + packet->header_bytes, upper_bytes, s->is_tcp);
    if (packet->is_fragment || upper_header == 0 || hdr->gso_size == 0)
        return -EBADMSG;
    if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || hdr->csum_start != packet->header_bytes ||
        hdr->csum_offset != (s->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT))
        return -EBADMSG;
    s->ip_header_bytes = packet->header_bytes;
    s->header_bytes = packet->header_bytes + upper_header;
    s->segment_bytes = hdr->gso_size;
    s->at = s->header_bytes;
    sum_constant_part(s, upper_bytes);
    return 0;
}

int segment_begin(struct segmenter *s, const struct virtio_net_hdr *hdr, const uint8_t *frame, size_t bytes)
{
    struct inner_packet packet;

    if (!inner_packet_parse(frame, bytes, &packet))
        return -EBADMSG;
    *s = (struct segmenter){ .frame = frame, .bytes = packet.length_bytes };
    if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE)
        return begin_whole(s, hdr, &packet);
    if (!type_fits(hdr->gso_type, &packet))
        return -EBADMSG;
    return begin_cut(s, hdr, &packet);
}

size_t segment_peek(const struct segmenter *s)
{
    size_t left_bytes = s->bytes - s->at;

    if (s->header_bytes == 0)
        return left_bytes;
    if (left_bytes == 0)
        return s->index == 0 ? s->header_bytes : 0; /* a header alone is one packet */
    return s->header_bytes + MIN_OF(left_bytes, s->segment_bytes);
}

static size_t write_whole(struct segmenter *s, uint8_t *out)
{
    memcpy(out, s->frame, s->bytes);
    s->at = s->bytes;
    if (!s->has_checksum) {
        uint64_t sum = checksum_add(0, out + s->checksum_start, s->bytes - s->checksum_start);
        uint16_t checksum = checksum_finish(sum);

        /* the partial sum that stood in the field is part of the sum; 0 would mean "none" to UDP, and to the others 0xffff is the same */
        put_raw16(out + s->checksum_at, checksum ? checksum : 0xffff);
    }
    return s->bytes;
}

static void set_ip_header(const struct segmenter *s, uint8_t *ip, size_t bytes)
{
    uint16_t identification;

    if (!ip_is_v4(ip)) {
        put_be16(ip + 4, (uint16_t)(bytes - IPV6_HEADER_BYTES));
        return;
    }
    identification = (uint16_t)(be16(ip + 4) + s->index);
    put_be16(ip + 2, (uint16_t)bytes);
    put_be16(ip + 4, identification);
    put_raw16(ip + 10, checksum_finish(s->ip_sum + htons((uint16_t)bytes) + htons(identification)));
}

/* Sequence number and flags, and what they add to the sum. */
static uint64_t set_tcp_header(const struct segmenter *s, uint8_t *tcp, bool is_last)
{
    put_be32(tcp + TCP_SEQUENCE_AT, be32(tcp + TCP_SEQUENCE_AT) + (uint32_t)(s->at - s->header_bytes));
    if (!is_last)
        tcp[TCP_FLAGS_AT] &= (uint8_t) ~(TCP_FLAG_FIN | TCP_FLAG_PSH);
    if (s->index > 0)
        tcp[TCP_FLAGS_AT] &= (uint8_t)~TCP_FLAG_CWR;
    return (uint64_t)raw32(tcp + TCP_SEQUENCE_AT) + raw16(tcp + TCP_OFFSET_AT);
}

static void write_segment(struct segmenter *s, uint8_t *out, size_t bytes)
{
    uint8_t *upper = out + s->ip_header_bytes;
    size_t payload_bytes = bytes - s->header_bytes;
    uint16_t upper_bytes = (uint16_t)(bytes - s->ip_header_bytes), checksum;
    uint64_t sum = s->upper_sum + htons(upper_bytes);

    memcpy(out, s->frame, s->header_bytes);
    set_ip_header(s, out, bytes);
    sum = checksum_copy(sum, out + s->header_bytes, s->frame + s->at, payload_bytes);
    if (s->is_tcp) {
        sum += set_tcp_header(s, upper, s->at + payload_bytes == s->bytes);
        put_raw16(upper + TCP_CHECKSUM_AT, checksum_finish(sum));
    } else {
        put_be16(upper + UDP_LENGTH_AT, upper_bytes);
        checksum = checksum_finish(sum + htons(upper_bytes));
        put_raw16(upper + UDP_CHECKSUM_AT, checksum ? checksum : 0xffff);
    }
    s->at += payload_bytes;
    s->index++;
}

size_t segment_next(struct segmenter *s, uint8_t *out, size_t room)
{
    size_t bytes = segment_peek(s);

    if (bytes == 0 || bytes > room)
        return 0;
    if (s->header_bytes == 0)
        return write_whole(s, out);
    write_segment(s, out, bytes);
    return bytes;
}
