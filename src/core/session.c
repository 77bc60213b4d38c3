/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * While a tunnel stands: when a keepalive leaves, whether the path still lives, where the tunnel moves when its base link is lost.
 * Never moves for a better link: it is asked only when the base link is lost or its path is dead.
 */
#include "core/internal.h"

#include "base/macro.h"
#include "core/offload.h"

#include <string.h>

#define UDP_AND_ESP_BYTES 16 /* UDP header; SPI and sequence number (RFC 3948, RFC 4303) */
#define TRAILER_BYTES     2 /* pad length and next header */

/* The largest inner packet in an outer one of so many bytes. ESP travels in UDP, or could with the next move. */
static uint32_t inner_mtu(const struct tunnel *tunnel, uint32_t outer_bytes)
{
    static const struct sealing aes_gcm = { .iv_bytes = 8, .icv_bytes = 16, .align_bytes = 4 }; /* RFC 4106 */
    const struct sealing *sealing = tunnel->sealing.align_bytes ? &tunnel->sealing : &aes_gcm;
    uint32_t around_bytes = (tunnel->remote.family == 6 ? 40 : 20) + UDP_AND_ESP_BYTES + sealing->iv_bytes + sealing->icv_bytes;
    uint32_t payload_bytes = outer_bytes > around_bytes ? outer_bytes - around_bytes : 0;

    payload_bytes -= payload_bytes % sealing->align_bytes;
    return payload_bytes > TRAILER_BYTES ? payload_bytes - TRAILER_BYTES : 0;
}

uint32_t session_mtu(const struct core *core)
{
    uint32_t outer = core->has_base && core->base.mtu ? core->base.mtu : 1500;

    if (core->policy.mtu)
        return core->policy.mtu;
    if (core->path_mtu_bytes)
        outer = MIN_OF(outer, core->path_mtu_bytes);
    return MAX_OF(inner_mtu(&core->tunnel, outer), (uint32_t)TUNNEL_MTU_MIN);
}

/*
 * Down at once; up only where the path is another one. What a router said is forgotten after ten minutes and found again with the next large
 * packet (RFC 1191, 6.3), and following that would change the interface for ever.
 */
void session_on_path_mtu(struct core *core, uint32_t bytes)
{
    if (core->has_tunnel && bytes > 0 && (core->path_mtu_bytes == 0 || bytes < core->path_mtu_bytes))
        core->path_mtu_bytes = bytes;
}

static usec_t wanted_keepalive_interval(const struct core *core)
{
    const struct policy *policy = &core->policy;

    if (!core->has_tunnel || (core->base.roaming && !policy->roaming_keepalive))
        return 0;
    switch (policy->keepalive_mode) {
    case KEEPALIVE_MODE_OFF:
        return 0;
    case KEEPALIVE_MODE_FIXED:
        return core->tunnel.nat ? policy->keepalive_usec : 0;
    case KEEPALIVE_MODE_DETECT:
        return probing_interval(core);
    }
    return 0;
}

/*
 * Seconds; 0: we send them. The data path's timer wakes no sleeping device, and says nothing of what it sends: where one is to be woken, or
 * something else is done in a keepalive's stead, they stay ours.
 */
static uint32_t wanted_offload(const struct core *core)
{
    if (!core->has_tunnel || !core->tunnel.offload || core->offload.refused || core->moving || core->keepalive.interval_usec == 0 ||
        core->base.wake_on_incoming || !probing_leaves_keepalives_alone(core))
        return 0;
    return offload_interval_sec(core->keepalive.interval_usec);
}

/* When the data path sent the last one nobody knows: one is sent now, unless ours would not be due yet. */
static void take_back(struct core *core)
{
    bool stood = core->offload.stands;

    core->offload.stands = false;
    if (stood && core->keepalive.interval_usec && keepalive_due(&core->keepalive, core->now_usec, 0))
        core_act(core, ACTION_KEEPALIVE);
}

void session_follow(struct core *core)
{
    uint32_t wanted_sec = wanted_offload(core);

    if (wanted_sec == core->offload.asked_sec)
        return;
    core->offload.asked_sec = wanted_sec;
    take_back(core); /* ours go on until the data path has them: one too many does no harm */
    core_act(core, ACTION_OFFLOAD_KEEPALIVES)->offload_sec = wanted_sec;
}

/* What is asked for was asked of an SA that is gone, or that the move makes anew. */
static void forget_offload(struct core *core)
{
    core->offload.asked_sec = 0;
    core->offload.stands = false;
}

