/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN as bytes: the sample answers of RFC 5769, our request, and every way in which an answer can be unsound.
 */
#include "base/crc32.h"
#include "base/macro.h"
#include "support/test.h"
#include "sys/stun.h"

#include <errno.h>

static const uint8_t ID[STUN_ID_SIZE] = { 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };

/* RFC 5769, 2.2: IPv4, with SOFTWARE, MESSAGE-INTEGRITY and FINGERPRINT */
static const uint8_t ANSWER4[] = {
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
    0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
    0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
    0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3,
    0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7,
    0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};

/* RFC 5769, 2.3: the same with IPv6 */
static const uint8_t ANSWER6[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
    0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20,
    0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
    0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1,
    0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
    0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};

/* A message under construction. */
static struct builder {
    uint8_t bytes[STUN_MESSAGE_MAX + 512];
    size_t n_bytes;
} b;

static void begin(uint16_t type)
{
    memset(&b, 0, sizeof(b));
    memcpy(b.bytes, ANSWER4, 20);
    b.bytes[0] = (uint8_t)(type >> 8);
    b.bytes[1] = (uint8_t)type;
    b.n_bytes = 20;
}

static void attr(uint16_t type, const void *value, uint16_t length)
{
    const uint8_t header[] = { (uint8_t)(type >> 8), (uint8_t)type, (uint8_t)(length >> 8), (uint8_t)length };

    memcpy(b.bytes + b.n_bytes, header, sizeof(header));
    memcpy(b.bytes + b.n_bytes + 4, value, length);
    b.n_bytes += 4 + ((length + 3u) & ~3u);
}

static int finish(struct stun_answer *ret)
{
    b.bytes[2] = (uint8_t)((b.n_bytes - 20) >> 8);
    b.bytes[3] = (uint8_t)(b.n_bytes - 20);
    return stun_parse_answer(b.bytes, b.n_bytes, ret);
}

static const uint8_t MAPPED[] = { 0, 1, 0x80, 0x55, 192, 0, 2, 1 }, OTHER[] = { 0, 1, 0x11, 0x11, 203, 0, 113, 9 };
static const uint8_t XOR_MAPPED[] = { 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43 };

static void check_answer(const struct stun_answer *answer, const char *addr, uint16_t port)
{
    char text[IP_ADDR_TEXT_SIZE];

    CHECK(answer->success);
    CHECK_EQ(answer->error_code, 0);
    CHECK_MEM(answer->id, ID, STUN_ID_SIZE);
    CHECK_STR(ip_addr_format(&answer->mapped, text, sizeof(text)), addr);
    CHECK_EQ(answer->mapped_port, port);
}

static void the_samples_of_the_standard(void)
{
    struct stun_answer answer;

    CHECK_EQ(stun_parse_answer(ANSWER4, sizeof(ANSWER4), &answer), 0);
    check_answer(&answer, "192.0.2.1", 32853);
    CHECK_EQ(stun_parse_answer(ANSWER6, sizeof(ANSWER6), &answer), 0);
    check_answer(&answer, "2001:db8:1234:5678:11:2233:4455:6677", 32853);
}

static void every_flipped_bit_of_a_fingerprinted_answer_is_seen(void)
{
    for (size_t i = 0; i < sizeof(ANSWER4) * 8; i++) {
        uint8_t bytes[sizeof(ANSWER4)];
        struct stun_answer answer;

        test_context("bit %zu", i);
        memcpy(bytes, ANSWER4, sizeof(bytes));
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        /* one bit makes FINGERPRINT an attribute that nobody knows: an answer that has failed, or one without fingerprint */
        if (i / 8 == sizeof(ANSWER4) - 8 || i / 8 == sizeof(ANSWER4) - 7)
            continue;
        CHECK_EQ(stun_parse_answer(bytes, sizeof(bytes), &answer), -EBADMSG);
    }
}

static void every_truncation_is_seen(void)
{
    for (size_t n = 0; n < sizeof(ANSWER6); n++) {
        struct stun_answer answer = { .mapped_port = 7 };

        test_context("%zu bytes", n);
        CHECK_EQ(stun_parse_answer(ANSWER6, n, &answer), -EBADMSG);
        CHECK_EQ(answer.mapped_port, 7);
    }
}

static void the_request(void)
{
    static const uint8_t PLAIN[] = { 0x00, 0x01, 0x00, 0x08, 0x21, 0x12, 0xa4, 0x42 };
    static const uint8_t WITH_PORT[] = { 0x00, 0x27, 0x00, 0x02, 0x12, 0x34, 0x00, 0x00, 0x80, 0x28, 0x00, 0x04 };
    uint8_t bytes[STUN_REQUEST_SIZE];
    uint32_t crc;

    CHECK_EQ(stun_format_request(ID, 0, bytes), 28);
    CHECK_MEM(bytes, PLAIN, sizeof(PLAIN));
    CHECK_MEM(bytes + 8, ID, STUN_ID_SIZE);
    CHECK_EQ(stun_format_request(ID, 0x1234, bytes), 36);
    CHECK_EQ(bytes[3], 16);
    CHECK_MEM(bytes + 20, WITH_PORT, sizeof(WITH_PORT));
    crc = crc32_of(bytes, 28) ^ 0x5354554e;
    CHECK_EQ((uint32_t)bytes[32] << 24 | bytes[33] << 16 | bytes[34] << 8 | bytes[35], crc);
    /* a request is no answer */
    CHECK_EQ(stun_parse_answer(bytes, sizeof(bytes), &(struct stun_answer){ 0 }), -EBADMSG);
}

