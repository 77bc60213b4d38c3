/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/coalesce: what is merged with what. A batch is described, and the outcome is the number of packets in each frame: "3 1".
 */
#include "esp/coalesce.h"

#include "base/macro.h"
#include "esp/segment.h"
#include "support/ip-packet.h"
#include "support/test.h"

#define BATCH_MAX COALESCE_PACKETS_MAX

static struct coalescer coalescer;
static uint8_t buffers[BATCH_MAX][2048];
static uint8_t big[2][70000];

/* The n-th segment of 1000 bytes of a stream of its family. */
static struct ip_packet tcp(uint8_t family, uint32_t n)
{
    return (struct ip_packet){ .family = family,
        .protocol = 6,
        .host = 1,
        .source_port = 443,
        .destination_port = 50000,
        .fragment = 0x4000,
        .identification = (uint16_t)(100 + n),
        .flow_label = 0x777,
        .sequence = UINT32_MAX - 1500 + n * 1000, /* wraps between the second and the third */
        .acknowledgement = 9,
        .window = 501,
        .flags = 0x10,
        .options_bytes = 12,
        .timestamp = 5,
        .payload_bytes = 1000,
        .fill = (uint8_t)n };
}

static struct ip_packet udp(uint8_t family, uint32_t n)
{
    return (struct ip_packet){ .family = family,
        .protocol = 17,
        .host = 1,
        .source_port = 443,
        .destination_port = 50000,
        .identification = (uint16_t)(0xfffe + n),
        .payload_bytes = 1000,
        .fill = (uint8_t)n };
}

static void add_bytes(uint8_t *packet, size_t bytes)
{
    struct inner_packet parsed;

    CHECK(inner_packet_parse(packet, bytes, &parsed));
    CHECK(coalesce_add(&coalescer, packet, &parsed));
}

/* Pieces of each frame, as text. */
static const char *take_all(void)
{
    static char text[600];
    size_t at = 0;
    unsigned n_iov;

    text[0] = '\0';
    while (coalesce_take(&coalescer, &n_iov))
        at += (size_t)snprintf(text + at, sizeof(text) - at, at ? " %u" : "%u", n_iov - 1);
    return text;
}

static const char *merge(const struct ip_packet *packets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        add_bytes(buffers[i], ip_packet_write(&packets[i], buffers[i]));
    return take_all();
}

static void a_stream_becomes_one_frame(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (unsigned n = 1; n <= 60; n++) {
            struct ip_packet packets[60];
            char wanted[16];

            for (unsigned i = 0; i < n; i++)
                packets[i] = tcp(family, i);
            snprintf(wanted, sizeof(wanted), "%u", n);
            test_context("IPv%u, %u packets", family, n);
            CHECK_STR(merge(packets, n), wanted);
        }
    }
}

/* Of three packets of a stream the second has one thing changed. */
static void what_parts_a_stream(void)
{
    static const struct {
        const char *name, *wanted;
        size_t offset, size;
        uint32_t value;
        uint8_t family; /* 0: both */
    } rows[] = {
#define FIELD(field) offsetof(struct ip_packet, field), sizeof(((struct ip_packet *)0)->field)
        { "nothing", "3", FIELD(window), 501, 0 },
        { "source", "1 1 1", FIELD(host), 2, 0 },
        { "source port", "1 1 1", FIELD(source_port), 80, 0 },
        { "destination port", "1 1 1", FIELD(destination_port), 80, 0 },
        { "TOS", "1 1 1", FIELD(tos), 1, 0 },
        { "TTL", "1 1 1", FIELD(hop_limit), 63, 0 },
        { "flow label", "1 1 1", FIELD(flow_label), 1, 6 },
        { "DF", "1 1 1", FIELD(fragment), 0, 4 },
        { "a reserved bit", "1 1 1", FIELD(fragment), 0xc000, 4 },
        { "a fragment", "1 1 1", FIELD(fragment), 0x2000, 4 },
        { "identification, with DF", "3", FIELD(identification), 9999, 4 },
        { "acknowledgement", "1 1 1", FIELD(acknowledgement), 10, 0 },
        { "window", "1 1 1", FIELD(window), 502, 0 },
        { "timestamp", "1 1 1", FIELD(timestamp), 6, 0 },
        { "no options", "1 1 1", FIELD(options_bytes), 0, 0 },
        { "more options", "1 1 1", FIELD(options_bytes), 16, 0 },
        { "a gap", "1 1 1", FIELD(sequence), UINT32_MAX - 499, 0 },
        { "an overlap", "1 1 1", FIELD(sequence), UINT32_MAX - 501, 0 },
        { "no acknowledgement", "1 1 1", FIELD(flags), 0x00, 0 },
        { "FIN", "1 1 1", FIELD(flags), 0x11, 0 },
        { "SYN", "1 1 1", FIELD(flags), 0x12, 0 },
        { "RST", "1 1 1", FIELD(flags), 0x14, 0 },
        { "PSH", "2 1", FIELD(flags), 0x18, 0 },
        { "URG", "1 1 1", FIELD(flags), 0x30, 0 },
        { "ECE", "1 1 1", FIELD(flags), 0x50, 0 },
        { "CWR", "1 1 1", FIELD(flags), 0x90, 0 },
        { "IPv4 options, IPv6 extension headers", "1 1 1", FIELD(ip_options_bytes), 8, 0 },
        { "shorter", "2 1", FIELD(payload_bytes), 999, 0 },
        { "longer", "1 1 1", FIELD(payload_bytes), 1001, 0 },
        { "without payload", "1 1 1", FIELD(payload_bytes), 0, 0 },
#undef FIELD
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        for (uint8_t family = 4; family <= 6; family += 2) {
            struct ip_packet packets[3] = { tcp(family, 0), tcp(family, 1), tcp(family, 2) };

            if (rows[i].family && rows[i].family != family)
                continue;
            test_context("IPv%u, %s", family, rows[i].name);
            memset((uint8_t *)&packets[1] + rows[i].offset, 0, rows[i].size);
            memcpy((uint8_t *)&packets[1] + rows[i].offset, &rows[i].value,
                MIN_OF(rows[i].size, sizeof(uint32_t)));
            CHECK_STR(merge(packets, 3), rows[i].wanted);
        }
    }
}

