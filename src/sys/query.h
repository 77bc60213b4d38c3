/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One name asked of given servers: A and AAAA side by side, from sockets that are marked and bound to the link before they are connected.
 * No hosts file, no search domains, no cache, no environment. Ends by itself after QUERY_LIMIT at the latest; idle it does not exist.
 */
#include "core/action.h"
#include "core/event.h"

#include <systemd/sd-event.h>

#define QUERY_TRIES        3
#define QUERY_TRY_MSEC     1000 /* first round; c-ares doubles it with each round over all servers */
#define QUERY_LIMIT_USEC   SEC(7)
#define QUERY_SETTLE_USEC  SEC(1) /* one family has answered: the other gets this much longer */

struct query;

/* Once, from the loop; n_addrs 0: no address. IPv6 before IPv4. The query may be freed within. */
typedef void (*query_done)(void *userdata, const struct resolved *answer);

int query_new(sd_event *loop, uint32_t mark, const struct resolve_request *request, query_done done, void *userdata, struct query **ret);
void query_free(struct query *query); /* no call any more */

/* Could this be a host's name? Letters, digits, '-' and '_', labels of 1 to 63, 253 in all; one dot at the end is allowed. */
bool query_name_is_valid(const char *name);
