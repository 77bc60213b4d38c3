/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The turn: one event changes the model and becomes a trigger, the table moves the state, and what firewall, routing and record should be now is
 * computed from the result and told to the world first when it differs from what was told last. Never does anything itself.
 */
#include "core/internal.h"

#include "base/macro.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOWS_MAX 32 /* triggers raised by effects in one turn: one per gateway and address, and some */

struct core *core_new(const struct policy *policy, uint64_t seed)
{
    struct core *core = calloc(1, sizeof(*core));

    if (!core)
        return NULL;
    core->policy = *policy;
    core->prng.state = seed;
    core->state = STATE_DISABLED;
    core->reason = REASON_DISABLED;
    core->credentials.problem = REASON_CONFIG_INCOMPLETE; /* until they have been judged */
    core->backoff = (struct backoff){ .initial_usec = policy->initial_delay_usec, .max_usec = policy->max_delay_usec };
    for (unsigned i = 0; i < N_TIMERS; i++)
        core->timers[i] = USEC_INFINITY;
    pathwatch_reset(&core->pathwatch);
    probing_reset(&core->probing);
    return core;
}

void core_free(struct core *core)
{
    free(core);
}

/* Runs the trigger and what it raises. */
static void run(struct core *core, enum trigger trigger, enum reason cause)
{
    if (!core->started)
        return; /* nothing is done before it is known whether the world must be blocked */
    core->follow = trigger;
    core->cause = cause;
    for (int i = 0; core->follow != TRIGGER_NONE; i++) {
        trigger = core->follow;
        core->follow = TRIGGER_NONE;
        assert(i < FOLLOWS_MAX);
        if (trigger == TRIGGER_ATTEMPT_FAILED)
            attempt_note_failure(core, core->cause);
        transitions_run(core, trigger);
    }
}

/* Runs what an adapter-facing helper raised instead of returning it. */
static void run_raised(struct core *core)
{
    enum trigger trigger = core->follow;

    run(core, trigger, core->cause);
}

static void on_links(struct core *core, const struct link_set *links)
{
    const struct link *base;

    core->links = *links;
    core->reported_roaming = 0;
    for (uint32_t i = 0; i < links->n_links; i++)
        core->reported_roaming |= links->links[i].roaming ? 1u << i : 0;
    core_judge_roaming(core);
    reach_on_links(core);
    if (core->state == STATE_CONNECTED) {
        if (session_base_lost(core)) {
            run(core, TRIGGER_BASE_LOST, REASON_LINK_LOST);
            return;
        }
        base = linkset_find(&core->links, core->base.ifindex);
        core->base = *base;
        session_update_keepalive(core);
        demand_update(core);
        run(core, TRIGGER_BASE_BACK, REASON_NONE);
    } else if (core->state == STATE_CONNECTING) {
        if (attempt_base_lost(core))
            run(core, TRIGGER_BASE_LOST, REASON_LINK_LOST);
        else
            core->base = *linkset_find(&core->links, core->base.ifindex);
    } else if (!linkset_best(&core->links, &core->policy, NULL, 0)) {
        run(core, TRIGGER_LINK_NONE, REASON_NO_LINK);
    } else if (core->state == STATE_ARMED) {
        run(core, demand_suffices(core) ? TRIGGER_NONE : TRIGGER_HOME, REASON_HOME);
    } else if (core->state == STATE_OFFLINE || attempt_best_is_new(core)) {
        run(core, TRIGGER_LINK_NEW, REASON_NEW_LINK);
    }
}

static bool policy_affects_tunnel(const struct policy *a, const struct policy *b)
{
    return a->complete != b->complete || a->n_gateways != b->n_gateways || a->mark != b->mark || a->mtu != b->mtu ||
           a->migrate != b->migrate || a->n_subnets != b->n_subnets ||
           memcmp(a->gateways, b->gateways, sizeof(a->gateways)) != 0 ||
           memcmp(a->subnets, b->subnets, sizeof(a->subnets)) != 0 ||
           strcmp(a->interface, b->interface) != 0;
}

static void on_policy(struct core *core, const struct policy *policy, bool ike_changed)
{
    bool affects = ike_changed || policy_affects_tunnel(&core->policy, policy);
    bool established = core->state == STATE_CONNECTED;

    core->policy = *policy;
    core->backoff.initial_usec = policy->initial_delay_usec;
    core->backoff.max_usec = policy->max_delay_usec;
    core->ike_stale |= affects;
    core_judge_roaming(core);
    session_update_keepalive(core);
    demand_update(core);
    if (affects || !established)
        run(core, TRIGGER_RECONFIGURED, REASON_RECONFIGURED);
}

