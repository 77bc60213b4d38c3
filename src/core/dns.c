/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the system's resolver and other programs are told of the tunnel: two pure functions of the model.
 *
 * Name servers stay told while the tunnel's addresses are known, also while it is being brought up again: a question asked then goes into the
 * tunnel interface and waits there, and no resolver falls back to servers that lockdown refuses. A server that the granted selectors do not
 * cover is left out: no packet of ours could reach it.
 */
#include "core/internal.h"

#include "base/macro.h"

#include <string.h>

/* What goes through the tunnel; before the gateway has granted anything (demand.c), what it will be asked for. */
static const struct ip_prefix *carried(const struct core *core, uint32_t *ret_n)
{
    *ret_n = core->has_addrs ? core->tunnel.n_subnets : core->policy.n_subnets;
    return core->has_addrs ? core->tunnel.subnets : core->policy.subnets;
}

static bool is_reached(const struct core *core, const struct ip_addr *addr)
{
    struct ip_addr addrs[TUNNEL_ADDRS_MAX];
    uint32_t n_addrs = demand_addresses(core, addrs), n_subnets;
    const struct ip_prefix *subnets = carried(core, &n_subnets);
    bool has_family = false, has_subnet = false;

    for (uint32_t i = 0; i < n_addrs; i++)
        has_family |= addrs[i].family == addr->family;
    for (uint32_t i = 0; i < n_subnets; i++)
        has_subnet |= ip_prefix_contains(&subnets[i], addr);
    return has_family && has_subnet;
}

static void add_servers(const struct core *core, uint32_t n_servers, const struct ip_addr *servers, struct dns *ret)
{
    for (uint32_t i = 0; i < n_servers; i++)
        if (servers[i].family && ret->n_servers < ELEMENTSOF(ret->servers) && is_reached(core, &servers[i]))
            ret->servers[ret->n_servers++] = servers[i];
}

static void add_domain(const char *domain, struct dns *ret)
{
    if (!domain[0] || ret->n_domains == ELEMENTSOF(ret->domains))
        return;
    for (uint32_t i = 0; i < ret->n_domains; i++)
        if (strcmp(ret->domains[i], domain) == 0)
            return;
    strcpy(ret->domains[ret->n_domains++], domain); /* zeroed before, and of one size */
}

/* Split DNS (RFC 8598) is for a tunnel that carries only a part: with a default route in it nobody outside may be asked anything. */
static bool carries_everything(const struct core *core)
{
    uint32_t n_subnets;
    const struct ip_prefix *subnets = carried(core, &n_subnets);

    for (uint32_t i = 0; i < n_subnets; i++)
        if (subnets[i].length == 0)
            return true;
    return false;
}

void dns_compute(const struct core *core, struct dns *ret)
{
    const struct policy *policy = &core->policy;
    uint32_t n_domains;

    memset(ret, 0, sizeof(*ret));
    if (core->state == STATE_DISABLED || (!core->has_addrs && !core->placeholder))
        return;
    if (policy->n_dns > 0)
        add_servers(core, policy->n_dns, policy->dns, ret);
    else if (core->has_addrs)
        add_servers(core, core->tunnel.n_dns, core->tunnel.dns, ret);
    if (ret->n_servers == 0)
        return;
    ret->active = true;
    memcpy(ret->interface, policy->interface, sizeof(ret->interface));
    n_domains = core->has_addrs ? core->tunnel.n_domains : 0;
    ret->everything = n_domains == 0 || carries_everything(core);
    for (uint32_t i = 0; i < policy->n_domains; i++)
        add_domain(policy->domains[i], ret);
    for (uint32_t i = 0; i < n_domains; i++)
        add_domain(core->tunnel.domains[i], ret);
}

void character_compute(const struct core *core, struct character *ret)
{
    const struct link *base = &core->base;

    memset(ret, 0, sizeof(*ret));
    if (core->state == STATE_DISABLED)
        return;
    ret->active = ret->blocking = true;
    memcpy(ret->interface, core->policy.interface, sizeof(ret->interface));
    ret->has_base = core->has_base && core->state == STATE_CONNECTED;
    if (!ret->has_base)
        return;
    ret->type = base->type;
    ret->metered = base->metered;
    ret->roaming = base->roaming;
    ret->wake_on_incoming = base->wake_on_incoming;
    memcpy(ret->base_interface, base->name, sizeof(ret->base_interface));
    ret->gateway = core->tunnel.remote;
    ret->gateway_port = core->tunnel.remote_port;
}
