/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Whose handset it is: a person's day as a list of changes, the networks it leads through and the NATs of these, all drawn from a seed. The
 * list is made before the day begins, so that it is the same whatever mvpn does in it.
 */
#include "sim/handset.h"

#define LIFE_CHANGES_MAX 16384
#define LIFE_BEGIN_USEC  SEC(100)
#define LIFE_END_USEC    (LIFE_BEGIN_USEC + HOURS(24))

enum persona {
    PERSONA_COMMUTER,
    PERSONA_HOTEL,
    PERSONA_ABROAD,
    PERSONA_FLAT_BATTERY,
    PERSONA_HILLS,
};
#define N_PERSONAS (PERSONA_HILLS + 1)

struct life_place {
    struct nat_model nat;
    bool known; /* the lifetime, from an earlier day */
    bool wakes; /* Wi-Fi with WoWLAN */
};

struct life {
    enum persona persona;
    struct prng prng;
    bool mobike; /* the gateway's */
    bool roaming_keepalive;
    struct life_place places[N_PLACES];
    uint32_t n_changes;
    struct change changes[LIFE_CHANGES_MAX];
};

const char *persona_name(enum persona persona);
void life_make(struct life *life, enum persona persona, uint64_t seed);
