/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SyncML in WBXML: golden bytes both ways, and every way in which bytes can be unsound.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/message.h"
#include "dm/wbxmltags.h"
#include "support/test.h"
#include "unit/dm-fixture.h"

#include <errno.h>
#include <stdlib.h>

#define HEAD   "02 a401 6a 00" /* version 1.2, SyncML 1.2, UTF-8, no string table */
#define HEADER "6c 71 03312e3200 01 65 033100 01 01" /* SyncHdr with VerDTD 1.2 and SessionID 1 */

/* By hand from the tables of OMA-TS-SyncML_RepPro and MetaInfo: a Replace with format and type in code page 1, opaque data, and Final. */
static const char GOLDEN[] = HEAD "6d" HEADER "6b"
                                  "60 4b 033200 01" /* Replace, CmdID 2 */
                                  "54 6e 57 03 2e2f6100 01 01" /* Item, Target, LocURI ./a */
                                  "5a 0001 47 0362696e00 01 53 03782f7900 01 01" /* Meta, page 1, Format bin, Type x/y */
                                  "0000 4f c3 03 0001ff 01" /* page 0, Data, three bytes */
                                  "34 01 01" /* MoreData, empty; ends of Item and Replace */
                                  "12 01 01"; /* Final; ends of SyncBody and SyncML */

static struct dm_message *parse_hex(const char *hex)
{
    uint8_t bytes[4096];

    return must_parse(DM_ENCODING_WBXML, bytes, from_hex(hex, bytes, sizeof(bytes)));
}

static int fail_hex(const char *hex)
{
    uint8_t bytes[4096];

    return must_fail(DM_ENCODING_WBXML, bytes, from_hex(hex, bytes, sizeof(bytes)));
}

/* Commands inside a whole message. */
static struct dm_message *parse_commands(const char *hex)
{
    char all[8192];

    snprintf(all, sizeof(all), HEAD "6d" HEADER "6b %s 01 01", hex);
    return parse_hex(all);
}

static int fail_commands(const char *hex)
{
    char all[8192];

    snprintf(all, sizeof(all), HEAD "6d" HEADER "6b %s 01 01", hex);
    return fail_hex(all);
}

static void golden_bytes_are_read(void)
{
    struct dm_message *m = parse_hex(GOLDEN);
    const struct dm_item *item = first_item(m);

    if (!CHECK(item))
        return;
    CHECK_STR(m->ver_dtd, "1.2");
    CHECK_STR(m->session_id, "1");
    CHECK(m->final);
    CHECK_EQ(m->commands->verb, DM_VERB_REPLACE);
    CHECK_STR(m->commands->cmd_id, "2");
    CHECK_STR(item->target, "./a");
    CHECK_STR(item->meta.format, "bin");
    CHECK_STR(item->meta.type, "x/y");
    CHECK_EQ(item->data.size, 3);
    CHECK_MEM(item->data.data, "\0\1\xff", 3);
    CHECK(item->more_data);
    dm_message_free(m);
}

static void golden_bytes_are_written(void)
{
    struct dm_message *m = parse_hex(GOLDEN);
    uint8_t wanted[512], got[512];
    size_t n_wanted = from_hex(GOLDEN, wanted, sizeof(wanted)), n_got = 0;

    if (!m)
        return;
    CHECK_EQ(dm_message_write(m, DM_ENCODING_WBXML, got, sizeof(got), &n_got), 0);
    CHECK_EQ(n_got, n_wanted);
    CHECK_MEM(got, wanted, MIN_OF(n_got, n_wanted));
    dm_message_free(m);
}

