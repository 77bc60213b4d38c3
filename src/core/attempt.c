/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One round of attempts: the best link, then each gateway in order and each of its addresses, until one is established or all have failed.
 * Decides what is tried next and why nothing can be; the wait between rounds is the table's and backoff's.
 */
#include "core/internal.h"

#include <string.h>

static const struct gateway *current_gateway(const struct core *core)
{
    return &core->policy.gateways[core->attempt.gateway_index];
}

static int64_t wall_usec(const struct core *core)
{
    int64_t wall;

    if (__builtin_add_overflow((int64_t)core->now_usec, core->clock.offset_usec, &wall))
        return INT64_MAX; /* some hundred thousand years hence: what was valid has expired */
    return wall;
}

usec_t attempt_certificate_begins_in(const struct core *core)
{
    int64_t now = wall_usec(core), begins;

    if (core->credentials.problem != REASON_NONE || __builtin_mul_overflow(core->credentials.not_before_sec, (int64_t)SEC(1), &begins))
        return USEC_INFINITY;
    return begins > now && now >= 0 ? (usec_t)(begins - now) : USEC_INFINITY;
}

static enum reason credentials_obstacle(const struct core *core)
{
    const struct credentials *credentials = &core->credentials;
    int64_t wall_sec = wall_usec(core) / (int64_t)SEC(1);

    if (credentials->problem != REASON_NONE)
        return credentials->problem;
    if (wall_sec < core->clock.floor_sec)
        wall_sec = core->clock.floor_sec;
    if (wall_sec < credentials->not_before_sec)
        return REASON_CLOCK_WRONG;
    if (wall_sec > credentials->not_after_sec)
        return REASON_CERTIFICATE_EXPIRED;
    return REASON_NONE;
}

enum reason attempt_obstacle(const struct core *core)
{
    if (!core->policy.complete || core->policy.n_gateways == 0)
        return REASON_CONFIG_INCOMPLETE;
    return credentials_obstacle(core);
}

/* A literal gateway may be reachable where no default route is; where it is not, another gateway of the list may be. */
static const struct link *best_link(const struct core *core, int not_ifindex)
{
    const struct gateway *gateway = &core->policy.gateways[0];
    const struct link *link = NULL;

    if (gateway->literal.family)
        link = linkset_best(&core->links, &core->policy, &gateway->literal, not_ifindex);
    return link ? link : linkset_best(&core->links, &core->policy, NULL, not_ifindex);
}

const struct link *attempt_best_link(const struct core *core)
{
    return best_link(core, 0);
}

/* The best link; but after a round that failed over it, another one, if there is one: a Wi-Fi that leads nowhere must not keep us. */
static const struct link *choose_base(const struct core *core)
{
    const struct link *other = core->tried_ifindex ? best_link(core, core->tried_ifindex) : NULL;

    return other ? other : best_link(core, 0);
}

/* Nothing that a new attempt could profit from: the same addresses, and no family more or less leads outside. */
static bool same_prospects(const struct link *a, const struct link *b)
{
    if (a->ifindex != b->ifindex || a->n_addrs != b->n_addrs || link_has_family(a, 4) != link_has_family(b, 4) ||
        link_has_family(a, 6) != link_has_family(b, 6))
        return false;
    for (uint32_t i = 0; i < a->n_addrs; i++)
        if (!ip_addr_equal(&a->addrs[i].addr, &b->addrs[i].addr))
            return false;
    return true;
}

bool attempt_best_is_new(const struct core *core)
{
    const struct link *best = best_link(core, 0);

    return best && !same_prospects(best, &core->best_seen);
}

/* The link, or what was used of it, is gone. */
bool attempt_base_lost(const struct core *core)
{
    const struct link *link = linkset_find(&core->links, core->base.ifindex);
    bool initiated = core->attempt.phase == PHASE_INITIATED;

    if (!link || link_judge(link, &core->policy, initiated ? &core->attempt.remote : NULL) != LINK_FITNESS_USABLE)
        return true;
    return initiated && !link_has_address(link, &core->attempt.local);
}

static struct action *act_resolve(struct core *core, enum action_type type)
{
    struct action *action = core_act(core, type);
    struct resolve_request *request = &action->resolve;

