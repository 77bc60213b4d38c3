/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * ModemManager: at home or roaming, with which operator, by which APN; for the interface that a modem's bearer or port names. Live.
 * A machine without ModemManager costs one match rule on the bus; one without a modem is never woken. Signal strength and byte counters,
 * which change all the time, are not listened to. Decides nothing: what roaming means is the core's matter.
 */
#include "core/link.h"

#include <systemd/sd-bus.h>

#define MODEM_OPERATOR_SIZE 8
#define MODEM_APN_SIZE      64

/* Of one interface. */
struct modem_info {
    bool registered; /* at home or abroad: what follows is known */
    bool roaming;
    char operator[MODEM_OPERATOR_SIZE]; /* MCC and MNC, 5 or 6 digits; "" unknown */
    char apn[MODEM_APN_SIZE]; /* "" unknown */
    uint8_t signal_percent; /* when it was last asked for; LINK_SIGNAL_UNKNOWN: never */
};

struct modems;

/* changed: from the loop, when an answer of modems_find() may be another one. */
int modems_new(void (*changed)(void *userdata), void *userdata, struct modems **ret);
void modems_free(struct modems *modems);
int modems_set_bus(struct modems *modems, sd_bus *bus); /* NULL: gone. What was known stays known until somebody says otherwise */
bool modems_present(const struct modems *modems); /* is ModemManager there? */

/* True: this interface is a modem's. */
bool modems_find(const struct modems *modems, const char *interface, struct modem_info *ret);
