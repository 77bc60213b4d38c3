/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keepalive.Mode=detect: what is known of the NAT in front of this network, and when it is measured. Known on return, by the link's network
 * and the outer family; measured (natprobe.h) where it is not, with ProbeServer= through an opening that exists only meanwhile; confirmed
 * weekly and after any surprise. Until something is known, keepalives go at the administrator's interval.
 */
#include "core/internal.h"

#include "base/macro.h"

#include <string.h>

#define RECALL_GUARD_USEC    SEC(5)
#define CONFIRM_AFTER_USEC   HOURS(UINT64_C(24) * 7)
#define TRY_AGAIN_USEC       HOURS(1) /* the server was silent, its name unknown, or something filters */
#define ASLEEP_DOUBLINGS     4 /* a device that sleeps so much will do so again: from one hour to sixteen */
#define UNSUPPORTED_USEC     HOURS(24)
#define CONDITION_AFTER_USEC MSEC(2600) /* as the probes are: beyond the 2 s after which Linux takes a flow for a stream */
#define FIRST_TIME_USEC      SEC(2) /* the handshake is over, inner traffic of the start has gone */
#define SENDS_MAX            8 /* in one turn */
#define WISHES_MAX           12
#define GO_ON_USEC           MSEC(10)
#define SLEEP_EXCUSES_USEC   SEC(60)
#define MARGIN_USEC          SEC(3)
#define ALARM_USEC           HOURS(1)
#define WARY_ALARM_USEC      MINUTES(10)
#define LATE_USEC            SEC(15) /* charon repeats after 3 and 9 s */
#define REPEAT_USEC          SEC(3) /* ... so a check that is lost, and repeated, still finds the mapping */
#define CALM_ANSWERS         40 /* of a measurement that lost nothing: what was lossy is not any more */

/* ---- lifetime and interval ---- */

static usec_t clamp_interval(const struct core *core, usec_t interval_usec)
{
    const struct policy *policy = &core->policy;

    return MAX_OF(MIN_OF(interval_usec, policy->keepalive_max_usec), policy->keepalive_min_usec);
}

/* The smallest lifetime that allows this interval. */
static usec_t lifetime_for(usec_t interval_usec)
{
    return MAX_OF(interval_usec / 95 * 100, usec_add(interval_usec, MARGIN_USEC));
}

static usec_t interval_for(const struct core *core, usec_t lifetime_usec)
{
    usec_t repeat_usec = core->probing.lossy ? REPEAT_USEC : 0;

    return clamp_interval(core, MIN_OF(lifetime_usec / 100 * 95, usec_sub(lifetime_usec, MARGIN_USEC + repeat_usec)));
}

bool probing_is_detecting(const struct core *core)
{
    enum probing_phase phase = core->probing.phase;

    return phase == PROBING_PHASE_FINDING || phase == PROBING_PHASE_RESOLVING ||
           (phase == PROBING_PHASE_RUNNING && natprobe_is_running(&core->probing.probe));
}

/* Something on the way forgets the tunnel when it is idle: a NAT, or a firewall that was measured. */
bool probing_needs_keepalives(const struct core *core)
{
    if (core->probing.method != NAT_METHOD_NONE)
        return core->probing.lifetime_usec != USEC_INFINITY;
    return core->tunnel.nat;
}

usec_t probing_interval(const struct core *core)
{
    const struct probing *probing = &core->probing;

    if (probing->method != NAT_METHOD_NONE)
        return probing->lifetime_usec == USEC_INFINITY
                   ? 0
                   : natmobike_interval(&probing->mobike, interval_for(core, probing->lifetime_usec));
    if (!core->tunnel.nat && !probing_is_detecting(core))
        return 0;
    return natmobike_interval(&probing->mobike, clamp_interval(core, core->policy.keepalive_usec));
}

/*
 * A mapping that carried one exchange may be dropped much earlier than one that was seen alive for a while, which is what was measured: so the
 * tunnel's is treated as the probes' are. `fresh`: something was just exchanged, so that only the later exchange is missing.
 */
