/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Many people's days, each of them twice: once with the NAT's lifetime detected, once with a keepalive every 20 s. Prints what they cost, and
 * exits 0 when every invariant held in every step and detecting is what it is meant to be.
 */
#include <stdint.h>

int days(uint32_t n_days, uint64_t seed);
