/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's actions carried out on paper. Decides only one thing: whether what the core asked for may be asked for. The checks that look at a
 * whole state are in invariants.c.
 */
#include "support/mirror.h"

#include "base/macro.h"
#include "support/invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool mirror_init(struct mirror *mirror, const struct policy *policy, uint64_t seed)
{
    memset(mirror, 0, sizeof(*mirror));
    mirror->core = core_new(policy, seed);
    mirror->policy = *policy;
    mirror->deadline.at_usec = USEC_INFINITY;
    mirror->hash = UINT64_C(14695981039346656037);
    if (mirror->core)
        core_get_status(mirror->core, &mirror->status);
    return mirror->core != NULL;
}

void mirror_done(struct mirror *mirror)
{
    core_free(mirror->core);
    mirror->core = NULL;
}

void mirror_violate(struct mirror *mirror, const char *format, ...)
{
    va_list ap;

    if (mirror->violation[0])
        return; /* the first one is the cause */
    va_start(ap, format);
    vsnprintf(mirror->violation, sizeof(mirror->violation), format, ap);
    va_end(ap);
}

const struct action *mirror_action(const struct mirror *mirror, enum action_type type)
{
    for (uint32_t i = 0; i < mirror->actions.n_actions; i++)
        if (mirror->actions.actions[i].type == type)
            return &mirror->actions.actions[i];
    return NULL;
}

static bool has_family(const struct link *link, uint8_t family)
{
    for (uint32_t i = 0; i < link->n_addrs; i++)
        if (link->addrs[i].addr.family == family)
            return true;
    return false;
}

bool mirror_link_reaches(const struct mirror *mirror, const struct link *link, const struct ip_addr *addr)
{
    if (link->type >= LINK_TYPE_TUNNEL || !link->up || !link->carrier ||
        strcmp(link->name, mirror->policy.interface) == 0)
        return false;
    for (uint32_t i = 0; i < link->n_routes; i++) {
        const struct ip_prefix *to = &link->routes[i].destination;
        if (has_family(link, to->addr.family) && (!addr || ip_prefix_contains(to, addr)))
            return true;
    }
    return false;
}

/* --- carrying out --- */

static void hash_bytes(struct mirror *mirror, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;

    for (size_t i = 0; i < n; i++)
        mirror->hash = (mirror->hash ^ p[i]) * UINT64_C(1099511628211);
}

/* By value, never by pointer. */
static void hash_action(struct mirror *mirror, const struct action *action)
{
    hash_bytes(mirror, &mirror->now_usec, sizeof(mirror->now_usec));
    hash_bytes(mirror, &action->type, sizeof(action->type));
    if (action->type == ACTION_FIREWALL)
        hash_bytes(mirror, action->lockdown, sizeof(*action->lockdown));
    else if (action->type == ACTION_ROUTING)
        hash_bytes(mirror, action->routing, sizeof(*action->routing));
    else if (action->type == ACTION_IKE_INITIATE)
        hash_bytes(mirror, &action->initiate.attempt, sizeof(action->initiate.attempt));
}

static void do_request(struct mirror *mirror, const struct action *action)
{
    if (mirror->n_requests == MIRROR_REQUESTS_MAX) {
        mirror_violate(mirror, "more than %d requests to resolvers at once", MIRROR_REQUESTS_MAX);
        return;
    }
    for (uint32_t i = 0; i < mirror->n_requests; i++)
        if (mirror->requests[i].id == action->resolve.id)
            mirror_violate(mirror, "request id %u is used twice", action->resolve.id);
    mirror->requests[mirror->n_requests++] = action->resolve;
    if (action->type == ACTION_RESOLVE)
        invariants_check_resolve(mirror, &action->resolve);
}

static void do_initiate(struct mirror *mirror, const struct initiate_request *request)
{
    if (mirror->attempting || mirror->has_tunnel)
        mirror_violate(mirror, "attempt %u while %s", request->attempt,
            mirror->attempting ? "another is under way" : "a tunnel stands");
    if (request->attempt == mirror->attempt.attempt)
        mirror_violate(mirror, "attempt id %u is used twice", request->attempt);
    if (!mirror->ike_running)
        mirror_violate(mirror, "ike-initiate before ike-start");
    invariants_check_contact(mirror, &request->remote, &request->local, request->ifindex);
    mirror->attempt = *request;
    mirror->attempting = true;
}

