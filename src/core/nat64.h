/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * IPv4 addresses over a link that has only IPv6: which prefix the link's NAT64 has (RFC 7050), and the IPv6 address under which it shows an
 * IPv4 one (RFC 6052). Decides by addresses alone: asks nobody, and never says whether the translator is there.
 */
#include "base/ipaddr.h"

#define NAT64_NAME "ipv4only.arpa" /* has 192.0.0.170 and 192.0.0.171 and no AAAA, but where a NAT64 makes some (RFC 7050, 2) */

/* Lengths that RFC 6052 knows (2.2): 32, 40, 48, 56, 64 and 96, bits 64 to 71 zero. */
bool nat64_prefix_is_valid(const struct ip_prefix *prefix);

/* addr (IPv4) as seen through a valid prefix. */
struct ip_addr nat64_synthesise(const struct ip_prefix *prefix, const struct ip_addr *addr);

/*
 * From the AAAA records of NAT64_NAME. Where one of its addresses stands at more than one place of a record, the other must stand at the same
 * place of another record (RFC 7050, 3). False: there is no NAT64, or none that can be made out; ret is untouched.
 */
bool nat64_find_prefix(const struct ip_addr *addrs, uint32_t n_addrs, struct ip_prefix *ret);