    core->attempt.request_id = core_new_request_id(core);
    *request = (struct resolve_request){ .id = core->attempt.request_id, .ifindex = core->base.ifindex };
    memcpy(request->interface, core->base.name, sizeof(request->interface));
    if (core->attempt.asks_prefix)
        memcpy(request->name, NAT64_NAME, sizeof(NAT64_NAME));
    else
        memcpy(request->name, current_gateway(core)->name, sizeof(request->name));
    core_set_timer(core, TIMER_ATTEMPT, RESOLVE_GUARD_USEC);
    return action;
}

static void find_servers(struct core *core, bool for_prefix)
{
    core->attempt.asks_prefix = for_prefix;
    core->attempt.phase = PHASE_FINDING;
    act_resolve(core, ACTION_FIND_RESOLVERS);
}

static void ask_servers(struct core *core, bool for_prefix)
{
    struct attempt *attempt = &core->attempt;
    struct resolve_request *request;

    attempt->asks_prefix = for_prefix;
    attempt->phase = PHASE_RESOLVING;
    request = &act_resolve(core, ACTION_RESOLVE)->resolve;
    request->want_ipv6 = true;
    request->want_ipv4 = !for_prefix; /* the family of a later link as well: the tunnel may move there */
    request->n_servers = attempt->n_servers;
    memcpy(request->servers, attempt->servers, sizeof(attempt->servers));
}

/* The gateway's addresses are known, and the servers, where they had to be asked. */
static void on_addresses(struct core *core)
{
    struct attempt *attempt = &core->attempt;

    if (!reach_needs_prefix(core, &core->base, attempt->addrs, attempt->n_addrs))
        core_raise(core, TRIGGER_READY, REASON_NONE);
    else if (attempt->n_servers == 0)
        find_servers(core, true);
    else
        ask_servers(core, true);
}

static void contact_gateway(struct core *core)
{
    struct attempt *attempt = &core->attempt;
    const struct gateway *gateway = current_gateway(core);

    attempt->tried_ipv4 = attempt->tried_ipv6 = attempt->put_off = false;
    attempt->n_addrs = attempt->next_addr = 0;
    if (gateway->literal.family) {
        attempt->addrs[0] = gateway->literal;
        attempt->n_addrs = 1;
        on_addresses(core);
        return;
    }
    find_servers(core, false);
}

void attempt_begin(struct core *core)
{
    enum reason obstacle = attempt_obstacle(core);
    const struct link *base;

    attempt_forget(core);
    core->attempt.gateway_index = 0;
    core->attempt.gateway_reason = core->attempt.passing_reason = REASON_NONE;
    if (obstacle != REASON_NONE) {
        core->attempt.gateway_index = core->policy.n_gateways; /* no other gateway would change it */
        core_raise(core, TRIGGER_ATTEMPT_FAILED, obstacle);
        return;
    }
    base = choose_base(core);
    if (!base) {
        core->has_base = false;
        core_raise(core, TRIGGER_LINK_NONE, REASON_NO_LINK);
        return;
    }
    core->best_seen = *best_link(core, 0);
    core->base = *base;
    core->has_base = true;
    reach_forget(core); /* the network may be another one under the same addresses */
    contact_gateway(core);
}

/* Without a NAT64, or without an answer about one, another link may still reach the gateway. */
static void on_prefix(struct core *core, const struct resolved *answer)
{
    reach_note_prefix(core, &core->base, answer);
    core_raise(core, TRIGGER_READY, REASON_NONE);
}

void attempt_on_resolvers(struct core *core, const struct resolved *resolvers)
{
    struct attempt *attempt = &core->attempt;

    if (attempt->phase != PHASE_FINDING || resolvers->id != attempt->request_id)
        return;
    attempt->n_servers = link_keep_reachable(&core->base, &core->policy, resolvers, attempt->servers);
    if (attempt->n_servers > 0)
        ask_servers(core, attempt->asks_prefix);
    else if (attempt->asks_prefix)
        on_prefix(core, &(struct resolved){ 0 });
    else
        core_raise(core, TRIGGER_ATTEMPT_FAILED, REASON_NAME_UNRESOLVED);
}

