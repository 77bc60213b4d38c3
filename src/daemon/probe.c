/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NAT probing's two adapters for the daemon: sockets towards the STUN server, and what is known of networks that were visited. Both exist from
 * the first action that needs them. Decides nothing; what cannot be done is an event, or (the disk) a line in the journal.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/macro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

static void on_prober(void *userdata, const struct event *event)
{
    daemon_push(userdata, event);
}

static int get_prober(struct daemon *daemon)
{
    uint32_t mark = daemon->settings->policy.mark;

    if (!daemon->prober)
        return prober_new(daemon->loop, mark, on_prober, daemon, &daemon->prober);
    prober_set_mark(daemon->prober, mark);
    return 0;
}

static void send_probe(struct daemon *daemon, const struct probe_send *request)
{
    struct event failed = { .type = EVENT_PROBE_FAILED };
    int r = get_prober(daemon);

    if (r >= 0)
        r = prober_send(daemon->prober, request);
    if (r >= 0)
        return;
    failed.probe_failed = (struct probe_failed){ .slot = request->slot, .tag = request->tag };
    daemon_push(daemon, &failed);
}

/* A clock that is known to be wrong is not believed. */
static int64_t now_sec(const struct daemon *daemon)
{
    return MAX_OF(clock_realtime_sec(), daemon_wallclock_floor_sec(daemon));
}

/* NULL: no memory. What is damaged is lost, and told once. */
static struct natcache *get_cache(struct daemon *daemon)
{
    unsigned n_dropped = 0;
    int r;

    if (daemon->natcache)
        return daemon->natcache;
    daemon->natcache = calloc(1, sizeof(*daemon->natcache));
    if (!daemon->natcache)
        return NULL;
    r = store_load_nat(daemon->store, now_sec(daemon), daemon->natcache, &n_dropped);
    if (r < 0)
        journal_say(LOG_WARNING, "What is known of networks' NATs could not be read from %s: %s. It will be measured again.", daemon->paths.state_dir,
            strerror(-r));
    else if (n_dropped > 0)
        journal_say(LOG_WARNING, "%u damaged or incredible lines of %s/nat-cache are ignored; those networks will be measured again.", n_dropped,
            daemon->paths.state_dir);
    return daemon->natcache;
}

static void recall(struct daemon *daemon, const struct nat_knowledge *wanted)
{
    struct event event = { .type = EVENT_NAT_RECALLED };
    struct natcache *cache = get_cache(daemon);

    event.nat = *wanted;
    event.nat.method = NAT_METHOD_NONE;
    if (cache)
        natcache_recall(cache, now_sec(daemon), &event.nat);
    daemon_push(daemon, &event);
}

/* A cache that cannot be written is still one until the end of the daemon. */
static void remember(struct daemon *daemon, const struct nat_knowledge *knowledge)
{
    struct natcache *cache = get_cache(daemon);
    int r;

    if (!cache || !natcache_remember(cache, now_sec(daemon), knowledge))
        return;
    r = store_save_nat(daemon->store, cache);
    if (r < 0 && r != daemon->natcache_error)
        journal_say(LOG_WARNING, "How long this network's NAT keeps a mapping could not be recorded in %s: %s", daemon->paths.state_dir, strerror(-r));
    daemon->natcache_error = r;
}

void daemon_probe(struct daemon *daemon, const struct action *action)
{
    if (action->type == ACTION_PROBE_SEND)
        send_probe(daemon, &action->probe_send);
    else if (action->type == ACTION_PROBE_CLOSE && daemon->prober)
        prober_close(daemon->prober, action->probe_slot);
    else if (action->type == ACTION_NAT_RECALL)
        recall(daemon, &action->nat);
    else if (action->type == ACTION_NAT_REMEMBER)
        remember(daemon, &action->nat);
}

void daemon_free_probe(struct daemon *daemon)
{
    prober_free(daemon->prober);
    free(daemon->natcache);
}
