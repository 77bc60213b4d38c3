/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events to text and back by one table of fields per payload, so that writer and reader cannot disagree about a key.
 * Decides the keys of the record format. No I/O; errors leave outputs untouched.
 */
#include "daemon/record.h"

#include "base/macro.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX_BYTES 1024
#define SPAN_MAX_USEC   SEC(1000000000000) /* 31700 years; "never" lies beyond */

enum field_kind {
    FIELD_BOOL,
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_INT,
    FIELD_I64,
    FIELD_SPAN,   /* usec_t, a duration */
    FIELD_MOMENT, /* usec_t, CLOCK_BOOTTIME */
    FIELD_TEXT,   /* char[size] */
    FIELD_ADDR,   /* struct ip_addr */
    FIELD_PREFIX, /* struct ip_prefix */
    FIELD_REASON,
    FIELD_LINK_TYPE,
    FIELD_KEEPALIVE_MODE,
    FIELD_ROAMING_DETECT,
    FIELD_LINK_ADDR, /* addr/length, host bits kept */
    FIELD_ROUTE,     /* destination,via,metric */
    FIELD_GATEWAY,   /* name,port,literal */
};

/* max 0: a scalar; else an array of `size`-byte elements whose uint32_t count is at n_offset. */
struct field {
    const char *key;
    enum field_kind kind;
    size_t offset, size;
    size_t n_offset, max;
};

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
    SCALAR(struct policy, "initial-delay", FIELD_SPAN, initial_delay_usec),
    SCALAR(struct policy, "max-delay", FIELD_SPAN, max_delay_usec),
    SCALAR(struct policy, "keepalive-mode", FIELD_KEEPALIVE_MODE, keepalive_mode),
    SCALAR(struct policy, "keepalive", FIELD_SPAN, keepalive_usec),
    SCALAR(struct policy, "keepalive-min", FIELD_SPAN, keepalive_min_usec),
    SCALAR(struct policy, "keepalive-max", FIELD_SPAN, keepalive_max_usec),
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
    SCALAR(struct link, "wake", FIELD_BOOL, wake_on_incoming),
    SCALAR(struct link, "mtu", FIELD_U32, mtu),
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
    TUNNEL_LIST("subnet", FIELD_PREFIX, subnets, POLICY_SUBNETS_MAX),
    SCALAR(struct event, "local", FIELD_ADDR, tunnel.local),
    SCALAR(struct event, "remote", FIELD_ADDR, tunnel.remote),
    SCALAR(struct event, "port", FIELD_U16, tunnel.remote_port),
    SCALAR(struct event, "nat", FIELD_BOOL, tunnel.nat),
    SCALAR(struct event, "mobike", FIELD_BOOL, tunnel.mobike),
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
};

static const struct field traffic_fields[] = {
    SCALAR(struct event, "out", FIELD_MOMENT, traffic.last_out_at_usec),
    SCALAR(struct event, "in", FIELD_MOMENT, traffic.last_in_at_usec),
    SCALAR(struct event, "unanswered", FIELD_MOMENT, traffic.unanswered_at_usec),
};

static const struct field fetch_fields[] = {
    SCALAR(struct event, "id", FIELD_U32, fetch.id),
    SCALAR(struct event, "host", FIELD_TEXT, fetch.host),
    SCALAR(struct event, "port", FIELD_U16, fetch.port),
};

struct field_table {
    size_t n_fields;
    const struct field *fields;
};

#define TABLE(array)                                                                                         \
    {                                                                                                        \
        ELEMENTSOF(array), array                                                                             \
    }

