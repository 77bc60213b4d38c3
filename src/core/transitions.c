/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transition table: the only place where a state follows another. The first row that fits wins; no row means that the trigger means nothing
 * there. Firewall and routing are not in it: they follow from the state (lockdown.c) and are told to the world before anything else of the turn.
 *
 * One normal connect: disabled -enable-> connecting (checks, name servers, name) -ready-> connecting (IKE_SA_INIT) -established-> connected.
 * One loss of link:   connected -base-lost-> connected, moving by MOBIKE, -moved-> connected; without another link 1 s of grace, then offline,
 *                     -link-new-> connecting.
 * One day abroad:     armed -demand-> connecting -established-> connected -idle-> disconnecting -> armed; -home-> connecting, and stays.
 * One refusal:        connecting -attempt-failed (auth-refused)-> failed; retried at the longest delay, and at once when configuration,
 *                     certificate, clock or link change.
 */
#include "core/internal.h"

#include "base/macro.h"
#include "base/strbuf.h"

#define S(name) (1u << STATE_##name)
#define T(name) (1u << TRIGGER_##name)

#define RESTING (S(OFFLINE) | S(ARMED) | S(BACKOFF) | S(FAILED))
#define WAITING (S(BACKOFF) | S(FAILED))
#define ENABLED (RESTING | S(CONNECTING) | S(CONNECTED) | S(DISCONNECTING))

/* ---- guards: questions to the model ---- */

static bool wants_off(const struct core *core)
{
    return !core->enabled;
}

static bool wants_rest(const struct core *core)
{
    return core->user_disconnected;
}

static bool wants_tunnel(const struct core *core)
{
    return !core->user_disconnected;
}

static bool has_next(const struct core *core)
{
    return attempt_has_next(core);
}

static bool only_refusals(const struct core *core)
{
    return core->attempt.passing_reason == REASON_NONE && core->attempt.gateway_reason == REASON_NONE;
}

static bool can_move(const struct core *core)
{
    return session_can_move(core);
}

static bool has_other_link(const struct core *core)
{
    return linkset_best(&core->links, &core->policy, NULL, session_base_lost(core) ? 0 : core->base.ifindex) != NULL;
}

static bool in_grace(const struct core *core)
{
    return core->timers[TIMER_GRACE] != USEC_INFINITY;
}

static bool not_in_grace(const struct core *core)
{
    return !in_grace(core);
}

static bool fell_silent(const struct core *core)
{
    return core->cause == REASON_GATEWAY_SILENT || core->cause == REASON_PATH_DEAD;
}

static bool on_demand(const struct core *core)
{
    return demand_suffices(core);
}

static bool nobody_waits(const struct core *core)
{
    return !core->demanded && demand_suffices(core);
}

static bool outslept_sa(const struct core *core)
{
    return session_outslept_sa(core);
}

static bool outslept_mapping(const struct core *core)
{
    return session_outslept_mapping(core);
}

static bool was_idle(const struct core *core)
{
    return core->reason == REASON_IDLE;
}

/* ---- effects: what is done on the way ---- */

static void begin(struct core *core)
{
    core_clear_timer(core, TIMER_RETRY);
    attempt_begin(core);
}

static void begin_afresh(struct core *core)
{
    backoff_reset(&core->backoff);
    core->tried_ifindex = 0;
    begin(core);
}

static void begin_anew(struct core *core) /* the IKE SA is of no use any more */
{
    core_clear_timer(core, TIMER_FAREWELL);
    session_drop(core, true);
    begin(core);
}

static void arm(struct core *core)
{
    attempt_forget(core);
    core_clear_timer(core, TIMER_RETRY);
    demand_arm(core);
}

static void arm_reconfigured(struct core *core)
{
    if (core->ike_running)
        core_act(core, ACTION_IKE_STOP);
    core->ike_running = false;
    backoff_reset(&core->backoff);
    arm(core);
}

static void answer_demand(struct core *core)
{
    core->demanded = true;
    begin(core);
}

static void answer_wish(struct core *core)
{
    core->demanded = true;
    begin_afresh(core);
}

static void begin_elsewhere(struct core *core) /* the link is up, but leads nowhere */
{
    core->tried_ifindex = core->base.ifindex;
    begin_anew(core);
}

static void begin_reconfigured(struct core *core)
{
    session_drop(core, false);
    attempt_forget(core);
    if (core->ike_running)
        core_act(core, ACTION_IKE_STOP);
    core->ike_running = false;
    begin_afresh(core);
}

