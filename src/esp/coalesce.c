/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet is looked at once, compared with the open frame of its flow, and appended or put into a frame of its own. Checksums are verified
 * when a second packet is about to join, so that a packet that stays alone costs nothing. Whatever of a flow does not join closes the flow's
 * frame: what comes later must not overtake it. See coalesce.h.
 */
#include "esp/coalesce.h"

#include "esp/checksum.h"
#include "esp/segment.h"
#include "esp/wire.h"

#include <assert.h>

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

/* What is asked of a TCP or UDP packet with plain headers. */
struct candidate {
    uint8_t *packet;
    uint8_t ip_header_bytes, header_bytes;
    bool is_tcp;
    bool merges; /* may stand in a merged frame */
    bool ends;   /* and nothing comes behind it there */
    uint16_t payload_bytes;
    uint32_t bytes;
    uint64_t key;
};

void coalesce_init(struct coalescer *c, bool merges_udp)
{
    c->merges_udp = merges_udp;
    c->n_pieces = c->n_frames = c->n_open = c->n_taken = 0;
}

static uint64_t flow_key(const uint8_t *ip, size_t ip_header_bytes)
{
    uint64_t key = raw32(ip + ip_header_bytes);

    if (ip_header_bytes == IPV4_HEADER_MIN_BYTES)
        return (key ^ raw64(ip + 12)) * MULTIPLIER;
    for (size_t at = 8; at < 40; at += 8)
        key = (key ^ raw64(ip + at)) * MULTIPLIER;
    return key;
}

static void look_at_tcp(struct candidate *k)
{
    const uint8_t *tcp = k->packet + k->ip_header_bytes;
    uint32_t upper_bytes = k->bytes - k->ip_header_bytes, header_bytes;

    if (upper_bytes < TCP_HEADER_MIN_BYTES)
        return;
    /* four reserved bits below the length; ACK, and PSH if need be, are the only flags (CWR, ECE, URG, SYN, FIN, RST: alone) */
    header_bytes = (uint32_t)(tcp[TCP_OFFSET_AT] >> 4) * 4;
    if (header_bytes < TCP_HEADER_MIN_BYTES || header_bytes >= upper_bytes ||
        (tcp[TCP_OFFSET_AT] & 0x0f) != 0 || (tcp[TCP_FLAGS_AT] & ~TCP_FLAG_PSH) != TCP_FLAG_ACK)
        return;
    k->header_bytes = (uint8_t)(k->ip_header_bytes + header_bytes);
    k->payload_bytes = (uint16_t)(upper_bytes - header_bytes);
    k->ends = (tcp[TCP_FLAGS_AT] & TCP_FLAG_PSH) != 0;
    k->merges = true;
}

static void look_at_udp(struct candidate *k)
{
    const uint8_t *udp = k->packet + k->ip_header_bytes;
    uint32_t upper_bytes = k->bytes - k->ip_header_bytes;

    if (upper_bytes <= UDP_HEADER_BYTES || be16(udp + UDP_LENGTH_AT) != upper_bytes ||
        raw16(udp + UDP_CHECKSUM_AT) == 0)
        return;
    k->header_bytes = (uint8_t)(k->ip_header_bytes + UDP_HEADER_BYTES);
    k->payload_bytes = (uint16_t)(upper_bytes - UDP_HEADER_BYTES);
    k->merges = true;
}

/* False: of no flow that we know (another protocol, a fragment, options, extension headers). */
static bool look_at(
    const struct coalescer *c, uint8_t *packet, const struct inner_packet *parsed, struct candidate *k)
{
    uint32_t plain_bytes = ip_is_v4(packet) ? IPV4_HEADER_MIN_BYTES : IPV6_HEADER_BYTES;

    if ((parsed->protocol != PROTOCOL_TCP && parsed->protocol != PROTOCOL_UDP) || !parsed->has_ports ||
        parsed->is_fragment || parsed->header_bytes != plain_bytes)
        return false;
    *k = (struct candidate){
        .packet = packet,
        .ip_header_bytes = (uint8_t)plain_bytes,
        .is_tcp = parsed->protocol == PROTOCOL_TCP,
        .bytes = (uint32_t)parsed->length_bytes,
        .key = flow_key(packet, plain_bytes),
    };
    if (ip_is_v4(packet) && (be16(packet + 6) & IPV4_RESERVED))
        return true;
    if (k->is_tcp)
        look_at_tcp(k);
    else if (c->merges_udp)
        look_at_udp(k);
    return true;
}

