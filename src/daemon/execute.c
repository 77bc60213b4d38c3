/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Actions into calls of adapters. What an adapter refuses becomes an event for the core (or a line in the journal where the core cannot
 * help). Never skips, never reorders: the order is the core's, and it begins with the firewall.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/cleanup.h"

#include <mvpn/messages.h>

#include <errno.h>
#include <string.h>
#include <syslog.h>

/* The ruleset stands without the policies; so that is told, once, and no failure. */
static void tell_policies(struct daemon *daemon)
{
    int r = daemon->fw ? fw_policies_result(daemon->fw) : 0;

    if (r == daemon->policies_error)
        return;
    daemon->policies_error = r;
    if (r == -EOPNOTSUPP)
        journal_say(LOG_NOTICE, "This kernel has no XFRM policies: while another program has flushed the firewall, sockets bound to an interface are blocked only after a moment.");
    else if (r < 0)
        journal_say(LOG_WARNING, "The XFRM policies of lockdown could not all be set: %s. The firewall stands without them.", strerror(-r));
}

static bool apply_firewall(struct daemon *daemon, const struct lockdown *lockdown)
{
    int r = daemon->fw ? fw_apply(daemon->fw, lockdown) : lockdown->active ? -EOPNOTSUPP : 0;

    daemon->firewall_error = r;
    if (r < 0)
        journal_say_known(LOG_CRIT, MVPN_MESSAGE_LOCKDOWN_FAILED, "The firewall could not be %s: %s: %s", lockdown->active ? "installed" : "removed", strerror(-r),
            daemon->fw ? fw_error(daemon->fw) : "the kernel has no nftables");
    else
        daemon->lockdown = *lockdown;
    if (r >= 0 && lockdown->active)
        tell_policies(daemon);
    return r >= 0;
}

bool daemon_restore_firewall(struct daemon *daemon)
{
    struct lockdown again = daemon->lockdown;

    return apply_firewall(daemon, &again);
}

void daemon_apply_routing(struct daemon *daemon, const struct routing *routing)
{
    int r;

    if (routing->active && !daemon->tunnel_open)
        daemon_open_tunnel(daemon);
    r = net_apply(daemon->net, routing);
    if (r < 0)
        journal_say(LOG_WARNING, "Rules or routes could not all be set: %s", strerror(-r));
    if (!routing->active)
        daemon_lose_tunnel(daemon);
    daemon->routing = *routing;
}

static void save_record(struct daemon *daemon, const struct record *record)
{
    struct store_record wanted = daemon->record;

    wanted.known = true;
    wanted.enabled = record->enabled;
    daemon->store_error = store_save(daemon->store, &wanted);
    if (daemon->store_error < 0) {
        daemon_push_simple(daemon, EVENT_STORE_FAILED);
        journal_say(LOG_ERR, "That the VPN is %s could not be recorded in %s: %s", record->enabled ? "enabled" : "disabled",
            daemon->paths.state_dir, strerror(-daemon->store_error));
    } else {
        daemon->record = wanted;
    }
}

static void on_resolver(void *userdata, const struct event *event)
{
    struct daemon *daemon = userdata;

    if (event->type == EVENT_RESOLVED && event->resolved.n_addrs > 0) {
        net_set_interest(daemon->net, event->resolved.n_addrs, event->resolved.addrs);
        daemon_push_links(daemon);
    }
    daemon_push(daemon, event);
}

static int get_resolver(struct daemon *daemon)
{
    uint32_t mark = daemon->settings->policy.mark;

    if (daemon->resolver && daemon->resolver_mark == mark)
        return 0;
    resolver_free(daemon->resolver);
    daemon->resolver = NULL;
    daemon->resolver_mark = mark;
    return resolver_new(daemon->loop, daemon->system_bus, mark, on_resolver, daemon, &daemon->resolver);
}

static void resolve(struct daemon *daemon, const struct action *action)
{
    bool find = action->type == ACTION_FIND_RESOLVERS;
    int r = get_resolver(daemon);

    if (r >= 0)
        r = find ? resolver_find_servers(daemon->resolver, &action->resolve) : resolver_query(daemon->resolver, &action->resolve);
    if (r < 0) {
        struct event event = { .type = find ? EVENT_RESOLVERS : EVENT_RESOLVED };
        event.resolved.id = action->resolve.id; /* no addresses: the same shape for both */
        daemon_push(daemon, &event);
    }
}

