/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Half as long again at each trial until a change is seen, then the middle of what is left.
 */
#include "core/natmobike.h"

#include "base/macro.h"

#define REST_KEEPALIVES 12 /* between trials: what arrives late because of one stays rare */
#define BLIND_MAX_USEC  MINUTES(2) /* RFC 4787, REQ-5: where nothing shows, nobody is kept waiting longer */
#define NARROW_PERCENT  10
#define SHORTEST_USEC   SEC(3)

/* The longest silence that is worth a trial. */
static usec_t longest(const struct natmobike *mobike)
{
    return mobike->changed_usec == USEC_INFINITY ? MIN_OF(mobike->longest_usec, BLIND_MAX_USEC) : mobike->longest_usec;
}

static usec_t next_trial(const struct natmobike *mobike, usec_t survived_usec)
{
    if (mobike->changed_usec == USEC_INFINITY)
        return MIN_OF(survived_usec + survived_usec / 2, longest(mobike));
    return survived_usec + (mobike->changed_usec - survived_usec) / 2;
}

static bool is_narrow(const struct natmobike *mobike)
{
    return mobike->changed_usec != USEC_INFINITY && mobike->survived_usec != 0 &&
           mobike->changed_usec - mobike->survived_usec <= mobike->changed_usec * NARROW_PERCENT / 100;
}

void natmobike_start(struct natmobike *mobike, usec_t interval_usec, usec_t longest_usec)
{
    *mobike = (struct natmobike){
        .longest_usec = longest_usec,
        .changed_usec = USEC_INFINITY,
        .trial_usec = interval_usec,
        .n_until_trial = REST_KEEPALIVES,
        .started = true,
        .done = interval_usec >= MIN_OF(longest_usec, BLIND_MAX_USEC),
    };
}

usec_t natmobike_interval(const struct natmobike *mobike, usec_t usual_usec)
{
    return mobike->trying ? MAX_OF(mobike->trial_usec, usual_usec) : usual_usec;
}

static void settle(struct natmobike *mobike, usec_t last_in_at_usec)
{
    usec_t asked_usec = mobike->asked_usec;

    mobike->asked_usec = 0;
    if (last_in_at_usec < mobike->asked_at_usec) { /* it was not answered: the path's trouble, perhaps the mapping's */
        mobike->n_until_trial = 4 * REST_KEEPALIVES;
        return;
    }
    mobike->survived_usec = MAX_OF(mobike->survived_usec, asked_usec);
    if (mobike->survived_usec >= mobike->changed_usec)
        mobike->changed_usec = USEC_INFINITY; /* now, but not then: it has become longer */
    mobike->done = asked_usec >= longest(mobike) / 10 * 9 || is_narrow(mobike); /* a timer may be early */
    mobike->trial_usec = next_trial(mobike, mobike->survived_usec);
}

bool natmobike_on_due(struct natmobike *mobike, usec_t now_usec, usec_t silence_usec, usec_t last_in_at_usec)
{
    if (!mobike->started || mobike->done)
        return false;
    if (mobike->asked_usec)
        settle(mobike, last_in_at_usec);
    if (mobike->trying) {
        mobike->trying = false;
        mobike->n_until_trial = REST_KEEPALIVES;
        mobike->asked_usec = silence_usec;
        mobike->asked_at_usec = now_usec;
        return true;
    }
    if (mobike->n_until_trial > 0)
        mobike->n_until_trial--;
    mobike->trying = mobike->n_until_trial == 0 && !mobike->done;
    if (!mobike->trying || mobike->has_baseline)
        return false;
    mobike->has_baseline = true;
    return true;
}

usec_t natmobike_on_changed(struct natmobike *mobike)
{
    if (!mobike->started)
        return 0;
    if (mobike->asked_usec) {
        mobike->changed_usec = MIN_OF(mobike->changed_usec, mobike->asked_usec);
        mobike->asked_usec = 0;
        if (mobike->survived_usec >= mobike->changed_usec) /* then, but not now: it counts for nothing */
            mobike->survived_usec = 0;
        mobike->trial_usec =
            mobike->survived_usec ? next_trial(mobike, mobike->survived_usec) : mobike->changed_usec / 3 * 2;
        mobike->done = is_narrow(mobike) || mobike->trial_usec < SHORTEST_USEC;
    }
    return natmobike_lifetime(mobike);
}

usec_t natmobike_lifetime(const struct natmobike *mobike)
{
    return mobike->changed_usec == USEC_INFINITY ? 0 : mobike->survived_usec;
}
