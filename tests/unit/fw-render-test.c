/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockdown to text, compared with the files in fw-golden; a difference is shown by diff. FW_GOLDEN_WRITE=1 writes them anew (then read
 * what `git diff` says). Also: updates of sets say exactly what changed, and the largest lockdown fits.
 * Links only the renderer: no libnftables, no kernel.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/fw.h"
#include "fw/render.h"
#include "support/test.h"
#include "unit/fw-cases.h"

#include <limits.h>
#include <stdio.h>

static char *read_golden(const char *path, char *buf, size_t size)
{
    _cleanup_fclose_ FILE *f = fopen(path, "re");
    size_t n;

    if (!f)
        return NULL;
    n = fread(buf, 1, size - 1, f);
    buf[n] = '\0';
    return buf;
}

static void write_golden(const char *path, const char *text)
{
    _cleanup_fclose_ FILE *f = fopen(path, "we");

    if (CHECK(f != NULL))
        CHECK(fputs(text, f) >= 0);
}

static void show_difference(const char *path, const char *text)
{
    char command[PATH_MAX + 32];
    FILE *diff;

    snprintf(command, sizeof(command), "diff -u '%s' - >&2", path);
    diff = popen(command, "we");
    if (!diff)
        return;
    fputs(text, diff);
    pclose(diff);
}

static void check_golden(const struct fw_case *fw_case)
{
    char text[FW_RULESET_MAX_BYTES], golden[FW_RULESET_MAX_BYTES], path[PATH_MAX];
    struct lockdown lockdown;
    struct strbuf s;

    test_context("%s", fw_case->name);
    fw_case_get(fw_case, &lockdown);
    strbuf_init(&s, text, sizeof(text));
    fw_render(&lockdown, &s);
    CHECK(!s.truncated);
    snprintf(path, sizeof(path), FW_GOLDEN_DIR "/%s.nft", fw_case->name);
    if (getenv("FW_GOLDEN_WRITE"))
        write_golden(path, text);
    if (CHECK(read_golden(path, golden, sizeof(golden)) != NULL) && !CHECK(strcmp(golden, text) == 0))
        show_difference(path, text);
}

static const struct fw_case *find_case(const char *name)
{
    for (size_t i = 0; i < N_FW_CASES; i++) {
        if (strcmp(FW_CASES[i].name, name) == 0)
            return &FW_CASES[i];
    }
    return NULL;
}

struct update {
    const char *from, *to;
    bool same_shape;
    const char *text;
};

static const struct update UPDATES[] = {
    { "closed", "closed", true, "" },
    { "closed", "connecting", true,
        "add element inet mvpn ike4 { 203.0.113.5 . 500, 203.0.113.5 . 4500 }\n"
        "add element inet mvpn gateways4 { 203.0.113.5 }\n"
        "add element inet mvpn gateway_errors4 { 0xcb007105 }\n" },
    { "connecting", "connected", true,
        "add element inet mvpn tunnel4 { 10.99.1.1 }\n"
        "add element inet mvpn tunnel6 { 2001:db8:99::1 }\n"
        "add element inet mvpn forward_to { \"mvpn0\" }\n" },
    { "connected", "closed", true,
        "flush set inet mvpn ike4\nflush set inet mvpn gateways4\nflush set inet mvpn gateway_errors4\n"
        "flush set inet mvpn tunnel4\nflush set inet mvpn tunnel6\nflush set inet mvpn forward_to\n" },
    { "connecting", "v6-custom-port", true,
        "flush set inet mvpn ike4\n"
        "add element inet mvpn ike6 { 2001:db8::5 . 10500, 2001:db8::5 . 4500 }\n"
        "flush set inet mvpn gateways4\n"
        "add element inet mvpn gateways6 { 2001:db8::5 }\n"
        "flush set inet mvpn gateway_errors4\n"
        "add element inet mvpn gateway_errors6 { 0x20010db8000000000000000000000005 }\n" },
    { "closed", "disabled", false, NULL },
    { "disabled", "closed", false, NULL },
    { "disabled", "disabled", false, NULL },
    { "connecting", "no-usb", false, NULL },
    { "connecting", "cellular", false, NULL },
    { "closed", "largest", false, NULL },
};

static void check_update(const struct update *update)
{
    char text[FW_RULESET_MAX_BYTES];
    struct lockdown from, to;
    struct strbuf s;

    test_context("%s to %s", update->from, update->to);
    fw_case_get(find_case(update->from), &from);
    fw_case_get(find_case(update->to), &to);
    CHECK(fw_same_shape(&from, &to) == update->same_shape);
    if (!update->same_shape)
        return;
    strbuf_init(&s, text, sizeof(text));
    fw_render_update(&from, &to, &s);
    CHECK(!s.truncated);
    if (!CHECK(strcmp(text, update->text) == 0))
        fprintf(stderr, "%s", text);
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

static void golden_files(void)
{
    for (size_t i = 0; i < N_FW_CASES; i++)
        check_golden(&FW_CASES[i]);
}

static void updates_of_sets(void)
{
    for (size_t i = 0; i < ELEMENTSOF(UPDATES); i++)
        check_update(&UPDATES[i]);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(golden_files),
        TEST(updates_of_sets),
        TEST(small_buffer_is_noticed),
        TEST(names_that_nft_would_misread),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
