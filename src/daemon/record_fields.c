/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of keys. Adding a field to an event without a row here loses it in records; the round-trip test finds that.
 */
#include "daemon/record_fields.h"

#include "base/macro.h"

#define SCALAR(type, key, kind, member)                                                                      \
    {                                                                                                        \
        key, kind, offsetof(type, member), sizeof(((type *)0)->member), 0, 0                                 \
    }
#define LIST(type, key, kind, member)                                                                        \
    {                                                                                                        \
        key, kind, offsetof(type, member), sizeof(((type *)0)->member[0]), offsetof(type, n_##member),       \
            ELEMENTSOF(((type *)0)->member)                                                                  \
    }

static const struct field policy_fields[] = {
    SCALAR(struct policy, "complete", FIELD_BOOL, complete),
    LIST(struct policy, "gateway", FIELD_GATEWAY, gateways),
    SCALAR(struct policy, "interface", FIELD_TEXT, interface),
    SCALAR(struct policy, "mark", FIELD_U32, mark),
    LIST(struct policy, "subnet", FIELD_PREFIX, subnets),
    SCALAR(struct policy, "mtu", FIELD_U32, mtu),
    LIST(struct policy, "dns", FIELD_ADDR, dns),
    LIST(struct policy, "domain", FIELD_TEXT, domains),
    SCALAR(struct policy, "initial-delay", FIELD_SPAN, initial_delay_usec),
    SCALAR(struct policy, "max-delay", FIELD_SPAN, max_delay_usec),
    SCALAR(struct policy, "keepalive-mode", FIELD_KEEPALIVE_MODE, keepalive_mode),
    SCALAR(struct policy, "keepalive", FIELD_SPAN, keepalive_usec),
    SCALAR(struct policy, "keepalive-min", FIELD_SPAN, keepalive_min_usec),
    SCALAR(struct policy, "keepalive-max", FIELD_SPAN, keepalive_max_usec),
    SCALAR(struct policy, "probe-server", FIELD_GATEWAY, probe_server),
    SCALAR(struct policy, "roaming-detect", FIELD_ROAMING_DETECT, roaming_detect),
    SCALAR(struct policy, "roaming-keepalive", FIELD_BOOL, roaming_keepalive),
    SCALAR(struct policy, "idle-timeout", FIELD_SPAN, idle_timeout_usec),
    LIST(struct policy, "prefer", FIELD_TEXT, prefer),
    LIST(struct policy, "ignore", FIELD_TEXT, ignore),
    SCALAR(struct policy, "migrate", FIELD_BOOL, migrate),
    SCALAR(struct policy, "allow-lan", FIELD_BOOL, allow_lan),
    SCALAR(struct policy, "allow-usb", FIELD_BOOL, allow_usb),
    LIST(struct policy, "cellular-service", FIELD_TEXT, cellular_services),
    SCALAR(struct policy, "user-may-disable", FIELD_BOOL, user_may_disable),
};

static const struct field link_fields[] = {
    SCALAR(struct link, "ifindex", FIELD_INT, ifindex),
    SCALAR(struct link, "type", FIELD_LINK_TYPE, type),
    SCALAR(struct link, "up", FIELD_BOOL, up),
    SCALAR(struct link, "carrier", FIELD_BOOL, carrier),
    SCALAR(struct link, "metered", FIELD_BOOL, metered),
    SCALAR(struct link, "roaming", FIELD_BOOL, roaming),
    SCALAR(struct link, "wakeup", FIELD_BOOL, wakeup_enabled),
    SCALAR(struct link, "wake", FIELD_BOOL, wake_on_incoming),
    SCALAR(struct link, "mtu", FIELD_U32, mtu),
    SCALAR(struct link, "signal", FIELD_U8, signal_percent),
    SCALAR(struct link, "network", FIELD_TEXT, network),
    LIST(struct link, "addr", FIELD_LINK_ADDR, addrs),
    LIST(struct link, "route", FIELD_ROUTE, routes),
};

static const struct field policy_event_fields[] = { SCALAR(
    struct event, "ike-changed", FIELD_BOOL, ike_changed) };

static const struct field start_fields[] = { SCALAR(struct event, "enabled", FIELD_BOOL, enabled) };

static const struct field clock_fields[] = {
    SCALAR(struct event, "offset-usec", FIELD_I64, clock.offset_usec),
    SCALAR(struct event, "floor", FIELD_I64, clock.floor_sec),
};

static const struct field credentials_fields[] = {
    SCALAR(struct event, "problem", FIELD_REASON, credentials.problem),
    SCALAR(struct event, "not-before", FIELD_I64, credentials.not_before_sec),
    SCALAR(struct event, "not-after", FIELD_I64, credentials.not_after_sec),
};

#define RESOLVED_FIELDS(member)                                                                              \
    {                                                                                                        \
        SCALAR(struct event, "id", FIELD_U32, member.id),                                                    \
            { "addr", FIELD_ADDR, offsetof(struct event, member.addrs), sizeof(struct ip_addr),              \
                offsetof(struct event, member.n_addrs), RESOLVED_ADDRS_MAX },                                \
    }
static const struct field resolvers_fields[] = RESOLVED_FIELDS(resolvers);
static const struct field resolved_fields[] = RESOLVED_FIELDS(resolved);

#define TUNNEL_LIST(key, kind, member, max)                                                                  \
    {                                                                                                        \
        key, kind, offsetof(struct event, tunnel.member), sizeof(((struct tunnel *)0)->member[0]),           \
            offsetof(struct event, tunnel.n_##member), max                                                   \
    }
static const struct field tunnel_fields[] = {
    SCALAR(struct event, "attempt", FIELD_U32, tunnel.attempt),
    TUNNEL_LIST("addr", FIELD_ADDR, addrs, TUNNEL_ADDRS_MAX),
    TUNNEL_LIST("dns", FIELD_ADDR, dns, TUNNEL_DNS_MAX),
    TUNNEL_LIST("domain", FIELD_TEXT, domains, TUNNEL_DOMAINS_MAX),
    TUNNEL_LIST("subnet", FIELD_PREFIX, subnets, POLICY_SUBNETS_MAX),
    SCALAR(struct event, "local", FIELD_ADDR, tunnel.local),
    SCALAR(struct event, "remote", FIELD_ADDR, tunnel.remote),
    SCALAR(struct event, "port", FIELD_U16, tunnel.remote_port),
    SCALAR(struct event, "nat", FIELD_BOOL, tunnel.nat),
    SCALAR(struct event, "mobike", FIELD_BOOL, tunnel.mobike),
    SCALAR(struct event, "offload", FIELD_BOOL, tunnel.offload),
    SCALAR(struct event, "iv", FIELD_U8, tunnel.sealing.iv_bytes),
    SCALAR(struct event, "icv", FIELD_U8, tunnel.sealing.icv_bytes),
    SCALAR(struct event, "align", FIELD_U8, tunnel.sealing.align_bytes),
};

static const struct field answered_fields[] = {
    SCALAR(struct event, "attempt", FIELD_U32, answered.attempt),
    SCALAR(struct event, "round-trip", FIELD_SPAN, answered.round_trip_usec),
};

static const struct field failure_fields[] = {
    SCALAR(struct event, "attempt", FIELD_U32, failure.attempt),
    SCALAR(struct event, "reason", FIELD_REASON, failure.reason),
};

static const struct field path_fields[] = {
    SCALAR(struct event, "local", FIELD_ADDR, path.local),
    SCALAR(struct event, "remote", FIELD_ADDR, path.remote),
    SCALAR(struct event, "nat", FIELD_BOOL, path.nat),
    SCALAR(struct event, "moved", FIELD_BOOL, path.moved),
    SCALAR(struct event, "late", FIELD_BOOL, path.late),
    SCALAR(struct event, "mapping-changed", FIELD_BOOL, path.mapping_changed),
};

static const struct field traffic_fields[] = {
    SCALAR(struct event, "out", FIELD_MOMENT, traffic.last_out_at_usec),
    SCALAR(struct event, "in", FIELD_MOMENT, traffic.last_in_at_usec),
    SCALAR(struct event, "inner", FIELD_MOMENT, traffic.last_inner_at_usec),
    SCALAR(struct event, "unanswered", FIELD_MOMENT, traffic.unanswered_at_usec),
};

static const struct field offloaded_fields[] = {
    SCALAR(struct event, "interval", FIELD_U32, offloaded.interval_sec),
    SCALAR(struct event, "done", FIELD_BOOL, offloaded.done),
};

static const struct field path_mtu_fields[] = {
    SCALAR(struct event, "bytes", FIELD_U32, path_mtu_bytes),
};

static const struct field neighbour_fields[] = {
    SCALAR(struct event, "ifindex", FIELD_INT, neighbour.ifindex),
    SCALAR(struct event, "addr", FIELD_ADDR, neighbour.addr),
};

static const struct field fetch_fields[] = {
    SCALAR(struct event, "id", FIELD_U32, fetch.id),
    SCALAR(struct event, "host", FIELD_TEXT, fetch.host),
    SCALAR(struct event, "port", FIELD_U16, fetch.port),
};

static const struct field probe_answer_fields[] = {
    SCALAR(struct event, "slot", FIELD_U32, probe_answer.slot),
    SCALAR(struct event, "tag", FIELD_U32, probe_answer.tag),
    SCALAR(struct event, "mapped", FIELD_ADDR, probe_answer.mapped),
    SCALAR(struct event, "port", FIELD_U16, probe_answer.mapped_port),
};

static const struct field probe_failed_fields[] = {
    SCALAR(struct event, "slot", FIELD_U32, probe_failed.slot),
    SCALAR(struct event, "tag", FIELD_U32, probe_failed.tag),
    SCALAR(struct event, "refused", FIELD_BOOL, probe_failed.refused),
};

static const struct field nat_fields[] = {
    SCALAR(struct event, "network", FIELD_TEXT, nat.network),
    SCALAR(struct event, "family", FIELD_U8, nat.family),
    SCALAR(struct event, "method", FIELD_NAT_METHOD, nat.method),
    SCALAR(struct event, "lifetime", FIELD_SPAN, nat.lifetime_usec),
    SCALAR(struct event, "confirmations", FIELD_U32, nat.n_confirmations),
    SCALAR(struct event, "lossy", FIELD_BOOL, nat.lossy),
    SCALAR(struct event, "age", FIELD_SPAN, nat.age_usec),
};

#define TABLE(array)                                                                                         \
    {                                                                                                        \
        ELEMENTSOF(array), array                                                                             \
    }

const struct field_table record_policy_table = TABLE(policy_fields);
const struct field_table record_policy_event_table = TABLE(policy_event_fields);
const struct field_table record_link_table = TABLE(link_fields);

const char *const record_keepalive_mode_words[3] = { "detect", "fixed", "off" };
const char *const record_roaming_detect_words[3] = { "auto", "always", "never" };
const char *const record_nat_method_words[4] = { "none", "stun", "mobike", "admin" };

struct field_table record_payload_table(enum event_type type)
{
    switch (type) {
    case EVENT_START:
        return (struct field_table)TABLE(start_fields);
    case EVENT_CLOCK:
        return (struct field_table)TABLE(clock_fields);
    case EVENT_CREDENTIALS:
        return (struct field_table)TABLE(credentials_fields);
    case EVENT_RESOLVERS:
        return (struct field_table)TABLE(resolvers_fields);
    case EVENT_RESOLVED:
        return (struct field_table)TABLE(resolved_fields);
    case EVENT_REMEMBERED:
    case EVENT_IKE_ESTABLISHED:
        return (struct field_table)TABLE(tunnel_fields);
    case EVENT_IKE_ANSWERED:
        return (struct field_table)TABLE(answered_fields);
    case EVENT_IKE_FAILED:
    case EVENT_IKE_CLOSED:
        return (struct field_table)TABLE(failure_fields);
    case EVENT_IKE_MOVED:
        return (struct field_table)TABLE(path_fields);
    case EVENT_TRAFFIC:
    case EVENT_TIMER:
        return (struct field_table)TABLE(traffic_fields);
    case EVENT_OFFLOADED:
        return (struct field_table)TABLE(offloaded_fields);
    case EVENT_PATH_MTU:
        return (struct field_table)TABLE(path_mtu_fields);
    case EVENT_NEIGHBOUR_LOST:
        return (struct field_table)TABLE(neighbour_fields);
    case EVENT_FETCH_WANTED:
    case EVENT_FETCH_DONE:
        return (struct field_table)TABLE(fetch_fields);
    case EVENT_PROBE_ANSWER:
        return (struct field_table)TABLE(probe_answer_fields);
    case EVENT_PROBE_FAILED:
        return (struct field_table)TABLE(probe_failed_fields);
    case EVENT_NAT_RECALLED:
        return (struct field_table)TABLE(nat_fields);
    case EVENT_DEMAND:
    case EVENT_ENABLE:
    case EVENT_DISABLE:
    case EVENT_CONNECT:
    case EVENT_DISCONNECT:
    case EVENT_POLICY:
    case EVENT_LINKS:
    case EVENT_TUNNEL_LOST:
    case EVENT_FIREWALL_FAILED:
    case EVENT_STORE_FAILED:
    case EVENT_SUSPEND:
    case EVENT_RESUME:
        break;
    }
    return (struct field_table){ 0 };
}
