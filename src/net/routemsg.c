/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTM_*ROUTE messages to and from plain data. Every length is checked here: the kernel is trusted, a changed format is not.
 */
#include "net/routemsg.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "net/channel.h"

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

int family_to_af(uint8_t family)
{
    return family == 4 ? AF_INET : AF_INET6;
}

uint8_t family_from_af(int af)
{
    return af == AF_INET ? 4 : af == AF_INET6 ? 6 : 0;
}

struct ip_addr attr_addr(uint8_t family, const struct nlattr *attr)
{
    if (!attr || ip_addr_size(family) == 0 || (size_t)nla_len(attr) != ip_addr_size(family))
        return (struct ip_addr){ 0 };
    return ip_addr_from_bytes(family, nla_data(attr));
}

int put_addr(struct nl_msg *msg, int type, const struct ip_addr *addr)
{
    return nla_put(msg, type, (int)ip_addr_size(addr->family), addr->bytes) < 0 ? -ENOMEM : 0;
}

static uint32_t attr_u32(const struct nlattr *attr)
{
    return attr && nla_len(attr) >= (int)sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

/* RTA_GATEWAY is of the route's family, RTA_VIA of any (IPv4 by an IPv6 router, RFC 5549). */
static struct ip_addr hop_via(uint8_t family, const struct nlattr *gateway, const struct nlattr *via)
{
    if (via && nla_len(via) > (int)sizeof(struct rtvia)) {
        const struct rtvia *data = nla_data(via);
        uint8_t via_family = family_from_af(data->rtvia_family);

        if (via_family && (size_t)nla_len(via) == sizeof(*data) + ip_addr_size(via_family))
            return ip_addr_from_bytes(via_family, data->rtvia_addr);
    }
    return attr_addr(family, gateway);
}

static void parse_hops(struct nlattr *multipath, struct route *route)
{
    const struct rtnexthop *hop = nla_data(multipath);
    int left = nla_len(multipath);

    while (left >= (int)sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && (int)hop->rtnh_len <= left) {
        struct nlattr *attrs[RTA_MAX + 1];

        if (route->n_hops == ROUTE_HOPS_MAX)
            return;
        if (nla_parse(attrs, RTA_MAX, (struct nlattr *)(hop + 1), (int)(hop->rtnh_len - sizeof(*hop)), NULL) <
            0)
            return;
        route->hops[route->n_hops++] = (struct route_hop){
            .ifindex = hop->rtnh_ifindex,
            .via = hop_via(route->family, attrs[RTA_GATEWAY], attrs[RTA_VIA]),
            .dead = hop->rtnh_flags & RTNH_F_DEAD,
        };
        left -= (int)NLMSG_ALIGN(hop->rtnh_len);
        hop = (const struct rtnexthop *)((const uint8_t *)hop + NLMSG_ALIGN(hop->rtnh_len));
    }
}

int route_parse(const struct nlmsghdr *header, struct route *ret)
{
    struct nlattr *attrs[RTA_MAX + 1];
    const struct rtmsg *rtm;
    struct ip_addr destination;

    if (!nlmsg_valid_hdr(header, sizeof(*rtm)))
        return -EBADMSG;
    rtm = nlmsg_data(header);
    *ret = (struct route){
        .family = family_from_af(rtm->rtm_family),
        .type = rtm->rtm_type,
        .protocol = rtm->rtm_protocol,
        .table = rtm->rtm_table,
        .cloned = rtm->rtm_flags & RTM_F_CLONED,
    };
    if (ret->family == 0 || rtm->rtm_dst_len > ip_addr_size(ret->family) * 8 ||
        nlmsg_parse((struct nlmsghdr *)header, sizeof(*rtm), attrs, RTA_MAX, NULL) < 0)
        return -EBADMSG;
    if (attrs[RTA_TABLE])
        ret->table = attr_u32(attrs[RTA_TABLE]);
    ret->metric = attr_u32(attrs[RTA_PRIORITY]);
    ret->source = attr_addr(ret->family, attrs[RTA_PREFSRC]);
    destination = attr_addr(ret->family, attrs[RTA_DST]);
    destination.family = ret->family; /* absent: the default */
    ret->destination = ip_prefix_of(&destination, rtm->rtm_dst_len);
    if (attrs[RTA_MULTIPATH]) {
        parse_hops(attrs[RTA_MULTIPATH], ret);
    } else if (attrs[RTA_OIF]) {
        ret->n_hops = 1;
        ret->hops[0] = (struct route_hop){
            .ifindex = (int)attr_u32(attrs[RTA_OIF]),
            .via = hop_via(ret->family, attrs[RTA_GATEWAY], attrs[RTA_VIA]),
            .dead = rtm->rtm_flags & RTNH_F_DEAD,
        };
    }
    return 0;
}

/* struct rtvia: the family in host order, then the address. */
static int put_via(struct nl_msg *msg, uint8_t family, const struct ip_addr *via)
{
    uint8_t attr[sizeof(struct rtvia) + 16] = { 0 };
    uint16_t af = (uint16_t)family_to_af(via->family);
    size_t size = ip_addr_size(via->family);

    if (via->family == family)
        return put_addr(msg, RTA_GATEWAY, via);
    memcpy(attr, &af, sizeof(af));
    memcpy(attr + sizeof(struct rtvia), via->bytes, size);
    return nla_put(msg, RTA_VIA, (int)(sizeof(struct rtvia) + size), attr) < 0 ? -ENOMEM : 0;
}

static int put_hop(struct nl_msg *msg, uint8_t family, const struct route_hop *hop)
{
    if (nla_put_u32(msg, RTA_OIF, (uint32_t)hop->ifindex) < 0)
        return -ENOMEM;
    return hop->via.family ? put_via(msg, family, &hop->via) : 0;
}

struct nl_msg *route_message(int type, int flags, const struct route *route)
{
    bool unicast = route->type == RTN_UNICAST;
    bool on_link = unicast && route->n_hops > 0 && route->hops[0].via.family == 0;
    struct rtmsg rtm = {
        .rtm_family = (uint8_t)family_to_af(route->family),
        .rtm_dst_len = route->destination.length,
        .rtm_protocol = route->protocol,
        .rtm_type = route->type,
        .rtm_scope =
            RT_SCOPE_UNIVERSE, /* on-link ones too: no gateway of other people's is to be looked for in our tables */
        /* The gateway is looked up by the unmarked rules otherwise, which say unreachable. */
        .rtm_flags = unicast && !on_link ? RTNH_F_ONLINK : 0,
    };
    _cleanup_msg_ struct nl_msg *msg = channel_message(type, flags, &rtm, sizeof(rtm));

    if (!msg || nla_put_u32(msg, RTA_TABLE, route->table) < 0 ||
        nla_put_u32(msg, RTA_PRIORITY, route->metric) < 0)
        return NULL;
    if (route->destination.length > 0 && put_addr(msg, RTA_DST, &route->destination.addr) < 0)
        return NULL;
    if (route->source.family && put_addr(msg, RTA_PREFSRC, &route->source) < 0)
        return NULL;
    if (unicast && put_hop(msg, route->family, &route->hops[0]) < 0)
        return NULL;
    return steal_ptr(&msg);
}

struct nl_msg *route_dump_message(uint8_t family, uint32_t table)
{
    struct rtmsg rtm = { .rtm_family = (uint8_t)family_to_af(family) };
    _cleanup_msg_ struct nl_msg *msg = channel_message(RTM_GETROUTE, NLM_F_DUMP, &rtm, sizeof(rtm));

    if (!msg || nla_put_u32(msg, RTA_TABLE, table) < 0)
        return NULL;
    return steal_ptr(&msg);
}
