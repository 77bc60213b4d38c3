/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the core and the NATs: packets on the air, charon's exchanges, and what the core's actions send. Everything that is ours is counted.
 */
#include "base/macro.h"
#include "sim/handset_internal.h"
#include "support/core-fixture.h"

#include <string.h>

#define RADIO_TAIL_USEC MSEC(11600)
#define GIVE_UP_USEC    SEC(9) /* charon: 0.6 s, doubled, three repeats */
#define REPEATS         3

/* ---- the air ---- */

static void use_radio(usec_t now_usec, usec_t *until_usec, usec_t *total_usec)
{
    usec_t end_usec = now_usec + RADIO_TAIL_USEC;

    *total_usec += end_usec - MAX_OF(now_usec, MIN_OF(*until_usec, end_usec));
    *until_usec = MAX_OF(*until_usec, end_usec);
}

void handset_on_air(struct handset *h, bool ours)
{
    use_radio(h->now_usec, &h->radio_until_usec, &h->ledger.radio_usec);
    if (!ours)
        use_radio(h->now_usec, &h->radio_without_until_usec, &h->ledger.radio_without_usec);
}

bool handset_is_here(const struct handset *h, enum place place)
{
    return place != NO_PLACE && (h->wifi == place || h->cellular == place);
}

static enum place place_of(const struct handset *h, int ifindex)
{
    if (ifindex == WLAN0)
        return h->wifi;
    return ifindex == WWAN0 ? h->cellular : NO_PLACE;
}

static enum place place_of_addr(const struct handset *h, const struct ip_addr *addr)
{
    for (enum place place = 0; place < N_PLACES; place++)
        if (handset_is_here(h, place) && ip_addr_equal(&h->networks[place].link.addrs[0].addr, addr))
            return place;
    return NO_PLACE;
}

enum place handset_tunnel_place(const struct handset *h)
{
    const struct mirror *m = &h->sim.mirror;

    return place_of_addr(h, m->migrating ? &m->migrate.local : &m->tunnel.local);
}

void handset_transmit(struct handset *h, enum place place, uint32_t inside, uint32_t tag, uint16_t response_port, bool stun)
{
    bool ours = (tag & 7) != EXCHANGE_DATA || stun;

    if (!handset_is_here(h, place))
        return;
    h->ledger.n_sent += ours;
    handset_on_air(h, ours);
    if (h->networks[place].passes)
        nat_send(&h->networks[place].nat, h->now_usec, inside, tag, response_port, stun);
}

/* ---- charon's exchanges ---- */

static void send_exchange(struct handset *h)
{
    struct exchange *x = &h->exchange;

    handset_transmit(h, x->place, NAT_TUNNEL, x->tag, 0, false);
    x->next_at_usec = x->n_sent < REPEATS ? h->now_usec + (MSEC(600) << x->n_sent) : x->started_at_usec + GIVE_UP_USEC;
    x->n_sent++;
}

static void start_exchange(struct handset *h, enum exchange_kind kind, enum place place)
{
    struct exchange *x = &h->exchange;

    if (kind == x->kind && place == x->place) { /* the same again: repeated now */
        x->started_at_usec = h->now_usec;
        x->n_sent = x->n_sent > 1 ? x->n_sent - 1 : x->n_sent;
    } else {
        *x = (struct exchange){ .kind = kind, .place = place, .started_at_usec = h->now_usec, .tag = ++h->n_tags << 3 | kind };
    }
    send_exchange(h);
}

/* Repeated, or given up. */
bool handset_exchange_due(struct handset *h)
{
    enum exchange_kind kind = h->exchange.kind;
    struct event event = { .failure = { h->sim.mirror.attempt.attempt, REASON_GATEWAY_SILENT } };

    if (h->now_usec < h->exchange.started_at_usec + GIVE_UP_USEC) {
        send_exchange(h);
        return true;
    }
    h->exchange.kind = EXCHANGE_NONE;
    h->ledger.n_wakeups++;
    event.type = kind == EXCHANGE_INIT || kind == EXCHANGE_AUTH ? EVENT_IKE_FAILED : EVENT_IKE_CLOSED;
    return handset_tell(h, &event);
}

static struct tunnel established(const struct handset *h)
{
    const struct initiate_request *attempt = &h->sim.mirror.attempt;

    return (struct tunnel){ .attempt = attempt->attempt,
        .n_addrs = 1,
        .addrs = { addr_of("10.99.1.1") },
        .n_subnets = 2,
        .subnets = { prefix_of("0.0.0.0/0"), prefix_of("::/0") },
        .local = attempt->local,
        .remote = attempt->remote,
        .remote_port = 4500,
        .nat = true,
        .mobike = h->mobike };
}

