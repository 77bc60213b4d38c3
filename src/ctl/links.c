/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnctl links: which networks there are, which one carries the tunnel, and why not the others.
 */
#include "ctl/client.h"
#include "ctl/json_path.h"
#include "ctl/term.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "base/strbuf.h"

#include <json-c/json.h>
#include <string.h>

#define N_COLUMNS 6
#define CELL_SIZE 256

static const char *const titles[N_COLUMNS] = { "", "INTERFACE", "TYPE", "SCORE", "ADDRESSES", "WHY" };

struct row {
    bool chosen, usable;
    char cells[N_COLUMNS][CELL_SIZE];
};

static void add_traits(struct json_object *link, char *buf, size_t size)
{
    const char *type = json_text(link, "type");
    struct strbuf s;

    strbuf_init(&s, buf, size);
    strbuf_add(&s, "%s", type ? type : "?");
    if (json_flag(link, "metered"))
        strbuf_add(&s, ", metered");
    if (json_flag(link, "roaming"))
        strbuf_add(&s, ", roaming");
}

static void fill_row(const struct term *term, struct json_object *link, struct row *row)
{
    const char *name = json_text(link, "interface"), *why = json_text(link, "why");
    double score = 0;

    row->chosen = json_flag(link, "chosen");
    row->usable = json_flag(link, "usable");
    strcpy(row->cells[0], !row->chosen ? " " : term->utf8 ? "\u25cf" : "*");
    snprintf(row->cells[1], CELL_SIZE, "%s", name ? name : "?");
    add_traits(link, row->cells[2], CELL_SIZE);
    if (row->usable && json_number(link, "score", &score))
        snprintf(row->cells[3], CELL_SIZE, "%.0f", score);
    else
        strcpy(row->cells[3], "-");
    json_join(link, "addresses", " ", row->cells[4], CELL_SIZE);
    if (!row->cells[4][0])
        strcpy(row->cells[4], "-");
    snprintf(row->cells[5], CELL_SIZE, "%s", why ? why : "");
    for (unsigned i = 1; i < N_COLUMNS; i++)
        text_make_printable(row->cells[i]);
}

static void print_cell(const char *text, size_t width, bool last)
{
    printf("%s%*s", text, last ? 0 : (int)(width - text_width(text)) + 2, "");
}

static void print_rows(const struct term *term, const struct row *rows, size_t n_rows)
{
    size_t widths[N_COLUMNS];

    for (unsigned c = 0; c < N_COLUMNS; c++) {
        widths[c] = strlen(titles[c]);
        for (size_t i = 0; i < n_rows; i++)
            widths[c] = MAX_OF(widths[c], text_width(rows[i].cells[c]));
    }
    fputs(term_style(term, STYLE_DIM), stdout);
    for (unsigned c = 0; c < N_COLUMNS; c++)
        print_cell(titles[c], widths[c], c == N_COLUMNS - 1);
    printf("%s\n", term_end(term));
    for (size_t i = 0; i < n_rows; i++) {
        enum style style = rows[i].chosen ? STYLE_GOOD : rows[i].usable ? STYLE_PLAIN : STYLE_DIM;

        fputs(term_style(term, style), stdout);
        for (unsigned c = 0; c < N_COLUMNS; c++)
            print_cell(rows[i].cells[c], widths[c], c == N_COLUMNS - 1);
        printf("%s\n", style != STYLE_PLAIN ? term_end(term) : "");
    }
}

static enum ctl_exit print_links(struct json_object *links)
{
    size_t n_rows = json_object_is_type(links, json_type_array) ? json_object_array_length(links) : 0;
    _cleanup_free_ struct row *rows = calloc(n_rows + 1, sizeof(*rows));
    struct term term;

    if (!rows) {
        complain("out of memory");
        return CTL_FAILED;
    }
    if (n_rows == 0) {
        puts("No network interfaces were found.");
        return CTL_DONE;
    }
    term_init(&term);
    for (size_t i = 0; i < n_rows; i++)
        fill_row(&term, json_object_array_get_idx(links, i), &rows[i]);
    print_rows(&term, rows, n_rows);
    return CTL_DONE;
}

enum ctl_exit ctl_links(const struct ctl_options *options)
{
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_free_ char *text = NULL;
    struct json_object *links = NULL;
    enum ctl_exit status = CTL_DONE;
    int r;

    r = client_connect(&bus);
    if (r >= 0)
        r = client_get_json(bus, "GetLinks", &error, &text, &links);
    if (r < 0)
        return client_explain(r, &error);
    if (options->json)
        puts(text);
    else
        status = print_links(links);
    json_object_put(links);
    return status;
}
