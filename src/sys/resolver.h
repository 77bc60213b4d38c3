/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Names to addresses under lockdown: which name servers a link has (resolved's, NetworkManager's, else resolv.conf as it was, never 127/8), and
 * queries to just those, from sockets that are marked and bound to the link, by c-ares on the daemon's loop.
 * Never uses libc's resolver, never asks over another link, never decides when.
 */
#include "core/action.h"
#include "core/event.h"

struct sd_bus; /* of libsystemd */
struct sd_event;

struct resolver;

/* Called from the loop with EVENT_RESOLVERS or EVENT_RESOLVED; never from inside the functions below. */
typedef void (*resolver_callback)(void *userdata, const struct event *event);

/* bus: borrowed system bus for resolved and NetworkManager; NULL: only files. */
int resolver_new(struct sd_event *loop, struct sd_bus *bus, uint32_t mark, resolver_callback callback, void *userdata, struct resolver **ret);
void resolver_free(struct resolver *resolver);

/*
 * ACTION_FIND_RESOLVERS and ACTION_RESOLVE; a new request of the same kind and id replaces the old. Several ids may be under way.
 * 0 or negative errno.
 */
int resolver_find_servers(struct resolver *resolver, const struct resolve_request *request);
int resolver_query(struct resolver *resolver, const struct resolve_request *request);
void resolver_cancel(struct resolver *resolver); /* all */
