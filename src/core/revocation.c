/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Openings for CRL and OCSP: while the gateway's certificate is being checked, one host may be reached, and only then. charon waits for
 * the reply, so every path ends in one. Never decides whether a certificate is good.
 */
#include "core/internal.h"

#include <string.h>

static void reply(struct core *core)
{
    struct fetching *fetching = &core->fetching;
    struct fetch_reply *answer = &core_act(core, ACTION_FETCH_REPLY)->fetch_reply;

    *answer = (struct fetch_reply){ .id = fetching->fetch.id, .n_addrs = fetching->n_addrs };
    memcpy(answer->addrs, fetching->addrs, sizeof(answer->addrs));
    fetching->phase = fetching->n_addrs ? FETCH_PHASE_OPEN : FETCH_PHASE_NONE;
}

static struct action *ask(struct core *core, enum action_type type)
{
    struct action *action = core_act(core, type);
    struct resolve_request *request = &action->resolve;

    core->fetching.request_id = core_new_request_id(core);
    *request = (struct resolve_request){ .id = core->fetching.request_id, .ifindex = core->base.ifindex };
    memcpy(request->interface, core->base.name, sizeof(request->interface));
    memcpy(request->name, core->fetching.fetch.host, sizeof(request->name));
    return action;
}

static void refuse(struct core *core, const struct fetch *fetch)
{
    core_act(core, ACTION_FETCH_REPLY)->fetch_reply = (struct fetch_reply){ .id = fetch->id };
}

static void use_address(struct core *core, const struct ip_addr *addr)
{
    struct fetching *fetching = &core->fetching;

    if (fetching->n_addrs < LOCKDOWN_PEERS_MAX && ip_addr_is_usable_source(addr) &&
        link_judge(&core->base, &core->policy, addr) == LINK_FITNESS_USABLE)
        fetching->addrs[fetching->n_addrs++] = *addr;
}

void revocation_on_wanted(struct core *core, const struct fetch *fetch)
{
    struct fetching *fetching = &core->fetching;
    struct ip_addr literal;

    if (fetch->port != 80 && fetch->port != 443) { /* what a certificate names must not choose the port of an opening */
        refuse(core, fetch);
        return;
    }
    if (core->state != STATE_CONNECTING || core->attempt.phase != PHASE_INITIATED || fetching->phase != FETCH_PHASE_NONE) {
        refuse(core, fetch);
        return;
    }
    *fetching = (struct fetching){ .fetch = *fetch };
    core_set_timer(core, TIMER_ATTEMPT, ATTEMPT_GUARD_USEC);
    if (ip_addr_parse(fetch->host, &literal) == 0) { /* without brackets */
        use_address(core, &literal);
        reply(core);
        return;
    }
    fetching->phase = FETCH_PHASE_FINDING;
    ask(core, ACTION_FIND_RESOLVERS);
}

bool revocation_on_resolvers(struct core *core, const struct resolved *resolvers)
{
    struct fetching *fetching = &core->fetching;
    struct action *action;

    if (fetching->phase != FETCH_PHASE_FINDING || resolvers->id != fetching->request_id)
        return false;
    fetching->n_servers = link_keep_reachable(&core->base, &core->policy, resolvers, fetching->servers);
    if (fetching->n_servers == 0) {
        reply(core);
        return true;
    }
    fetching->phase = FETCH_PHASE_RESOLVING;
    action = ask(core, ACTION_RESOLVE);
    action->resolve.want_ipv4 = link_has_family(&core->base, 4);
    action->resolve.want_ipv6 = link_has_family(&core->base, 6);
    action->resolve.n_servers = fetching->n_servers;
    memcpy(action->resolve.servers, fetching->servers, sizeof(fetching->servers));
    return true;
}

bool revocation_on_resolved(struct core *core, const struct resolved *resolved)
{
    struct fetching *fetching = &core->fetching;

    if (fetching->phase != FETCH_PHASE_RESOLVING || resolved->id != fetching->request_id)
        return false;
    for (uint32_t i = 0; i < resolved->n_addrs; i++)
        use_address(core, &resolved->addrs[i]);
    reply(core);
    return true;
}

void revocation_on_done(struct core *core, uint32_t id)
{
    struct fetching *fetching = &core->fetching;

    if (fetching->phase == FETCH_PHASE_NONE || fetching->fetch.id != id)
        return;
    if (fetching->phase != FETCH_PHASE_OPEN)
        core_act(core, ACTION_RESOLVE_CANCEL);
    fetching->phase = FETCH_PHASE_NONE;
}

void revocation_forget(struct core *core)
{
    struct fetching *fetching = &core->fetching;

    if (fetching->phase == FETCH_PHASE_FINDING || fetching->phase == FETCH_PHASE_RESOLVING) {
        core_act(core, ACTION_RESOLVE_CANCEL);
        refuse(core, &fetching->fetch);
    }
    fetching->phase = FETCH_PHASE_NONE;
}
