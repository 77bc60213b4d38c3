/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP addresses as values: parsing, printing, comparing, classifying. No I/O; errors leave outputs untouched.
 */
#include "base/ipaddr.h"

#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ip_addr_size(uint8_t family)
{
    return family == 4 ? 4 : family == 6 ? 16 : 0;
}

struct ip_addr ip_addr_from_bytes(uint8_t family, const void *bytes)
{
    struct ip_addr addr = { .family = family };

    memcpy(addr.bytes, bytes, ip_addr_size(family));
    return addr;
}

int ip_addr_parse(const char *text, struct ip_addr *ret)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1)
        *ret = ip_addr_from_bytes(4, bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *ret = ip_addr_from_bytes(6, bytes);
    else
        return -EINVAL;
    return 0;
}

struct ip_prefix ip_prefix_of(const struct ip_addr *addr, uint8_t length)
{
    struct ip_prefix prefix = { .addr = *addr, .length = length };

    for (size_t i = 0; i < ip_addr_size(addr->family); i++) {
        size_t first_bit = i * 8;
        if (first_bit >= length)
            prefix.addr.bytes[i] = 0;
        else if (length - first_bit < 8)
            prefix.addr.bytes[i] &= (uint8_t)(0xff << (8 - (length - first_bit)));
    }
    return prefix;
}

int ip_prefix_parse(const char *text, struct ip_prefix *ret)
{
    char buf[IP_PREFIX_TEXT_SIZE];
    struct ip_addr addr;
    unsigned long length;
    char *slash, *end;

    if (strlen(text) >= sizeof(buf))
        return -EINVAL;
    strcpy(buf, text);
    slash = strchr(buf, '/');
    if (slash)
        *slash++ = '\0';
    if (ip_addr_parse(buf, &addr) < 0)
        return -EINVAL;
    length = ip_addr_size(addr.family) * 8;
    if (slash) {
        if (slash[0] < '0' || slash[0] > '9')
            return -EINVAL;
        errno = 0;
        unsigned long given = strtoul(slash, &end, 10);
        if (errno || *end || given > length)
            return -EINVAL;
        length = given;
    }
    *ret = ip_prefix_of(&addr, (uint8_t)length);
    return 0;
}

char *ip_addr_format(const struct ip_addr *addr, char *buf, size_t size)
{
    if (addr->family == 0 || !inet_ntop(addr->family == 4 ? AF_INET : AF_INET6, addr->bytes, buf, (socklen_t)size))
        snprintf(buf, size, "none");
    return buf;
}

char *ip_prefix_format(const struct ip_prefix *prefix, char *buf, size_t size)
{
    char text[IP_ADDR_TEXT_SIZE];

    snprintf(buf, size, "%s/%u", ip_addr_format(&prefix->addr, text, sizeof(text)), prefix->length);
    return buf;
}

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b)
{
    return a->length == b->length && ip_addr_equal(&a->addr, &b->addr);
}

bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
    struct ip_prefix other;

    if (prefix->addr.family != addr->family)
        return false;
    other = ip_prefix_of(addr, prefix->length);
    return ip_addr_equal(&prefix->addr, &other.addr);
}

/* A prefix by its leading bytes, for the fixed tables below. */
struct fixed_prefix {
    uint8_t family;
    uint8_t bytes[4];
    uint8_t length;
};

static bool covered_by(const struct ip_prefix *prefix, const struct fixed_prefix *fixed)
{
    uint8_t bytes[16] = { 0 };
    struct ip_prefix outer;

    memcpy(bytes, fixed->bytes, sizeof(fixed->bytes));
    outer.addr = ip_addr_from_bytes(fixed->family, bytes);
    outer.length = fixed->length;
    return prefix->length >= outer.length && ip_prefix_contains(&outer, &prefix->addr);
}

static bool addr_in(const struct ip_addr *addr, uint8_t family, uint8_t b0, uint8_t b1, uint8_t length)
{
    struct ip_prefix whole = { .addr = *addr, .length = (uint8_t)(ip_addr_size(addr->family) * 8) };

    return covered_by(&whole, &(struct fixed_prefix){ family, { b0, b1 }, length });
}

bool ip_addr_is_loopback(const struct ip_addr *addr)
{
    static const uint8_t one[16] = { [15] = 1 };

    return addr_in(addr, 4, 127, 0, 8) || (addr->family == 6 && memcmp(addr->bytes, one, 16) == 0);
}

bool ip_addr_is_link_local(const struct ip_addr *addr)
{
    return addr_in(addr, 4, 169, 254, 16) || addr_in(addr, 6, 0xfe, 0x80, 10);
}

bool ip_addr_is_multicast(const struct ip_addr *addr)
{
    return addr_in(addr, 4, 224, 0, 4) || addr_in(addr, 6, 0xff, 0, 8);
}

bool ip_addr_is_usable_source(const struct ip_addr *addr)
{
    static const uint8_t zero[16];

    return addr->family != 0 && memcmp(addr->bytes, zero, ip_addr_size(addr->family)) != 0 &&
           !ip_addr_is_loopback(addr) && !ip_addr_is_link_local(addr) && !ip_addr_is_multicast(addr);
}

bool ip_prefix_is_local(const struct ip_prefix *prefix)
{
    static const struct fixed_prefix local[] = {
        { 4, { 10 }, 8 },       { 4, { 172, 16 }, 12 }, { 4, { 192, 168 }, 16 }, { 4, { 100, 64 }, 10 },
        { 4, { 169, 254 }, 16 }, { 6, { 0xfc }, 7 },     { 6, { 0xfe, 0x80 }, 10 },
    };

    for (size_t i = 0; i < ELEMENTSOF(local); i++)
        if (covered_by(prefix, &local[i]))
            return true;
    return false;
}
