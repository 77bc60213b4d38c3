/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Name servers as files list them, when nobody on D-Bus knows better: /etc/resolv.conf, or what stands behind it where that only points at
 * a local stub. Never gives a loopback address: a stub asks over whatever link it likes, without our mark.
 */
#include "core/event.h"

#include <stdbool.h>

struct resolvconf_paths {
    const char *resolv_conf;
    const char *behind_stub[2]; /* the same from systemd-resolved and from NetworkManager; NULL: none */
};

extern const struct resolvconf_paths RESOLVCONF_PATHS; /* the system's */

/* Appends an address unless it is loopback, unspecified or multicast, is listed already, or the list is full. */
void server_list_add(struct resolved *list, const struct ip_addr *addr);

/* Appends the servers of this text; a zone (fe80::1%wlan0) must be the interface's. *ret_has_stub: a loopback address was among them. */
void resolvconf_parse(const char *text, const char *interface, struct resolved *list, bool *ret_has_stub);

/* Appends the servers that the files give for this interface. Files that are missing or unreadable give none. */
void resolvconf_read(const struct resolvconf_paths *paths, const char *interface, struct resolved *list);
