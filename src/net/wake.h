/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What wakes the device while it sleeps: a Wi-Fi card that can is told to wake it for the gateway's packets, as long as the tunnel stands over
 * it, and is told what it was told before when that ends. Reads which packets of a wired card do. Never chooses a link, never waits for more
 * than the kernel's answer; where there is no nl80211 it does nothing.
 */
#include "core/action.h"

struct wake;

int wake_new(struct wake **ret);
void wake_free(struct wake *wake); /* the card is left as it was before us */

/* ACTION_CHARACTER. Idempotent. 0 also where the card can do nothing of the kind; negative errno: the kernel refused. */
int wake_set(struct wake *wake, const struct character *character);

/*
 * Wake-on-LAN of a wired card: does it wake for packets of its own address? A card that wakes for magic packets alone is woken by no tunnel.
 * True where the card has no such choice: then sysfs has said all there is to say.
 */
bool wake_wired(const char *interface);
