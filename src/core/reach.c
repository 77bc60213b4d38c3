/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Under which address a link reaches the gateway: as it is, or, over a link of IPv6 alone, as the link's NAT64 shows it. What is known of a
 * NAT64 holds for one link and one visit to it: another link's translator, if it has one, is another.
 */
#include "core/internal.h"

#include <string.h>

bool reach_over(const struct core *core, const struct link *link, const struct ip_addr *addr, struct ip_addr *ret)
{
    const struct nat64 *nat64 = &core->nat64;
    bool has_prefix = nat64->prefix.addr.family != 0;

    *ret = *addr;
    if (has_prefix && nat64->ifindex != link->ifindex && ip_prefix_contains(&nat64->prefix, addr))
        return false;
    if (link_judge(link, &core->policy, addr) == LINK_FITNESS_USABLE)
        return true;
    if (addr->family != 4 || !has_prefix || nat64->ifindex != link->ifindex || link_has_family(link, 4))
        return false;
    *ret = nat64_synthesise(&nat64->prefix, addr);
    return ip_addr_is_usable_source(ret) && link_judge(link, &core->policy, ret) == LINK_FITNESS_USABLE;
}

bool reach_any(
    const struct core *core, const struct link *link, const struct ip_addr *addrs, uint32_t n_addrs, struct ip_addr *ret)
{
    struct ip_addr reached;

    for (uint32_t i = 0; i < n_addrs; i++) {
        if (reach_over(core, link, &addrs[i], &reached)) {
            *ret = reached;
            return true;
        }
    }
    return false;
}

const struct link *reach_best(
    const struct core *core, const struct ip_addr *addrs, uint32_t n_addrs, int not_ifindex, struct ip_addr *ret)
{
    const struct link *best = NULL;
    struct ip_addr reached;

    for (uint32_t i = 0; i < core->links.n_links; i++) {
        const struct link *link = &core->links.links[i];
        if (link->ifindex == not_ifindex || !reach_any(core, link, addrs, n_addrs, &reached))
            continue;
        if (!best || linkset_prefers(&core->policy, link, best)) {
            best = link;
            *ret = reached;
        }
    }
    return best;
}

bool reach_needs_prefix(const struct core *core, const struct link *link, const struct ip_addr *addrs, uint32_t n_addrs)
{
    bool has_ipv4 = false;
    struct ip_addr reached;

    for (uint32_t i = 0; i < n_addrs; i++)
        has_ipv4 |= addrs[i].family == 4;
    return has_ipv4 && core->nat64.ifindex != link->ifindex && link_has_family(link, 6) && !link_has_family(link, 4) &&
           !reach_any(core, link, addrs, n_addrs, &reached);
}

void reach_note_prefix(struct core *core, const struct link *link, const struct resolved *answer)
{
    core->nat64 = (struct nat64){ .ifindex = link->ifindex };
    (void)nat64_find_prefix(answer->addrs, answer->n_addrs, &core->nat64.prefix);
}

/* The link is gone, or has come back as something else. */
void reach_on_links(struct core *core)
{
    const struct link *link = linkset_find(&core->links, core->nat64.ifindex);

    if (!link || !link->up || !link->carrier || !link_has_family(link, 6) || link_has_family(link, 4))
        reach_forget(core);
}

void reach_forget(struct core *core)
{
    core->nat64 = (struct nat64){ 0 };
}
