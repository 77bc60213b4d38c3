/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/inner: which bytes are a packet, from whom, of which flow, and which are the link's own noise.
 */
#include "esp/inner.h"

#include "base/macro.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <stdlib.h>

static size_t ipv4(uint8_t *p, const uint8_t source[4], const uint8_t destination[4], uint16_t length_bytes)
{
    memset(p, 0, 64);
    p[0] = 0x45;
    p[2] = (uint8_t)(length_bytes >> 8);
    p[3] = (uint8_t)length_bytes;
    memcpy(p + 12, source, 4);
    memcpy(p + 16, destination, 4);
    return length_bytes;
}

static void whole_packets_only(void)
{
    static const uint8_t a[4] = { 10, 0, 0, 1 }, b[4] = { 10, 0, 0, 2 };
    struct inner_packet packet;
    uint8_t bytes[64] = { 0 };

    CHECK(!inner_packet_parse(bytes, 0, &packet));
    ipv4(bytes, a, b, 28);
    CHECK(inner_packet_parse(bytes, 28, &packet));
    CHECK_EQ(packet.source.bytes[3], 1);
    CHECK_EQ(packet.destination.bytes[3], 2);
    CHECK(inner_packet_parse(bytes, 40, &packet));
    CHECK_EQ(packet.length_bytes, 28); /* padding behind it is not part of it */
    for (size_t size = 0; size < 28; size++)
        CHECK(!inner_packet_parse(bytes, size, &packet));
    bytes[0] = 0x44; /* a header of 16 bytes */
    CHECK(!inner_packet_parse(bytes, 28, &packet));
    bytes[0] = 0x48; /* a header longer than the packet */
    CHECK(!inner_packet_parse(bytes, 28, &packet));
    bytes[0] = 0x55;
    CHECK(!inner_packet_parse(bytes, 28, &packet));

    memset(bytes, 0, sizeof(bytes));
    bytes[0] = 0x60;
    bytes[5] = 8;
    bytes[6] = 59; /* nothing behind it */
    CHECK(inner_packet_parse(bytes, 48, &packet));
    CHECK_EQ(packet.length_bytes, 48);
    CHECK_EQ(packet.source.family, 6);
    for (size_t size = 1; size < 48; size++)
        CHECK(!inner_packet_parse(bytes, size, &packet));
}

static void noise_of_the_link(void)
{
    static const struct {
        const char *source, *destination;
        bool noise;
    } rows[] = {
        { "10.99.0.1", "10.1.0.10", false },
        { "10.99.0.1", "224.0.0.251", true },
        { "10.99.0.1", "255.255.255.255", true },
        { "169.254.3.4", "10.1.0.10", true },
        { "10.99.0.1", "169.254.169.254", true },
        { "fd99::1", "fd01::10", false },
        { "fd99::1", "ff02::2", true },
        { "fe80::1", "fd01::10", true },
        { "fd99::1", "fe80::1", true },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct inner_packet packet = { 0 };

        test_context("%s to %s", rows[i].source, rows[i].destination);
        CHECK_EQ(ip_addr_parse(rows[i].source, &packet.source), 0);
        CHECK_EQ(ip_addr_parse(rows[i].destination, &packet.destination), 0);
        CHECK_EQ(inner_packet_is_noise(&packet), rows[i].noise);
    }
}