static void do_migrate(struct mirror *mirror, const struct migrate_request *request)
{
    if (!mirror->has_tunnel || !mirror->tunnel.mobike || !mirror->policy.migrate)
        mirror_violate(mirror, "ike-migrate without a tunnel that may move");
    invariants_check_contact(mirror, &request->remote, &request->local, request->ifindex);
    mirror->migrate = *request;
    mirror->migrating = true;
}

static void do_terminate(struct mirror *mirror, bool silent)
{
    if (!mirror->attempting && !mirror->has_tunnel && !mirror->firewall_broken)
        mirror_violate(mirror, "ike-terminate of nothing");
    mirror->attempting = mirror->migrating = mirror->watching = false;
    if (silent)
        mirror->has_tunnel = false;
    else
        mirror->terminating = true;
}

static void do_offload(struct mirror *mirror, uint32_t sec)
{
    if (sec && (!mirror->has_tunnel || mirror->migrating || mirror->policy.keepalive_mode == KEEPALIVE_MODE_OFF))
        mirror_violate(mirror, "keepalives are left to the data path without tunnel, while it moves, or switched off");
    if (sec && usec_mul(sec, SEC(1)) >= mirror->status.keepalive_interval_usec)
        mirror_violate(mirror, "the data path is late with its keepalives");
    if (sec && mirror->status.base_link.wake_on_incoming)
        mirror_violate(mirror, "keepalives that wake nobody, and the link could wake the device");
}

static void do_keepalive(struct mirror *mirror, const struct event *event)
{
    usec_t after_usec = mirror->status.keepalive_interval_usec;
    usec_t interval_usec = mirror->before.keepalive_interval_usec;

    if (after_usec != 0 && after_usec < interval_usec)
        interval_usec = after_usec; /* shortened, and due at once */
    if (!mirror->has_tunnel || mirror->policy.keepalive_mode == KEEPALIVE_MODE_OFF)
        mirror_violate(mirror, "a keepalive without tunnel, or switched off");
    if (!mirror->tunnel.nat && !mirror->before.nat_detecting && mirror->before.nat_method != NAT_METHOD_STUN &&
        mirror->before.nat_method != NAT_METHOD_MOBIKE)
        mirror_violate(mirror, "a keepalive without NAT, and no firewall is known");
    if (event->type != EVENT_SUSPEND && mirror->last_keepalive_at_usec &&
        interval_usec == mirror->last_keepalive_interval_usec &&
        mirror->now_usec < usec_add(mirror->last_keepalive_at_usec, interval_usec / 100 * 95))
        mirror_violate(mirror, "two keepalives within the interval");
    mirror->last_keepalive_at_usec = mirror->now_usec;
    mirror->last_keepalive_interval_usec = interval_usec;
    mirror->traffic.last_out_at_usec = mirror->now_usec;
}

static bool forget_fetch(struct mirror *mirror, uint32_t id)
{
    for (uint32_t i = 0; i < mirror->n_fetches; i++) {
        if (mirror->fetch_ids[i] == id) {
            mirror->fetch_ids[i] = mirror->fetch_ids[--mirror->n_fetches];
            return true;
        }
    }
    return false;
}

static void do_fetch_reply(struct mirror *mirror, const struct fetch_reply *reply)
{
    if (!forget_fetch(mirror, reply->id))
        mirror_violate(mirror, "fetch-reply %u to nobody", reply->id);
    mirror->fetch_reply = *reply;
    for (uint32_t i = 0; i < reply->n_addrs; i++)
        invariants_check_fetch(mirror, &reply->addrs[i]);
}

static void do_probe_send(struct mirror *mirror, const struct probe_send *send)
{
    if (send->slot >= PROBE_SLOTS_MAX) {
        mirror_violate(mirror, "probe slot %u", send->slot);
        return;
    }
    mirror->probe_slots |= UINT64_C(1) << send->slot;
    invariants_check_probe(mirror, send);
}

