/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockdown as XFRM policies, from the same lists of addresses as the nftables sets. A policy says less than a rule, so some rows are wider
 * here (hop limits, connection tracking, TCP flags, the console's interface); layer 1 is the narrow one, this one holds while that is flushed.
 *
 * What must stay as it is, and why:
 *  - Out and forward, nothing for packets that come in: a policy does not see by which interface a packet came, and layer 1's mark on the
 *    gateway's packets goes with layer 1. What comes in during a repair gets no answer out.
 *  - A forwarded packet is judged twice, by both directions. Answers to a hotspot's clients are known by the mark that layer 1 gives them.
 *  - The kernel fills in the interface of an unbound socket's packet for IPv4 alone. So IPv6 into the tunnel is known by its source (a
 *    socket that is bound to another interface might use that source as well, hence the level before), IPv6 to ourselves by its destination.
 *  - The console is any interface with a private peer: usb0 may appear while mvpnd is not there, and a number of one cannot be known before.
 *  - No policy with an interface identifier (if_id): those of an XFRM interface's own are never matched by these.
 */
#include "fw/policies.h"

#include "base/macro.h"
#include "fw/render.h"
#include "fw/sets.h"

#include <assert.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#define LOOPBACK_IFINDEX 1 /* in every network namespace */
#define DNS_PORT         53
#define DNS_TLS_PORT     853
#define SSH_PORT         22

#define ICMP6_MLD2_REPORT 143 /* RFC 3810, 5.2 */

static bool is_same(const struct fw_policy *a, const struct fw_policy *b)
{
    return a->direction == b->direction && a->level == b->level && a->allow == b->allow &&
           a->family == b->family && a->protocol == b->protocol && a->source_port == b->source_port &&
           a->destination_port == b->destination_port && a->mark == b->mark && a->ifindex == b->ifindex &&
           ip_prefix_equal(&a->source, &b->source) && ip_prefix_equal(&a->destination, &b->destination);
}

/* 0: there is none of this name. */
static int ifindex_of(const struct fw_links *links, const char *name)
{
    for (uint32_t i = 0; fw_name_is_plain(name) && i < links->n_links; i++) {
        if (strncmp(links->links[i].name, name, IF_NAME_SIZE) == 0)
            return links->links[i].ifindex;
    }
    return 0;
}

static void add(struct fw_policies *list, const struct fw_policy *policy)
{
    for (uint32_t i = 0; i < list->n_policies; i++) {
        if (is_same(&list->policies[i], policy))
            return;
    }
    assert(list->n_policies < ELEMENTSOF(list->policies)); /* every list that it is made of is bounded */
    list->policies[list->n_policies++] = *policy;
}

/* The policy for each address or prefix of a set, as its destination. */
static void add_for_set(
    struct fw_policies *list, const char *name, const struct lockdown *lockdown, struct fw_policy policy)
{
    const struct fw_set *set = fw_set_find(name);
    struct fw_elements elements;

    assert(set);
    fw_set_list(set, lockdown, &elements);
    policy.family = set->family;
    for (uint32_t i = 0; i < elements.n_elements; i++) {
        const struct fw_element *element = &elements.elements[i];

        policy.destination.addr = element->addr;
        policy.destination.length =
            set->kind == FW_KIND_PREFIX ? element->prefix_length : (uint8_t)(8 * ip_addr_size(set->family));
        if (set->kind == FW_KIND_SERVICE)
            policy.destination_port = element->port;
        add(list, &policy);
    }
}

static void add_to(struct fw_policies *list, const char *destination, struct fw_policy policy)
{
    int r = ip_prefix_parse(destination, &policy.destination);

    assert(r == 0);
    policy.family = policy.destination.addr.family;
    add(list, &policy);
}

static void add_both_families(struct fw_policies *list, struct fw_policy policy)
{
    for (policy.family = 4; policy.family <= 6; policy.family += 2)
        add(list, &policy);
}

static struct fw_policy allow(enum fw_level level)
{
    return (struct fw_policy){ .direction = FW_DIRECTION_OUT, .level = level, .allow = true };
}

static void add_ourselves(struct fw_policies *list, const struct fw_links *links)
{
    struct fw_policy policy = allow(FW_LEVEL_OURS);

    policy.ifindex = LOOPBACK_IFINDEX;
    add_both_families(list, policy);
    policy.ifindex = 0;
    add_to(list, "::1", policy);
    policy.family = 6;
    for (uint32_t i = 0; i < links->n_addrs; i++) {
        policy.destination = ip_prefix_of(&links->addrs[i], 128);
        add(list, &policy);
    }
}

