/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces, addresses and routes as messages leave them. Lists are kept sorted by an order that does not depend on arrival, so that a
 * dump and a stream of notifications lead to the same bytes and a comparison of link sets means something.
 */
#include "net/snapshot.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

void snapshot_clear(struct snapshot *snapshot)
{
    free(snapshot->ifaces);
    free(snapshot->interest);
    *snapshot = (struct snapshot){ 0 };
}

/* Where ifindex is, or where it belongs. */
static size_t position_of(const struct snapshot *snapshot, int ifindex)
{
    size_t low = 0, high = snapshot->n_ifaces;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (snapshot->ifaces[middle].link.ifindex < ifindex)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct iface *snapshot_find(const struct snapshot *snapshot, int ifindex)
{
    size_t at = position_of(snapshot, ifindex);

    if (at == snapshot->n_ifaces || snapshot->ifaces[at].link.ifindex != ifindex)
        return NULL;
    return &snapshot->ifaces[at];
}

static struct iface *insert(struct snapshot *snapshot, int ifindex)
{
    size_t at = position_of(snapshot, ifindex);

    if (snapshot->n_ifaces == snapshot->room) {
        size_t room = snapshot->room ? snapshot->room * 2 : 8;
        struct iface *ifaces = reallocarray(snapshot->ifaces, room, sizeof(*ifaces));
        if (!ifaces)
            return NULL;
        snapshot->ifaces = ifaces;
        snapshot->room = room;
    }
    memmove(&snapshot->ifaces[at + 1], &snapshot->ifaces[at],
        (snapshot->n_ifaces - at) * sizeof(*snapshot->ifaces));
    snapshot->n_ifaces++;
    memset(&snapshot->ifaces[at], 0, sizeof(snapshot->ifaces[at]));
    snapshot->ifaces[at].link.ifindex = ifindex;
    snapshot->ifaces[at].facts.ifindex = ifindex;
    return &snapshot->ifaces[at];
}

static void remove_iface(struct snapshot *snapshot, struct iface *iface)
{
    size_t at = (size_t)(iface - snapshot->ifaces);

    snapshot->n_ifaces--;
    memmove(iface, iface + 1, (snapshot->n_ifaces - at) * sizeof(*iface));
}

int snapshot_set_interest(struct snapshot *snapshot, uint32_t n_addrs, const struct ip_addr *addrs)
{
    struct ip_addr *copy = NULL;

    if (n_addrs > 0) {
        copy = calloc(n_addrs, sizeof(*copy));
        if (!copy)
            return -ENOMEM;
        memcpy(copy, addrs, n_addrs * sizeof(*copy));
    }
    free(snapshot->interest);
    snapshot->interest = copy;
    snapshot->n_interest = n_addrs;
    return 0;
}

static void copy_text(char *to, const struct nlattr *attr)
{
    size_t length = strnlen(nla_data(attr), (size_t)nla_len(attr));

    memset(to, 0, IF_NAME_SIZE);
    memcpy(to, nla_data(attr), MIN_OF(length, (size_t)IF_NAME_SIZE - 1));
}

/* Kind of the interface itself and of its role as a port. */
static void read_link_info(struct nlattr *attr, struct link_facts *facts)
{
    struct nlattr *info[IFLA_INFO_MAX + 1];

    if (nla_parse_nested(info, IFLA_INFO_MAX, attr, NULL) < 0)
        return;
    if (info[IFLA_INFO_KIND])
        copy_text(facts->kind, info[IFLA_INFO_KIND]);
    if (info[IFLA_INFO_SLAVE_KIND]) {
        char role[IF_NAME_SIZE];
        copy_text(role, info[IFLA_INFO_SLAVE_KIND]);
        facts->bridge_port = strcmp(role, "bridge") == 0;
    }
}

static void read_link(struct iface *iface, const struct ifinfomsg *info, struct nlattr **attrs)
{
    struct link_facts facts = iface->facts;

    facts.hardware = info->ifi_type;
    facts.bridge_port = false;
    if (attrs[IFLA_IFNAME])
        copy_text(facts.name, attrs[IFLA_IFNAME]);
    if (attrs[IFLA_LINKINFO])
        read_link_info(attrs[IFLA_LINKINFO], &facts);
    facts.peer_elsewhere = attrs[IFLA_LINK_NETNSID] != NULL;
    if (attrs[IFLA_MTU])
        iface->link.mtu = nla_get_u32(attrs[IFLA_MTU]);
    iface->link.up = info->ifi_flags & IFF_UP;
    iface->link.carrier = (info->ifi_flags & IFF_LOWER_UP) && !(info->ifi_flags & IFF_DORMANT);
    if (!iface->link.up || !iface->link.carrier)
        memset(iface->link.network, 0, sizeof(iface->link.network)); /* where it comes up next is another question */
    if (memcmp(&facts, &iface->facts, sizeof(facts)) == 0 && iface->link.name[0])
        return;
    iface->facts = facts;
    memcpy(iface->link.name, facts.name, sizeof(facts.name));
    iface->link.type = link_type_of(&facts);
    iface->link.wakeup_enabled = link_may_wake(&facts);
    iface->link.wake_on_incoming = link_wakes(&facts);
}

int snapshot_link(struct snapshot *snapshot, const struct nlmsghdr *header)
{
    struct nlattr *attrs[IFLA_MAX + 1];
    const struct ifinfomsg *info;
    struct iface *iface;
    bool was_up;

    if (!nlmsg_valid_hdr(header, sizeof(*info)))
        return -EBADMSG;
    info = nlmsg_data(header);
    if (info->ifi_family != AF_UNSPEC)
        return 0; /* a bridge talks about its port */
    if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*info), attrs, IFLA_MAX, NULL) < 0)
        return -EBADMSG;
    iface = snapshot_find(snapshot, info->ifi_index);
    if (header->nlmsg_type == RTM_DELLINK) {
        if (iface)
            remove_iface(snapshot, iface);
        return 0;
    }
    if (attrs[IFLA_WIRELESS])
        return 0; /* a scan's result: only flags and a blob */
    if (!iface)
        iface = insert(snapshot, info->ifi_index);
    if (!iface)
        return -ENOMEM;
    was_up = iface->link.up;
    read_link(iface, info, attrs);
    iface->seen = true;
    return was_up && !iface->link.up && iface->link.n_routes > 0 ? SNAPSHOT_READ_ROUTES : 0;
}

