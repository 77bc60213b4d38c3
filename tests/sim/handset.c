/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens next, to whom, and what it is counted as. A device that sleeps hears nothing but an alarm, and packets where its link can wake
 * it; then it is awake for five seconds.
 */
#include "base/macro.h"
#include "core/pathwatch.h"
#include "sim/handset_internal.h"
#include "support/core-fixture.h"

#include <string.h>

#define AWAKE_AGAIN_USEC      SEC(5)
#define APPLICATION_TRIES     6
#define TIMERS_PER_SECOND_MAX 40

/* ---- one event ---- */

/* The timer is as late as its slack allows, by chance. */
static void arm(struct handset *h)
{
    const struct deadline *deadline = &h->sim.mirror.deadline;

    if (deadline->at_usec == h->armed.at_usec && deadline->slack_usec == h->armed.slack_usec)
        return;
    h->timer_at_usec = usec_add(deadline->at_usec, prng_between(&h->prng, 0, deadline->slack_usec));
    h->armed = *deadline;
}

bool handset_tell(struct handset *h, const struct event *event)
{
    struct action_list list;
    bool holds;

    h->sim.mirror.now_usec = h->now_usec;
    holds = simulation_step(&h->sim, event);
    list.n_actions = h->sim.mirror.actions.n_actions; /* they may lead to events, and these to others */
    memcpy(list.actions, h->sim.mirror.actions.actions, list.n_actions * sizeof(list.actions[0]));
    for (uint32_t i = 0; i < list.n_actions; i++)
        handset_do_action(h, &list.actions[i]);
    arm(h);
    return holds;
}

/* ---- sleep ---- */

static bool tell_links(struct handset *h)
{
    struct link_set links = { 0 };

    if (!h->on || h->asleep) /* mvpnd hears of it when it runs again */
        return true;
    if (h->wifi != NO_PLACE)
        links.links[links.n_links++] = h->networks[h->wifi].link;
    if (h->cellular != NO_PLACE)
        links.links[links.n_links++] = h->networks[h->cellular].link;
    return handset_tell(h, &(struct event){ .type = EVENT_LINKS, .links = &links });
}

static bool wake_up(struct handset *h)
{
    if (!h->asleep)
        return true;
    h->asleep = false;
    h->sleep_again_at_usec = h->now_usec + AWAKE_AGAIN_USEC;
    return handset_tell(h, &(struct event){ .type = EVENT_RESUME }) && tell_links(h);
}

static bool set_sleep(struct handset *h, bool asleep)
{
    bool was = h->asleep;

    h->sleep_again_at_usec = USEC_INFINITY;
    h->asleep = asleep;
    if (!h->on || was == asleep)
        return true;
    return handset_tell(h, &(struct event){ .type = asleep ? EVENT_SUSPEND : EVENT_RESUME }) && (asleep || tell_links(h));
}

static bool timer_due(struct handset *h)
{
    usec_t second_usec = h->now_usec - h->now_usec % SEC(1);
    struct mirror *m = &h->sim.mirror;

    if (!wake_up(h))
        return false;
    h->ledger.n_wakeups++;
    h->n_timers_in_second = second_usec == h->second_at_usec ? h->n_timers_in_second + 1 : 1;
    h->second_at_usec = second_usec;
    if (h->n_timers_in_second > TIMERS_PER_SECOND_MAX) {
        snprintf(m->violation, sizeof(m->violation), "more than %d timer events in one second", TIMERS_PER_SECOND_MAX);
        return false;
    }
    h->armed.at_usec = 0; /* the same deadline again is another timer */
    return handset_tell(h, &(struct event){ .type = EVENT_TIMER, .traffic = m->traffic });
}

/* ---- applications ---- */

static void send_data(struct handset *h)
{
    struct traffic *traffic = &h->sim.mirror.traffic;

    traffic->last_out_at_usec = traffic->last_inner_at_usec = h->now_usec;
    if (h->sim.wire.unanswered_since_usec == 0)
        h->sim.wire.unanswered_since_usec = h->now_usec;
    traffic->unanswered_at_usec = h->sim.wire.unanswered_since_usec;
    handset_transmit(h, handset_tunnel_place(h), NAT_TUNNEL, ++h->n_tags << 3 | EXCHANGE_DATA, 0, false);
}

