/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The whole core behind a NAT, with the corp side speaking first after silences: does every packet arrive, and what do keepalives cost?
 * Then the same network once more: nothing is measured there again.
 */
#include <stdint.h>

/* 0, or 1 when something that is promised did not hold. */
int push(uint32_t n_pushes);
