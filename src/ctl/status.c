/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnctl status: once, in words or as the daemon's JSON as it is.
 */
#include "ctl/client.h"
#include "ctl/json_path.h"
#include "ctl/view.h"

#include "base/cleanup.h"

#include <mvpn/names.h>

#include <json-c/json.h>
#include <string.h>

/* Breaks a sentence at spaces so that it fits beside its indentation. */
static void print_wrapped(const struct term *term, const char *text, unsigned indent)
{
    size_t room = term->columns > indent + 20 ? term->columns - indent : 20;

    if (!term->is_tty)
        room = SIZE_MAX;
    while (*text) {
        size_t length = strlen(text);

        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = strcspn(text, " ");
        }
        printf("%*s%.*s\n", (int)indent, "", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void print_view(const struct term *term, const struct view *view)
{
    printf(
        "%s%s %s%s", term_style(term, view->style), term->utf8 ? "\u25cf" : "*", view->state, term_end(term));
    if (view->since[0])
        printf(" for %s", view->since);
    printf("\n");
    print_wrapped(term, view->message, 2);
    printf("\n");
    for (unsigned i = 0; i < view->n_rows; i++) {
        const struct view_row *row = &view->rows[i];

        printf("  %s%-*s%s  %s%s%s\n", term_style(term, STYLE_DIM), VIEW_LABEL_COLUMNS, row->label,
            term_end(term), term_style(term, row->style), row->text,
            row->style != STYLE_PLAIN ? term_end(term) : "");
    }
}

enum ctl_exit ctl_status(const struct ctl_options *options)
{
    _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
    _cleanup_bus_ sd_bus *bus = NULL;
    _cleanup_free_ char *text = NULL;
    struct json_object *status = NULL;
    struct term term;
    struct view view;
    bool connected;
    int r;

    r = client_connect(&bus);
    if (r >= 0)
        r = client_get_json(bus, "GetStatus", &error, &text, &status);
    if (r < 0) {
        enum ctl_exit status_of_call = client_explain(r, &error);

        if (status_of_call == CTL_NOT_RUNNING)
            offline_explain();
        return status_of_call;
    }
    if (options->json) {
        puts(text);
    } else {
        term_init(&term);
        view_fill(status, &view);
        print_view(&term, &view);
    }
    connected = json_text(status, "state") && strcmp(json_text(status, "state"), MVPN_STATE_CONNECTED) == 0;
    r = json_flag(status, "enabled") && !connected ? CTL_NOT_CONNECTED : CTL_DONE;
    json_object_put(status);
    return (enum ctl_exit)r;
}
