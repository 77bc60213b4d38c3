/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Five kinds of people. Decides nothing but when what happens to them.
 */
#include "sim/days_people.h"

#include "base/macro.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define AT(hours) (LIFE_BEGIN_USEC + (usec_t)((hours) * 3600e6))

const char *persona_name(enum persona persona)
{
    static const char *const names[N_PERSONAS] = { "commuter", "hotel Wi-Fi", "abroad", "flat battery", "hills" };

    return names[persona];
}

static usec_t between(struct life *life, usec_t low_usec, usec_t high_usec)
{
    return prng_between(&life->prng, low_usec, high_usec);
}

static bool chance(struct life *life, unsigned percent)
{
    return between(life, 0, 99) < percent;
}

static void add(struct life *life, usec_t at_usec, enum change_type type, enum place place, bool yes)
{
    assert(life->n_changes < LIFE_CHANGES_MAX);
    if (at_usec < LIFE_END_USEC)
        life->changes[life->n_changes++] = (struct change){ at_usec, type, place, yes };
}

static int by_time(const void *a, const void *b)
{
    const struct change *x = a, *y = b;

    if (x->at_usec != y->at_usec)
        return x->at_usec < y->at_usec ? -1 : 1;
    return x->type != y->type ? (x->type < y->type ? -1 : 1) : (int)x->place - (int)y->place;
}

/* ---- what happens again and again ---- */

static void often(struct life *life, enum change_type type, usec_t from_usec, usec_t until_usec, usec_t mean_usec)
{
    usec_t at_usec = from_usec + between(life, 0, mean_usec);

    for (; at_usec < until_usec; at_usec += between(life, mean_usec / 4, mean_usec * 7 / 4))
        add(life, at_usec, type, NO_PLACE, true);
}

/* Mail is fetched now and then; while its owner looks at it, the handset sends every few seconds. */
static void use(struct life *life, unsigned n_looks)
{
    often(life, CHANGE_SEND, LIFE_BEGIN_USEC, LIFE_END_USEC, MINUTES(13));
    often(life, CHANGE_PUSH, LIFE_BEGIN_USEC, LIFE_END_USEC, MINUTES(21));
    for (unsigned i = 0; i < n_looks; i++) {
        usec_t from_usec = AT(7) + between(life, 0, HOURS(16));
        often(life, CHANGE_SEND, from_usec, from_usec + between(life, SEC(20), MINUTES(8)), SEC(7));
    }
}

/* The radio hears nothing for a while; the modem says so only after some seconds, and needs some to come back. */
static void lose_coverage(struct life *life, enum place place, usec_t at_usec, usec_t span_usec)
{
    usec_t noticed_usec = between(life, SEC(2), SEC(15));

    add(life, at_usec, CHANGE_PATH, place, false);
    add(life, at_usec + span_usec, CHANGE_PATH, place, true);
    if (span_usec < noticed_usec)
        return;
    add(life, at_usec + noticed_usec, CHANGE_CELLULAR, NO_PLACE, true);
    add(life, at_usec + span_usec + between(life, SEC(1), SEC(5)), CHANGE_CELLULAR, place, true);
}

static void ride(struct life *life, enum place place, usec_t from_usec, usec_t until_usec, usec_t mean_usec, usec_t longest_usec)
{
    usec_t at_usec = from_usec;

    for (;;) {
        usec_t span_usec = between(life, SEC(1), longest_usec);
        at_usec += between(life, mean_usec / 4, mean_usec * 7 / 4);
        if (at_usec + span_usec + SEC(10) >= until_usec)
            return;
        lose_coverage(life, place, at_usec, span_usec);
        at_usec += span_usec + SEC(10);
    }
}

/* The access point is lost for a moment; or it is there, and nothing passes. */
static void poor_wifi(struct life *life, enum place place, usec_t from_usec, usec_t until_usec)
{
    for (usec_t at_usec = from_usec;;) {
        at_usec += between(life, MINUTES(8), MINUTES(40));
        if (at_usec + MINUTES(1) >= until_usec)
            return;
        if (chance(life, 70)) {
            add(life, at_usec, CHANGE_WIFI, NO_PLACE, true);
            add(life, at_usec + between(life, MSEC(200), SEC(5)), CHANGE_WIFI, place, true);
        } else {
            add(life, at_usec, CHANGE_PATH, place, false);
            add(life, at_usec + between(life, SEC(2), SEC(30)), CHANGE_PATH, place, true);
        }
    }
}