/* One address of a message. */
struct address {
    struct link_addr value;
    int ifindex;
    bool usable;
    bool secondary;
};

static int parse_addr(const struct nlmsghdr *header, struct address *ret)
{
    struct nlattr *attrs[IFA_MAX + 1];
    const struct ifaddrmsg *ifa;
    uint8_t family;
    uint32_t flags;

    if (!nlmsg_valid_hdr(header, sizeof(*ifa)))
        return -EBADMSG;
    ifa = nlmsg_data(header);
    family = family_from_af(ifa->ifa_family);
    if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*ifa), attrs, IFA_MAX, NULL) < 0)
        return -EBADMSG;
    flags = attrs[IFA_FLAGS] ? nla_get_u32(attrs[IFA_FLAGS]) : ifa->ifa_flags;
    *ret = (struct address){ .ifindex = (int)ifa->ifa_index };
    ret->value.addr = attr_addr(family, attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS]);
    ret->value.prefix_length = ifa->ifa_prefixlen;
    ret->secondary = flags & IFA_F_SECONDARY; /* the bit is IFA_F_TEMPORARY for IPv6 */
    ret->usable = ifa->ifa_scope != RT_SCOPE_HOST && ip_addr_is_usable_source(&ret->value.addr) &&
                  !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED));
    return 0;
}

static int compare_addrs(const struct link_addr *a, const struct link_addr *b)
{
    return memcmp(a, b, sizeof(*a));
}

/* Room at `at`; the last one falls out of a full list. */
static void open_gap(struct iface *iface, uint32_t at)
{
    struct link *link = &iface->link;
    size_t n_behind;

    if (link->n_addrs == LINK_ADDRS_MAX)
        link->n_addrs--;
    n_behind = link->n_addrs - at;
    memmove(&link->addrs[at + 1], &link->addrs[at], n_behind * sizeof(*link->addrs));
    memmove(&iface->secondary[at + 1], &iface->secondary[at], n_behind * sizeof(*iface->secondary));
    link->n_addrs++;
}