static void initiate(struct core *core)
{
    attempt_initiate(core);
}

static void put_off(struct core *core)
{
    attempt_put_off(core);
}

static void next(struct core *core)
{
    attempt_next(core);
}

static void wait(struct core *core)
{
    const struct attempt *attempt = &core->attempt;

    core->reason = attempt->gateway_reason != REASON_NONE ? attempt->gateway_reason : attempt->passing_reason;
    attempt_forget(core);
    core_set_timer(core, TIMER_RETRY, backoff_next_delay(&core->backoff, &core->prng));
}

static void wait_longest(struct core *core)
{
    usec_t delay_usec = backoff_longest_delay(&core->backoff, &core->prng);

    attempt_forget(core);
    core_set_timer(core, TIMER_RETRY, MIN_OF(delay_usec, attempt_certificate_begins_in(core)));
}

static void notice_no_link(struct core *core) /* lost within the grace: waiting would be for nothing */
{
    if (!linkset_best(&core->links, &core->policy, NULL, 0))
        core_raise(core, TRIGGER_LINK_NONE, REASON_NO_LINK);
}

static void lose_and_wait(struct core *core)
{
    session_forget(core);
    core_set_timer(core, TIMER_RETRY, backoff_next_delay(&core->backoff, &core->prng));
    notice_no_link(core);
}

static void lose_and_spread(struct core *core)
{
    session_drop(core, true);
    core_set_timer(core, TIMER_RETRY, backoff_spread_delay(&core->backoff, &core->prng));
    notice_no_link(core);
}

static void lose_and_rest(struct core *core)
{
    session_drop(core, true);
}

static void rest(struct core *core)
{
    attempt_forget(core);
    session_drop(core, true);
    core_clear_timer(core, TIMER_RETRY);
    core_clear_timer(core, TIMER_FAREWELL);
}

static void rest_and_arm(struct core *core)
{
    rest(core);
    demand_arm(core);
}

static void farewell(struct core *core)
{
    attempt_forget(core);
    if (!core->has_tunnel) {
        core_raise(core, TRIGGER_FAREWELL_OVER, core->cause);
        return;
    }
    core_act(core, ACTION_IKE_TERMINATE)->silent = false;
    core_set_timer(core, TIMER_FAREWELL, FAREWELL_GUARD_USEC);
}

static void shut(struct core *core)
{
    rest(core);
    if (core->ike_running)
        core_act(core, ACTION_IKE_STOP);
    core->ike_running = false;
    core->has_addrs = core->has_base = core->placeholder = false;
    demand_remember(core);
    backoff_reset(&core->backoff);
}

static void settle(struct core *core)
{
    core_clear_timer(core, TIMER_RETRY);
}

static void move(struct core *core)
{
    session_move(core);
}

static void watch(struct core *core)
{
    core_act(core, ACTION_WATCH_TRAFFIC);
}

static void start_grace(struct core *core)
{
    core_set_timer(core, TIMER_GRACE, GRACE_USEC);
}

static void end_grace(struct core *core)
{
    core_clear_timer(core, TIMER_GRACE);
    core->routing_dirty = true; /* the kernel dropped our routes with the link, and would not have said so */
    session_check_path(core);
}

static void check_after_sleep(struct core *core)
{
    session_check_after_sleep(core);
}

static void collapse(struct core *core)
{
    rest(core);
    /* What runs is not known: the list with the firewall in it was cut off there. */
    core_act(core, ACTION_RESOLVE_CANCEL);
    core_act(core, ACTION_PROBE_CLOSE)->probe_slot = PROBE_SLOT_ALL;
    core_act(core, ACTION_IKE_STOP);
    core->ike_running = false;
    core_set_timer(core, TIMER_RETRY, backoff_next_delay(&core->backoff, &core->prng));
}

static void shut_later(struct core *core)
{
    collapse(core);
    core->has_addrs = core->has_base = core->placeholder = false;
    demand_remember(core);
}

/* ---- the table ---- */

typedef bool (*guard)(const struct core *core);
typedef void (*effect)(struct core *core);

struct transition {
    uint32_t from; /* set of states */
    uint32_t on; /* set of triggers */
    guard when; /* NULL: always */
    const char *when_text;
    enum state to;
    enum reason reason; /* REASON_NONE: the trigger's cause; without one the reason stays */
    effect effect;
    const char *effect_text;
};