static void on_established(struct core *core, const struct tunnel *tunnel)
{
    if (core->state != STATE_CONNECTING || core->attempt.phase != PHASE_INITIATED || tunnel->attempt != core->attempt.id)
        return;
    if (tunnel->n_addrs == 0) {
        run(core, TRIGGER_ATTEMPT_FAILED, REASON_NO_ADDRESS);
        return;
    }
    session_start(core, tunnel);
    run(core, TRIGGER_ESTABLISHED, REASON_ESTABLISHED);
}

/* Words that are no cause of a failure, "none" above all, would leave a person without a sentence. */
static enum reason cause_of(const struct failure *failure, enum reason otherwise)
{
    return failure->reason < REASON_NO_LINK ? otherwise : failure->reason;
}

/* An attempt that failed, or an IKE SA that ended; libcharon may tell an attempt's end either way. */
static void on_ike_over(struct core *core, const struct failure *failure)
{
    if (failure->attempt != core->attempt.id)
        return;
    if (core->attempt.phase == PHASE_INITIATED) {
        core->attempt.phase = PHASE_NONE; /* libcharon has ended it: nothing to terminate */
        revocation_forget(core);
        run(core, TRIGGER_ATTEMPT_FAILED, cause_of(failure, REASON_INTERNAL_ERROR));
    } else if (core->has_tunnel) {
        session_forget(core);
        run(core, TRIGGER_CLOSED, cause_of(failure, REASON_PEER_CLOSED));
    }
}

static const enum trigger timer_triggers[] = {
    [TIMER_RETRY] = TRIGGER_RETRY_DUE,
    [TIMER_ATTEMPT] = TRIGGER_ATTEMPT_FAILED,
    [TIMER_EYEBALLS] = TRIGGER_FAMILY_SILENT,
    [TIMER_GRACE] = TRIGGER_GRACE_OVER,
    [TIMER_MOVE] = TRIGGER_MOVE_FAILED,
    [TIMER_FAREWELL] = TRIGGER_FAREWELL_OVER,
};
_Static_assert(ELEMENTSOF(timer_triggers) == N_TIMERS, "every timer has a trigger");

static enum reason timer_cause(const struct core *core, enum timer timer)
{
    switch (timer) {
    case TIMER_ATTEMPT:
        return core->attempt.phase == PHASE_INITIATED ? REASON_GATEWAY_SILENT : REASON_NAME_UNRESOLVED;
    case TIMER_GRACE:
        return REASON_NO_LINK;
    case TIMER_MOVE:
        return session_cause_of_move(core);
    case TIMER_EYEBALLS:
    case TIMER_RETRY:
    case TIMER_FAREWELL:
        return REASON_NONE;
    }
    return REASON_NONE;
}

static void on_timer(struct core *core, const struct traffic *traffic)
{
    for (unsigned i = 0; i < N_TIMERS; i++) {
        if (core->now_usec < core->timers[i])
            continue;
        core_clear_timer(core, (enum timer)i);
        if (i == TIMER_MOVE && session_move_goes_on(core, traffic))
            continue;
        run(core, timer_triggers[i], timer_cause(core, (enum timer)i));
    }
    session_on_timer(core, traffic);
    run_raised(core);
}

static void on_switch(struct core *core, bool enable)
{
    core->enabled = enable;
    core->user_disconnected = false;
    core->demanded |= enable && core->state == STATE_DISCONNECTING;
    core_retry_record(core);
    core->record_dirty |= enable; /* said by a person: from here on the record counts, not the configuration */
    run(core, enable ? TRIGGER_ENABLE : TRIGGER_DISABLE, enable ? REASON_STARTING : REASON_DISABLED);
}

static void on_wish(struct core *core, bool connect)
{
    if (!core->enabled)
        return;
    core->user_disconnected = !connect;
    core->demanded |= connect;
    core_retry_record(core);
    run(core, connect ? TRIGGER_CONNECT : TRIGGER_DISCONNECT, connect ? REASON_USER_CONNECTED : REASON_USER_DISCONNECTED);
}

static void on_start(struct core *core, bool enabled)
{
    if (core->started)
        return;
    core->started = true;
    core->since_at_usec = core->now_usec;
    core->firewall_dirty = core->routing_dirty = core->dns_dirty = core->character_dirty = true; /* whatever a crash left behind */
    core->enabled = enabled;
    core->record.enabled = enabled;
    core->has_addrs &= enabled;
    if (enabled)
        run(core, TRIGGER_ENABLE, REASON_STARTING);
}

