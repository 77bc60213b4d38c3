/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * IP addresses and prefixes of both families as plain, comparable values; no sockaddr outside the adapters that need one.
 * family is 4, 6, or 0 for "none" (a zeroed struct is "none"). Unused bytes are always zero, so memcmp compares.
 * Decides which addresses are private, link-local, unique-local or global. Never resolves names.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_ADDR_TEXT_SIZE   46 /* longest IPv6 text and the NUL */
#define IP_PREFIX_TEXT_SIZE 50

struct ip_addr {
    uint8_t family; /* 0, 4 or 6 */
    uint8_t bytes[16]; /* network order; IPv4 in the first four */
};

struct ip_prefix {
    struct ip_addr addr; /* host bits zero */
    uint8_t length; /* bits */
};

/* From 4 or 16 bytes in network order. */
struct ip_addr ip_addr_from_bytes(uint8_t family, const void *bytes);

/* Number of bytes of the family: 4, 16, or 0. */
size_t ip_addr_size(uint8_t family);

/* Text of either family without brackets or zone. 0 or -EINVAL (output untouched). */
int ip_addr_parse(const char *text, struct ip_addr *ret);

/* "addr/len" or "addr" (whole length); host bits are cleared. 0 or -EINVAL. */
int ip_prefix_parse(const char *text, struct ip_prefix *ret);

/* Into buf (IP_ADDR_TEXT_SIZE, IP_PREFIX_TEXT_SIZE); "none" for family 0. Return buf. */
char *ip_addr_format(const struct ip_addr *addr, char *buf, size_t size);
char *ip_prefix_format(const struct ip_prefix *prefix, char *buf, size_t size);

bool ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b);
bool ip_prefix_equal(const struct ip_prefix *a, const struct ip_prefix *b);
bool ip_prefix_contains(const struct ip_prefix *prefix, const struct ip_addr *addr);
struct ip_prefix ip_prefix_of(const struct ip_addr *addr, uint8_t length);

bool ip_addr_is_loopback(const struct ip_addr *addr);
bool ip_addr_is_link_local(const struct ip_addr *addr); /* 169.254/16, fe80::/10 */
bool ip_addr_is_multicast(const struct ip_addr *addr);
/* Usable as a source towards the internet: not loopback, link-local, multicast or unspecified. Private (RFC 1918, ULA) counts: NAT. */
bool ip_addr_is_usable_source(const struct ip_addr *addr);
/* RFC 1918, RFC 6598, link-local, unique-local (RFC 4193): what may be called "LAN" (killswitch.md). */
bool ip_prefix_is_local(const struct ip_prefix *prefix);