static void condition(struct core *core, bool fresh)
{
    if (!fresh)
        session_check_path(core);
    core->probing.condition_at_usec = usec_add(core->now_usec, CONDITION_AFTER_USEC);
}

static void learn(struct core *core, enum nat_method method, usec_t lifetime_usec)
{
    core->probing.method = method;
    core->probing.lifetime_usec = lifetime_usec;
    session_update_keepalive(core);
}

static void remember_as(struct core *core, enum nat_method method)
{
    struct probing *probing = &core->probing;
    struct nat_knowledge *nat;

    if (!probing->network[0])
        return;
    nat = &core_act(core, ACTION_NAT_REMEMBER)->nat;
    *nat = (struct nat_knowledge){
        .family = probing->remote.family,
        .method = method,
        .lifetime_usec = probing->lifetime_usec,
        .n_confirmations = probing->n_confirmations,
        .lossy = probing->lossy,
    };
    memcpy(nat->network, probing->network, sizeof(nat->network));
}

static void remember(struct core *core)
{
    remember_as(core, core->probing.method);
}

/* ---- without a server that helps ---- */

static void begin_mobike(struct core *core)
{
    struct probing *probing = &core->probing;

    if (probing->method == NAT_METHOD_NONE && !probing->blind && core->tunnel.nat && core->tunnel.mobike)
        natmobike_start(&probing->mobike, clamp_interval(core, core->policy.keepalive_usec), core->policy.keepalive_max_usec);
}

/*
 * Once an hour in a keepalive's stead: the alarm for a lifetime that has changed. It costs no wake-up of the radio, but one for the answer.
 * Where there was reason for doubt already it is more frequent: keepalives get lost there, and a NAT that then gives us another port cuts us
 * off until the gateway learns of it, by this or by traffic.
 */
static usec_t alarm_usec(const struct core *core)
{
    return core->probing.wary ? WARY_ALARM_USEC : ALARM_USEC;
}

bool probing_wants_check(struct core *core, usec_t silence_usec, usec_t last_in_at_usec)
{
    struct probing *probing = &core->probing;
    bool was_done = probing->mobike.done;
    bool check;

    if (probing->phase == PROBING_PHASE_OFF)
        return false;
    check = natmobike_on_due(&probing->mobike, core->now_usec, silence_usec, last_in_at_usec);
    if (natmobike_lifetime(&probing->mobike) > probing->lifetime_usec && probing->method == NAT_METHOD_MOBIKE) {
        learn(core, NAT_METHOD_MOBIKE, natmobike_lifetime(&probing->mobike));
        remember(core);
    }
    if (probing->mobike.done && !was_done && probing->method == NAT_METHOD_NONE) {
        probing->blind = true; /* nothing is to be seen here: not tried again on the next visit */
        remember_as(core, NAT_METHOD_ADMIN);
    }
    check = check || probing->lossy || (probing->method != NAT_METHOD_NONE && core->now_usec >= probing->alarm_at_usec);
    if (check) {
        probing->checked_at_usec = core->now_usec;
        probing->alarm_at_usec = usec_add(core->now_usec, alarm_usec(core));
    }
    return check;
}

bool probing_leaves_keepalives_alone(const struct core *core)
{
    const struct probing *probing = &core->probing;
    bool tries_silences = probing->mobike.started && !probing->mobike.done;

    return probing->phase == PROBING_PHASE_OFF || (probing->phase == PROBING_PHASE_RESTING && !probing->lossy && !tries_silences);
}

usec_t probing_alarm_deadline(const struct core *core)
{
    const struct probing *probing = &core->probing;

    return probing->phase != PROBING_PHASE_OFF && probing->method != NAT_METHOD_NONE ? probing->alarm_at_usec : USEC_INFINITY;
}

/* ---- the engine ---- */

