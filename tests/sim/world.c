/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world's moods and whims. Realistic in form (adapters answer only what was asked, addresses are addresses), hostile in time.
 */
#include "sim/world.h"

#include "base/macro.h"

#include <stdio.h>
#include <string.h>

enum mood {
    MOOD_GOOD,
    MOOD_SILENT, /* never answers; charon gives up after 12 s */
    MOOD_REFUSING,
    MOOD_CLOSING, /* answers, then closes soon */
    MOOD_LOST,    /* not even charon says anything: the guard must help */
    MOOD_DOUBLE,  /* every answer twice, and late ones, too */
};
#define N_MOODS (MOOD_DOUBLE + 1)

static uint64_t below(struct world *w, uint64_t bound)
{
    return prng_between(&w->prng, 0, bound - 1);
}

static bool chance(struct world *w, unsigned percent)
{
    return below(w, 100) < percent;
}

static usec_t between(struct world *w, usec_t low, usec_t high)
{
    return prng_between(&w->prng, low, high);
}

static struct ip_addr ip(const char *text)
{
    struct ip_addr addr = { 0 };

    ip_addr_parse(text, &addr);
    return addr;
}

/* ---- what is to come ---- */

static void come(struct world *w, usec_t in_usec, const struct event *event)
{
    if (w->n_coming == WORLD_QUEUE_MAX) {
        w->n_forgotten++;
        return;
    }
    w->coming[w->n_coming++] = (struct coming){ usec_add(w->sim->mirror.now_usec, in_usec), *event };
}

/* ... and perhaps once more. */
static void come_moody(struct world *w, unsigned mood, usec_t in_usec, const struct event *event)
{
    come(w, in_usec, event);
    if (mood == MOOD_DOUBLE)
        come(w, in_usec + between(w, 0, SEC(30)), event);
}

static uint32_t earliest(const struct world *w)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i < w->n_coming; i++)
        if (w->coming[i].at_usec < w->coming[best].at_usec)
            best = i;
    return best;
}

/* ---- answers to actions ---- */

static void answer_servers(struct world *w, const struct resolve_request *request)
{
    struct event event = { .type = EVENT_RESOLVERS,
        .resolvers = { .id = request->id, .n_addrs = (uint32_t)below(w, 3) } };

    event.resolvers.addrs[0] = ip(chance(w, 50) ? "192.0.2.53" : "fe80::53");
    event.resolvers.addrs[1] = ip("198.51.100.53");
    if (w->resolver_mood != MOOD_LOST)
        come_moody(w, w->resolver_mood, between(w, 0, MSEC(50)), &event);
}

static void answer_name(struct world *w, const struct resolve_request *request)
{
    static const char *const addrs[] = { "203.0.113.5", "203.0.113.6", "2001:db8:5::5", "2001:db8:5::6",
        "127.0.0.1" };
    struct event event = { .type = EVENT_RESOLVED, .resolved = { .id = request->id } };

    if (w->resolver_mood == MOOD_LOST || w->resolver_mood == MOOD_SILENT)
        return;
    if (w->resolver_mood != MOOD_REFUSING)
        for (uint32_t n = (uint32_t)below(w, 5); n > 0; n--)
            event.resolved.addrs[event.resolved.n_addrs++] = ip(addrs[below(w, ELEMENTSOF(addrs))]);
    come_moody(w, w->resolver_mood, between(w, 0, SEC(2)), &event);
}

static struct event established(struct world *w, const struct initiate_request *request)
{
    struct event event = { .type = EVENT_IKE_ESTABLISHED };
    struct tunnel *t = &event.tunnel;

    t->attempt = request->attempt;
    t->n_addrs = chance(w, 97) ? 1 + (uint32_t)below(w, 2) : 0;
    t->addrs[0] = ip("10.99.1.1");
    t->addrs[0].bytes[3] = (uint8_t)(1 + below(w, 3));
    t->addrs[1] = ip("fd99::1:1");
    t->n_subnets = 2;
    ip_prefix_parse("0.0.0.0/0", &t->subnets[0]);
    ip_prefix_parse("::/0", &t->subnets[1]);
    t->local = request->local;
    t->remote = request->remote;
    t->remote_port = 4500;
    t->nat = chance(w, 80);
    t->mobike = chance(w, 80);
    t->offload = chance(w, 50);
    return event;
}