/* Tried again after 1, 2, 4, ... s until there is an answer. */
static bool application_due(struct handset *h)
{
    const struct mirror *m = &h->sim.mirror;

    h->send_at_usec = h->n_tries < APPLICATION_TRIES ? h->now_usec + (SEC(1) << h->n_tries) : USEC_INFINITY;
    h->n_tries++;
    if (m->status.state == STATE_CONNECTED)
        send_data(h);
    else if (m->status.state == STATE_ARMED && m->demand_watched) {
        h->ledger.n_demands++;
        h->ledger.n_wakeups++;
        return handset_tell(h, &(struct event){ .type = EVENT_DEMAND });
    }
    return true;
}

/* ---- what arrives ---- */

static bool from_gateway(struct handset *h, enum place place, const struct nat_packet *packet)
{
    struct traffic *traffic = &h->sim.mirror.traffic;
    enum exchange_kind kind = packet->tag & 7;
    bool known = h->gateway_sa == h->sim.mirror.attempt.attempt, inner = packet->tag == 0 || kind == EXCHANGE_DATA;
    bool of_attempt = kind == EXCHANGE_INIT || kind == EXCHANGE_AUTH;

    if (!h->gateway_up || (!known && !of_attempt))
        return true;
    handset_on_air(h, !inner);
    if (!inner) {
        h->ledger.n_received++;
        return packet->tag != h->exchange.tag || h->exchange.kind == EXCHANGE_NONE || handset_answer_exchange(h, packet);
    }
    if (!h->sim.mirror.has_tunnel || place != h->gateway_place)
        return true;
    traffic->last_in_at_usec = traffic->last_inner_at_usec = h->now_usec;
    h->sim.wire.unanswered_since_usec = traffic->unanswered_at_usec = 0;
    h->send_at_usec = USEC_INFINITY;
    if (packet->tag == 0) {
        h->ledger.n_arrived++;
        send_data(h); /* which is answered, too */
    }
    return true;
}

static bool arrive(struct handset *h, enum place place, const struct nat_packet *packet)
{
    const struct network *network = &h->networks[place];

    if (!h->on || !handset_is_here(h, place) || !network->passes || (h->asleep && !network->link.wake_on_incoming))
        return true;
    if (!wake_up(h))
        return false;
    if (!packet->stun)
        return from_gateway(h, place, packet);
    handset_on_air(h, true);
    h->ledger.n_received++;
    h->ledger.n_wakeups++;
    return handset_tell(h, &(struct event){ .type = EVENT_PROBE_ANSWER, .probe_answer = nat_answer(packet, &network->nat.model) });
}

/* ---- changes ---- */

static bool boot(struct handset *h)
{
    struct event clock = { .type = EVENT_CLOCK, .clock = { (int64_t)SEC(1800000000), 0 } };
    struct event credentials = { .type = EVENT_CREDENTIALS, .credentials = { .not_after_sec = 1900000000 } };

    if (h->on || !simulation_init(&h->sim, &h->policy, h->seed + h->now_usec, NULL))
        return false;
    h->on = true;
    h->asleep = false;
    h->sleep_again_at_usec = h->timer_at_usec = USEC_INFINITY;
    h->sim.mirror.now_usec = h->now_usec;
    return handset_tell(h, &clock) && handset_tell(h, &credentials) && tell_links(h) &&
           handset_tell(h, &(struct event){ .type = EVENT_START, .enabled = true });
}

static void power_off(struct handset *h)
{
    if (h->on)
        simulation_done(&h->sim);
    h->on = false;
    h->n_coming = 0;
    h->exchange.kind = EXCHANGE_NONE;
    h->send_at_usec = USEC_INFINITY;
    h->armed = (struct deadline){ .at_usec = USEC_INFINITY };
}

/* Could anybody be reached at all, and shall it be? */
static bool should_be_reachable(const struct handset *h)
{
    const struct core_status *status = &h->sim.mirror.status;
    bool passes = (h->wifi != NO_PLACE && h->networks[h->wifi].passes) || (h->cellular != NO_PLACE && h->networks[h->cellular].passes);

    if (!h->on || !h->gateway_up || !passes || status->state == STATE_ARMED || (status->on_demand && !h->policy.roaming_keepalive))
        return false;
    return !h->asleep || (handset_tunnel_place(h) != NO_PLACE && status->base_link.wake_on_incoming);
}

