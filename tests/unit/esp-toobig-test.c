/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/toobig: who is told that a packet is too big, in which words, and what IPv4 fragments look like.
 */
#include "esp/toobig.h"

#include "base/macro.h"
#include "base/prng.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <errno.h>

static uint8_t packet[70000], out[70000], whole[70000];

#define NO_FAULT(bytes, size)                                                                                \
    CHECK_STR(ip_packet_fault(bytes, size) ? ip_packet_fault(bytes, size) : "none", "none")

static size_t get16(const uint8_t *p)
{
    return (size_t)p[0] << 8 | p[1];
}

static void ipv4_is_told_by_icmp(void)
{
    struct ip_packet tcp = {
        .family = 4, .protocol = 6, .host = 5, .fragment = 0x4000, .flags = 0x10, .payload_bytes = 2000
    };
    size_t bytes = ip_packet_write(&tcp, packet);
    int n = toobig_reply(packet, bytes, 1400, out, sizeof(out));

    if (!CHECK_EQ(n, 576)) /* RFC 1812, 4.3.2.3 */
        return;
    NO_FAULT(out, (size_t)n);
    CHECK_EQ(out[9], 1);
    CHECK_EQ(out[1], 0xc0);
    CHECK_MEM(out + 12, packet + 16, 4);
    CHECK_MEM(out + 16, packet + 12, 4);
    CHECK_EQ(out[20], 3); /* RFC 1191, 4 */
    CHECK_EQ(out[21], 4);
    CHECK_EQ(get16(out + 24), 0);
    CHECK_EQ(get16(out + 26), 1400);
    CHECK_EQ(naive_checksum(out + 20, (size_t)n - 20), 0);
    CHECK_MEM(out + 28, packet, (size_t)n - 28);
}

static void ipv6_is_told_by_icmpv6(void)
{
    struct ip_packet udp = { .family = 6, .protocol = 17, .host = 5, .payload_bytes = 2000 };
    size_t bytes = ip_packet_write(&udp, packet);
    int n = toobig_reply(packet, bytes, 1400, out, sizeof(out));
    uint8_t pseudo[40 + 1280] = { 0 };

    if (!CHECK_EQ(n, 1280)) /* RFC 4443, 3.2 */
        return;
    NO_FAULT(out, (size_t)n);
    CHECK_EQ(out[6], 58);
    CHECK_MEM(out + 8, packet + 24, 16);
    CHECK_MEM(out + 24, packet + 8, 16);
    CHECK_EQ(out[40], 2);
    CHECK_EQ(out[41], 0);
    CHECK_EQ(get16(out + 44), 0);
    CHECK_EQ(get16(out + 46), 1400);
    CHECK_MEM(out + 48, packet, (size_t)n - 48);
    memcpy(pseudo, out + 8, 32);
    pseudo[34] = (uint8_t)((n - 40) >> 8);
    pseudo[35] = (uint8_t)(n - 40);
    pseudo[39] = 58;
    memcpy(pseudo + 40, out + 40, (size_t)n - 40);
    CHECK_EQ(naive_checksum(pseudo, (size_t)n), 0);
}

static void small_packets_are_quoted_whole(void)
{
    struct ip_packet udp = {
        .family = 4, .protocol = 17, .host = 5, .fragment = 0x4000, .payload_bytes = 72
    };
    size_t bytes = ip_packet_write(&udp, packet);

    CHECK_EQ(toobig_reply(packet, bytes, 68, out, sizeof(out)), 28 + 100);
    CHECK_MEM(out + 28, packet, 100);
    CHECK_EQ(toobig_reply(packet, bytes, 68, out, TOOBIG_REPLY_MAX_BYTES - 1), -ENOSPC);
    CHECK_EQ(toobig_reply(packet, bytes - 1, 68, out, sizeof(out)), -EBADMSG);
}

/* RFC 8201, 4: a node must not go below 1280, so it is never asked to. */
static void ipv6_is_never_told_less_than_1280(void)
{
    struct ip_packet udp = { .family = 6, .protocol = 17, .host = 5, .payload_bytes = 1280 - 48 };

    CHECK_EQ(toobig_reply(packet, ip_packet_write(&udp, packet), 1200, out, sizeof(out)), 0);
    udp.payload_bytes++;
    CHECK_EQ(toobig_reply(packet, ip_packet_write(&udp, packet), 1200, out, sizeof(out)), 1280);
    CHECK_EQ(get16(out + 46), 1280);
}

