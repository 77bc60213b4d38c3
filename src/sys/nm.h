/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * NetworkManager: what it says of links (metered: configured, or guessed from what a hotspot's DHCP server gives away), and what it is told of
 * us: the tunnel interface is not its to manage, and its connectivity check, which is bound to base links, is suspended while these lead
 * nowhere. NetworkManager keeps that switch on disk; so do we keep that it was ours, and switch it back also after a crash or a flat battery.
 * That the tunnel is metered cannot be told: a device that is not managed has no such setting, and NetworkManager's own judgement of the whole
 * system goes by the device with the default route, which is still the base link. Never starts NetworkManager, never asks it for scans.
 */
#include "core/action.h"

#include <systemd/sd-bus.h>

enum nm_metered { NM_METERED_UNKNOWN, NM_METERED_YES, NM_METERED_NO };

struct nm;

/* state_dir: borrowed. changed: from the loop, when an answer of nm_metered() may be another one. */
int nm_new(const char *state_dir, void (*changed)(void *userdata), void *userdata, struct nm **ret);
void nm_free(struct nm *nm);
int nm_set_bus(struct nm *nm, sd_bus *bus); /* NULL: gone */
bool nm_present(const struct nm *nm);

/* The interfaces that are of interest from now on; those that are new are asked for. */
void nm_follow(struct nm *nm, const struct link_set *links);
enum nm_metered nm_metered(const struct nm *nm, const char *interface);

void nm_set_character(struct nm *nm, const struct character *character);
void nm_tunnel_made(struct nm *nm); /* the interface is a new one: NetworkManager knows nothing of it */
