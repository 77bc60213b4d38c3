/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings for people (one row each, the advice below it, aligned, broken at words to fit a terminal) and for programs (JSON).
 */
#include "base/macro.h"
#include "ctl/check.h"
#include "ctl/term.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define RESULT_COLUMNS 6
#define MARGIN_MIN     24 /* columns left for text below which lines are not broken */

static const struct {
    const char *word, *shown;
    enum style style;
} results[] = {
    [CHECK_PASS] = { "pass", "ok", STYLE_GOOD },
    [CHECK_WARN] = { "warn", "warn", STYLE_WARN },
    [CHECK_FAIL] = { "fail", "FAIL", STYLE_BAD },
};
_Static_assert(ELEMENTSOF(results) == N_CHECK_RESULTS, "every result has its word");

const char *check_result_name(enum check_result result)
{
    return results[result].word;
}

/* Text behind what already takes `indent` columns; further lines begin there. */
static void print_wrapped(const char *text, unsigned indent, unsigned columns)
{
    unsigned room = columns > indent + MARGIN_MIN ? columns - indent : 0, used = 0;

    while (*text) {
        size_t length = strcspn(text, " ");
        char word[1024];
        unsigned width;

        snprintf(word, sizeof(word), "%.*s", (int)length, text);
        width = (unsigned)text_width(word);
        if (used > 0 && room > 0 && used + 1 + width > room) {
            printf("\n%*s", (int)indent, "");
            used = 0;
        }
        used += (unsigned)printf("%s", used > 0 ? " " : "") + width;
        fputs(word, stdout);
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static unsigned name_columns(const struct check_list *list)
{
    unsigned widest = 0;

    for (size_t i = 0; i < list->n_findings; i++)
        widest = MAX_OF(widest, (unsigned)strlen(list->findings[i].check));
    return widest + 2;
}

static void print_finding(
    const struct check_finding *finding, unsigned name_width, const struct term *term, unsigned columns)
{
    unsigned indent = RESULT_COLUMNS + name_width;

    printf("%s%-*s%s%-*s", term_style(term, results[finding->result].style), RESULT_COLUMNS,
        results[finding->result].shown, term_end(term), (int)name_width, finding->check);
    print_wrapped(finding->detail, indent, columns);
    if (finding->advice[0] == '\0')
        return;
    printf("%*s%s%s ", (int)indent, "", term_style(term, STYLE_BOLD), term->utf8 ? "→" : ">");
    print_wrapped(finding->advice, indent + 2, columns);
    fputs(term_end(term), stdout);
}

void check_print(const struct check_list *list, const struct term *term, unsigned columns)
{
    unsigned counts[N_CHECK_RESULTS] = { 0 }, width = name_columns(list);

    for (size_t i = 0; i < list->n_findings; i++) {
        print_finding(&list->findings[i], width, term, columns);
        counts[list->findings[i].result]++;
    }
    if (counts[CHECK_FAIL] + counts[CHECK_WARN] == 0)
        printf("\n%sAll is well.%s\n", term_style(term, STYLE_GOOD), term_end(term));
    else
        printf("\n%s%u failed, %u warned, %u are well.%s\n",
            term_style(term, counts[CHECK_FAIL] ? STYLE_BAD : STYLE_WARN), counts[CHECK_FAIL],
            counts[CHECK_WARN], counts[CHECK_PASS], term_end(term));
}

static int add_text(struct json_object *object, const char *key, const char *text)
{
    struct json_object *value = json_object_new_string(text);

    return value && json_object_object_add(object, key, value) == 0 ? 0 : -ENOMEM;
}

static int add_finding(struct json_object *array, const struct check_finding *finding)
{
    struct json_object *object = json_object_new_object();

    if (!object || json_object_array_add(array, object) < 0) {
        json_object_put(object);
        return -ENOMEM;
    }
    if (add_text(object, "check", finding->check) < 0 ||
        add_text(object, "result", check_result_name(finding->result)) < 0 ||
        add_text(object, "detail", finding->detail) < 0 || add_text(object, "advice", finding->advice) < 0)
        return -ENOMEM;
    return 0;
}

int check_print_json(const struct check_list *list)
{
    struct json_object *array = json_object_new_array();
    int r = array ? 0 : -ENOMEM;

    for (size_t i = 0; i < list->n_findings && r == 0; i++)
        r = add_finding(array, &list->findings[i]);
    if (r == 0)
        puts(json_object_to_json_string_ext(array, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(array);
    return r;
}