static void gateway_pushes(struct handset *h)
{
    if (!should_be_reachable(h))
        return;
    h->ledger.n_pushed++;
    if (h->gateway_sa != 0 && handset_is_here(h, h->gateway_place) && h->networks[h->gateway_place].passes)
        nat_push(&h->networks[h->gateway_place].nat, h->now_usec);
}

static bool do_change(struct handset *h, const struct change *change)
{
    switch (change->type) {
    case CHANGE_WIFI:
        h->wifi = change->place;
        return tell_links(h);
    case CHANGE_CELLULAR:
        h->cellular = change->place;
        return tell_links(h);
    case CHANGE_PATH:
        h->networks[change->place].passes = change->yes;
        return true;
    case CHANGE_GATEWAY:
        h->gateway_up = change->yes;
        h->gateway_sa = 0;
        return true;
    case CHANGE_SLEEP:
        return set_sleep(h, change->yes);
    case CHANGE_POWER:
        if (change->yes)
            return h->on || boot(h);
        power_off(h);
        return true;
    case CHANGE_SEND:
        if (h->on && !h->asleep) {
            h->n_tries = 0;
            h->send_at_usec = h->now_usec;
        }
        return true;
    case CHANGE_PUSH:
        gateway_pushes(h);
        return true;
    }
    return true;
}

/* ---- the account ---- */

static void account_unreachable(struct handset *h, usec_t from_usec)
{
    const struct mirror *m = &h->sim.mirror;
    enum place place = handset_tunnel_place(h);
    usec_t span_usec = h->now_usec - from_usec, until_usec;
    bool path = m->has_tunnel && place != NO_PLACE && h->networks[place].passes && m->status.state == STATE_CONNECTED;

    if (!path || (h->gateway_sa == m->attempt.attempt && h->gateway_place != place)) {
        h->ledger.unreachable_usec += span_usec;
        return;
    }
    if (h->gateway_sa != m->attempt.attempt) {
        h->ledger.unreachable_usec += span_usec;
        h->ledger.restarted_usec += span_usec;
        return;
    }
    until_usec = nat_reachable_until(&h->networks[place].nat);
    span_usec -= usec_sub(MIN_OF(until_usec, h->now_usec), from_usec);
    h->ledger.unreachable_usec += span_usec;
    h->ledger.forgotten_usec += span_usec;
}

static void account(struct handset *h, usec_t now_usec)
{
    usec_t from_usec = h->now_usec;

    h->now_usec = MAX_OF(h->now_usec, now_usec);
    if (h->on && h->sim.mirror.status.internet_blocked)
        h->ledger.blocked_usec += h->now_usec - from_usec;
    if (h->on && h->sim.mirror.status.state == STATE_ARMED)
        h->ledger.armed_usec += h->now_usec - from_usec;
    if (should_be_reachable(h))
        account_unreachable(h, from_usec);
}

/* ---- turns ---- */

enum what { WHAT_CHANGE, WHAT_PACKET, WHAT_TIMER, WHAT_NOTICE, WHAT_EXCHANGE, WHAT_EVENT, WHAT_APPLICATION, WHAT_SLEEP };

struct next {
    usec_t at_usec;
    enum what what;
    uint32_t i;
};

static void offer(struct next *next, usec_t at_usec, enum what what, uint32_t i)
{
    if (at_usec < next->at_usec)
        *next = (struct next){ at_usec, what, i };
}

static struct next find_next(const struct handset *h, usec_t change_at_usec)
{
    const struct simulation *s = &h->sim;
    struct next next = { change_at_usec, WHAT_CHANGE, 0 };

