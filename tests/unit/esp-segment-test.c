/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/segment: what one frame of the kernel's becomes. Every packet is compared with one that was made by itself.
 */
#include "esp/segment.h"

#include "base/macro.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <errno.h>
#include <linux/virtio_net.h>

static uint8_t frame[70000], out[70000], wanted[70000];

#define TCP(...)                                                                                             \
    (struct ip_packet)                                                                                       \
    {                                                                                                        \
        .protocol = 6, .host = 1, .source_port = 50000, .destination_port = 443, .fragment = 0x4000,         \
        .identification = 0xfffe, .sequence = 0xfffff000, .acknowledgement = 77, .window = 500,              \
        .flags = 0x10, .timestamp = 99, __VA_ARGS__                                                          \
    }
#define UDP(...)                                                                                             \
    (struct ip_packet)                                                                                       \
    {                                                                                                        \
        .protocol = 17, .host = 1, .source_port = 50000, .destination_port = 443, .identification = 7,       \
        __VA_ARGS__                                                                                          \
    }

/* The n-th packet that the frame of this packet is to become. */
static size_t write_wanted(const struct ip_packet *whole, size_t segment_bytes, size_t n)
{
    struct ip_packet packet = *whole;
    size_t at = n * segment_bytes;
    bool is_last = segment_bytes == 0 || at + segment_bytes >= whole->payload_bytes;

    packet.fill = (uint8_t)(whole->fill + at);
    packet.payload_bytes = is_last ? whole->payload_bytes - at : segment_bytes;
    packet.sequence += (uint32_t)at;
    packet.identification = (uint16_t)(whole->identification + n);
    if (!is_last)
        packet.flags &= (uint8_t)~0x09; /* FIN, PSH */
    if (n > 0)
        packet.flags &= (uint8_t)~0x80; /* CWR */
    return ip_packet_write(&packet, wanted);
}

static void check_cut(const struct ip_packet *whole, size_t segment_bytes, uint8_t more_type)
{
    struct virtio_net_hdr hdr;
    struct segmenter s;
    size_t bytes = ip_frame_write(whole, segment_bytes, &hdr, frame), n = 0, peeked;

    hdr.gso_type |= more_type;
    if (!CHECK_EQ(segment_begin(&s, &hdr, frame, bytes), 0))
        return;
    while ((peeked = segment_peek(&s)) > 0) {
        size_t wanted_bytes = write_wanted(whole, segment_bytes, n++);

        CHECK_EQ(segment_next(&s, out, peeked - 1), 0); /* no room: it stays the next */
        CHECK_EQ(peeked, wanted_bytes);
        CHECK_EQ(segment_next(&s, out, peeked), wanted_bytes);
        CHECK_MEM(out, wanted, wanted_bytes);
        CHECK_STR(ip_packet_fault(out, wanted_bytes) ? ip_packet_fault(out, wanted_bytes) : "none", "none");
    }
    CHECK_EQ(n, whole->payload_bytes == 0 || segment_bytes == 0
                    ? 1
                    : (whole->payload_bytes + segment_bytes - 1) / segment_bytes);
    CHECK_EQ(segment_next(&s, out, sizeof(out)), 0);
}

static void cut_into_whole_packets(void)
{
    static const struct {
        size_t payload_bytes, segment_bytes;
    } sizes[] = { { 1, 1400 }, { 1400, 1400 }, { 1401, 1400 }, { 2800, 1400 }, { 62000, 1386 },
        { 65400, 1386 }, { 65, 1 }, { 1000, 7 }, { 0, 1400 }, { 30000, 536 } };

    for (uint8_t family = 4; family <= 6; family += 2) {
        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
            struct ip_packet tcp = TCP(.family = family, .options_bytes = 12,
                .payload_bytes = sizes[i].payload_bytes, .flow_label = 0x54321);
            struct ip_packet udp =
                UDP(.family = family, .payload_bytes = sizes[i].payload_bytes, .tos = 0xb9);

            test_context("IPv%u, %zu by %zu", family, sizes[i].payload_bytes, sizes[i].segment_bytes);
            check_cut(&tcp, sizes[i].segment_bytes, 0);
            check_cut(&udp, sizes[i].segment_bytes, 0);
        }
    }
}

static void flags_stand_where_they_belong(void)
{
    for (unsigned flags = 0; flags < 256; flags++) {
        struct ip_packet tcp = TCP(.family = 4, .options_bytes = 12, .payload_bytes = 4000);

        tcp.flags = (uint8_t)flags;
        test_context("flags %#x", flags);
        check_cut(&tcp, 1400, flags & 0x80 ? VIRTIO_NET_HDR_GSO_ECN : 0);
    }
}

static void options_and_extensions_are_repeated(void)
{
    for (size_t options = 0; options <= 40; options += 4)
        check_cut(&TCP(.family = 4, .payload_bytes = 4000, .options_bytes = options), 1400, 0);
    for (size_t options = 0; options <= 40; options += 4)
        check_cut(&TCP(.family = 4, .payload_bytes = 4000, .ip_options_bytes = options), 1400, 0);
    for (size_t options = 8; options <= 256; options += 8) {
        check_cut(&TCP(.family = 6, .payload_bytes = 4000, .ip_options_bytes = options), 1200, 0);
        check_cut(&UDP(.family = 6, .payload_bytes = 4000, .ip_options_bytes = options), 1200, 0);
    }
}

