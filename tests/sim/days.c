/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Figures are of one day: means over the days of a kind, and the worst of them. The bounds are generous enough for any seed.
 */
#include "sim/days.h"

#include "base/macro.h"
#include "sim/days_people.h"
#include "support/core-fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PROBE_SERVER "198.51.100.34"

enum mode { MODE_DETECT, MODE_FIXED };
#define N_MODES (MODE_FIXED + 1)

enum figure {
    FIGURE_WAKEUPS,
    FIGURE_SENT,
    FIGURE_RECEIVED,
    FIGURE_KEEPALIVES,
    FIGURE_PROBES,
    FIGURE_RADIO,
    FIGURE_UNREACHABLE,
    FIGURE_FORGOTTEN,
    FIGURE_RESTARTED,
    FIGURE_BLOCKED,
    FIGURE_ARMED,
    FIGURE_ATTEMPTS,
    FIGURE_DEMANDS,
    FIGURE_PUSHED,
    FIGURE_LOST,
};
#define N_FIGURES (FIGURE_LOST + 1)

static const char *const figure_names[N_FIGURES] = { "wake-ups", "packets sent", "packets received", "of them keepalives", "STUN requests",
    "radio on for us, s", "unreachable, s", ".. mapping gone, s", ".. gateway restarted, s", "blocked, s", "armed, s", "attempts",
    "on-demand connects", "pushes", ".. lost" };

struct sum {
    uint32_t n_days;
    double total[N_FIGURES], worst[N_FIGURES];
};

struct table {
    struct sum sums[N_PERSONAS][N_MODES];
};

static void add_day(struct sum *sum, const struct ledger *l)
{
    const double figures[N_FIGURES] = {
        [FIGURE_WAKEUPS] = (double)l->n_wakeups,
        [FIGURE_SENT] = (double)l->n_sent,
        [FIGURE_RECEIVED] = (double)l->n_received,
        [FIGURE_KEEPALIVES] = (double)l->n_keepalives,
        [FIGURE_PROBES] = (double)l->n_probes,
        [FIGURE_RADIO] = usec_to_seconds(l->radio_usec - l->radio_without_usec),
        [FIGURE_UNREACHABLE] = usec_to_seconds(l->unreachable_usec),
        [FIGURE_FORGOTTEN] = usec_to_seconds(l->forgotten_usec),
        [FIGURE_RESTARTED] = usec_to_seconds(l->restarted_usec),
        [FIGURE_BLOCKED] = usec_to_seconds(l->blocked_usec),
        [FIGURE_ARMED] = usec_to_seconds(l->armed_usec),
        [FIGURE_ATTEMPTS] = (double)l->n_attempts,
        [FIGURE_DEMANDS] = (double)l->n_demands,
        [FIGURE_PUSHED] = (double)l->n_pushed,
        [FIGURE_LOST] = (double)(l->n_pushed - l->n_arrived),
    };

    sum->n_days++;
    for (enum figure i = 0; i < N_FIGURES; i++) {
        sum->total[i] += figures[i];
        sum->worst[i] = MAX_OF(sum->worst[i], figures[i]);
    }
}

static void make_policy(struct policy *policy, const struct life *life, enum mode mode)
{
    fixture_policy(policy);
    policy->roaming_keepalive = life->roaming_keepalive;
    policy->keepalive_mode = mode == MODE_DETECT ? KEEPALIVE_MODE_DETECT : KEEPALIVE_MODE_FIXED;
    strcpy(policy->probe_server.name, PROBE_SERVER);
    policy->probe_server.literal = addr_of(PROBE_SERVER);
}

static bool live(struct handset *h, const struct life *life, enum mode mode, uint64_t seed)
{
    struct policy policy;
    bool holds;

    make_policy(&policy, life, mode);
    handset_init(h, &policy, seed);
    h->mobike = life->mobike;
    for (enum place place = 0; place < N_PLACES; place++)
        handset_set_place(h, place, &life->places[place].nat, life->places[place].known, life->places[place].wakes);
    holds = handset_live(h, life->changes, life->n_changes, LIFE_END_USEC);
    if (!holds) {
        printf("%s, seed %" PRIu64 ", %s:\n", persona_name(life->persona), seed, mode == MODE_DETECT ? "detect" : "20 s");
        simulation_print_end(&h->sim, stdout);
    }
    handset_done(h);
    return holds;
}

static double mean(const struct sum *sum, enum figure i)
{
    return sum->n_days ? sum->total[i] / sum->n_days : 0;
}

static void print_persona(const struct table *table, enum persona persona)
{
    const struct sum *detect = &table->sums[persona][MODE_DETECT], *fixed = &table->sums[persona][MODE_FIXED];

    printf("\n%-24s %10s %10s %12s %10s %8s\n", persona_name(persona), "detect", "worst", "20 s", "worst", "ratio");
    for (enum figure i = 0; i < N_FIGURES; i++) {
        printf("  %-22s %10.1f %10.1f %12.1f %10.1f", figure_names[i], mean(detect, i), detect->worst[i], mean(fixed, i), fixed->worst[i]);
        if (fixed->total[i] > 0)
            printf(" %8.2f", detect->total[i] / fixed->total[i]);
        putchar('\n');
    }
}