static void every_tag_goes_both_ways(void)
{
    unsigned n = 0;

    for (unsigned page = 0; page < 4; page++)
        for (unsigned code = 0; code < 256; code++) {
            const char *name = dm_wbxml_tag_name(page, (uint8_t)code);

            n += name != NULL;
            if (name)
                CHECK_EQ(dm_wbxml_tag_code(page, name), code);
        }
    CHECK_EQ(n, 55 + 18 + 56); /* page 0 has a gap at 30 */
    CHECK_STR(dm_wbxml_tag_name(0, 0x05), "Add");
    CHECK_STR(dm_wbxml_tag_name(0, 0x20), "Replace");
    CHECK_STR(dm_wbxml_tag_name(0, 0x2d), "SyncML");
    CHECK_STR(dm_wbxml_tag_name(0, 0x34), "MoreData");
    CHECK_STR(dm_wbxml_tag_name(0, 0x3c), "Correlator");
    CHECK_STR(dm_wbxml_tag_name(1, 0x10), "NextNonce");
    CHECK_STR(dm_wbxml_tag_name(1, 0x15), "MaxObjSize");
    CHECK_STR(dm_wbxml_tag_name(2, 0x20), "MgmtTree");
    CHECK(!dm_wbxml_tag_name(0, 0x30));
    CHECK(!dm_wbxml_page_namespace(3));
    CHECK_EQ(dm_wbxml_tag_code(1, "Add"), 0);
}

/* A string from the middle of the table, one in place, opaque bytes, characters by number: all of them one text. */
static void text_comes_in_every_form(void)
{
    struct dm_message *m = parse_hex("03 a401 6a 04 61626300 6d 6c 71 83 00 01 01 6b 45 54 4f 83 01 037800 c3 01 79 02 41 02 c12c 01 01 01 01 01");

    if (!CHECK(first_item(m)))
        return;
    CHECK_STR(m->ver_dtd, "abc");
    CHECK_STR(first_item(m)->data.data, "bcxyA\xe2\x82\xac");
    dm_message_free(m);
}

static void headers_of_all_kinds(void)
{
    static const char *const GOOD[] = {
        "01 a401 6a 00", "03 a401 6a 00", "02 9f53 6a 00", "02 9f51 6a 00", "02 01 6a 00", "02 a401 00 00", "02 a401 03 00",
        "00 a401 00", /* WBXML 1.0 has no character set */
        "02 00 00 6a 1e 2d2f2f53594e434d4c2f2f4454442053796e634d4c20312e322f2f454e00", /* the identifier as text */
    };
    static const char *const BAD[] = {
        "04 a401 6a 00", "02 02 6a 00", "02 a402 6a 00", "02 a401 04 00", "02 a401 6a 7f", "02 a401 6a ffffffff0f", "02 00 00 6a 00",
        "02 00 05 6a 04 61626300", "02 808080808001 6a 00", "02 ffffffff7f 6a 00", "02 00 00 6a 04 61626364",
    };
    char all[512];

    for (size_t i = 0; i < ELEMENTSOF(GOOD); i++) {
        struct dm_message *m;

        test_context("%s", GOOD[i]);
        snprintf(all, sizeof(all), "%s 6d 6c 01 6b 01 01", GOOD[i]);
        m = parse_hex(all);
        CHECK(m != NULL);
        dm_message_free(m);
    }
    for (size_t i = 0; i < ELEMENTSOF(BAD); i++) {
        test_context("%s", BAD[i]);
        snprintf(all, sizeof(all), "%s 6d 6c 01 6b 01 01", BAD[i]);
        CHECK_EQ(fail_hex(all), -EBADMSG);
    }
    test_context("%s", "");
}

