/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockdown to text, compared with the files in fw-golden. Also: when a change of elements is enough, and that the largest lockdown fits.
 * Links only the renderer: no libnftables, no kernel.
 */
#include "base/macro.h"
#include "fw/fw.h"
#include "fw/render.h"
#include "support/test.h"
#include "unit/fw-cases.h"
#include "unit/fw-golden.h"

#include <stdio.h>
#include <string.h>

static void check_golden(const struct fw_case *fw_case)
{
    char text[FW_RULESET_MAX_BYTES];
    struct lockdown lockdown;
    struct strbuf s;

    test_context("%s", fw_case->name);
    fw_case_get(fw_case, &lockdown);
    strbuf_init(&s, text, sizeof(text));
    fw_render(&lockdown, &s);
    CHECK(!s.truncated);
    fw_golden_check(fw_case->name, "nft", text);
}

static const struct fw_case *find_case(const char *name)
{
    for (size_t i = 0; i < N_FW_CASES; i++) {
        if (strcmp(FW_CASES[i].name, name) == 0)
            return &FW_CASES[i];
    }
    return NULL;
}

/* From which lockdown to which need single elements only be changed? */
static const struct {
    const char *from, *to;
    bool same_shape;
} SHAPES[] = {
    { "closed", "closed", true },
    { "closed", "connecting", true },
    { "connecting", "connected", true },
    { "connected", "closed", true },
    { "connecting", "v6-custom-port", true },
    { "closed", "resolving", true },
    { "connected", "fetching", true },
    { "closed", "disabled", false },
    { "disabled", "closed", false },
    { "disabled", "disabled", false },
    { "connecting", "no-usb", false },
    { "connecting", "cellular", false },
    { "connected", "lan", false },
    { "closed", "largest", false },
};

static void shapes(void)
{
    for (size_t i = 0; i < ELEMENTSOF(SHAPES); i++) {
        struct lockdown from, to;

        test_context("%s to %s", SHAPES[i].from, SHAPES[i].to);
        fw_case_get(find_case(SHAPES[i].from), &from);
        fw_case_get(find_case(SHAPES[i].to), &to);
        CHECK_EQ(fw_same_shape(&from, &to), SHAPES[i].same_shape);
    }
}

/* With the same shape, everything but the sets is the same text: else a change of elements would not be enough. */
static const char *rules_of(const char *name, char *buf, size_t size)
{
    struct lockdown lockdown;
    struct strbuf s;
    char *rules;

    fw_case_get(find_case(name), &lockdown);
    strbuf_init(&s, buf, size);
    fw_render(&lockdown, &s);
    rules = strstr(buf, "\tchain ");
    return rules ? rules : buf;
}

static void the_same_shape_means_the_same_rules(void)
{
    char from[FW_RULESET_MAX_BYTES], to[FW_RULESET_MAX_BYTES];

    for (size_t i = 0; i < ELEMENTSOF(SHAPES); i++) {
        test_context("%s to %s", SHAPES[i].from, SHAPES[i].to);
        if (SHAPES[i].same_shape)
            CHECK_STR(rules_of(SHAPES[i].to, to, sizeof(to)), rules_of(SHAPES[i].from, from, sizeof(from)));
    }
}

static void small_buffer_is_noticed(void)
{
    struct lockdown lockdown;
    struct strbuf s;
    char text[100];

    test_context("small buffer");
    fw_case_get(find_case("connected"), &lockdown);
    strbuf_init(&s, text, sizeof(text));
    fw_render(&lockdown, &s);
    CHECK(s.truncated);
}

static void names_that_nft_would_misread(void)
{
    static const char *const BAD[] = { "", "a b", "a*", "*", "a\"", "a\\", "a;", "a{", "a\n", "abcdefghijklmnop" };
    static const char *const GOOD[] = { "mvpn0", "wwan0.5", "rmnet_data0", "a-b", "eth0@if3", "abcdefghijklmno" };

    for (size_t i = 0; i < ELEMENTSOF(BAD); i++) {
        test_context("name \"%s\"", BAD[i]);
        CHECK(!fw_name_is_plain(BAD[i]));
    }
    for (size_t i = 0; i < ELEMENTSOF(GOOD); i++) {
        test_context("name \"%s\"", GOOD[i]);
        CHECK(fw_name_is_plain(GOOD[i]));
    }
}

static void the_mark_of_answers(void)
{
    static const uint32_t MARKS[] = { 1, 0x4d56, 0x80000000, UINT32_MAX - 1, UINT32_MAX };

    for (size_t i = 0; i < ELEMENTSOF(MARKS); i++) {
        test_context("mark 0x%x", MARKS[i]);
        CHECK_NE(fw_answer_mark(MARKS[i]), MARKS[i]);
        CHECK_NE(fw_answer_mark(MARKS[i]), 0U);
    }
}

static void golden_files(void)
{
    for (size_t i = 0; i < N_FW_CASES; i++)
        check_golden(&FW_CASES[i]);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(golden_files),
        TEST(shapes),
        TEST(the_same_shape_means_the_same_rules),
        TEST(small_buffer_is_noticed),
        TEST(names_that_nft_would_misread),
        TEST(the_mark_of_answers),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