static void who_is_answered(void)
{
    static const struct {
        const char *name;
        struct ip_packet packet;
        size_t at; /* overwritten with n values */
        size_t n;
        uint8_t values[4];
        bool answered;
    } rows[] = {
        { "IPv4 with DF", { .family = 4, .protocol = 6, .fragment = 0x4000 }, 0, 0, { 0 }, true },
        { "IPv4 without DF", { .family = 4, .protocol = 6 }, 0, 0, { 0 }, false },
        { "first fragment with DF", { .family = 4, .protocol = 17, .fragment = 0x6000 }, 0, 0, { 0 }, true },
        { "later fragment", { .family = 4, .protocol = 17, .fragment = 0x4001 }, 0, 0, { 0 }, false },
        { "echo request", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 8 }, true },
        { "unreachable", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 3 }, false },
        { "source quench", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 4 }, false },
        { "redirect", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 5 }, false },
        { "time exceeded", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 11 }, false },
        { "parameter problem", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 12 }, false },
        { "timestamp request", { .family = 4, .protocol = 1, .fragment = 0x4000 }, 20, 1, { 13 }, true },
        { "to multicast", { .family = 4, .protocol = 17, .fragment = 0x4000 }, 16, 4, { 224, 0, 0, 1 },
            false },
        { "to broadcast", { .family = 4, .protocol = 17, .fragment = 0x4000 }, 16, 4, { 255, 255, 255, 255 },
            false },
        { "from nobody", { .family = 4, .protocol = 17, .fragment = 0x4000 }, 12, 4, { 0, 0, 0, 0 }, false },
        { "from multicast", { .family = 4, .protocol = 17, .fragment = 0x4000 }, 12, 4, { 239, 0, 0, 1 },
            false },
        { "from loopback", { .family = 4, .protocol = 17, .fragment = 0x4000 }, 12, 4, { 127, 0, 0, 1 },
            false },
        { "from class E", { .family = 4, .protocol = 17, .fragment = 0x4000 }, 12, 4, { 241, 0, 0, 1 },
            false },
        { "IPv6", { .family = 6, .protocol = 6 }, 0, 0, { 0 }, true },
        { "IPv6 with options", { .family = 6, .protocol = 6, .ip_options_bytes = 8 }, 0, 0, { 0 }, true },
        { "to IPv6 multicast", { .family = 6, .protocol = 17 }, 24, 2, { 0xff, 0x02 }, false },
        { "from IPv6 multicast", { .family = 6, .protocol = 17 }, 8, 2, { 0xff, 0x02 }, false },
        { "echo request", { .family = 6, .protocol = 58 }, 40, 1, { 128 }, true },
        { "ICMPv6 unreachable", { .family = 6, .protocol = 58 }, 40, 1, { 1 }, false },
        { "ICMPv6 too big", { .family = 6, .protocol = 58 }, 40, 1, { 2 }, false },
        { "ICMPv6 error of the future", { .family = 6, .protocol = 58 }, 40, 1, { 127 }, false },
        { "ICMPv6 redirect", { .family = 6, .protocol = 58 }, 40, 1, { 137 }, false },
        { "ICMPv6 error behind options", { .family = 6, .protocol = 58, .ip_options_bytes = 8 }, 48, 1, { 1 },
            false },
        { "ICMPv4 in IPv6", { .family = 6, .protocol = 1 }, 40, 1, { 3 }, true },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct ip_packet description = rows[i].packet;
        size_t bytes;

        test_context("%s", rows[i].name);
        description.host = 9;
        description.payload_bytes = 1500;
        bytes = ip_packet_write(&description, packet);
        memcpy(packet + rows[i].at, rows[i].values, rows[i].n);
        CHECK_EQ(toobig_reply(packet, bytes, 1400, out, sizeof(out)) > 0, rows[i].answered);
        CHECK_EQ(toobig_reply(packet, bytes, bytes, out, sizeof(out)), 0); /* it fits */
    }
}

/* Puts fragments together again and checks each; returns the bytes of the whole. */
static size_t reassemble(struct fragmenter *f, size_t mtu_bytes, size_t first_offset)
{
    size_t header_bytes = 0, at = 0, n;
    bool more = true;

    while ((n = fragment_next(f, out, sizeof(out))) > 0) {
        size_t own_header = (size_t)(out[0] & 15) * 4, field = get16(out + 6);

        CHECK_LE(n, mtu_bytes);
        CHECK_EQ(get16(out + 2), n);
        CHECK_EQ(naive_checksum(out, own_header), 0);
        CHECK_EQ((field & 0x1fff) * 8, first_offset + at);
        CHECK_EQ(more, true);
        more = field & 0x2000;
        if (at == 0) {
            header_bytes = own_header;
            memcpy(whole, out, own_header);
        }
        CHECK_MEM(out + 4, packet + 4, 2); /* identification */
        CHECK_MEM(out + 8, packet + 8, 2);
        CHECK_MEM(out + 12, packet + 12, 8);
        memcpy(whole + header_bytes + at, out + own_header, n - own_header);
        at += n - own_header;
        CHECK_EQ(!more || at % 8 == 0, true);
    }
    CHECK_EQ(more, (get16(packet + 6) & 0x2000) != 0);
    return header_bytes + at;
}