/* Words of four bytes; a few, so that calling memcmp() would cost more than comparing. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += 4)
        if (raw32(a + at) != raw32(b + at))
            return false;
    return true;
}

static bool is_same_flow(const struct coalesce_frame *f, const struct candidate *k)
{
    const uint8_t *a = f->packet, *b = k->packet;
    size_t addresses_at = k->ip_header_bytes == IPV4_HEADER_MIN_BYTES ? 12 : 8;

    /* addresses and ports stand in one row */
    return f->key == k->key && f->ip_header_bytes == k->ip_header_bytes && f->is_tcp == k->is_tcp &&
           is_same(a + addresses_at, b + addresses_at, k->ip_header_bytes + 4 - addresses_at);
}

static bool ip_continues(const struct coalesce_frame *f, const uint8_t *ip)
{
    const uint8_t *first = f->packet;

    if (!ip_is_v4(ip))
        return raw32(ip) == raw32(first) && ip[7] == first[7]; /* traffic class, flow label, hop limit */
    if (raw16(ip) != raw16(first) || raw16(ip + 6) != raw16(first + 6) || ip[8] != first[8])
        return false;
    return (be16(ip + 6) & IPV4_DONT_FRAGMENT) || be16(ip + 4) == (uint16_t)(be16(first + 4) + f->n_pieces);
}

/* Acknowledgement, window, urgent pointer and options as in the first, timestamps included. */
static bool tcp_continues(const struct coalesce_frame *f, const uint8_t *tcp)
{
    const uint8_t *first = f->packet + f->ip_header_bytes;
    size_t options_bytes = (size_t)f->header_bytes - f->ip_header_bytes - TCP_HEADER_MIN_BYTES;

    return be32(tcp + TCP_SEQUENCE_AT) == f->next_sequence && raw32(tcp + 8) == raw32(first + 8) &&
           raw16(tcp + 14) == raw16(first + 14) && raw16(tcp + 18) == raw16(first + 18) &&
           is_same(tcp + TCP_HEADER_MIN_BYTES, first + TCP_HEADER_MIN_BYTES, options_bytes);
}

static bool continues(const struct coalesce_frame *f, const struct candidate *k)
{
    return k->header_bytes == f->header_bytes && k->payload_bytes <= f->segment_bytes &&
           f->n_pieces < COALESCE_PIECES_MAX && f->bytes + k->payload_bytes <= IP_BYTES_MAX &&
           ip_continues(f, k->packet) && (!k->is_tcp || tcp_continues(f, k->packet + k->ip_header_bytes));
}

static bool checksums_hold(const uint8_t *packet, size_t ip_header_bytes, size_t bytes, uint8_t protocol)
{
    size_t upper_bytes = bytes - ip_header_bytes;
    uint64_t sum;

    if (ip_is_v4(packet) && checksum_fold(checksum_add(0, packet, ip_header_bytes)) != 0xffff)
        return false;
    sum = checksum_pseudo_header(packet, protocol, upper_bytes);
    return checksum_fold(checksum_add(sum, packet + ip_header_bytes, upper_bytes)) == 0xffff;
}

/* Both the frame and who wants to join. */
static bool verify(struct coalesce_frame *f, const struct candidate *k)
{
    uint8_t protocol = k->is_tcp ? PROTOCOL_TCP : PROTOCOL_UDP;

    f->verified = f->verified || checksums_hold(f->packet, f->ip_header_bytes, f->bytes, protocol);
    return f->verified && checksums_hold(k->packet, k->ip_header_bytes, k->bytes, protocol);
}

/* Index in c->open, or c->n_open. */
static unsigned find_open(const struct coalescer *c, const struct candidate *k)
{
    unsigned i = 0;

    while (i < c->n_open && !is_same_flow(&c->frames[c->open[i]], k))
        i++;
    return i;
}

static void close_frame(struct coalescer *c, unsigned i)
{
    c->n_open--;
    memmove(c->open + i, c->open + i + 1, (c->n_open - i) * sizeof(c->open[0]));
}

/* The one that was not added to for the longest time makes place. */
static void open_frame(struct coalescer *c, uint16_t frame)
{
    if (c->n_open < COALESCE_FLOWS_MAX)
        c->n_open++;
    memmove(c->open + 1, c->open, (c->n_open - 1) * sizeof(c->open[0]));
    c->open[0] = frame;
}

static uint16_t add_piece(struct coalescer *c, uint8_t *data, size_t bytes)
{
    c->pieces[c->n_pieces] = (struct coalesce_piece){ .data = data, .bytes = (uint16_t)bytes };
    return (uint16_t)c->n_pieces++;
}

static struct coalesce_frame *add_frame(struct coalescer *c, uint8_t *packet, size_t bytes)
{
    struct coalesce_frame *f = &c->frames[c->n_frames++];

    f->packet = packet;
    f->n_pieces = 1;
    f->bytes = (uint32_t)bytes;
    f->first = f->last = add_piece(c, packet, bytes);
    return f;
}

