/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The day as a list of what changes when; between, an application sends something now and then. The figures are wake-ups and packets of ours.
 */
#include "sim/day.h"

#include "base/macro.h"
#include "sim/simulation.h"
#include "support/core-fixture.h"

#include <stdlib.h>
#include <time.h>

struct hour {
    double from, until; /* hours */
    const char *what;
    bool wifi, cellular;
    usec_t sends_every_usec;     /* the user's applications; 0: nothing */
    usec_t cell_lost_every_usec; /* tunnels of the railway; 0: never */
};

static const struct hour hours[] = {
    { 0.0, 7.0, "night at home", true, true, MINUTES(15), 0 },
    { 7.0, 8.0, "breakfast", true, true, SEC(40), 0 },
    { 8.0, 8.8, "commute", false, true, SEC(25), MINUTES(4) },
    { 8.8, 12.5, "office", true, true, MINUTES(2), 0 },
    { 12.5, 13.2, "lunch", false, true, SEC(60), 0 },
    { 13.2, 17.5, "office", true, true, MINUTES(2), 0 },
    { 17.5, 18.3, "commute", false, true, SEC(25), MINUTES(4) },
    { 18.3, 23.0, "evening", true, true, SEC(30), 0 },
    { 23.0, 24.0, "night at home", true, true, MINUTES(15), 0 },
};

struct ledger {
    usec_t connected_usec, blocked_usec, last_usec;
    uint64_t n_bursts;
};

static bool show_links(struct simulation *s, bool wifi, bool cellular)
{
    struct link_set links = { 0 };

    if (wifi)
        links.links[links.n_links++] = wlan0();
    if (cellular)
        links.links[links.n_links++] = wwan0();
    return simulation_step(s, &(struct event){ .type = EVENT_LINKS, .links = &links });
}

/* Everything answers within a round trip. */
static bool answer_all(struct simulation *s)
{
    struct mirror *m = &s->mirror;
    bool holds = true;

    for (int i = 0; i < 8 && holds; i++) {
        m->now_usec += MSEC(40);
        if (m->n_requests && m->requests[0].n_servers == 0)
            holds =
                simulation_step(s, &(struct event){ .type = EVENT_RESOLVERS,
                                       .resolvers = { m->requests[0].id, 1, { addr_of("198.51.100.53") } } });
        else if (m->n_requests)
            holds = simulation_step(s, &(struct event){ .type = EVENT_RESOLVED,
                                           .resolved = { m->requests[0].id, 1, { addr_of(GATEWAY) } } });
        else if (m->attempting)
            holds = simulation_step(s, &(struct event){ .type = EVENT_IKE_ESTABLISHED,
                                           .tunnel = { .attempt = m->attempt.attempt,
                                               .n_addrs = 1,
                                               .addrs = { addr_of("10.99.1.1") },
                                               .local = m->attempt.local,
                                               .remote = m->attempt.remote,
                                               .nat = true,
                                               .mobike = true } });
        else if (m->migrating)
            holds = simulation_step(
                s, &(struct event){ .type = EVENT_IKE_MOVED,
                       .path = { m->migrate.local, m->migrate.remote, .nat = true, .moved = true } });
        else
            break;
    }
    return holds;
}

static void account(struct ledger *l, const struct mirror *m)
{
    if (m->status.state == STATE_CONNECTED)
        l->connected_usec += m->now_usec - l->last_usec;
    else if (m->status.internet_blocked)
        l->blocked_usec += m->now_usec - l->last_usec;
    l->last_usec = m->now_usec;
}

static bool pass(struct simulation *s, struct ledger *l, usec_t until_usec)
{
    while (s->mirror.now_usec < until_usec) {
        usec_t next_usec = MIN_OF(simulation_next(s), until_usec);
        if (!simulation_advance(s, next_usec, 1))
            return false;
        account(l, &s->mirror);
        if (!answer_all(s))
            return false;
        account(l, &s->mirror);
        if (next_usec == until_usec)
            break;
    }
    return true;
}

/* A burst of an application: packets both ways for a moment. */
static bool burst(struct simulation *s, struct ledger *l)
{
    l->n_bursts++;
    simulation_set_flow(s, FLOW_BOTH);
    if (!pass(s, l, s->mirror.now_usec + MSEC(300)))
        return false;
    simulation_set_flow(s, FLOW_NONE);
    return true;
}

static bool live_hour(
    struct simulation *s, struct ledger *l, const struct hour *h, usec_t start_usec, struct prng *prng)
{
    usec_t until_usec = start_usec + (usec_t)(h->until * 3600e6);
    usec_t burst_usec = h->sends_every_usec, gap_usec = h->cell_lost_every_usec;
    usec_t next_burst_usec = s->mirror.now_usec + burst_usec,
           next_gap_usec = gap_usec ? s->mirror.now_usec + gap_usec : USEC_INFINITY;