/* What this turn wanted to send: its opening will be closed before. */
static void withdraw_sends(struct core *core)
{
    struct action_list *list = core->actions;
    uint32_t n = 0;

    for (uint32_t i = 0; i < list->n_actions; i++)
        if (list->actions[i].type != ACTION_PROBE_SEND)
            list->actions[n++] = list->actions[i];
    list->n_actions = n;
}

/*
 * On demand the tunnel goes when nothing has passed for IdleTimeout. Where that is not longer than a measurement, one would hardly ever come to
 * its end, begin again with every tunnel, and cost more than the few keepalives that it could save.
 */
static bool is_worth_measuring(const struct core *core)
{
    return !core->base.roaming || core->policy.idle_timeout_usec > core->probing.top_usec;
}

/* Nothing is under way. Without a server there is nothing to be done again. */
static void rest(struct core *core, usec_t again_in_usec)
{
    struct probing *probing = &core->probing;

    withdraw_sends(core);
    if (probing->probe.to_close)
        core_act(core, ACTION_PROBE_CLOSE)->probe_slot = PROBE_SLOT_ALL;
    probing->probe.to_close = 0;
    probing->phase = PROBING_PHASE_RESTING;
    probing->guard_at_usec = USEC_INFINITY;
    probing->again_at_usec = probing->probe_server.name[0] ? usec_add(core->now_usec, again_in_usec) : USEC_INFINITY;
}

/*
 * Does this network lose packets? A measurement has sent enough to tell; and where a mapping was gone though the lifetime holds as it was, it
 * was a keepalive that got lost.
 */
static void note_losses(struct core *core, bool holds)
{
    struct probing *probing = &core->probing;
    const struct natline *line = &probing->probe.line;

    if (line->n_lost > 0 || (holds && probing->wary))
        probing->lossy = true;
    else if (line->n_answered >= CALM_ANSWERS)
        probing->lossy = false;
}

static void hear(struct core *core, const struct natprobe_wish *wish)
{
    struct probing *probing = &core->probing;

    switch (wish->word) {
    case NATPROBE_WORD_UNSUPPORTED:
        rest(core, UNSUPPORTED_USEC);
        begin_mobike(core);
        break;
    case NATPROBE_WORD_FILTERED:
        rest(core, TRY_AGAIN_USEC);
        begin_mobike(core);
        break;
    case NATPROBE_WORD_ASLEEP:
        rest(core, TRY_AGAIN_USEC << MIN_OF(probing->n_slept++, (uint32_t)ASLEEP_DOUBLINGS));
        break;
    case NATPROBE_WORD_BELOW: /* half at once; the next measurement tells */
        learn(core, NAT_METHOD_STUN, wish->lifetime_usec / 2);
        break;
    case NATPROBE_WORD_MEASURED:
        probing->mobike.started = probing->mobike.trying = false;
        probing->n_confirmations = probing->n_slept = 0;
        note_losses(core, false);
        learn(core, NAT_METHOD_STUN, wish->lifetime_usec);
        condition(core, false); /* at the administrator's interval it may have died again and again */
        remember(core);
        break;
    case NATPROBE_WORD_CONFIRMED:
        probing->n_confirmations++;
        probing->n_slept = 0;
        note_losses(core, true);
        learn(core, NAT_METHOD_STUN, wish->lifetime_usec);
        remember(core);
        break;
    }
    if (!natprobe_is_running(&probing->probe) && probing->phase == PROBING_PHASE_RUNNING)
        rest(core, probing->lifetime_usec ? CONFIRM_AFTER_USEC : TRY_AGAIN_USEC);
    session_update_keepalive(core);
}

static void send_probe(struct core *core, const struct natprobe_wish *wish)
{
    const struct probing *probing = &core->probing;
    struct probe_send *send = &core_act(core, ACTION_PROBE_SEND)->probe_send;

    *send = (struct probe_send){
        .slot = wish->slot,
        .tag = wish->tag,
        .response_port = wish->response_port,
        .server = probing->server,
        .server_port = probing->probe_server.port ? probing->probe_server.port : PROBE_SERVER_PORT,
        .local = probing->local,
        .ifindex = core->base.ifindex,
    };
    memcpy(send->interface, core->base.name, sizeof(send->interface));
}

