/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Eight bytes at a time. Sums of 32-bit halves cannot overflow 64 bits within 2^32 bytes, so there is no carry to look after. See checksum.h.
 */
#include "esp/checksum.h"

#include "esp/wire.h"

#include <arpa/inet.h>

static uint64_t halves(uint64_t word)
{
    return (word & UINT32_MAX) + (word >> 32);
}

/* Less than eight bytes; the missing ones count as zeros. */
static uint64_t tail(const uint8_t *p, size_t bytes)
{
    uint8_t padded[8] = { 0 };

    memcpy(padded, p, bytes);
    return halves(raw64(padded));
}

uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes)
{
    const uint8_t *p = data;

    for (; bytes >= 8; p += 8, bytes -= 8)
        sum += halves(raw64(p));
    return bytes ? sum + tail(p, bytes) : sum;
}

uint64_t checksum_copy(uint64_t sum, void *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
    return checksum_add(sum, to, bytes);
}

uint64_t checksum_pseudo_header(const uint8_t *ip, uint8_t protocol, size_t upper_bytes)
{
    uint64_t sum = (uint64_t)htons(protocol) + htonl((uint32_t)upper_bytes);

    if (ip_is_v4(ip))
        return checksum_add(sum, ip + 12, 8);
    return checksum_add(sum, ip + 8, 32);
}
