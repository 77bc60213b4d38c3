/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The four bytes of an IPv4 address follow the prefix, but go round byte 8 of the IPv6 address, which is always zero (RFC 6052, 2.2).
 */
#include "core/nat64.h"

#include "base/macro.h"

#include <string.h>

#define RESERVED_BYTE 8

static const uint8_t lengths[] = { 96, 64, 56, 48, 40, 32 };

/* The addresses of NAT64_NAME. */
static const uint8_t well_known[][4] = { { 192, 0, 0, 170 }, { 192, 0, 0, 171 } };

bool nat64_prefix_is_valid(const struct ip_prefix *prefix)
{
    if (prefix->addr.family != 6 || prefix->addr.bytes[RESERVED_BYTE] != 0)
        return false;
    for (size_t i = 0; i < ELEMENTSOF(lengths); i++)
        if (prefix->length == lengths[i])
            return true;
    return false;
}

/* Byte of the IPv6 address in which byte i of the IPv4 address stands. */
static size_t place_of(uint8_t length, size_t i)
{
    size_t place = length / 8u + i;

    return length < 96 && place >= RESERVED_BYTE ? place + 1 : place;
}

struct ip_addr nat64_synthesise(const struct ip_prefix *prefix, const struct ip_addr *addr)
{
    struct ip_addr ret = prefix->addr;

    for (size_t i = 0; i < 4; i++)
        ret.bytes[place_of(prefix->length, i)] = addr->bytes[i];
    return ret;
}

static bool shows(const struct ip_addr *addr, uint8_t length, const uint8_t *ipv4)
{
    if (addr->family != 6 || addr->bytes[RESERVED_BYTE] != 0)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (addr->bytes[place_of(length, i)] != ipv4[i])
            return false;
    return true;
}

/* Which of the well-known addresses; -1: none. */
static int shown_at(const struct ip_addr *addr, uint8_t length)
{
    for (size_t i = 0; i < ELEMENTSOF(well_known); i++)
        if (shows(addr, length, well_known[i]))
            return (int)i;
    return -1;
}

static bool confirmed(const struct ip_addr *addrs, uint32_t n_addrs, const struct ip_prefix *prefix, int seen)
{
    for (uint32_t i = 0; i < n_addrs; i++)
        if (ip_prefix_contains(prefix, &addrs[i]) && shows(&addrs[i], prefix->length, well_known[1 - seen]))
            return true;
    return false;
}

bool nat64_find_prefix(const struct ip_addr *addrs, uint32_t n_addrs, struct ip_prefix *ret)
{
    for (uint32_t i = 0; i < n_addrs; i++) {
        unsigned n_places = 0;

        for (size_t k = 0; k < ELEMENTSOF(lengths); k++)
            n_places += shown_at(&addrs[i], lengths[k]) >= 0;
        for (size_t k = 0; k < ELEMENTSOF(lengths); k++) {
            int seen = shown_at(&addrs[i], lengths[k]);
            struct ip_prefix prefix = ip_prefix_of(&addrs[i], lengths[k]);

            if (seen >= 0 && (n_places == 1 || confirmed(addrs, n_addrs, &prefix, seen))) {
                *ret = prefix;
                return true;
            }
        }
    }
    return false;
}
