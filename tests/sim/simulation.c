/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time: the next thing that happens is the earliest of the core's deadline and the wire's own events.
 */
#include "sim/simulation.h"

#include "base/macro.h"
#include "core/pathwatch.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_TRIP_USEC       MSEC(60)
#define LIVENESS_GIVE_UP_USEC SEC(12) /* charon: retransmits at 3 and 9 s */
#define DEMAND_AFTER_USEC     MSEC(200)
#define TIMERS_PER_SECOND_MAX 40

bool simulation_init(struct simulation *s, const struct policy *policy, uint64_t seed, FILE *record)
{
    struct strbuf line;
    char *text;

    memset(s, 0, sizeof(*s));
    s->past = calloc(SIMULATION_HISTORY, sizeof(*s->past));
    if (!s->past || !mirror_init(&s->mirror, policy, seed)) {
        free(s->past);
        return false;
    }
    s->mirror.failures_are_mine = true;
    s->seed = seed;
    s->first_policy = *policy;
    s->prng.state = ~seed;
    s->record = record;
    s->wire.liveness_answer_at_usec = s->wire.liveness_lost_at_usec = USEC_INFINITY;
    text = malloc(RECORD_LINE_MAX_BYTES);
    if (record && text) {
        strbuf_init(&line, text, RECORD_LINE_MAX_BYTES);
        record_format_begin(seed, policy, &line);
        fprintf(record, "%s\n", text);
    }
    free(text);
    return true;
}

void simulation_done(struct simulation *s)
{
    mirror_done(&s->mirror);
    free(s->past);
}

static void print_event(FILE *out, usec_t at_usec, const struct event *event)
{
    char *text = malloc(RECORD_LINE_MAX_BYTES);
    struct strbuf line;

    if (!text)
        return;
    strbuf_init(&line, text, RECORD_LINE_MAX_BYTES);
    record_format_event(at_usec, event, &line);
    fprintf(out, "%s\n", text);
    free(text);
}

static void print_outcome(const struct simulation *s)
{
    char text[1024];
    struct strbuf line;

    strbuf_init(&line, text, sizeof(text));
    record_format_outcome(s->mirror.status.state, s->mirror.status.reason, &s->mirror.actions, &line);
    fprintf(s->record, "%s\n", text);
}

static void remember(struct simulation *s, const struct event *event)
{
    struct past_event *past = &s->past[s->n_past++ % SIMULATION_HISTORY];

    past->at_usec = s->mirror.now_usec;
    past->event = *event;
    if (event->type == EVENT_POLICY) {
        past->storage.policy = *event->policy;
        past->event.policy = &past->storage.policy;
    } else if (event->type == EVENT_LINKS) {
        past->storage.links = *event->links;
        past->event.links = &past->storage.links;
    }
}

/* What the actions of the last step do to the wire. */
static void touch_wire(struct simulation *s)
{
    struct wire *wire = &s->wire;
    usec_t now_usec = s->mirror.now_usec;

    if (!s->mirror.has_tunnel) {
        wire->liveness_answer_at_usec = wire->liveness_lost_at_usec = USEC_INFINITY;
        wire->unanswered_since_usec = 0;
        return;
    }
    if (mirror_action(&s->mirror, ACTION_IKE_LIVENESS)) {
        wire->liveness_answer_at_usec = usec_add(now_usec, ROUND_TRIP_USEC);
        if (wire->liveness_lost_at_usec == USEC_INFINITY)
            wire->liveness_lost_at_usec = usec_add(now_usec, LIVENESS_GIVE_UP_USEC);
    }
}

/* The traffic as the data path would read it at this moment. */
static void look_at_wire(struct simulation *s)
{
    struct wire *wire = &s->wire;
    struct traffic *traffic = &s->mirror.traffic;
    usec_t now_usec = s->mirror.now_usec;

    if (!s->mirror.has_tunnel)
        return;
    if (wire->flow != FLOW_NONE)
        traffic->last_out_at_usec = traffic->last_inner_at_usec = now_usec;
    if (wire->flow == FLOW_BOTH && !wire->dead) {
        traffic->last_in_at_usec = now_usec;
        wire->unanswered_since_usec = 0;
    } else if (wire->flow != FLOW_NONE && wire->unanswered_since_usec == 0) {
        wire->unanswered_since_usec = MAX_OF(now_usec, (usec_t)1); /* 0 is "none" */
    }
    traffic->unanswered_at_usec = wire->unanswered_since_usec;
}

static bool step(struct simulation *s, const struct event *event)
{
    bool holds;

    remember(s, event);
    if (s->record)
        print_event(s->record, s->mirror.now_usec, event);
    holds = mirror_step(&s->mirror, s->mirror.now_usec, event);
    if (s->record)
        print_outcome(s);
    touch_wire(s);
    if (holds && s->mirror.failure_due)
        return step(s, &(struct event){ .type = s->mirror.failure });
    return holds;
}

bool simulation_step(struct simulation *s, const struct event *event)
{
    look_at_wire(s);
    return step(s, event);
}

