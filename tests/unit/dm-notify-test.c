/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Package #0: a golden one (computed with Python's hashlib, beside this code), its bits, and who is not believed.
 */
#include "base/macro.h"
#include "dm/notify.h"
#include "support/test.h"

#include <errno.h>

/* Version 1.2, background, from the server, session 0x1234, "server1" and two bytes of its vendor; nonce 01 02 03 04, password s3cret. */
static const uint8_t GOLDEN[] = {
    0x6c, 0x9e, 0xa8, 0xd0, 0x8a, 0x09, 0x43, 0xb9, 0xe7, 0xc4, 0x9b, 0xf1, 0x5d, 0x7b, 0x43, 0x2a,
    0x03, 0x18, 0x00, 0x00, 0x00, 0x12, 0x34, 0x07, 's', 'e', 'r', 'v', 'e', 'r', '1', 0xca, 0xfe,
};

static const struct dm_nonce nonce = { { 1, 2, 3, 4 }, 4 };

static void a_notification_is_read(void)
{
    struct dm_notification n = { .version = 0 };

    CHECK_EQ(dm_notification_parse(GOLDEN, sizeof(GOLDEN), &n, NULL), 0);
    CHECK_EQ(n.version, 12);
    CHECK_EQ(n.ui_mode, DM_UI_MODE_BACKGROUND);
    CHECK(n.by_server);
    CHECK_EQ(n.session_id, 0x1234);
    CHECK_STR(n.server_id, "server1");
    CHECK_MEM(n.digest, GOLDEN, DM_DIGEST_BYTES);
}

static void every_bit_is_where_it_belongs(void)
{
    static const struct {
        uint8_t header[2];
        unsigned version;
        enum dm_ui_mode ui_mode;
        bool by_server;
    } rows[] = {
        { { 0x02, 0x80 }, 10, DM_UI_MODE_UNSPECIFIED, false },
        { { 0x02, 0xf7 }, 11, DM_UI_MODE_INTERACTIVE, false }, /* bits for the future are not looked at */
        { { 0x03, 0x2f }, 12, DM_UI_MODE_INFORMATIVE, true },
        { { 0x03, 0x48 }, 13, DM_UI_MODE_UNSPECIFIED, true },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        uint8_t bytes[sizeof(GOLDEN)];
        struct dm_notification n = { .version = 0 };

        memcpy(bytes, GOLDEN, sizeof(bytes));
        memcpy(bytes + DM_DIGEST_BYTES, rows[i].header, 2);
        memset(bytes + DM_DIGEST_BYTES + 2, 0xff, 3);
        CHECK_EQ(dm_notification_parse(bytes, sizeof(bytes), &n, NULL), 0);
        CHECK_EQ(n.version, rows[i].version);
        CHECK_EQ(n.ui_mode, rows[i].ui_mode);
        CHECK_EQ(n.by_server, rows[i].by_server);
    }
}

static void the_golden_one_is_believed(void)
{
    CHECK_EQ(dm_notification_verify(GOLDEN, sizeof(GOLDEN), "server1", "s3cret", &nonce, NULL), 0);
}

static void nobody_else_is_believed(void)
{
    const struct dm_nonce other = { { 1, 2, 3, 5 }, 4 }, zero = { { 0 }, 4 }, none = { .n_bytes = 0 };
    struct dm_error error = { "" };

    CHECK_EQ(dm_notification_verify(GOLDEN, sizeof(GOLDEN), "server2", "s3cret", &nonce, &error), -EACCES);
    CHECK_EQ(dm_notification_verify(GOLDEN, sizeof(GOLDEN), "server1", "secret", &nonce, &error), -EACCES);
    CHECK_EQ(dm_notification_verify(GOLDEN, sizeof(GOLDEN), "server1", "s3cret", &other, &error), -EACCES); /* an old one again */
    CHECK_EQ(dm_notification_verify(GOLDEN, sizeof(GOLDEN), "server1", "s3cret", &zero, &error), -EPERM);
    CHECK_EQ(dm_notification_verify(GOLDEN, sizeof(GOLDEN), "server1", "s3cret", &none, &error), -EPERM);
    CHECK(error.text[0]);
}

static void no_changed_bit_is_believed(void)
{
    uint8_t bytes[sizeof(GOLDEN)];

    for (size_t bit = 0; bit < sizeof(GOLDEN) * 8; bit++) {
        memcpy(bytes, GOLDEN, sizeof(bytes));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(dm_notification_verify(bytes, sizeof(bytes), "server1", "s3cret", &nonce, NULL) < 0);
    }
    CHECK(dm_notification_verify(GOLDEN, sizeof(GOLDEN) - 1, "server1", "s3cret", &nonce, NULL) < 0);
}

static void what_is_no_notification_is_refused(void)
{
    uint8_t bytes[DM_NOTIFICATION_BYTES_MAX + 1] = { 0 };
    struct dm_notification n, untouched;
    struct dm_error error = { "" };

    memset(&n, 0xaa, sizeof(n));
    untouched = n;
    for (size_t size = 0; size < sizeof(GOLDEN) - 2; size++) /* the vendor's part may be missing, no more */
        CHECK_EQ(dm_notification_parse(GOLDEN, size, &n, &error), -EBADMSG);
    memcpy(bytes, GOLDEN, sizeof(GOLDEN));
    CHECK_EQ(dm_notification_parse(bytes, sizeof(bytes), &n, &error), -EBADMSG); /* too long */
    bytes[23] = 0; /* no server */
    CHECK_EQ(dm_notification_parse(bytes, sizeof(GOLDEN), &n, &error), -EBADMSG);
    bytes[23] = 200; /* a name beyond the end */
    CHECK_EQ(dm_notification_parse(bytes, sizeof(GOLDEN), &n, &error), -EBADMSG);
    bytes[23] = 7;
    bytes[26] = 0; /* a NUL in the name */
    CHECK_EQ(dm_notification_parse(bytes, sizeof(GOLDEN), &n, &error), -EBADMSG);
    memcpy(bytes, GOLDEN, sizeof(GOLDEN));
    bytes[16] = 0x05; /* version 2.0 */
    bytes[17] = 0x00;
    CHECK_EQ(dm_notification_parse(bytes, sizeof(GOLDEN), &n, &error), -EBADMSG);
    CHECK_MEM(&n, &untouched, sizeof(n));
    CHECK(error.text[0]);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_notification_is_read),
        TEST(every_bit_is_where_it_belongs),
        TEST(the_golden_one_is_believed),
        TEST(nobody_else_is_believed),
        TEST(no_changed_bit_is_believed),
        TEST(what_is_no_notification_is_refused),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