void session_on_offloaded(struct core *core, const struct offloaded *offloaded)
{
    if (!core->has_tunnel || core->offload.asked_sec == 0 || offloaded->interval_sec != core->offload.asked_sec)
        return;
    if (offloaded->done) {
        core->offload.stands = true;
        return;
    }
    core->offload.refused = true;
    core->offload.asked_sec = 0;
    take_back(core);
}

usec_t session_keepalive_deadline(const struct core *core, usec_t *ret_slack_usec)
{
    if (!core->offload.stands)
        return keepalive_deadline(&core->keepalive, ret_slack_usec);
    *ret_slack_usec = core->keepalive.interval_usec / 100 * KEEPALIVE_SLACK_PERCENT;
    return probing_alarm_deadline(core);
}

void session_update_keepalive(struct core *core)
{
    usec_t interval_usec = wanted_keepalive_interval(core);

    if (interval_usec == 0)
        keepalive_stop(&core->keepalive);
    else if (core->keepalive.interval_usec == 0)
        keepalive_start(&core->keepalive, core->now_usec, interval_usec);
    else
        core->keepalive.interval_usec = interval_usec; /* counted from the last outbound packet, as before */
}

void session_start(struct core *core, const struct tunnel *tunnel)
{
    core->tunnel = *tunnel;
    core->has_tunnel = true;
    core->tunnel_since_at_usec = core->now_usec;
    core->has_addrs = tunnel->n_addrs > 0;
    demand_remember(core);
    core->path_mtu_bytes = 0;
    core->moving = false;
    core->attempt.phase = PHASE_NONE;
    revocation_forget(core); /* the certificate has been judged */
    core->tried_ifindex = 0;
    attempt_won(core);
    core_clear_timer(core, TIMER_ATTEMPT);
    core_clear_timer(core, TIMER_EYEBALLS);
    probing_forget(core);
    keepalive_stop(&core->keepalive);
    forget_offload(core);
    core->offload.refused = false;
    session_update_keepalive(core);
    idle_stop(&core->idle);
    demand_update(core);
    core->demanded = core->placeholder = false;
    pathwatch_reset(&core->pathwatch);
    core_act(core, ACTION_WATCH_TRAFFIC);
}

void session_forget(struct core *core)
{
    if (core->has_tunnel && usec_sub(core->now_usec, core->tunnel_since_at_usec) >= BACKOFF_HOLD_USEC)
        backoff_reset(&core->backoff);
    core->has_tunnel = core->moving = false;
    core_clear_timer(core, TIMER_GRACE);
    core_clear_timer(core, TIMER_MOVE);
    probing_forget(core);
    keepalive_stop(&core->keepalive);
    forget_offload(core);
    idle_stop(&core->idle);
    pathwatch_reset(&core->pathwatch);
}

void session_drop(struct core *core, bool silent)
{
    if (core->has_tunnel)
        core_act(core, ACTION_IKE_TERMINATE)->silent = silent;
    session_forget(core);
}

/* The gateway's address in use, or on the way to. */
static const struct ip_addr *remote_of(const struct core *core)
{
    return core->moving ? &core->moving_to : &core->tunnel.remote;
}

bool session_base_lost(const struct core *core)
{
    const struct link *link = linkset_find(&core->links, core->base.ifindex);

    if (!link || link_judge(link, &core->policy, remote_of(core)) != LINK_FITNESS_USABLE)
        return true;
    if (core->moving)
        return !link_has_address(link, link_source_for(&core->base, remote_of(core)));
    return core->tunnel.local.family != 0 && !link_has_address(link, &core->tunnel.local);
}

/* The best link that reaches the gateway, at the address in use or another that is known. A dead path rules its own link out. */
static const struct link *find_target(const struct core *core, struct ip_addr *ret_remote)
{
    int not_ifindex = session_base_lost(core) ? 0 : core->base.ifindex;
    struct ip_addr known[1 + RESOLVED_ADDRS_MAX];

    known[0] = *remote_of(core);
    memcpy(known + 1, core->attempt.addrs, core->attempt.n_addrs * sizeof(known[0]));
    return reach_best(core, known, 1 + core->attempt.n_addrs, not_ifindex, ret_remote);
}

bool session_can_move(const struct core *core)
{
    struct ip_addr remote;

    return core->has_tunnel && core->tunnel.mobike && core->policy.migrate && find_target(core, &remote);
}

