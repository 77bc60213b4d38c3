/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The assertions of every C test. A failed check prints file:line and both values and the test goes on, so that one run shows all that is
 * wrong; the exit status is 1 when anything failed. A test program is a table of functions:
 *
 *     static const struct test tests[] = { TEST(doubles_up_to_the_cap), ... };
 *     int main(int argc, char **argv) { return test_main(tests, ELEMENTSOF(tests), argc, argv); }
 *
 * With arguments only the tests with these names run; --list prints them. In a loop over a table, test_context("row %u", i) names the row
 * in every failure until the next call. Never: forking, timing, fixtures; a test that needs more calls its own functions.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }

/* Weak: one counter and one context for all files of a test program, without a library. */
__attribute__((weak)) unsigned test_n_failures;
__attribute__((weak)) char test_context_text[160];

__attribute__((format(printf, 1, 2), unused)) static void test_context(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(test_context_text, sizeof(test_context_text), format, ap);
    va_end(ap);
}

__attribute__((format(printf, 3, 4), unused)) static void test_fail(
    const char *file, int line, const char *format, ...)
{
    va_list ap;

    test_n_failures++;
    fprintf(stderr, "%s:%d: ", file, line);
    if (test_context_text[0])
        fprintf(stderr, "[%s] ", test_context_text);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* Holds? Gives the answer, so that a test can leave early: if (!CHECK(p)) return; */
#define CHECK(condition) test_holds(__FILE__, __LINE__, #condition, (condition))

#define CHECK_EQ(got, wanted)                                                                                \
    test_compare(__FILE__, __LINE__, #got, (intmax_t)(got), "==", #wanted, (intmax_t)(wanted))
#define CHECK_NE(got, wanted)                                                                                \
    test_compare(__FILE__, __LINE__, #got, (intmax_t)(got), "!=", #wanted, (intmax_t)(wanted))
#define CHECK_LE(got, wanted)                                                                                \
    test_compare(__FILE__, __LINE__, #got, (intmax_t)(got), "<=", #wanted, (intmax_t)(wanted))
#define CHECK_GE(got, wanted)                                                                                \
    test_compare(__FILE__, __LINE__, #got, (intmax_t)(got), ">=", #wanted, (intmax_t)(wanted))
#define CHECK_STR(got, wanted)       test_compare_text(__FILE__, __LINE__, #got, (got), (wanted))
#define CHECK_MEM(got, wanted, size) test_compare_bytes(__FILE__, __LINE__, #got, (got), (wanted), (size))

__attribute__((unused)) static bool test_holds(const char *file, int line, const char *text, bool holds)
{
    if (!holds)
        test_fail(file, line, "does not hold: %s", text);
    return holds;
}

__attribute__((unused)) static bool test_compare(const char *file, int line, const char *got_text,
    intmax_t got, const char *relation, const char *wanted_text, intmax_t wanted)
{
    bool holds = relation[0] == '<'   ? got <= wanted
                 : relation[0] == '>' ? got >= wanted
                                      : (got == wanted) == (relation[0] == '=');

    if (!holds)
        test_fail(file, line, "%s %s %s: got %" PRIdMAX ", the other is %" PRIdMAX, got_text, relation,
            wanted_text, got, wanted);
    return holds;
}

__attribute__((unused)) static bool test_compare_text(
    const char *file, int line, const char *got_text, const char *got, const char *wanted)
{
    if (got && wanted && strcmp(got, wanted) == 0)
        return true;
    test_fail(file, line, "%s: got \"%s\", wanted \"%s\"", got_text, got ? got : "(null)",
        wanted ? wanted : "(null)");
    return false;
}

__attribute__((unused)) static bool test_compare_bytes(
    const char *file, int line, const char *got_text, const void *got, const void *wanted, size_t size)
{
    const uint8_t *a = got, *b = wanted;

    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            test_fail(file, line, "%s: byte %zu of %zu is %02x, wanted %02x", got_text, i, size, a[i], b[i]);
            return false;
        }
    }
    return true;
}

__attribute__((unused)) static bool test_is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc < 2;
}

__attribute__((unused)) static int test_main(const struct test *tests, size_t n_tests, int argc, char **argv)
{
    unsigned n_run = 0, n_failed = 0;

    for (size_t i = 0; i < n_tests; i++) {
        unsigned n_before = test_n_failures;
        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
            puts(tests[i].name);
            continue;
        }
        if (!test_is_wanted(tests[i].name, argc, argv))
            continue;
        test_context_text[0] = '\0';
        tests[i].run();
        n_run++;
        n_failed += test_n_failures != n_before;
        printf("%s %s\n", test_n_failures == n_before ? "ok  " : "FAIL", tests[i].name);
    }
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return 0;
    printf("%u of %u tests failed\n", n_failed, n_run);
    return n_failed || n_run == 0;
}
