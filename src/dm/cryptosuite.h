/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * VPNv2's CryptographySuite in words of strongSwan's proposals. Decides what is below the floor: DES, MD5, groups 1 and 2, no group at all.
 * Nothing that a server says lowers it.
 */
#include <stddef.h>

struct dm_node;
struct dm_error;

/* 0, or 406 with the reason. */
unsigned dm_crypto_check(const struct dm_node *suite, struct dm_error *error);

/* The proposals of a suite that passed the check; "" where it says nothing of that protocol. Return buf. */
char *dm_crypto_ike(const struct dm_node *suite, char *buf, size_t size);
char *dm_crypto_esp(const struct dm_node *suite, char *buf, size_t size);
