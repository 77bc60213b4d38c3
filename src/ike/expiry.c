/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An array, walked: there are a handful. See expiry.h.
 */
#include "ike/expiry.h"

#include "base/macro.h"

#include <stddef.h>

static struct expiry *find(struct expiries *expiries, uint32_t spi, bool inbound)
{
    for (uint32_t i = 0; i < expiries->n_expiries; i++)
        if (expiries->expiries[i].spi == spi && expiries->expiries[i].inbound == inbound)
            return &expiries->expiries[i];
    return NULL;
}

bool expiries_add(struct expiries *expiries, const struct expiry *expiry)
{
    struct expiry *place = find(expiries, expiry->spi, expiry->inbound);

    if (!place && expiries->n_expiries == EXPIRY_MAX)
        return false;
    if (!place)
        place = &expiries->expiries[expiries->n_expiries++];
    *place = *expiry;
    return true;
}

void expiries_remove(struct expiries *expiries, uint32_t spi, bool inbound)
{
    struct expiry *expiry = find(expiries, spi, inbound);

    if (expiry)
        *expiry = expiries->expiries[--expiries->n_expiries];
}

int64_t expiries_next_at_sec(const struct expiries *expiries)
{
    int64_t next_at_sec = EXPIRY_NEVER;

    for (uint32_t i = 0; i < expiries->n_expiries; i++) {
        const struct expiry *expiry = &expiries->expiries[i];

        next_at_sec = MIN_OF(next_at_sec, MIN_OF(expiry->soft_at_sec, expiry->hard_at_sec));
    }
    return next_at_sec;
}

bool expiries_take_due(
    struct expiries *expiries, int64_t now_sec, uint32_t *ret_spi, bool *ret_inbound, bool *ret_hard)
{
    for (uint32_t i = 0; i < expiries->n_expiries; i++) {
        struct expiry *expiry = &expiries->expiries[i];

        if (expiry->hard_at_sec > now_sec && expiry->soft_at_sec > now_sec)
            continue;
        *ret_spi = expiry->spi;
        *ret_inbound = expiry->inbound;
        *ret_hard = expiry->hard_at_sec <= now_sec;
        expiry->soft_at_sec = EXPIRY_NEVER;
        if (*ret_hard)
            expiries_remove(expiries, *ret_spi, *ret_inbound);
        return true;
    }
    return false;
}