/* ---- is it what it is meant to be? ---- */

#define DAYS_MIN               20 /* of one kind: fewer say nothing about means */
#define STUN_REQUESTS_MAX      3000 /* a day: a measurement is some 300 at the worst, and there are not ten networks in a day */
#define OTHERWISE_UNREACHABLE  2700 /* seconds a day without a tunnel, or through a path that nobody knew to be dead */
#define FORGOTTEN_MAX          0.5 /* times what it is with a keepalive every 20 s */
#define FORGOTTEN_SECONDS      30 /* a day: the few that are lost with either are no matter of ratios */
#define FORGOTTEN_WITHOUT_LOSS 900 /* seconds a day in which a mapping is gone though no packet was lost but in gaps of the coverage */

/* Detecting divided by a keepalive every 20 s. */
struct bounds {
    double keepalives, radio, sent;
};

static const struct bounds bounds[N_PERSONAS] = {
    [PERSONA_COMMUTER] = { 0.45, 0.45, 0.6 },
    [PERSONA_HOTEL] = { 0.65, 0.65, 0.75 },
    [PERSONA_ABROAD] = { 1.0, 1.0, 1.15 }, /* two idle minutes after each use: there is little to be saved */
    [PERSONA_FLAT_BATTERY] = { 0.5, 0.5, 0.7 },
    [PERSONA_HILLS] = { 0.5, 0.5, 0.65 },
};

static bool is_lossless(const struct life *life)
{
    for (enum place place = 0; place < N_PLACES; place++)
        if (life->places[place].nat.loss_percent > 0)
            return false;
    return true;
}

static bool check_day(const struct life *life, enum mode mode, uint64_t seed, const struct ledger *l)
{
    double otherwise = usec_to_seconds(l->unreachable_usec - l->forgotten_usec - l->restarted_usec);
    bool detects = mode == MODE_DETECT;

    if (otherwise <= OTHERWISE_UNREACHABLE && (!detects || l->n_probes <= STUN_REQUESTS_MAX) &&
        (!is_lossless(life) || usec_to_seconds(l->forgotten_usec) <= FORGOTTEN_WITHOUT_LOSS))
        return true;
    printf("%s, seed %" PRIu64 ", %s: %u STUN requests, unreachable for %.0f s for want of a mapping and %.0f s otherwise\n",
        persona_name(life->persona), seed, detects ? "detect" : "20 s", (unsigned)l->n_probes, usec_to_seconds(l->forgotten_usec), otherwise);
    return false;
}

static bool is_below(const struct table *table, enum persona persona, enum figure i, double bound)
{
    const struct sum *sums = table->sums[persona];

    if (sums[MODE_DETECT].n_days < DAYS_MIN || sums[MODE_DETECT].total[i] <= bound * sums[MODE_FIXED].total[i])
        return true;
    printf("%s: %s, %.2f times as many as with 20 s; at most %.2f are wanted\n", persona_name(persona), figure_names[i],
        sums[MODE_DETECT].total[i] / sums[MODE_FIXED].total[i], bound);
    return false;
}

static bool check_persona(const struct table *table, enum persona persona)
{
    const struct bounds *b = &bounds[persona];
    bool good = is_below(table, persona, FIGURE_KEEPALIVES, b->keepalives);

    if (mean(&table->sums[persona][MODE_DETECT], FIGURE_FORGOTTEN) > FORGOTTEN_SECONDS)
        good &= is_below(table, persona, FIGURE_FORGOTTEN, FORGOTTEN_MAX);
    good &= is_below(table, persona, FIGURE_RADIO, b->radio);
    return is_below(table, persona, FIGURE_SENT, b->sent) && good;
}

static bool one_day(struct table *table, struct handset *h, struct life *life, enum persona persona, uint64_t seed)
{
    bool good = true;

    life_make(life, persona, seed);
    for (enum mode mode = 0; mode < N_MODES && good; mode++) {
        good = live(h, life, mode, seed) && check_day(life, mode, seed, &h->ledger);
        add_day(&table->sums[persona][mode], &h->ledger);
    }
    return good;
}

int days(uint32_t n_days, uint64_t seed)
{
    static struct table table;
    struct handset *h = malloc(sizeof(*h));
    struct life *life = malloc(sizeof(*life));
    clock_t started = clock();
    uint32_t n_bad = 0;

    for (uint32_t i = 0; i < n_days && h && life; i++)
        n_bad += !one_day(&table, h, life, i % N_PERSONAS, seed + i);
    for (enum persona persona = 0; persona < N_PERSONAS; persona++) {
        print_persona(&table, persona);
        n_bad += !check_persona(&table, persona);
    }
    printf("\n%u days, each of them twice, in %.1f s; %u bad\n", n_days, (double)(clock() - started) / CLOCKS_PER_SEC, n_bad);
    if (!h || !life)
        n_bad = 1;
    free(h);
    free(life);
    return n_bad > 0;
}