/* RFC 768: 0 means "no checksum", so a sum of 0 is sent as 0xffff; found by trying. */
static void udp_never_without_checksum(void)
{
    unsigned n_seen = 0;

    for (unsigned port = 0; port < 65536; port++) {
        struct ip_packet udp = UDP(.family = 4, .payload_bytes = 20);
        struct virtio_net_hdr hdr;
        struct segmenter s;

        udp.source_port = (uint16_t)port;
        for (size_t segment_bytes = 0; segment_bytes <= 20; segment_bytes += 20) {
            size_t bytes = ip_frame_write(&udp, segment_bytes, &hdr, frame);

            CHECK_EQ(segment_begin(&s, &hdr, frame, bytes), 0);
            CHECK_EQ(segment_next(&s, out, sizeof(out)), bytes);
            CHECK_EQ(out[26] == 0 && out[27] == 0, false);
            n_seen += out[26] == 0xff && out[27] == 0xff;
        }
    }
    CHECK_EQ(n_seen, 2);
}

static void one_packet_is_completed(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (size_t payload = 0; payload < 70; payload++) {
            check_cut(&TCP(.family = family, .payload_bytes = payload), 0, 0);
            check_cut(&UDP(.family = family, .payload_bytes = payload), 0, 0);
        }
    }
}

static void one_packet_without_a_wish_stays(void)
{
    struct ip_packet packet = { .family = 4, .protocol = 1, .host = 3, .payload_bytes = 64 };
    struct virtio_net_hdr hdr = { .gso_type = VIRTIO_NET_HDR_GSO_NONE };
    struct segmenter s;
    size_t bytes = ip_packet_write(&packet, frame);

    CHECK_EQ(segment_begin(&s, &hdr, frame, bytes + 30), 0); /* with padding */
    CHECK_EQ(segment_peek(&s), bytes);
    CHECK_EQ(segment_next(&s, out, sizeof(out)), bytes);
    CHECK_MEM(out, frame, bytes);
    CHECK_EQ(segment_peek(&s), 0);
}

/* Of a valid frame, one thing wrong. */
static void what_is_refused(void)
{
    static const struct {
        const char *name;
        struct virtio_net_hdr hdr; /* added to the valid one */
        size_t at;                 /* in the frame, set to value */
        uint8_t value;
        size_t less_bytes;
    } rows[] = {
        { "a VLAN tag before it", { 0 }, 0, 0x81, 0 },
        { "gso type of IPv6", { .gso_type = VIRTIO_NET_HDR_GSO_TCPV6 - VIRTIO_NET_HDR_GSO_TCPV4 }, 0, 0x45,
            0 },
        { "UFO", { .gso_type = VIRTIO_NET_HDR_GSO_UDP - VIRTIO_NET_HDR_GSO_TCPV4 }, 0, 0x45, 0 },
        { "USO", { .gso_type = SEGMENT_GSO_UDP_L4 - VIRTIO_NET_HDR_GSO_TCPV4 }, 0, 0x45, 0 },
        { "a type that is not known", { .gso_type = 0x10 }, 0, 0x45, 0 },
        { "not TCP", { 0 }, 9, 17, 0 },
        { "no segment size", { .gso_size = (uint16_t)-1400 }, 0, 0x45, 0 },
        { "no partial checksum", { .flags = (uint8_t)-VIRTIO_NET_HDR_F_NEEDS_CSUM }, 0, 0x45, 0 },
        { "checksum starts elsewhere", { .csum_start = 2 }, 0, 0x45, 0 },
        { "checksum stands elsewhere", { .csum_offset = 2 }, 0, 0x45, 0 },
        { "TCP header of 16 bytes", { 0 }, 32, 0x40, 0 },
        { "TCP header beyond the packet", { 0 }, 3, 20 + 24, 0 },
        { "a fragment", { 0 }, 6, 0x20, 0 },
        { "a later fragment", { 0 }, 7, 1, 0 },
        { "IP header of 16 bytes", { 0 }, 0, 0x44, 0 },
        { "cut short", { 0 }, 0, 0x45, 1 },
        { "cut in the header", { 0 }, 0, 0x45, 4000 + 30 },
        { "empty", { 0 }, 0, 0x45, 4052 },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct ip_packet tcp = TCP(.family = 4, .options_bytes = 12, .payload_bytes = 4000);
        struct virtio_net_hdr hdr;
        struct segmenter s;
        size_t bytes = ip_frame_write(&tcp, 1400, &hdr, frame);

        test_context("%s", rows[i].name);
        CHECK_EQ(segment_begin(&s, &hdr, frame, bytes), 0);
        hdr.gso_type += rows[i].hdr.gso_type;
        hdr.flags += rows[i].hdr.flags;
        hdr.gso_size += rows[i].hdr.gso_size;
        hdr.csum_start += rows[i].hdr.csum_start;
        hdr.csum_offset += rows[i].hdr.csum_offset;
        if (rows[i].at == 3)
            frame[2] = 0;
        frame[rows[i].at] = rows[i].value;
        CHECK_EQ(segment_begin(&s, &hdr, frame, bytes - rows[i].less_bytes), -EBADMSG);
    }
}

static void a_checksum_outside_is_refused(void)
{
    struct ip_packet udp = UDP(.family = 4, .payload_bytes = 10);
    struct virtio_net_hdr hdr;
    struct segmenter s;
    size_t bytes = ip_frame_write(&udp, 0, &hdr, frame);

    for (unsigned start = 0; start <= 0xffff; start++) {
        hdr.csum_start = (uint16_t)start;
        CHECK_EQ(segment_begin(&s, &hdr, frame, bytes), start >= 20 && start + 8 <= bytes ? 0 : -EBADMSG);
    }
}

static const struct test tests[] = {
    TEST(cut_into_whole_packets),
    TEST(flags_stand_where_they_belong),
    TEST(options_and_extensions_are_repeated),
    TEST(udp_never_without_checksum),
    TEST(one_packet_is_completed),
    TEST(one_packet_without_a_wish_stays),
    TEST(what_is_refused),
    TEST(a_checksum_outside_is_refused),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
