/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The internet checksum (RFC 1071). Sums are of 16-bit words as they stand in memory, wider than the result and folded at the end: so no
 * byte is ever swapped, and results are stored as they are (put_raw16() of wire.h). A length that is added takes htons().
 * A sum may be carried through any number of pieces; every piece but the last has an even number of bytes, and together they are below
 * 2^32 bytes. Knows no header but the pseudo-header.
 */
#include <stddef.h>
#include <stdint.h>

/* The sum with these bytes added. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes);

/* The same while copying; the two do not overlap. */
uint64_t checksum_copy(uint64_t sum, void *to, const void *from, size_t bytes);

/* Addresses of an IPv4 or IPv6 header (by its version), protocol and length of what it carries (RFC 9293 3.1, RFC 8200 8.1). */
uint64_t checksum_pseudo_header(const uint8_t *ip, uint8_t protocol, size_t upper_bytes);

/* To 16 bits, not complemented: what a frame with a partial checksum carries; 0xffff over a whole packet whose checksum holds. */
static inline uint16_t checksum_fold(uint64_t sum)
{
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* What goes into the checksum field. */
static inline uint16_t checksum_finish(uint64_t sum)
{
    return (uint16_t)~checksum_fold(sum);
}

/* The checksum after one of the words that it covers changed (RFC 1624, equation 3). */
static inline uint16_t checksum_update(uint16_t checksum, uint16_t from, uint16_t to)
{
    return checksum_finish((uint64_t)(uint16_t)~checksum + (uint16_t)~from + to);
}