static void do_recall(struct mirror *mirror, const struct nat_knowledge *nat)
{
    mirror->recall = *nat;
    mirror->recall_at_usec = mirror->now_usec;
    mirror->known_until_usec = 0;
}

static void stop_ike(struct mirror *mirror)
{
    mirror->ike_running = mirror->attempting = mirror->has_tunnel = false;
    mirror->terminating = mirror->migrating = mirror->watching = false;
    mirror->n_fetches = 0; /* charon's threads end with it */
}

static void do_store(struct mirror *mirror, bool enabled)
{
    mirror->store_broken = mirror->store_fails;
    if (!mirror->store_fails) {
        mirror->record_enabled = enabled;
        return;
    }
    mirror->failure_due = true;
    mirror->failure = EVENT_STORE_FAILED;
}

static void need_tunnel(struct mirror *mirror, enum action_type type)
{
    if (!mirror->has_tunnel || !mirror->ike_running)
        mirror_violate(mirror, "%s without a tunnel", action_name(type));
}

static void carry_out(struct mirror *mirror, const struct event *event, const struct action *action)
{
    switch (action->type) {
    case ACTION_FIREWALL:
        mirror->lockdown = *action->lockdown;
        mirror->firewall_broken = false;
        break;
    case ACTION_ROUTING:
        mirror->routing = *action->routing;
        break;
    case ACTION_STORE:
        do_store(mirror, action->record.enabled);
        break;
    case ACTION_FIND_RESOLVERS:
    case ACTION_RESOLVE:
        do_request(mirror, action);
        break;
    case ACTION_RESOLVE_CANCEL:
        mirror->n_requests = 0;
        break;
    case ACTION_IKE_START:
        mirror->ike_running = true;
        break;
    case ACTION_IKE_STOP:
        stop_ike(mirror);
        break;
    case ACTION_IKE_INITIATE:
        do_initiate(mirror, &action->initiate);
        break;
    case ACTION_IKE_MIGRATE:
        do_migrate(mirror, &action->migrate);
        break;
    case ACTION_IKE_TERMINATE:
        do_terminate(mirror, action->silent);
        break;
    case ACTION_IKE_LIVENESS:
        need_tunnel(mirror, action->type);
        break;
    case ACTION_WATCH_TRAFFIC:
        need_tunnel(mirror, action->type);
        mirror->watching = true;
        break;
    case ACTION_KEEPALIVE:
        do_keepalive(mirror, event);
        break;
    case ACTION_OFFLOAD_KEEPALIVES:
        do_offload(mirror, action->offload_sec);
        break;
    case ACTION_FETCH_REPLY:
        do_fetch_reply(mirror, &action->fetch_reply);
        break;
    case ACTION_REMEMBER:
        mirror->n_remembered = action->tunnel->n_addrs;
        break;
    case ACTION_SLEEP_READY:
        if (event->type != EVENT_SUSPEND)
            mirror_violate(mirror, "sleep is let come without being announced");
        break;
    case ACTION_WATCH_DEMAND:
        mirror->demand_watched = true;
        break;
    case ACTION_PROBE_SEND:
        do_probe_send(mirror, &action->probe_send);
        break;
    case ACTION_PROBE_CLOSE:
        mirror->probe_slots &= action->probe_slot == PROBE_SLOT_ALL ? 0 : ~(UINT64_C(1) << action->probe_slot);
        break;
    case ACTION_NAT_RECALL:
        do_recall(mirror, &action->nat);
        break;
    case ACTION_NAT_REMEMBER:
        mirror->known_until_usec = 0;
        break;
    case ACTION_DNS:
        mirror->dns = *action->dns;
        break;
    case ACTION_CHARACTER:
        mirror->character = *action->character;
        break;
    }
}

