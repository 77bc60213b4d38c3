/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * When SAs must be rekeyed (soft) and when they must not be used any more (hard): the moments of all SAs that are there, earliest first asked
 * for. Plain data under the caller's lock, in the caller's clock (seconds); bounded by the SAs, whatever is added and removed.
 * Schedules nothing and ends nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#define EXPIRY_MAX   1024 /* SAs; a tunnel has two, and four while it is rekeyed: each stays for five seconds after it was replaced */
#define EXPIRY_NEVER INT64_MAX

struct expiry {
    uint32_t spi; /* host order */
    bool inbound;
    int64_t soft_at_sec, hard_at_sec; /* EXPIRY_NEVER: none, or told already */
};

struct expiries {
    uint32_t n_expiries;
    struct expiry expiries[EXPIRY_MAX];
};

/* False: there is no room. An SA that is there already gets the new moments. */
bool expiries_add(struct expiries *expiries, const struct expiry *expiry);
void expiries_remove(struct expiries *expiries, uint32_t spi, bool inbound);

/* The earliest moment of all; EXPIRY_NEVER: none. */
int64_t expiries_next_at_sec(const struct expiries *expiries);

/* One that is due, which is then told: its soft moment is cleared, at its hard one it is removed. False: none is. */
bool expiries_take_due(
    struct expiries *expiries, int64_t now_sec, uint32_t *ret_spi, bool *ret_inbound, bool *ret_hard);
