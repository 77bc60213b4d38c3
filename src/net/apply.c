/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order. Coming: settings, the unreachable default, the rules (closing ones first), ways for marked packets, then the tunnel. Going: the
 * tunnel and the SAs behind it, the rules (the closing ones last), then the tables, which nothing leads to any more, then the settings.
 *
 * Settings (all IPv4; IPv6 has none of these checks):
 *   src_valid_mark   reverse-path checks use the mark that the firewall gave (killswitch.md)
 *   arp_ignore       the tunnel's address is not confirmed on other links (CVE-2019-14899). 2 also wants the asker inside our subnet,
 *                    which a router outside it is not: 1 then
 *   rp_filter = 0    on the base links: the unmarked rules say unreachable for every source, so 1 and 2 make the kernel drop ARP requests
 *                    (no firewall mark reaches them) and the router can no longer find us. Layer 1's input chain is stricter than it.
 *                    Likewise on the cellular services' interfaces: the rule for sockets bound to them is no way back for the check
 */
#include "net/apply.h"

#include "base/macro.h"
#include "net/routes.h"
#include "net/rules.h"
#include "net/sysctl.h"
#include "net/tunnel.h"
#include "net/xfrm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SETTINGS_MAX (3 + ROUTING_OUTER_MAX + POLICY_NAMES_MAX)

static void keep_first(int *result, int r)
{
    if (*result == 0 && r < 0)
        *result = r;
}

struct settings {
    unsigned n;
    struct sysctl items[SETTINGS_MAX];
};

static void want(struct settings *settings, const char *name, const char *key, int value, bool at_least)
{
    struct sysctl *item = &settings->items[settings->n];

    snprintf(item->path, sizeof(item->path), "net/ipv4/conf/%s/%s", name, key);
    item->value = value;
    item->at_least = at_least;
    for (unsigned i = 0; i < settings->n; i++)
        if (strcmp(settings->items[i].path, item->path) == 0)
            return;
    settings->n++;
}

/* The router is in no prefix of the link's addresses. */
static bool router_is_outside(const struct link *link, const struct ip_addr *via)
{
    if (via->family != 4)
        return false;
    for (uint32_t i = 0; i < link->n_addrs; i++) {
        struct ip_prefix subnet = ip_prefix_of(&link->addrs[i].addr, link->addrs[i].prefix_length);
        if (ip_prefix_contains(&subnet, via))
            return false;
    }
    return true;
}

static void compute_settings(const struct net *net, struct settings *ret)
{
    bool outside = false;

    ret->n = 0;
    want(ret, "all", "src_valid_mark", 1, true);
    for (uint32_t i = 0; i < net->routing.n_outer; i++) {
        const struct routing_outer *outer = &net->routing.outer[i];
        const struct iface *iface = snapshot_find(&net->snapshot, outer->ifindex);
        if (outer->addr.family != 4 || !iface)
            continue;
        outside |= router_is_outside(&iface->link, &outer->via);
        want(ret, "all", "rp_filter", 0, false);
        want(ret, iface->link.name, "rp_filter", 0, false);
    }
    for (uint32_t i = 0; i < net->routing.n_services; i++) {
        want(ret, "all", "rp_filter", 0, false);
        want(ret, net->routing.services[i], "rp_filter", 0, false);
    }
    want(ret, "all", "arp_ignore", outside ? 1 : 2, true);
}

static int hold_settings(const struct net *net)
{
    struct settings settings;

    compute_settings(net, &settings);
    return sysctl_hold(net->sysctl_file, settings.items, settings.n);
}

/* Can the kernel hold this route now? A link that is down or a source that is gone takes it away, and the core is told by the link set. */
static bool outer_is_possible(const struct net *net, const struct routing_outer *outer)
{
    const struct iface *iface = snapshot_find(&net->snapshot, outer->ifindex);

    if (!iface || !iface->link.up)
        return false;
    if (outer->source.family == 0 || iface->more_addrs)
        return true;
    for (uint32_t i = 0; i < iface->link.n_addrs; i++)
        if (ip_addr_equal(&iface->link.addrs[i].addr, &outer->source))
            return true;
    return false;
}

