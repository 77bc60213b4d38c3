/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the model to lines. Nothing here is wider than it must be; the screen cuts what does not fit.
 */
#include "ctl/watch_frame.h"

#include "ctl/json_path.h"
#include "ctl/view.h"

#include "base/macro.h"

#include <stdio.h>
#include <string.h>

void rates_sample(struct rates *rates, struct json_object *status, usec_t now_usec)
{
    double rx, tx, seconds = usec_to_seconds(usec_sub(now_usec, rates->at_usec));

    if (!json_number(status, "tunnel.rx_bytes", &rx) || !json_number(status, "tunnel.tx_bytes", &tx)) {
        rates->known = false;
        return;
    }
    if (rates->known && seconds < 0.2)
        return; /* too short to tell a rate from */
    if (rates->known && rx >= rates->rx_bytes && tx >= rates->tx_bytes) {
        rates->rx_rate = (rx - rates->rx_bytes) / seconds;
        rates->tx_rate = (tx - rates->tx_bytes) / seconds;
        if (rates->n_history == RATES_MAX)
            memmove(rates->history, rates->history + 1, sizeof(rates->history[0]) * --rates->n_history);
        rates->history[rates->n_history++] = rates->rx_rate + rates->tx_rate;
    }
    rates->rx_bytes = rx;
    rates->tx_bytes = tx;
    rates->at_usec = now_usec;
    rates->known = true;
}

/* The sentence under the state, broken at spaces. */
static void add_message(const struct term *term, const char *text, struct frame *frame)
{
    size_t room = term->columns > 30 ? term->columns - 2 : 28;

    while (*text) {
        size_t length = strlen(text);

        if (length > room) {
            length = room;
            while (length > 0 && text[length] != ' ')
                length--;
            if (length == 0)
                length = strcspn(text, " ");
        }
        line_add(frame_line(frame), STYLE_PLAIN, "  %.*s", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static void draw_curve(const struct rates *rates, char *buf, size_t size)
{
    static const char *const bars[] = { "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587",
        "\u2588" };
    double top = 1000; /* bytes a second: below that it is all quiet */
    size_t used = 0;

    buf[0] = '\0';
    for (unsigned i = 0; i < rates->n_history; i++)
        top = MAX_OF(top, rates->history[i]);
    for (unsigned i = 0; i < rates->n_history && used + 4 < size; i++) {
        unsigned bar = (unsigned)(rates->history[i] / top * (ELEMENTSOF(bars) - 1) + 0.5);

        used += (size_t)snprintf(buf + used, size - used, "%s", bars[MIN_OF(bar, ELEMENTSOF(bars) - 1)]);
    }
}

static void add_rates(
    const struct term *term, const struct rates *rates, const struct view_row *totals, struct frame *frame)
{
    struct line *line = frame_line(frame);
    char down[24], up[24], curve[RATES_MAX * 4 + 1];

    line_add(line, STYLE_DIM, "  %-*s  ", VIEW_LABEL_COLUMNS, totals->label);
    line_add(line, STYLE_BOLD, "%s %8s/s  %s %8s/s", term->utf8 ? "\u2193" : "in",
        view_bytes(rates->rx_rate, down, sizeof(down)), term->utf8 ? "\u2191" : "out",
        view_bytes(rates->tx_rate, up, sizeof(up)));
    line_add(line, STYLE_DIM, "   %s", totals->text);
    if (!term->utf8 || rates->n_history < 2)
        return;
    draw_curve(rates, curve, sizeof(curve));
    line = frame_line(frame);
    line_add(line, STYLE_DIM, "  %-*s  ", VIEW_LABEL_COLUMNS, "");
    line_add(line, STYLE_BUSY, "%s", curve);
}

static void add_rows(
    const struct term *term, const struct watch_model *model, const struct view *view, struct frame *frame)
{
    for (unsigned i = 0; i < view->n_rows; i++) {
        const struct view_row *row = &view->rows[i];
        struct line *line;

        if (strcmp(row->label, "Traffic") == 0 && model->rates.known) {
            add_rates(term, &model->rates, row, frame);
            continue;
        }
        line = frame_line(frame);
        line_add(line, STYLE_DIM, "  %-*s  ", VIEW_LABEL_COLUMNS, row->label);
        line_add(line, row->style, "%s", row->text);
    }
}

static void add_status(const struct term *term, const struct watch_model *model, struct frame *frame)
{
    struct line *line = frame_line(frame);
    struct view view;

    view_fill(model->status, &view);
    line_add(line, view.style, "%s ", term->utf8 ? "\u25cf" : "*");
    line_add(line, STYLE_BOLD, "%s", view.state);
    if (view.since[0])
        line_add(line, STYLE_PLAIN, " for %s", view.since);
    add_message(term, view.message, frame);
    frame_line(frame);
    add_rows(term, model, &view, frame);
}

static void add_events(const struct watch_model *model, struct frame *frame)
{
    if (model->n_events == 0)
        return;
    frame_line(frame);
    for (unsigned i = 0; i < model->n_events; i++)
        line_add(
            frame_line(frame), i + 1 < model->n_events ? STYLE_DIM : STYLE_PLAIN, "  %s", model->events[i]);
}

void watch_frame_fill(const struct term *term, const struct watch_model *model, struct frame *ret)
{
    struct line *line;

    ret->n_lines = 0;
    if (model->status) {
        add_status(term, model, ret);
    } else {
        line = frame_line(ret);
        line_add(line, STYLE_BAD, "%s ", term->utf8 ? "\u25cb" : "o");
        line_add(line, STYLE_BOLD, "%s", model->absence ? model->absence : "Asking mvpnd ...");
    }
    add_events(model, ret);
    frame_line(ret);
    line_add(frame_line(ret), STYLE_DIM, "  q or Ctrl-C ends");
}
