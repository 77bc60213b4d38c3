/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which link is fit to carry the tunnel, and which is best: the administrator's order, then type, unmetered, home network, route metric.
 * Decides only by the snapshot it is given; never remembers (stickiness is the session's: it simply does not ask while connected).
 */
#include "core/core.h"
#include "core/link.h"
#include "core/policy.h"

/* The most specific route of this link to addr, then the lowest metric; NULL: none. */
const struct link_route *link_route_to(const struct link *link, const struct ip_addr *addr);

/* The source address to use towards addr (same family); NULL: none. */
const struct ip_addr *link_source_for(const struct link *link, const struct ip_addr *addr);

bool link_has_address(const struct link *link, const struct ip_addr *addr);

/* Is addr on the link itself, so that no router leads to it? */
bool link_is_on_link(const struct link *link, const struct ip_addr *addr);

/* A default route and an address of this family. */
bool link_has_family(const struct link *link, uint8_t family);

/* Can this link reach addr; with addr NULL: anything outside? */
enum link_fitness link_judge(const struct link *link, const struct policy *policy, const struct ip_addr *addr);

/* Those of addrs that this link reaches, in their order: asking the others would only cost their timeouts. Returns their number. */
uint32_t link_keep_reachable(
    const struct link *link, const struct policy *policy, const struct resolved *addrs, struct ip_addr ret[RESOLVED_ADDRS_MAX]);

/* Roaming= of the configuration over what the modem says: only a cellular link can roam. */
bool link_judge_roaming(const struct link *link, const struct policy *policy, bool reported);

const char *link_fitness_phrase(enum link_fitness fitness);

/* Higher is better; never 0. Meaningful for usable links. */
uint32_t link_score(const struct link *link, const struct policy *policy);

/* Would linkset_best() take `a` rather than `b`? Both usable. */
bool linkset_prefers(const struct policy *policy, const struct link *a, const struct link *b);

/*
 * In words, what puts `loser` behind `winner`, from the first criterion in which they differ: "wifi comes before cellular". Both usable; ret
 * is overwritten.
 */
void link_explain_order(const struct link *winner, const struct link *loser, const struct policy *policy, char *ret, size_t size);

/* The best usable link, other than the one with index `not_ifindex` (0: any); NULL: none. Ties: lower ifindex. */
const struct link *linkset_best(
    const struct link_set *set, const struct policy *policy, const struct ip_addr *addr, int not_ifindex);

const struct link *linkset_find(const struct link_set *set, int ifindex);
