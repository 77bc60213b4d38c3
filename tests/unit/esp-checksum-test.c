/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/esp/checksum against sixteen bits at a time, and the examples of the RFCs.
 */
#include "esp/checksum.h"

#include "base/macro.h"
#include "base/prng.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <arpa/inet.h>

static uint8_t bytes[70000], copied[70000];

static void fill_at_random(struct prng *prng)
{
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)prng_next(prng);
}

static void as_in_rfc1071(void)
{
    static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

    CHECK_EQ(ntohs(checksum_fold(checksum_add(0, example, sizeof(example)))), 0xddf2);
    CHECK_EQ(ntohs(checksum_finish(checksum_add(0, example, sizeof(example)))), 0xddf2 ^ 0xffff);
}

static void every_length_and_alignment(void)
{
    struct prng prng = { .state = 1 };

    fill_at_random(&prng);
    for (size_t at = 0; at < 16; at++) {
        for (size_t n = 0; n < 400; n++) {
            test_context("%zu bytes at %zu", n, at);
            CHECK_EQ(ntohs(checksum_finish(checksum_add(0, bytes + at, n))), naive_checksum(bytes + at, n));
        }
    }
}

static void copying_gives_bytes_and_sum(void)
{
    struct prng prng = { .state = 2 };

    fill_at_random(&prng);
    for (size_t n = 0; n < 400; n++) {
        test_context("%zu bytes", n);
        memset(copied, 0xaa, sizeof(copied));
        CHECK_EQ(ntohs(checksum_finish(checksum_copy(0, copied + n % 7, bytes + n % 5, n))),
            naive_checksum(bytes + n % 5, n));
        CHECK_MEM(copied + n % 7, bytes + n % 5, n);
        CHECK_EQ(copied[n % 7 + n], 0xaa); /* and no byte more */
    }
}

static void the_largest_sums(void)
{
    memset(bytes, 0xff, sizeof(bytes));
    for (size_t n = 65472; n <= 65600; n++) {
        test_context("%zu bytes of ones", n);
        CHECK_EQ(ntohs(checksum_finish(checksum_add(0, bytes, n))), naive_checksum(bytes, n));
    }
    CHECK_EQ(checksum_fold(0), 0);
    CHECK_EQ(checksum_fold(UINT64_MAX), 0xffff);
    CHECK_EQ(checksum_fold(UINT64_C(0xffffffff00000001)), 1);
}

static void pieces_make_the_whole(void)
{
    struct prng prng = { .state = 3 };

    fill_at_random(&prng);
    for (unsigned i = 0; i < 500; i++) {
        size_t n = (size_t)prng_between(&prng, 0, 3000), at = 0;
        uint64_t sum = 0;

        test_context("round %u, %zu bytes", i, n);
        while (at < n) {
            size_t piece = (size_t)prng_between(&prng, 0, (n - at) / 2) * 2;

            piece = piece ? piece : n - at;
            sum = checksum_add(sum, bytes + at, piece);
            at += piece;
        }
        CHECK_EQ(ntohs(checksum_finish(sum)), naive_checksum(bytes, n));
    }
}

static void update_is_what_computing_anew_gives(void)
{
    struct prng prng = { .state = 4 };

    /* RFC 1624, 4: the case in which RFC 1141 was wrong */
    CHECK_EQ(ntohs(checksum_update(htons(0xdd2f), htons(0x5555), htons(0x3285))), 0x0000);
    for (unsigned i = 0; i < 2000; i++) {
        uint16_t before, after, checksum;

        for (size_t at = 0; at < 20; at++)
            bytes[at] = (uint8_t)prng_next(&prng);
        memcpy(&before, bytes + 8, 2);
        checksum = htons(naive_checksum(bytes, 20));
        after = (uint16_t)(i % 3 ? prng_next(&prng) : i % 2 ? 0 : 0xffff);
        memcpy(bytes + 8, &after, 2);
        test_context("round %u", i);
        CHECK_EQ(ntohs(checksum_update(checksum, before, after)), naive_checksum(bytes, 20));
    }
}

static void pseudo_headers(void)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        for (uint8_t protocol = 6; protocol <= 17; protocol += 11) {
            for (size_t upper = 8; upper < 70000; upper += 6551) {
                struct ip_packet packet = { .family = family, .protocol = protocol, .host = 77 };
                uint16_t sum;

                ip_packet_write(&packet, bytes);
                test_context("IPv%u, protocol %u, %zu bytes", family, protocol, upper);
                sum = checksum_fold(checksum_pseudo_header(bytes, protocol, upper));
                CHECK_EQ(sum, ip_packet_partial(bytes, protocol, upper));
            }
        }
    }
}

static const struct test tests[] = {
    TEST(as_in_rfc1071),
    TEST(every_length_and_alignment),
    TEST(copying_gives_bytes_and_sum),
    TEST(the_largest_sums),
    TEST(pieces_make_the_whole),
    TEST(update_is_what_computing_anew_gives),
    TEST(pseudo_headers),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