/* False: the firewall failed and the rest was not executed. */
static bool carry_out_all(struct mirror *mirror, const struct event *event)
{
    if (mirror->actions.n_actions > ACTIONS_MAX) {
        mirror_violate(mirror, "%u actions in one step", mirror->actions.n_actions);
        return true;
    }
    for (uint32_t i = 0; i < mirror->actions.n_actions; i++) {
        const struct action *action = &mirror->actions.actions[i];
        mirror->n_done[action->type]++;
        hash_action(mirror, action);
        if (action->type == ACTION_FIREWALL && i > 0)
            mirror_violate(mirror, "the firewall is action %u: %s came first", i,
                action_name(mirror->actions.actions[0].type));
        if (action->type == ACTION_FIREWALL && mirror->firewall_fails) {
            mirror->firewall_broken = true;
            return false;
        }
        carry_out(mirror, event, action);
    }
    return true;
}

/* --- being told --- */

/* A request for a name carries servers, one for servers does not. */
static void answer_request(struct mirror *mirror, uint32_t id, bool was_for_a_name)
{
    for (uint32_t i = 0; i < mirror->n_requests; i++)
        if (mirror->requests[i].id == id && (mirror->requests[i].n_servers > 0) == was_for_a_name)
            mirror->requests[i] = mirror->requests[--mirror->n_requests];
}

static void note_failure(struct mirror *mirror, uint32_t attempt)
{
    if (attempt != mirror->attempt.attempt)
        return;
    mirror->attempting = mirror->has_tunnel = mirror->terminating = mirror->migrating = mirror->watching =
        false;
}

static void note_established(struct mirror *mirror, const struct tunnel *tunnel)
{
    if (!mirror->attempting || tunnel->attempt != mirror->attempt.attempt)
        return;
    mirror->attempting = false;
    mirror->has_tunnel = true;
    mirror->known_until_usec = 0;
    mirror->recall.family = 0;
    mirror->tunnel = *tunnel;
    mirror->traffic =
        (struct traffic){ .last_out_at_usec = mirror->now_usec, .last_in_at_usec = mirror->now_usec };
    mirror->last_keepalive_at_usec = 0;
}

static void note_moved(struct mirror *mirror, const struct path *path)
{
    mirror->known_until_usec = 0;
    if (!mirror->has_tunnel || !path->moved)
        return;
    if (mirror->migrating && !ip_addr_equal(&path->local, &mirror->migrate.local))
        return; /* an earlier move */
    mirror->migrating = false;
    mirror->tunnel.local = path->local;
    mirror->tunnel.remote = path->remote;
    mirror->tunnel.nat = path->nat;
    mirror->last_keepalive_at_usec = 0;
}

#define WEEK_USEC         HOURS(UINT64_C(24) * 7)
#define RECALL_GUARD_USEC SEC(5)

static void note_recalled(struct mirror *mirror, const struct nat_knowledge *nat)
{
    bool asked = mirror->recall.family != 0 && nat->family == mirror->recall.family &&
                 strncmp(nat->network, mirror->recall.network, NETWORK_ID_SIZE) == 0;

    if (!asked || mirror->now_usec >= usec_add(mirror->recall_at_usec, RECALL_GUARD_USEC))
        return;
    mirror->recall.family = 0;
    if (nat->method != NAT_METHOD_NONE && nat->age_usec < WEEK_USEC)
        mirror->known_until_usec = usec_add(mirror->now_usec, WEEK_USEC - nat->age_usec);
}

static bool has_network(const struct mirror *mirror, const char *network)
{
    for (uint32_t i = 0; i < mirror->links.n_links; i++)
        if (strncmp(mirror->links.links[i].network, network, NETWORK_ID_SIZE) == 0)
            return true;
    return false;
}