#define ALWAYS     NULL, "-"
#define WHEN(name) name, #name
#define DO(name)   name, #name
#define TO(state, reason) STATE_##state, REASON_##reason
#define TO_CAUSE(state)   STATE_##state, REASON_NONE

/* clang-format off */
static const struct transition transitions[] = {
    /* Switching on, and asking for it again. */
    { S(DISABLED),      T(ENABLE),                    WHEN(on_demand),      TO(ARMED, ON_DEMAND),                    DO(arm) },
    { S(DISABLED),      T(ENABLE),                    ALWAYS,               TO(CONNECTING, STARTING),                DO(begin_afresh) },
    { RESTING,          T(ENABLE) | T(CONNECT),       ALWAYS,               TO(CONNECTING, USER_CONNECTED),          DO(answer_wish) },

    /* While roaming: only when somebody wants it, whatever would begin it at home. */
    { S(ARMED),         T(DEMAND),                    ALWAYS,               TO(CONNECTING, DEMAND),                  DO(answer_demand) },
    { S(ARMED),         T(HOME),                      ALWAYS,               TO(CONNECTING, HOME),                    DO(begin_afresh) },
    { S(ARMED),         T(LINK_NONE),                 ALWAYS,               TO(OFFLINE, NO_LINK),                    DO(rest) },
    { S(CONNECTED),     T(IDLE),                      ALWAYS,               TO(DISCONNECTING, IDLE),                 DO(farewell) },
    { WAITING,          T(RETRY_DUE),                 WHEN(on_demand),      TO(ARMED, ON_DEMAND),                    DO(arm) },
    { WAITING | S(OFFLINE),
                        T(LINK_NEW) | T(RESUMED),     WHEN(on_demand),      TO(ARMED, ON_DEMAND),                    DO(arm) },
    { S(FAILED),        T(CREDENTIALS) | T(CLOCK),    WHEN(on_demand),      TO(ARMED, ON_DEMAND),                    DO(arm) },
    { RESTING,          T(RECONFIGURED),              WHEN(on_demand),      TO(ARMED, ON_DEMAND),                    DO(arm_reconfigured) },
    { S(CONNECTING),    T(BASE_LOST),                 WHEN(nobody_waits),   TO(ARMED, ON_DEMAND),                    DO(arm) },

    /* One attempt: what must be known, then IKE; each address of each gateway once, then a wait. */
    { S(CONNECTING),    T(READY),                     ALWAYS,               TO_CAUSE(CONNECTING),                    DO(initiate) },
    { S(CONNECTING),    T(FAMILY_SILENT),             ALWAYS,               TO_CAUSE(CONNECTING),                    DO(put_off) },
    { S(CONNECTING),    T(ESTABLISHED),               ALWAYS,               TO(CONNECTED, ESTABLISHED),              DO(settle) },
    { S(CONNECTING),    T(ATTEMPT_FAILED),            WHEN(has_next),       TO_CAUSE(CONNECTING),                    DO(next) },
    { S(CONNECTING),    T(ATTEMPT_FAILED),            WHEN(only_refusals),  TO_CAUSE(FAILED),                        DO(wait_longest) },
    { S(CONNECTING),    T(ATTEMPT_FAILED),            ALWAYS,               TO_CAUSE(BACKOFF),                       DO(wait) },
    { S(CONNECTING),    T(BASE_LOST),                 ALWAYS,               TO(CONNECTING, LINK_LOST),               DO(begin) },
    { S(CONNECTING),    T(LINK_NONE),                 ALWAYS,               TO(OFFLINE, NO_LINK),                    DO(rest) },

    /* Waiting, until the time has come or something has changed. */
    { WAITING,          T(RETRY_DUE) | T(LINK_NEW),   WHEN(wants_rest),     TO(OFFLINE, USER_DISCONNECTED),          DO(rest) },
    { WAITING,          T(RETRY_DUE),                 ALWAYS,               TO(CONNECTING, RETRYING),                DO(begin) },
    { WAITING,          T(LINK_NEW),                  ALWAYS,               TO(CONNECTING, NEW_LINK),                DO(begin_afresh) },
    { S(OFFLINE),       T(LINK_NEW),                  WHEN(wants_tunnel),   TO(CONNECTING, NEW_LINK),                DO(begin_afresh) },
    { S(BACKOFF),       T(LINK_NONE),                 ALWAYS,               TO(OFFLINE, NO_LINK),                    DO(rest) },
    { WAITING | S(OFFLINE),
                        T(RESUMED),                   WHEN(wants_tunnel),   TO(CONNECTING, RESUMED),                 DO(begin_afresh) },
    { S(FAILED),        T(CREDENTIALS) | T(CLOCK),    WHEN(wants_tunnel),   TO(CONNECTING, RECONFIGURED),            DO(begin_afresh) },
    { RESTING | S(CONNECTING) | S(CONNECTED),
                        T(RECONFIGURED),              WHEN(wants_tunnel),   TO(CONNECTING, RECONFIGURED),            DO(begin_reconfigured) },

    /* Connected: nothing moves but by loss. */
    { S(CONNECTED),     T(BASE_LOST),                 WHEN(can_move),       TO(CONNECTED, LINK_LOST),                DO(move) },
    { S(CONNECTED),     T(BASE_LOST),                 WHEN(has_other_link), TO(CONNECTING, LINK_LOST),               DO(begin_anew) },
    { S(CONNECTED),     T(BASE_LOST),                 WHEN(not_in_grace),   TO(CONNECTED, LINK_LOST),                DO(start_grace) },
    { S(CONNECTED),     T(BASE_BACK),                 WHEN(in_grace),       TO(CONNECTED, ESTABLISHED),              DO(end_grace) },
    { S(CONNECTED),     T(GRACE_OVER),                ALWAYS,               TO(OFFLINE, NO_LINK),                    DO(lose_and_rest) },
    { S(CONNECTED),     T(MOVED),                     ALWAYS,               TO(CONNECTED, ESTABLISHED),              DO(watch) },
    { S(CONNECTED),     T(MOVE_FAILED),               ALWAYS,               TO_CAUSE(CONNECTING),                    DO(begin_anew) },
    { S(CONNECTED),     T(PATH_MOVE),                 WHEN(can_move),       TO(CONNECTED, PATH_DEAD),                DO(move) },
    { S(CONNECTED),     T(PATH_DEAD),                 WHEN(has_other_link), TO(CONNECTING, PATH_DEAD),               DO(begin_elsewhere) },
    { S(CONNECTED),     T(PATH_DEAD) | T(CLOSED),     WHEN(fell_silent),    TO_CAUSE(BACKOFF),                       DO(lose_and_spread) },
    { S(CONNECTED),     T(CLOSED),                    ALWAYS,               TO_CAUSE(BACKOFF),                       DO(lose_and_wait) },
    { S(CONNECTED),     T(RESUMED),                   WHEN(outslept_sa),    TO(CONNECTING, RESUMED),                 DO(begin_anew) },
    { S(CONNECTED),     T(RESUMED),                   WHEN(outslept_mapping), TO(CONNECTED, ESTABLISHED),            DO(check_after_sleep) },

    /* Saying goodbye, and what was wished for meanwhile. */
    { S(CONNECTING) | S(CONNECTED),
                        T(DISABLE) | T(DISCONNECT),   ALWAYS,               TO_CAUSE(DISCONNECTING),                 DO(farewell) },
    { S(DISCONNECTING), T(CLOSED) | T(FAREWELL_OVER), WHEN(wants_off),      TO(DISABLED, DISABLED),                  DO(shut) },
    { S(DISCONNECTING), T(CLOSED) | T(FAREWELL_OVER), WHEN(wants_rest),     TO(OFFLINE, USER_DISCONNECTED),          DO(rest) },
    { S(DISCONNECTING), T(CLOSED) | T(FAREWELL_OVER), WHEN(nobody_waits),   TO(ARMED, IDLE),                         DO(rest_and_arm) },
    { S(DISCONNECTING), T(CLOSED) | T(FAREWELL_OVER), WHEN(was_idle),       TO(CONNECTING, HOME),                    DO(begin_anew) },
    { S(DISCONNECTING), T(CLOSED) | T(FAREWELL_OVER), ALWAYS,               TO(CONNECTING, USER_CONNECTED),          DO(begin_anew) },
    { RESTING,          T(DISABLE),                   ALWAYS,               TO(DISABLED, DISABLED),                  DO(shut) },
    { RESTING,          T(DISCONNECT),                ALWAYS,               TO(OFFLINE, USER_DISCONNECTED),          DO(rest) },

    /* The firewall cannot be had: nothing else may be. Nor can it be removed: tried until it can. */
    { S(DISABLED),      T(LOCKDOWN_FAILED),           ALWAYS,               TO(DISABLED, LOCKDOWN_FAILED),           DO(shut_later) },
    { S(DISCONNECTING), T(LOCKDOWN_FAILED),           WHEN(wants_off),      TO(DISABLED, LOCKDOWN_FAILED),           DO(shut_later) },
    { S(DISABLED),      T(RETRY_DUE) | T(DISABLE),    ALWAYS,               TO(DISABLED, DISABLED),                  DO(settle) },
    { ENABLED,          T(LOCKDOWN_FAILED),           ALWAYS,               TO(FAILED, LOCKDOWN_FAILED),             DO(collapse) },
};
/* clang-format on */

