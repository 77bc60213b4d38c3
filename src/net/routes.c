/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables 19798 and 19799 by difference. A changed route is replaced in one message (same destination and metric), so marked packets never
 * meet a moment without one; what is left over is deleted by sending the dumped message back. The table is read again after changes: a
 * replacement may have left a twin behind.
 */
#include "net/routes.h"
#include "net/queue.h"

#include "base/cleanup.h"
#include "net/rules.h"

#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <string.h>

#define METRIC      1 /* explicit, because IPv6 makes 1024 of 0 */
#define METRIC_STOP UINT32_MAX
#define ROUNDS_MAX  3

static struct route *add(
    struct route_list *list, uint32_t table, uint8_t type, const struct ip_prefix *destination)
{
    struct route *route;

    if (list->n == ROUTES_MAX)
        return NULL;
    route = &list->items[list->n++];
    memset(route, 0, sizeof(*route));
    route->family = destination->addr.family;
    route->type = type;
    route->protocol = MVPN_PROTOCOL;
    route->table = table;
    route->metric = METRIC;
    route->destination = *destination;
    return route;
}

void routes_add_stop(struct route_list *list, bool ipv6)
{
    struct route *route = add(list, TABLE_TUNNEL, RTN_UNREACHABLE, &(struct ip_prefix){ .addr.family = 4 });

    if (route)
        route->metric = METRIC_STOP;
    route = ipv6 ? add(list, TABLE_TUNNEL, RTN_UNREACHABLE, &(struct ip_prefix){ .addr.family = 6 }) : NULL;
    if (route)
        route->metric = METRIC_STOP;
}

static bool has_addr_of(const struct routing *routing, uint8_t family)
{
    for (uint32_t i = 0; i < routing->n_addrs; i++)
        if (routing->addrs[i].family == family)
            return true;
    return false;
}

void routes_add_tunnel(struct route_list *list, const struct routing *routing, int tunnel_ifindex)
{
    for (uint32_t i = 0; i < routing->n_subnets; i++) {
        const struct ip_prefix *subnet = &routing->subnets[i];
        struct route *route;

        if (!has_addr_of(routing, subnet->addr.family))
            continue;
        route = add(list, TABLE_TUNNEL, RTN_UNICAST, subnet);
        if (!route)
            return;
        route->n_hops = 1;
        route->hops[0].ifindex = tunnel_ifindex;
    }
}

void routes_add_outer(struct route_list *list, const struct routing_outer *outer)
{
    struct ip_prefix host = ip_prefix_of(&outer->addr, (uint8_t)(ip_addr_size(outer->addr.family) * 8));
    struct route *route = add(list, TABLE_BASE, RTN_UNICAST, &host);

    if (!route)
        return;
    route->source = outer->source;
    route->n_hops = 1;
    route->hops[0].ifindex = outer->ifindex;
    route->hops[0].via = outer->via;
}

static bool same_key(const struct route *a, const struct route *b)
{
    return a->family == b->family && a->metric == b->metric &&
           ip_prefix_equal(&a->destination, &b->destination);
}

/* As far as it matters where a packet goes: IPv6 shows `lo` as the device of an unreachable route, a dead hop is still configured. */
static bool same_route(const struct route *a, const struct route *b)
{
    if (!same_key(a, b) || a->type != b->type || !ip_addr_equal(&a->source, &b->source))
        return false;
    if (a->type != RTN_UNICAST)
        return true;
    return a->n_hops == 1 && b->n_hops == 1 && a->hops[0].ifindex == b->hops[0].ifindex &&
           ip_addr_equal(&a->hops[0].via, &b->hops[0].via);
}

/* Wanted routes of one family and table against the kernel's. */
struct route_diff {
    uint8_t family;
    uint32_t table;
    const struct route_list *wanted;
    bool found[ROUTES_MAX];
    bool occupied[ROUTES_MAX]; /* another route has its key: to be replaced */
    struct channel_queue surplus; /* requests that delete */
};

