/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proofs of a password: golden vectors (mdm.md; computed with Python's hashlib, beside this code), nonces of every kind, the header of the
 * HMAC.
 */
#include "base/macro.h"
#include "dm/base64.h"
#include "dm/digest.h"
#include "support/test.h"

#include <errno.h>

#define NONCE ((struct dm_nonce){ { 1, 2, 3, 4 }, 4 })

static void golden_vectors(void)
{
    const struct dm_nonce nonce = NONCE;
    char text[DM_DIGEST_TEXT_SIZE], small[8], basic[40];

    CHECK_EQ(dm_digest_md5("client1", "s3cret", &nonce, text), 0);
    CHECK_STR(text, "QQPl2BihhDMOGzkw7dUiGQ==");
    CHECK_EQ(dm_digest_hmac("client1", "s3cret", &nonce, "<SyncML/>", 9, text), 0);
    CHECK_STR(text, "Ce9w6KTVF5G5DxiKKdNd8g==");
    CHECK_EQ(dm_digest_basic("Bruce2", "OhBehave", basic, sizeof(basic)), 0); /* the example of OMA-TS-SyncML_RepPro */
    CHECK_STR(basic, "QnJ1Y2UyOk9oQmVoYXZl");
    CHECK_EQ(dm_digest_basic("Bruce2", "OhBehave", small, sizeof(small)), -ENOSPC);
}

static void the_nonce_and_every_byte_count(void)
{
    const struct dm_nonce nonce = NONCE, other = { { 1, 2, 3, 5 }, 4 }, none = { .n_bytes = 0 };
    char a[DM_DIGEST_TEXT_SIZE], b[DM_DIGEST_TEXT_SIZE];

    dm_digest_md5("client1", "s3cret", &nonce, a);
    dm_digest_md5("client1", "s3cret", &other, b);
    CHECK(!dm_digest_equal(a, b));
    dm_digest_md5("client1", "s3cret", &none, b);
    CHECK(!dm_digest_equal(a, b));
    dm_digest_hmac("client1", "s3cret", &nonce, "<SyncML/>", 9, a);
    dm_digest_hmac("client1", "s3cret", &nonce, "<SyncML/ ", 9, b);
    CHECK(!dm_digest_equal(a, b));
    dm_digest_hmac("client1", "s3cret", &nonce, "<SyncML/>", 9, b);
    CHECK(dm_digest_equal(a, b));
}

static void nonces_of_every_kind(void)
{
    static const struct {
        const char *text, *format, *bytes;
        size_t n_bytes;
        int result;
    } rows[] = {
        { "AQIDBA==", "b64", "\1\2\3\4", 4, 0 },
        { "AQIDBA==", NULL, "\1\2\3\4", 4, 0 },
        { "AQID\r\nBA", "B64", "\1\2\3\4", 4, 0 },
        { "AQIDBA==", "chr", "AQIDBA==", 8, 0 },
        { "not base64!", "b64", "not base64!", 11, 0 }, /* what many servers send */
        { "abcde", "b64", "abcde", 5, 0 }, /* one digit too many to be base64 */
        { "", "b64", "", 0, -EINVAL },
        { "====", "b64", "====", 4, 0 },
        { NULL, NULL, "", 0, -EINVAL },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_nonce nonce = { .n_bytes = 0 };

        test_context("%s", rows[i].text ? rows[i].text : "none");
        CHECK_EQ(dm_nonce_decode(rows[i].text, rows[i].format, &nonce), rows[i].result);
        CHECK_EQ(nonce.n_bytes, rows[i].n_bytes);
        CHECK_MEM(nonce.bytes, rows[i].bytes, rows[i].n_bytes);
    }
    test_context("%s", "");
}

static void a_nonce_of_any_length_is_taken_or_refused(void)
{
    char text[2 * DM_NONCE_BYTES_MAX];
    struct dm_nonce nonce;

    memset(text, '!', sizeof(text));
    text[DM_NONCE_BYTES_MAX] = '\0';
    CHECK_EQ(dm_nonce_decode(text, NULL, &nonce), 0);
    CHECK_EQ(nonce.n_bytes, DM_NONCE_BYTES_MAX);
    text[DM_NONCE_BYTES_MAX] = '!';
    text[DM_NONCE_BYTES_MAX + 1] = '\0';
    CHECK_EQ(dm_nonce_decode(text, NULL, &nonce), -EINVAL);
    memset(text, 'A', sizeof(text));
    text[344] = '\0'; /* 258 bytes of base64 */
    CHECK_EQ(dm_nonce_decode(text, NULL, &nonce), -EINVAL);
}

static void equal_is_of_sixteen_bytes(void)
{
    CHECK(dm_digest_equal("QQPl2BihhDMOGzkw7dUiGQ==", " QQPl2BihhDMOGzkw7dUiGQ\r\n"));
    CHECK(!dm_digest_equal("QQPl2BihhDMOGzkw7dUiGQ==", "QQPl2BihhDMOGzkw7dUiGA=="));
    CHECK(!dm_digest_equal("", ""));
    CHECK(!dm_digest_equal("AQID", "AQID"));
    CHECK(!dm_digest_equal("!", "!"));
}

static void the_header_is_written_and_read(void)
{
    struct dm_hmac hmac = { "Robert \"Bob\" \\Jordan", "Ce9w6KTVF5G5DxiKKdNd8g==" }, got;
    char text[200];

    CHECK_EQ(dm_hmac_write(&hmac, text, sizeof(text)), 0);
    CHECK_STR(text, "algorithm=MD5, username=\"Robert \\\"Bob\\\" \\\\Jordan\", mac=Ce9w6KTVF5G5DxiKKdNd8g==");
    CHECK_EQ(dm_hmac_parse(text, &got, NULL), 0);
    CHECK_STR(got.user, hmac.user);
    CHECK_STR(got.mac, hmac.mac);
    CHECK_EQ(dm_hmac_write(&hmac, text, 40), -ENOSPC);
    CHECK_EQ(dm_hmac_parse("MAC=Ce9w6KTVF5G5DxiKKdNd8g== ,\tUserName = client1", &got, NULL), 0);
    CHECK_STR(got.user, "client1");
    CHECK_STR(got.mac, hmac.mac);
    CHECK_EQ(dm_hmac_parse("username=\"x\",mac=\"AQ==\",new=1", &got, NULL), 0);
    CHECK_STR(got.mac, "AQ==");
}

static void unsound_headers_are_refused(void)
{
    static const char *const BAD[] = {
        "", "mac=AQ==", "username=x", "username=\"x\", mac=", "username=\"\", mac=AQ==", "username=\"x, mac=AQ==", "algorithm=SHA1, username=x, mac=AQ==",
        "username=x, mac=AQ==, mac=AQ==", "username=x, username=y, mac=AQ==", "username x mac AQ==", "=", "username=x, mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "username=\"a\001b\", mac=AQ==",
    };

    for (size_t i = 0; i < ELEMENTSOF(BAD); i++) {
        struct dm_hmac hmac = { "untouched", "" };
        struct dm_error error = { "" };

        test_context("%s", BAD[i]);
        CHECK_EQ(dm_hmac_parse(BAD[i], &hmac, &error), -EBADMSG);
        CHECK(error.text[0]);
        CHECK_STR(hmac.user, "untouched");
    }
    test_context("%s", "");
}

static void base64_both_ways(void)
{
    static const char *const TEXTS[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" }; /* RFC 4648, 10 */

    for (size_t n = 0; n < ELEMENTSOF(TEXTS); n++) {
        char text[16], bytes[8];
        size_t n_bytes = 99;

        CHECK_EQ(dm_base64_encode("foobar", n, text, sizeof(text)), strlen(TEXTS[n]));
        CHECK_STR(text, TEXTS[n]);
        CHECK_EQ(dm_base64_decode(text, strlen(text), bytes, sizeof(bytes), &n_bytes), 0);
        CHECK_EQ(n_bytes, n);
        CHECK_MEM(bytes, "foobar", n);
    }
    CHECK_EQ(dm_base64_decode("Zm9v", 4, (char[2]){ 0 }, 2, &(size_t){ 0 }), -ENOSPC);
    CHECK_EQ(dm_base64_decode("Zg==Zg==", 8, (char[8]){ 0 }, 8, &(size_t){ 0 }), -EINVAL);
    CHECK_EQ(dm_base64_decode("Zg===", 5, (char[8]){ 0 }, 8, &(size_t){ 0 }), -EINVAL);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(golden_vectors),
        TEST(the_nonce_and_every_byte_count),
        TEST(nonces_of_every_kind),
        TEST(a_nonce_of_any_length_is_taken_or_refused),
        TEST(equal_is_of_sixteen_bytes),
        TEST(the_header_is_written_and_read),
        TEST(unsound_headers_are_refused),
        TEST(base64_both_ways),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