static void protocols_and_ports(void)
{
    static const struct {
        const char *name;
        struct ip_packet packet;
        bool has_ports;
        uint16_t source_port, destination_port;
        uint32_t header_bytes;
    } rows[] = {
        { "TCP", { .family = 4, .protocol = 6, .source_port = 1, .destination_port = 60000 }, true, 1, 60000,
            20 },
        { "UDP", { .family = 4, .protocol = 17, .source_port = 4500, .destination_port = 53 }, true, 4500, 53,
            20 },
        { "with options", { .family = 4, .protocol = 17, .source_port = 9, .ip_options_bytes = 40 }, true, 9,
            0, 60 },
        { "SCTP: payload", { .family = 4, .protocol = 132, .payload_bytes = 12, .fill = 1 }, true, 0x0102,
            0x0304, 20 },
        { "DCCP", { .family = 4, .protocol = 33, .payload_bytes = 12, .fill = 1 }, true, 0x0102, 0x0304, 20 },
        { "UDP-Lite", { .family = 4, .protocol = 136, .payload_bytes = 12, .fill = 1 }, true, 0x0102, 0x0304,
            20 },
        { "SCTP cut short", { .family = 4, .protocol = 132, .payload_bytes = 3, .fill = 1 }, false, 0, 0,
            20 },
        { "ICMP: type and code", { .family = 4, .protocol = 1, .payload_bytes = 8, .fill = 3 }, true, 0x0304,
            0x0304, 20 },
        { "ICMP of one byte", { .family = 4, .protocol = 1, .payload_bytes = 1, .fill = 3 }, false, 0, 0,
            20 },
        { "ICMPv6", { .family = 6, .protocol = 58, .payload_bytes = 8, .fill = 128 }, true, 0x8081, 0x8081,
            40 },
        { "GRE", { .family = 4, .protocol = 47, .payload_bytes = 8 }, false, 0, 0, 20 },
        { "IPv6 in IPv6", { .family = 6, .protocol = 41, .payload_bytes = 60 }, false, 0, 0, 40 },
        { "TCP over IPv6", { .family = 6, .protocol = 6, .source_port = 7, .destination_port = 8 }, true, 7,
            8, 40 },
        { "behind options",
            { .family = 6, .protocol = 6, .source_port = 7, .destination_port = 8, .ip_options_bytes = 64 },
            true, 7, 8, 104 },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct inner_packet packet;
        uint8_t bytes[256];
        size_t n = ip_packet_write(&rows[i].packet, bytes);

        test_context("%s", rows[i].name);
        memset(&packet, 0xff, sizeof(packet));
        CHECK_EQ(inner_packet_parse(bytes, n, &packet), true);
        CHECK_EQ(packet.protocol, rows[i].packet.protocol);
        CHECK_EQ(packet.has_ports, rows[i].has_ports);
        CHECK_EQ(packet.source_port, rows[i].source_port);
        CHECK_EQ(packet.destination_port, rows[i].destination_port);
        CHECK_EQ(packet.header_bytes, rows[i].header_bytes);
        CHECK_EQ(packet.length_bytes, n);
        CHECK_EQ(packet.is_fragment || packet.is_later_fragment, false);
        CHECK_EQ(packet.dont_fragment, rows[i].packet.family == 6);
    }
}

static void fields_of_both_families(void)
{
    struct ip_packet description = {
        .family = 4, .protocol = 17, .tos = 0xb9, .host = 3, .fragment = 0x4000
    };
    struct inner_packet packet;
    uint8_t bytes[128];

    memset(&packet, 0xff, sizeof(packet));
    CHECK(inner_packet_parse(bytes, ip_packet_write(&description, bytes), &packet));
    CHECK_EQ(packet.tos, 0xb9);
    CHECK_EQ(packet.dont_fragment, true);
    CHECK(ip_addr_equal(&packet.source, &(struct ip_addr){ .family = 4, .bytes = { 10, 99, 0, 3 } }));
    CHECK(ip_addr_equal(&packet.destination, &(struct ip_addr){ .family = 4, .bytes = { 10, 1, 0, 200 } }));
    description =
        (struct ip_packet){ .family = 6, .protocol = 17, .tos = 0xb9, .host = 3, .flow_label = 0xfffff };
    CHECK(inner_packet_parse(bytes, ip_packet_write(&description, bytes), &packet));
    CHECK_EQ(packet.tos, 0xb9);
    CHECK(ip_addr_equal(&packet.source, &(struct ip_addr){ .family = 6, .bytes = { 0xfd, 0x99, [15] = 3 } }));
    CHECK(ip_addr_equal(
        &packet.destination, &(struct ip_addr){ .family = 6, .bytes = { 0xfd, 1, [15] = 200 } }));
}

static void fragments(void)
{
    static const struct {
        uint16_t field;
        bool is_fragment, is_later, dont_fragment;
    } rows[] = { { 0, false, false, false }, { 0x4000, false, false, true }, { 0x2000, true, false, false },
        { 0x2001, true, true, false }, { 0x0001, true, true, false }, { 0x1fff, true, true, false },
        { 0x8000, false, false, false } };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct ip_packet udp = { .family = 4, .protocol = 17, .source_port = 5, .fragment = rows[i].field };
        uint8_t bytes[128];
        struct inner_packet packet;

        test_context("field %#x", rows[i].field);
        CHECK(inner_packet_parse(bytes, ip_packet_write(&udp, bytes), &packet));
        CHECK_EQ(packet.is_fragment, rows[i].is_fragment);
        CHECK_EQ(packet.is_later_fragment, rows[i].is_later);
        CHECK_EQ(packet.has_ports, !rows[i].is_later);
        CHECK_EQ(packet.source_port, rows[i].is_later ? 0 : 5);
        CHECK_EQ(packet.dont_fragment, rows[i].dont_fragment);
    }
}

