/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes to events for fuzzing. Small numbers and few addresses are likely, so that ids, attempts and gateways meet by chance.
 */
#include "support/any-event.h"

#include "base/macro.h"

#include <string.h>

uint64_t byte_stream_number(struct byte_stream *stream, unsigned n_bytes)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < n_bytes && stream->n_bytes; i++, stream->bytes++, stream->n_bytes--)
        n = n << 8 | *stream->bytes;
    return n;
}

static uint64_t below(struct byte_stream *s, uint64_t bound)
{
    return byte_stream_number(s, bound > 256 ? 8 : 1) % bound;
}

static bool flag(struct byte_stream *s)
{
    return byte_stream_number(s, 1) & 1;
}

/* Text of bytes other than NUL, up to size - 1. */
static void text(struct byte_stream *s, char *ret, size_t size)
{
    static const char *const likely[] = { "", "wifi", "wlan0", "eth*", "vpn.example.com", "usb0" };
    unsigned choice = (unsigned)below(s, ELEMENTSOF(likely) + 2);
    size_t length;

    memset(ret, 0, size);
    if (choice < ELEMENTSOF(likely)) {
        strncpy(ret, likely[choice], size - 1);
        return;
    }
    length = below(s, size);
    for (size_t i = 0; i < length; i++) {
        ret[i] = (char)byte_stream_number(s, 1);
        if (!ret[i])
            return;
    }
}

static struct ip_addr address(struct byte_stream *s)
{
    static const char *const likely[] = { "192.0.2.1", "192.0.2.10", "198.51.100.1", "203.0.113.5",
        "10.0.0.1", "10.99.1.1", "2001:db8::1", "fd00::1", "fe80::1", "0.0.0.0", "127.0.0.1",
        "::", "255.255.255.255" };
    unsigned choice = (unsigned)below(s, ELEMENTSOF(likely) + 3);
    struct ip_addr addr = { 0 };
    uint8_t bytes[16];

    if (choice < ELEMENTSOF(likely)) {
        ip_addr_parse(likely[choice], &addr);
    } else if (choice > ELEMENTSOF(likely)) {
        uint8_t family = choice == ELEMENTSOF(likely) + 1 ? 4 : 6;
        for (size_t i = 0; i < ip_addr_size(family); i++)
            bytes[i] = (uint8_t)byte_stream_number(s, 1);
        addr = ip_addr_from_bytes(family, bytes);
    }
    return addr; /* or none */
}

static struct ip_prefix prefix(struct byte_stream *s)
{
    struct ip_addr addr = address(s);

    if (!addr.family)
        addr.family = 4; /* 0.0.0.0/n: a prefix always has a family */
    return ip_prefix_of(&addr, (uint8_t)below(s, ip_addr_size(addr.family) * 8 + 1));
}

/* 0, short, an hour, a day, never. */
static usec_t span(struct byte_stream *s)
{
    static const usec_t units[] = { 1, MSEC(1), SEC(1), MINUTES(1), HOURS(1) };
    unsigned choice = (unsigned)below(s, ELEMENTSOF(units) + 1);

    return choice == ELEMENTSOF(units) ? USEC_INFINITY : below(s, 25) * units[choice];
}

static usec_t moment(struct byte_stream *s, usec_t now_usec)
{
    usec_t before_usec = span(s);

    return before_usec == USEC_INFINITY ? 0 : usec_sub(now_usec, before_usec);
}

void any_policy(struct byte_stream *s, struct policy *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->complete = !flag(s);
    ret->n_gateways = (uint32_t)below(s, POLICY_GATEWAYS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_gateways; i++) {
        text(s, ret->gateways[i].name, GATEWAY_NAME_SIZE);
        ret->gateways[i].port = (uint16_t)byte_stream_number(s, 2);
        ret->gateways[i].literal = address(s);
    }
    text(s, ret->interface, IF_NAME_SIZE);
    ret->mark = (uint32_t)byte_stream_number(s, 4);
    ret->n_subnets = (uint32_t)below(s, POLICY_SUBNETS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_subnets; i++)
        ret->subnets[i] = prefix(s);
    ret->mtu = (uint32_t)byte_stream_number(s, 2);
    ret->n_dns = (uint32_t)below(s, POLICY_DNS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_dns; i++)
        ret->dns[i] = address(s);
    ret->n_domains = (uint32_t)below(s, POLICY_DOMAINS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_domains; i++)
        text(s, ret->domains[i], DNS_DOMAIN_SIZE);
    ret->initial_delay_usec = span(s);
    ret->max_delay_usec = span(s);
    ret->keepalive_mode = (enum keepalive_mode)below(s, KEEPALIVE_MODE_OFF + 1);
    ret->keepalive_usec = span(s);
    ret->keepalive_min_usec = span(s);
    ret->keepalive_max_usec = span(s);
    ret->roaming_detect = (enum roaming_detect)below(s, ROAMING_DETECT_NEVER + 1);
    ret->roaming_keepalive = flag(s);
    ret->idle_timeout_usec = span(s);
    ret->n_prefer = (uint32_t)below(s, POLICY_NAMES_MAX + 1);
    for (uint32_t i = 0; i < ret->n_prefer; i++)
        text(s, ret->prefer[i], PATTERN_SIZE);
    ret->n_ignore = (uint32_t)below(s, 4);
    for (uint32_t i = 0; i < ret->n_ignore; i++)
        text(s, ret->ignore[i], PATTERN_SIZE);
    ret->migrate = flag(s);
    ret->allow_lan = flag(s);
    ret->allow_usb = flag(s);
    ret->n_cellular_services = (uint32_t)below(s, POLICY_NAMES_MAX + 1);
    for (uint32_t i = 0; i < ret->n_cellular_services; i++)
        text(s, ret->cellular_services[i], IF_NAME_SIZE);
    ret->user_may_disable = flag(s);
}

