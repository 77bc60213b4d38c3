/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * mvpnd as mvpn-dm sees it: policy goes there as text, and its status is asked. Never starts it, never decides what a policy says.
 */
#include "dm/error.h"

#include <stdbool.h>
#include <stdint.h>

struct sd_bus;

/* The whole policy; "" is none. 0 and its number; -EHOSTDOWN mvpnd is not there; -EINVAL it refused the text: both with a sentence. */
int mvpnd_apply(struct sd_bus *bus, const char *text, uint32_t *ret_generation, struct dm_error *error);
/* The one in force. free() it. */
int mvpnd_get_policy(struct sd_bus *bus, char **ret, struct dm_error *error);

/* What of its status matters here. Texts are "" where nothing applies. */
struct mvpnd_state {
    bool connected, roaming;
    bool blocked; /* nobody can be reached */
    bool user_may_disable; /* the word of administrator and organisation together */
    uint32_t rolled_back_generation; /* of the policy that was last taken back; 0: none */
    int64_t certificate_expires_in_sec;
    char rolled_back_because[512], state[32], last_error[512], gateway[256], virtual_ip[64], since[24], rx[24], tx[24];
};

/* Zeroed, and false, where mvpnd is not there. */
bool mvpnd_look(struct sd_bus *bus, struct mvpnd_state *ret);

/* When mvpn-dm wants to be called next (DoDue), in seconds from now; UINT64_MAX: not at all. Where mvpnd is not there it asks when it starts. */
void mvpnd_set_due(struct sd_bus *bus, uint64_t home_in_sec, uint64_t roaming_in_sec);

/* Has it try at once; whether it may is its own decision. */
void mvpnd_connect(struct sd_bus *bus);
