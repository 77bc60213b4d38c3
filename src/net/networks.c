/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A link with routers of both families is named by the IPv4 one where that is known, so that the name does not depend on which was used first.
 */
#include "net/networks.h"

#include "net/wifi.h"

static bool is_watched(const struct net *net, int ifindex, const struct ip_addr *router)
{
    for (uint32_t i = 0; i < net->neighbours.n_watched; i++)
        if (net->neighbours.watched[i].ifindex == ifindex && ip_addr_equal(&net->neighbours.watched[i].addr, router))
            return true;
    return false;
}

/* Would this router name the link better than the one that does? */
static bool names_better(const struct net *net, const struct iface *iface, const struct ip_addr *router)
{
    const struct ip_addr *present = &iface->network_router;

    return !iface->link.network[0] || !is_watched(net, iface->link.ifindex, present) || (router->family == 4 && present->family == 6);
}

static void take(struct net *net, const struct neighbour *router, const struct link_layer_addr *addr)
{
    struct iface *iface = snapshot_find(&net->snapshot, router->ifindex);
    struct ssid ssid = { 0 };

    if (!iface || !names_better(net, iface, &router->addr))
        return;
    if (iface->link.type == LINK_TYPE_WIFI)
        (void)wifi_get_ssid(router->ifindex, &ssid); /* without nl80211 the router alone has to do */
    network_id_format(iface->link.type, &ssid, addr, iface->link.network);
    iface->network_router = router->addr;
}

static bool is_wanted(const struct net *net, uint32_t i)
{
    const struct neighbour *router = &net->neighbours.watched[i];
    const struct iface *iface = snapshot_find(&net->snapshot, router->ifindex);

    return iface && iface->link.carrier && network_is_named_by_router(iface->link.type) && net->neighbours.routers & 1u << i &&
           names_better(net, iface, &router->addr);
}

/* What was learnt makes others needless; what is wanted may be known at once. Ends: a router that has named its link is not wanted again. */
int networks_settle(struct net *net)
{
    int r;

    do {
        struct link_layer_addr addr;
        struct neighbour router;
        uint32_t wanted = 0;

        while (neighbours_pop_learned(&net->neighbours, &router, &addr))
            take(net, &router, &addr);
        for (uint32_t i = 0; i < net->neighbours.n_watched; i++)
            wanted |= is_wanted(net, i) ? 1u << i : 0;
        r = neighbours_want(&net->neighbours, &net->calls, wanted);
    } while (r >= 0 && net->neighbours.learned);
    return r;
}