/* IPv6 first, or what carried over this link where IPv6 was silent; then the families take turns (RFC 8305, 4). */
static void take_in_turns(struct core *core, const struct resolved *resolved)
{
    struct attempt *attempt = &core->attempt;
    uint8_t family = core->family_ifindex == core->base.ifindex ? core->family_first : 6;
    bool taken[RESOLVED_ADDRS_MAX] = { false };

    attempt->n_addrs = attempt->next_addr = 0;
    for (uint32_t n_idle = 0; n_idle < 2; family = family == 6 ? 4 : 6, n_idle++) {
        for (uint32_t i = 0; i < resolved->n_addrs; i++) {
            const struct ip_addr *addr = &resolved->addrs[i];
            /* no host outside has another kind of address, whatever the name server says */
            if (taken[i] || addr->family != family || !ip_addr_is_usable_source(addr))
                continue;
            attempt->addrs[attempt->n_addrs++] = *addr;
            taken[i] = true;
            n_idle = UINT32_MAX; /* both families may have more */
            break;
        }
    }
}

void attempt_on_resolved(struct core *core, const struct resolved *resolved)
{
    struct attempt *attempt = &core->attempt;

    if (attempt->phase != PHASE_RESOLVING || resolved->id != attempt->request_id)
        return;
    if (attempt->asks_prefix) {
        on_prefix(core, resolved);
        return;
    }
    take_in_turns(core, resolved);
    if (attempt->n_addrs == 0)
        core_raise(core, TRIGGER_ATTEMPT_FAILED, REASON_NAME_UNRESOLVED);
    else
        on_addresses(core);
}

/* None of the gateway's addresses is within reach of the base link, but one is of another link: take that one. */
static void reconsider_base(struct core *core)
{
    const struct attempt *attempt = &core->attempt;
    const struct link *link;
    struct ip_addr reached;

    if (reach_any(core, &core->base, attempt->addrs, attempt->n_addrs, &reached))
        return;
    link = reach_best(core, attempt->addrs, attempt->n_addrs, 0, &reached);
    if (link)
        core->base = *link;
}

/* The next address of the current gateway that the base link can reach; false: none is left. */
static bool pick_address(struct core *core, struct ip_addr *ret)
{
    struct attempt *attempt = &core->attempt;

    while (attempt->next_addr < attempt->n_addrs)
        if (reach_over(core, &core->base, &attempt->addrs[attempt->next_addr++], ret))
            return true;
    return false;
}

static bool was_tried(const struct attempt *attempt, uint8_t family)
{
    return family == 4 ? attempt->tried_ipv4 : attempt->tried_ipv6;
}

/* Is there an address of the family that has not been tried yet, within reach? */
static bool other_family_waits(const struct core *core)
{
    const struct attempt *attempt = &core->attempt;
    struct ip_addr reached;

    for (uint32_t i = attempt->next_addr; i < attempt->n_addrs; i++)
        if (reach_over(core, &core->base, &attempt->addrs[i], &reached) && !was_tried(attempt, reached.family))
            return true;
    return false;
}

/*
 * Happy eyeballs (RFC 8305) with one IKE SA at a time: the first address of a family is left soon where nothing answers and the other family has
 * not had its turn, and comes back after the others.
 */
static void hurry(struct core *core)
{
    struct attempt *attempt = &core->attempt;

    attempt->tried_ipv4 |= attempt->remote.family == 4;
    attempt->tried_ipv6 |= attempt->remote.family == 6;
    if (other_family_waits(core))
        core_set_timer(core, TIMER_EYEBALLS, EYEBALLS_USEC);
}

void attempt_start_ike(struct core *core)
{
    if (core->ike_running && core->ike_stale) {
        core_act(core, ACTION_IKE_STOP);
        core->ike_running = false;
    }
    if (!core->ike_running)
        core_act(core, ACTION_IKE_START);
    core->ike_running = true;
    core->ike_stale = false;
}