static void note(struct mirror *mirror, const struct event *event)
{
    switch (event->type) {
    case EVENT_START:
        mirror->started = true;
        mirror->wants_enabled = mirror->record_enabled = event->enabled;
        break;
    case EVENT_ENABLE:
    case EVENT_DISABLE:
        mirror->wants_enabled = event->type == EVENT_ENABLE;
        mirror->wants_rest = false;
        break;
    case EVENT_CONNECT:
    case EVENT_DISCONNECT:
        if (mirror->wants_enabled)
            mirror->wants_rest = event->type == EVENT_DISCONNECT;
        break;
    case EVENT_NAT_RECALLED:
        note_recalled(mirror, &event->nat);
        break;
    case EVENT_POLICY:
        mirror->known_until_usec = 0;
        mirror->policy = *event->policy;
        break;
    case EVENT_LINKS:
        mirror->links = *event->links;
        mirror->known_until_usec = has_network(mirror, mirror->recall.network) ? mirror->known_until_usec : 0;
        break;
    case EVENT_RESOLVERS:
        answer_request(mirror, event->resolvers.id, false);
        break;
    case EVENT_RESOLVED:
        answer_request(mirror, event->resolved.id, true);
        break;
    case EVENT_IKE_ESTABLISHED:
        note_established(mirror, &event->tunnel);
        break;
    case EVENT_IKE_FAILED:
    case EVENT_IKE_CLOSED:
        note_failure(mirror, event->failure.attempt);
        break;
    case EVENT_IKE_MOVED:
        note_moved(mirror, &event->path);
        break;
    case EVENT_TRAFFIC:
        mirror->watching = false;
        mirror->traffic = event->traffic;
        break;
    case EVENT_TIMER:
        mirror->traffic = event->traffic;
        break;
    case EVENT_FETCH_WANTED:
        mirror->fetch = event->fetch;
        if (mirror->n_fetches < MIRROR_REQUESTS_MAX)
            mirror->fetch_ids[mirror->n_fetches++] = event->fetch.id;
        break;
    case EVENT_FETCH_DONE:
        forget_fetch(mirror, event->fetch.id);
        break;
    case EVENT_DEMAND:
        mirror->demand_watched = false;
        break;
    case EVENT_SUSPEND:
        mirror->slept_at_usec = mirror->now_usec;
        break;
    case EVENT_REMEMBERED:
    case EVENT_CLOCK:
    case EVENT_CREDENTIALS:
    case EVENT_IKE_ANSWERED:
    case EVENT_OFFLOADED:
    case EVENT_PATH_MTU:
    case EVENT_NEIGHBOUR_LOST:
    case EVENT_PROBE_ANSWER:
    case EVENT_PROBE_FAILED:
    case EVENT_TUNNEL_LOST:
    case EVENT_FIREWALL_FAILED:
    case EVENT_STORE_FAILED:
    case EVENT_RESUME:
        break;
    }
}

bool mirror_step(struct mirror *mirror, usec_t now_usec, const struct event *event)
{
    bool done;

    mirror->now_usec = now_usec;
    note(mirror, event);
    mirror->before = mirror->status;
    mirror->was_migrating = mirror->migrating;
    mirror->failure_due = false;
    core_step(mirror->core, now_usec, event, &mirror->actions);
    mirror->n_steps++;
    core_get_status(mirror->core, &mirror->status);
    mirror->deadline = core_next_deadline(mirror->core);
    done = carry_out_all(mirror, event);
    if (!done && !mirror->violation[0]) {
        mirror->firewall_fails = false;
        mirror->failure_due = true;
        mirror->failure = EVENT_FIREWALL_FAILED;
    }
    if (mirror->failure_due && !mirror->failures_are_mine)
        return mirror_step(mirror, now_usec, &(struct event){ .type = mirror->failure });
    if (!done)
        return mirror->violation[0] == '\0';
    if (event->type == EVENT_FIREWALL_FAILED)
        mirror->firewall_broken = true;
    if (mirror->started)
        invariants_check(mirror, event);
    return mirror->violation[0] == '\0';
}

bool mirror_advance(struct mirror *mirror, usec_t until_usec)
{
    bool holds = true;

    while (holds && mirror->deadline.at_usec <= until_usec) {
        usec_t at_usec = MAX_OF(mirror->deadline.at_usec, mirror->now_usec);
        holds = mirror_step(mirror, at_usec, &(struct event){ .type = EVENT_TIMER, .traffic = mirror->traffic });
    }
    mirror->now_usec = MAX_OF(mirror->now_usec, until_usec);
    return holds;
}
