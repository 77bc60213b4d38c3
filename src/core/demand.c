/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On demand: while the link that the tunnel would use is roaming, the tunnel is built by the first packet of an application and taken down when
 * none has passed for IdleTimeout. In between its interface stays, with its last addresses and name servers, which outlive a restart, or with
 * placeholders before there have been any.
 * Decides whether that holds and when the tunnel is idle; what follows stands in transitions.c.
 */
#include "core/demand.h"

#include "core/internal.h"

#include "base/macro.h"

#include <string.h>

/* RFC 7600, 8: 192.0.0.8/32, the IPv4 dummy address. IPv6: unique local (RFC 4193), so that names with both families are tried by IPv4 first. */
static const struct ip_addr placeholder_ipv4 = { .family = 4, .bytes = { 192, 0, 0, 8 } };
static const struct ip_addr placeholder_ipv6 = { .family = 6, .bytes = { 0xfd, 0x4d, 0x56, 0x50, 0x4e, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };

void idle_start(struct idle *idle, usec_t now_usec, usec_t timeout_usec)
{
    idle->timeout_usec = timeout_usec;
    idle->last_inner_at_usec = now_usec;
}

void idle_stop(struct idle *idle)
{
    idle->timeout_usec = 0;
}

usec_t idle_deadline(const struct idle *idle, usec_t *ret_slack_usec)
{
    if (idle->timeout_usec == 0)
        return USEC_INFINITY;
    *ret_slack_usec = idle->timeout_usec / 100 * IDLE_SLACK_PERCENT;
    return usec_add(idle->last_inner_at_usec, idle->timeout_usec);
}

bool idle_over(struct idle *idle, usec_t now_usec, usec_t last_inner_at_usec)
{
    usec_t slack_usec;

    if (now_usec < idle_deadline(idle, &slack_usec))
        return false;
    idle->last_inner_at_usec = MAX_OF(idle->last_inner_at_usec, MIN_OF(last_inner_at_usec, now_usec));
    return now_usec >= idle_deadline(idle, &slack_usec);
}

static bool best_link_roams(const struct core *core)
{
    const struct link *link = attempt_best_link(core);

    return link && link->roaming;
}

bool demand_applies(const struct core *core)
{
    return core->has_tunnel ? core->base.roaming : best_link_roams(core);
}

bool demand_suffices(const struct core *core)
{
    return !core->user_disconnected && best_link_roams(core) && attempt_obstacle(core) == REASON_NONE;
}

void demand_arm(struct core *core)
{
    core->demanded = false;
    core->placeholder = !core->has_addrs;
    attempt_start_ike(core); /* the data path is its */
    core_act(core, ACTION_WATCH_DEMAND);
}

/* What of a tunnel is of use before the next one stands. */
static struct tunnel memory_of(const struct tunnel *tunnel)
{
    struct tunnel memory;

    memset(&memory, 0, sizeof(memory));
    memory.n_addrs = tunnel->n_addrs;
    memcpy(memory.addrs, tunnel->addrs, sizeof(memory.addrs));
    memory.n_dns = tunnel->n_dns;
    memcpy(memory.dns, tunnel->dns, sizeof(memory.dns));
    memory.n_domains = tunnel->n_domains;
    memcpy(memory.domains, tunnel->domains, sizeof(memory.domains));
    memory.n_subnets = tunnel->n_subnets;
    memcpy(memory.subnets, tunnel->subnets, sizeof(memory.subnets));
    return memory;
}

void demand_remember(struct core *core)
{
    static const struct tunnel none;
    struct tunnel memory = memory_of(core->has_addrs ? &core->tunnel : &none);

    if (memcmp(&memory, &core->remembered, sizeof(memory)) == 0)
        return;
    core->remembered = memory;
    core_act(core, ACTION_REMEMBER)->tunnel = &core->remembered;
}

void demand_recall(struct core *core, const struct tunnel *tunnel)
{
    if (core->started || core->has_tunnel || tunnel->n_addrs > TUNNEL_ADDRS_MAX)
        return;
    core->remembered = core->tunnel = memory_of(tunnel);
    core->has_addrs = tunnel->n_addrs > 0;
}

void demand_update(struct core *core)
{
    if (!core->has_tunnel || !demand_applies(core))
        idle_stop(&core->idle);
    else if (core->idle.timeout_usec != core->policy.idle_timeout_usec)
        idle_start(&core->idle, core->now_usec, core->policy.idle_timeout_usec);
}

uint32_t demand_addresses(const struct core *core, struct ip_addr ret[TUNNEL_ADDRS_MAX])
{
    uint32_t n = 0;

    if (core->has_addrs) {
        for (; n < MIN_OF(core->tunnel.n_addrs, (uint32_t)TUNNEL_ADDRS_MAX); n++)
            ret[n] = core->tunnel.addrs[n];
    } else if (core->placeholder) {
        ret[n++] = placeholder_ipv4;
        ret[n++] = placeholder_ipv6;
    }
    return n;
}
