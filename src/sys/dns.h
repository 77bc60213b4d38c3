/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The system's resolver, told of the tunnel's name servers: systemd-resolved over D-Bus; and /etc/resolv.conf where it is not resolved's own, by
 * resolvconf(8) or by writing it. Says it again when resolved was started anew, when the interface is a new one, and when somebody else has
 * written /etc/resolv.conf. Decides nothing about which servers; leaves DNSSEC as it is.
 */
#include "core/action.h"
#include "sys/resolvprog.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct dns_paths {
    const char *resolv_conf;
    const char *runtime_dir;
    const struct resolvprog_paths *program;
};

/* A line for the journal; priority as in syslog(3). */
typedef void (*dns_say)(void *userdata, int priority, const char *text);

struct dns_setup;

/* What a crash left is taken back at once. paths: borrowed. */
int dns_setup_new(sd_event *loop, const struct dns_paths *paths, dns_say say, void *userdata, struct dns_setup **ret);
void dns_setup_free(struct dns_setup *setup); /* what was told stays told */
int dns_setup_set_bus(struct dns_setup *setup, sd_bus *bus); /* NULL: gone */
bool dns_setup_has_resolved(const struct dns_setup *setup);
void dns_setup_set(struct dns_setup *setup, const struct dns *dns);
void dns_setup_tunnel_made(struct dns_setup *setup);
