/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnctl watch: the live view. Changes come as signals; once a second, and only on a terminal, status is read again for rates and
 * countdowns. A daemon or a bus that goes away is shown and waited for. On anything but a terminal: one line per change.
 */
#include "ctl/client.h"
#include "ctl/json_path.h"
#include "ctl/signals.h"
#include "ctl/watch_frame.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <mvpn/dbus.h>

#include <json-c/json.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <time.h>

#define TICK_USEC      SEC(1)
#define VIEW_LINE_SIZE 512

struct watch {
    sd_event *loop;
    sd_bus *bus;           /* NULL: waiting for it */
    sd_bus_slot *question; /* GetStatus under way */
    bool ask_again;
    sd_event_source *tick, *reconnect;
    bool live; /* a terminal that can be redrawn */
    struct term term;
    struct screen screen;
    struct frame frame;
    struct watch_model model;
    char last[VIEW_LINE_SIZE]; /* last line printed when not live */
};

static void draw(struct watch *w)
{
    if (!w->live)
        return;
    watch_frame_fill(&w->term, &w->model, &w->frame);
    screen_draw(&w->screen, &w->frame);
}

/* Not live: a line for each new state, reason or absence. */
static void print_change(struct watch *w, const char *text)
{
    time_t now = time(NULL);
    char line[VIEW_LINE_SIZE];
    struct tm tm;

    if (w->live || strcmp(w->last, text) == 0)
        return;
    snprintf(w->last, sizeof(w->last), "%s", text);
    snprintf(line, sizeof(line), "%s", text);
    text_make_printable(line);
    localtime_r(&now, &tm);
    printf("%02d:%02d:%02d  %s\n", tm.tm_hour, tm.tm_min, tm.tm_sec, line);
    if (fflush(stdout) != 0)
        sd_event_exit(w->loop, CTL_FAILED);
}

static void show_absence(struct watch *w, const char *absence)
{
    json_object_put(w->model.status);
    w->model.status = NULL;
    w->model.absence = absence;
    w->model.rates = (struct rates){ 0 };
    print_change(w, absence);
    draw(w);
}

static void show_status(struct watch *w, struct json_object *status)
{
    const char *state = json_text(status, "state"), *reason = json_text(status, "reason");
    const char *message = json_text(status, "message");
    char line[VIEW_LINE_SIZE];

    json_object_put(w->model.status);
    w->model.status = status;
    rates_sample(&w->model.rates, status, clock_boottime_usec());
    snprintf(line, sizeof(line), "%s (%s): %s", state ? state : "?", reason ? reason : "?",
        message ? message : "");
    print_change(w, line);
    draw(w);
}

static void ask(struct watch *w);

static int on_status(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
    struct watch *w = userdata;
    struct json_object *status = NULL;
    const char *text;

    (void)error;
    w->question = sd_bus_slot_unref(w->question);
    if (!sd_bus_message_is_method_error(reply, NULL) && sd_bus_message_read(reply, "s", &text) > 0)
        status = client_parse(text);
    if (status)
        show_status(w, status);
    else if (client_is_absence(0, sd_bus_message_get_error(reply)))
        show_absence(w, "mvpnd is not running; waiting for it");
    else
        show_absence(w, "mvpnd does not answer");
    if (w->ask_again)
        ask(w);
    return 0;
}

/* One question at a time: a slow daemon is not asked faster than it answers. */
static void ask(struct watch *w)
{
    _cleanup_message_ sd_bus_message *call = NULL;

    w->ask_again = w->question != NULL;
    if (w->question || !w->bus)
        return;
    if (sd_bus_message_new_method_call(
            w->bus, &call, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, "GetStatus") < 0)
        return;
    (void)sd_bus_message_set_auto_start(call, false);
    (void)sd_bus_call_async(w->bus, &w->question, call, on_status, w, 0);
}

static int on_change(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    (void)message, (void)error;
    ask(userdata);
    return 0;
}

static int on_event(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct watch *w = userdata;
    struct json_object *event = signal_to_json(message);
    char *text = event ? signal_to_text(event) : NULL;

    (void)error;
    json_object_put(event);
    if (!text)
        return 0;
    if (w->model.n_events == EVENTS_MAX) {
        free(w->model.events[0]);
        memmove(w->model.events, w->model.events + 1, sizeof(w->model.events[0]) * --w->model.n_events);
    }
    w->model.events[w->model.n_events++] = text;
    draw(w);
    return 0;
}

static int on_bus_lost(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct watch *w = userdata;

    (void)message, (void)error;
    show_absence(w, "The system bus is gone; waiting for it");
    (void)sd_event_source_set_time_relative(w->reconnect, TICK_USEC);
    (void)sd_event_source_set_enabled(w->reconnect, SD_EVENT_ONESHOT);
    return 0;
}