static void any_link(struct byte_stream *s, struct link *ret)
{
    ret->ifindex += (int)below(s, 4);
    text(s, ret->name, sizeof(ret->name));
    ret->type = (enum link_type)below(s, N_LINK_TYPES);
    ret->up = !flag(s);
    ret->carrier = !flag(s);
    ret->metered = flag(s);
    ret->roaming = flag(s);
    ret->wakeup_enabled = flag(s);
    ret->wake_on_incoming = flag(s);
    ret->mtu = (uint32_t)byte_stream_number(s, 2);
    ret->signal_percent = (uint8_t)below(s, 256);
    text(s, ret->network, sizeof(ret->network));
    ret->n_addrs = (uint32_t)below(s, LINK_ADDRS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_addrs; i++) {
        struct ip_addr addr = address(s);
        if (!addr.family)
            addr.family = 6;
        ret->addrs[i].addr = addr;
        ret->addrs[i].prefix_length = (uint8_t)below(s, ip_addr_size(addr.family) * 8 + 1);
    }
    ret->n_routes = (uint32_t)below(s, LINK_ROUTES_MAX + 1);
    for (uint32_t i = 0; i < ret->n_routes; i++) {
        ret->routes[i].destination = prefix(s);
        ret->routes[i].via = address(s);
        ret->routes[i].metric = (uint32_t)byte_stream_number(s, 2);
    }
}

void any_links(struct byte_stream *s, struct link_set *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->n_links = (uint32_t)below(s, flag(s) ? LINK_SET_MAX + 1 : 4);
    for (uint32_t i = 0; i < ret->n_links; i++) {
        ret->links[i].ifindex = (int)i * 4 + 1; /* the kernel gives none twice */
        any_link(s, &ret->links[i]);
    }
}

static struct resolved any_resolved(struct byte_stream *s)
{
    struct resolved resolved = { .id = (uint32_t)below(s, 32),
        .n_addrs = (uint32_t)below(s, RESOLVED_ADDRS_MAX + 1) };

    for (uint32_t i = 0; i < resolved.n_addrs; i++)
        resolved.addrs[i] = address(s);
    return resolved;
}

static void any_tunnel(struct byte_stream *s, struct tunnel *ret)
{
    ret->attempt = (uint32_t)below(s, 32);
    ret->n_addrs = (uint32_t)below(s, TUNNEL_ADDRS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_addrs; i++)
        ret->addrs[i] = address(s);
    ret->n_dns = (uint32_t)below(s, TUNNEL_DNS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_dns; i++)
        ret->dns[i] = address(s);
    ret->n_domains = (uint32_t)below(s, TUNNEL_DOMAINS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_domains; i++)
        text(s, ret->domains[i], DNS_DOMAIN_SIZE);
    ret->n_subnets = (uint32_t)below(s, POLICY_SUBNETS_MAX + 1);
    for (uint32_t i = 0; i < ret->n_subnets; i++)
        ret->subnets[i] = prefix(s);
    ret->local = address(s);
    ret->remote = address(s);
    ret->remote_port = (uint16_t)byte_stream_number(s, 2);
    ret->nat = flag(s);
    ret->mobike = flag(s);
    ret->offload = flag(s);
    ret->sealing.iv_bytes = (uint8_t)below(s, 32);
    ret->sealing.icv_bytes = (uint8_t)below(s, 64);
    ret->sealing.align_bytes = (uint8_t)below(s, 256);
}

