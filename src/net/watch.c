/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications say most of it by themselves; what they leave out is read again once per dispatch, however many of them came: IPv4 routes
 * that vanish with a link or a source address have no notification. Interesting routes are always read anew, so that replacing and
 * multipath need no thought. Neighbours change all the time: the few that matter have a socket of their own (neighbours.c).
 */
#include "net/watch.h"

#include "base/macro.h"
#include "net/rules.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#define RECEIVE_BYTES (1024 * 1024) /* about a thousand notifications; more are lost and cost a dump */
#define DUMP_TRIES    3

int watch_open(struct channel *events)
{
    static const int groups[] = {
        RTNLGRP_LINK,
        RTNLGRP_IPV4_IFADDR,
        RTNLGRP_IPV6_IFADDR,
        RTNLGRP_IPV4_ROUTE,
        RTNLGRP_IPV6_ROUTE,
        RTNLGRP_IPV4_RULE,
        RTNLGRP_IPV6_RULE,
        RTNLGRP_NEXTHOP,
        RTNLGRP_IPV4_NETCONF,
    };

    return channel_open_events(events, groups, ELEMENTSOF(groups), RECEIVE_BYTES);
}

static bool carries_outer(const struct net *net, int ifindex)
{
    for (uint32_t i = 0; i < net->routing.n_outer; i++)
        if (net->routing.outer[i].ifindex == ifindex)
            return true;
    return false;
}

static unsigned doubts_of_hints(int hints)
{
    return (hints & SNAPSHOT_READ_ADDRS ? DOUBT_ADDRS : 0) |
           (hints & SNAPSHOT_READ_ROUTES ? DOUBT_ROUTES : 0);
}

/* Index 1 is `lo`: IPv6 keeps unreachable routes there. */
static int on_link(struct net *net, const struct nlmsghdr *header)
{
    const struct ifinfomsg *info = nlmsg_data(header);
    int r = snapshot_link(&net->snapshot, header);

    if (r < 0)
        return r;
    if (info->ifi_family != AF_UNSPEC)
        return 0;
    net->doubts |= doubts_of_hints(r);
    if (info->ifi_index == net->tunnel_ifindex)
        net->doubts |= DOUBT_TUNNEL;
    if (info->ifi_index == 1 || carries_outer(net, info->ifi_index))
        net->doubts |= DOUBT_OURS;
    return 0;
}

static int on_addr(struct net *net, const struct nlmsghdr *header)
{
    const struct ifaddrmsg *ifa = nlmsg_data(header);
    int r = snapshot_addr(&net->snapshot, header);

    if (r < 0)
        return r;
    net->doubts |= doubts_of_hints(r);
    if ((int)ifa->ifa_index == net->tunnel_ifindex)
        net->doubts |= DOUBT_TUNNEL;
    if (carries_outer(net, (int)ifa->ifa_index))
        net->doubts |= DOUBT_OURS;
    return 0;
}

static bool by_us(const struct net *net, const struct nlmsghdr *header)
{
    return header->nlmsg_pid == net->calls.portid;
}

static int on_route(struct net *net, const struct nlmsghdr *header)
{
    struct route route;

    if (route_parse(header, &route) < 0)
        return 0; /* another family */
    if (snapshot_wants_route(&net->snapshot, &route))
        net->doubts |= DOUBT_ROUTES;
    if ((route.table == TABLE_TUNNEL || route.table == TABLE_BASE) && !by_us(net, header))
        net->doubts |= DOUBT_OURS;
    return 0;
}

static int on_event(const struct nlmsghdr *header, void *userdata)
{
    struct net *net = userdata;

    switch (header->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        return on_link(net, header);
    case RTM_NEWADDR:
    case RTM_DELADDR:
        return on_addr(net, header);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        return on_route(net, header);
    case RTM_NEWRULE:
    case RTM_DELRULE:
        if (!by_us(net, header) && rules_concerned(header))
            net->doubts |= DOUBT_OURS;
        return 0;
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
        net->doubts |= DOUBT_ROUTES;
        return 0;
    case RTM_NEWNETCONF: /* rp_filter of some interface */
        net->doubts |= DOUBT_OURS;
        return 0;
    default:
        return 0;
    }
}

int watch_read(struct net *net)
{
    int r = channel_drain(&net->events, &(struct channel_sink){ on_event, net });

    if (r == -ENOBUFS || r == -ENOMEM || r == -EBADMSG) {
        net->doubts |= DOUBT_ALL;
        return 0;
    }
    return r;
}

static int take_link(const struct nlmsghdr *header, void *userdata)
{
    struct net *net = userdata;
    int r = header->nlmsg_type == RTM_NEWLINK ? snapshot_link(&net->snapshot, header) : 0;

    return r < 0 ? r : 0;
}

static int dump_links(struct net *net)
{
    struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    int r;

    snapshot_begin_links(&net->snapshot);
    r = channel_call(&net->calls, channel_message(RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info)),
        &(struct channel_sink){ take_link, net });
    if (r == 0)
        snapshot_end_links(&net->snapshot);
    return r;
}

static int take_addr(const struct nlmsghdr *header, void *userdata)
{
    struct net *net = userdata;
    int r = header->nlmsg_type == RTM_NEWADDR ? snapshot_addr(&net->snapshot, header) : 0;

    return r < 0 ? r : 0;
}

static int dump_addrs(struct net *net)
{
    struct ifaddrmsg ifa = { .ifa_family = AF_UNSPEC };

    snapshot_forget_addrs(&net->snapshot);
    return channel_call(&net->calls, channel_message(RTM_GETADDR, NLM_F_DUMP, &ifa, sizeof(ifa)),
        &(struct channel_sink){ take_addr, net });
}

static int take_route(const struct nlmsghdr *header, void *userdata)
{
    struct net *net = userdata;
    struct route route;

    if (header->nlmsg_type == RTM_NEWROUTE && route_parse(header, &route) == 0 &&
        snapshot_wants_route(&net->snapshot, &route))
        snapshot_add_route(&net->snapshot, &route);
    return 0;
}

static int dump_routes(struct net *net)
{
    struct channel_sink sink = { take_route, net };
    int r;

    snapshot_forget_routes(&net->snapshot);
    r = channel_call(&net->calls, route_dump_message(4, RT_TABLE_MAIN), &sink);
    if ((r == 0 || r == -ENOENT) && net->ipv6)
        r = channel_call(&net->calls, route_dump_message(6, RT_TABLE_MAIN), &sink);
    return r == -ENOENT ? 0 : r; /* the table does not exist yet */
}

static int settle(struct net *net, unsigned doubt, int (*dump)(struct net *net))
{
    int r = -EAGAIN;

    if (!(net->doubts & doubt))
        return 0;
    for (unsigned i = 0; r == -EAGAIN && i < DUMP_TRIES; i++)
        r = dump(net);
    if (r == 0)
        net->doubts &= ~doubt;
    return r == -EAGAIN ? 0 : r;
}

int watch_settle(struct net *net)
{
    int r;

    if (net->doubts & DOUBT_LINKS)
        net->doubts |= DOUBT_ADDRS | DOUBT_ROUTES; /* of an interface that was not known they were not kept */
    r = settle(net, DOUBT_LINKS, dump_links);
    if (r == 0)
        r = settle(net, DOUBT_ADDRS, dump_addrs);
    if (r == 0)
        r = settle(net, DOUBT_ROUTES, dump_routes);
    return r;
}