/*
 * A message that was lost is sent again after 1.5 round trips, as the old link had them; a gateway that says nothing has lost the SA, or the
 * path leads nowhere. The new IKE SA then takes the old one's place instead of racing it: beside an SA that still stands, libcharon sends no
 * INITIAL_CONTACT, the gateway keeps the inner address for the old SA, gives another one, and every inner connection breaks; with it, the
 * gateway would drop the SA that is just moving. (RFC 7296, 2.4)
 */
static void start_move_timers(struct core *core)
{
    usec_t round_trip_usec = core->round_trip_usec ? core->round_trip_usec : ROUND_TRIP_USEC;
    usec_t repeat_usec = MIN_OF(round_trip_usec, MOVE_REPEAT_MAX_USEC) * 3 / 2;
    usec_t silent_usec = MIN_OF(round_trip_usec, MOVE_GUARD_USEC) * 6;

    core->moving_since_at_usec = core->now_usec;
    core->move_repeat_at_usec = usec_add(core->now_usec, MIN_OF(MAX_OF(repeat_usec, MOVE_REPEAT_USEC), MOVE_REPEAT_MAX_USEC));
    core_set_timer(core, TIMER_MOVE, MIN_OF(MAX_OF(silent_usec, MOVE_SILENT_USEC), MOVE_GUARD_USEC));
}

void session_move(struct core *core)
{
    struct ip_addr remote;
    const struct link *link = find_target(core, &remote);

    core->moving = true;
    probing_forget(core);
    keepalive_stop(&core->keepalive); /* another mapping, from now on */
    forget_offload(core);
    session_update_keepalive(core);
    core->base = *link;
    demand_update(core);
    core->path_mtu_bytes = 0;
    core->moving_to = remote;
    core->move = (struct migrate_request){
        .local = *link_source_for(link, &remote),
        .remote = remote,
        .ifindex = link->ifindex,
    };
    memcpy(core->move.interface, link->name, sizeof(core->move.interface));
    core_act(core, ACTION_IKE_MIGRATE)->migrate = core->move;
    start_move_timers(core);
    core_clear_timer(core, TIMER_GRACE);
    pathwatch_reset(&core->pathwatch);
}

usec_t session_move_deadline(const struct core *core)
{
    return core->moving ? core->move_repeat_at_usec : USEC_INFINITY;
}

bool session_move_goes_on(struct core *core, const struct traffic *traffic)
{
    usec_t end_at_usec = usec_add(core->moving_since_at_usec, MOVE_GUARD_USEC);

    if (!core->moving || traffic->last_in_at_usec <= core->moving_since_at_usec || core->now_usec >= end_at_usec)
        return false;
    core_set_timer(core, TIMER_MOVE, usec_sub(end_at_usec, core->now_usec));
    return true;
}

static void repeat_move(struct core *core)
{
    if (core->now_usec < session_move_deadline(core))
        return;
    core->move_repeat_at_usec = USEC_INFINITY;
    if (!session_base_lost(core))
        core_act(core, ACTION_IKE_MIGRATE)->migrate = core->move;
}

enum reason session_cause_of_move(const struct core *core)
{
    return core->reason == REASON_PATH_DEAD ? REASON_PATH_DEAD : REASON_LINK_LOST;
}

void session_on_moved(struct core *core, const struct path *path)
{
    if (!core->has_tunnel)
        return;
    if (core->moving && !path->moved) {
        core_raise(core, TRIGGER_MOVE_FAILED, session_cause_of_move(core));
        return;
    }
    if (!path->moved || (core->moving && !link_has_address(&core->base, &path->local)))
        return; /* an earlier move: this one is still under way */
    core->tunnel.local = path->local;
    core->tunnel.remote = path->remote;
    core->tunnel.nat = path->nat;
    session_update_keepalive(core);
    if (path->mapping_changed && !core->moving)
        probing_on_mapping_changed(core, path->late);
    else if (path->late && !core->moving)
        probing_on_late_answer(core);
    if (core->moving) {
        core->moving = false;
        core_clear_timer(core, TIMER_MOVE);
        core_raise(core, TRIGGER_MOVED, REASON_NONE);
    }
}

bool session_push_supported(const struct core *core)
{
    return core->state == STATE_CONNECTED && core->base.wake_on_incoming &&
           (!probing_needs_keepalives(core) || core->keepalive.interval_usec > 0);
}