/* Payload inside struct event; policy and links point elsewhere and have no row. */
static struct field_table payload_table(enum event_type type)
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
    case EVENT_IKE_ESTABLISHED:
        return (struct field_table)TABLE(tunnel_fields);
    case EVENT_IKE_FAILED:
    case EVENT_IKE_CLOSED:
        return (struct field_table)TABLE(failure_fields);
    case EVENT_IKE_MOVED:
        return (struct field_table)TABLE(path_fields);
    case EVENT_TRAFFIC:
    case EVENT_TIMER:
        return (struct field_table)TABLE(traffic_fields);
    case EVENT_FETCH_WANTED:
    case EVENT_FETCH_DONE:
        return (struct field_table)TABLE(fetch_fields);
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

static const char *const keepalive_mode_words[] = { "detect", "fixed", "off" };
static const char *const roaming_detect_words[] = { "auto", "always", "never" };

/* --- writing --- */

static void add_escaped(struct strbuf *ret, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("%,#$", *p))
            strbuf_add(ret, "%%%02X", *p);
        else
            strbuf_add(ret, "%c", *p);
    }
}

static void add_span(struct strbuf *ret, usec_t span_usec)
{
    if (span_usec == USEC_INFINITY)
        strbuf_add(ret, "never");
    else if (span_usec % SEC(1) == 0)
        strbuf_add(ret, "%" PRIu64 "s", span_usec / SEC(1));
    else
        strbuf_add(ret, "%" PRIu64 ".%06" PRIu64 "s", span_usec / SEC(1), span_usec % SEC(1));
}

static void add_moment(struct strbuf *ret, usec_t at_usec)
{
    if (at_usec == USEC_INFINITY)
        strbuf_add(ret, "never");
    else
        strbuf_add(ret, "%" PRIu64 ".%06" PRIu64, at_usec / SEC(1), at_usec % SEC(1));
}

static void add_addr(struct strbuf *ret, const struct ip_addr *addr)
{
    char text[IP_ADDR_TEXT_SIZE];

    strbuf_add(ret, "%s", ip_addr_format(addr, text, sizeof(text)));
}

static void add_prefix(struct strbuf *ret, const struct ip_prefix *prefix)
{
    char text[IP_PREFIX_TEXT_SIZE];

    strbuf_add(ret, "%s", ip_prefix_format(prefix, text, sizeof(text)));
}

static void add_route(struct strbuf *ret, const struct link_route *route)
{
    add_prefix(ret, &route->destination);
    strbuf_add(ret, ",");
    add_addr(ret, &route->via);
    strbuf_add(ret, ",%" PRIu32, route->metric);
}

static void add_gateway(struct strbuf *ret, const struct gateway *gateway)
{
    add_escaped(ret, gateway->name);
    strbuf_add(ret, ",%u,", gateway->port);
    add_addr(ret, &gateway->literal);
}

static void add_value(struct strbuf *ret, enum field_kind kind, const void *value)
{
    const struct link_addr *link_addr = value;

    switch (kind) {
    case FIELD_BOOL:
        strbuf_add(ret, "%s", *(const bool *)value ? "yes" : "no");
        return;
    case FIELD_U8:
        strbuf_add(ret, "%u", *(const uint8_t *)value);
        return;
    case FIELD_U16:
        strbuf_add(ret, "%u", *(const uint16_t *)value);
        return;
    case FIELD_U32:
        strbuf_add(ret, "%" PRIu32, *(const uint32_t *)value);
        return;
    case FIELD_INT:
        strbuf_add(ret, "%d", *(const int *)value);
        return;
    case FIELD_I64:
        strbuf_add(ret, "%" PRId64, *(const int64_t *)value);
        return;
    case FIELD_SPAN:
        add_span(ret, *(const usec_t *)value);
        return;
    case FIELD_MOMENT:
        add_moment(ret, *(const usec_t *)value);
        return;
    case FIELD_TEXT:
        add_escaped(ret, value);
        return;
    case FIELD_ADDR:
        add_addr(ret, value);
        return;
    case FIELD_PREFIX:
        add_prefix(ret, value);
        return;
    case FIELD_REASON:
        strbuf_add(ret, "%s", reason_name(*(const enum reason *)value));
        return;
    case FIELD_LINK_TYPE:
        strbuf_add(ret, "%s", link_type_name(*(const enum link_type *)value));
        return;
    case FIELD_KEEPALIVE_MODE:
        strbuf_add(ret, "%s", keepalive_mode_words[*(const enum keepalive_mode *)value]);
        return;
    case FIELD_ROAMING_DETECT:
        strbuf_add(ret, "%s", roaming_detect_words[*(const enum roaming_detect *)value]);
        return;
    case FIELD_LINK_ADDR:
        add_addr(ret, &link_addr->addr);
        strbuf_add(ret, "/%u", link_addr->prefix_length);
        return;
    case FIELD_ROUTE:
        add_route(ret, value);
        return;
    case FIELD_GATEWAY:
        add_gateway(ret, value);
        return;
    }
}

