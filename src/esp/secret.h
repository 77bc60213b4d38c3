/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Memory for keys: pages of their own, zeroed, locked so that they reach no swap, left out of core dumps, wiped at the end. Locking is best
 * effort: a limit on locked memory must not cost the tunnel.
 */
#include <stddef.h>

void *esp_secret_new(size_t bytes);               /* NULL: no memory */
void esp_secret_free(void *secret, size_t bytes); /* NULL is fine */