static void without_df_the_identification_counts(void)
{
    struct ip_packet packets[4] = { tcp(4, 0), tcp(4, 1), tcp(4, 2), tcp(4, 3) };

    for (unsigned i = 0; i < 4; i++)
        packets[i].fragment = 0;
    CHECK_STR(merge(packets, 4), "4");
    packets[2].identification++;
    CHECK_STR(merge(packets, 4), "2 1 1");
    for (unsigned i = 0; i < 4; i++)
        packets[i].identification = (uint16_t)(0xfffe + i);
    CHECK_STR(merge(packets, 4), "4");
}

static void psh_and_a_short_one_end_a_frame(void)
{
    struct ip_packet packets[5];

    for (unsigned i = 0; i < 5; i++)
        packets[i] = tcp(6, i);
    packets[0].flags = 0x18;
    CHECK_STR(merge(packets, 5), "1 4");
    packets[0].flags = 0x10;
    packets[4].payload_bytes = 1;
    CHECK_STR(merge(packets, 5), "5");
    packets[3].flags = 0x18;
    CHECK_STR(merge(packets, 5), "4 1");
}

/* One bit anywhere; the others are merged all the same. */
static void nothing_with_a_wrong_checksum_is_merged(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (unsigned which = 0; which < 3; which++) {
            size_t ip_bytes = family == 4 ? 20 : 40;

            for (size_t at = ip_bytes + 16; at < ip_bytes + 1032; at += at < ip_bytes + 18 ? 1 : 101) {
                struct ip_packet packets[3] = { tcp(family, 0), tcp(family, 1), tcp(family, 2) };

                test_context("IPv%u, packet %u, byte %zu", family, which, at);
                for (unsigned i = 0; i < 3; i++) {
                    size_t bytes = ip_packet_write(&packets[i], buffers[i]);

                    if (i == which)
                        buffers[i][at] ^= 1;
                    add_bytes(buffers[i], bytes);
                }
                CHECK_STR(take_all(), which == 0 ? "1 2" : which == 1 ? "1 1 1" : "2 1");
            }
        }
    }
}

static void a_wrong_ipv4_header_checksum(void)
{
    for (unsigned which = 0; which < 2; which++) {
        struct ip_packet packets[2] = { tcp(4, 0), tcp(4, 1) };

        for (unsigned i = 0; i < 2; i++) {
            size_t bytes = ip_packet_write(&packets[i], buffers[i]);

            buffers[i][10] ^= i == which;
            add_bytes(buffers[i], bytes);
        }
        CHECK_STR(take_all(), "1 1");
    }
}

