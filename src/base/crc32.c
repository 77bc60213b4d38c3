/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bit by bit, without a table: what it is computed over is short and rare.
 */
#include "base/crc32.h"

uint32_t crc32_of(const void *bytes, size_t n_bytes)
{
    const uint8_t *at = bytes;
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < n_bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}