static enum reason some_refusal(struct world *w)
{
    return (enum reason)between(w, REASON_AUTH_REFUSED, REASON_NO_ADDRESS);
}

static void answer_initiate(struct world *w, const struct initiate_request *request)
{
    struct event over = { .type = chance(w, 80) ? EVENT_IKE_FAILED : EVENT_IKE_CLOSED,
        .failure = { request->attempt, REASON_GATEWAY_SILENT } };
    struct event up = established(w, request);
    usec_t in_usec = between(w, MSEC(20), SEC(3));

    if (w->gateway_mood != MOOD_LOST && w->gateway_mood != MOOD_SILENT)
        come(w, in_usec / 3,
            &(struct event){ .type = EVENT_IKE_ANSWERED, .answered = { request->attempt, chance(w, 80) ? in_usec / 3 : 0 } });
    if (chance(w, 15))
        come(w, in_usec / 2,
            &(struct event){
                .type = EVENT_FETCH_WANTED, .fetch = { request->attempt, "crl.example.com", 80 } });
    switch ((enum mood)w->gateway_mood) {
    case MOOD_LOST:
        return;
    case MOOD_SILENT:
        come(w, SEC(12), &over);
        return;
    case MOOD_REFUSING:
        over.failure.reason = some_refusal(w);
        come(w, in_usec, &over);
        return;
    case MOOD_CLOSING:
        over.type = EVENT_IKE_CLOSED;
        over.failure.reason = REASON_PEER_CLOSED;
        come(w, in_usec, &up);
        come(w, in_usec + between(w, 0, SEC(60)), &over);
        return;
    case MOOD_GOOD:
    case MOOD_DOUBLE:
        come_moody(w, w->gateway_mood, in_usec, &up);
        return;
    }
}

static void answer_migrate(struct world *w, const struct migrate_request *request)
{
    struct event event = { .type = EVENT_IKE_MOVED,
        .path = { .local = request->local,
            .remote = request->remote,
            .nat = chance(w, 80),
            .moved = chance(w, 85) } };

    if (w->gateway_mood != MOOD_SILENT && w->gateway_mood != MOOD_LOST)
        come_moody(w, w->gateway_mood, between(w, MSEC(20), SEC(5)), &event);
}

static void answer_terminate(struct world *w, bool silent)
{
    struct event event = { .type = EVENT_IKE_CLOSED,
        .failure = { w->sim->mirror.attempt.attempt, REASON_PEER_CLOSED } };

    if (!silent && w->gateway_mood == MOOD_GOOD)
        come(w, between(w, MSEC(20), SEC(2)), &event);
}

/* ---- the NAT and its STUN server ---- */

static void answer_recall(struct world *w, const struct nat_knowledge *asked)
{
    struct event event = { .type = EVENT_NAT_RECALLED, .nat = *asked };

    if (chance(w, 30)) {
        event.nat.method = chance(w, 80) ? NAT_METHOD_STUN : NAT_METHOD_MOBIKE;
        event.nat.lifetime_usec = chance(w, 90) ? between(w, 0, MINUTES(15)) : USEC_INFINITY;
        event.nat.age_usec = chance(w, 90) ? between(w, 0, HOURS(300)) : USEC_INFINITY;
    }
    come_moody(w, w->resolver_mood, between(w, 0, chance(w, 95) ? MSEC(5) : SEC(8)), &event);
}

static void answer_probe(struct world *w, const struct probe_send *send)
{
    struct event event = { .type = EVENT_PROBE_ANSWER,
        .probe_answer = { send->slot, send->tag, ip(send->server.family == 4 ? "203.0.113.77" : "2001:db8::77"),
            (uint16_t)(40000 + send->slot) } };
    uint32_t to = send->response_port && !w->ignores_response_port ? send->response_port - 40000u : send->slot;
    usec_t now_usec = w->sim->mirror.now_usec;

    w->probed_at_usec[send->slot] = now_usec;
    if (chance(w, 1))
        come(w, between(w, 0, SEC(1)),
            &(struct event){ .type = EVENT_PROBE_FAILED, .probe_failed = { .slot = send->slot, .tag = send->tag } });
    if (chance(w, w->probe_loss_percent) || to >= PROBE_SLOTS_MAX || now_usec > usec_add(w->probed_at_usec[to], w->lifetime_usec))
        return;
    event.probe_answer.slot = to;
    come_moody(w, w->resolver_mood, between(w, MSEC(10), MSEC(80)), &event);
}

