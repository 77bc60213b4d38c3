/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any events at any time into the core: bytes are spans of time and events, valid in form, arbitrary in content and order. One bit gives an
 * event the ids that are asked for at the moment, so that answers are believed; another makes it what a good world would answer, so that every
 * state is reached. The invariants of support/invariants.c hold after each.
 */
#include "base/macro.h"
#include "fuzz/target.h"
#include "support/any-event.h"
#include "support/core-fixture.h"

#include <string.h>

#define EVENTS_MAX 600
#define TIMERS_MAX 20 /* at one go */

/* What src/config admits (keys.c): the core relies on it. */
static usec_t clamp(usec_t span_usec, usec_t low_usec, usec_t high_usec)
{
    return MIN_OF(MAX_OF(span_usec, low_usec), high_usec);
}

static void admit(struct policy *policy)
{
    policy->initial_delay_usec = clamp(policy->initial_delay_usec, MSEC(100), HOURS(1));
    policy->max_delay_usec = clamp(policy->max_delay_usec, SEC(1), HOURS(24));
    policy->keepalive_usec = clamp(policy->keepalive_usec, SEC(1), HOURS(24));
    policy->keepalive_min_usec = clamp(policy->keepalive_min_usec, SEC(1), HOURS(24));
    policy->keepalive_max_usec = clamp(policy->keepalive_max_usec, SEC(1), HOURS(24));
}

/* The numbers that the core waits for. */
static void make_fit(const struct mirror *m, struct event *event)
{
    uint32_t request_id = m->n_requests ? m->requests[m->n_requests - 1].id : 0;

    if (event->type == EVENT_RESOLVERS)
        event->resolvers.id = request_id;
    else if (event->type == EVENT_RESOLVED)
        event->resolved.id = request_id;
    else if (event->type == EVENT_IKE_ANSWERED)
        event->answered.attempt = m->attempt.attempt;
    else if (event->type == EVENT_IKE_FAILED || event->type == EVENT_IKE_CLOSED)
        event->failure.attempt = m->attempt.attempt;
    else if (event->type == EVENT_IKE_ESTABLISHED) {
        event->tunnel.attempt = m->attempt.attempt;
        event->tunnel.local = m->attempt.local;
        event->tunnel.remote = m->attempt.remote;
    } else if (event->type == EVENT_IKE_MOVED) {
        event->path.local = m->migrate.local;
        event->path.remote = m->migrate.remote;
    } else if (event->type == EVENT_NEIGHBOUR_LOST && m->routing.n_outer) {
        event->neighbour.ifindex = m->routing.outer[0].ifindex;
        event->neighbour.addr = *routing_next_hop(&m->routing.outer[0]);
    }
}

/* What a good world would do next: good links, or the answer that is waited for. */
static void make_good(struct mirror *m, uint64_t which, struct link_set *links, struct event *event)
{
    const struct link good[] = { eth0(), wlan0(), wwan0(), wwan6() };

    memset(event, 0, sizeof(*event));
    if (which & 0x80 || (m->n_requests == 0 && !m->attempting && !m->migrating)) {
        memset(links, 0, sizeof(*links));
        for (unsigned i = 0; i < ELEMENTSOF(good) - 1; i++)
            if (which & 1u << i)
                links->links[links->n_links++] = good[i == 2 && (which & 8) ? 3 : i];
        *event = (struct event){ .type = EVENT_LINKS, .links = links };
    } else if (m->n_requests) {
        bool servers = m->requests[m->n_requests - 1].n_servers == 0;
        event->type = servers ? EVENT_RESOLVERS : EVENT_RESOLVED;
        event->resolved.n_addrs = 2;
        event->resolved.addrs[0] = addr_of(servers ? "198.51.100.53" : GATEWAY);
        event->resolved.addrs[1] = addr_of(GATEWAY6);
    } else if (m->attempting) {
        event->type = EVENT_IKE_ESTABLISHED;
        event->tunnel = (struct tunnel){ .n_addrs = 1, .addrs = { addr_of("10.99.1.1") }, .n_subnets = 1 };
        event->tunnel.subnets[0] = prefix_of("0.0.0.0/0");
        event->tunnel.nat = which & 1;
        event->tunnel.mobike = which & 2;
    } else {
        *event = (struct event){ .type = EVENT_IKE_MOVED, .path = { .nat = which & 1, .moved = true } };
    }
    make_fit(m, event);
}

static void must_hold(const struct mirror *m, const struct event *event)
{
    if (m->violation[0] == '\0')
        return;
    fprintf(stderr, "after %s in state %s: %s\n", event_name(event->type), state_name(m->status.state),
        m->violation);
    abort();
}

static void pass_time(struct byte_stream *stream, struct mirror *m)
{
    static const usec_t spans[] = { 0, MSEC(1), MSEC(300), SEC(1), SEC(3), SEC(12), SEC(60), HOURS(1) };
    usec_t until_usec = m->now_usec + spans[byte_stream_number(stream, 1) % ELEMENTSOF(spans)];
    struct event timer = { .type = EVENT_TIMER };

    for (int i = 0; i < TIMERS_MAX && m->deadline.at_usec <= until_usec; i++) {
        timer.traffic = m->traffic;
        mirror_step(m, MAX_OF(m->deadline.at_usec, m->now_usec), &timer);
        must_hold(m, &timer);
    }
    m->now_usec = MAX_OF(until_usec, m->now_usec);
}

static void one_event(struct byte_stream *stream, struct mirror *m)
{
    static struct any_event_storage storage;
    uint64_t how = byte_stream_number(stream, 1);
    struct event event;

    if (how & 2)
        make_good(m, byte_stream_number(stream, 1), &storage.links, &event);
    else
        any_event(stream, m->now_usec, &storage, &event);
    if (event.type == EVENT_START)
        return; /* once, below */
    if (event.type == EVENT_POLICY)
        admit(&storage.policy);
    if (how & 1)
        make_fit(m, &event);
    if ((how & 0xf0) == 0xf0)
        m->firewall_fails = true;
    mirror_step(m, m->now_usec, &event);
    must_hold(m, &event);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct byte_stream stream = { bytes, n_bytes };
    uint64_t how = byte_stream_number(&stream, 1);
    struct event start = { .type = EVENT_START, .enabled = how & 1 };
    struct policy policy;
    struct mirror m;

    fixture_policy(&policy);
    if (how & 2)
        any_policy(&stream, &policy);
    admit(&policy);
    if (!mirror_init(&m, &policy, byte_stream_number(&stream, 2)))
        return 0;
    m.now_usec = SEC(100);
    mirror_step(&m, m.now_usec,
        &(struct event){ .type = EVENT_CREDENTIALS, .credentials = { .not_after_sec = INT64_MAX } });
    mirror_step(&m, m.now_usec, &start);
    must_hold(&m, &start);
    for (unsigned i = 0; i < EVENTS_MAX && stream.n_bytes; i++) {
        pass_time(&stream, &m);
        one_event(&stream, &m);
    }
    mirror_done(&m);
    return 0;
}
