/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Servers as a person writes them, to name, port and literal address; hostport.h tells the forms. Pure.
 */
#include "config/hostport.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DNS_NAME_MAX  253
#define DNS_LABEL_MAX 63

static bool label_is_valid(const char *label, size_t length)
{
    if (length == 0 || length > DNS_LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '_')
            return false;
    return true;
}

bool hostname_is_valid(const char *name)
{
    size_t length = strlen(name);

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length == 0 || length > DNS_NAME_MAX)
        return false;
    for (size_t start = 0; start <= length;) {
        const char *dot = memchr(name + start, '.', length - start);
        size_t end = dot ? (size_t)(dot - name) : length;

        if (!label_is_valid(name + start, end - start))
            return false;
        start = end + 1;
    }
    return true;
}

/* "10.0.1" and "300.1.1.1" are meant as addresses: no top-level domain is a number (RFC 3696 section 2). */
static bool ends_in_number(const char *name)
{
    const char *last = strrchr(name, '.');

    last = last ? last + 1 : name;
    return *last && last[strspn(last, "0123456789")] == '\0';
}

static int parse_port(const char *text, uint16_t *ret, struct strbuf *problem)
{
    unsigned long port;

    if (*text && strlen(text) <= 5 && text[strspn(text, "0123456789")] == '\0') {
        port = strtoul(text, NULL, 10);
        if (port >= 1 && port <= 65535) {
            *ret = (uint16_t)port;
            return 0;
        }
    }
    strbuf_add(problem, "'%s' is not a port; write a number from 1 to 65535 behind the colon", text);
    return -EINVAL;
}

static bool is_all(const struct ip_addr *addr, uint8_t byte)
{
    for (size_t i = 0; i < ip_addr_size(addr->family); i++)
        if (addr->bytes[i] != byte)
            return false;
    return true;
}

/* Where no server on the internet can be. */
static const char *judge_literal(const struct ip_addr *addr)
{
    if (is_all(addr, 0) || (addr->family == 4 && is_all(addr, 0xff)))
        return "is not the address of a host";
    if (ip_addr_is_loopback(addr))
        return "is this device itself";
    if (ip_addr_is_multicast(addr))
        return "is a multicast address";
    if (ip_addr_is_link_local(addr))
        return "is a link-local address, which no route reaches";
    return NULL;
}

static int parse_literal(const char *host, struct gateway *gateway, struct strbuf *problem)
{
    const char *verdict = judge_literal(&gateway->literal);

    if (!verdict)
        return 0;
    strbuf_add(problem, "'%s' %s; write the server's public name or address", host, verdict);
    return -EINVAL;
}

static int parse_name(const char *host, struct gateway *gateway, struct strbuf *problem)
{
    size_t length;

    if (strchr(host, ':'))
        strbuf_add(problem,
            "'%s' is neither a name nor an address; write host, host:port or [IPv6 address]:port", host);
    else if (ends_in_number(host))
        strbuf_add(problem, "'%s' is not an IPv4 address; write four numbers from 0 to 255, or a name", host);
    else if (!hostname_is_valid(host))
        strbuf_add(problem,
            "'%s' is not a host name; write letters, digits, '-' and dots (international names in "
            "their xn-- form)",
            host);
    else {
        length = strlen(gateway->name);
        if (gateway->name[length - 1] == '.')
            gateway->name[length - 1] = '\0';
        return 0;
    }
    return -EINVAL;
}

/* Splits in place; *ret_port is NULL where none is given. */
static int split(char *text, char **ret_host, char **ret_port, struct strbuf *problem)
{
    char *colon = strchr(text, ':'), *bracket;

    *ret_host = text;
    *ret_port = NULL;
    if (text[0] == '[') {
        bracket = strchr(text, ']');
        if (!bracket || (bracket[1] != '\0' && bracket[1] != ':')) {
            strbuf_add(problem, "'%s' is not of the form [IPv6 address]:port", text);
            return -EINVAL;
        }
        *ret_host = text + 1;
        *ret_port = bracket[1] == ':' ? bracket + 2 : NULL;
        *bracket = '\0';
    } else if (colon && !strchr(colon + 1, ':')) {
        *ret_port = colon + 1;
        *colon = '\0';
    }
    return 0; /* two colons or more: a bare IPv6 address */
}

int hostport_parse(const char *text, struct gateway *ret, struct strbuf *problem)
{
    struct gateway gateway = { .port = 0 };
    char buf[GATEWAY_NAME_SIZE + 16], *host, *port;
    int r;

    if (strlen(text) >= sizeof(buf)) {
        strbuf_add(problem, "the name is longer than the %d characters that a name may have", DNS_NAME_MAX);
        return -EINVAL;
    }
    if (strchr(text, '/')) {
        strbuf_add(problem,
            "'%s' is neither a name nor an address; write host, host:port or [IPv6 address]:port", text);
        return -EINVAL;
    }
    strcpy(buf, text);
    r = split(buf, &host, &port, problem);
    if (r < 0)
        return r;
    if (port && (r = parse_port(port, &gateway.port, problem)) < 0)
        return r;
    if (strlen(host) >= sizeof(gateway.name)) {
        strbuf_add(problem, "the name is longer than the %d characters that a name may have", DNS_NAME_MAX);
        return -EINVAL;
    }
    strcpy(gateway.name, host);
    if (text[0] == '[' && (ip_addr_parse(host, &gateway.literal) < 0 || gateway.literal.family != 6)) {
        strbuf_add(problem, "'%s' between the brackets is not an IPv6 address", host);
        return -EINVAL;
    }
    if (gateway.literal.family != 0 || ip_addr_parse(host, &gateway.literal) == 0)
        r = parse_literal(host, &gateway, problem);
    else
        r = parse_name(host, &gateway, problem);
    if (r == 0)
        *ret = gateway;
    return r;
}