static void add_tunnel(
    struct fw_policies *list, const struct lockdown *lockdown, const struct fw_links *links)
{
    struct fw_policy policy = allow(FW_LEVEL_OURS);

    policy.ifindex = ifindex_of(links, lockdown->interface);
    if (policy.ifindex != 0)
        add_both_families(list, policy);
    policy = allow(FW_LEVEL_INNER);
    policy.family = 6;
    for (uint32_t i = 0; i < lockdown->n_tunnel_addrs; i++) {
        policy.source = ip_prefix_of(&lockdown->tunnel_addrs[i], 128);
        if (lockdown->tunnel_addrs[i].family == 6)
            add(list, &policy);
    }
}

/* As in layer 1: the mark AND the address AND the port. */
static void add_peers(struct fw_policies *list, const struct lockdown *lockdown)
{
    struct fw_policy policy = allow(FW_LEVEL_OURS);

    policy.mark = lockdown->mark;
    policy.protocol = IPPROTO_UDP;
    add_for_set(list, "ike4", lockdown, policy);
    add_for_set(list, "ike6", lockdown, policy);
    add_for_set(list, "probes4", lockdown, policy);
    add_for_set(list, "probes6", lockdown, policy);
    policy.destination_port = DNS_PORT;
    add_for_set(list, "resolvers4", lockdown, policy);
    add_for_set(list, "resolvers6", lockdown, policy);
    policy.protocol = IPPROTO_TCP;
    add_for_set(list, "resolvers4", lockdown, policy);
    add_for_set(list, "resolvers6", lockdown, policy);
    add_for_set(list, "fetches4", lockdown, policy);
    add_for_set(list, "fetches6", lockdown, policy);
    policy.protocol = IPPROTO_ESP;
    policy.destination_port = 0;
    add_for_set(list, "gateways4", lockdown, policy);
    add_for_set(list, "gateways6", lockdown, policy);
}

static void add_cellular(
    struct fw_policies *list, const struct lockdown *lockdown, const struct fw_links *links)
{
    struct fw_policy policy = allow(FW_LEVEL_OURS);

    for (uint32_t i = 0; i < lockdown->n_cellular_services; i++) {
        policy.ifindex = ifindex_of(links, lockdown->cellular_services[i]);
        if (policy.ifindex != 0)
            add_both_families(list, policy);
    }
}

static void add_dhcp(struct fw_policies *list, const struct lockdown *lockdown)
{
    struct fw_policy policy = allow(FW_LEVEL_LINK);

    policy.protocol = IPPROTO_UDP;
    policy.source_port = 68;
    policy.destination_port = 67;
    add_to(list, "255.255.255.255", policy);
    add_for_set(list, "local4", lockdown, policy);
    policy.source_port = 546;
    policy.destination_port = 547;
    add_to(list, "fe80::/10", policy);
    add_to(list, "ff02::1:2", policy);
    add_to(list, "ff05::1:3", policy);
}

static void add_neighbours(struct fw_policies *list)
{
    static const struct {
        uint16_t type;
        const char *destination;
    } ICMP6[] = {
        { ND_ROUTER_SOLICIT, "fe80::/10" },
        { ND_ROUTER_SOLICIT, "ff02::/16" },
        { ND_ROUTER_ADVERT, "fe80::/10" },
        { ND_ROUTER_ADVERT, "ff02::/16" },
        { ND_NEIGHBOR_SOLICIT, "::/0" }, /* also to a router's global address */
        { ND_NEIGHBOR_ADVERT, "::/0" },
        { MLD_LISTENER_QUERY, "ff00::/8" },
        { MLD_LISTENER_REPORT, "ff00::/8" },
        { MLD_LISTENER_REDUCTION, "ff00::/8" },
        { ICMP6_MLD2_REPORT, "ff00::/8" },
    };
    struct fw_policy policy = allow(FW_LEVEL_LINK);

    policy.protocol = IPPROTO_ICMPV6;
    for (size_t i = 0; i < ELEMENTSOF(ICMP6); i++) {
        policy.source_port = ICMP6[i].type;
        add_to(list, ICMP6[i].destination, policy);
    }
}

/* The kernel's own word to a hotspot's client that layer 1 refused. A reset cannot be told from other TCP, and must do without. */
static void add_refusals(struct fw_policies *list, const struct lockdown *lockdown)
{
    struct fw_policy policy = allow(FW_LEVEL_LINK);

    policy.protocol = IPPROTO_ICMP;
    policy.source_port = ICMP_DEST_UNREACH;
    policy.destination_port = ICMP_PKT_FILTERED;
    add_for_set(list, "local4", lockdown, policy);
    policy.protocol = IPPROTO_ICMPV6;
    policy.source_port = ICMP6_DST_UNREACH;
    policy.destination_port = ICMP6_DST_UNREACH_ADMIN;
    add_for_set(list, "local6", lockdown, policy);
}