static void on_firewall_failed(struct core *core)
{
    core->firewall_failed = true;
    core->firewall_dirty = core->routing_dirty = core->record_dirty = true; /* the rest of that list was not executed */
    core->dns_dirty = core->character_dirty = true;
    run(core, TRIGGER_LOCKDOWN_FAILED, REASON_LOCKDOWN_FAILED);
}

static void on_suspend(struct core *core)
{
    core->slept_at_usec = core->now_usec;
    if (core->state == STATE_CONNECTED && keepalive_send_early(&core->keepalive, core->now_usec))
        core_act(core, ACTION_KEEPALIVE);
    core_act(core, ACTION_SLEEP_READY);
}

/* Two reports of one resume, or a resume that nobody announced, count as a sleep that outlasted everything: checking is cheap. */
static void on_resume(struct core *core)
{
    core->slept_usec = core->slept_at_usec ? usec_sub(core->now_usec, core->slept_at_usec) : USEC_INFINITY;
    core->slept_at_usec = 0;
    run(core, TRIGGER_RESUMED, REASON_RESUMED);
}

/* Whose question it was: each knows its own. */
static void on_resolvers(struct core *core, const struct resolved *resolvers)
{
    if (!revocation_on_resolvers(core, resolvers) && !probing_on_resolvers(core, resolvers))
        attempt_on_resolvers(core, resolvers);
    run_raised(core);
}

static void on_resolved(struct core *core, const struct resolved *resolved)
{
    if (!revocation_on_resolved(core, resolved) && !probing_on_resolved(core, resolved))
        attempt_on_resolved(core, resolved);
    run_raised(core);
}

static void on_probe(struct core *core, const struct event *event)
{
    if (event->type == EVENT_PROBE_ANSWER)
        probing_on_answer(core, &event->probe_answer);
    else if (event->type == EVENT_PROBE_FAILED)
        probing_on_failed(core, &event->probe_failed);
    else
        probing_on_recalled(core, &event->nat);
}

static void take_in(struct core *core, const struct event *event)
{
    switch (event->type) {
    case EVENT_START:
        on_start(core, event->enabled);
        break;
    case EVENT_REMEMBERED:
        demand_recall(core, &event->tunnel);
        break;
    case EVENT_ENABLE:
    case EVENT_DISABLE:
        on_switch(core, event->type == EVENT_ENABLE);
        break;
    case EVENT_CONNECT:
    case EVENT_DISCONNECT:
        on_wish(core, event->type == EVENT_CONNECT);
        break;
    case EVENT_POLICY:
        on_policy(core, event->policy, event->ike_changed);
        break;
    case EVENT_LINKS:
        on_links(core, event->links);
        break;
    case EVENT_CLOCK:
        core->clock = event->clock;
        run(core, TRIGGER_CLOCK, REASON_NONE);
        break;
    case EVENT_CREDENTIALS:
        core->credentials = event->credentials;
        run(core, TRIGGER_CREDENTIALS, REASON_NONE);
        break;
    case EVENT_RESOLVERS:
        on_resolvers(core, &event->resolvers);
        break;
    case EVENT_RESOLVED:
        on_resolved(core, &event->resolved);
        break;
    case EVENT_IKE_ESTABLISHED:
        on_established(core, &event->tunnel);
        break;
    case EVENT_IKE_ANSWERED:
        attempt_on_answered(core, &event->answered);
        break;
    case EVENT_IKE_FAILED:
    case EVENT_IKE_CLOSED:
        on_ike_over(core, &event->failure);
        break;
    case EVENT_IKE_MOVED:
        session_on_moved(core, &event->path);
        run_raised(core);
        break;
    case EVENT_TRAFFIC:
        session_on_traffic(core, &event->traffic);
        run_raised(core);
        break;
    case EVENT_OFFLOADED:
        session_on_offloaded(core, &event->offloaded);
        break;
    case EVENT_PATH_MTU:
        session_on_path_mtu(core, event->path_mtu_bytes);
        break;
    case EVENT_NEIGHBOUR_LOST:
        session_on_neighbour_lost(core, &event->neighbour);
        break;
    case EVENT_DEMAND:
        run(core, TRIGGER_DEMAND, REASON_DEMAND);
        break;
    case EVENT_PROBE_ANSWER:
    case EVENT_PROBE_FAILED:
    case EVENT_NAT_RECALLED:
        on_probe(core, event);
        break;
    case EVENT_TUNNEL_LOST:
        core->routing_dirty = true;
        break;
    case EVENT_FETCH_WANTED:
        revocation_on_wanted(core, &event->fetch);
        break;
    case EVENT_FETCH_DONE:
        revocation_on_done(core, event->fetch.id);
        break;
    case EVENT_FIREWALL_FAILED:
        on_firewall_failed(core);
        break;
    case EVENT_STORE_FAILED:
        core->record_failed = true;
        break;
    case EVENT_SUSPEND:
        on_suspend(core);
        break;
    case EVENT_RESUME:
        probing_on_resumed(core);
        on_resume(core);
        break;
    case EVENT_TIMER:
        on_timer(core, &event->traffic);
        break;
    }
}

