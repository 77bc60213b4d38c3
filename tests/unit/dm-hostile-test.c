/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every hostile line of mdm.md that concerns the codec, one test each, for XML; dm-wbxml-test.c has WBXML's. What a server may not send is
 * refused with a sentence, as soon as it is seen.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/message.h"
#include "dm/xmlread.h"
#include "support/test.h"
#include "unit/dm-fixture.h"

#include <errno.h>
#include <stdlib.h>

static int fail_text(const char *text)
{
    return must_fail(DM_ENCODING_XML, text, strlen(text));
}

static void a_doctype_kills_the_message(void)
{
    static const char *const DOCTYPES[] = {
        "<!DOCTYPE SyncML>",
        "<!DOCTYPE SyncML []>",
        "<!DOCTYPE SyncML [<!ENTITY a \"b\">]>",
        "<!DOCTYPE SyncML SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE SyncML PUBLIC \"-//SYNCML//DTD SyncML 1.2//EN\" \"http://127.0.0.1:1/x.dtd\">",
        "<?xml version='1.0'?><!-- x --><!DOCTYPE SyncML [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'> %p;]>",
        "\xef\xbb\xbf\r\n<!DOCTYPE SyncML>",
    };
    _cleanup_free_ char *message = xml_around("");

    for (size_t i = 0; i < ELEMENTSOF(DOCTYPES); i++) {
        char text[1024];

        test_context("%s", DOCTYPES[i]);
        snprintf(text, sizeof(text), "%s%s", DOCTYPES[i], message);
        CHECK_EQ(fail_text(text), -EPERM);
    }
    test_context("%s", "");
}

static void a_billion_laughs_are_not_even_heard(void)
{
    CHECK_EQ(fail_text("<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>"
                       "<SyncML>&c;</SyncML>"),
        -EPERM);
}

static void an_entity_kills_the_message(void)
{
    CHECK_EQ(fail_body("<Add><Item><Data>&nbsp;</Data></Item></Add>"), -EPERM);
    CHECK_EQ(fail_body("<Add><Item><Data>&x;</Data></Item></Add>"), -EPERM);
    CHECK_EQ(fail_body("<Add><Item a='&x;'></Item></Add>"), -EPERM);
    CHECK_EQ(fail_body("<!ENTITY a 'b'>"), -EPERM);
    CHECK(fail_body("<Add><Item><Data>%x; &#xd800;</Data></Item></Add>") < 0);
}

static void an_xinclude_is_an_element_like_any_other(void)
{
    struct dm_message *m = parse_body("<Add><Item><Data><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd' parse='text'/>"
                                      "</Data></Item></Add>");

    if (CHECK(first_item(m)))
        CHECK_STR(first_item(m)->data.data,
            "<include xmlns=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\" parse=\"text\"></include>");
    dm_message_free(m);
}

/* "<x>" n times and back, inside Data of an Item of an Add: 5 levels around it. */
static char *nested(unsigned n, const char *name)
{
    size_t length = strlen(name);
    char *text = malloc(200 + n * (2 * length + 5));
    char *at = text;

    at += sprintf(at, "<Add><Item><Data>");
    for (unsigned i = 0; i < n; i++)
        at += sprintf(at, "<%s>", name);
    for (unsigned i = 0; i < n; i++)
        at += sprintf(at, "</%s>", name);
    sprintf(at, "</Data></Item></Add>");
    return text;
}

static void nesting_ends_at_64(void)
{
    _cleanup_free_ char *fits = nested(DM_DEPTH_MAX - 5, "x"), *one_more = nested(DM_DEPTH_MAX - 4, "x"), *far = nested(20000, "x");
    struct dm_message *m = parse_body(fits);

    CHECK(m != NULL);
    dm_message_free(m);
    CHECK_EQ(fail_body(one_more), -E2BIG);
    CHECK_EQ(fail_body(far), -E2BIG);
}