static usec_t notice_at(const struct simulation *s)
{
    if (!s->mirror.has_tunnel || !s->mirror.watching || s->wire.unanswered_since_usec == 0)
        return USEC_INFINITY;
    return MAX_OF(usec_add(s->wire.unanswered_since_usec, PATHWATCH_NOTICE_USEC), s->mirror.now_usec);
}

static usec_t liveness_at(const struct simulation *s)
{
    return s->wire.dead ? s->wire.liveness_lost_at_usec : s->wire.liveness_answer_at_usec;
}

/* Who sends sends again: the next packet comes a moment after somebody looks out for it. */
static usec_t demand_at(const struct simulation *s)
{
    if (s->mirror.status.state != STATE_ARMED || !s->mirror.demand_watched || s->wire.flow == FLOW_NONE)
        return USEC_INFINITY;
    return usec_add(s->mirror.status.since_at_usec, DEMAND_AFTER_USEC);
}

usec_t simulation_next(const struct simulation *s)
{
    usec_t timer_usec = MAX_OF(s->mirror.deadline.at_usec, s->mirror.now_usec);

    return MIN_OF(MIN_OF(timer_usec, MAX_OF(demand_at(s), s->mirror.now_usec)), MIN_OF(notice_at(s), liveness_at(s)));
}

static bool count_timer(struct simulation *s)
{
    usec_t second_usec = s->mirror.now_usec - s->mirror.now_usec % SEC(1);

    s->n_timers++;
    if (second_usec != s->second_at_usec) {
        s->second_at_usec = second_usec;
        s->n_timers_in_second = 0;
    }
    if (++s->n_timers_in_second <= TIMERS_PER_SECOND_MAX)
        return true;
    snprintf(s->mirror.violation, sizeof(s->mirror.violation), "more than %d timer events in one second",
        TIMERS_PER_SECOND_MAX);
    return false;
}

/* The answer to a liveness check counts as inbound; its absence closes the IKE SA. */
static bool do_liveness(struct simulation *s)
{
    struct wire *wire = &s->wire;
    struct event event = { .type = EVENT_IKE_CLOSED,
        .failure = { s->mirror.attempt.attempt, REASON_GATEWAY_SILENT } };

    wire->liveness_answer_at_usec = USEC_INFINITY;
    wire->liveness_lost_at_usec = USEC_INFINITY;
    if (wire->dead)
        return step(s, &event);
    s->mirror.traffic.last_in_at_usec = s->mirror.now_usec;
    wire->unanswered_since_usec = s->mirror.traffic.unanswered_at_usec = 0;
    look_at_wire(s);
    return true;
}

static bool do_next(struct simulation *s, usec_t at_usec)
{
    struct event event = { .type = EVENT_TIMER };

    s->mirror.now_usec = MAX_OF(s->mirror.now_usec, at_usec);
    if (liveness_at(s) <= at_usec)
        return do_liveness(s);
    if (demand_at(s) <= at_usec)
        return step(s, &(struct event){ .type = EVENT_DEMAND });
    if (notice_at(s) <= at_usec) {
        event.type = EVENT_TRAFFIC;
        s->n_traffic++;
    } else {
        usec_t slack_usec = s->mirror.deadline.slack_usec;
        s->mirror.now_usec = usec_add(at_usec, prng_between(&s->prng, 0, slack_usec));
        if (!count_timer(s))
            return false;
    }
    look_at_wire(s);
    event.traffic = s->mirror.traffic;
    return step(s, &event);
}

bool simulation_advance(struct simulation *s, usec_t until_usec, unsigned max_steps)
{
    for (unsigned n = 0; simulation_next(s) <= until_usec; n++) {
        if (max_steps && n == max_steps)
            return true;
        if (!do_next(s, simulation_next(s)))
            return false;
    }
    if (until_usec > s->mirror.now_usec)
        s->mirror.now_usec = until_usec;
    look_at_wire(s);
    return true;
}

void simulation_set_flow(struct simulation *s, enum flow flow)
{
    look_at_wire(s);
    s->wire.flow = flow;
    if (flow == FLOW_NONE && !s->wire.dead)
        s->wire.unanswered_since_usec = 0;
    look_at_wire(s);
}

void simulation_set_path(struct simulation *s, bool alive)
{
    look_at_wire(s);
    s->wire.dead = !alive;
    look_at_wire(s);
}

void simulation_print_end(const struct simulation *s, FILE *out)
{
    uint64_t n = MIN_OF(s->n_past, (uint64_t)SIMULATION_HISTORY);

    fprintf(out, "# the last %u of %" PRIu64 " events; seed %" PRIu64 "\n", (unsigned)n, s->n_past, s->seed);
    for (uint64_t i = s->n_past - n; i < s->n_past; i++)
        print_event(out, s->past[i % SIMULATION_HISTORY].at_usec, &s->past[i % SIMULATION_HISTORY].event);
    fprintf(
        out, "# state %s (%s)\n", state_name(s->mirror.status.state), reason_name(s->mirror.status.reason));
    if (s->mirror.violation[0])
        fprintf(out, "# BROKEN: %s\n", s->mirror.violation);
}
