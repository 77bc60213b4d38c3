/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcharon's view of the network, in place of its kernel-netlink plugin: there is one link, the pinned one, with one address, and one
 * way, to the pinned gateway. So libcharon cannot move by itself, follows no route of the system's and needs no netlink thread.
 * Installs nothing: addresses and routes of the tunnel are src/net's.
 */
#include "ike/charon.h"

struct net {
    kernel_net_t public;
    struct ike *ike;
};

static struct ike *ike_of_net(kernel_net_t *public)
{
    return ((struct net *)public)->ike;
}

static kernel_feature_t net_get_features(kernel_net_t *public)
{
    (void)public;
    return 0;
}

static host_t *net_get_source_addr(kernel_net_t *public, host_t *destination, host_t *source)
{
    struct ip_addr to = addr_of_host(destination), from;

    if (!pin_source_for(&ike_of_net(public)->pin, &to, source == NULL, &from))
        return NULL;
    return host_of_addr(&from, 0);
}

static host_t *net_get_nexthop(
    kernel_net_t *public, host_t *destination, int prefix, host_t *source, char **interface)
{
    /* only who installs routes asks for it */
    (void)public, (void)destination, (void)prefix, (void)source, (void)interface;
    return NULL;
}

static bool net_get_interface(kernel_net_t *public, host_t *host, char **name)
{
    struct ip_addr addr = addr_of_host(host);
    struct pin_target target;

    pin_get(&ike_of_net(public)->pin, &target);
    if (!ip_addr_equal(&target.local, &addr))
        return false;
    if (name)
        *name = strdup(target.interface);
    return true;
}

static enumerator_t *net_create_address_enumerator(kernel_net_t *public, kernel_address_type_t which)
{
    struct pin_target target;

    pin_get(&ike_of_net(public)->pin, &target);
    if (!(which & ADDR_TYPE_REGULAR) || target.local.family == 0)
        return enumerator_create_empty();
    host_t *host = host_of_addr(&target.local, 0);
    return enumerator_create_single(host, (void (*)(void *))host->destroy);
}

static enumerator_t *net_create_local_subnet_enumerator(kernel_net_t *public)
{
    (void)public;
    return enumerator_create_empty();
}

static status_t net_add_ip(kernel_net_t *public, host_t *virtual_ip, int prefix, char *interface)
{
    (void)public, (void)virtual_ip, (void)prefix, (void)interface;
    return SUCCESS;
}

static status_t net_del_ip(kernel_net_t *public, host_t *virtual_ip, int prefix, bool wait)
{
    (void)public, (void)virtual_ip, (void)prefix, (void)wait;
    return SUCCESS;
}

static status_t net_route(kernel_net_t *public, chunk_t net, uint8_t prefix, host_t *gateway, host_t *source,
    char *interface, bool pass)
{
    (void)public, (void)net, (void)prefix, (void)gateway, (void)source, (void)interface, (void)pass;
    return SUCCESS;
}

static void net_destroy(kernel_net_t *public)
{
    free(public);
}

kernel_net_t *kernel_net_create(void)
{
    struct net *net = calloc(1, sizeof(*net));

    if (!net)
        return NULL;
    net->public = (kernel_net_t){
        .get_features = net_get_features,
        .get_source_addr = net_get_source_addr,
        .get_nexthop = net_get_nexthop,
        .get_interface = net_get_interface,
        .create_address_enumerator = net_create_address_enumerator,
        .create_local_subnet_enumerator = net_create_local_subnet_enumerator,
        .add_ip = net_add_ip,
        .del_ip = net_del_ip,
        .add_route = net_route,
        .del_route = net_route,
        .destroy = net_destroy,
    };
    net->ike = ike_of_library();
    return &net->public;
}