static void atomics_nest_no_deeper_either(void)
{
    char *at, *text = malloc(20000);

    at = text;
    for (int i = 0; i < 70; i++)
        at += sprintf(at, "<Atomic>");
    for (int i = 0; i < 70; i++)
        at += sprintf(at, "</Atomic>");
    CHECK_EQ(fail_body(text), -E2BIG);
    free(text);
}

/* n elements "<a/>" inside Data. */
static char *many(unsigned n)
{
    char *text = malloc(200 + n * 4);
    char *at = text + sprintf(text, "<Add><Item><Data>");

    for (unsigned i = 0; i < n; i++)
        at += sprintf(at, "<a/>");
    sprintf(at, "</Data></Item></Add>");
    return text;
}

static void elements_end_at_20000(void)
{
    /* SyncML, SyncHdr and its four, SyncBody, Final, Add, Item, Data */
    _cleanup_free_ char *fits = many(DM_ELEMENTS_MAX - 11), *one_more = many(DM_ELEMENTS_MAX - 10);
    struct dm_message *m = parse_body(fits);

    if (CHECK(m))
        CHECK_EQ(m->left.elements, 0);
    dm_message_free(m);
    CHECK_EQ(fail_body(one_more), -E2BIG);
}

static void bytes_end_at_1_mib(void)
{
    _cleanup_free_ char *empty = xml_around("<Add><Item><Data></Data></Item></Add>"), *data = calloc(1, DM_BYTES_MAX + 100), *whole = NULL;
    struct dm_message *m;
    size_t room = DM_BYTES_MAX - strlen(empty);
    char *commands = malloc(DM_BYTES_MAX + 200);

    memset(data, 'x', room);
    sprintf(commands, "<Add><Item><Data>%s</Data></Item></Add>", data);
    whole = xml_around(commands);
    CHECK_EQ(strlen(whole), DM_BYTES_MAX);
    m = must_parse(DM_ENCODING_XML, whole, strlen(whole));
    if (CHECK(first_item(m)))
        CHECK_EQ(first_item(m)->data.size, room);
    dm_message_free(m);
    data[room] = 'x';
    sprintf(commands, "<Add><Item><Data>%s</Data></Item></Add>", data);
    CHECK_EQ(fail_body(commands), -E2BIG);
    free(commands);
}

/* An answer that has no end: how many bytes were taken before the receiver said so. */
static size_t endless(enum dm_encoding encoding, const char *begin, const char *again, int wanted)
{
    struct dm_receiver *receiver = dm_receiver_new(encoding);
    struct dm_message *m = NULL;
    struct dm_error error = { "" };
    size_t n = strlen(begin);
    int r = dm_receiver_feed(receiver, begin, n, &error);

    while (r == 0 && n < 4 * DM_BYTES_MAX) {
        r = dm_receiver_feed(receiver, again, strlen(again), &error);
        n += strlen(again);
    }
    CHECK_EQ(r, wanted);
    CHECK(error.text[0]);
    CHECK_EQ(dm_receiver_feed(receiver, "x", 1, &error), wanted); /* and goes on saying so */
    CHECK_EQ(dm_receiver_end(receiver, &m, &error), wanted);
    CHECK(!m);
    dm_receiver_free(receiver);
    return n;
}

static void limits_are_noticed_while_bytes_come_in(void)
{
    CHECK_LE(endless(DM_ENCODING_XML, "<SyncML>", "text ", -E2BIG), DM_BYTES_MAX + 10);
    CHECK_LE(endless(DM_ENCODING_XML, "<SyncML>", "<a>", -E2BIG), 2 * 2048);
    CHECK_LE(endless(DM_ENCODING_XML, "<SyncML>", "<a/>", -E2BIG), 4 * DM_ELEMENTS_MAX + 2048);
    CHECK_LE(endless(DM_ENCODING_XML, "<SyncML a='", "xxxx", -E2BIG), DM_XML_TAG_BYTES_MAX + 20);
    CHECK_LE(endless(DM_ENCODING_XML, "<SyncML", " a='b'", -E2BIG), DM_XML_TAG_BYTES_MAX + 20);
    CHECK_LE(endless(DM_ENCODING_XML, "<", "xxxx", -E2BIG), DM_XML_TAG_BYTES_MAX + 20);
    CHECK_LE(endless(DM_ENCODING_XML, "<!--", "x", -E2BIG), DM_BYTES_MAX + 10);
    CHECK_LE(endless(DM_ENCODING_XML, "<SyncML><![CDATA[", "]]x", -E2BIG), DM_BYTES_MAX + 10);
    CHECK_LE(endless(DM_ENCODING_XML, "<?x ", "x", -E2BIG), DM_XML_TAG_BYTES_MAX + 20);
    CHECK_LE(endless(DM_ENCODING_XML, "", " \n", -E2BIG), DM_BYTES_MAX + 10);
    CHECK_LE(endless(DM_ENCODING_WBXML, "\x02", "xxxx", -E2BIG), DM_BYTES_MAX + 10);
}