static void datagrams_where_allowed(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct ip_packet packets[5];

        for (unsigned i = 0; i < 5; i++)
            packets[i] = udp(family, i);
        coalesce_init(&coalescer, false);
        CHECK_STR(merge(packets, 5), "1 1 1 1 1");
        coalesce_init(&coalescer, true);
        CHECK_STR(merge(packets, 5), "5");
        packets[2].payload_bytes = 500;
        CHECK_STR(merge(packets, 5), "3 2");
        packets[2].payload_bytes = 0;
        CHECK_STR(merge(packets, 5), "2 1 2");
        packets[2].payload_bytes = 1001;
        CHECK_STR(merge(packets, 5), "2 2 1"); /* the longer one, and a shorter one that ends it */
        packets[2].payload_bytes = 1000;
        packets[2].tos = 3;
        CHECK_STR(merge(packets, 5), "2 1 2");
        packets[2].tos = 0;
        packets[2].source_port = 9;
        CHECK_STR(merge(packets, 5), family == 4 ? "2 1 2" : "4 1"); /* a gap in IPv4's identification */
    }
}

/* RFC 768: it may have none over IPv4, and then nothing tells whether it is whole. */
static void a_datagram_without_checksum_stays_alone(void)
{
    struct ip_packet packets[3] = { udp(4, 0), udp(4, 1), udp(4, 2) };

    coalesce_init(&coalescer, true);
    for (unsigned i = 0; i < 3; i++) {
        size_t bytes = ip_packet_write(&packets[i], buffers[i]);

        if (i == 1)
            memset(buffers[i] + 26, 0, 2);
        add_bytes(buffers[i], bytes);
    }
    CHECK_STR(take_all(), "1 1 1");
}

/* More flows than are kept open: each is forgotten before it comes again, and all stay alone, but in order. */
static void flows_are_interleaved(void)
{
    for (unsigned n_flows = 1; n_flows <= COALESCE_FLOWS_MAX + 2; n_flows++) {
        struct ip_packet packets[6 * (COALESCE_FLOWS_MAX + 2)];
        char wanted[2 * ELEMENTSOF(packets) + 1] = "";
        bool merges = n_flows <= COALESCE_FLOWS_MAX;

        for (unsigned i = 0; i < 6 * n_flows; i++) {
            packets[i] = tcp(i % n_flows % 2 ? 4 : 6, i / n_flows);
            packets[i].host = (uint8_t)(1 + i % n_flows);
        }
        for (unsigned i = 0; i < (merges ? n_flows : 6 * n_flows); i++)
            strcat(wanted, merges ? " 6" : " 1");
        test_context("%u flows", n_flows);
        CHECK_STR(merge(packets, 6 * n_flows), wanted + 1);
    }
}

/* What is no TCP or UDP, or hides its ports, is not overtaken by anything. */
static void strangers_part_all_flows(void)
{
    struct ip_packet icmp = { .family = 4, .protocol = 1, .host = 77, .payload_bytes = 30 };
    struct ip_packet fragment = { .family = 4, .protocol = 17, .fragment = 0x0010, .payload_bytes = 30 };
    struct ip_packet packets[5] = { tcp(4, 0), tcp(4, 1), icmp, tcp(4, 2), tcp(4, 3) };

    CHECK_STR(merge(packets, 5), "2 1 2");
    packets[2] = fragment;
    CHECK_STR(merge(packets, 5), "2 1 2");
}

static size_t gather(const struct iovec *iov, unsigned n_iov, uint8_t *to)
{
    size_t at = 0;

    for (unsigned i = 1; i < n_iov; i++) {
        memcpy(to + at, iov[i].iov_base, iov[i].iov_len);
        at += iov[i].iov_len;
    }
    return at;
}

/* To the byte: it is the frame that the kernel would have made. */
static void check_merged(struct ip_packet *packets, unsigned n)
{
    struct ip_packet whole = packets[0];
    struct virtio_net_hdr wanted;
    const struct iovec *iov;
    size_t bytes;
    unsigned n_iov;

    whole.payload_bytes = 0;
    for (unsigned i = 0; i < n; i++) {
        packets[i].fill = (uint8_t)(packets[0].fill + whole.payload_bytes);
        whole.payload_bytes += packets[i].payload_bytes;
        whole.flags |= packets[i].flags;
        add_bytes(buffers[i], ip_packet_write(&packets[i], buffers[i]));
    }
    bytes = ip_frame_write(&whole, packets[0].payload_bytes, &wanted, big[0]);
    iov = coalesce_take(&coalescer, &n_iov);
    if (!CHECK(iov != NULL))
        return;
    CHECK_EQ(n_iov, n + 1);
    CHECK_EQ(iov[0].iov_len, sizeof(wanted));
    CHECK_MEM(iov[0].iov_base, &wanted, sizeof(wanted));
    CHECK_EQ(gather(iov, n_iov, big[1]), bytes);
    CHECK_MEM(big[1], big[0], bytes);
    CHECK(coalesce_take(&coalescer, &n_iov) == NULL);
}

