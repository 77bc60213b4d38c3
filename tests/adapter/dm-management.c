/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * org.mvpn1.Management by a test: what mvpnctl asks is shown, what it is answered the test says. Commands on standard input, one a line, each
 * answered by "ok":
 *
 *   progress TEXT | return [TEXT] | error NAME TEXT        for the call under way
 *
 * On standard output besides: "ready"; "call MEMBER [WORD]..." for each call, with Enroll's options as KEY=VALUE in their order (a secret as it
 * was read from its pipe); "gone" when the caller has left the bus.
 */
#include "base/macro.h"

#include <errno.h>
#include <mvpn/dbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct service {
    sd_bus *bus;
    sd_event *loop;
    sd_bus_message *call; /* under way */
    char input[4096];
    size_t n_input;
};

static void say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
}

static int take(struct service *s, sd_bus_message *message)
{
    sd_bus_message_unref(s->call);
    s->call = sd_bus_message_ref(message);
    printf("\n");
    fflush(stdout);
    return 1;
}

static void show_secret(int fd)
{
    char text[256];
    ssize_t n = read(fd, text, sizeof(text) - 1);

    printf("%.*s", n > 0 ? (int)n : 0, text);
}

static int show_option(sd_bus_message *message)
{
    const char *key, *signature, *text;
    int number, r = sd_bus_message_read(message, "s", &key);
    char type;

    if (r >= 0)
        r = sd_bus_message_peek_type(message, &type, &signature);
    if (r < 0)
        return r;
    printf(" %s=", key);
    if (strcmp(signature, "s") == 0) {
        r = sd_bus_message_read(message, "v", "s", &text);
        printf("%.20s", r < 0 ? "?" : text);
    } else {
        r = sd_bus_message_read(message, "v", signature, &number);
        if (r >= 0 && *signature == 'h')
            show_secret(number);
        else
            printf("%d", number);
    }
    return r;
}

static int on_enroll(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    int r = sd_bus_message_enter_container(message, 'a', "{sv}");

    (void)error;
    printf("call Enroll");
    while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
        r = show_option(message);
        if (r >= 0)
            r = sd_bus_message_exit_container(message);
    }
    return r < 0 ? r : take(userdata, message);
}

static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    (void)error;
    printf("call %s", sd_bus_message_get_member(message));
    return take(userdata, message);
}

static int on_show(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    const char *uri;
    int r = sd_bus_message_read(message, "s", &uri);

    (void)error;
    printf("call Show %s", r < 0 ? "?" : uri);
    return r < 0 ? r : take(userdata, message);
}

static int on_owner(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    struct service *s = userdata;
    const char *name, *before, *after;

    (void)error;
    if (sd_bus_message_read(message, "sss", &name, &before, &after) >= 0 && !after[0] && s->call && strcmp(name, sd_bus_message_get_sender(s->call)) == 0)
        say("gone");
    return 0;
}

static int send_progress(struct service *s, const char *text)
{
    sd_bus_message *signal = NULL;
    int r = sd_bus_message_new_signal(s->bus, &signal, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, "Progress");

    if (r >= 0)
        r = sd_bus_message_set_destination(signal, sd_bus_message_get_sender(s->call));
    if (r >= 0)
        r = sd_bus_message_append(signal, "s", text);
    if (r >= 0)
        r = sd_bus_send(s->bus, signal, NULL);
    sd_bus_message_unref(signal);
    return r;
}

static int run_line(struct service *s, char *line)
{
    char *argument = strchr(line, ' '), *text;
    sd_bus_error problem = SD_BUS_ERROR_NULL;
    int r = -EINVAL;

    if (argument)
        *argument++ = '\0';
    if (!s->call)
        return -ENOENT;
    if (strcmp(line, "progress") == 0)
        return send_progress(s, argument ? argument : "");
    if (strcmp(line, "return") == 0)
        r = sd_bus_reply_method_return(s->call, argument ? "s" : "", argument);
    else if (strcmp(line, "error") == 0 && argument && (text = strchr(argument, ' '))) {
        *text++ = '\0';
        sd_bus_error_set(&problem, argument, text);
        r = sd_bus_reply_method_error(s->call, &problem);
        sd_bus_error_free(&problem);
    }
    s->call = sd_bus_message_unref(s->call);
    return r;
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct service *s = userdata;
    ssize_t n = read(fd, s->input + s->n_input, sizeof(s->input) - 1 - s->n_input);
    char *end;

    (void)source, (void)events;
    if (n <= 0)
        return sd_event_exit(s->loop, 0);
    s->n_input += (size_t)n;
    s->input[s->n_input] = '\0';
    while ((end = strchr(s->input, '\n'))) {
        *end = '\0';
        say(run_line(s, s->input) < 0 ? "not understood" : "ok");
        s->n_input -= (size_t)(end + 1 - s->input);
        memmove(s->input, end + 1, s->n_input + 1);
    }
    return 0;
}

static const sd_bus_vtable vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Enroll", "a{sv}", "", on_enroll, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Unenroll", "", "", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Sync", "", "", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Show", "s", "s", on_show, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL("Progress", "s", 0),
    SD_BUS_VTABLE_END,
};

int main(void)
{
    static struct service s;
    int r = sd_event_new(&s.loop);

    if (r >= 0)
        r = sd_bus_open_system(&s.bus);
    if (r >= 0)
        r = sd_bus_add_object_vtable(s.bus, NULL, MVPN_DM_BUS_PATH, MVPN_DM_BUS_INTERFACE, vtable, &s);
    if (r >= 0)
        r = sd_bus_match_signal(s.bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", on_owner, &s);
    if (r >= 0)
        r = sd_bus_request_name(s.bus, MVPN_DM_BUS_NAME, 0);
    if (r >= 0)
        r = sd_bus_attach_event(s.bus, s.loop, SD_EVENT_PRIORITY_NORMAL);
    if (r >= 0)
        r = sd_event_add_io(s.loop, NULL, STDIN_FILENO, 1 /* EPOLLIN */, on_input, &s);
    say(r < 0 ? strerror(-r) : "ready");
    if (r >= 0)
        r = sd_event_loop(s.loop);
    sd_bus_message_unref(s.call);
    sd_bus_flush_close_unref(s.bus);
    sd_event_unref(s.loop);
    return r < 0;
}
