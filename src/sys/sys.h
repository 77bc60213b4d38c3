/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The services around us, as one: what ModemManager and NetworkManager know of links, when the machine sleeps, and what resolver, NetworkManager
 * and others are told of the tunnel. Only services that run already; one that comes, goes or talks nonsense costs nothing else. Nothing polls.
 * Never decides what is wanted: that comes as ACTION_DNS and ACTION_CHARACTER.
 */
#include "core/action.h"

struct sd_bus; /* of libsystemd */
struct sd_event;

struct sys_options {
    const char *state_dir, *runtime_dir; /* borrowed */
};

/* From the loop, or from within sys_new() and the setters (say only). */
struct sys_ops {
    void (*links_changed)(void *userdata); /* sys_refine_links() would say something else now */
    void (*suspend)(void *userdata); /* sys_sleep_ready() lets the machine sleep */
    void (*resume)(void *userdata);
    void (*say)(void *userdata, int priority, const char *text); /* a line for the journal */
};

struct sys;

/* ops: borrowed. What a crash left in /etc/resolv.conf is taken back here. 0 or negative errno. */
int sys_new(struct sd_event *loop, const struct sys_options *options, const struct sys_ops *ops, void *userdata, struct sys **ret);
void sys_free(struct sys *sys); /* what was told stays told */
void sys_set_bus(struct sys *sys, struct sd_bus *bus); /* NULL: there is none now */

/* Type, metered, roaming, signal and network of each link, as far as the services know better. */
void sys_refine_links(struct sys *sys, struct link_set *links);

void sys_set_dns(struct sys *sys, const struct dns *dns);
void sys_set_character(struct sys *sys, const struct character *character);
void sys_tunnel_made(struct sys *sys); /* the tunnel interface is a new one */

void sys_sleep_ready(struct sys *sys);
void sys_compare_clocks(struct sys *sys); /* when the daemon was woken for another reason: perhaps by a resume */