static void join(struct coalescer *c, struct coalesce_frame *f, const struct candidate *k)
{
    uint16_t piece = add_piece(c, k->packet + k->header_bytes, k->payload_bytes);

    c->pieces[f->last].next = piece;
    f->last = piece;
    f->n_pieces++;
    f->bytes += k->payload_bytes;
    f->next_sequence += k->payload_bytes;
    if (k->is_tcp)
        f->flags |= k->packet[k->ip_header_bytes + TCP_FLAGS_AT];
}

static void begin(struct coalescer *c, const struct candidate *k)
{
    struct coalesce_frame *f = add_frame(c, k->packet, k->bytes);

    if (!k->merges || k->ends)
        return;
    f->ip_header_bytes = k->ip_header_bytes;
    f->header_bytes = k->header_bytes;
    f->is_tcp = k->is_tcp;
    f->verified = false;
    f->segment_bytes = k->payload_bytes;
    f->key = k->key;
    if (k->is_tcp) {
        f->next_sequence = be32(k->packet + k->ip_header_bytes + TCP_SEQUENCE_AT) + k->payload_bytes;
        f->flags = k->packet[k->ip_header_bytes + TCP_FLAGS_AT];
    }
    open_frame(c, (uint16_t)(c->n_frames - 1));
}

bool coalesce_add(struct coalescer *c, uint8_t *packet, const struct inner_packet *parsed)
{
    struct candidate k;
    unsigned i;

    assert(c->n_taken == 0);
    if (c->n_pieces == COALESCE_PACKETS_MAX)
        return false;
    if (!look_at(c, packet, parsed, &k)) {
        add_frame(c, packet, parsed->length_bytes);
        c->n_open = 0;
        return true;
    }
    i = find_open(c, &k);
    if (i < c->n_open) {
        struct coalesce_frame *f = &c->frames[c->open[i]];

        if (k.merges && continues(f, &k) && verify(f, &k)) {
            join(c, f, &k);
            if (k.ends || k.payload_bytes < f->segment_bytes)
                close_frame(c, i);
            return true;
        }
        close_frame(c, i);
    }
    begin(c, &k);
    return true;
}

static uint8_t gso_type(const struct coalesce_frame *f)
{
    if (!f->is_tcp)
        return SEGMENT_GSO_UDP_L4;
    return ip_is_v4(f->packet) ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

/* The first packet's header becomes that of all, its upper checksum partial: the kernel completes it only where it must. */
static void finish_headers(struct coalescer *c, const struct coalesce_frame *f)
{
    uint8_t *ip = f->packet, *upper = ip + f->ip_header_bytes;
    size_t upper_bytes = f->bytes - f->ip_header_bytes;
    size_t checksum_at = f->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
    uint8_t protocol = f->is_tcp ? PROTOCOL_TCP : PROTOCOL_UDP;

    if (ip_is_v4(ip)) {
        uint16_t before = raw16(ip + 2);

        put_be16(ip + 2, (uint16_t)f->bytes);
        put_raw16(ip + 10, checksum_update(raw16(ip + 10), before, raw16(ip + 2)));
    } else {
        put_be16(ip + 4, (uint16_t)upper_bytes);
    }
    if (f->is_tcp)
        upper[TCP_FLAGS_AT] = f->flags;
    else
        put_be16(upper + UDP_LENGTH_AT, (uint16_t)upper_bytes);
    put_raw16(upper + checksum_at, checksum_fold(checksum_pseudo_header(ip, protocol, upper_bytes)));
    c->header = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = gso_type(f),
        .hdr_len = f->header_bytes,
        .gso_size = f->segment_bytes,
        .csum_start = f->ip_header_bytes,
        .csum_offset = (uint16_t)checksum_at,
    };
}

const struct iovec *coalesce_take(struct coalescer *c, unsigned *ret_n_iov)
{
    const struct coalesce_frame *f = &c->frames[c->n_taken];
    uint16_t piece;

    if (c->n_taken == c->n_frames) {
        coalesce_init(c, c->merges_udp);
        return NULL;
    }
    c->n_taken++;
    c->header = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
    if (f->n_pieces > 1)
        finish_headers(c, f);
    c->iov[0] = (struct iovec){ .iov_base = &c->header, .iov_len = sizeof(c->header) };
    piece = f->first;
    for (unsigned i = 1; i <= f->n_pieces; i++) {
        c->iov[i] = (struct iovec){ .iov_base = c->pieces[piece].data, .iov_len = c->pieces[piece].bytes };
        piece = c->pieces[piece].next;
    }
    *ret_n_iov = 1u + f->n_pieces;
    return c->iov;
}
