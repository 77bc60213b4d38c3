/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * CRC-32 as in IEEE 802.3, the one of Ethernet, zip and STUN's FINGERPRINT. Tells torn and rotten bytes from whole ones; never to be used
 * against somebody who can compute it as well.
 */
#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *bytes, size_t n_bytes);