static void answer(struct world *w, const struct action *action)
{
    switch (action->type) {
    case ACTION_FIND_RESOLVERS:
        answer_servers(w, &action->resolve);
        return;
    case ACTION_RESOLVE:
        answer_name(w, &action->resolve);
        return;
    case ACTION_IKE_INITIATE:
        answer_initiate(w, &action->initiate);
        return;
    case ACTION_IKE_MIGRATE:
        answer_migrate(w, &action->migrate);
        return;
    case ACTION_IKE_TERMINATE:
        answer_terminate(w, action->silent);
        return;
    case ACTION_PROBE_SEND:
        answer_probe(w, &action->probe_send);
        return;
    case ACTION_NAT_RECALL:
        answer_recall(w, &action->nat);
        return;
    case ACTION_OFFLOAD_KEEPALIVES:
        if (action->offload_sec)
            come(w, between(w, MSEC(1), SEC(2)),
                &(struct event){ .type = EVENT_OFFLOADED, .offloaded = { action->offload_sec, chance(w, 90) } });
        return;
    case ACTION_FETCH_REPLY:
        if (action->fetch_reply.n_addrs && chance(w, 80))
            come(w, between(w, MSEC(20), SEC(5)),
                &(struct event){ .type = EVENT_FETCH_DONE, .fetch = { .id = action->fetch_reply.id } });
        return;
    case ACTION_FIREWALL:
    case ACTION_ROUTING:
    case ACTION_STORE:
    case ACTION_RESOLVE_CANCEL:
    case ACTION_IKE_START:
    case ACTION_IKE_STOP:
    case ACTION_IKE_LIVENESS:
    case ACTION_KEEPALIVE:
    case ACTION_WATCH_TRAFFIC:
    case ACTION_WATCH_DEMAND:
    case ACTION_PROBE_CLOSE:
    case ACTION_NAT_REMEMBER:
    case ACTION_DNS:
    case ACTION_CHARACTER:
    case ACTION_SLEEP_READY:
    case ACTION_REMEMBER:
        return;
    }
}

/* After every step: only what was really executed is answered. */
static bool push(struct world *w, const struct event *event)
{
    bool holds = simulation_step(w->sim, event);

    if (!w->sim->mirror.firewall_broken)
        for (uint32_t i = 0; i < w->sim->mirror.actions.n_actions; i++)
            answer(w, &w->sim->mirror.actions.actions[i]);
    return holds;
}

/* ---- whims ---- */

static void set_addresses(struct world *w, uint32_t i)
{
    static const struct {
        const char *v4, *via4, *v6;
    } homes[WORLD_LINKS] = { { "192.0.2.10", "192.0.2.1", "2001:db8:1::10" },
        { "192.168.1.10", "192.168.1.1", "fd01::10" }, { "10.64.0.10", "10.64.0.9", "2001:db8:3::10" },
        { "172.16.0.10", "172.16.0.1", "2001:db8:4::10" }, { "10.0.0.10", "10.0.0.1", "fd05::10" } };
    struct link *link = &w->link[i];
    unsigned families = (unsigned)below(w, 10); /* mostly IPv4 alone, sometimes both, IPv6 alone, none */

    link->n_addrs = link->n_routes = 0;
    memset(link->network, 0, sizeof(link->network)); /* sometimes nobody knows which it is */
    if (chance(w, 70))
        snprintf(link->network, sizeof(link->network), "net:%u,%u", (unsigned)i, (unsigned)below(w, 3));
    if (families < 8) {
        link->addrs[link->n_addrs] = (struct link_addr){ ip(homes[i].v4), 24 };
        link->addrs[link->n_addrs++].addr.bytes[3] = (uint8_t)(10 + below(w, 3));
        if (chance(w, 95)) {
            ip_prefix_parse("0.0.0.0/0", &link->routes[link->n_routes].destination);
            link->routes[link->n_routes].via = ip(homes[i].via4);
            link->routes[link->n_routes++].metric = (uint32_t)below(w, 1000);
        }
    }
    if (families > 5 && families < 9) {
        link->addrs[link->n_addrs++] = (struct link_addr){ ip(homes[i].v6), 64 };
        ip_prefix_parse("::/0", &link->routes[link->n_routes].destination);
        link->routes[link->n_routes].via = ip("fe80::1");
        link->routes[link->n_routes++].metric = (uint32_t)below(w, 1000);
    }
}