static void the_frame_to_the_byte(void)
{
    coalesce_init(&coalescer, true);
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (unsigned n = 2; n <= 64; n++) {
            struct ip_packet packets[64];

            test_context("IPv%u, %u packets", family, n);
            for (unsigned i = 0; i < n; i++)
                packets[i] = tcp(family, i);
            packets[n - 1].flags |= n % 2 ? 0x08 : 0;
            packets[n - 1].payload_bytes -= n % 3;
            check_merged(packets, n);
            for (unsigned i = 0; i < n; i++)
                packets[i] = udp(family, i);
            packets[n - 1].payload_bytes -= n % 3;
            check_merged(packets, n);
        }
    }
}

/* A single packet: a header that asks for nothing, and the packet as it was. */
static void one_alone_is_left_as_it_is(void)
{
    struct ip_packet packet = tcp(4, 0);
    struct virtio_net_hdr none = { 0 };
    const struct iovec *iov;
    unsigned n_iov;
    size_t bytes = ip_packet_write(&packet, buffers[0]);

    memcpy(big[0], buffers[0], bytes);
    add_bytes(buffers[0], bytes + 100); /* traffic flow confidentiality padding is not passed on */
    iov = coalesce_take(&coalescer, &n_iov);
    CHECK_EQ(n_iov, 2);
    CHECK_MEM(iov[0].iov_base, &none, sizeof(none));
    CHECK(iov[1].iov_base == buffers[0] && iov[1].iov_len == bytes);
    CHECK_MEM(buffers[0], big[0], bytes);
    CHECK(coalesce_take(&coalescer, &n_iov) == NULL);
}

static void limits_of_a_frame(void)
{
    struct ip_packet packets[130];
    struct ip_packet large[4];

    for (unsigned i = 0; i < 130; i++)
        packets[i] = tcp(4, i);
    CHECK_STR(merge(packets, 130), "64 64 2");
    /* 52 bytes of headers and 3 * 21827 + 2 of payload: 65535 */
    for (unsigned i = 0; i < 4; i++) {
        static uint8_t room[4][22000];

        large[i] = tcp(4, 0);
        large[i].sequence = i * 21827;
        large[i].payload_bytes = i == 3 ? 2 : 21827;
        add_bytes(room[i], ip_packet_write(&large[i], room[i]));
    }
    CHECK_STR(take_all(), "4");
    for (unsigned i = 0; i < 4; i++) {
        static uint8_t room[4][22000];

        large[i].payload_bytes = i == 3 ? 3 : 21827;
        add_bytes(room[i], ip_packet_write(&large[i], room[i]));
    }
    CHECK_STR(take_all(), "3 1");
}

static void a_full_batch_says_so(void)
{
    struct inner_packet parsed;
    struct ip_packet packet = tcp(4, 0);
    size_t bytes = ip_packet_write(&packet, big[0]);
    unsigned n_iov, n = 0;

    for (unsigned i = 0; i < BATCH_MAX; i++) {
        memcpy(buffers[i], big[0], bytes);
        add_bytes(buffers[i], bytes);
    }
    CHECK(inner_packet_parse(big[0], bytes, &parsed));
    CHECK(!coalesce_add(&coalescer, big[0], &parsed));
    while (coalesce_take(&coalescer, &n_iov))
        n++;
    CHECK_EQ(n, BATCH_MAX); /* the same sequence number each */
    CHECK(coalesce_add(&coalescer, big[0], &parsed));
    CHECK_STR(take_all(), "1");
    CHECK_STR(take_all(), "");
}

static const struct test tests[] = {
    TEST(a_stream_becomes_one_frame),
    TEST(what_parts_a_stream),
    TEST(without_df_the_identification_counts),
    TEST(psh_and_a_short_one_end_a_frame),
    TEST(nothing_with_a_wrong_checksum_is_merged),
    TEST(a_wrong_ipv4_header_checksum),
    TEST(datagrams_where_allowed),
    TEST(a_datagram_without_checksum_stays_alone),
    TEST(flows_are_interleaved),
    TEST(strangers_part_all_flows),
    TEST(the_frame_to_the_byte),
    TEST(one_alone_is_left_as_it_is),
    TEST(limits_of_a_frame),
    TEST(a_full_batch_says_so),
};

int main(int argc, char **argv)
{
    coalesce_init(&coalescer, true);
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