/* A chain of extension headers, each of 8 bytes but for what its second byte says, then UDP from port 0x1111. */
static void extension_headers(void)
{
    static const struct {
        const char *name;
        uint8_t next; /* of the fixed header */
        uint8_t chain[40];
        size_t chain_bytes;
        bool whole, has_ports, is_fragment, is_later;
        uint8_t protocol;
    } rows[] = {
        { "hop by hop", 0, { 17 }, 8, true, true, false, false, 17 },
        { "all four", 0, { 43, [8] = 44, [16] = 60, [24] = 17 }, 32, true, true, false, false, 17 },
        { "longer ones", 60, { 43, 1, [16] = 17, 2 }, 40, true, true, false, false, 17 },
        { "first fragment", 44, { 17, 0, 0, 1 }, 8, true, true, true, false, 17 },
        { "atomic fragment", 44, { 17, 0, 0, 0 }, 8, true, true, false, false, 17 },
        { "reserved bits of a fragment", 44, { 17, 0, 0, 6 }, 8, true, true, false, false, 17 },
        { "later fragment", 44, { 17, 0, 0, 8 }, 8, true, false, true, true, 17 },
        { "later fragment, last", 44, { 17, 0, 1, 1 }, 8, true, false, true, true, 17 },
        { "a later fragment's payload is not walked", 44, { 60, 0, 0, 9, [8] = 17, 200 }, 16, true, false,
            true, true, 60 },
        { "a fragment's second byte is no length", 44, { 17, 255, 0, 0 }, 8, true, true, false, false, 17 },
        { "AH is not walked", 51, { 17, 4 }, 24, true, false, false, false, 51 },
        { "ESP is not walked", 50, { 17 }, 8, true, false, false, false, 50 },
        { "nothing behind", 59, { 0 }, 8, true, false, false, false, 59 },
        { "longer than the packet", 0, { 17, 3 }, 8, false, false, false, false, 0 },
        { "much longer than the packet", 60, { 17, 255 }, 8, false, false, false, false, 0 },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        uint8_t bytes[128] = { 0x60 };
        struct inner_packet packet;
        size_t n = 40 + rows[i].chain_bytes + 8;

        test_context("%s", rows[i].name);
        bytes[5] = (uint8_t)(rows[i].chain_bytes + 8);
        bytes[6] = rows[i].next;
        memcpy(bytes + 40, rows[i].chain, rows[i].chain_bytes);
        memset(bytes + 40 + rows[i].chain_bytes, 0x11, 8);
        if (!CHECK_EQ(inner_packet_parse(bytes, n, &packet), rows[i].whole) || !rows[i].whole)
            continue;
        CHECK_EQ(packet.protocol, rows[i].protocol);
        CHECK_EQ(packet.has_ports, rows[i].has_ports);
        CHECK_EQ(packet.source_port, rows[i].has_ports ? 0x1111 : 0);
        CHECK_EQ(packet.is_fragment, rows[i].is_fragment);
        CHECK_EQ(packet.is_later_fragment, rows[i].is_later);
    }
}

static void endless_chains_are_refused(void)
{
    static uint8_t bytes[40 + 8 * 8000];
    struct inner_packet packet;

    for (size_t n = 1; n < 8000; n += n < 20 ? 1 : 999) {
        memset(bytes, 0, sizeof(bytes)); /* hop by hop, each naming another */
        bytes[0] = 0x60;
        bytes[4] = (uint8_t)(n * 8 >> 8);
        bytes[5] = (uint8_t)(n * 8);
        bytes[40 + (n - 1) * 8] = 59;
        test_context("%zu headers", n);
        CHECK_EQ(inner_packet_parse(bytes, 40 + n * 8, &packet), n < 16);
    }
}

/* In a buffer of just these bytes, so that a sanitizer sees a read too far. */
static void cut_anywhere(void)
{
    static const struct ip_packet packets[] = {
        { .family = 4, .protocol = 6, .ip_options_bytes = 8 },
        { .family = 6, .protocol = 17, .ip_options_bytes = 16 },
        { .family = 6, .protocol = 58, .payload_bytes = 4 },
    };

    for (size_t i = 0; i < ELEMENTSOF(packets); i++) {
        uint8_t bytes[256];
        size_t whole = ip_packet_write(&packets[i], bytes);

        for (size_t n = 1; n <= whole; n++) {
            struct inner_packet packet;
            uint8_t *exact = malloc(n);

            memcpy(exact, bytes, n);
            test_context("packet %zu, %zu of %zu bytes", i, n, whole);
            CHECK_EQ(inner_packet_parse(exact, n, &packet), n == whole);
            if (exact[0] >> 4 == 6 && n > 40) /* whole by its header, but cut behind it */
                exact[4] = 0, exact[5] = (uint8_t)(n - 40);
            else if (exact[0] >> 4 == 4 && n > 20)
                exact[3] = (uint8_t)n;
            if (inner_packet_parse(exact, n, &packet))
                CHECK_EQ(packet.header_bytes <= packet.length_bytes && packet.length_bytes <= n, true);
            free(exact);
        }
    }
}

static const struct test tests[] = {
    TEST(whole_packets_only),
    TEST(protocols_and_ports),
    TEST(fields_of_both_families),
    TEST(fragments),
    TEST(extension_headers),
    TEST(endless_chains_are_refused),
    TEST(cut_anywhere),
    TEST(noise_of_the_link),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