void attempt_initiate(struct core *core)
{
    struct attempt *attempt = &core->attempt;
    struct initiate_request *request;

    if (attempt->next_addr == 0)
        reconsider_base(core);
    if (!pick_address(core, &attempt->remote)) {
        attempt->phase = PHASE_NONE;
        core_raise(core, TRIGGER_ATTEMPT_FAILED, REASON_GATEWAY_UNREACHABLE);
        return;
    }
    attempt_start_ike(core);
    attempt->phase = PHASE_INITIATED;
    attempt->id++;
    core->round_trip_usec = 0;
    attempt->local = *link_source_for(&core->base, &attempt->remote);
    request = &core_act(core, ACTION_IKE_INITIATE)->initiate;
    *request = (struct initiate_request){
        .attempt = attempt->id,
        .gateway_index = attempt->gateway_index,
        .remote = attempt->remote,
        .remote_port = current_gateway(core)->port,
        .local = attempt->local,
        .ifindex = core->base.ifindex,
    };
    memcpy(request->interface, core->base.name, sizeof(request->interface));
    if (core->has_addrs) {
        request->n_addrs = core->tunnel.n_addrs;
        memcpy(request->addrs, core->tunnel.addrs, sizeof(request->addrs));
    }
    core_set_timer(core, TIMER_ATTEMPT, ATTEMPT_GUARD_USEC);
    hurry(core);
}

void attempt_on_answered(struct core *core, const struct answered *answered)
{
    if (core->attempt.phase != PHASE_INITIATED || answered->attempt != core->attempt.id)
        return;
    core_clear_timer(core, TIMER_EYEBALLS);
    if (answered->round_trip_usec)
        core->round_trip_usec = answered->round_trip_usec;
}

void attempt_put_off(struct core *core)
{
    struct attempt *attempt = &core->attempt;
    uint32_t last = attempt->n_addrs - 1;
    struct ip_addr silent = attempt->addrs[--attempt->next_addr];

    memmove(&attempt->addrs[attempt->next_addr], &attempt->addrs[attempt->next_addr + 1],
        (last - attempt->next_addr) * sizeof(silent));
    attempt->addrs[last] = silent;
    attempt->put_off = true;
    core_act(core, ACTION_IKE_TERMINATE)->silent = true;
    revocation_forget(core);
    core_clear_timer(core, TIMER_ATTEMPT);
    attempt->phase = PHASE_NONE;
    core_raise(core, TRIGGER_READY, REASON_NONE);
}

void attempt_won(struct core *core)
{
    if (!core->attempt.put_off)
        return;
    core->family_ifindex = core->base.ifindex;
    core->family_first = core->attempt.remote.family;
}

void attempt_note_failure(struct core *core, enum reason cause)
{
    struct attempt *attempt = &core->attempt;

    if (!reason_is_permanent(cause)) {
        /* That its other addresses are out of this link's reach says less than what the one within reach did. */
        if (cause != REASON_GATEWAY_UNREACHABLE || attempt->gateway_reason == REASON_NONE)
            attempt->gateway_reason = cause;
        core->tried_ifindex = core->base.ifindex;
        return;
    }
    /* The gateway has spoken: its other addresses would say the same, and what they failed with before does not matter. */
    attempt->next_addr = attempt->n_addrs;
    attempt->gateway_reason = REASON_NONE;
}

bool attempt_has_next(const struct core *core)
{
    return core->attempt.next_addr < core->attempt.n_addrs || core->attempt.gateway_index + 1 < core->policy.n_gateways;
}

void attempt_next(struct core *core)
{
    struct attempt *attempt = &core->attempt;
    const uint32_t n_addrs = attempt->n_addrs, next_addr = attempt->next_addr;

    attempt_forget(core);
    if (next_addr < n_addrs) {
        attempt->n_addrs = n_addrs;
        attempt->next_addr = next_addr;
        core_raise(core, TRIGGER_READY, REASON_NONE);
        return;
    }
    if (attempt->gateway_reason != REASON_NONE)
        attempt->passing_reason = attempt->gateway_reason;
    attempt->gateway_reason = REASON_NONE;
    attempt->gateway_index++;
    contact_gateway(core);
}

void attempt_forget(struct core *core)
{
    struct attempt *attempt = &core->attempt;

    if (attempt->phase == PHASE_FINDING || attempt->phase == PHASE_RESOLVING)
        core_act(core, ACTION_RESOLVE_CANCEL);
    if (attempt->phase == PHASE_INITIATED)
        core_act(core, ACTION_IKE_TERMINATE)->silent = true;
    revocation_forget(core);
    attempt->phase = PHASE_NONE;
    attempt->asks_prefix = false;
    attempt->request_id = 0;
    attempt->n_servers = attempt->n_addrs = attempt->next_addr = 0;
    attempt->remote = attempt->local = (struct ip_addr){ 0 };
    core_clear_timer(core, TIMER_ATTEMPT);
    core_clear_timer(core, TIMER_EYEBALLS);
}
