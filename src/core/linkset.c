/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fitness and rank of base links (design.md, section 5 "Base link"). Pure functions of one snapshot.
 */
#include "core/linkset.h"

#include "base/macro.h"
#include "base/strbuf.h"

#include <string.h>

#define METRIC_BITS 20

/* Shell patterns of two kinds, `*` and `?`: enough for interface names, and no locale in the core. */
static bool pattern_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;

    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool is_ignored(const struct link *link, const struct policy *policy)
{
    for (uint32_t i = 0; i < policy->n_ignore; i++)
        if (pattern_matches(policy->ignore[i], link->name))
            return true;
    return strcmp(link->name, policy->interface) == 0;
}

const struct link_route *link_route_to(const struct link *link, const struct ip_addr *addr)
{
    const struct link_route *best = NULL;

    for (uint32_t i = 0; i < link->n_routes; i++) {
        const struct link_route *route = &link->routes[i];
        if (!ip_prefix_contains(&route->destination, addr))
            continue;
        if (!best || route->destination.length > best->destination.length ||
            (route->destination.length == best->destination.length && route->metric < best->metric))
            best = route;
    }
    return best;
}

static bool is_local(const struct ip_addr *addr)
{
    struct ip_prefix prefix = ip_prefix_of(addr, (uint8_t)(ip_addr_size(addr->family) * 8));

    return ip_prefix_is_local(&prefix);
}

/* The first of the family; but of IPv6, which has no NAT, one of the same scope as addr: a ULA leads to no global address (RFC 6724, 5). */
const struct ip_addr *link_source_for(const struct link *link, const struct ip_addr *addr)
{
    const struct ip_addr *first = NULL;

    for (uint32_t i = 0; i < link->n_addrs; i++) {
        const struct ip_addr *candidate = &link->addrs[i].addr;
        if (candidate->family != addr->family)
            continue;
        if (addr->family == 4 || is_local(candidate) == is_local(addr))
            return candidate;
        if (!first)
            first = candidate;
    }
    return first;
}

bool link_has_address(const struct link *link, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < link->n_addrs; i++)
        if (ip_addr_equal(&link->addrs[i].addr, addr))
            return true;
    return false;
}

bool link_is_on_link(const struct link *link, const struct ip_addr *addr)
{
    if (ip_addr_is_link_local(addr))
        return true;
    for (uint32_t i = 0; i < link->n_addrs; i++) {
        struct ip_prefix prefix = ip_prefix_of(&link->addrs[i].addr, link->addrs[i].prefix_length);
        if (prefix.length > 0 && ip_prefix_contains(&prefix, addr))
            return true;
    }
    return false;
}

static bool has_address(const struct link *link, uint8_t family)
{
    return link_source_for(link, &(struct ip_addr){ .family = family }) != NULL;
}

static const struct link_route *default_route(const struct link *link, uint8_t family)
{
    const struct link_route *best = NULL;

    for (uint32_t i = 0; i < link->n_routes; i++) {
        const struct link_route *route = &link->routes[i];
        if (route->destination.addr.family == family && route->destination.length == 0 &&
            (!best || route->metric < best->metric))
            best = route;
    }
    return best;
}

bool link_has_family(const struct link *link, uint8_t family)
{
    return has_address(link, family) && default_route(link, family);
}

/* Some route of a family that has an address, too: the gateway may be reached by less than a default route. */
static bool has_any_way(const struct link *link)
{
    for (uint32_t i = 0; i < link->n_routes; i++)
        if (has_address(link, link->routes[i].destination.addr.family))
            return true;
    return false;
}

enum link_fitness link_judge(const struct link *link, const struct policy *policy, const struct ip_addr *addr)
{
    if (link->type >= LINK_TYPE_TUNNEL)
        return LINK_FITNESS_NOT_BASE;
    if (is_ignored(link, policy))
        return LINK_FITNESS_IGNORED;
    if (!link->up)
        return LINK_FITNESS_DOWN;
    if (!link->carrier)
        return LINK_FITNESS_NO_CARRIER;
    if (addr ? !link_source_for(link, addr) : link->n_addrs == 0)
        return LINK_FITNESS_NO_ADDRESS;
    if (addr ? !link_route_to(link, addr) : !has_any_way(link))
        return LINK_FITNESS_NO_ROUTE;
    return LINK_FITNESS_USABLE;
}