static void pump(struct core *core)
{
    struct probing *probing = &core->probing;
    struct natprobe_wish wish;
    uint32_t n_wishes = 0, n_sends = 0;

    probing->go_on_at_usec = 0;
    while (n_sends < SENDS_MAX && n_wishes++ < WISHES_MAX) {
        if (!natprobe_next(&probing->probe, core->now_usec, &wish))
            return;
        switch (wish.type) {
        case NATPROBE_WISH_SEND:
            n_sends++;
            send_probe(core, &wish);
            break;
        case NATPROBE_WISH_CLOSE:
            core_act(core, ACTION_PROBE_CLOSE)->probe_slot = wish.slot;
            break;
        case NATPROBE_WISH_SAY:
            hear(core, &wish);
            break;
        }
    }
    probing->go_on_at_usec = core->now_usec + GO_ON_USEC;
}

static void run_engine(struct core *core, const struct ip_addr *server)
{
    struct probing *probing = &core->probing;
    bool known = !probing->afresh && probing->method == NAT_METHOD_STUN && probing->lifetime_usec != 0 &&
                 probing->lifetime_usec != USEC_INFINITY;
    struct natprobe_settings settings = {
        .floor_usec = probing->floor_usec,
        .top_usec = probing->top_usec,
        .known_usec = known ? probing->lifetime_usec : probing->doubted_usec,
        .local = probing->local,
    };

    probing->server = *server;
    probing->phase = PROBING_PHASE_RUNNING;
    probing->guard_at_usec = USEC_INFINITY;
    probing->afresh = false;
    probing->doubted_usec = 0;
    natprobe_start(&probing->probe, core->now_usec, &settings);
    session_update_keepalive(core);
    pump(core);
}

/* ---- the server's name ---- */

static struct action *ask(struct core *core, enum action_type type)
{
    struct probing *probing = &core->probing;
    struct action *action = core_act(core, type);
    struct resolve_request *request = &action->resolve;

    probing->request_id = core_new_request_id(core);
    probing->guard_at_usec = usec_add(core->now_usec, RESOLVE_GUARD_USEC);
    *request = (struct resolve_request){ .id = probing->request_id, .ifindex = core->base.ifindex };
    memcpy(request->interface, core->base.name, sizeof(request->interface));
    memcpy(request->name, probing->probe_server.name, sizeof(request->name));
    return action;
}

/* Can it tell anything about the tunnel's mapping? The same family, over the same link. */
static bool is_use(const struct core *core, const struct ip_addr *addr)
{
    return addr->family == core->probing.remote.family && ip_addr_is_usable_source(addr) &&
           link_judge(&core->base, &core->policy, addr) == LINK_FITNESS_USABLE;
}

static void measure(struct core *core)
{
    struct probing *probing = &core->probing;
    const struct gateway *server = &probing->probe_server;

    probing->again_at_usec = USEC_INFINITY;
    if (server->literal.family) {
        if (is_use(core, &server->literal))
            run_engine(core, &server->literal);
        else
            rest(core, TRY_AGAIN_USEC);
    } else {
        probing->phase = PROBING_PHASE_FINDING;
        ask(core, ACTION_FIND_RESOLVERS);
    }
    session_update_keepalive(core);
}

bool probing_on_resolvers(struct core *core, const struct resolved *resolvers)
{
    struct probing *probing = &core->probing;
    struct resolve_request *request;

    if (probing->phase != PROBING_PHASE_FINDING || resolvers->id != probing->request_id)
        return false;
    probing->n_servers = link_keep_reachable(&core->base, &core->policy, resolvers, probing->servers);
    if (probing->n_servers == 0) {
        rest(core, TRY_AGAIN_USEC);
        session_update_keepalive(core);
        return true;
    }
    probing->phase = PROBING_PHASE_RESOLVING;
    request = &ask(core, ACTION_RESOLVE)->resolve;
    request->want_ipv4 = probing->remote.family == 4;
    request->want_ipv6 = probing->remote.family == 6;
    request->n_servers = probing->n_servers;
    memcpy(request->servers, probing->servers, sizeof(request->servers));
    return true;
}