static int compare_one(const struct nlmsghdr *header, void *userdata)
{
    struct route_diff *diff = userdata;
    struct route route;

    if (header->nlmsg_type != RTM_NEWROUTE || route_parse(header, &route) < 0 || route.cloned ||
        route.table != diff->table || route.family != diff->family)
        return 0;
    for (unsigned i = 0; i < diff->wanted->n; i++) {
        const struct route *wanted = &diff->wanted->items[i];
        if (diff->found[i] || !same_key(wanted, &route))
            continue;
        if (same_route(wanted, &route))
            diff->found[i] = true;
        else if (!diff->occupied[i])
            diff->occupied[i] = true;
        else
            return channel_queue_echo(&diff->surplus, RTM_DELROUTE, header);
        return 0;
    }
    return channel_queue_echo(&diff->surplus, RTM_DELROUTE, header);
}

static void forget(struct route_diff *diff)
{
    channel_queue_clear(&diff->surplus);
    memset(diff->found, 0, sizeof(diff->found));
    memset(diff->occupied, 0, sizeof(diff->occupied));
}

/* A table that was never used answers ENOENT. */
static int compare(struct channel *channel, struct route_diff *diff)
{
    struct channel_sink sink = { compare_one, diff };
    int r = -EAGAIN;

    for (unsigned tries = 0; r == -EAGAIN && tries < 5; tries++) {
        forget(diff);
        r = channel_call(channel, route_dump_message(diff->family, diff->table), &sink);
    }
    return r == -EAGAIN || r == -ENOENT ? 0 : r;
}

static bool replaces(const struct route_diff *diff, unsigned i)
{
    return diff->wanted->items[i].family == diff->family && !diff->found[i];
}

/* One pass. *ret_changed: the kernel was asked for something. */
static int change(struct channel *channel, struct route_diff *diff, bool *ret_changed)
{
    int result = 0;

    for (unsigned i = 0; i < diff->wanted->n; i++) {
        int r;
        if (!replaces(diff, i))
            continue;
        *ret_changed = true;
        r = channel_call(channel,
            route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &diff->wanted->items[i]), NULL);
        if (r < 0 && r != -EEXIST && result == 0)
            result = r;
    }
    for (unsigned i = 0; i < diff->surplus.n_msgs; i++) {
        int r = channel_call(channel, channel_queue_take(&diff->surplus, i), NULL);
        *ret_changed = true;
        if (r < 0 && r != -ESRCH && r != -ENOENT && result == 0)
            result = r;
    }
    return result;
}

static int apply_family(
    struct channel *channel, uint32_t table, const struct route_list *wanted, uint8_t family)
{
    struct route_diff diff = { .family = family, .table = table, .wanted = wanted };
    bool changed = true;
    int result = 0;

    for (unsigned round = 0; changed && round < ROUNDS_MAX; round++) {
        int r = compare(channel, &diff);
        changed = false;
        result = change(channel, &diff, &changed);
        if (r < 0)
            result = r;
        forget(&diff);
    }
    return result;
}

int routes_apply(struct channel *channel, uint32_t table, const struct route_list *wanted, bool ipv6)
{
    int result = apply_family(channel, table, wanted, 4);
    int r = ipv6 ? apply_family(channel, table, wanted, 6) : 0;

    return result < 0 ? result : r;
}

static int family_present(
    struct channel *channel, uint32_t table, const struct route_list *wanted, uint8_t family)
{
    struct route_diff diff = { .family = family, .table = table, .wanted = wanted };
    int r = compare(channel, &diff);

    if (r == 0) {
        r = 1;
        for (unsigned i = 0; i < wanted->n; i++)
            r &= !replaces(&diff, i);
    }
    forget(&diff);
    return r;
}

int routes_present(struct channel *channel, uint32_t table, const struct route_list *wanted, bool ipv6)
{
    int r = family_present(channel, table, wanted, 4);

    return r == 1 && ipv6 ? family_present(channel, table, wanted, 6) : r;
}