static void add_addr(struct iface *iface, const struct link_addr *addr, bool secondary)
{
    struct link *link = &iface->link;
    uint32_t at = 0;

    while (at < link->n_addrs && compare_addrs(&link->addrs[at], addr) < 0)
        at++;
    if (at == link->n_addrs || compare_addrs(&link->addrs[at], addr) != 0) {
        iface->more_addrs |= link->n_addrs == LINK_ADDRS_MAX;
        if (at == LINK_ADDRS_MAX)
            return;
        open_gap(iface, at);
        link->addrs[at] = *addr;
    }
    iface->secondary[at] = secondary;
}

/* true: it was there. */
static bool remove_addr(struct iface *iface, const struct link_addr *addr)
{
    struct link *link = &iface->link;

    for (uint32_t i = 0; i < link->n_addrs; i++) {
        if (compare_addrs(&link->addrs[i], addr) != 0)
            continue;
        link->n_addrs--;
        memmove(&link->addrs[i], &link->addrs[i + 1], (link->n_addrs - i) * sizeof(*addr));
        memmove(
            &iface->secondary[i], &iface->secondary[i + 1], (link->n_addrs - i) * sizeof(*iface->secondary));
        memset(&link->addrs[link->n_addrs], 0, sizeof(*addr));
        return true;
    }
    return false;
}

int snapshot_addr(struct snapshot *snapshot, const struct nlmsghdr *header)
{
    struct address address;
    struct iface *iface;
    int hints = 0;
    int r = parse_addr(header, &address);

    if (r < 0)
        return r;
    iface = snapshot_find(snapshot, address.ifindex);
    if (!iface)
        return 0;
    if (header->nlmsg_type == RTM_NEWADDR && address.usable) {
        add_addr(iface, &address.value, address.secondary);
        return 0;
    }
    if (remove_addr(iface, &address.value) && iface->more_addrs)
        hints |= SNAPSHOT_READ_ADDRS;
    /* The kernel drops IPv4 routes that prefer this source, on any interface, without saying so. */
    if (header->nlmsg_type == RTM_DELADDR && address.value.addr.family == 4)
        hints |= SNAPSHOT_READ_ROUTES;
    return hints;
}

bool snapshot_wants_route(const struct snapshot *snapshot, const struct route *route)
{
    if (route->table != RT_TABLE_MAIN || route->type != RTN_UNICAST || route->cloned)
        return false;
    if (route->destination.length == 0)
        return true;
    for (uint32_t i = 0; i < snapshot->n_interest; i++)
        if (ip_prefix_contains(&route->destination, &snapshot->interest[i]))
            return true;
    return false;
}

/* Defaults first, of them the best; then by destination. */
static int compare_routes(const struct link_route *a, const struct link_route *b)
{
    bool a_default = a->destination.length == 0, b_default = b->destination.length == 0;

    if (a_default != b_default)
        return a_default ? -1 : 1;
    if (a->metric != b->metric)
        return a->metric < b->metric ? -1 : 1;
    if (memcmp(&a->destination, &b->destination, sizeof(a->destination)) != 0)
        return memcmp(&a->destination, &b->destination, sizeof(a->destination));
    return memcmp(&a->via, &b->via, sizeof(a->via));
}

/* The source that the administrator or the DHCP client meant for this way out. */
static void note_preferred(struct iface *iface, const struct route *route)
{
    struct ip_addr *preferred = &iface->preferred[route->family == 6];

    if (route->destination.length == 0 && route->source.family && !preferred->family)
        *preferred = route->source;
}

static void add_link_route(struct link *link, const struct link_route *route)
{
    uint32_t at = 0;

    while (at < link->n_routes && compare_routes(&link->routes[at], route) < 0)
        at++;
    if (at < link->n_routes && compare_routes(&link->routes[at], route) == 0)
        return;
    if (at == LINK_ROUTES_MAX)
        return;
    if (link->n_routes == LINK_ROUTES_MAX)
        link->n_routes--;
    memmove(&link->routes[at + 1], &link->routes[at], (link->n_routes - at) * sizeof(*route));
    link->routes[at] = *route;
    link->n_routes++;
}