static void add_usb(struct fw_policies *list, const struct lockdown *lockdown)
{
    struct fw_policy policy = allow(FW_LEVEL_LINK);

    policy.protocol = IPPROTO_TCP;
    policy.source_port = SSH_PORT;
    add_for_set(list, "local4", lockdown, policy);
    add_for_set(list, "local6", lockdown, policy);
    policy.protocol = IPPROTO_UDP;
    policy.source_port = 67;
    policy.destination_port = 68;
    add_to(list, "255.255.255.255", policy);
    add_for_set(list, "local4", lockdown, policy);
}

/* Names are not asked for in the LAN. */
static void add_lan(struct fw_policies *list, const struct lockdown *lockdown)
{
    static const uint16_t PORTS[] = { DNS_PORT, DNS_TLS_PORT };
    struct fw_policy policy = { .direction = FW_DIRECTION_OUT, .level = FW_LEVEL_NAMES };

    if (lockdown->n_lan == 0)
        return;
    for (size_t i = 0; i < ELEMENTSOF(PORTS); i++) {
        policy.destination_port = PORTS[i];
        policy.protocol = IPPROTO_UDP;
        add_both_families(list, policy);
        policy.protocol = IPPROTO_TCP;
        add_both_families(list, policy);
    }
    add_for_set(list, "lan4", lockdown, allow(FW_LEVEL_LINK));
    add_for_set(list, "lan6", lockdown, allow(FW_LEVEL_LINK));
}

/* Sockets that are bound to an interface other than the tunnel's, before the tunnel's addresses open anything. */
static void add_bound(struct fw_policies *list, const struct lockdown *lockdown, const struct fw_links *links)
{
    struct fw_policy policy = { .direction = FW_DIRECTION_OUT, .level = FW_LEVEL_BOUND, .family = 6 };
    bool has_inner = false;

    for (uint32_t i = 0; i < lockdown->n_tunnel_addrs; i++)
        has_inner = has_inner || lockdown->tunnel_addrs[i].family == 6;
    for (uint32_t i = 0; has_inner && i < links->n_links; i++) {
        policy.ifindex = links->links[i].ifindex;
        if (policy.ifindex != LOOPBACK_IFINDEX &&
            strncmp(links->links[i].name, lockdown->interface, IF_NAME_SIZE) != 0)
            add(list, &policy);
    }
}

static void add_forward(
    struct fw_policies *list, const struct lockdown *lockdown, const struct fw_links *links)
{
    struct fw_policy policy = { .direction = FW_DIRECTION_FORWARD, .level = FW_LEVEL_OURS };

    for (uint32_t i = 0; i < lockdown->n_tunnel_addrs; i++) {
        policy.family = lockdown->tunnel_addrs[i].family;
        policy.source = ip_prefix_of(&lockdown->tunnel_addrs[i], (uint8_t)(8 * ip_addr_size(policy.family)));
        add(list, &policy);
    }
    policy = (struct fw_policy){ .direction = FW_DIRECTION_FORWARD, .level = FW_LEVEL_LINK, .allow = true };
    policy.ifindex = ifindex_of(links, lockdown->interface);
    if (policy.ifindex != 0)
        add_both_families(list, policy);
    policy.ifindex = 0;
    policy.mark = fw_answer_mark(lockdown->mark);
    add_both_families(list, policy);
    policy.direction = FW_DIRECTION_OUT;
    add_both_families(list, policy);
}

void fw_policies_make(const struct lockdown *lockdown, const struct fw_links *links, struct fw_policies *ret)
{
    ret->n_policies = 0;
    if (!lockdown->active)
        return;
    add_ourselves(ret, links);
    add_tunnel(ret, lockdown, links);
    add_peers(ret, lockdown);
    add_cellular(ret, lockdown, links);
    add_dhcp(ret, lockdown);
    add_neighbours(ret);
    add_refusals(ret, lockdown);
    if (lockdown->allow_usb)
        add_usb(ret, lockdown);
    add_lan(ret, lockdown);
    add_bound(ret, lockdown, links);
    add_forward(ret, lockdown, links);
    add_both_families(ret, (struct fw_policy){ .direction = FW_DIRECTION_OUT, .level = FW_LEVEL_REST });
    add_both_families(ret, (struct fw_policy){ .direction = FW_DIRECTION_FORWARD, .level = FW_LEVEL_REST });
}
