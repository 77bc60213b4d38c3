/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A handset on Wi-Fi behind a NAT, in every state it can be in.
 */
#include "unit/bus-reports.h"

#include <assert.h>
#include <string.h>

static struct ip_addr address(const char *text)
{
    struct ip_addr addr = { 0 };
    int r = ip_addr_parse(text, &addr);

    assert(r == 0);
    (void)r;
    return addr;
}

static void on_wifi(struct report *report)
{
    struct link *link = &report->core.base_link;

    report->core.has_base_link = true;
    *link = (struct link){ .ifindex = 3,
        .name = "wlan0",
        .type = LINK_TYPE_WIFI,
        .up = true,
        .carrier = true,
        .wake_on_incoming = true,
        .mtu = 1500 };
}

static void to_gateway(struct report *report)
{
    report->core.has_gateway = true;
    report->core.gateway_addr = address("203.0.113.5");
}

static void with_tunnel(struct report *report)
{
    struct core_status *core = &report->core;

    core->has_tunnel = true;
    core->tunnel.n_addrs = 2;
    core->tunnel.addrs[0] = address("10.99.1.1");
    core->tunnel.addrs[1] = address("fd99::1");
    core->tunnel.nat = true;
    core->tunnel_mtu = 1400;
    core->keepalive_interval_usec = SEC(114);
    core->n_keepalives_sent = 3;
    core->n_keepalives_suppressed = 17;
    core->push_supported = true;
    report->gateway_identity = "vpn.example.com";
    report->n_dns = 1;
    report->dns[0] = address("10.99.0.53");
    report->rx_bytes = UINT64_C(5000000000);
    report->tx_bytes = 123456;
    core->nat_method = NAT_METHOD_STUN;
    core->nat_lifetime_usec = SEC(120);
}

static void with_policy(struct report *report)
{
    report->managed = true;
    report->management_due_at_usec = REPORT_NOW_USEC + HOURS(3);
    report->management_server = "https://mdm.example.com/dm";
    report->policy_generation = 7;
}

static void set_reason(struct report *report, enum reason reason, usec_t since_usec)
{
    report->core.reason = reason;
    report->core.since_at_usec = REPORT_NOW_USEC - since_usec;
    report->message = reason_sentence(reason);
}

static void base(enum state state, struct report *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->core.state = state;
    ret->core.enabled = state != STATE_DISABLED;
    ret->core.internet_blocked = ret->core.enabled && state != STATE_CONNECTED;
    ret->core.retry_at_usec = USEC_INFINITY;
    ret->gateway_name = "vpn.example.com";
    ret->interface = "mvpn0";
    ret->data_path = "user";
    ret->keepalive_mode = "detect";
    ret->has_certificate = true;
    ret->certificate_subject = "C=CH, O=Example, CN=handset";
    ret->certificate_not_after_sec = REPORT_WALL_SEC + 31536000;
}

void report_for_state(enum state state, struct report *ret)
{
    base(state, ret);
    switch (state) {
    case STATE_DISABLED:
        set_reason(ret, REASON_DISABLED, SEC(3600));
        ret->interface = NULL;
        ret->data_path = NULL;
        ret->gateway_name = NULL;
        ret->has_certificate = false;
        return;
    case STATE_OFFLINE:
        return set_reason(ret, REASON_NO_LINK, MSEC(70500));
    case STATE_ARMED:
        set_reason(ret, REASON_NONE, SEC(20));
        on_wifi(ret);
        ret->core.base_link.roaming = true;
        ret->core.base_link.metered = true;
        ret->core.base_link.type = LINK_TYPE_CELLULAR;
        ret->core.on_demand = true;
        return;
    case STATE_CONNECTING:
        set_reason(ret, REASON_STARTING, MSEC(50));
        on_wifi(ret);
        return to_gateway(ret);
    case STATE_CONNECTED:
        set_reason(ret, REASON_ESTABLISHED, MSEC(12300));
        on_wifi(ret);
        to_gateway(ret);
        with_policy(ret);
        return with_tunnel(ret);
    case STATE_BACKOFF:
        set_reason(ret, REASON_GATEWAY_SILENT, USEC(1234567));
        on_wifi(ret);
        ret->core.retry_attempt = 4;
        ret->core.retry_at_usec = REPORT_NOW_USEC + MSEC(14250);
        return;
    case STATE_FAILED:
        set_reason(ret, REASON_CERTIFICATE_EXPIRED, SEC(9));
        on_wifi(ret);
        ret->certificate_not_after_sec = REPORT_WALL_SEC - 60;
        ret->core.retry_attempt = 1;
        ret->core.retry_at_usec = REPORT_NOW_USEC + SEC(300);
        return;
    case STATE_DISCONNECTING:
        set_reason(ret, REASON_USER_DISCONNECTED, 0);
        on_wifi(ret);
        return to_gateway(ret);
    }
}
