/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Does the kernel still have SAs and policies of our interface's? Asked only when packets are refused that should have been encrypted.
 * Changes nothing.
 */
#include <stdint.h>

enum saquery {
    SAQUERY_SAS,
    SAQUERY_POLICIES,
};

/* A socket for the kernel's IPsec that waits a second for an answer, and no longer. Negative errno: none. */
int saquery_open(void);

/* 1: at least one bears this interface id; 0: none does; or negative errno: it cannot be told. */
int saquery_has(enum saquery what, uint32_t if_id);