static void xml_inside_xml_has_what_is_left(void)
{
    struct dm_budget budget = { .depth = 3, .elements = 4, .bytes = 60 };
    struct dm_arena *arena = dm_arena_new(DM_ARENA_BYTES);
    struct dm_element *root = NULL;
    struct dm_error error = { "" };

    CHECK_EQ(dm_xml_parse(arena, &budget, "<a><b/></a>", 11, &root, &error), 0);
    CHECK_EQ(budget.elements, 2);
    CHECK_EQ(budget.bytes, 49);
    CHECK_EQ(dm_xml_parse(arena, &budget, "<a><b><c><d/></c></b></a>", 25, &root, &error), -E2BIG);
    budget = (struct dm_budget){ .depth = 3, .elements = 2, .bytes = 60 };
    CHECK_EQ(dm_xml_parse(arena, &budget, "<a><b/><c/></a>", 15, &root, &error), -E2BIG);
    budget = (struct dm_budget){ .depth = 3, .elements = 2, .bytes = 6 };
    CHECK_EQ(dm_xml_parse(arena, &budget, "<a></a>", 7, &root, &error), -E2BIG);
    dm_arena_free(arena);
}

static void compressed_bytes_are_no_message(void)
{
    CHECK_EQ(must_fail(DM_ENCODING_XML, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10), -EBADMSG);
    CHECK_EQ(must_fail(DM_ENCODING_WBXML, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10), -EBADMSG);
    CHECK_EQ(must_fail(DM_ENCODING_XML, "\x78\x9c\3\0\0\0\0\1", 8), -EBADMSG);
}

static void other_encodings_are_no_message(void)
{
    static const char UTF16[] = "\xff\xfe<\0S\0y\0n\0c\0M\0L\0/\0>\0";
    static const char UTF16_BARE[] = "<\0S\0y\0n\0c\0M\0L\0/\0>\0";
    static const char EBCDIC[] = "\x4c\x6f\xa7\x94\x93\x40";

    CHECK_EQ(must_fail(DM_ENCODING_XML, UTF16, sizeof(UTF16)), -EBADMSG);
    CHECK_EQ(must_fail(DM_ENCODING_XML, UTF16_BARE, sizeof(UTF16_BARE)), -EBADMSG);
    CHECK_EQ(must_fail(DM_ENCODING_XML, EBCDIC, sizeof(EBCDIC) - 1), -EBADMSG);
    CHECK_EQ(fail_body("<Add><Item><Data>\xff\xfe</Data></Item></Add>"), -EBADMSG);
    CHECK_EQ(fail_body("<Add><Item><Data>\xc0\xaf</Data></Item></Add>"), -EBADMSG); /* an overlong slash */
}

static void control_characters_are_no_text(void)
{
    CHECK_EQ(fail_body("<Add><Item><Target><LocURI>./a\001b</LocURI></Target></Item></Add>"), -EBADMSG);
    CHECK_EQ(fail_body("<Add><Item><Target><LocURI>./a&#1;b</LocURI></Target></Item></Add>"), -EBADMSG);
    CHECK_EQ(fail_body("<Add><Item><Target><LocURI>./a&#0;b</LocURI></Target></Item></Add>"), -EBADMSG);
    CHECK_EQ(fail_body("<Add><Item><Target><LocURI>./a&#xfffe;b</LocURI></Target></Item></Add>"), -EBADMSG);
}