static void any_probe_event(struct byte_stream *s, struct event *ret)
{
    if (ret->type == EVENT_PROBE_ANSWER) {
        ret->probe_answer.slot = (uint32_t)below(s, PROBE_SLOTS_MAX + 1);
        ret->probe_answer.tag = (uint32_t)below(s, 64);
        ret->probe_answer.mapped = address(s);
        ret->probe_answer.mapped_port = (uint16_t)byte_stream_number(s, 2);
    } else if (ret->type == EVENT_PROBE_FAILED) {
        ret->probe_failed.slot = (uint32_t)below(s, PROBE_SLOTS_MAX + 1);
        ret->probe_failed.tag = (uint32_t)below(s, 64);
        ret->probe_failed.refused = below(s, 2);
    } else {
        text(s, ret->nat.network, sizeof(ret->nat.network));
        ret->nat.family = flag(s) ? 6 : 4;
        ret->nat.method = (enum nat_method)below(s, NAT_METHOD_ADMIN + 1);
        ret->nat.lifetime_usec = span(s);
        ret->nat.n_confirmations = (uint32_t)below(s, 8);
        ret->nat.lossy = flag(s);
        ret->nat.age_usec = span(s);
    }
}

void any_event(struct byte_stream *s, usec_t now_usec, struct any_event_storage *storage, struct event *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->type = (enum event_type)below(s, N_EVENTS);
    switch (ret->type) {
    case EVENT_START:
        ret->enabled = !flag(s);
        break;
    case EVENT_POLICY:
        any_policy(s, &storage->policy);
        ret->policy = &storage->policy;
        ret->ike_changed = flag(s);
        break;
    case EVENT_LINKS:
        any_links(s, &storage->links);
        ret->links = &storage->links;
        break;
    case EVENT_CLOCK:
        ret->clock.offset_usec = (int64_t)byte_stream_number(s, 8);
        ret->clock.floor_sec = (int64_t)byte_stream_number(s, 8);
        break;
    case EVENT_CREDENTIALS:
        ret->credentials.problem = (enum reason)below(s, N_REASONS);
        ret->credentials.not_before_sec = (int64_t)byte_stream_number(s, 8);
        ret->credentials.not_after_sec = (int64_t)byte_stream_number(s, 8);
        break;
    case EVENT_RESOLVERS:
        ret->resolvers = any_resolved(s);
        break;
    case EVENT_RESOLVED:
        ret->resolved = any_resolved(s);
        break;
    case EVENT_REMEMBERED:
    case EVENT_IKE_ESTABLISHED:
        any_tunnel(s, &ret->tunnel);
        break;
    case EVENT_IKE_ANSWERED:
        ret->answered.attempt = (uint32_t)below(s, 32);
        ret->answered.round_trip_usec = span(s);
        break;
    case EVENT_IKE_FAILED:
    case EVENT_IKE_CLOSED:
        ret->failure.attempt = (uint32_t)below(s, 32);
        ret->failure.reason = (enum reason)below(s, N_REASONS);
        break;
    case EVENT_IKE_MOVED:
        ret->path.local = address(s);
        ret->path.remote = address(s);
        ret->path.nat = flag(s);
        ret->path.moved = flag(s);
        ret->path.late = flag(s);
        ret->path.mapping_changed = flag(s);
        break;
    case EVENT_TRAFFIC:
    case EVENT_TIMER:
        ret->traffic.last_out_at_usec = moment(s, now_usec);
        ret->traffic.last_in_at_usec = moment(s, now_usec);
        ret->traffic.last_inner_at_usec = moment(s, now_usec);
        ret->traffic.unanswered_at_usec = moment(s, now_usec);
        break;
    case EVENT_OFFLOADED:
        ret->offloaded.interval_sec = (uint32_t)below(s, 200);
        ret->offloaded.done = flag(s);
        break;
    case EVENT_PATH_MTU:
        ret->path_mtu_bytes = (uint32_t)below(s, 70000);
        break;
    case EVENT_NEIGHBOUR_LOST:
        ret->neighbour.ifindex = (int)below(s, 8);
        ret->neighbour.addr = address(s);
        break;
    case EVENT_FETCH_WANTED:
    case EVENT_FETCH_DONE:
        ret->fetch.id = (uint32_t)below(s, 16);
        text(s, ret->fetch.host, sizeof(ret->fetch.host));
        ret->fetch.port = (uint16_t)byte_stream_number(s, 2);
        break;
    case EVENT_PROBE_ANSWER:
    case EVENT_PROBE_FAILED:
    case EVENT_NAT_RECALLED:
        any_probe_event(s, ret);
        break;
    case EVENT_DEMAND:
    case EVENT_ENABLE:
    case EVENT_DISABLE:
    case EVENT_CONNECT:
    case EVENT_DISCONNECT:
    case EVENT_TUNNEL_LOST:
    case EVENT_FIREWALL_FAILED:
    case EVENT_STORE_FAILED:
    case EVENT_SUSPEND:
    case EVENT_RESUME:
        break;
    }
}