bool probing_on_resolved(struct core *core, const struct resolved *resolved)
{
    struct probing *probing = &core->probing;

    if (probing->phase != PROBING_PHASE_RESOLVING || resolved->id != probing->request_id)
        return false;
    for (uint32_t i = 0; i < resolved->n_addrs; i++) {
        if (is_use(core, &resolved->addrs[i])) {
            run_engine(core, &resolved->addrs[i]);
            return true;
        }
    }
    rest(core, TRY_AGAIN_USEC);
    session_update_keepalive(core);
    return true;
}

/* ---- beginning and end ---- */

static bool is_wanted(const struct core *core)
{
    return core->state == STATE_CONNECTED && core->has_tunnel && !core->moving &&
           core->policy.keepalive_mode == KEEPALIVE_MODE_DETECT && (!core->base.roaming || core->policy.roaming_keepalive) &&
           core->timers[TIMER_GRACE] == USEC_INFINITY && link_has_address(&core->base, &core->tunnel.local);
}

/* That nobody knows any more which it is does not make it another one. What was measured before its name was known is this network's. */
static bool is_same_network(const struct core *core)
{
    const struct probing *probing = &core->probing;

    return !core->base.network[0] || memcmp(probing->network, core->base.network, NETWORK_ID_SIZE) == 0 ||
           (!probing->network[0] && probing->method != NAT_METHOD_NONE);
}

static bool is_same(const struct core *core)
{
    const struct probing *probing = &core->probing;
    const struct policy *policy = &core->policy;

    return probing->ifindex == core->base.ifindex && is_same_network(core) &&
           ip_addr_equal(&probing->local, &core->tunnel.local) && ip_addr_equal(&probing->remote, &core->tunnel.remote) &&
           memcmp(&probing->probe_server, &policy->probe_server, sizeof(policy->probe_server)) == 0 &&
           probing->floor_usec == lifetime_for(policy->keepalive_min_usec) &&
           probing->top_usec == lifetime_for(policy->keepalive_max_usec);
}

static void begin(struct core *core)
{
    struct probing *probing = &core->probing;
    const struct policy *policy = &core->policy;
    struct nat_knowledge *nat;

    memcpy(probing->network, core->base.network, sizeof(probing->network));
    probing->ifindex = core->base.ifindex;
    probing->local = core->tunnel.local;
    probing->remote = core->tunnel.remote;
    probing->probe_server = policy->probe_server;
    probing->floor_usec = lifetime_for(policy->keepalive_min_usec);
    probing->top_usec = lifetime_for(policy->keepalive_max_usec);
    probing->alarm_at_usec = usec_add(core->now_usec, ALARM_USEC);
    if (probing->probe_server.name[0])
        condition(core, true);
    if (!probing->network[0]) {
        rest(core, FIRST_TIME_USEC);
        return; /* what is found here is found for this visit: not worth a silence that is too long */
    }
    probing->phase = PROBING_PHASE_RECALLING;
    probing->guard_at_usec = usec_add(core->now_usec, RECALL_GUARD_USEC);
    nat = &core_act(core, ACTION_NAT_RECALL)->nat;
    *nat = (struct nat_knowledge){ .family = probing->remote.family };
    memcpy(nat->network, probing->network, sizeof(nat->network));
}