static void restart_gateway(struct life *life, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        usec_t at_usec = AT(1 + i * 11) + between(life, 0, HOURS(10));
        add(life, at_usec, CHANGE_GATEWAY, NO_PLACE, false);
        add(life, at_usec + between(life, SEC(5), SEC(90)), CHANGE_GATEWAY, NO_PLACE, true);
    }
}

/* In a pocket: awake for a moment now and then. */
static void doze(struct life *life, usec_t from_usec, usec_t until_usec)
{
    for (usec_t at_usec = from_usec; at_usec < until_usec; at_usec += between(life, MINUTES(3), MINUTES(45))) {
        add(life, at_usec, CHANGE_SLEEP, NO_PLACE, false);
        add(life, at_usec + SEC(1), CHANGE_SEND, NO_PLACE, true);
        at_usec += between(life, SEC(10), MINUTES(2));
        add(life, at_usec, CHANGE_SLEEP, NO_PLACE, true);
    }
}

static void be_off(struct life *life, usec_t from_usec, usec_t span_usec)
{
    add(life, from_usec, CHANGE_POWER, NO_PLACE, false);
    add(life, from_usec + span_usec, CHANGE_POWER, NO_PLACE, true);
}

/* Wi-Fi from here on; half of the handsets drop the cellular link meanwhile. */
static void come_to(struct life *life, enum place wifi, enum place cellular, usec_t at_usec, usec_t until_usec, bool drops)
{
    add(life, at_usec, CHANGE_WIFI, wifi, true);
    add(life, until_usec, CHANGE_WIFI, NO_PLACE, true);
    if (!drops)
        return;
    add(life, at_usec + SEC(20), CHANGE_CELLULAR, NO_PLACE, true);
    add(life, until_usec + between(life, SEC(1), SEC(6)), CHANGE_CELLULAR, cellular, true);
}

/* ---- people ---- */

static void commute(struct life *life)
{
    bool drops = chance(life, 50);

    add(life, LIFE_BEGIN_USEC, CHANGE_CELLULAR, PLACE_CELLULAR, true);
    come_to(life, PLACE_HOME, PLACE_CELLULAR, LIFE_BEGIN_USEC + SEC(1), AT(7.8), drops);
    ride(life, PLACE_CELLULAR, AT(7.9), AT(8.7), MINUTES(4), SEC(40));
    come_to(life, PLACE_OFFICE, PLACE_CELLULAR, AT(8.8), AT(17.3), drops);
    ride(life, PLACE_CELLULAR, AT(17.4), AT(18.2), MINUTES(4), SEC(40));
    come_to(life, PLACE_HOME, PLACE_CELLULAR, AT(18.3), LIFE_END_USEC, drops);
    restart_gateway(life, chance(life, 5));
    use(life, (unsigned)between(life, 10, 30));
}

static void sleep_in_hotel(struct life *life, enum place cellular)
{
    usec_t login_usec = between(life, MINUTES(1), MINUTES(10));

    come_to(life, PLACE_HOTEL, cellular, LIFE_BEGIN_USEC + SEC(1), AT(8), false);
    poor_wifi(life, PLACE_HOTEL, LIFE_BEGIN_USEC, AT(8));
    add(life, AT(18) - SEC(1), CHANGE_PATH, PLACE_HOTEL, false); /* captive, until somebody logs in */
    come_to(life, PLACE_HOTEL, cellular, AT(18), LIFE_END_USEC, false);
    add(life, AT(18) + login_usec, CHANGE_PATH, PLACE_HOTEL, true);
    poor_wifi(life, PLACE_HOTEL, AT(18) + login_usec, LIFE_END_USEC);
}

static void live_in_hotel(struct life *life)
{
    bool indoors = chance(life, 30); /* no other network in the room */

    add(life, LIFE_BEGIN_USEC, CHANGE_CELLULAR, indoors ? NO_PLACE : PLACE_CELLULAR, true);
    sleep_in_hotel(life, PLACE_CELLULAR);
    add(life, AT(8), CHANGE_CELLULAR, PLACE_CELLULAR, true);
    add(life, AT(18.1), CHANGE_CELLULAR, indoors ? NO_PLACE : PLACE_CELLULAR, true);
    use(life, (unsigned)between(life, 10, 30));
}