static void unsound_bodies_are_refused(void)
{
    static const char *const BAD[] = {
        "c5 01", /* Add with attributes */
        "85", /* the same, empty */
        "45 40 7800 01", "45 41 7800 01", "45 42 7800 01", "45 80 00 01", "45 81 00 01", "45 82 00 01", "45 c0 01", "45 c1 01", "45 c2 01",
        "43 04 00 01", /* a processing instruction */
        "0003", /* a code page there is not */
        "0001 57 01", /* a tag that page does not have */
        "70 01", /* the gap in page 0 */
        "44 00 01", /* a literal name, no table */
        "45 83 00 01", /* a string, no table */
        "45 c3 7f 00 01", /* opaque data beyond the end */
        "45 c3 ffffffff0f 01", "45 c3 ffffffff7f 01", "45 c3 8080808080 01",
        "45 02 00 01", "45 02 83b000 01", "45 02 c4808000 01", /* character 0, a surrogate, beyond Unicode */
        "45 02 01 01", /* a control character */
        "45", /* ends too early */
        "45 03 6162", /* a string that swallows the ends */
        "45 54 6e 57 03 61ff00 01 01 01 01", /* LocURI that is no UTF-8 */
        "45 54 6e 57 c3 03 610062 01 01 01 01", /* LocURI with a NUL */
        "45 54 6e 57 03 610162 00 01 01 01 01", /* LocURI with a control character */
    };

    for (size_t i = 0; i < ELEMENTSOF(BAD); i++) {
        test_context("%s", BAD[i]);
        CHECK_EQ(fail_commands(BAD[i]), -EBADMSG);
    }
    test_context("%s", "");
    CHECK_EQ(fail_hex(HEAD "6d" HEADER "6b 01 01 01"), -EBADMSG); /* one end too many */
    CHECK_EQ(fail_hex(HEAD "6d" HEADER "6b 01 01 6d 01"), -EBADMSG); /* a second root */
    CHECK_EQ(fail_hex(HEAD "6d" HEADER "6b 01 01 03 6100"), -EBADMSG); /* text behind the end */
    CHECK_EQ(fail_hex(HEAD), -EBADMSG);
    CHECK_EQ(fail_hex(""), -EBADMSG);
}

static void literal_names_are_names(void)
{
    struct dm_message *m = parse_hex("02 a401 6a 08 4e6f646500 612b00 6d 6c 01 6b 45 54 4f 44 00 03 7800 01 01 01 01 01 01");

    if (CHECK(first_item(m)))
        CHECK_STR(first_item(m)->data.data, "<Node>x</Node>");
    dm_message_free(m);
    CHECK_EQ(fail_hex("02 a401 6a 08 4e6f646500 612b00 6d 6c 01 6b 45 54 4f 44 05 03 7800 01 01 01 01 01 01"), -EBADMSG); /* "a+" */
    CHECK_EQ(fail_hex("02 a401 6a 08 4e6f646500 612b00 6d 6c 01 6b 45 54 4f 44 04 03 7800 01 01 01 01 01 01"), -EBADMSG); /* "" */
}

static void a_tree_description_in_data_is_xml(void)
{
    struct dm_message *m = parse_commands("45 54 4f 0002 60 77 03312e3200 01 01 0000 01 01 01");

    if (CHECK(first_item(m)))
        CHECK_STR(first_item(m)->data.data, "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD></MgmtTree>");
    dm_message_free(m);
}

/* A challenge and credentials whose bytes stand there bare: NextNonce 00 01 ff, a digest of three bytes 80 00 01. */
static void bare_nonces_and_digests_become_base64(void)
{
    struct dm_message *m = parse_hex(HEAD "6d 6c 4e 4f c3 03 800001 01 01 01 6b 69 49 5a 0001 50 c3 03 0001ff 01 47 0362696e00 01 01 01 01 01 01");

    if (!CHECK(m && m->cred && m->commands && m->commands->chal))
        return;
    CHECK_STR(m->cred->data, "gAAB");
    CHECK_STR(m->cred->format, "b64");
    CHECK_STR(m->commands->chal->next_nonce, "AAH/");
    CHECK_STR(m->commands->chal->format, "b64");
    dm_message_free(m);
}

static void every_beginning_of_a_message_is_refused(void)
{
    uint8_t bytes[512];
    size_t n = from_hex(GOLDEN, bytes, sizeof(bytes));

    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);

        test_context("%zu of %zu bytes", cut, n);
        memcpy(exact, bytes, cut);
        CHECK_EQ(must_fail(DM_ENCODING_WBXML, exact, cut), -EBADMSG);
        free(exact);
    }
    test_context("%s", "");
}

