/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events to text. No I/O; what does not fit is cut, which the string buffer remembers.
 */
#include "daemon/record.h"
#include "daemon/record_fields.h"

#include "base/macro.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

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
        strbuf_add(ret, "%s", record_keepalive_mode_words[*(const enum keepalive_mode *)value]);
        return;
    case FIELD_ROAMING_DETECT:
        strbuf_add(ret, "%s", record_roaming_detect_words[*(const enum roaming_detect *)value]);
        return;
    case FIELD_NAT_METHOD:
        strbuf_add(ret, "%s", record_nat_method_words[*(const enum nat_method *)value]);
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
    add_fields(ret, record_policy_table, policy);
}

void record_format_event(usec_t now_usec, const struct event *event, struct strbuf *ret)
{
    strbuf_add(ret, "@");
    add_moment(ret, now_usec);
    strbuf_add(ret, " %s", event_name(event->type));
    if (event->type == EVENT_POLICY) {
        add_fields(ret, record_policy_event_table, event);
        add_fields(ret, record_policy_table, event->policy);
    } else if (event->type == EVENT_LINKS) {
        for (uint32_t i = 0; i < event->links->n_links; i++) {
            strbuf_add(ret, " link=");
            add_escaped(ret, event->links->links[i].name);
            add_fields(ret, record_link_table, &event->links->links[i]);
        }
    } else {
        add_fields(ret, record_payload_table(event->type), event);
    }
}

void record_format_outcome(
    enum state state, enum reason reason, const struct action_list *actions, struct strbuf *ret)
{
    strbuf_add(ret, "# %s (%s)", state_name(state), reason_name(reason));
    for (uint32_t i = 0; i < actions->n_actions; i++)
        strbuf_add(ret, "%s%s", i ? " " : ": ", action_name(actions->actions[i].type));
}
