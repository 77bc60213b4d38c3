/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The form of a configuration file: a table of bytes and the items that must come out, in order; and which byte sequences are text.
 */
#include "base/macro.h"
#include "base/strbuf.h"
#include "config/parse.h"
#include "support/test.h"

#define ITEMS_MAX 8

/* Items as text: "1 [Tunnel]", "2 Key=value", "3 ! fragment of the problem". */
static const struct {
    const char *bytes;
    const char *items[ITEMS_MAX];
} forms[] = {
    { "", { NULL } },
    { "\n\n  \n\t\n", { NULL } },
    { "# only a comment\n   # and another [x] a=b\n", { NULL } },
    { "[Tunnel]\nGateway=a\n", { "1 [Tunnel]", "2 Tunnel Gateway=a" } },
    { "[Tunnel]\nGateway=a", { "1 [Tunnel]", "2 Tunnel Gateway=a" } },
    { "[Tunnel]\r\nGateway=a\r\n", { "1 [Tunnel]", "2 Tunnel Gateway=a" } },
    { "\xef\xbb\xbf[Tunnel]\n", { "1 [Tunnel]" } },
    { " [ Tunnel ]  # why\n\t Gateway \t=  a b  c \t\n", { "1 [Tunnel]", "2 Tunnel Gateway=a b  c" } },
    { "[A]\nk=v # comment\nl=v# none\nm=v\t#c\nn=#c\no= # c\n",
        { "1 [A]", "2 A k=v", "3 A l=v# none", "4 A m=v", "5 A n=#c", "6 A o=" } },
    { "[A]\nk=a=b=c\nl==\n", { "1 [A]", "2 A k=a=b=c", "3 A l==" } },
    { "k=v\n", { "1  k=v" } },
    { "[A]\nk=Größe Ω 漢 😀\n", { "1 [A]", "2 A k=Größe Ω 漢 😀" } },
    { "[A]\nword\n=v\n  = v\nk v=1\nk=2\n",
        { "1 [A]", "2 ! no '='", "3 ! no key before", "4 ! no key before", "5 ! is not a key", "6 A k=2" } },
    { "[A]\n1k=1\nk\xc3\xa4=1\n-k=1\n",
        { "1 [A]", "2 ! is not a key", "3 ! is not a key", "4 ! is not a key" } },
    { "[A\nk=1\n[B]\nk=2\n", { "1 ! does not end with ']'", "3 [B]", "4 B k=2" } },
    { "[]\nk=1\n", { "1 ! holds no name" } },
    { "[ ]\n[A B]\n[A]x\n[[A]]\n[", { "1 ! holds no name", "2 ! holds no name", "3 ! does not end",
                                        "4 ! holds no name", "5 ! does not end" } },
    { "[A]\nk=a\x01"
      "b\n",
        { "1 [A]", "2 ! control character (byte 0x01 at column 4)" } },
    { "[A]\nk=a\rb\n", { "1 [A]", "2 ! control character (byte 0x0d" } },
    { "[A]\nk=\x7f\n", { "1 [A]", "2 ! control character" } },
    { "[A]\nk=\xc2\x85\n", { "1 [A]", "2 ! control character" } },
    { "[A]\nk=\x1b[31mred\n", { "1 [A]", "2 ! control character (byte 0x1b" } },
    { "[A]\nk=\xe4\n", { "1 [A]", "2 ! not UTF-8 (byte 0xe4 at column 3); save the file as UTF-8" } },
    { "[A]\n# \xff\n", { "1 [A]", "2 ! not UTF-8" } },
};

static void render(const struct parse_item *item, char *buf, size_t size)
{
    switch (item->type) {
    case PARSE_ITEM_END:
        snprintf(buf, size, "end");
        break;
    case PARSE_ITEM_SECTION:
        snprintf(buf, size, "%u [%s]", item->line, item->section);
        break;
    case PARSE_ITEM_ENTRY:
        snprintf(buf, size, "%u %s %s=%s", item->line, item->section, item->key, item->value);
        break;
    case PARSE_ITEM_ERROR:
        snprintf(buf, size, "%u ! %s", item->line, item->problem);
        break;
    }
}

static void check_item(const struct parse_item *item, const char *wanted)
{
    const char *fragment = strstr(wanted, " ! ");
    char got[512];

    render(item, got, sizeof(got));
    if (!fragment) {
        CHECK_STR(got, wanted);
        return;
    }
    CHECK_MEM(got, wanted, (size_t)(fragment - wanted) + 3);
    if (!CHECK(strstr(got, fragment + 3) != NULL))
        fprintf(stderr, "  got: %s\n", got);
}

