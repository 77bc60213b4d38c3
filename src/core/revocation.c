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
    if (core->fetching.asks_prefix)
        memcpy(request->name, NAT64_NAME, sizeof(NAT64_NAME));
    else
        memcpy(request->name, core->fetching.fetch.host, sizeof(request->name));
    return action;
}

static void find_servers(struct core *core, bool for_prefix)
{
    core->fetching.asks_prefix = for_prefix;
    core->fetching.phase = FETCH_PHASE_FINDING;
    ask(core, ACTION_FIND_RESOLVERS);
}

static void ask_servers(struct core *core, bool for_prefix)
{
    struct fetching *fetching = &core->fetching;
    struct resolve_request *request;

    fetching->asks_prefix = for_prefix;
    fetching->phase = FETCH_PHASE_RESOLVING;
    request = &ask(core, ACTION_RESOLVE)->resolve;
    request->want_ipv6 = link_has_family(&core->base, 6);
    request->want_ipv4 = !for_prefix; /* without IPv4, there may be a NAT64 */
    request->n_servers = fetching->n_servers;
    memcpy(request->servers, fetching->servers, sizeof(fetching->servers));
}

static void refuse(struct core *core, const struct fetch *fetch)
{
    core_act(core, ACTION_FETCH_REPLY)->fetch_reply = (struct fetch_reply){ .id = fetch->id };
}

static void use_address(struct core *core, const struct ip_addr *addr)
{
    struct fetching *fetching = &core->fetching;
    struct ip_addr reached;

    if (fetching->n_addrs < LOCKDOWN_PEERS_MAX && ip_addr_is_usable_source(addr) && reach_over(core, &core->base, addr, &reached))
        fetching->addrs[fetching->n_addrs++] = reached;
}

static void use_found(struct core *core)
{
    for (uint32_t i = 0; i < core->fetching.found.n_addrs; i++)
        use_address(core, &core->fetching.found.addrs[i]);
    reply(core);
}

/* The host's addresses are known, and the servers, where they had to be asked. */
static void on_addresses(struct core *core)
{
    struct fetching *fetching = &core->fetching;

    if (!reach_needs_prefix(core, &core->base, fetching->found.addrs, fetching->found.n_addrs))
        use_found(core);
    else if (fetching->n_servers == 0)
        find_servers(core, true);
    else
        ask_servers(core, true);
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
        fetching->found.addrs[fetching->found.n_addrs++] = literal;
        on_addresses(core);
        return;
    }
    find_servers(core, false);
}

static void on_prefix(struct core *core, const struct resolved *answer)
{
    reach_note_prefix(core, &core->base, answer);
    use_found(core);
}

bool revocation_on_resolvers(struct core *core, const struct resolved *resolvers)
{
    struct fetching *fetching = &core->fetching;

    if (fetching->phase != FETCH_PHASE_FINDING || resolvers->id != fetching->request_id)
        return false;
    fetching->n_servers = link_keep_reachable(&core->base, &core->policy, resolvers, fetching->servers);
    if (fetching->n_servers > 0)
        ask_servers(core, fetching->asks_prefix);
    else if (fetching->asks_prefix)
        on_prefix(core, &(struct resolved){ 0 });
    else
        reply(core);
    return true;
}

bool revocation_on_resolved(struct core *core, const struct resolved *resolved)
{
    struct fetching *fetching = &core->fetching;

    if (fetching->phase != FETCH_PHASE_RESOLVING || resolved->id != fetching->request_id)
        return false;
    if (fetching->asks_prefix) {
        on_prefix(core, resolved);
    } else {
        fetching->found = *resolved;
        on_addresses(core);
    }
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