static const char *const trigger_names[] = {
    [TRIGGER_NONE] = "none",
    [TRIGGER_ENABLE] = "enable",
    [TRIGGER_DISABLE] = "disable",
    [TRIGGER_CONNECT] = "connect",
    [TRIGGER_DISCONNECT] = "disconnect",
    [TRIGGER_RECONFIGURED] = "reconfigured",
    [TRIGGER_CREDENTIALS] = "credentials",
    [TRIGGER_CLOCK] = "clock",
    [TRIGGER_RESUMED] = "resumed",
    [TRIGGER_LINK_NEW] = "link-new",
    [TRIGGER_LINK_NONE] = "link-none",
    [TRIGGER_BASE_LOST] = "base-lost",
    [TRIGGER_BASE_BACK] = "base-back",
    [TRIGGER_READY] = "ready",
    [TRIGGER_ATTEMPT_FAILED] = "attempt-failed",
    [TRIGGER_FAMILY_SILENT] = "family-silent",
    [TRIGGER_ESTABLISHED] = "established",
    [TRIGGER_CLOSED] = "closed",
    [TRIGGER_MOVED] = "moved",
    [TRIGGER_MOVE_FAILED] = "move-failed",
    [TRIGGER_PATH_MOVE] = "path-move",
    [TRIGGER_PATH_DEAD] = "path-dead",
    [TRIGGER_DEMAND] = "demand",
    [TRIGGER_IDLE] = "idle",
    [TRIGGER_HOME] = "home",
    [TRIGGER_RETRY_DUE] = "retry-due",
    [TRIGGER_GRACE_OVER] = "grace-over",
    [TRIGGER_FAREWELL_OVER] = "farewell-over",
    [TRIGGER_LOCKDOWN_FAILED] = "lockdown-failed",
};
_Static_assert(ELEMENTSOF(trigger_names) == N_TRIGGERS, "every trigger has a name");
_Static_assert(N_TRIGGERS <= 32 && N_STATES <= 32, "sets are 32 bits wide");