static int subscribe(struct watch *w)
{
    int r;

    r = sd_bus_match_signal(w->bus, NULL, "org.freedesktop.DBus.Local", NULL, "org.freedesktop.DBus.Local",
        "Disconnected", on_bus_lost, w);
    if (r >= 0)
        r = sd_bus_match_signal_async(w->bus, NULL, MVPN_BUS_NAME, MVPN_BUS_PATH,
            "org.freedesktop.DBus.Properties", "PropertiesChanged", on_change, NULL, w);
    if (r >= 0)
        r = sd_bus_match_signal_async(
            w->bus, NULL, MVPN_BUS_NAME, MVPN_BUS_PATH, MVPN_BUS_INTERFACE, "Event", on_event, NULL, w);
    if (r >= 0)
        r = sd_bus_add_match_async(w->bus, NULL,
            "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
            "member='NameOwnerChanged',arg0='" MVPN_BUS_NAME "'",
            on_change, NULL, w);
    return r;
}

static int on_reconnect(sd_event_source *source, uint64_t at_usec, void *userdata)
{
    struct watch *w = userdata;
    int r;

    (void)at_usec;
    w->question = sd_bus_slot_unref(w->question);
    if (w->bus) {
        sd_bus_detach_event(w->bus);
        w->bus = sd_bus_close_unref(w->bus);
    }
    r = client_connect(&w->bus);
    if (r >= 0)
        r = sd_bus_attach_event(w->bus, w->loop, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = subscribe(w);
    if (r >= 0) {
        ask(w);
        return 0;
    }
    show_absence(w, "The system bus is not there; waiting for it");
    (void)sd_event_source_set_time_relative(source, TICK_USEC);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_tick(sd_event_source *source, uint64_t at_usec, void *userdata)
{
    (void)at_usec;
    ask(userdata);
    (void)sd_event_source_set_time_relative(source, TICK_USEC);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_key(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct watch *w = userdata;
    char key = '\0';
    ssize_t n = read(fd, &key, 1);

    (void)revents;
    if (n > 0 && (key == 'q' || key == 'Q'))
        return sd_event_exit(w->loop, CTL_DONE);
    if (n <= 0)
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF); /* the terminal is gone */
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct watch *w = userdata;

    (void)source;
    switch (info->ssi_signo) {
    case SIGTSTP:
        screen_leave(&w->screen);
        kill(getpid(), SIGSTOP);
        return 0;
    case SIGCONT:
        if (w->live && !w->screen.entered)
            screen_enter(&w->screen);
        /* fallthrough */
    case SIGWINCH:
        term_measure(&w->term);
        draw(w);
        return 0;
    default:
        return sd_event_exit(w->loop, CTL_DONE);
    }
}

static int add_signals(struct watch *w)
{
    static const int ending[] = { SIGINT, SIGTERM, SIGHUP }, drawing[] = { SIGTSTP, SIGCONT, SIGWINCH };
    sigset_t set;
    int r = 0;

    sigemptyset(&set);
    for (size_t i = 0; i < 3; i++) {
        sigaddset(&set, ending[i]);
        if (w->live)
            sigaddset(&set, drawing[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (size_t i = 0; i < 3 && r >= 0; i++)
        r = sd_event_add_signal(w->loop, NULL, ending[i], on_signal, w);
    for (size_t i = 0; i < 3 && r >= 0 && w->live; i++)
        r = sd_event_add_signal(w->loop, NULL, drawing[i], on_signal, w);
    return r;
}

static int start(struct watch *w)
{
    int r;

    r = sd_event_new(&w->loop);
    if (r >= 0)
        r = add_signals(w);
    if (r >= 0)
        r = sd_event_add_time_relative(w->loop, &w->reconnect, CLOCK_MONOTONIC, 0, 0, on_reconnect, w);
    if (r >= 0 && w->live)
        r = sd_event_add_time_relative(w->loop, &w->tick, CLOCK_MONOTONIC, TICK_USEC, MSEC(50), on_tick, w);
    if (r >= 0 && w->live && isatty(STDIN_FILENO))
        r = sd_event_add_io(w->loop, NULL, STDIN_FILENO, EPOLLIN, on_key, w);
    return r;
}

static void stop(struct watch *w)
{
    screen_leave(&w->screen);
    for (unsigned i = 0; i < w->model.n_events; i++)
        free(w->model.events[i]);
    json_object_put(w->model.status);
    sd_bus_slot_unref(w->question);
    sd_event_source_unref(w->tick);
    sd_event_source_unref(w->reconnect);
    if (w->bus)
        sd_bus_detach_event(w->bus);
    sd_bus_close_unref(w->bus);
    sd_event_unref(w->loop);
}

enum ctl_exit ctl_watch(const struct ctl_options *options)
{
    const char *name = getenv("TERM");
    _cleanup_free_ struct watch *w = calloc(1, sizeof(*w));
    int r;

    (void)options;
    if (!w) {
        complain("out of memory");
        return CTL_FAILED;
    }
    term_init(&w->term);
    w->screen.term = &w->term;
    w->live = w->term.is_tty && name && strcmp(name, "dumb") != 0;
    r = start(w);
    if (r >= 0 && w->live)
        screen_enter(&w->screen);
    if (r >= 0) {
        draw(w);
        r = sd_event_loop(w->loop);
    }
    stop(w);
    if (r < 0)
        return client_explain(r, NULL);
    return (enum ctl_exit)r;
}