static void make_links(struct world *w)
{
    static const struct {
        const char *name;
        enum link_type type;
    } kinds[WORLD_LINKS] = { { "eth0", LINK_TYPE_ETHERNET }, { "wlan0", LINK_TYPE_WIFI },
        { "wwan0", LINK_TYPE_CELLULAR }, { "usb0", LINK_TYPE_OTHER }, { "docker0", LINK_TYPE_CONTAINER } };

    for (uint32_t i = 0; i < WORLD_LINKS; i++) {
        struct link *link = &w->link[i];
        *link = (struct link){
            .ifindex = (int)i + 2, .type = kinds[i].type, .up = true, .carrier = true, .mtu = 1500
        };
        strcpy(link->name, kinds[i].name);
        link->metered = link->wake_on_incoming = kinds[i].type == LINK_TYPE_CELLULAR;
        set_addresses(w, i);
        w->link_present[i] = i != 3;
    }
}

static bool tell_links(struct world *w)
{
    memset(&w->links, 0, sizeof(w->links));
    for (uint32_t i = 0; i < WORLD_LINKS; i++)
        if (w->link_present[i])
            w->links.links[w->links.n_links++] = w->link[i];
    return push(w, &(struct event){ .type = EVENT_LINKS, .links = &w->links });
}

static bool flap_link(struct world *w)
{
    uint32_t i = (uint32_t)below(w, WORLD_LINKS);
    struct link *link = &w->link[i];

    switch (below(w, 8)) {
    case 0:
        w->link_present[i] = !w->link_present[i];
        if (w->link_present[i])
            link->ifindex += WORLD_LINKS; /* a new index each time it is plugged in */
        break;
    case 1:
        link->up = !link->up;
        break;
    case 2:
        link->roaming = !link->roaming;
        break;
    case 3:
        link->mtu = (uint32_t)between(w, 1280, 1500);
        break;
    case 4:
    case 5:
        set_addresses(w, i);
        break;
    default:
        link->carrier = !link->carrier;
        break;
    }
    return tell_links(w);
}

static bool all_links_go(struct world *w)
{
    w->links.n_links = 0;
    return push(w, &(struct event){ .type = EVENT_LINKS, .links = &w->links });
}

static bool ask_something(struct world *w)
{
    unsigned what = (unsigned)below(w, 100);
    enum event_type type = what < 45   ? EVENT_ENABLE
                           : what < 60 ? EVENT_DISABLE
                           : what < 85 ? EVENT_CONNECT
                                       : EVENT_DISCONNECT;

    return push(w, &(struct event){ .type = type });
}

static bool change_policy(struct world *w)
{
    struct policy *p = &w->policy;

    switch (below(w, 10)) {
    case 9:
        p->probe_server.literal = (struct ip_addr){ 0 };
        strcpy(p->probe_server.name, chance(w, 20) ? "" : "stun.example.com");
        if (chance(w, 30)) {
            strcpy(p->probe_server.name, "198.51.100.34");
            p->probe_server.literal = ip(p->probe_server.name);
        }
        p->keepalive_min_usec = between(w, SEC(1), SEC(15));
        p->keepalive_max_usec = between(w, SEC(15), MINUTES(15));
        break;
    case 0:
        p->complete = chance(w, 60);
        break;
    case 1:
        p->n_gateways = 1 + (uint32_t)below(w, 3);
        break;
    case 2:
        p->keepalive_mode = (enum keepalive_mode)below(w, 3);
        break;
    case 3:
        p->keepalive_usec = between(w, SEC(5), MINUTES(5));
        break;
    case 4:
        p->migrate = !p->migrate;
        break;
    case 5:
        p->allow_lan = !p->allow_lan;
        break;
    case 6:
        p->roaming_keepalive = !p->roaming_keepalive;
        p->roaming_detect = (enum roaming_detect)below(w, 3);
        break;
    case 7:
        p->max_delay_usec = between(w, SEC(2), MINUTES(10));
        break;
    default:
        break; /* the same again */
    }
    if (!p->complete)
        come(w, between(w, 0, MINUTES(2)),
            &(struct event){ .type = EVENT_POLICY }); /* the administrator sees the mistake */
    return push(w, &(struct event){ .type = EVENT_POLICY, .policy = p, .ike_changed = chance(w, 20) });
}