/* What is said of the tunnel; last, because nobody waits for it. */
static void tell_others(struct core *core)
{
    struct character character;
    struct dns dns;

    dns_compute(core, &dns);
    if (core->dns_dirty || memcmp(&dns, &core->dns, sizeof(dns)) != 0) {
        core->dns = dns;
        core_act(core, ACTION_DNS)->dns = &core->dns;
    }
    character_compute(core, &character);
    if (core->character_dirty || memcmp(&character, &core->character, sizeof(character)) != 0) {
        core->character = character;
        core_act(core, ACTION_CHARACTER)->character = &core->character;
    }
    core->dns_dirty = core->character_dirty = false;
}

/* Tells the world what changed, firewall first; then what the turn wants done, in its order. */
static void tell(struct core *core, const struct action_list *turn, struct action_list *ret)
{
    struct lockdown lockdown;
    struct routing routing;

    core->actions = ret;
    lockdown_compute(core, &lockdown);
    routing_compute(core, &routing);
    if (core->started && !core->firewall_failed) {
        if (core->firewall_dirty || memcmp(&lockdown, &core->lockdown, sizeof(lockdown)) != 0) {
            core->lockdown = lockdown;
            core_act(core, ACTION_FIREWALL)->lockdown = &core->lockdown;
        }
        if (core->routing_dirty || memcmp(&routing, &core->routing, sizeof(routing)) != 0) {
            core->routing = routing;
            core_act(core, ACTION_ROUTING)->routing = &core->routing;
        }
        core->firewall_dirty = core->routing_dirty = false;
        if (core->record_dirty || core->record.enabled != (core->state != STATE_DISABLED)) {
            core->record.enabled = core->state != STATE_DISABLED;
            core->record_dirty = false;
            core_act(core, ACTION_STORE)->record = core->record;
        }
    }
    for (uint32_t i = 0; i < turn->n_actions; i++)
        ret->actions[ret->n_actions++] = turn->actions[i];
    if (core->started && !core->firewall_failed)
        tell_others(core);
    core->actions = NULL;
}

void core_step(struct core *core, usec_t now_usec, const struct event *event, struct action_list *ret_actions)
{
    struct action_list turn;

    turn.n_actions = ret_actions->n_actions = 0;
    core->now_usec = MAX_OF(core->now_usec, now_usec);
    core->actions = &turn;
    take_in(core, event);
    probing_follow(core);
    session_follow(core);
    tell(core, &turn, ret_actions);
}

/* An earlier deadline that does not wake must not hide a later one that does: then both wake. */
static void offer(struct deadline *deadline, usec_t at_usec, usec_t slack_usec, bool wake)
{
    if (at_usec == USEC_INFINITY)
        return;
    deadline->wake |= wake;
    if (usec_add(at_usec, slack_usec) >= usec_add(deadline->at_usec, deadline->slack_usec))
        return;
    deadline->at_usec = at_usec;
    deadline->slack_usec = slack_usec;
}

struct deadline core_next_deadline(const struct core *core)
{
    struct deadline deadline = { .at_usec = USEC_INFINITY };
    usec_t slack_usec = 0;

    for (unsigned i = 0; i < N_TIMERS; i++)
        offer(&deadline, core->timers[i], 0, false);
    if (core->state == STATE_CONNECTED) {
        usec_t at_usec = session_keepalive_deadline(core, &slack_usec);
        offer(&deadline, at_usec, slack_usec, session_push_supported(core));
        offer(&deadline, pathwatch_deadline(&core->pathwatch), MSEC(50), false);
        offer(&deadline, session_move_deadline(core), 0, false);
        at_usec = core->moving ? USEC_INFINITY : idle_deadline(&core->idle, &slack_usec); /* judged when the move is over */
        offer(&deadline, at_usec, slack_usec, false);
        at_usec = probing_deadline(core, &slack_usec);
        offer(&deadline, at_usec, slack_usec, false);
    }
    return deadline;
}