void probing_reset(struct probing *probing)
{
    probing->phase = PROBING_PHASE_OFF;
    probing->method = NAT_METHOD_NONE;
    probing->lifetime_usec = 0;
    probing->n_confirmations = probing->n_slept = 0;
    probing->doubted_usec = 0;
    probing->afresh = probing->blind = probing->wary = probing->lossy = false;
    probing->mobike = (struct natmobike){ 0 };
    probing->checked_at_usec = 0;
    probing->go_on_at_usec = probing->slept_at_usec = 0;
    probing->guard_at_usec = probing->again_at_usec = probing->condition_at_usec = USEC_INFINITY;
    probing->server = (struct ip_addr){ 0 };
    probing->n_servers = 0;
}

void probing_forget(struct core *core)
{
    struct probing *probing = &core->probing;

    withdraw_sends(core);
    if (probing->phase == PROBING_PHASE_FINDING || probing->phase == PROBING_PHASE_RESOLVING)
        core_act(core, ACTION_RESOLVE_CANCEL);
    natprobe_stop(&probing->probe);
    if (probing->probe.to_close)
        core_act(core, ACTION_PROBE_CLOSE)->probe_slot = PROBE_SLOT_ALL;
    probing->probe.to_close = 0;
    probing_reset(probing);
}

static void take_name(struct core *core)
{
    struct probing *probing = &core->probing;

    if (probing->network[0] || !core->base.network[0])
        return;
    memcpy(probing->network, core->base.network, sizeof(probing->network));
    remember(core);
}

void probing_follow(struct core *core)
{
    if (is_wanted(core) && core->probing.phase != PROBING_PHASE_OFF && is_same(core)) {
        take_name(core);
        return;
    }
    if (core->probing.phase != PROBING_PHASE_OFF) {
        probing_forget(core);
        session_update_keepalive(core);
    }
    if (is_wanted(core))
        begin(core);
}

/* ---- what happens ---- */

void probing_on_recalled(struct core *core, const struct nat_knowledge *knowledge)
{
    struct probing *probing = &core->probing;

    if (probing->phase != PROBING_PHASE_RECALLING || knowledge->family != probing->remote.family ||
        strncmp(knowledge->network, probing->network, NETWORK_ID_SIZE) != 0)
        return;
    probing->blind = knowledge->method == NAT_METHOD_ADMIN && knowledge->age_usec < CONFIRM_AFTER_USEC;
    if (knowledge->method == NAT_METHOD_NONE || knowledge->method == NAT_METHOD_ADMIN) {
        rest(core, FIRST_TIME_USEC);
        if (!probing->probe_server.name[0])
            begin_mobike(core);
        return;
    }
    probing->n_confirmations = knowledge->n_confirmations;
    probing->lossy = knowledge->lossy;
    learn(core, knowledge->method, knowledge->lifetime_usec);
    condition(core, true);
    rest(core, MAX_OF(usec_sub(CONFIRM_AFTER_USEC, knowledge->age_usec), FIRST_TIME_USEC));
}

void probing_on_answer(struct core *core, const struct probe_answer *answer)
{
    if (core->probing.phase != PROBING_PHASE_RUNNING)
        return;
    natprobe_on_answer(&core->probing.probe, core->now_usec, answer);
    pump(core);
}

void probing_on_failed(struct core *core, const struct probe_failed *failed)
{
    if (core->probing.phase == PROBING_PHASE_RUNNING)
        natprobe_on_failed(&core->probing.probe, core->now_usec, failed);
}

void probing_on_timer(struct core *core, bool radio_is_on)
{
    struct probing *probing = &core->probing;

    if (core->now_usec >= probing->condition_at_usec) {
        probing->condition_at_usec = USEC_INFINITY;
        session_check_path(core);
    }
    if (core->now_usec >= probing->guard_at_usec) {
        if (probing->phase != PROBING_PHASE_RECALLING)
            core_act(core, ACTION_RESOLVE_CANCEL);
        rest(core, probing->phase == PROBING_PHASE_RECALLING ? FIRST_TIME_USEC : TRY_AGAIN_USEC);
        session_update_keepalive(core);
    }
    if (probing->phase == PROBING_PHASE_RESTING && core->now_usec >= probing->again_at_usec && is_worth_measuring(core))
        measure(core);
    if (probing->phase != PROBING_PHASE_RUNNING)
        return;
    natprobe_on_time(&probing->probe, core->now_usec, radio_is_on);
    pump(core);
}