void snapshot_add_route(struct snapshot *snapshot, const struct route *route)
{
    for (uint32_t i = 0; i < route->n_hops; i++) {
        const struct route_hop *hop = &route->hops[i];
        struct iface *iface = snapshot_find(snapshot, hop->ifindex);
        struct link_route value;

        if (!iface || hop->dead)
            continue;
        memset(&value, 0, sizeof(value)); /* padding too: link sets are compared as bytes */
        value.destination = route->destination;
        value.via = hop->via;
        value.metric = route->metric;
        add_link_route(&iface->link, &value);
        note_preferred(iface, route);
    }
}

void snapshot_begin_links(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_ifaces; i++)
        snapshot->ifaces[i].seen = false;
}

void snapshot_end_links(struct snapshot *snapshot)
{
    size_t kept = 0;

    for (size_t i = 0; i < snapshot->n_ifaces; i++)
        if (snapshot->ifaces[i].seen)
            memmove(&snapshot->ifaces[kept++], &snapshot->ifaces[i], sizeof(*snapshot->ifaces));
    snapshot->n_ifaces = kept;
}

void snapshot_forget_addrs(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_ifaces; i++) {
        struct iface *iface = &snapshot->ifaces[i];
        iface->link.n_addrs = 0;
        memset(iface->link.addrs, 0, sizeof(iface->link.addrs));
        iface->more_addrs = false;
    }
}

void snapshot_forget_routes(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->n_ifaces; i++) {
        struct iface *iface = &snapshot->ifaces[i];
        iface->link.n_routes = 0;
        memset(iface->link.routes, 0, sizeof(iface->link.routes));
        memset(iface->preferred, 0, sizeof(iface->preferred));
    }
}

/* Smaller is better: what a base link needs, in the order of how rare it is. */
static unsigned rank_of(const struct link *link)
{
    bool has_default = link->n_routes > 0 && link->routes[0].destination.length == 0;

    if (has_default)
        return 0;
    if (link->n_routes > 0)
        return 1;
    if (link->n_addrs > 0 && link->type < LINK_TYPE_TUNNEL)
        return 2;
    return link->type < LINK_TYPE_TUNNEL ? 3 : 4;
}
#define N_RANKS 5

static bool shares_subnet_with_router(const struct link *link, const struct link_addr *addr)
{
    struct ip_prefix subnet = ip_prefix_of(&addr->addr, addr->prefix_length);

    for (uint32_t i = 0; i < link->n_routes; i++)
        if (ip_prefix_contains(&subnet, &link->routes[i].via))
            return true;
    return false;
}

/* Smaller is a better source. Users of a link set take the first of the family. */
static unsigned addr_rank(const struct iface *iface, uint32_t at)
{
    const struct link_addr *addr = &iface->link.addrs[at];
    bool is_ipv6 = addr->addr.family == 6;
    unsigned rank = is_ipv6 ? 8 : 0;

    if (!ip_addr_equal(&iface->preferred[is_ipv6], &addr->addr))
        rank += shares_subnet_with_router(&iface->link, addr) ? 2 : 4;
    return rank + iface->secondary[at];
}

/* By rank; equal ones stay by their bytes, which has global before unique-local. */
static void order_addrs(const struct iface *iface, struct link *link)
{
    unsigned ranks[LINK_ADDRS_MAX];

    for (uint32_t i = 0; i < link->n_addrs; i++) {
        struct link_addr addr = iface->link.addrs[i];
        unsigned rank = addr_rank(iface, i);
        uint32_t at = i;
        for (; at > 0 && ranks[at - 1] > rank; at--) {
            ranks[at] = ranks[at - 1];
            link->addrs[at] = link->addrs[at - 1];
        }
        ranks[at] = rank;
        link->addrs[at] = addr;
    }
}

void snapshot_to_set(const struct snapshot *snapshot, const char *own_name, struct link_set *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (unsigned rank = 0; rank < N_RANKS; rank++) {
        for (size_t i = 0; i < snapshot->n_ifaces && ret->n_links < LINK_SET_MAX; i++) {
            const struct iface *iface = &snapshot->ifaces[i];
            struct link *link = &ret->links[ret->n_links];
            if (rank_of(&iface->link) != rank || strcmp(iface->link.name, own_name) == 0)
                continue;
            memcpy(link, &iface->link, sizeof(*link));
            order_addrs(iface, link);
            ret->n_links++;
        }
    }
}
