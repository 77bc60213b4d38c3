/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which name servers belong to a link: one search, asking systemd-resolved, then NetworkManager, then files; the first that knows any
 * wins. Only asks services that run already. Never asks a name server anything.
 */
#include "core/action.h"
#include "core/event.h"
#include "sys/resolvconf.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct servers;

/* Once, from the loop. The search may be freed within. */
typedef void (*servers_done)(void *userdata, const struct resolved *found);

/* bus: NULL: only files. paths: borrowed. */
int servers_new(sd_event *loop, sd_bus *bus, const struct resolvconf_paths *paths, const struct resolve_request *request,
    servers_done done, void *userdata, struct servers **ret);
void servers_free(struct servers *servers); /* no call any more */
