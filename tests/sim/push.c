/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Actions go into the model of nat.c, what comes out of it becomes events. Nothing is lost on the way: what does not arrive was the NAT's doing.
 * Nobody answers a push, so that nothing but keepalives and liveness checks keeps the mapping.
 */
#include "sim/push.h"

#include "base/macro.h"
#include "core/natprobe.h"
#include "sim/nat.h"
#include "support/core-fixture.h"

#include <stdio.h>
#include <string.h>

#define PROBE_SERVER "198.51.100.34"
#define NETWORK      "wifi:cafe,02:00:00:00:00:01"
#define LIVENESS_TAG 1

struct scene {
    struct fixture f;
    struct nat nat;
    struct nat_knowledge memory;
    uint64_t n_pushed, n_arrived, n_probes;
    usec_t measured_at_usec; /* 0: nothing is known yet */
};

static void do_actions(struct scene *s);

static void tell(struct scene *s, const struct event *event)
{
    fx(&s->f, event);
    do_actions(s);
}

static void recall(struct scene *s, const struct nat_knowledge *asked)
{
    struct event event = { .type = EVENT_NAT_RECALLED, .nat = *asked };

    if (strcmp(s->memory.network, asked->network) == 0 && s->memory.family == asked->family)
        event.nat = s->memory;
    tell(s, &event);
}

static void do_action(struct scene *s, const struct action *action)
{
    usec_t now_usec = s->f.mirror.now_usec;

    if (action->type == ACTION_PROBE_SEND) {
        s->n_probes++;
        nat_send(&s->nat, now_usec, action->probe_send.slot, action->probe_send.tag, action->probe_send.response_port, true);
    } else if (action->type == ACTION_KEEPALIVE) {
        nat_send(&s->nat, now_usec, NAT_TUNNEL, 0, 0, false);
    } else if (action->type == ACTION_IKE_LIVENESS) {
        nat_send(&s->nat, now_usec, NAT_TUNNEL, LIVENESS_TAG, 0, false);
    } else if (action->type == ACTION_NAT_REMEMBER) {
        s->memory = action->nat;
    } else if (action->type == ACTION_NAT_RECALL) {
        recall(s, &action->nat);
    }
}

static void do_actions(struct scene *s)
{
    struct action_list list = s->f.mirror.actions; /* they may lead to events, and these to others */

    for (uint32_t i = 0; i < list.n_actions; i++)
        do_action(s, &list.actions[i]);
    if (s->measured_at_usec == 0 && s->f.mirror.status.nat_lifetime_usec != 0)
        s->measured_at_usec = s->f.mirror.now_usec;
}

static void arrive(struct scene *s, const struct nat_packet *packet)
{
    struct mirror *m = &s->f.mirror;
    struct event event = { .type = EVENT_PROBE_ANSWER, .probe_answer = nat_answer(packet, &s->nat.model) };

    if (packet->stun) {
        tell(s, &event);
        return;
    }
    m->traffic.last_in_at_usec = m->now_usec;
    s->n_arrived += packet->tag == 0;
    if (packet->tag == LIVENESS_TAG && packet->moved)
        tell(s, &(struct event){ .type = EVENT_IKE_MOVED,
                    .path = { m->tunnel.local, m->tunnel.remote, .nat = true, .moved = true, .mapping_changed = true } });
}

static void run_until(struct scene *s, usec_t until_usec)
{
    struct mirror *m = &s->f.mirror;
    struct nat_packet packet;

    while (MIN_OF(m->deadline.at_usec, nat_next(&s->nat)) <= until_usec) {
        if (nat_next(&s->nat) <= m->deadline.at_usec) {
            m->now_usec = MAX_OF(m->now_usec, nat_next(&s->nat));
            if (nat_turn(&s->nat, &packet))
                arrive(s, &packet);
        } else {
            usec_t late_usec = prng_between(&s->nat.prng, 0, m->deadline.slack_usec);
            m->now_usec = MAX_OF(m->now_usec, m->deadline.at_usec + late_usec);
            tell(s, &(struct event){ .type = EVENT_TIMER, .traffic = m->traffic });
        }
    }
    m->now_usec = MAX_OF(m->now_usec, until_usec);
}

static void connect(struct scene *s)
{
    struct mirror *m = &s->f.mirror;
    struct link link = wlan0();

    strcpy(link.network, NETWORK);
    link.wake_on_incoming = true;
    fx_links(&s->f, 1, &link);
    fx_simple(&s->f, EVENT_ENABLE);
    fx_resolvers(&s->f, 1, (const char *const[]){ "192.168.1.1" });
    fx_resolved(&s->f, 1, (const char *const[]){ GATEWAY });
    nat_send(&s->nat, m->now_usec, NAT_TUNNEL, 2, 0, false); /* IKE_AUTH, by port 4500 */
    run_until(s, m->now_usec + MSEC(100));
    fx_established(&s->f);
    do_actions(s);
}

static void push_often(struct scene *s, uint32_t n_pushes, usec_t lifetime_usec)
{
    for (uint32_t i = 0; i < n_pushes; i++) {
        run_until(s, s->f.mirror.now_usec + prng_between(&s->nat.prng, 0, 10 * lifetime_usec));
        nat_push(&s->nat, s->f.mirror.now_usec);
        s->n_pushed++;
    }
    run_until(s, s->f.mirror.now_usec + SEC(1));
}