    for (uint32_t i = 0; i < N_PLACES; i++)
        offer(&next, nat_next(&h->networks[i].nat), WHAT_PACKET, i);
    if (!h->on)
        return next;
    if (!h->asleep || s->mirror.deadline.wake)
        offer(&next, h->timer_at_usec, WHAT_TIMER, 0);
    if (h->asleep)
        return next;
    offer(&next, h->sleep_again_at_usec, WHAT_SLEEP, 0);
    if (s->mirror.has_tunnel && s->mirror.watching && s->wire.unanswered_since_usec)
        offer(&next, s->wire.unanswered_since_usec + PATHWATCH_NOTICE_USEC, WHAT_NOTICE, 0);
    if (h->exchange.kind != EXCHANGE_NONE)
        offer(&next, h->exchange.next_at_usec, WHAT_EXCHANGE, 0);
    for (uint32_t i = 0; i < h->n_coming; i++)
        offer(&next, h->coming[i].at_usec, WHAT_EVENT, i);
    offer(&next, h->send_at_usec, WHAT_APPLICATION, 0);
    return next;
}

static bool do_next(struct handset *h, const struct next *next)
{
    struct nat_packet packet;
    struct event event;

    switch (next->what) {
    case WHAT_CHANGE:
        return true;
    case WHAT_PACKET:
        return !nat_turn(&h->networks[next->i].nat, &packet) || arrive(h, next->i, &packet);
    case WHAT_TIMER:
        return timer_due(h);
    case WHAT_NOTICE:
        h->ledger.n_wakeups++;
        return handset_tell(h, &(struct event){ .type = EVENT_TRAFFIC, .traffic = h->sim.mirror.traffic });
    case WHAT_EXCHANGE:
        return handset_exchange_due(h);
    case WHAT_EVENT:
        event = h->coming[next->i].event;
        h->coming[next->i] = h->coming[--h->n_coming];
        return handset_tell(h, &event);
    case WHAT_APPLICATION:
        return application_due(h);
    case WHAT_SLEEP:
        return set_sleep(h, true);
    }
    return true;
}

bool handset_live(struct handset *h, const struct change *changes, uint32_t n_changes, usec_t until_usec)
{
    for (uint32_t i = 0; i <= n_changes;) {
        usec_t change_at_usec = i < n_changes ? changes[i].at_usec : until_usec;
        struct next next = find_next(h, change_at_usec);
        account(h, next.at_usec);
        if (!do_next(h, &next))
            return false;
        if (next.what == WHAT_CHANGE) {
            if (i < n_changes && !do_change(h, &changes[i]))
                return false;
            i++;
        }
    }
    return true;
}

/* ---- making one ---- */

bool handset_init(struct handset *h, const struct policy *policy, uint64_t seed)
{
    memset(h, 0, sizeof(*h));
    h->policy = *policy;
    h->seed = seed;
    h->prng.state = seed;
    h->mobike = true;
    h->gateway_up = true;
    h->wifi = h->cellular = h->gateway_place = NO_PLACE;
    h->send_at_usec = h->timer_at_usec = h->sleep_again_at_usec = h->armed.at_usec = USEC_INFINITY;
    h->now_usec = SEC(100);
    return true;
}

void handset_done(struct handset *h)
{
    power_off(h);
}

void handset_set_place(struct handset *h, enum place place, const struct nat_model *model, bool known, bool wakes)
{
    static const char *const names[N_PLACES] = { "wifi:home,02:00:00:00:00:01", "wifi:office,02:00:00:00:00:02",
        "wifi:hotel,02:00:00:00:00:03", "cellular:00101,internet,home", "cellular:99999,internet,roaming" };
    struct network *network = &h->networks[place];

    network->link = IS_WIFI(place) ? wlan0() : wwan0();
    network->link.addrs[0].addr.bytes[2] = (uint8_t)(10 + place);
    network->link.routes[0].via.bytes[2] = (uint8_t)(10 + place);
    network->link.roaming = place == PLACE_ABROAD;
    network->link.wake_on_incoming = wakes || !IS_WIFI(place);
    strcpy(network->link.network, names[place]);
    network->passes = true;
    nat_init(&network->nat, model, h->seed * N_PLACES + place);
    if (!known)
        return;
    h->memory[place] = (struct nat_knowledge){ .family = 4,
        .method = NAT_METHOD_STUN,
        .lifetime_usec = model->stream_usec / 100 * 98,
        .lossy = model->loss_percent > 0, /* whoever measured it there saw that */
        .age_usec = HOURS(24) * (1 + place) };
    strcpy(h->memory[place].network, names[place]);
}
