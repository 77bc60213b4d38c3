/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any events at any time into the core: bytes are spans of time and events, valid in form, arbitrary in content and order. With one bit an event
 * carries the ids that are asked for at the moment, so that answers are believed. The invariants of support/invariants.c hold after each.
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
    else if (event->type == EVENT_IKE_FAILED || event->type == EVENT_IKE_CLOSED)
        event->failure.attempt = m->attempt.attempt;
    else if (event->type == EVENT_IKE_ESTABLISHED) {
        event->tunnel.attempt = m->attempt.attempt;
        event->tunnel.local = m->attempt.local;
        event->tunnel.remote = m->attempt.remote;
    } else if (event->type == EVENT_IKE_MOVED) {
        event->path.local = m->migrate.local;
        event->path.remote = m->migrate.remote;
    }
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