static int start_ike(struct daemon *daemon)
{
    const bool kernel = daemon_uses_kernel(daemon); /* this makes the choice */
    const struct ike_options options = {
        .settings = daemon->settings,
        .crl_dir = store_crl_dir(daemon->store),
        .wallclock_floor_sec = daemon_wallclock_floor_sec(daemon),
        .kernel = kernel,
        .offload = daemon->data_path.offload == OFFLOAD_SOUND,
        .tun_fd = daemon->tun_fd,
    };
    int r;

    if (!daemon->ike_runs)
        daemon_start_guard(daemon);
    r = daemon->ike_runs ? 0 : ike_start(daemon->ike, &options);

    if (r < 0) {
        snprintf(daemon->detail, sizeof(daemon->detail), "%s", ike_error(daemon->ike));
        journal_say(LOG_ERR, "IKE could not be started: %s", daemon->detail);
        return r;
    }
    daemon->ike_runs = true;
    return 0;
}

static enum reason reason_of_start_failure(int r)
{
    return r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EIO || r == -ELIBACC || r == -ELIBBAD ? REASON_INTERNAL_ERROR
                                                                                                       : REASON_CERTIFICATE_INVALID;
}

static void initiate(struct daemon *daemon, const struct action *action)
{
    struct event event = { .type = EVENT_IKE_FAILED, .failure = { .attempt = action->initiate.attempt } };
    int r = start_ike(daemon);

    if (r < 0) {
        event.failure.reason = reason_of_start_failure(r);
        daemon_push(daemon, &event);
        return;
    }
    daemon->detail[0] = '\0';
    r = ike_execute(daemon->ike, action);
    if (r < 0) {
        journal_say(LOG_ERR, "The attempt could not be started: %s: %s", strerror(-r), ike_error(daemon->ike));
        event.failure.reason = REASON_INTERNAL_ERROR;
        daemon_push(daemon, &event);
    }
}

/* Where IKE could not be started nobody looks out for a packet: trying once more tells why, and the core then says so. */
static void watch_demand(struct daemon *daemon, const struct action *action)
{
    if (!daemon->ike_runs || ike_execute(daemon->ike, action) < 0)
        daemon_push_simple(daemon, EVENT_DEMAND);
}

/* Without it the device sleeps as it did before: worth a line, and no more. */
static void set_wake(struct daemon *daemon, const struct character *character)
{
    int r = daemon->wake ? wake_set(daemon->wake, character) : 0;

    if (r < 0)
        journal_say(LOG_NOTICE, "%s cannot be told to wake this device for the tunnel's packets: %s", character->base_interface, strerror(-r));
}

bool daemon_execute(struct daemon *daemon, const struct action *action)
{
    switch (action->type) {
    case ACTION_FIREWALL:
        return apply_firewall(daemon, action->lockdown);
    case ACTION_ROUTING:
        daemon_apply_routing(daemon, action->routing);
        break;
    case ACTION_STORE:
        save_record(daemon, &action->record);
        break;
    case ACTION_FIND_RESOLVERS:
    case ACTION_RESOLVE:
        resolve(daemon, action);
        break;
    case ACTION_RESOLVE_CANCEL:
        if (daemon->resolver)
            resolver_cancel(daemon->resolver);
        break;
    case ACTION_IKE_START:
        start_ike(daemon); /* a failure shows at the first initiate */
        break;
    case ACTION_IKE_STOP:
        ike_stop(daemon->ike);
        daemon->ike_runs = false;
        break;
    case ACTION_IKE_INITIATE:
        initiate(daemon, action);
        break;
    case ACTION_WATCH_DEMAND:
        watch_demand(daemon, action);
        break;
    case ACTION_IKE_MIGRATE:
    case ACTION_IKE_LIVENESS:
    case ACTION_IKE_TERMINATE:
    case ACTION_KEEPALIVE:
    case ACTION_OFFLOAD_KEEPALIVES:
    case ACTION_WATCH_TRAFFIC:
    case ACTION_FETCH_REPLY:
        if (daemon->ike_runs)
            ike_execute(daemon->ike, action);
        break;
    case ACTION_PROBE_SEND:
    case ACTION_PROBE_CLOSE:
    case ACTION_NAT_RECALL:
    case ACTION_NAT_REMEMBER:
        daemon_probe(daemon, action);
        break;
    case ACTION_DNS:
        sys_set_dns(daemon->sys, action->dns);
        break;
    case ACTION_CHARACTER:
        sys_set_character(daemon->sys, action->character);
        set_wake(daemon, action->character);
        break;
    case ACTION_REMEMBER:
        daemon_remember_tunnel(daemon, action->tunnel);
        break;
    case ACTION_SLEEP_READY:
        sys_sleep_ready(daemon->sys);
        break;
    }
    return true;
}