const char *trigger_name(enum trigger trigger)
{
    return trigger_names[trigger];
}

bool transitions_run(struct core *core, enum trigger trigger)
{
    for (size_t i = 0; i < ELEMENTSOF(transitions); i++) {
        const struct transition *row = &transitions[i];
        if (!(row->from & 1u << core->state) || !(row->on & 1u << trigger) || (row->when && !row->when(core)))
            continue;
        if (trigger != TRIGGER_LOCKDOWN_FAILED)
            core->firewall_failed = false; /* it is told again, in this turn */
        core_change_state(core, row->to, row->reason != REASON_NONE ? row->reason : core->cause);
        if (row->effect)
            row->effect(core);
        return true;
    }
    return false;
}

static void add_set(struct strbuf *out, uint32_t set, uint32_t n_members, bool states)
{
    const char *separator = "";

    for (uint32_t i = 0; i < n_members; i++) {
        if (!(set & 1u << i))
            continue;
        strbuf_add(out, "%s%s", separator, states ? state_name((enum state)i) : trigger_name((enum trigger)i));
        separator = "|";
    }
}

const char *core_transition_text(uint32_t row, char *buf, size_t size)
{
    const struct transition *transition;
    struct strbuf out;

    if (row >= ELEMENTSOF(transitions))
        return NULL;
    transition = &transitions[row];
    strbuf_init(&out, buf, size);
    add_set(&out, transition->from, N_STATES, true);
    strbuf_add(&out, " + ");
    add_set(&out, transition->on, N_TRIGGERS, false);
    strbuf_add(&out, " [%s] -> %s (%s) / %s", transition->when_text, state_name(transition->to),
        transition->reason == REASON_NONE ? "cause" : reason_name(transition->reason), transition->effect_text);
    return buf;
}
