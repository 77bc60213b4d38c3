/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lockdown lets through, and the routes that go with it: two pure functions of the model. Every opening is derived here from what is
 * being done at this moment, so that the end of a doing closes its opening without anybody having to remember it.
 */
#include "core/internal.h"

#include "base/macro.h"

#include <string.h>

static void add_peer(struct lockdown_peer *peers, uint32_t *n_peers, const struct ip_addr *addr, uint16_t port)
{
    if (addr->family == 0 || *n_peers == LOCKDOWN_PEERS_MAX)
        return;
    for (uint32_t i = 0; i < *n_peers; i++)
        if (ip_addr_equal(&peers[i].addr, addr) && peers[i].port == port)
            return;
    peers[*n_peers].addr = *addr;
    peers[(*n_peers)++].port = port;
}

static uint16_t gateway_port(const struct core *core)
{
    uint32_t i = core->attempt.gateway_index;

    return i < core->policy.n_gateways ? core->policy.gateways[i].port : 0;
}

static void open_gateways(const struct core *core, struct lockdown *ret)
{
    if (core->has_tunnel)
        add_peer(ret->gateways, &ret->n_gateways, &core->tunnel.remote, gateway_port(core));
    if (core->moving)
        add_peer(ret->gateways, &ret->n_gateways, &core->moving_to, gateway_port(core));
    if (core->attempt.phase == PHASE_INITIATED)
        add_peer(ret->gateways, &ret->n_gateways, &core->attempt.remote, gateway_port(core));
}

static void open_resolvers(const struct core *core, struct lockdown *ret)
{
    if (core->attempt.phase == PHASE_RESOLVING)
        for (uint32_t i = 0; i < core->attempt.n_servers; i++)
            add_peer(ret->resolvers, &ret->n_resolvers, &core->attempt.servers[i], 53);
    if (core->fetching.phase == FETCH_PHASE_RESOLVING)
        for (uint32_t i = 0; i < core->fetching.n_servers; i++)
            add_peer(ret->resolvers, &ret->n_resolvers, &core->fetching.servers[i], 53);
    if (core->probing.phase == PROBING_PHASE_RESOLVING)
        for (uint32_t i = 0; i < core->probing.n_servers; i++)
            add_peer(ret->resolvers, &ret->n_resolvers, &core->probing.servers[i], 53);
}

static void open_probes(const struct core *core, struct lockdown *ret)
{
    const struct gateway *server = &core->probing.probe_server;

    if (core->probing.phase == PROBING_PHASE_RUNNING)
        add_peer(ret->probes, &ret->n_probes, &core->probing.server, server->port ? server->port : PROBE_SERVER_PORT);
}

static void open_fetches(const struct core *core, struct lockdown *ret)
{
    if (core->fetching.phase != FETCH_PHASE_OPEN)
        return;
    for (uint32_t i = 0; i < core->fetching.n_addrs; i++)
        add_peer(ret->fetches, &ret->n_fetches, &core->fetching.addrs[i], core->fetching.fetch.port);
}

/* On-link and private only: what a DHCP server calls local is not to be believed (TunnelCrack). */
static void add_subnets(struct ip_prefix *lan, uint32_t *n_lan, uint32_t room, const struct link *link)
{
    for (uint32_t i = 0; i < link->n_addrs; i++) {
        struct ip_prefix prefix = ip_prefix_of(&link->addrs[i].addr, link->addrs[i].prefix_length);
        bool known = prefix.length == 0 || !ip_prefix_is_local(&prefix);

        for (uint32_t k = 0; !known && k < *n_lan; k++)
            known = ip_prefix_equal(&lan[k], &prefix);
        if (!known && *n_lan < room)
            lan[(*n_lan)++] = prefix;
    }
}

static void open_lan(const struct core *core, struct lockdown *ret)
{
    for (uint32_t i = 0; i < core->links.n_links; i++) {
        const struct link *link = &core->links.links[i];
        enum link_fitness fitness = link_judge(link, &core->policy, NULL);
        if (fitness == LINK_FITNESS_USABLE || fitness == LINK_FITNESS_NO_ROUTE)
            add_subnets(ret->lan, &ret->n_lan, LOCKDOWN_LAN_MAX, link);
    }
}