bool handset_answer_exchange(struct handset *h, const struct nat_packet *packet)
{
    const struct mirror *m = &h->sim.mirror;
    struct exchange x = h->exchange;
    struct event event = { .type = EVENT_IKE_MOVED, .path = { m->tunnel.local, m->tunnel.remote, .nat = true, .moved = true } };

    h->exchange.kind = EXCHANGE_NONE;
    h->ledger.n_wakeups++;
    h->sim.mirror.traffic.last_in_at_usec = h->now_usec;
    h->sim.wire.unanswered_since_usec = 0;
    switch (x.kind) {
    case EXCHANGE_NONE:
    case EXCHANGE_DATA:
        return true;
    case EXCHANGE_INIT:
        start_exchange(h, EXCHANGE_AUTH, x.place);
        event = (struct event){ .type = EVENT_IKE_ANSWERED,
            .answered = { m->attempt.attempt, x.n_sent == 1 ? h->now_usec - x.started_at_usec : 0 } };
        return handset_tell(h, &event);
    case EXCHANGE_AUTH:
        h->gateway_sa = m->attempt.attempt;
        h->gateway_place = x.place;
        return handset_tell(h, &(struct event){ .type = EVENT_IKE_ESTABLISHED, .tunnel = established(h) });
    case EXCHANGE_MOVE:
        h->gateway_place = x.place;
        event.path.local = m->migrate.local;
        event.path.remote = m->migrate.remote;
        return handset_tell(h, &event);
    case EXCHANGE_CHECK:
        event.path.mapping_changed = packet->moved;
        event.path.late = x.n_sent > 1;
        return (!packet->moved && x.n_sent == 1) || handset_tell(h, &event);
    }
    return true;
}

/* ---- actions ---- */

static void come(struct handset *h, usec_t in_usec, const struct event *event)
{
    if (h->n_coming < HANDSET_COMING_MAX)
        h->coming[h->n_coming++] = (struct coming_event){ h->now_usec + in_usec, *event };
}

/* Two packets, and an answer where they pass; the resolver gives up after five seconds. */
static void resolve(struct handset *h, const struct resolve_request *request)
{
    enum place place = place_of(h, request->ifindex);
    bool passes = handset_is_here(h, place) && h->networks[place].passes;
    struct event event = { .type = EVENT_RESOLVED, .resolved = { .id = request->id, .n_addrs = passes, .addrs = { addr_of(GATEWAY) } } };

    h->ledger.n_sent++;
    h->ledger.n_received += passes;
    handset_on_air(h, true);
    come(h, passes ? MSEC(40) : SEC(5), &event);
}

static void recall(struct handset *h, const struct nat_knowledge *asked)
{
    struct event event = { .type = EVENT_NAT_RECALLED, .nat = *asked };

    for (enum place place = 0; place < N_PLACES; place++) {
        if (strcmp(h->memory[place].network, asked->network) == 0) {
            event.nat = h->memory[place];
            event.nat.age_usec += h->now_usec - h->remembered_at_usec[place];
        }
    }
    come(h, MSEC(1), &event);
}

static void remember(struct handset *h, const struct nat_knowledge *nat)
{
    for (enum place place = 0; place < N_PLACES; place++) {
        if (strcmp(h->networks[place].link.network, nat->network) == 0) {
            h->memory[place] = *nat;
            h->remembered_at_usec[place] = h->now_usec;
        }
    }
}

static void terminate(struct handset *h, bool silent)
{
    enum place place = handset_tunnel_place(h);

    h->exchange.kind = EXCHANGE_NONE;
    if (silent)
        return;
    handset_transmit(h, place, NAT_TUNNEL, EXCHANGE_NONE, 0, false);
    if (place == NO_PLACE || !h->networks[place].passes)
        return;
    h->gateway_sa = 0;
    come(h, MSEC(60),
        &(struct event){ .type = EVENT_IKE_CLOSED, .failure = { h->sim.mirror.attempt.attempt, REASON_PEER_CLOSED } });
}

static void send_probe(struct handset *h, const struct probe_send *send)
{
    h->ledger.n_probes++;
    handset_transmit(h, place_of(h, send->ifindex), send->slot, send->tag, send->response_port, true);
}

void handset_do_action(struct handset *h, const struct action *action)
{
    if (action->type == ACTION_FIND_RESOLVERS) {
        come(h, MSEC(2),
            &(struct event){ .type = EVENT_RESOLVERS,
                .resolvers = { .id = action->resolve.id, .n_addrs = 1, .addrs = { addr_of("198.51.100.53") } } });
    } else if (action->type == ACTION_RESOLVE) {
        resolve(h, &action->resolve);
    } else if (action->type == ACTION_IKE_INITIATE) {
        h->ledger.n_attempts++;
        h->exchange.kind = EXCHANGE_NONE;
        start_exchange(h, EXCHANGE_INIT, place_of(h, action->initiate.ifindex));
    } else if (action->type == ACTION_IKE_MIGRATE) {
        start_exchange(h, EXCHANGE_MOVE, place_of(h, action->migrate.ifindex));
    } else if (action->type == ACTION_IKE_LIVENESS) {
        if (h->exchange.kind == EXCHANGE_NONE) /* else libcharon sends it when that is over, or it has become needless */
            start_exchange(h, EXCHANGE_CHECK, handset_tunnel_place(h));
    } else if (action->type == ACTION_IKE_TERMINATE) {
        terminate(h, action->silent);
    } else if (action->type == ACTION_KEEPALIVE) {
        h->ledger.n_keepalives++;
        handset_transmit(h, handset_tunnel_place(h), NAT_TUNNEL, EXCHANGE_NONE, 0, false);
    } else if (action->type == ACTION_PROBE_SEND) {
        send_probe(h, &action->probe_send);
    } else if (action->type == ACTION_NAT_RECALL) {
        recall(h, &action->nat);
    } else if (action->type == ACTION_NAT_REMEMBER) {
        remember(h, &action->nat);
    } else if (action->type == ACTION_IKE_STOP) {
        h->exchange.kind = EXCHANGE_NONE;
    }
}