static void old_servers_map_without_xor(void)
{
    struct stun_answer answer;

    begin(0x0101);
    attr(0x0001, MAPPED, sizeof(MAPPED));
    attr(0x0004, OTHER, sizeof(OTHER)); /* SOURCE-ADDRESS and CHANGED-ADDRESS of RFC 3489 */
    attr(0x0005, OTHER, sizeof(OTHER));
    CHECK_EQ(finish(&answer), 0);
    check_answer(&answer, "192.0.2.1", 32853);
    begin(0x0101);
    attr(0x0001, OTHER, sizeof(OTHER));
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    CHECK_EQ(finish(&answer), 0);
    check_answer(&answer, "192.0.2.1", 32853);
}

static void of_repeated_attributes_the_first_counts(void)
{
    struct stun_answer answer;

    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    for (int i = 0; i < 100; i++)
        attr(0x0020, OTHER, sizeof(OTHER));
    CHECK_EQ(finish(&answer), 0);
    check_answer(&answer, "192.0.2.1", 32853);
}

static void what_is_not_understood(void)
{
    struct stun_answer answer;

    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    attr(0x8abc, "abc", 3);
    CHECK_EQ(finish(&answer), 0);
    check_answer(&answer, "192.0.2.1", 32853);
    attr(0x7abc, "abc", 3);
    CHECK_EQ(finish(&answer), 0);
    CHECK(!answer.success);
    CHECK_EQ(answer.error_code, 0);
}

static void errors(void)
{
    static const uint8_t UNKNOWN[] = { 0, 0, 4, 20, 'u', 'n', 'k' }, ODD[] = { 0, 0, 7, 20 }, LARGE[] = { 0, 0, 4, 100 };
    struct stun_answer answer;

    begin(0x0111);
    attr(0x0009, UNKNOWN, sizeof(UNKNOWN));
    attr(0x000a, "\0\x27", 2);
    CHECK_EQ(finish(&answer), 0);
    CHECK(!answer.success);
    CHECK_EQ(answer.error_code, 420);
    CHECK_MEM(answer.id, ID, STUN_ID_SIZE);
    CHECK_EQ(answer.mapped.family, 0);
    begin(0x0111);
    CHECK_EQ(finish(&answer), 0);
    CHECK(!answer.success);
    begin(0x0111);
    attr(0x0009, ODD, sizeof(ODD));
    CHECK_EQ(finish(&answer), -EBADMSG);
    begin(0x0111);
    attr(0x0009, LARGE, sizeof(LARGE));
    CHECK_EQ(finish(&answer), -EBADMSG);
    begin(0x0111);
    attr(0x0009, UNKNOWN, 3);
    CHECK_EQ(finish(&answer), -EBADMSG);
}

static void addresses_that_are_none(void)
{
    static const struct {
        uint8_t bytes[20];
        uint16_t length;
    } ROWS[] = {
        { { 0 }, 0 },
        { { 0, 1, 1 }, 3 },
        { { 0, 1, 1, 1, 1, 1, 1 }, 7 },
        { { 0, 1, 1, 1, 1, 1, 1, 1, 1 }, 9 },
        { { 0, 1, 1, 1 }, 20 },
        { { 0, 2, 1, 1, 1, 1, 1, 1 }, 8 },
        { { 0, 2, 1, 1 }, 19 },
        { { 0, 3, 1, 1, 1, 1, 1, 1 }, 8 },
        { { 0, 1, 0x21, 0x12, 1, 1, 1, 1 }, 8 }, /* port 0 */
    };

    for (size_t i = 0; i < ELEMENTSOF(ROWS); i++) {
        struct stun_answer answer;

        test_context("row %zu", i);
        begin(0x0101);
        attr(0x0020, ROWS[i].bytes, ROWS[i].length);
        CHECK_EQ(finish(&answer), -EBADMSG);
    }
    begin(0x0101);
    CHECK_EQ(finish(&(struct stun_answer){ 0 }), -EBADMSG); /* a success that does not say where we are */
}

static void lengths_that_lie(void)
{
    static const uint8_t HUGE_ATTR[STUN_MESSAGE_MAX] = { 0 };
    struct stun_answer answer;

    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    attr(0x8022, HUGE_ATTR, 1800);
    CHECK_EQ(finish(&answer), 0);
    attr(0x8022, HUGE_ATTR, 300);
    CHECK_EQ(finish(&answer), -EBADMSG); /* more than STUN_MESSAGE_MAX */
    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    attr(0x8022, "", 0);
    b.bytes[b.n_bytes - 2] = 0xff; /* 65280 bytes that are not there */
    CHECK_EQ(finish(&answer), -EBADMSG);
    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    CHECK_EQ(finish(&answer), 0);
    CHECK_EQ(stun_parse_answer(b.bytes, b.n_bytes + 4, &answer), -EBADMSG); /* bytes behind the message */
    b.bytes[3]--;
    CHECK_EQ(stun_parse_answer(b.bytes, b.n_bytes - 1, &answer), -EBADMSG);
}

static void a_fingerprint_is_last_and_right(void)
{
    struct stun_answer answer;

    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    attr(0x8028, "\1\2\3\4", 4);
    CHECK_EQ(finish(&answer), -EBADMSG);
    begin(0x0101);
    attr(0x0020, XOR_MAPPED, sizeof(XOR_MAPPED));
    attr(0x8028, "\1\2\3", 3);
    CHECK_EQ(finish(&answer), -EBADMSG);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(the_samples_of_the_standard),
        TEST(every_flipped_bit_of_a_fingerprinted_answer_is_seen),
        TEST(every_truncation_is_seen),
        TEST(the_request),
        TEST(old_servers_map_without_xor),
        TEST(of_repeated_attributes_the_first_counts),
        TEST(what_is_not_understood),
        TEST(errors),
        TEST(addresses_that_are_none),
        TEST(lengths_that_lie),
        TEST(a_fingerprint_is_last_and_right),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