/* Each byte of the golden message with each value: refused with a sentence, or a message that goes both ways. */
static void no_changed_byte_does_harm(void)
{
    uint8_t bytes[512], again[1024], third[1024];
    size_t n = from_hex(GOLDEN, bytes, sizeof(bytes)), n_again, n_third, n_taken = 0;

    for (size_t i = 0; i < n * 256; i++) {
        struct dm_message *m = NULL, *m2;
        uint8_t old = bytes[i / 256];

        bytes[i / 256] = (uint8_t)i;
        if (dm_message_parse(DM_ENCODING_WBXML, bytes, n, &m, NULL) == 0) {
            n_taken++;
            CHECK_EQ(dm_message_write(m, DM_ENCODING_WBXML, again, sizeof(again), &n_again), 0);
            m2 = must_parse(DM_ENCODING_WBXML, again, n_again);
            if (m2) {
                CHECK_EQ(dm_message_write(m2, DM_ENCODING_WBXML, third, sizeof(third), &n_third), 0);
                CHECK_EQ(n_third, n_again);
                CHECK_MEM(third, again, MIN_OF(n_again, n_third));
            }
            dm_message_free(m2);
        }
        dm_message_free(m);
        bytes[i / 256] = old;
    }
    CHECK_GE(n_taken, n);
}

/* begin, n times repeat, in binary. */
static int parse_repeated(const char *begin_hex, const char *repeat_hex, size_t n)
{
    uint8_t *bytes = calloc(1, DM_BYTES_MAX), repeat[16];
    size_t at = from_hex(begin_hex, bytes, DM_BYTES_MAX), n_repeat = from_hex(repeat_hex, repeat, sizeof(repeat));
    int r;

    for (size_t i = 0; i < n && at + n_repeat <= DM_BYTES_MAX; i++, at += n_repeat)
        memcpy(bytes + at, repeat, n_repeat);
    r = must_fail(DM_ENCODING_WBXML, bytes, at);
    free(bytes);
    return r;
}

static void limits_hold_for_wbxml(void)
{
    CHECK_EQ(parse_repeated(HEAD "6d 6c 01 6b", "48", 70), -E2BIG); /* Atomic in Atomic */
    CHECK_EQ(parse_repeated(HEAD "6d 6c 01 6b", "48", DM_BYTES_MAX), -E2BIG);
    CHECK_EQ(parse_repeated(HEAD "6d 6c 01 6b", "05", DM_BYTES_MAX), -E2BIG);
    CHECK_EQ(parse_repeated(HEAD "6d 6c 01 6b 45 54 4f", "03 00", DM_BYTES_MAX), -EBADMSG); /* it ends too early, no more */
    CHECK_EQ(parse_repeated(HEAD "6d 6c 01 6b 45 54 4f", "0001 0000", DM_BYTES_MAX), -EBADMSG);
}

/* A long string in the table, and a reference of two bytes to it a hundred thousand times. */
static void the_string_table_does_not_multiply(void)
{
    uint8_t *bytes = calloc(1, DM_BYTES_MAX);
    size_t at = from_hex("02 a401 6a 81 80 01", bytes, DM_BYTES_MAX); /* 16385 bytes */

    memset(bytes + at, 'x', 16384);
    at += 16385;
    at += from_hex("6d 6c 01 6b 45 54 4f", bytes + at, 16);
    for (unsigned i = 0; i < 100000; i++) {
        bytes[at++] = 0x83;
        bytes[at++] = 0x00;
    }
    CHECK_EQ(must_fail(DM_ENCODING_WBXML, bytes, at), -E2BIG);
    free(bytes);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(golden_bytes_are_read),
        TEST(golden_bytes_are_written),
        TEST(every_tag_goes_both_ways),
        TEST(text_comes_in_every_form),
        TEST(headers_of_all_kinds),
        TEST(unsound_bodies_are_refused),
        TEST(literal_names_are_names),
        TEST(a_tree_description_in_data_is_xml),
        TEST(bare_nonces_and_digests_become_base64),
        TEST(every_beginning_of_a_message_is_refused),
        TEST(no_changed_byte_does_harm),
        TEST(limits_hold_for_wbxml),
        TEST(the_string_table_does_not_multiply),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