static void fragments_make_the_packet_again(void)
{
    struct prng prng = { .state = 5 };

    for (unsigned i = 0; i < 500; i++) {
        struct ip_packet udp = {
            .family = 4, .protocol = 17, .host = 5, .identification = (uint16_t)(i * 77)
        };
        size_t bytes, mtu_bytes = (size_t)prng_between(&prng, 68, 2000);
        struct fragmenter f;

        udp.payload_bytes = (size_t)prng_between(&prng, mtu_bytes, 65000 - mtu_bytes);
        udp.ip_options_bytes = (size_t)prng_between(&prng, 0, 10) * 4;
        if (i % 3 == 0) /* a fragment itself, which keeps its offset, and "more" on the last */
            udp.fragment = (uint16_t)((i % 2 ? 0x2000 : 0) | (i % 100));
        if (udp.fragment & 0x2000)
            udp.payload_bytes -= udp.payload_bytes % 8;
        bytes = ip_packet_write(&udp, packet);
        test_context("round %u, %zu bytes, MTU %zu", i, bytes, mtu_bytes);
        CHECK_EQ(fragment_begin(&f, packet, bytes, mtu_bytes), 0);
        CHECK_EQ(reassemble(&f, mtu_bytes, (udp.fragment & 0x1fff) * 8u), bytes);
        CHECK_MEM(whole + 20 + udp.ip_options_bytes, packet + 20 + udp.ip_options_bytes,
            bytes - 20 - udp.ip_options_bytes);
        CHECK_EQ(fragment_next(&f, out, sizeof(out)), 0);
    }
}

/* RFC 791, 3.1: router alert (0x94) is copied, a timestamp (0x44) and no-operations are not. */
static void options_by_their_copied_flag(void)
{
    static const uint8_t options[] = { 1, 0x44, 8, 5, 0, 0, 0, 0, 0, 0x94, 4, 0, 0, 0x82, 3, 9, 0, 0, 0, 0 };
    static const uint8_t copied[] = { 0x94, 4, 0, 0, 0x82, 3, 9, 0 };
    struct ip_packet udp = {
        .family = 4, .protocol = 17, .host = 5, .ip_options_bytes = sizeof(options), .payload_bytes = 2500
    };
    size_t bytes = ip_packet_write(&udp, packet);
    struct fragmenter f;

    memcpy(packet + 20, options, sizeof(options));
    ip_packet_fix(packet, bytes);
    CHECK_EQ(fragment_begin(&f, packet, bytes, 1000), 0);
    CHECK_EQ(fragment_next(&f, out, 999), 40 + 960 > 999 ? 0 : 1000);
    CHECK_EQ(fragment_next(&f, out, 1000), 40 + 960);
    CHECK_MEM(out + 20, options, sizeof(options));
    CHECK_EQ(fragment_next(&f, out, 1000), 28 + 960);
    CHECK_EQ(out[0], 0x47);
    CHECK_MEM(out + 20, copied, sizeof(copied));
    CHECK_EQ(naive_checksum(out, 28), 0);
}

static void what_is_not_fragmented(void)
{
    struct ip_packet udp = { .family = 4, .protocol = 17, .host = 5, .payload_bytes = 1000 };
    struct fragmenter f;
    size_t bytes = ip_packet_write(&udp, packet);

    CHECK_EQ(fragment_begin(&f, packet, bytes, 28), 0);
    CHECK_EQ(fragment_begin(&f, packet, bytes, 27), -EMSGSIZE);
    CHECK_EQ(fragment_begin(&f, packet, bytes - 1, 500), -EBADMSG);
    CHECK_EQ(fragment_begin(&f, packet, bytes, bytes), 0); /* it fits: one, as it is */
    CHECK_EQ(fragment_next(&f, out, sizeof(out)), bytes);
    CHECK_MEM(out, packet, bytes);
    CHECK_EQ(fragment_next(&f, out, sizeof(out)), 0);
    udp.fragment = 0x4000;
    CHECK_EQ(fragment_begin(&f, packet, ip_packet_write(&udp, packet), 500), -EMSGSIZE);
    CHECK_EQ(fragment_begin(&f, packet, bytes, bytes), 0);
    udp = (struct ip_packet){ .family = 6, .protocol = 17, .payload_bytes = 1000 };
    CHECK_EQ(fragment_begin(&f, packet, ip_packet_write(&udp, packet), 500), -EMSGSIZE);
    udp = (struct ip_packet){ .family = 4, .protocol = 99 }; /* a header and nothing else */
    CHECK_EQ(fragment_begin(&f, packet, ip_packet_write(&udp, packet), 500), 0);
    CHECK_EQ(fragment_next(&f, out, sizeof(out)), 20);
    CHECK_EQ(fragment_next(&f, out, sizeof(out)), 0);
}

static const struct test tests[] = {
    TEST(ipv4_is_told_by_icmp),
    TEST(ipv6_is_told_by_icmpv6),
    TEST(small_packets_are_quoted_whole),
    TEST(ipv6_is_never_told_less_than_1280),
    TEST(who_is_answered),
    TEST(fragments_make_the_packet_again),
    TEST(options_by_their_copied_flag),
    TEST(what_is_not_fragmented),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