static bool change_identity(struct world *w)
{
    struct event event = { .type = EVENT_CREDENTIALS,
        .credentials = { .not_before_sec = 1000, .not_after_sec = INT64_MAX / 2 } };

    if (chance(w, 50)) {
        event = (struct event){ .type = EVENT_CLOCK,
            .clock = { (int64_t)between(w, 0, SEC(10000)), (int64_t)below(w, 2000) } };
    } else if (chance(w, 15)) {
        event.credentials.problem = REASON_CERTIFICATE_INVALID;
    } else if (chance(w, 10)) {
        event.credentials.not_after_sec = 1;
    }
    return push(w, &event);
}

/* The user closes the lid; time passes; the lid opens. Nothing fires meanwhile but an alarm. */
static bool sleep_and_wake(struct world *w)
{
    usec_t until_usec = w->sim->mirror.now_usec + between(w, SEC(1), HOURS(3));

    if (!push(w, &(struct event){ .type = EVENT_SUSPEND }))
        return false;
    if (!w->sim->mirror.deadline.wake)
        w->sim->mirror.now_usec = until_usec;
    return push(w, &(struct event){ .type = EVENT_RESUME });
}

static bool gateway_acts(struct world *w)
{
    const struct mirror *m = &w->sim->mirror;
    struct event event = { .type = EVENT_IKE_CLOSED,
        .failure = { m->attempt.attempt, chance(w, 70) ? REASON_PEER_CLOSED : REASON_GATEWAY_SILENT } };

    if (m->has_tunnel && chance(w, 50))
        event = (struct event){ .type = EVENT_IKE_MOVED, /* the mapping changed */
            .path = { .local = m->tunnel.local, .remote = m->tunnel.remote, .nat = chance(w, 80), .moved = true,
                .late = chance(w, 30), .mapping_changed = chance(w, 80) } };
    return push(w, &event);
}

/* Late, foreign, repeated. */
static bool stray(struct world *w)
{
    const struct mirror *m = &w->sim->mirror;
    uint32_t old = m->attempt.attempt ? m->attempt.attempt - (uint32_t)below(w, m->attempt.attempt) : 0;

    switch (below(w, 9)) {
    case 7:
        return push(w, &(struct event){ .type = EVENT_PROBE_ANSWER,
                           .probe_answer = { (uint32_t)below(w, PROBE_SLOTS_MAX), (uint32_t)below(w, 400), ip("203.0.113.77"),
                               (uint16_t)below(w, 65536) } });
    case 8:
        return push(w, &(struct event){ .type = EVENT_NAT_RECALLED,
                           .nat = { .network = "net:1,1", .family = 4, .method = NAT_METHOD_STUN, .lifetime_usec = SEC(99) } });
    case 0:
        return push(w,
            &(struct event){ .type = EVENT_IKE_FAILED, .failure = { old ? old - 1 : 77, some_refusal(w) } });
    case 1:
        return push(w, &(struct event){ .type = EVENT_RESOLVED,
                           .resolved = { (uint32_t)below(w, 50), 1, { ip("198.51.100.66") } } });
    case 2:
        return push(w, &(struct event){ .type = EVENT_RESOLVERS,
                           .resolvers = { (uint32_t)below(w, 50), 1, { ip("198.51.100.53") } } });
    case 5:
        return push(w, &(struct event){ .type = EVENT_DEMAND });
    case 3:
        return push(
            w, &(struct event){ .type = EVENT_FETCH_DONE, .fetch = { .id = (uint32_t)below(w, 50) } });
    case 4:
        return push(w, &(struct event){ .type = EVENT_TRAFFIC, .traffic = m->traffic });
    default:
        return push(w, &(struct event){ .type = EVENT_TIMER, .traffic = m->traffic });
    }
}

/* Mostly one that packets are handed to, as only these are watched. */
static bool neighbour_is_lost(struct world *w)
{
    const struct routing *routing = &w->sim->mirror.routing;
    struct event event = { .type = EVENT_NEIGHBOUR_LOST, .neighbour = { (int)below(w, 8), ip("192.168.1.1") } };

    if (routing->n_outer && chance(w, 80)) {
        const struct routing_outer *outer = &routing->outer[below(w, routing->n_outer)];
        event.neighbour.ifindex = outer->ifindex;
        event.neighbour.addr = *routing_next_hop(outer);
    }
    return push(w, &event);
}

