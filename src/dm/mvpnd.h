/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpnd as mvpn-dm sees it: policy goes there as text, and its status is asked. Never starts it, never decides what a policy says.
 */
#include "dm/error.h"

#include <stdbool.h>
#include <stdint.h>

struct sd_bus;

/* The whole policy; "" is none. 0; -EHOSTDOWN mvpnd is not there; -EINVAL it refused the text: both with a sentence. */
int mvpnd_apply(struct sd_bus *bus, const char *text, struct dm_error *error);

/* What of its status matters here. Texts are "" where nothing applies. */
struct mvpnd_state {
    bool connected, roaming;
    bool blocked; /* nobody can be reached */
    bool policy_taken_back; /* the last one that it was given, as its tunnel did not come up */
    int64_t certificate_expires_in_sec;
    char state[32], last_error[256], gateway[256], virtual_ip[64], since[24], rx[24], tx[24];
};

/* Zeroed, and false, where mvpnd is not there. */
bool mvpnd_look(struct sd_bus *bus, struct mvpnd_state *ret);

/* Has it try at once; whether it may is its own decision. */
void mvpnd_connect(struct sd_bus *bus);
