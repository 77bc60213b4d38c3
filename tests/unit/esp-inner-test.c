/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/inner: which bytes are a packet, from whom, and which are the link's own noise.
 */
#include "esp/inner.h"

#include "base/macro.h"
#include "support/test.h"

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

static const struct test tests[] = { TEST(whole_packets_only), TEST(noise_of_the_link) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
