/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows, from the one everybody asks for (is the internet open?) to the ones for the curious.
 */
#include "ctl/view.h"

#include "ctl/json_path.h"

#include "base/macro.h"
#include "base/strbuf.h"
#include "base/usec.h"

#include <mvpn/names.h>

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CERTIFICATE_WARN_SEC (30.0 * 86400)

static const struct {
    const char *state;
    enum style style;
} styles[] = {
    { MVPN_STATE_DISABLED, STYLE_DIM },
    { MVPN_STATE_OFFLINE, STYLE_WARN },
    { MVPN_STATE_ARMED, STYLE_GOOD },
    { MVPN_STATE_CONNECTING, STYLE_BUSY },
    { MVPN_STATE_CONNECTED, STYLE_GOOD },
    { MVPN_STATE_BACKOFF, STYLE_WARN },
    { MVPN_STATE_FAILED, STYLE_BAD },
    { MVPN_STATE_DISCONNECTING, STYLE_BUSY },
};

enum style view_state_style(const char *state)
{
    for (size_t i = 0; i < ELEMENTSOF(styles); i++)
        if (strcmp(styles[i].state, state) == 0)
            return styles[i].style;
    return STYLE_PLAIN;
}

char *view_bytes(double bytes, char *buf, size_t size)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t unit = 0;

    while (bytes >= 999.5 && unit + 1 < ELEMENTSOF(units)) {
        bytes /= 1000;
        unit++;
    }
    snprintf(buf, size, unit > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return buf;
}

char *view_seconds(double seconds, char *buf, size_t size)
{
    return usec_format(seconds <= 0 ? 0 : (usec_t)(seconds * 1e6), buf, size);
}