uint32_t link_keep_reachable(
    const struct link *link, const struct policy *policy, const struct resolved *addrs, struct ip_addr ret[RESOLVED_ADDRS_MAX])
{
    uint32_t n_kept = 0;

    for (uint32_t i = 0; i < addrs->n_addrs && i < RESOLVED_ADDRS_MAX; i++)
        if (link_judge(link, policy, &addrs->addrs[i]) == LINK_FITNESS_USABLE)
            ret[n_kept++] = addrs->addrs[i];
    return n_kept;
}

bool link_judge_roaming(const struct link *link, const struct policy *policy, bool reported)
{
    switch (policy->roaming_detect) {
    case ROAMING_DETECT_AUTO:
        return reported;
    case ROAMING_DETECT_ALWAYS:
        return link->type == LINK_TYPE_CELLULAR;
    case ROAMING_DETECT_NEVER:
        return false;
    }
    return reported;
}

const char *link_fitness_phrase(enum link_fitness fitness)
{
    switch (fitness) {
    case LINK_FITNESS_USABLE:
        return "usable";
    case LINK_FITNESS_NOT_BASE:
        return "not a link to the internet";
    case LINK_FITNESS_IGNORED:
        return "ignored by the configuration";
    case LINK_FITNESS_DOWN:
        return "switched off";
    case LINK_FITNESS_NO_CARRIER:
        return "no carrier";
    case LINK_FITNESS_NO_ADDRESS:
        return "no address";
    case LINK_FITNESS_NO_ROUTE:
        return "no route to the gateway";
    }
    return "";
}

/* Place in the administrator's list; types that are not on it follow in their own order. */
static uint32_t rank_of(const struct link *link, const struct policy *policy)
{
    for (uint32_t i = 0; i < policy->n_prefer; i++)
        if (strcmp(policy->prefer[i], link->name) == 0 || strcmp(policy->prefer[i], link_type_name(link->type)) == 0)
            return i;
    return policy->n_prefer + (uint32_t)link->type;
}

static uint32_t best_metric(const struct link *link)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < link->n_routes; i++)
        best = MIN_OF(best, link->routes[i].metric);
    return best;
}

uint32_t link_score(const struct link *link, const struct policy *policy)
{
    const uint32_t metric_max = (1u << METRIC_BITS) - 2;
    uint32_t score = 255 - MIN_OF(rank_of(link, policy), 255u);

    score = score << 1 | !link->metered;
    score = score << 1 | !link->roaming;
    return score << METRIC_BITS | (metric_max - MIN_OF(best_metric(link), metric_max) + 1);
}

/* As the administrator wrote it in Prefer=, else its type. */
static const char *name_in_order(const struct link *link, const struct policy *policy)
{
    uint32_t rank = rank_of(link, policy);

    return rank < policy->n_prefer ? policy->prefer[rank] : link_type_name(link->type);
}

void link_explain_order(const struct link *winner, const struct link *loser, const struct policy *policy, char *ret, size_t size)
{
    struct strbuf out;

    strbuf_init(&out, ret, size);
    if (rank_of(winner, policy) != rank_of(loser, policy))
        strbuf_add(&out, "%s comes before %s", name_in_order(winner, policy), name_in_order(loser, policy));
    else if (winner->metered != loser->metered)
        strbuf_add(&out, "%s is metered and %s is not", loser->name, winner->name);
    else if (winner->roaming != loser->roaming)
        strbuf_add(&out, "%s is roaming and %s is not", loser->name, winner->name);
    else if (best_metric(winner) != best_metric(loser))
        strbuf_add(&out, "its route's metric %u is higher than %u of %s", best_metric(loser), best_metric(winner), winner->name);
    else
        strbuf_add(&out, "%s, which is as good, was there first", winner->name);
}

bool linkset_prefers(const struct policy *policy, const struct link *a, const struct link *b)
{
    uint32_t score_a = link_score(a, policy), score_b = link_score(b, policy);

    return score_a > score_b || (score_a == score_b && a->ifindex < b->ifindex);
}

const struct link *linkset_best(
    const struct link_set *set, const struct policy *policy, const struct ip_addr *addr, int not_ifindex)
{
    const struct link *best = NULL;

    for (uint32_t i = 0; i < set->n_links; i++) {
        const struct link *link = &set->links[i];
        if (link->ifindex == not_ifindex || link_judge(link, policy, addr) != LINK_FITNESS_USABLE)
            continue;
        if (!best || linkset_prefers(policy, link, best))
            best = link;
    }
    return best;
}

const struct link *linkset_find(const struct link_set *set, int ifindex)
{
    for (uint32_t i = 0; i < set->n_links; i++)
        if (set->links[i].ifindex == ifindex)
            return &set->links[i];
    return NULL;
}