static void compute_base(const struct net *net, bool only_possible, struct route_list *ret)
{
    ret->n = 0;
    for (uint32_t i = 0; i < net->routing.n_outer; i++) {
        const struct routing_outer *outer = &net->routing.outer[i];
        if (outer->addr.family == 6 && !net->ipv6)
            continue;
        if (!only_possible || outer_is_possible(net, outer))
            routes_add_outer(ret, outer);
    }
}

/* state NULL: the closing routes alone. */
static void compute_tunnel(const struct net *net, const struct tunnel_state *state, struct route_list *ret)
{
    ret->n = 0;
    routes_add_stop(ret, net->ipv6);
    if (state && state->ours && state->up)
        routes_add_tunnel(ret, &net->routing, state->ifindex);
}

int apply_tunnel(struct net *net)
{
    struct tunnel_state state;
    struct route_list routes;
    int r, result = tunnel_find(&net->calls, net->interface, &state);

    if (state.ifindex && !state.ours)
        keep_first(&result, -EEXIST);
    if (state.ifindex && state.ours) {
        r = tunnel_configure(&net->calls, &state, &net->routing);
        keep_first(&result, r);
        state.up |= r == 0;
    }
    compute_tunnel(net, &state, &routes);
    keep_first(&result, routes_apply(&net->calls, TABLE_TUNNEL, &routes, net->ipv6));
    return result;
}

/* Whatever else the table holds stays for now: the tunnel's routes come last. */
static int close_table(struct net *net)
{
    struct route_list routes;
    int r;

    compute_tunnel(net, NULL, &routes);
    r = routes_present(&net->calls, TABLE_TUNNEL, &routes, net->ipv6);
    return r == 1 ? 0 : routes_apply(&net->calls, TABLE_TUNNEL, &routes, net->ipv6);
}

int apply_all(struct net *net)
{
    struct route_list routes;
    int result = hold_settings(net);

    keep_first(&result, close_table(net));
    keep_first(&result, rules_apply(&net->calls, &net->routing, net->ipv6));
    compute_base(net, false, &routes);
    keep_first(&result, routes_apply(&net->calls, TABLE_BASE, &routes, net->ipv6));
    keep_first(&result, apply_tunnel(net));
    return result;
}

int apply_nothing(struct net *net)
{
    static const struct route_list none;
    int result = tunnel_delete(&net->calls, net->interface);

    keep_first(&result, xfrm_clear(TUNNEL_IF_ID));
    keep_first(&result, rules_remove(&net->calls, net->ipv6));
    keep_first(&result, routes_apply(&net->calls, TABLE_BASE, &none, net->ipv6));
    keep_first(&result, routes_apply(&net->calls, TABLE_TUNNEL, &none, net->ipv6));
    keep_first(&result, sysctl_restore(net->sysctl_file));
    return result;
}

int apply_check(struct net *net)
{
    struct settings settings;
    struct tunnel_state state;
    struct route_list routes;
    int r;

    compute_settings(net, &settings);
    if (!sysctl_held(settings.items, settings.n))
        return 0;
    r = rules_present(&net->calls, &net->routing, net->ipv6);
    if (r != 1)
        return r;
    compute_base(net, true, &routes);
    r = routes_present(&net->calls, TABLE_BASE, &routes, net->ipv6);
    if (r != 1)
        return r;
    r = tunnel_find(&net->calls, net->interface, &state);
    if (r < 0)
        return r;
    compute_tunnel(net, &state, &routes);
    return routes_present(&net->calls, TABLE_TUNNEL, &routes, net->ipv6);
}

int apply_check_tunnel(struct net *net)
{
    struct tunnel_state state;
    int r = tunnel_find(&net->calls, net->interface, &state);

    if (r < 0)
        return r;
    if (state.ifindex != net->tunnel_ifindex)
        return 0;
    return tunnel_complete(&net->calls, &state, &net->routing);
}
