/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each mark is one atomic value; a reader may see one packet's worth of disagreement between them, which the path's judge tolerates.
 */
#include "ike/traffic.h"

#include "base/macro.h"

void traffic_reset(struct traffic_marks *marks)
{
    atomic_store(&marks->last_out_at_usec, 0);
    atomic_store(&marks->last_in_at_usec, 0);
    atomic_store(&marks->last_inner_at_usec, 0);
    atomic_store(&marks->unanswered_at_usec, 0);
    atomic_store(&marks->watched, false);
}

void traffic_out(struct traffic_marks *marks, usec_t now_usec)
{
    atomic_store_explicit(&marks->last_out_at_usec, now_usec, memory_order_relaxed);
}

void traffic_in(struct traffic_marks *marks, usec_t now_usec)
{
    atomic_store_explicit(&marks->last_in_at_usec, now_usec, memory_order_relaxed);
    atomic_store_explicit(&marks->unanswered_at_usec, 0, memory_order_relaxed);
}

void traffic_inner(struct traffic_marks *marks, usec_t now_usec)
{
    atomic_store_explicit(&marks->last_inner_at_usec, now_usec, memory_order_relaxed);
}

void traffic_inner_out(struct traffic_marks *marks, usec_t now_usec)
{
    usec_t none = 0;

    atomic_compare_exchange_strong_explicit(
        &marks->unanswered_at_usec, &none, now_usec, memory_order_relaxed, memory_order_relaxed);
}

void traffic_read(const struct traffic_marks *marks, struct traffic *ret)
{
    ret->last_out_at_usec = atomic_load(&marks->last_out_at_usec);
    ret->last_in_at_usec = atomic_load(&marks->last_in_at_usec);
    ret->last_inner_at_usec = atomic_load(&marks->last_inner_at_usec);
    ret->unanswered_at_usec = atomic_load(&marks->unanswered_at_usec);
}

int traffic_timeout_msec(const struct traffic_marks *marks, usec_t now_usec)
{
    usec_t unanswered_at_usec = atomic_load(&marks->unanswered_at_usec);

    if (!atomic_load(&marks->watched) || unanswered_at_usec == 0)
        return -1;
    /* rounded up: looking a moment too early would mean looking twice */
    return (int)(usec_sub(usec_add(unanswered_at_usec, PATHWATCH_NOTICE_USEC), now_usec) / 1000 + 1);
}

bool traffic_notice(struct traffic_marks *marks, usec_t now_usec)
{
    usec_t unanswered_at_usec = atomic_load(&marks->unanswered_at_usec);

    if (unanswered_at_usec == 0 || usec_sub(now_usec, unanswered_at_usec) < PATHWATCH_NOTICE_USEC)
        return false;
    return atomic_exchange(&marks->watched, false);
}