static void files_become_items(void)
{
    for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
        struct parser parser;
        struct parse_item item;

        test_context("form %zu", i);
        parser_init(&parser, forms[i].bytes, strlen(forms[i].bytes));
        for (size_t k = 0; k < ITEMS_MAX && forms[i].items[k]; k++) {
            parser_next(&parser, &item);
            check_item(&item, forms[i].items[k]);
        }
        for (int again = 0; again < 2; again++) {
            parser_next(&parser, &item);
            CHECK_EQ(item.type, PARSE_ITEM_END);
        }
    }
}

static void a_nul_byte_is_an_error_at_its_line(void)
{
    static const char bytes[] = "[A]\nk=a\0b\nl=1\n";
    struct parser parser;
    struct parse_item item;

    parser_init(&parser, bytes, sizeof(bytes) - 1);
    parser_next(&parser, &item);
    parser_next(&parser, &item);
    CHECK_EQ(item.type, PARSE_ITEM_ERROR);
    CHECK_EQ(item.line, 2);
    CHECK(strstr(item.problem, "NUL byte") != NULL);
    parser_next(&parser, &item);
    CHECK_EQ(item.type, PARSE_ITEM_ENTRY);
    CHECK_STR(item.key, "l");
}

static void a_line_may_be_full_but_not_longer(void)
{
    static char bytes[PARSE_LINE_MAX_BYTES + 16];
    struct parser parser;
    struct parse_item item;

    for (size_t too_much = 0; too_much < 2; too_much++) {
        size_t length = PARSE_LINE_MAX_BYTES + too_much;

        memset(bytes, 'v', length);
        bytes[0] = 'k';
        bytes[1] = '=';
        strcpy(bytes + length, "\nl=1\n");
        parser_init(&parser, bytes, strlen(bytes));
        parser_next(&parser, &item);
        CHECK_EQ(item.type, too_much ? PARSE_ITEM_ERROR : PARSE_ITEM_ENTRY);
        if (!too_much)
            CHECK_EQ(strlen(item.value), PARSE_LINE_MAX_BYTES - 2);
        parser_next(&parser, &item);
        CHECK_EQ(item.type, PARSE_ITEM_ENTRY);
        CHECK_EQ(item.line, 2);
    }
}

static const struct {
    const char *bytes;
    size_t length; /* of the first sequence; 0: not text */
} sequences[] = {
    { "a", 1 },
    { "\t", 1 },
    { "\n", 0 },
    { "\x7f", 0 },
    { "\xc2\x9f", 0 },
    { "\xc2\xa0", 2 },
    { "\xdf\xbf", 2 },
    { "\xe0\xa0\x80", 3 },
    { "\xef\xbf\xbd", 3 },
    { "\xf0\x90\x80\x80", 4 },
    { "\xf4\x8f\xbf\xbf", 4 },
    { "\x80", 0 },
    { "\xbf", 0 },
    { "\xc0\x80", 0 }, /* overlong */
    { "\xc1\xbf", 0 },
    { "\xe0\x9f\xbf", 0 },
    { "\xf0\x8f\xbf\xbf", 0 },
    { "\xed\xa0\x80", 0 }, /* surrogate */
    { "\xed\x9f\xbf", 3 },
    { "\xee\x80\x80", 3 },
    { "\xf4\x90\x80\x80", 0 }, /* beyond Unicode */
    { "\xf5\x80\x80\x80", 0 },
    { "\xff", 0 },
    { "\xc3", 0 }, /* cut */
    { "\xe2\x82", 0 },
    { "\xf0\x9f\x98", 0 },
    { "\xc3"
      "a",
        0 },
    { "\xe2\x28\xa1", 0 },
};

static void only_utf8_is_text(void)
{
    for (size_t i = 0; i < ELEMENTSOF(sequences); i++) {
        test_context("sequence %zu", i);
        CHECK_EQ(utf8_sequence_length((const unsigned char *)sequences[i].bytes, strlen(sequences[i].bytes)),
            sequences[i].length);
    }
    CHECK_EQ(utf8_sequence_length((const unsigned char *)"a", 0), 0);
}

static void any_bytes_can_be_made_text(void)
{
    static const char *const cases[][2] = { { "plain", "plain" }, { "a\x1b[1m\n", "a?[1m?" },
        { "\xc3\xa4\xc3", "\xc3\xa4" }, { "x\xe6\xbc", "x" }, { "x\xf0\x9f\x98", "x" },
        { "\x80\xff"
          "z",
            "??z" },
        { "\xc2\x9bm", "??m" }, { "", "" } };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        char text[32];

        test_context("case %zu", i);
        strcpy(text, cases[i][0]);
        parse_mend_text(text);
        CHECK_STR(text, cases[i][1]);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(files_become_items),
        TEST(a_nul_byte_is_an_error_at_its_line),
        TEST(a_line_may_be_full_but_not_longer),
        TEST(only_utf8_is_text),
        TEST(any_bytes_can_be_made_text),
    };
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
