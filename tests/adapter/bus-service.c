/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpnd's face on D-Bus without mvpnd: src/bus over a report that the test sets by lines on standard input, so that every state of the
 * service can be brought about and every signal counted. Answers each line with "ok" (or "call NAME" before, when a method came in).
 *   state WORD REASON | enabled B | blocked B | may-disable B | policy N | rx N | tx N | sent N | retry SECONDS|- |
 *   link NAME|- | gateway NAME|- |
 *   subject TEXT | tunnel ADDRESS|- | mtu N                     change the report
 *   publish | event NAME [KEY TEXT] | finish CALL [ERROR TEXT]  call the service
 *   answer ok|pending|within|ERROR TEXT                         what the next calls get (within: bus_finish() inside the call)
 */
#include "bus/bus.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include <unistd.h>

struct service {
    sd_event *loop;
    struct bus *bus;
    struct report report;
    struct link links[2];
    char gateway[64], subject[256], message[128];
    char answer_name[64], answer_text[256]; /* name "": success */
    bool answer_pending, answer_within;
    char input[1024];
    size_t n_input;
};

static const char *const call_names[] = { "enable", "disable", "connect", "disconnect", "reload" };

static void say(const char *what, const char *name)
{
    printf("%s%s%s\n", what, name ? " " : "", name ? name : "");
    fflush(stdout);
}

static int on_call(
    void *userdata, enum bus_call call, const char **ret_error_name, char *ret_error_text, size_t size)
{
    struct service *s = userdata;

    say("call", call_names[call]);
    if (s->answer_within)
        bus_finish(s->bus, call, NULL, NULL);
    if (s->answer_pending || s->answer_within)
        return BUS_CALL_PENDING;
    if (!s->answer_name[0])
        return 0;
    *ret_error_name = s->answer_name;
    snprintf(ret_error_text, size, "%s", s->answer_text);
    return -EIO;
}

static void on_report(void *userdata, struct report *ret)
{
    struct service *s = userdata;

    *ret = s->report;
}

static uint32_t on_n_links(void *userdata)
{
    (void)userdata;
    return 2;
}

static const struct link *on_link(void *userdata, uint32_t i, struct link_verdict *ret)
{
    struct service *s = userdata;

    *ret = i == 0 ? (struct link_verdict){ .fitness = LINK_FITNESS_USABLE,
        .score = 42,
        .chosen = true,
        .why = "carries the tunnel" }
                  : (struct link_verdict){ .fitness = LINK_FITNESS_NO_CARRIER, .why = "no carrier" };
    return &s->links[i];
}

static void on_connection(void *userdata, struct sd_bus *connection)
{
    (void)userdata;
    say("bus", connection ? "back" : "gone");
}

/* Shows the policy on one line. */
static int on_policy(
    void *userdata, enum bus_policy_call call, const struct bus_policy_arguments *arguments, struct bus_policy_answer *answer)
{
    static const char *const names[] = { "call check-policy", "call apply-policy", "call rollback-policy", "call get-policy",
        "call set-management-due" };
    struct service *s = userdata;
    char line[256];

    if (call == BUS_POLICY_SET_DUE)
        snprintf(line, sizeof(line), "%" PRIu64 " %s", arguments->home_in_usec / SEC(1),
            arguments->roaming_in_usec == USEC_INFINITY ? "never" : "some time");
    else
        snprintf(line, sizeof(line), "%s", arguments->text ? arguments->text : "-");
    for (char *at = line; *at; at++)
        *at = *at == '\n' ? '|' : *at;
    say(names[call], line);
    answer->generation = 7;
    answer->text = "[Tunnel]\nMTU=1400\n";
    answer->error_name = s->answer_name;
    snprintf(answer->error_text, sizeof(answer->error_text), "%s", s->answer_text);
    return s->answer_name[0] ? -EINVAL : 0;
}

static const struct bus_ops ops = { on_call, on_report, on_n_links, on_link, on_connection, on_policy };

static void set_link(struct service *s, const char *name)
{
    s->report.core.has_base_link = strcmp(name, "-") != 0;
    if (s->report.core.has_base_link)
        snprintf(s->report.core.base_link.name, IF_NAME_SIZE, "%s", name);
}

static void set_tunnel(struct service *s, const char *address)
{
    struct tunnel *tunnel = &s->report.core.tunnel;

    s->report.core.has_tunnel = ip_addr_parse(address, &tunnel->addrs[0]) == 0;
    tunnel->n_addrs = s->report.core.has_tunnel;
}

static void set_retry(struct service *s, const char *text)
{
    s->report.core.retry_at_usec =
        strcmp(text, "-") == 0 ? USEC_INFINITY : clock_boottime_usec() + SEC(strtoull(text, NULL, 10));
}