/* How long a mapping, or without a NAT the gateway's patience, can be trusted while nothing is sent. */
static usec_t silence_max_usec(const struct core *core)
{
    if (core->keepalive.interval_usec)
        return core->keepalive.interval_usec;
    return core->tunnel.nat ? core->policy.keepalive_usec : SLEEP_TRUSTED_USEC;
}

bool session_outslept_mapping(const struct core *core)
{
    return core->slept_usec > silence_max_usec(core);
}

bool session_outslept_sa(const struct core *core)
{
    return core->slept_usec != USEC_INFINITY && core->slept_usec > SLEEP_SA_USEC;
}

/* As of a lost router: what is not answered within seconds is dead, and nothing older counts as an answer. */
void session_check_after_sleep(struct core *core)
{
    if (core->moving)
        return;
    pathwatch_reset(&core->pathwatch); /* a check that was under way has been slept through */
    if (pathwatch_alarm(&core->pathwatch, core->now_usec))
        session_check_path(core);
}

void session_check_path(struct core *core)
{
    core_act(core, ACTION_IKE_LIVENESS);
}

void session_on_traffic(struct core *core, const struct traffic *traffic)
{
    if (!core->has_tunnel || core->moving)
        return;
    switch (pathwatch_judge(&core->pathwatch, core->now_usec, traffic)) {
    case PATH_VERDICT_ALIVE:
        core_act(core, ACTION_WATCH_TRAFFIC);
        break;
    case PATH_VERDICT_WAIT:
        break;
    case PATH_VERDICT_CHECK:
        session_check_path(core);
        break;
    case PATH_VERDICT_MOVE:
        core_raise(core, TRIGGER_PATH_MOVE, REASON_PATH_DEAD);
        break;
    case PATH_VERDICT_DEAD:
        core_raise(core, TRIGGER_PATH_DEAD, REASON_PATH_DEAD);
        break;
    }
}

/* Is it the one that the tunnel's outer packets are handed to? As routing has it, for what is watched follows routing. */
static bool carries_tunnel(const struct core *core, const struct neighbour *neighbour)
{
    for (uint32_t i = 0; i < core->routing.n_outer; i++) {
        const struct routing_outer *outer = &core->routing.outer[i];
        if (outer->ifindex == neighbour->ifindex && ip_addr_equal(&outer->addr, &core->tunnel.remote))
            return ip_addr_equal(routing_next_hop(outer), &neighbour->addr);
    }
    return false;
}

/* Word of a lost router can be out of date when it comes: it starts a check, and what nothing answers then moves the tunnel. */
void session_on_neighbour_lost(struct core *core, const struct neighbour *neighbour)
{
    if (core->state != STATE_CONNECTED || core->moving || !carries_tunnel(core, neighbour))
        return;
    if (pathwatch_alarm(&core->pathwatch, core->now_usec))
        session_check_path(core);
}

/* A liveness check keeps the mapping as well, and tells whether it is still the old one. */
static void keep_alive(struct core *core, usec_t silence_usec, usec_t last_in_at_usec)
{
    if (probing_wants_check(core, silence_usec, last_in_at_usec))
        session_check_path(core);
    else
        core_act(core, ACTION_KEEPALIVE);
    session_update_keepalive(core); /* the next silence may be another one */
}

void session_on_timer(struct core *core, const struct traffic *traffic)
{
    usec_t slack_usec, last_out_at_usec = MAX_OF(core->keepalive.last_out_at_usec, traffic->last_out_at_usec);

    if (!core->has_tunnel || core->state != STATE_CONNECTED)
        return;
    repeat_move(core);
    if (!core->moving && idle_over(&core->idle, core->now_usec, traffic->last_inner_at_usec)) {
        core_raise(core, TRIGGER_IDLE, REASON_IDLE);
        return;
    }
    bool radio_is_on = core->now_usec >= session_keepalive_deadline(core, &slack_usec); /* by the packet that suppresses it, if not by it */

    probing_on_timer(core, radio_is_on); /* may shorten the interval */
    if (core->offload.stands) {
        if (radio_is_on && probing_wants_check(core, usec_sub(core->now_usec, last_out_at_usec), traffic->last_in_at_usec))
            session_check_path(core);
    } else if (keepalive_due(&core->keepalive, core->now_usec, traffic->last_out_at_usec))
        keep_alive(core, usec_sub(core->now_usec, last_out_at_usec), traffic->last_in_at_usec);
    if (core->now_usec >= pathwatch_deadline(&core->pathwatch))
        session_on_traffic(core, traffic);
}
