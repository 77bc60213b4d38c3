/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core tells of itself: status and the verdict on each link. Reads the model, changes nothing.
 */
#include "core/internal.h"

#include "base/macro.h"
#include "base/strbuf.h"

#include <string.h>

/* From what the keepalive interval follows. */
static enum nat_method method_of(const struct core *core)
{
    if (!core->has_tunnel || core->policy.keepalive_mode == KEEPALIVE_MODE_OFF)
        return NAT_METHOD_NONE;
    if (core->probing.method != NAT_METHOD_NONE && core->probing.lifetime_usec != USEC_INFINITY)
        return core->probing.method;
    return core->keepalive.interval_usec ? NAT_METHOD_ADMIN : NAT_METHOD_NONE;
}

void core_get_status(const struct core *core, struct core_status *ret)
{
    const struct attempt *attempt = &core->attempt;
    bool connected = core->state == STATE_CONNECTED;

    memset(ret, 0, sizeof(*ret));
    ret->state = core->state;
    ret->reason = core->reason;
    ret->since_at_usec = core->since_at_usec;
    ret->enabled = core->state != STATE_DISABLED;
    ret->internet_blocked = ret->enabled && !connected;
    ret->has_base_link = core->has_base && (connected || core->state == STATE_CONNECTING);
    ret->base_link = core->base;
    ret->has_gateway = core->has_tunnel || attempt->phase == PHASE_INITIATED;
    ret->gateway_index = MIN_OF(attempt->gateway_index, core->policy.n_gateways ? core->policy.n_gateways - 1 : 0);
    ret->gateway_addr = core->has_tunnel ? core->tunnel.remote : attempt->remote;
    ret->has_tunnel = core->has_tunnel;
    ret->tunnel = core->tunnel;
    ret->tunnel_mtu = session_mtu(core);
    ret->retry_attempt = core->backoff.n_failed;
    ret->retry_at_usec = core->timers[TIMER_RETRY];
    ret->keepalive_interval_usec = core->keepalive.interval_usec;
    ret->n_keepalives_sent = core->keepalive.n_sent;
    ret->n_keepalives_suppressed = core->keepalive.n_suppressed;
    ret->offload_sec = core->offload.stands ? core->offload.asked_sec : 0;
    ret->on_demand = ret->enabled && demand_applies(core);
    ret->push_supported = session_push_supported(core);
    ret->nat_method = method_of(core);
    ret->nat_lifetime_usec = core->probing.method == NAT_METHOD_NONE ? 0 : core->probing.lifetime_usec;
    ret->nat_detecting = probing_is_detecting(core);
}

uint32_t core_n_links(const struct core *core)
{
    return core->links.n_links;
}

/* Towards the gateway: any of its addresses will do, because the tunnel can move to each. */
static enum link_fitness judge_candidate(const struct core *core, const struct link *link)
{
    struct ip_addr reached;

    if (!core->has_tunnel)
        return link_judge(link, &core->policy, NULL);
    if (reach_over(core, link, &core->tunnel.remote, &reached) ||
        reach_any(core, link, core->attempt.addrs, core->attempt.n_addrs, &reached))
        return LINK_FITNESS_USABLE;
    return link_judge(link, &core->policy, &core->tunnel.remote);
}

/* Why a usable link is not the one: compared with the link that is, or would be. */
static void explain_loser(const struct core *core, const struct link *link, bool has_base, struct strbuf *out)
{
    const struct link *winner = has_base ? &core->base : linkset_best(&core->links, &core->policy, NULL, 0);
    char order[LINK_WHY_SIZE];

    if (!winner || winner->ifindex == link->ifindex) {
        strbuf_add(out, "usable, and the next to be tried");
    } else if (linkset_prefers(&core->policy, winner, link)) {
        link_explain_order(winner, link, &core->policy, order, sizeof(order));
        strbuf_add(out, "usable, but %s", order);
    } else if (core->has_tunnel) {
        link_explain_order(link, winner, &core->policy, order, sizeof(order));
        strbuf_add(out, "better (%s), but a tunnel stays where it is until its link is lost", order);
    } else if (core->tried_ifindex == link->ifindex) {
        strbuf_add(out, "usable, but the last attempt over it failed");
    } else {
        strbuf_add(out, "usable, but it came after the attempt over %s had begun", winner->name);
    }
}

const struct link *core_get_link(const struct core *core, uint32_t i, struct link_verdict *ret)
{
    const struct link *link = &core->links.links[i];
    bool has_base = core->has_base && (core->state == STATE_CONNECTED || core->state == STATE_CONNECTING);
    struct strbuf why;

    ret->fitness = judge_candidate(core, link);
    ret->score = ret->fitness == LINK_FITNESS_USABLE ? link_score(link, &core->policy) : 0;
    ret->chosen = has_base && core->base.ifindex == link->ifindex;
    strbuf_init(&why, ret->why, sizeof(ret->why));
    if (ret->chosen)
        strbuf_add(&why, core->has_tunnel ? "carries the tunnel" : "chosen for this attempt");
    else if (ret->fitness == LINK_FITNESS_USABLE)
        explain_loser(core, link, has_base, &why);
    else
        strbuf_add(&why, "%s", link_fitness_phrase(ret->fitness));
    return link;
}