/*
 * Half of what was believed, at once. A single keepalive that was lost looks the same and is much more frequent than a NAT that has changed: so
 * what was believed is confirmed, with three sockets, and only what does not hold is measured from scratch.
 */
static void doubt(struct core *core)
{
    struct probing *probing = &core->probing;

    if (probing->phase != PROBING_PHASE_RESTING || probing->method == NAT_METHOD_NONE || probing->lifetime_usec == 0)
        return;
    probing->n_confirmations = 0;
    probing->afresh = probing->wary = true;
    probing->alarm_at_usec = usec_add(core->now_usec, alarm_usec(core));
    probing->doubted_usec = probing->method == NAT_METHOD_STUN && probing->lifetime_usec != USEC_INFINITY ? probing->lifetime_usec : 0;
    if (probing->lifetime_usec == USEC_INFINITY)
        learn(core, NAT_METHOD_NONE, 0);
    else
        learn(core, probing->method, probing->lifetime_usec / 2);
    remember_as(core, NAT_METHOD_NONE); /* a guess: if we leave before it is judged, the next visit measures */
    rest(core, 0);
}

/* A mapping that is gone, a radio that is slow to attach: what a sleep explains says nothing of the lifetime. */
static bool has_just_slept(const struct core *core)
{
    const struct probing *probing = &core->probing;

    return probing->slept_at_usec && usec_sub(core->now_usec, probing->slept_at_usec) < SLEEP_EXCUSES_USEC;
}

/* Where packets get lost, a check that had to be repeated says no more than that; one that was answered at once says what it always does. */
void probing_on_mapping_changed(struct core *core, bool late)
{
    struct probing *probing = &core->probing;
    usec_t lifetime_usec;

    if (probing->phase == PROBING_PHASE_OFF)
        return;
    lifetime_usec = natmobike_on_changed(&probing->mobike);
    if (lifetime_usec != 0 && probing->method != NAT_METHOD_STUN) {
        learn(core, NAT_METHOD_MOBIKE, lifetime_usec);
        remember(core);
    } else if (probing->mobike.started && probing->method != NAT_METHOD_STUN && probing->mobike.changed_usec != USEC_INFINITY) {
        learn(core, NAT_METHOD_MOBIKE, probing->mobike.changed_usec / 2); /* even the interval in use was too long */
        remember(core);
    } else if (!has_just_slept(core) && !(late && probing->lossy)) {
        doubt(core);
    }
    condition(core, true);
}

void probing_on_late_answer(struct core *core)
{
    const struct probing *probing = &core->probing;

    /* Only right after a silence does it say something about the mapping. */
    if (probing->checked_at_usec && usec_sub(core->now_usec, probing->checked_at_usec) < LATE_USEC && !has_just_slept(core) &&
        !probing->lossy)
        doubt(core);
}

void probing_on_resumed(struct core *core)
{
    if (core->probing.phase == PROBING_PHASE_OFF)
        return;
    core->probing.slept_at_usec = core->now_usec;
    condition(core, true); /* the path is checked at once, as after any sleep */
}

usec_t probing_deadline(const struct core *core, usec_t *ret_slack_usec)
{
    const struct probing *probing = &core->probing;
    usec_t at_usec;

    *ret_slack_usec = 0;
    if (probing->phase == PROBING_PHASE_OFF)
        return USEC_INFINITY;
    at_usec = MIN_OF(probing->guard_at_usec, probing->condition_at_usec);
    if (is_worth_measuring(core))
        at_usec = MIN_OF(at_usec, probing->again_at_usec);
    if (probing->phase == PROBING_PHASE_RUNNING)
        at_usec = MIN_OF(at_usec, MAX_OF(natprobe_deadline(&probing->probe, ret_slack_usec), probing->go_on_at_usec));
    return at_usec;
}