    if (!show_links(s, h->wifi, h->cellular) || !answer_all(s))
        return false;
    while (s->mirror.now_usec < until_usec) {
        usec_t next_usec = MIN_OF(until_usec, MIN_OF(next_burst_usec, next_gap_usec));
        if (!pass(s, l, next_usec))
            return false;
        if (next_usec == next_burst_usec) {
            next_burst_usec = s->mirror.now_usec + prng_between(prng, burst_usec / 2, burst_usec * 3 / 2);
            if (!burst(s, l))
                return false;
        } else if (next_usec == next_gap_usec) {
            next_gap_usec = s->mirror.now_usec + prng_between(prng, gap_usec / 2, gap_usec * 3 / 2);
            if (!show_links(s, false, false) ||
                !pass(s, l, s->mirror.now_usec + prng_between(prng, MSEC(300), SEC(40))) ||
                !show_links(s, h->wifi, h->cellular) || !answer_all(s))
                return false;
        }
    }
    return true;
}

static bool live(struct simulation *s, struct ledger *l, struct prng *prng)
{
    usec_t start_usec = SEC(100);

    s->mirror.now_usec = l->last_usec = start_usec;
    if (!simulation_step(
            s, &(struct event){ .type = EVENT_CLOCK, .clock = { (int64_t)SEC(1800000000), 0 } }) ||
        !simulation_step(s,
            &(struct event){ .type = EVENT_CREDENTIALS, .credentials = { .not_after_sec = 1900000000 } }) ||
        !show_links(s, true, true) ||
        !simulation_step(s, &(struct event){ .type = EVENT_START, .enabled = true }) || !answer_all(s))
        return false;
    for (size_t i = 0; i < ELEMENTSOF(hours); i++)
        if (!live_hour(s, l, &hours[i], start_usec, prng))
            return false;
    return true;
}

static void print_day(const struct simulation *s, const struct ledger *l, usec_t interval_usec)
{
    const struct mirror *m = &s->mirror;
    double total = usec_to_seconds(m->now_usec - SEC(100));

    printf("%4u s  %6" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 "  %5" PRIu64 " %5" PRIu64
           "  %7.3f %%\n",
        (unsigned)(interval_usec / SEC(1)), s->n_timers + s->n_traffic, s->n_timers,
        m->n_done[ACTION_KEEPALIVE], m->status.n_keepalives_suppressed, m->n_done[ACTION_IKE_INITIATE],
        m->n_done[ACTION_IKE_MIGRATE], 100 * usec_to_seconds(l->connected_usec) / total);
}

/* What a day may cost: each timer wake-up is a keepalive, a re-arming after traffic, or one of an attempt, a grace or a move. */
static bool within_budget(const struct simulation *s, const struct ledger *l, usec_t interval_usec)
{
    const struct mirror *m = &s->mirror;
    uint64_t n_keepalives = m->n_done[ACTION_KEEPALIVE], n_suppressed = m->status.n_keepalives_suppressed;
    uint64_t n_others = s->n_timers - n_keepalives - n_suppressed;

    if (n_keepalives > HOURS(24) / (interval_usec / 100 * 95) || n_suppressed > l->n_bursts + n_keepalives) {
        printf("more keepalives than a day has intervals, or more re-armings than bursts\n");
        return false;
    }
    if (n_others > 8 * (m->n_done[ACTION_IKE_INITIATE] + m->n_done[ACTION_IKE_MIGRATE]) + 50) {
        printf("%u wake-ups are nobody's\n", (unsigned)n_others);
        return false;
    }
    if (l->connected_usec < HOURS(23)) {
        printf("connected for only %.1f h\n", usec_to_seconds(l->connected_usec) / 3600);
        return false;
    }
    return true;
}

static int one_day(usec_t interval_usec)
{
    struct simulation *s = calloc(1, sizeof(*s));
    struct ledger ledger = { 0 };
    struct prng prng = { 1 };
    struct policy policy;
    int r = 1;

    fixture_policy(&policy);
    policy.keepalive_usec = interval_usec;
    if (s && simulation_init(s, &policy, 1, NULL)) {
        if (live(s, &ledger, &prng)) {
            print_day(s, &ledger, interval_usec);
            r = !within_budget(s, &ledger, interval_usec);
        } else {
            simulation_print_end(s, stdout);
        }
        simulation_done(s);
    }
    free(s);
    return r;
}

int day(void)
{
    static const usec_t intervals[] = { SEC(20), SEC(45), SEC(114), MINUTES(10) };
    clock_t started = clock();
    int r = 0;

    printf("keep-   wake-   of them    keep-    re-     new    MOBIKE  connected\nalive    ups     timers   "
           "alives   armed    SAs    moves\n");
    for (size_t i = 0; i < ELEMENTSOF(intervals); i++)
        r |= one_day(intervals[i]);
    printf("%zu days in %.2f s\n", ELEMENTSOF(intervals), (double)(clock() - started) / CLOCKS_PER_SEC);
    return r;
}
