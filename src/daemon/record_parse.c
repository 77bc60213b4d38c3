/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text to events. Errors leave outputs untouched; nothing of a line is believed before all of it is read.
 */
#include "daemon/record.h"
#include "daemon/record_fields.h"

#include "base/macro.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX_BYTES 1024
#define SPAN_MAX_USEC   SEC(1000000000000) /* 31700 years; "never" lies beyond */

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
        return parse_choice(value, record_keepalive_mode_words, ELEMENTSOF(record_keepalive_mode_words), ret);
    case FIELD_ROAMING_DETECT:
        return parse_choice(value, record_roaming_detect_words, ELEMENTSOF(record_roaming_detect_words), ret);
    case FIELD_NAT_METHOD:
        return parse_choice(value, record_nat_method_words, ELEMENTSOF(record_nat_method_words), ret);
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
        if (strcmp(word, record_policy_event_table.fields[0].key) == 0)
            r = parse_field(record_policy_event_table, word, value, now_usec, ret_event);
        else
            r = parse_field(record_policy_table, word, value, now_usec, ret);
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
            r = link ? parse_field(record_link_table, word, value, now_usec, link)
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
    if (errno || *end || parse_fields(record_policy_table, line, 0, &policy) < 0)
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
        r = parse_fields(record_payload_table(event.type), line, now, &event);
    }
    if (r < 0)
        return -EINVAL;
    *now_usec = now;
    *ret = event;
    return 0;
}