/* Names that mean something to a tree go through as they are: the tree refuses them. */
static void names_are_not_judged_here(void)
{
    struct dm_message *m = parse_body("<Add><Item><Target><LocURI>./../*/.</LocURI></Target></Item></Add>");

    if (CHECK(first_item(m)))
        CHECK_STR(first_item(m)->target, "./../*/.");
    dm_message_free(m);
}

static void what_is_there_twice_is_refused(void)
{
    static const char *const TWICE[] = {
        "<SyncML><SyncHdr/><SyncHdr/><SyncBody/></SyncML>",
        "<SyncML><SyncHdr/><SyncBody/><SyncBody/></SyncML>",
        "<SyncML><SyncHdr/></SyncML>",
        "<SyncML><SyncBody/></SyncML>",
        "<SyncML/>",
        "<html><body/></html>",
        "<SyncML><SyncHdr/><SyncBody/></SyncML><SyncML/>",
        "<SyncML><SyncHdr/><SyncBody/></SyncML>text",
        "<SyncML><SyncHdr/><SyncBody/>",
        "<SyncML><SyncHdr/><SyncBody></SyncML>",
        "<SyncML a='1' a='2'><SyncHdr/><SyncBody/></SyncML>",
        "",
        " ",
        "<",
    };

    for (size_t i = 0; i < ELEMENTSOF(TWICE); i++) {
        test_context("%s", TWICE[i]);
        CHECK_EQ(fail_text(TWICE[i]), -EBADMSG);
    }
    test_context("%s", "");
}

/* libxml2 compares all attributes of a tag with each other: a tag is too short for many, and all tags together have counted memory. */
static void attributes_are_bounded_by_the_tag(void)
{
    char *text = malloc(DM_BYTES_MAX), *at = text;

    for (unsigned i = 0; i < 110; i++) {
        at += sprintf(at, "<Put");
        for (unsigned a = 0; a < 880; a++)
            at += sprintf(at, " a%03u=''", a);
        at += sprintf(at, "/>");
    }
    CHECK_EQ(fail_body(text), -E2BIG);
    free(text);
}

/* One long namespace, used by turns with another, would be written out with every element. */
static void namespaces_do_not_multiply(void)
{
    char *text = malloc(DM_BYTES_MAX), *at = text;

    at += sprintf(at, "<Add><Item><Data><r xmlns:b='b' xmlns:a='");
    memset(at, 'n', 7900);
    at += 7900;
    at += sprintf(at, "'>");
    for (unsigned i = 0; i < 9000; i++)
        at += sprintf(at, "<a:x><b:y/></a:x>");
    sprintf(at, "</r></Data></Item></Add>");
    CHECK_EQ(fail_body(text), -E2BIG);
    free(text);
}

static void a_sentence_shows_no_control_characters(void)
{
    struct dm_error error;

    CHECK_EQ(dm_error_set(&error, -EPERM, "a%cb%c", 27, 10), -EPERM);
    CHECK_STR(error.text, "a.b.");
    CHECK_EQ(dm_error_set(NULL, -EPERM, "x"), -EPERM);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_doctype_kills_the_message),
        TEST(a_billion_laughs_are_not_even_heard),
        TEST(an_entity_kills_the_message),
        TEST(an_xinclude_is_an_element_like_any_other),
        TEST(nesting_ends_at_64),
        TEST(atomics_nest_no_deeper_either),
        TEST(elements_end_at_20000),
        TEST(bytes_end_at_1_mib),
        TEST(limits_are_noticed_while_bytes_come_in),
        TEST(xml_inside_xml_has_what_is_left),
        TEST(compressed_bytes_are_no_message),
        TEST(other_encodings_are_no_message),
        TEST(control_characters_are_no_text),
        TEST(names_are_not_judged_here),
        TEST(what_is_there_twice_is_refused),
        TEST(attributes_are_bounded_by_the_tag),
        TEST(namespaces_do_not_multiply),
        TEST(a_sentence_shows_no_control_characters),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