/* The fallback: MOBIKE alone. What it finds by trying silences that are too long, it finds while nobody calls. */
static bool row_without_server(const char *name, const struct nat_model *model, uint32_t sec, uint32_t n_pushes)
{
    static struct scene s;
    struct policy policy;
    usec_t interval_usec;
    bool blind = model->kind == NAT_KIND_PRESERVING || sec >= 120, good; /* nothing shows within two minutes */

    memset(&s, 0, sizeof(s));
    fixture_policy(&policy);
    policy.keepalive_min_usec = SEC(3);
    fixture_init_with(&s.f, &policy, sec);
    nat_init(&s.nat, model, sec);
    connect(&s);
    run_until(&s, s.f.mirror.now_usec + HOURS(6));
    push_often(&s, n_pushes, SEC(sec));
    interval_usec = s.f.mirror.status.keepalive_interval_usec;
    good = blind ? interval_usec == policy.keepalive_usec : s.n_arrived == s.n_pushed && interval_usec < SEC(sec);
    printf("%-28s %4u s: %llu of %llu arrived, keepalive every %5.1f s, %s%s\n", name, sec, (unsigned long long)s.n_arrived,
        (unsigned long long)s.n_pushed, usec_to_seconds(interval_usec), nat_method_name(s.f.mirror.status.nat_method), good ? "" : "  BAD");
    fixture_done(&s.f);
    return good && test_n_failures == 0;
}

static bool row(const char *name, const struct nat_model *model, uint32_t sec, uint32_t n_pushes)
{
    static struct scene s;
    struct policy policy;
    uint64_t n_probes, n_sent;
    usec_t from_usec, interval_usec;
    double per_floor;
    bool good;

    memset(&s, 0, sizeof(s));
    fixture_policy(&policy);
    policy.keepalive_min_usec = SEC(3);
    strcpy(policy.probe_server.name, PROBE_SERVER);
    policy.probe_server.literal = addr_of(PROBE_SERVER);
    fixture_init_with(&s.f, &policy, sec);
    nat_init(&s.nat, model, sec);
    connect(&s);
    if (SEC(sec) < policy.keepalive_usec) /* before that is known, the administrator's interval is too long for such a NAT */
        while (s.measured_at_usec == 0 && s.f.mirror.now_usec < SEC(2000))
            run_until(&s, s.f.mirror.now_usec + SEC(1));
    push_often(&s, n_pushes / 2, SEC(sec));
    n_sent = s.f.mirror.status.n_keepalives_sent;
    from_usec = s.f.mirror.now_usec;
    push_often(&s, n_pushes - n_pushes / 2, SEC(sec));
    per_floor = (double)(s.f.mirror.status.n_keepalives_sent - n_sent) * sec / usec_to_seconds(s.f.mirror.now_usec - from_usec);
    interval_usec = s.f.mirror.status.keepalive_interval_usec;
    good = s.n_arrived == s.n_pushed && (per_floor <= 1.12 || sec < 60) && interval_usec < SEC(sec);
    printf("%-28s %4u s: %llu of %llu arrived, keepalive every %5.1f s (%.3f x the floor), %llu probes; ", name, sec,
        (unsigned long long)s.n_arrived, (unsigned long long)s.n_pushed, usec_to_seconds(interval_usec), per_floor,
        (unsigned long long)s.n_probes);

    fx_simple(&s.f, EVENT_DISABLE);
    fx_closed(&s.f, REASON_PEER_CLOSED);
    run_until(&s, s.f.mirror.now_usec + HOURS(1)); /* elsewhere */
    n_probes = s.n_probes;
    s.n_arrived = s.n_pushed = 0;
    connect(&s);
    push_often(&s, 50, SEC(sec));
    good = good && s.n_probes == n_probes && s.n_arrived == s.n_pushed && s.f.mirror.status.keepalive_interval_usec == interval_usec;
    printf("again: %llu of %llu, %llu probes%s\n", (unsigned long long)s.n_arrived, (unsigned long long)s.n_pushed,
        (unsigned long long)(s.n_probes - n_probes), good ? "" : "  BAD");
    fixture_done(&s.f);
    return good && test_n_failures == 0;
}

int push(uint32_t n_pushes)
{
    static const uint32_t lifetimes_sec[] = { 8, 13, 21, 30, 45, 60, 95, 120, 180, 300 };
    static const struct {
        const char *name;
        enum nat_kind kind;
        unsigned young_percent;
    } kinds[] = {
        { "port-preserving", NAT_KIND_PRESERVING, 100 },
        { "random, young half as long", NAT_KIND_RANDOM, 50 },
        { "random, young twice as long", NAT_KIND_RANDOM, 200 },
    };
    int r = 0;

    for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
        for (size_t i = 0; i < ELEMENTSOF(lifetimes_sec); i++) {
            struct nat_model model = { .kind = kinds[k].kind,
                .stream_usec = SEC(lifetimes_sec[i]),
                .young_usec = SEC(lifetimes_sec[i]) * kinds[k].young_percent / 100,
                .delay_min_usec = MSEC(10),
                .delay_max_usec = MSEC(40) };
            r |= !row(kinds[k].name, &model, lifetimes_sec[i], n_pushes);
            model.young_usec = model.stream_usec;
            r |= k < 2 && !row_without_server(k ? "random, no server" : "port-preserving, no server", &model, lifetimes_sec[i], n_pushes / 4);
        }
    }
    return r;
}