static bool is_default(const struct field *field, const uint8_t *value)
{
    if (field->kind == FIELD_TEXT)
        return value[0] == '\0';
    for (size_t i = 0; i < field->size; i++)
        if (value[i])
            return false;
    return true;
}

static void add_fields(struct strbuf *ret, struct field_table table, const void *object)
{
    const uint8_t *base = object;

    for (size_t i = 0; i < table.n_fields; i++) {
        const struct field *f = &table.fields[i];
        uint32_t n = 1;
        if (f->max)
            memcpy(&n, base + f->n_offset, sizeof(n));
        else if (is_default(f, base + f->offset))
            continue;
        for (uint32_t k = 0; k < n; k++) {
            strbuf_add(ret, " %s=", f->key);
            add_value(ret, f->kind, base + f->offset + k * f->size);
        }
    }
}

void record_format_begin(uint64_t seed, const struct policy *policy, struct strbuf *ret)
{
    strbuf_add(ret, "begin seed=%" PRIu64, seed);
    add_fields(ret, (struct field_table)TABLE(policy_fields), policy);
}

void record_format_event(usec_t now_usec, const struct event *event, struct strbuf *ret)
{
    strbuf_add(ret, "@");
    add_moment(ret, now_usec);
    strbuf_add(ret, " %s", event_name(event->type));
    if (event->type == EVENT_POLICY) {
        add_fields(ret, (struct field_table)TABLE(policy_event_fields), event);
        add_fields(ret, (struct field_table)TABLE(policy_fields), event->policy);
    } else if (event->type == EVENT_LINKS) {
        for (uint32_t i = 0; i < event->links->n_links; i++) {
            strbuf_add(ret, " link=");
            add_escaped(ret, event->links->links[i].name);
            add_fields(ret, (struct field_table)TABLE(link_fields), &event->links->links[i]);
        }
    } else {
        add_fields(ret, payload_table(event->type), event);
    }
}

void record_format_outcome(
    enum state state, enum reason reason, const struct action_list *actions, struct strbuf *ret)
{
    strbuf_add(ret, "# %s (%s)", state_name(state), reason_name(reason));
    for (uint32_t i = 0; i < actions->n_actions; i++)
        strbuf_add(ret, "%s%s", i ? " " : ": ", action_name(actions->actions[i].type));
}

/* --- reading --- */