void lockdown_compute(const struct core *core, struct lockdown *ret)
{
    const struct policy *policy = &core->policy;

    memset(ret, 0, sizeof(*ret));
    if (core->state == STATE_DISABLED)
        return;
    ret->active = true;
    ret->mark = policy->mark;
    memcpy(ret->interface, policy->interface, sizeof(ret->interface));
    ret->tunnel_up = core->state == STATE_CONNECTED;
    ret->n_tunnel_addrs = demand_addresses(core, ret->tunnel_addrs);
    open_gateways(core, ret);
    open_resolvers(core, ret);
    open_fetches(core, ret);
    open_probes(core, ret);
    if (policy->allow_lan)
        open_lan(core, ret);
    ret->allow_usb = policy->allow_usb;
    ret->n_cellular_services = policy->n_cellular_services;
    memcpy(ret->cellular_services, policy->cellular_services, sizeof(ret->cellular_services));
}

static void route_outer(const struct core *core, const struct ip_addr *addr, struct routing *ret)
{
    const struct link_route *route = link_route_to(&core->base, addr);
    const struct ip_addr *source = link_source_for(&core->base, addr);
    struct routing_outer *outer = &ret->outer[ret->n_outer];

    if (!route || !source || ret->n_outer == ROUTING_OUTER_MAX)
        return;
    for (uint32_t i = 0; i < ret->n_outer; i++)
        if (ip_addr_equal(&ret->outer[i].addr, addr))
            return;
    outer->addr = *addr;
    if (!link_is_on_link(&core->base, addr))
        outer->via = route->via;
    outer->source = *source;
    outer->ifindex = core->base.ifindex;
    ret->n_outer++;
}

/* Before the gateway has granted anything: what will be asked for, as far as the interface has an address for it. */
static void route_demand(const struct core *core, struct routing *ret)
{
    for (uint32_t i = 0; i < core->policy.n_subnets; i++)
        ret->subnets[ret->n_subnets++] = core->policy.subnets[i];
}

static bool is_granted(const struct core *core, const struct ip_prefix *subnet)
{
    for (uint32_t i = 0; i < core->tunnel.n_addrs; i++)
        if (core->tunnel.addrs[i].family == subnet->addr.family)
            return true;
    return false;
}

/* Whatever type it has, and also where Ignore= names it: a console is no base link. The firewall lets ssh and DHCP through alone. */
static void route_usb(const struct core *core, struct routing *ret)
{
    memcpy(ret->usb, USB_CONSOLE, sizeof(USB_CONSOLE));
    for (uint32_t i = 0; i < core->links.n_links; i++)
        if (strcmp(core->links.links[i].name, USB_CONSOLE) == 0)
            add_subnets(ret->lan, &ret->n_lan, ROUTING_LAN_MAX, &core->links.links[i]);
}

static void route_service(const char *name, struct routing *ret)
{
    if (!name[0])
        return;
    for (uint32_t i = 0; i < ret->n_services; i++)
        if (strncmp(ret->services[i], name, IF_NAME_SIZE) == 0)
            return;
    memcpy(ret->services[ret->n_services++], name, IF_NAME_SIZE);
}

void routing_compute(const struct core *core, struct routing *ret)
{
    struct lockdown lockdown;

    memset(ret, 0, sizeof(*ret));
    lockdown_compute(core, &lockdown);
    if (!lockdown.active)
        return;
    ret->active = true;
    ret->mark = lockdown.mark;
    memcpy(ret->interface, lockdown.interface, sizeof(ret->interface));
    ret->mtu = session_mtu(core);
    ret->n_addrs = lockdown.n_tunnel_addrs;
    memcpy(ret->addrs, lockdown.tunnel_addrs, sizeof(ret->addrs));
    if (core->has_addrs)
        for (uint32_t i = 0; i < core->tunnel.n_subnets; i++)
            if (is_granted(core, &core->tunnel.subnets[i]))
                ret->subnets[ret->n_subnets++] = core->tunnel.subnets[i];
    if (!core->has_addrs && core->placeholder)
        route_demand(core, ret);
    if (core->has_base) {
        for (uint32_t i = 0; i < lockdown.n_gateways; i++)
            route_outer(core, &lockdown.gateways[i].addr, ret);
        for (uint32_t i = 0; i < lockdown.n_resolvers; i++)
            route_outer(core, &lockdown.resolvers[i].addr, ret);
        for (uint32_t i = 0; i < lockdown.n_fetches; i++)
            route_outer(core, &lockdown.fetches[i].addr, ret);
        for (uint32_t i = 0; i < lockdown.n_probes; i++)
            route_outer(core, &lockdown.probes[i].addr, ret);
    }
    ret->n_lan = lockdown.n_lan;
    memcpy(ret->lan, lockdown.lan, sizeof(lockdown.lan));
    if (lockdown.allow_usb)
        route_usb(core, ret);
    for (uint32_t i = 0; i < lockdown.n_cellular_services; i++)
        route_service(lockdown.cellular_services[i], ret);
}