static void travel(struct life *life)
{
    life->roaming_keepalive = chance(life, 50);
    add(life, LIFE_BEGIN_USEC, CHANGE_CELLULAR, PLACE_ABROAD, true);
    if (chance(life, 40))
        sleep_in_hotel(life, PLACE_ABROAD);
    ride(life, PLACE_ABROAD, AT(9), AT(17), MINUTES(40), MINUTES(3));
    use(life, (unsigned)between(life, 5, 20));
}

static void save_power(struct life *life)
{
    add(life, LIFE_BEGIN_USEC, CHANGE_CELLULAR, PLACE_CELLULAR, true);
    come_to(life, PLACE_HOME, PLACE_CELLULAR, LIFE_BEGIN_USEC + SEC(1), AT(8), true);
    come_to(life, PLACE_HOME, PLACE_CELLULAR, AT(19), LIFE_END_USEC, true);
    doze(life, AT(0.1), LIFE_END_USEC);
    if (chance(life, 70))
        be_off(life, AT(9) + between(life, 0, HOURS(3)), between(life, MINUTES(20), HOURS(5)));
    often(life, CHANGE_PUSH, LIFE_BEGIN_USEC, LIFE_END_USEC, MINUTES(21));
}

static void hike(struct life *life)
{
    add(life, LIFE_BEGIN_USEC, CHANGE_CELLULAR, PLACE_CELLULAR, true);
    if (chance(life, 50))
        come_to(life, PLACE_HOME, PLACE_CELLULAR, LIFE_BEGIN_USEC + SEC(1), AT(7), true);
    ride(life, PLACE_CELLULAR, AT(7.1), AT(20), MINUTES(12), MINUTES(15));
    restart_gateway(life, (unsigned)between(life, 0, 2));
    use(life, (unsigned)between(life, 2, 15));
}

/* ---- networks ---- */

static struct nat_model some_nat(struct life *life, const unsigned *lifetimes_sec, unsigned n, unsigned young_percent, enum nat_kind kind)
{
    usec_t lifetime_usec = SEC(lifetimes_sec[between(life, 0, n - 1)]);

    return (struct nat_model){ .kind = kind,
        .stream_usec = lifetime_usec,
        .young_usec = lifetime_usec * young_percent / 100,
        .inbound_refreshes = true,
        .loss_percent = chance(life, 60) ? 0 : (unsigned)between(life, 1, 2),
        .delay_min_usec = MSEC(15),
        .delay_max_usec = MSEC(60) };
}

static void make_places(struct life *life)
{
    static const unsigned home[] = { 120 }, office[] = { 60, 120, 180, 300 }, hotel[] = { 30 }, cellular[] = { 30, 60, 120, 180, 300 };
    struct life_place *places = life->places;

    places[PLACE_HOME].nat = some_nat(life, home, ELEMENTSOF(home), 25, NAT_KIND_PRESERVING);
    places[PLACE_OFFICE].nat = some_nat(life, office, ELEMENTSOF(office), 100, NAT_KIND_RANDOM);
    places[PLACE_HOTEL].nat = some_nat(life, hotel, ELEMENTSOF(hotel), 100, NAT_KIND_PRESERVING);
    places[PLACE_CELLULAR].nat = some_nat(life, cellular, ELEMENTSOF(cellular), 100, NAT_KIND_RANDOM);
    places[PLACE_ABROAD].nat = some_nat(life, cellular, ELEMENTSOF(cellular), 100, NAT_KIND_RANDOM);
    places[PLACE_HOTEL].nat.loss_percent += 2;
    places[PLACE_HOTEL].nat.delay_max_usec = MSEC(400);
    for (enum place place = 0; place < N_PLACES; place++) {
        bool strange = place == PLACE_HOTEL || place == PLACE_ABROAD;
        places[place].known = chance(life, strange ? 10 : 75);
        places[place].wakes = chance(life, 50);
    }
}

void life_make(struct life *life, enum persona persona, uint64_t seed)
{
    static void (*const days[N_PERSONAS])(struct life *) = { commute, live_in_hotel, travel, save_power, hike };

    memset(life, 0, offsetof(struct life, changes));
    life->persona = persona;
    life->prng.state = seed;
    life->mobike = chance(life, 90);
    life->roaming_keepalive = true;
    make_places(life);
    add(life, LIFE_BEGIN_USEC, CHANGE_POWER, NO_PLACE, true);
    days[persona](life);
    qsort(life->changes, life->n_changes, sizeof(life->changes[0]), by_time);
}