/* The next word of the line into buf; 1, 0 at the end, -EINVAL when it does not fit. */
static int next_word(const char **p, char *buf, size_t size)
{
    size_t length = 0;

    while (isspace((unsigned char)**p))
        (*p)++;
    for (; **p && !isspace((unsigned char)**p); (*p)++) {
        if (length + 1 >= size)
            return -EINVAL;
        buf[length++] = **p;
    }
    buf[length] = '\0';
    return length > 0;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int parse_text(const char *value, char *ret, size_t size)
{
    char buf[VALUE_MAX_BYTES];
    size_t length = 0;

    for (const char *p = value; *p; p++) {
        char c = *p;
        if (c == '%') {
            if (hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
                return -EINVAL;
            c = (char)(hex_digit(p[1]) * 16 + hex_digit(p[2]));
            p += 2;
        }
        if (c == '\0' || length + 1 >= size || length + 1 >= sizeof(buf))
            return -EINVAL;
        buf[length++] = c;
    }
    memset(ret, 0, size);
    memcpy(ret, buf, length);
    return 0;
}

/* Digits only, with one minus where low is negative. */
static int parse_number(const char *value, int64_t low, int64_t high, int64_t *ret)
{
    char *end;
    long long n;

    if (!isdigit((unsigned char)value[value[0] == '-']))
        return -EINVAL;
    errno = 0;
    n = strtoll(value, &end, 10);
    if (errno || *end || n < low || n > high)
        return -EINVAL;
    *ret = n;
    return 0;
}

static int parse_span(const char *value, usec_t *ret)
{
    usec_t span_usec = USEC_INFINITY;

    if (strcmp(value, "never") != 0 && (usec_parse(value, &span_usec) < 0 || span_usec > SPAN_MAX_USEC))
        return -EINVAL;
    *ret = span_usec;
    return 0;
}

static int parse_moment(const char *value, usec_t now_usec, usec_t *ret)
{
    usec_t before_usec;

    if (strcmp(value, "now") == 0) {
        *ret = now_usec;
        return 0;
    }
    if (value[0] != '-')
        return parse_span(value, ret);
    if (usec_parse(value + 1, &before_usec) < 0)
        return -EINVAL;
    *ret = usec_sub(now_usec, before_usec);
    return 0;
}

static int parse_addr(const char *value, struct ip_addr *ret)
{
    if (strcmp(value, "none") == 0) {
        memset(ret, 0, sizeof(*ret));
        return 0;
    }
    return ip_addr_parse(value, ret);
}

static int parse_choice(const char *value, const char *const *words, unsigned n_words, unsigned *ret)
{
    for (unsigned i = 0; i < n_words; i++) {
        if (strcmp(words[i], value) == 0) {
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int parse_bool(const char *value, bool *ret)
{
    static const char *const words[] = { "no", "yes" };
    unsigned choice;

    if (parse_choice(value, words, ELEMENTSOF(words), &choice) < 0)
        return -EINVAL;
    *ret = choice == 1;
    return 0;
}

/* Cuts value at its commas into exactly n parts. */
static int split_commas(char *value, size_t n, char **ret_parts)
{
    for (size_t i = 0; i < n; i++) {
        ret_parts[i] = value;
        if (i + 1 < n) {
            value = strchr(value, ',');
            if (!value)
                return -EINVAL;
            *value++ = '\0';
        }
    }
    return 0;
}

static int parse_route(char *value, struct link_route *ret)
{
    struct link_route route = { 0 };
    char *parts[3];
    int64_t metric;

    if (split_commas(value, 3, parts) < 0 || ip_prefix_parse(parts[0], &route.destination) < 0 ||
        parse_addr(parts[1], &route.via) < 0 || parse_number(parts[2], 0, UINT32_MAX, &metric) < 0)
        return -EINVAL;
    route.metric = (uint32_t)metric;
    *ret = route;
    return 0;
}

static int parse_gateway(char *value, struct gateway *ret)
{
    struct gateway gateway = { 0 };
    char *parts[3];
    int64_t port;

    if (split_commas(value, 3, parts) < 0 || parse_text(parts[0], gateway.name, sizeof(gateway.name)) < 0 ||
        parse_number(parts[1], 0, UINT16_MAX, &port) < 0 || parse_addr(parts[2], &gateway.literal) < 0)
        return -EINVAL;
    gateway.port = (uint16_t)port;
    *ret = gateway;
    return 0;
}

static int parse_link_addr(char *value, struct link_addr *ret)
{
    struct link_addr addr = { 0 };
    char *slash = strchr(value, '/');
    int64_t length;

    if (!slash)
        return -EINVAL;
    *slash = '\0';
    if (ip_addr_parse(value, &addr.addr) < 0 ||
        parse_number(slash + 1, 0, (int64_t)ip_addr_size(addr.addr.family) * 8, &length) < 0)
        return -EINVAL;
    addr.prefix_length = (uint8_t)length;
    *ret = addr;
    return 0;
}

static int parse_integer(enum field_kind kind, const char *value, void *ret)
{
    int64_t low = kind == FIELD_I64 ? INT64_MIN : kind == FIELD_INT ? INT_MIN : 0;
    int64_t high = kind == FIELD_I64   ? INT64_MAX
                   : kind == FIELD_INT ? INT_MAX
                   : kind == FIELD_U32 ? (int64_t)UINT32_MAX
                   : kind == FIELD_U16 ? UINT16_MAX
                                       : UINT8_MAX;
    int64_t n;

    if (parse_number(value, low, high, &n) < 0)
        return -EINVAL;
    if (kind == FIELD_I64)
        *(int64_t *)ret = n;
    else if (kind == FIELD_INT)
        *(int *)ret = (int)n;
    else if (kind == FIELD_U32)
        *(uint32_t *)ret = (uint32_t)n;
    else if (kind == FIELD_U16)
        *(uint16_t *)ret = (uint16_t)n;
    else
        *(uint8_t *)ret = (uint8_t)n;
    return 0;
}

static int parse_value(const struct field *field, char *value, usec_t now_usec, void *ret)
{
    switch (field->kind) {
    case FIELD_BOOL:
        return parse_bool(value, ret);
    case FIELD_U8:
    case FIELD_U16:
    case FIELD_U32:
    case FIELD_INT:
    case FIELD_I64:
        return parse_integer(field->kind, value, ret);
    case FIELD_SPAN:
        return parse_span(value, ret);
    case FIELD_MOMENT:
        return parse_moment(value, now_usec, ret);
    case FIELD_TEXT:
        return parse_text(value, ret, field->size);
    case FIELD_ADDR:
        return parse_addr(value, ret);
    case FIELD_PREFIX:
        return ip_prefix_parse(value, ret);
    case FIELD_REASON:
        return reason_from_name(value, ret) ? 0 : -EINVAL;
    case FIELD_LINK_TYPE:
        return link_type_from_name(value, ret) ? 0 : -EINVAL;
    case FIELD_KEEPALIVE_MODE:
        return parse_choice(value, keepalive_mode_words, ELEMENTSOF(keepalive_mode_words), ret);
    case FIELD_ROAMING_DETECT:
        return parse_choice(value, roaming_detect_words, ELEMENTSOF(roaming_detect_words), ret);
    case FIELD_LINK_ADDR:
        return parse_link_addr(value, ret);
    case FIELD_ROUTE:
        return parse_route(value, ret);
    case FIELD_GATEWAY:
        return parse_gateway(value, ret);
    }
    return -EINVAL;
}

static int parse_field(struct field_table table, const char *key, char *value, usec_t now_usec, void *object)
{
    uint8_t *base = object;

    for (size_t i = 0; i < table.n_fields; i++) {
        const struct field *f = &table.fields[i];
        uint32_t n = 0;
        if (strcmp(f->key, key) != 0)
            continue;
        if (!f->max)
            return parse_value(f, value, now_usec, base + f->offset);
        memcpy(&n, base + f->n_offset, sizeof(n));
        if (n >= f->max || parse_value(f, value, now_usec, base + f->offset + n * f->size) < 0)
            return -EINVAL;
        n++;
        memcpy(base + f->n_offset, &n, sizeof(n));
        return 0;
    }
    return -EINVAL;
}

/* The next "key=value"; the word is cut at the sign. 1, 0 at the end, -EINVAL. */
static int next_pair(const char **p, char *buf, size_t size, char **ret_value)
{
    int r = next_word(p, buf, size);

    if (r <= 0)
        return r;
    *ret_value = strchr(buf, '=');
    if (!*ret_value)
        return -EINVAL;
    *(*ret_value)++ = '\0';
    return 1;
}

static int parse_fields(struct field_table table, const char *p, usec_t now_usec, void *object)
{
    char word[VALUE_MAX_BYTES], *value;
    int r;

    while ((r = next_pair(&p, word, sizeof(word), &value)) > 0)
        if (parse_field(table, word, value, now_usec, object) < 0)
            return -EINVAL;
    return r;
}

/* The policy itself stands in the storage, what comes with it in the event. */
static int parse_policy(const char *p, usec_t now_usec, struct policy *ret, struct event *ret_event)
{
    char word[VALUE_MAX_BYTES], *value;
    int r;

    memset(ret, 0, sizeof(*ret));
    while ((r = next_pair(&p, word, sizeof(word), &value)) > 0) {
        if (strcmp(word, policy_event_fields[0].key) == 0)
            r = parse_field((struct field_table)TABLE(policy_event_fields), word, value, now_usec, ret_event);
        else
            r = parse_field((struct field_table)TABLE(policy_fields), word, value, now_usec, ret);
        if (r < 0)
            return r;
    }
    ret_event->policy = ret;
    return r;
}

static int parse_links(const char *p, usec_t now_usec, struct link_set *ret)
{
    char word[VALUE_MAX_BYTES], *value;
    struct link *link = NULL;
    int r;

    memset(ret, 0, sizeof(*ret));
    while ((r = next_pair(&p, word, sizeof(word), &value)) > 0) {
        if (strcmp(word, "link") == 0) {
            if (ret->n_links >= LINK_SET_MAX)
                return -EINVAL;
            link = &ret->links[ret->n_links++];
            r = parse_text(value, link->name, sizeof(link->name));
        } else {
            r = link ? parse_field((struct field_table)TABLE(link_fields), word, value, now_usec, link)
                     : -EINVAL;
        }
        if (r < 0)
            return r;
    }
    return r;
}

int record_parse_begin(const char *line, uint64_t *ret_seed, struct policy *ret_policy)
{
    struct policy policy = { 0 };
    char word[VALUE_MAX_BYTES], *value, *end;
    uint64_t seed;

    if (next_word(&line, word, sizeof(word)) <= 0 || strcmp(word, "begin") != 0)
        return -EINVAL;
    if (next_pair(&line, word, sizeof(word), &value) <= 0 || strcmp(word, "seed") != 0 ||
        !isdigit((unsigned char)value[0]))
        return -EINVAL;
    errno = 0;
    seed = strtoull(value, &end, 10);
    if (errno || *end || parse_fields((struct field_table)TABLE(policy_fields), line, 0, &policy) < 0)
        return -EINVAL;
    *ret_seed = seed;
    *ret_policy = policy;
    return 0;
}

int record_parse_event(const char *line, usec_t *now_usec, struct record_storage *storage, struct event *ret)
{
    struct event event;
    char word[VALUE_MAX_BYTES];
    usec_t now = *now_usec;
    int r;

    memset(&event, 0, sizeof(event));
    if (next_word(&line, word, sizeof(word)) <= 0)
        return -EINVAL;
    if (word[0] == '@' && (parse_span(word + 1, &now) < 0 || next_word(&line, word, sizeof(word)) <= 0))
        return -EINVAL;
    if (!event_from_name(word, &event.type))
        return -EINVAL;
    if (event.type == EVENT_POLICY) {
        r = parse_policy(line, now, &storage->policy, &event);
    } else if (event.type == EVENT_LINKS) {
        event.links = &storage->links;
        r = parse_links(line, now, &storage->links);
    } else {
        r = parse_fields(payload_table(event.type), line, now, &event);
    }
    if (r < 0)
        return -EINVAL;
    *now_usec = now;
    *ret = event;
    return 0;
}