static bool set_report(struct service *s, const char *word, const char *a, const char *b)
{
    struct report *report = &s->report;

    if (strcmp(word, "state") == 0 && b) {
        report->core.since_at_usec = clock_boottime_usec();
        return state_from_name(a, &report->core.state) && reason_from_name(b, &report->core.reason);
    }
    if (strcmp(word, "enabled") == 0)
        report->core.enabled = atoi(a);
    else if (strcmp(word, "blocked") == 0)
        report->core.internet_blocked = atoi(a);
    else if (strcmp(word, "may-disable") == 0)
        report->user_may_disable = atoi(a);
    else if (strcmp(word, "policy") == 0) {
        report->policy_generation = (uint32_t)atoi(a);
        report->managed = report->policy_on_trial = report->policy_generation > 0;
    } else if (strcmp(word, "rx") == 0)
        report->rx_bytes = strtoull(a, NULL, 10);
    else if (strcmp(word, "tx") == 0)
        report->tx_bytes = strtoull(a, NULL, 10);
    else if (strcmp(word, "sent") == 0)
        report->core.n_keepalives_sent = strtoull(a, NULL, 10);
    else if (strcmp(word, "mtu") == 0)
        report->core.tunnel_mtu = (uint32_t)atoi(a);
    else if (strcmp(word, "retry") == 0)
        set_retry(s, a);
    else if (strcmp(word, "link") == 0)
        set_link(s, a);
    else if (strcmp(word, "tunnel") == 0)
        set_tunnel(s, a);
    else
        return false;
    return true;
}

static bool find_call(const char *name, enum bus_call *ret)
{
    for (unsigned i = 0; i <= BUS_CALL_RELOAD; i++) {
        if (strcmp(call_names[i], name) == 0) {
            *ret = (enum bus_call)i;
            return true;
        }
    }
    return false;
}

static void set_answer(struct service *s, const char *a, const char *b)
{
    bool good = strcmp(a, "ok") == 0;

    s->answer_pending = strcmp(a, "pending") == 0;
    s->answer_within = strcmp(a, "within") == 0;
    good = good || s->answer_pending || s->answer_within;
    snprintf(s->answer_name, sizeof(s->answer_name), "%s", good ? "" : a);
    snprintf(s->answer_text, sizeof(s->answer_text), "%s", b ? b : "");
}

/* error: "NAME TEXT" or NULL */
static void finish(struct service *s, enum bus_call call, char *error)
{
    const char *name = error ? strsep(&error, " ") : NULL;

    bus_finish(s->bus, call, name, error);
}

static bool run_line(struct service *s, char *line)
{
    char *word = strsep(&line, " "), *a = strsep(&line, " "),
         *b = a && strcmp(word, "event") == 0 ? strsep(&line, " ") : line;
    enum bus_call call;

    if (strcmp(word, "publish") == 0)
        bus_publish(s->bus);
    else if (!a)
        return false;
    else if (strcmp(word, "event") == 0)
        bus_event(s->bus, a, (const char *const[]){ b, line, NULL });
    else if (strcmp(word, "finish") == 0 && find_call(a, &call))
        finish(s, call, b);
    else if (strcmp(word, "answer") == 0)
        set_answer(s, a, b);
    else if (strcmp(word, "gateway") == 0)
        s->report.gateway_name =
            strcmp(a, "-") == 0 ? NULL : (snprintf(s->gateway, sizeof(s->gateway), "%s", a), s->gateway);
    else if (strcmp(word, "subject") == 0)
        snprintf(s->subject, sizeof(s->subject), "%s%s%s", a, b ? " " : "", b ? b : "");
    else
        return set_report(s, word, a, b);
    return true;
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct service *s = userdata;
    ssize_t n = read(fd, s->input + s->n_input, sizeof(s->input) - 1 - s->n_input);
    char *end;

    (void)source, (void)revents;
    if (n <= 0)
        return sd_event_exit(s->loop, 0);
    s->n_input += (size_t)n;
    s->input[s->n_input] = '\0';
    while ((end = strchr(s->input, '\n'))) {
        *end = '\0';
        say(run_line(s, s->input) ? "ok" : "not understood", NULL);
        s->n_input -= (size_t)(end + 1 - s->input);
        memmove(s->input, end + 1, s->n_input + 1);
    }
    return 0;
}

static void fill_report(struct service *s)
{
    struct core_status *core = &s->report.core;

    core->state = STATE_DISABLED;
    core->reason = REASON_DISABLED;
    core->since_at_usec = clock_boottime_usec();
    core->retry_at_usec = USEC_INFINITY;
    s->links[0] = (struct link){ .ifindex = 2,
        .name = "wlan0",
        .type = LINK_TYPE_WIFI,
        .up = true,
        .carrier = true,
        .mtu = 1500,
        .n_addrs = 1 };
    (void)ip_addr_parse("192.0.2.7", &s->links[0].addrs[0].addr);
    s->links[1] = (struct link){ .ifindex = 3, .name = "wwan0", .type = LINK_TYPE_CELLULAR, .metered = true };
    core->base_link = s->links[0];
    s->report.message = s->message;
    snprintf(s->message, sizeof(s->message), "A sentence.");
    s->report.interface = "mvpn0";
    s->report.data_path = "user";
    s->report.keepalive_mode = "fixed";
    s->report.has_certificate = true;
    s->report.certificate_subject = s->subject;
    snprintf(s->subject, sizeof(s->subject), "CN=handset");
    s->report.certificate_not_after_sec = clock_realtime_sec() + 86400;
    s->report.user_may_disable = true;
}

int main(void)
{
    static struct service s;
    int r;

    fill_report(&s);
    r = sd_event_new(&s.loop);
    if (r >= 0)
        r = bus_new(s.loop, &ops, &s, &s.bus);
    if (r >= 0)
        r = sd_event_add_io(s.loop, NULL, STDIN_FILENO, EPOLLIN, on_input, &s);
    if (r < 0) {
        say("failed", strerror(-r));
        return 1;
    }
    bus_publish(s.bus);
    say("ready", NULL);
    r = sd_event_loop(s.loop);
    bus_free(s.bus);
    sd_event_unref(s.loop);
    return r < 0;
}