static void change_mood(struct world *w)
{
    w->gateway_mood = chance(w, 50) ? MOOD_GOOD : (unsigned)below(w, N_MOODS);
    w->resolver_mood = chance(w, 70) ? MOOD_GOOD : (unsigned)below(w, N_MOODS);
    w->whim_mean_usec = between(w, MSEC(200), MINUTES(2));
    w->lifetime_usec = between(w, SEC(5), MINUTES(12));
    w->probe_loss_percent = chance(w, 50) ? 0 : (unsigned)below(w, 60);
    w->ignores_response_port = chance(w, 10);
}

static bool act_on_a_whim(struct world *w)
{
    unsigned whim = (unsigned)below(w, 100);

    if (whim < 28)
        return flap_link(w);
    if (whim < 31)
        return all_links_go(w);
    if (whim < 39)
        return tell_links(w);
    if (whim < 47)
        return ask_something(w);
    if (whim < 50)
        return push(w, &(struct event){ .type = EVENT_ENABLE });
    if (whim < 54)
        return change_policy(w);
    if (whim < 57)
        return change_identity(w);
    if (whim < 60)
        return sleep_and_wake(w);
    if (whim < 66)
        return gateway_acts(w);
    if (whim < 72)
        return stray(w);
    if (whim < 74)
        return push(w, &(struct event){ .type = EVENT_TUNNEL_LOST });
    if (whim < 77)
        return neighbour_is_lost(w);
    if (whim < 78)
        w->sim->mirror.firewall_fails = true;
    else if (whim < 80)
        w->sim->mirror.store_fails = chance(w, 30);
    else if (whim < 87)
        simulation_set_flow(w->sim, (enum flow)below(w, 3));
    else if (whim < 94)
        simulation_set_path(w->sim, chance(w, 65));
    else
        change_mood(w);
    return true;
}

/* ---- turns ---- */

void world_init(struct world *w, struct simulation *sim, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    w->prng.state = seed * 2 + 1;
    w->sim = sim;
    w->policy = sim->first_policy;
    w->whim_mean_usec = SEC(5);
    w->lifetime_usec = SEC(60);
    make_links(w);
}

bool world_begin(struct world *w)
{
    struct event clock = { .type = EVENT_CLOCK,
        .clock = { .offset_usec = (int64_t)SEC(1800000000), .floor_sec = 1700000000 } };
    struct event credentials = { .type = EVENT_CREDENTIALS,
        .credentials = { .not_after_sec = INT64_MAX / 2 } };

    w->sim->mirror.now_usec = SEC(10);
    w->next_whim_at_usec = SEC(11);
    return push(w, &clock) && push(w, &credentials) && tell_links(w) &&
           push(w, &(struct event){ .type = EVENT_START, .enabled = true });
}

static bool deliver(struct world *w, uint32_t i)
{
    struct coming coming = w->coming[i];

    w->coming[i] = w->coming[--w->n_coming];
    if (coming.event.type == EVENT_POLICY) {
        w->policy.complete = true;
        coming.event.policy = &w->policy;
    }
    return push(w, &coming.event);
}

bool world_turn(struct world *w)
{
    struct simulation *sim = w->sim;
    usec_t next_usec = simulation_next(sim);
    uint32_t i = w->n_coming ? earliest(w) : 0;

    if (w->n_coming && w->coming[i].at_usec <= next_usec && w->coming[i].at_usec <= w->next_whim_at_usec) {
        sim->mirror.now_usec = MAX_OF(sim->mirror.now_usec, w->coming[i].at_usec);
        return deliver(w, i);
    }
    if (w->next_whim_at_usec <= next_usec) {
        sim->mirror.now_usec = MAX_OF(sim->mirror.now_usec, w->next_whim_at_usec);
        w->next_whim_at_usec = usec_add(sim->mirror.now_usec, between(w, 0, 2 * w->whim_mean_usec));
        return act_on_a_whim(w);
    }
    if (!simulation_advance(sim, next_usec, 1))
        return false;
    if (!sim->mirror.firewall_broken)
        for (uint32_t k = 0; k < sim->mirror.actions.n_actions; k++)
            answer(w, &sim->mirror.actions.actions[k]);
    return true;
}
