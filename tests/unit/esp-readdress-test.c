/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/readdress: another source address leaves every checksum right, whole or partial, and only where it can be of use.
 */
#include "esp/readdress.h"

#include "base/macro.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <linux/virtio_net.h>
#include <string.h>

static uint8_t packet[4096], wanted[4096];

static struct ip_addr other(uint8_t family)
{
    struct ip_addr addr = { .family = family };

    for (size_t i = 0; i < ip_addr_size(family); i++)
        addr.bytes[i] = (uint8_t)(0xa7 + 13 * i);
    return addr;
}

static bool readdress(uint8_t family, size_t bytes, bool partial)
{
    struct inner_packet parsed;
    struct ip_addr source = other(family);

    return CHECK(inner_packet_parse(packet, bytes, &parsed)) && readdress_source(packet, &parsed, &source, partial);
}

/* What the packet would be if it had been made with that source. */
static void expect_source(uint8_t family, size_t bytes)
{
    struct ip_addr source = other(family);

    CHECK_MEM(packet + (family == 4 ? 12 : 8), source.bytes, ip_addr_size(family));
    memcpy(wanted, packet, bytes);
    ip_packet_fix(wanted, bytes);
    CHECK_MEM(packet, wanted, bytes);
}

static void datagrams_of_every_size(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (size_t payload = 0; payload < 700; payload++) {
            struct ip_packet udp = { .family = family, .protocol = 17, .host = 5, .payload_bytes = payload, .fill = (uint8_t)payload };
            size_t bytes = ip_packet_write(&udp, packet);

            test_context("IPv%u, %zu bytes", family, payload);
            CHECK(readdress(family, bytes, false));
            expect_source(family, bytes);
        }
    }
}

/* As a device with checksum offload gets it: the sum of the pseudo-header, which the source is part of. */
static void partial_checksums_stay_partial(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct ip_packet udp = { .family = family, .protocol = 17, .host = 5, .payload_bytes = 333 };
        struct virtio_net_hdr header;
        size_t bytes = ip_frame_write(&udp, 0, &header, packet), at = (size_t)header.csum_start + header.csum_offset;
        uint16_t sum;

        test_context("IPv%u", family);
        CHECK(header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
        CHECK(readdress(family, bytes, true));
        memcpy(&sum, packet + at, sizeof(sum));
        CHECK_EQ(sum, ip_packet_partial(packet, 17, bytes - header.csum_start));
    }
}

static void a_datagram_without_checksum_stays_without(void)
{
    struct ip_packet udp = { .family = 4, .protocol = 17, .host = 5, .payload_bytes = 40 };
    size_t bytes = ip_packet_write(&udp, packet);

    packet[26] = packet[27] = 0;
    CHECK(readdress(4, bytes, false));
    CHECK_EQ(packet[26] | packet[27], 0);
}

static void echo_requests_go_too(void)
{
    struct ip_packet echo = { .family = 4, .protocol = 1, .host = 5, .payload_bytes = 40 };
    size_t bytes = ip_packet_write(&echo, packet);

    packet[20] = 8;
    packet[21] = 0;
    CHECK(readdress(4, bytes, false));
    CHECK_EQ(naive_checksum(packet, 20), 0);
}

static void the_rest_is_left_alone(void)
{
    static const struct ip_packet rest[] = {
        { .family = 4, .protocol = 6, .host = 5, .flags = 2 },
        { .family = 6, .protocol = 6, .host = 5, .flags = 2 },
        { .family = 4, .protocol = 17, .host = 5, .payload_bytes = 64, .fragment = 0x2000 },
        { .family = 4, .protocol = 17, .host = 5, .payload_bytes = 64, .fragment = 0x0010 },
        { .family = 4, .protocol = 47, .host = 5, .payload_bytes = 64 },
    };

    for (size_t i = 0; i < ELEMENTSOF(rest); i++) {
        size_t bytes = ip_packet_write(&rest[i], packet);

        test_context("packet %zu", i);
        memcpy(wanted, packet, bytes);
        CHECK(!readdress(rest[i].family, bytes, false));
        CHECK_MEM(packet, wanted, bytes);
    }
    test_context("other family");
    ip_packet_write(&(struct ip_packet){ .family = 4, .protocol = 17, .host = 5, .payload_bytes = 64 }, packet);
    CHECK(!readdress(6, 92, false));
}

static const struct test tests[] = {
    TEST(datagrams_of_every_size),
    TEST(partial_checksums_stay_partial),
    TEST(a_datagram_without_checksum_stays_without),
    TEST(echo_requests_go_too),
    TEST(the_rest_is_left_alone),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