static void add_row(struct view *view, const char *label, enum style style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add_row(struct view *view, const char *label, enum style style, const char *format, ...)
{
    struct view_row *row = &view->rows[view->n_rows];
    va_list ap;

    if (view->n_rows >= VIEW_ROWS_MAX)
        return;
    view->n_rows++;
    row->label = label;
    row->style = style;
    va_start(ap, format);
    vsnprintf(row->text, sizeof(row->text), format, ap);
    va_end(ap);
    text_make_printable(row->text);
}

static void add_internet(struct json_object *status, struct view *view)
{
    const char *state = json_text(status, "state");

    if (json_flag(status, "internet_blocked"))
        add_row(view, "Internet", STYLE_WARN, "blocked until the tunnel is up");
    else if (json_flag(status, "enabled") && state && strcmp(state, MVPN_STATE_CONNECTED) == 0)
        add_row(view, "Internet", STYLE_GOOD, "through the tunnel only");
    else
        add_row(view, "Internet", STYLE_WARN, "open, not protected");
}

static void add_retry(struct json_object *status, struct view *view)
{
    double attempt, next_in;
    char text[32];

    if (!json_number(status, "retry.next_in", &next_in))
        return;
    view_seconds(next_in, text, sizeof(text));
    if (json_number(status, "retry.attempt", &attempt) && attempt > 0)
        add_row(view, "Next attempt", STYLE_PLAIN, "in %s (%.0f failed)", text, attempt);
    else
        add_row(view, "Next attempt", STYLE_PLAIN, "in %s", text);
}

static void add_gateway(struct json_object *status, struct view *view)
{
    const char *name = json_text(status, "gateway.name"), *address = json_text(status, "gateway.address");
    const char *identity = json_text(status, "gateway.identity");
    char text[VIEW_TEXT_SIZE];
    struct strbuf s;

    if (!name)
        return;
    strbuf_init(&s, text, sizeof(text));
    strbuf_add(&s, "%s", name);
    if (address && strcmp(address, name) != 0)
        strbuf_add(&s, " (%s)", address);
    if (identity && strcmp(identity, name) != 0)
        strbuf_add(&s, ", proved to be %s", identity);
    add_row(view, "Gateway", STYLE_PLAIN, "%s", text);
}

static void add_base_link(struct json_object *status, struct view *view)
{
    const char *interface = json_text(status, "base_link.interface"),
               *type = json_text(status, "base_link.type");
    char text[VIEW_TEXT_SIZE];
    struct strbuf s;
    double mtu;

    if (!interface)
        return;
    strbuf_init(&s, text, sizeof(text));
    strbuf_add(&s, "%s, %s", interface, type ? type : "unknown");
    if (json_flag(status, "base_link.metered"))
        strbuf_add(&s, ", metered");
    if (json_flag(status, "base_link.roaming"))
        strbuf_add(&s, ", roaming");
    if (json_number(status, "base_link.mtu", &mtu))
        strbuf_add(&s, ", MTU %.0f", mtu);
    add_row(view, "Over", STYLE_PLAIN, "%s", text);
}

static void add_tunnel(struct json_object *status, struct view *view)
{
    const char *interface = json_text(status, "tunnel.interface"),
               *path = json_text(status, "tunnel.data_path");
    char addresses[VIEW_TEXT_SIZE / 2], dns[VIEW_TEXT_SIZE / 4], text[VIEW_TEXT_SIZE];
    struct strbuf s;
    double mtu;

    json_join(status, "tunnel.addresses", " ", addresses, sizeof(addresses));
    if (!addresses[0])
        return;
    strbuf_init(&s, text, sizeof(text));
    strbuf_add(&s, "%s", addresses);
    if (interface)
        strbuf_add(&s, " on %s", interface);
    if (json_number(status, "tunnel.mtu", &mtu))
        strbuf_add(&s, ", MTU %.0f", mtu);
    if (path)
        strbuf_add(&s, ", %s", strcmp(path, "kernel") == 0 ? "ESP in the kernel" : "ESP in user space");
    add_row(view, "Tunnel", STYLE_PLAIN, "%s", text);
    if (json_join(status, "tunnel.dns", " ", dns, sizeof(dns))[0])
        add_row(view, "DNS", STYLE_PLAIN, "%s", dns);
}

static void add_traffic(struct json_object *status, struct view *view)
{
    char received[24], sent[24];
    double rx, tx;

    if (!json_number(status, "tunnel.rx_bytes", &rx) || !json_number(status, "tunnel.tx_bytes", &tx))
        return;
    add_row(view, "Traffic", STYLE_PLAIN, "%s received, %s sent", view_bytes(rx, received, sizeof(received)),
        view_bytes(tx, sent, sizeof(sent)));
}

static void add_nat(struct json_object *status, struct view *view)
{
    const char *method = json_text(status, "nat.method");
    char text[32];
    const char *what = json_flag(status, "nat.detected") ? "on the way" : "none, but a firewall on the way";
    double lifetime;

    if (!json_at(status, "nat.detected"))
        return;
    if (json_number(status, "nat.lifetime", &lifetime))
        add_row(view, "NAT", STYLE_PLAIN, "%s, forgets after %s (%s)", what, view_seconds(lifetime, text, sizeof(text)),
            method ? method : "unknown");
    else if (json_flag(status, "nat.detecting"))
        add_row(view, "NAT", STYLE_PLAIN, "%s, lifetime being measured", json_flag(status, "nat.detected") ? what : "none on the way");
    else if (!json_flag(status, "nat.detected"))
        add_row(view, "NAT", STYLE_PLAIN, "none on the way");
    else
        add_row(view, "NAT", STYLE_PLAIN, "on the way, lifetime not known");
}

static void add_keepalive(struct json_object *status, struct view *view)
{
    double interval, sent = 0, suppressed = 0;
    char text[32];

    if (!json_at(status, "nat.detected"))
        return;
    if (!json_number(status, "keepalive.interval", &interval)) {
        add_row(view, "Keepalive", STYLE_PLAIN, "none are sent");
        return;
    }
    (void)json_number(status, "keepalive.sent", &sent);
    (void)json_number(status, "keepalive.suppressed", &suppressed);
    add_row(view, "Keepalive", STYLE_PLAIN, "every %s while idle; %.0f sent, %.0f saved by traffic",
        view_seconds(interval, text, sizeof(text)), sent, suppressed);
}

static void add_push(struct json_object *status, struct view *view)
{
    if (json_flag(status, "push_supported"))
        add_row(view, "Push", STYLE_PLAIN, "works: incoming packets reach this device");
    else if (json_flag(status, "on_demand"))
        add_row(view, "Push", STYLE_PLAIN, "not while roaming: the tunnel comes up when it is used");
    else if (json_at(status, "nat.detected"))
        add_row(view, "Push", STYLE_PLAIN, "not supported on this network");
}

static void add_certificate(struct json_object *status, struct view *view)
{
    const char *subject = json_text(status, "certificate.subject");
    char text[32];
    double left;

    if (!json_number(status, "certificate.expires_in", &left))
        return;
    view_seconds(left < 0 ? -left : left, text, sizeof(text));
    if (left <= 0)
        add_row(view, "Certificate", STYLE_BAD, "%s, expired %s ago", subject ? subject : "", text);
    else
        add_row(view, "Certificate", left < CERTIFICATE_WARN_SEC ? STYLE_WARN : STYLE_PLAIN,
            "%s, expires in %s", subject ? subject : "", text);
}

/* Of what mvpnd knows; mvpn-dm tells the rest. */
static void add_management(struct json_object *status, struct view *view)
{
    const char *why = json_text(status, "management.rolled_back_because");
    double generation, gone, next;
    char text[32];

    if (json_flag(status, "management.managed") && json_number(status, "management.policy_generation", &generation))
        add_row(view, "Managed", STYLE_PLAIN, "policy %.0f%s%s", generation, json_flag(status, "management.policy_on_trial") ? ", on trial" : "",
            json_flag(status, "management.user_may_disable") ? "" : "; only root may switch the VPN off");
    if (json_flag(status, "management.managed") && json_number(status, "management.next_in", &next))
        add_row(view, "Next session", STYLE_PLAIN, next > 0 ? "in %s" : "now", view_seconds(next, text, sizeof(text)));
    else if (json_flag(status, "management.managed"))
        add_row(view, "Next session", STYLE_PLAIN, "when the VPN is connected%s", json_flag(status, "base_link.roaming") ? " at home" : "");
    if (why && json_number(status, "management.rolled_back_generation", &gone))
        add_row(view, "Policy", STYLE_WARN, "%.0f was taken back: %s", gone, why);
    else if (why)
        add_row(view, "Policy", STYLE_WARN, "taken back: %s", why);
}

void view_fill(struct json_object *status, struct view *ret)
{
    const char *state = json_text(status, "state"), *message = json_text(status, "message");
    double since;

    memset(ret, 0, sizeof(*ret));
    snprintf(ret->state, sizeof(ret->state), "%s", state ? state : "unknown");
    snprintf(ret->message, sizeof(ret->message), "%s", message ? message : "");
    text_make_printable(ret->state);
    text_make_printable(ret->message);
    ret->style = view_state_style(ret->state);
    if (json_number(status, "since", &since))
        view_seconds(since, ret->since, sizeof(ret->since));

    add_internet(status, ret);
    add_retry(status, ret);
    if (json_flag(status, "enabled")) {
        add_gateway(status, ret);
        add_base_link(status, ret);
        add_tunnel(status, ret);
        add_traffic(status, ret);
        add_nat(status, ret);
        add_keepalive(status, ret);
        add_push(status, ret);
    }
    add_certificate(status, ret);
    add_management(status, ret);
}
