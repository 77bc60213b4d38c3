/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine of src/core/natprobe.c alone, before the model of nat.c, with keepalives beside it.
 */
#include "sim/detect.h"

#include "base/macro.h"
#include "core/natprobe.h"
#include "sim/nat.h"
#include "support/core-fixture.h"

#include <stdio.h>
#include <string.h>

#define KEEPALIVE_USEC SEC(20)
#define RADIO_USEC     MSEC(11600) /* it stays on so long after a packet */
#define FLOOR_USEC     SEC(6)
#define TOP_USEC       SEC(632)

struct variant {
    const char *name;
    struct nat_model model;
    bool half_young; /* young timer: half of the lifetime; else as long */
    bool double_young;
    enum { EXPECT_LIFETIME, EXPECT_NONE, EXPECT_UNSUPPORTED, EXPECT_FILTERED } expect;
    bool changes;
    bool slow; /* few ports, or every mapping another lifetime: in time is too much to ask */
    bool rough; /* ... and so is the exact value: only that it is safe */
    unsigned late_percent; /* of the runs that may take longer */
};

#define DELAYS .delay_min_usec = MSEC(10), .delay_max_usec = MSEC(40)
static const struct variant variants[] = {
    { .name = "port-preserving", .model = { .kind = NAT_KIND_PRESERVING, .inbound_refreshes = true, DELAYS } },
    { .name = "random ports", .model = { .kind = NAT_KIND_RANDOM, .inbound_refreshes = true, DELAYS } },
    { .name = "young is shorter", .model = { .kind = NAT_KIND_PRESERVING, .inbound_refreshes = true, DELAYS }, .half_young = true },
    { .name = "young is longer", .model = { .kind = NAT_KIND_RANDOM, .inbound_refreshes = true, DELAYS }, .double_young = true },
    { .name = "filters by port", .model = { .kind = NAT_KIND_RANDOM, .filters_ports = true, DELAYS }, .half_young = true },
    { .name = "outbound refreshes only", .model = { .kind = NAT_KIND_PRESERVING, DELAYS }, .half_young = true },
    { .name = "loss 2 %", .model = { .kind = NAT_KIND_PRESERVING, .loss_percent = 2, .inbound_refreshes = true, DELAYS } },
    { .name = "loss 5 %", .model = { .kind = NAT_KIND_RANDOM, .loss_percent = 5, DELAYS }, .half_young = true },
    { .name = "loss 10 %", .model = { .kind = NAT_KIND_RANDOM, .loss_percent = 10, DELAYS }, .half_young = true },
    { .name = "loss 20 %", .model = { .kind = NAT_KIND_PRESERVING, .loss_percent = 20, DELAYS }, .double_young = true, .late_percent = 5 },
    { .name = "long way", .model = { .kind = NAT_KIND_RANDOM, .delay_min_usec = MSEC(200), .delay_max_usec = MSEC(350) } },
    { .name = "stateful firewall", .model = { .kind = NAT_KIND_FIREWALL, .inbound_refreshes = true, DELAYS } },
    { .name = "sweeping", .model = { .kind = NAT_KIND_RANDOM, .jitter_usec = SEC(3), DELAYS }, .slow = true, .rough = true },
    { .name = "lifetime changes", .model = { .kind = NAT_KIND_RANDOM, DELAYS }, .slow = true, .rough = true, .changes = true },
    { .name = "8 ports", .model = { .kind = NAT_KIND_RANDOM, .quota = 8, DELAYS }, .slow = true },
    { .name = "4 ports", .model = { .kind = NAT_KIND_RANDOM, .quota = 4, DELAYS }, .slow = true },
    { .name = "16 ports, evicting", .model = { .kind = NAT_KIND_RANDOM, .quota = 16, .evicts = true, DELAYS }, .slow = true, .rough = true },
    { .name = "no NAT", .model = { .kind = NAT_KIND_NONE, DELAYS }, .expect = EXPECT_NONE },
    { .name = "no RESPONSE-PORT", .model = { .kind = NAT_KIND_RANDOM, .server_ignores_port = true, DELAYS }, .expect = EXPECT_UNSUPPORTED },
    { .name = "nothing comes back", .model = { .kind = NAT_KIND_RANDOM, .server_filters = true, DELAYS }, .expect = EXPECT_FILTERED },
};

static const uint32_t lifetimes_sec[] = { 13, 21, 30, 45, 60, 95, 120, 180, 300 };

struct outcome {
    enum natprobe_word word; /* the last */
    usec_t first_usec, lifetime_usec; /* measured first, and last */
    usec_t first_at_usec, last_at_usec;
    usec_t over_usec; /* for how long something above the truth was believed */
    uint32_t n_packets, n_wakes, n_rungs, n_sockets;
};

struct run {
    struct nat nat;
    struct natprobe probe;
    usec_t now_usec, keepalive_at_usec, radio_until_usec;
    struct outcome outcome;
    uint64_t open;
};

static void wake_radio(struct run *run)
{
    if (run->now_usec > run->radio_until_usec)
        run->outcome.n_wakes++;
    run->radio_until_usec = run->now_usec + RADIO_USEC;
}

static void hear(struct run *run, const struct natprobe_wish *wish)
{
    struct outcome *outcome = &run->outcome;

    outcome->word = wish->word;
    if (wish->word == NATPROBE_WORD_BELOW)
        outcome->lifetime_usec = 0;
    if (wish->word != NATPROBE_WORD_MEASURED)
        return;
    if (outcome->first_at_usec == 0) {
        outcome->first_at_usec = run->now_usec;
        outcome->first_usec = wish->lifetime_usec;
    }
    outcome->lifetime_usec = wish->lifetime_usec;
    outcome->last_at_usec = run->now_usec;
}

static void do_wishes(struct run *run)
{
    struct natprobe_wish wish;

    while (natprobe_next(&run->probe, run->now_usec, &wish)) {
        switch (wish.type) {
        case NATPROBE_WISH_SAY:
            hear(run, &wish);
            break;
        case NATPROBE_WISH_CLOSE:
            run->open &= wish.slot == PROBE_SLOT_ALL ? 0 : ~(UINT64_C(1) << wish.slot);
            break;
        case NATPROBE_WISH_SEND:
            if (!(run->open & UINT64_C(1) << wish.slot))
                run->outcome.n_sockets++;
            run->open |= UINT64_C(1) << wish.slot;
            run->outcome.n_packets++;
            wake_radio(run);
            nat_send(&run->nat, run->now_usec, wish.slot, wish.tag, wish.response_port, true);
            break;
        }
    }
}

static void turn(struct run *run, usec_t end_usec)
{
    usec_t slack_usec, at_usec = MIN_OF(natprobe_deadline(&run->probe, &slack_usec), run->keepalive_at_usec);
    struct nat_packet packet;

    at_usec = MIN_OF(at_usec, end_usec);
    if (nat_next(&run->nat) <= at_usec) {
        run->now_usec = MAX_OF(run->now_usec, nat_next(&run->nat));
        if (nat_turn(&run->nat, &packet) && packet.stun) {
            struct probe_answer answer = nat_answer(&packet, &run->nat.model);
            if (run->open & UINT64_C(1) << packet.inside)
                natprobe_on_answer(&run->probe, run->now_usec, &answer);
        }
    } else {
        run->now_usec = MAX_OF(run->now_usec, at_usec);
        if (run->now_usec >= run->keepalive_at_usec) {
            run->keepalive_at_usec = run->now_usec + KEEPALIVE_USEC;
            wake_radio(run);
            natprobe_on_time(&run->probe, run->now_usec, true);
        } else {
            natprobe_on_time(&run->probe, run->now_usec, false);
        }
    }
    do_wishes(run);
}

static struct outcome run_once(const struct nat_model *model, uint64_t seed, bool to_the_end)
{
    static struct run run;
    struct natprobe_settings settings = { .floor_usec = FLOOR_USEC, .top_usec = TOP_USEC, .local = addr_of("192.0.2.10") };
    usec_t start_usec = SEC(100), last_usec;

    memset(&run, 0, sizeof(run));
    nat_init(&run.nat, model, seed);
    run.now_usec = start_usec;
    run.keepalive_at_usec = start_usec + KEEPALIVE_USEC;
    natprobe_start(&run.probe, run.now_usec, &settings);
    do_wishes(&run);
    while (natprobe_is_running(&run.probe) && (to_the_end || run.outcome.first_at_usec == 0) && run.now_usec < SEC(20000)) {
        last_usec = run.now_usec;
        turn(&run, SEC(20000));
        if (run.outcome.lifetime_usec > nat_truth(&run.nat, run.now_usec))
            run.outcome.over_usec += run.now_usec - last_usec;
    }
    run.outcome.first_at_usec -= run.outcome.first_at_usec ? start_usec : 0;
    run.outcome.last_at_usec -= run.outcome.last_at_usec ? start_usec : 0;
    run.outcome.n_rungs = run.outcome.n_sockets;
    run.outcome.n_wakes -= MIN_OF(run.outcome.n_wakes, (uint32_t)((run.now_usec - start_usec) / KEEPALIVE_USEC));
    return run.outcome;
}

struct tally {
    uint32_t n, n_above, n_far, n_late, n_wakes, n_running;
    usec_t error_usec, slowest_usec, over_usec; /* the largest */
    uint32_t packets, sockets, extra_wakes; /* likewise */
};

static bool on_cliff(uint32_t sec)
{
    return sec == 30 || sec == 45 || sec == 60 || sec == 90 || sec == 120 || sec == 180 || sec == 300;
}

static void judge(struct tally *tally, const struct nat_model *model, uint32_t sec, const struct outcome *o)
{
    usec_t far_usec = model->delay_max_usec > MSEC(100) ? 4 * model->delay_max_usec : 0;
    usec_t truth_usec = SEC(sec), tolerated_usec = MAX_OF(SEC(2), truth_usec / 20) + far_usec / 2;
    usec_t limit_usec = (on_cliff(sec) ? truth_usec * 12 / 10 : truth_usec * 2) + far_usec;
    usec_t error_usec = usec_sub(truth_usec, o->lifetime_usec);
    /* Where every mapping has another lifetime, the interval that follows counts: it has room for that. */
    usec_t safe_usec = model->jitter_usec ? MIN_OF(o->lifetime_usec / 100 * 95, usec_sub(o->lifetime_usec, SEC(3))) : o->lifetime_usec;

    tally->n++;
    tally->packets = MAX_OF(tally->packets, o->n_packets);
    tally->sockets = MAX_OF(tally->sockets, o->n_sockets);
    tally->extra_wakes = MAX_OF(tally->extra_wakes, o->n_wakes);
    tally->over_usec = MAX_OF(tally->over_usec, o->over_usec);
    tally->n_running += o->word != NATPROBE_WORD_CONFIRMED && o->lifetime_usec != 0;
    tally->n_above += safe_usec > truth_usec;
    tally->n_far += error_usec > tolerated_usec;
    tally->error_usec = MAX_OF(tally->error_usec, error_usec);
    tally->n_late += o->first_at_usec == 0 || o->first_at_usec > limit_usec;
    tally->slowest_usec = MAX_OF(tally->slowest_usec, o->first_at_usec);
    tally->n_wakes += o->n_wakes > o->n_rungs;
}

static struct nat_model model_of(const struct variant *variant, uint32_t sec, struct prng *prng)
{
    struct nat_model model = variant->model;

    model.stream_usec = SEC(sec);
    model.young_usec = SEC(sec) / (variant->half_young ? 2 : 1) * (variant->double_young ? 2 : 1);
    if (variant->changes) {
        model.stream_usec = model.young_usec = SEC(prng_between(prng, 10, 400));
        model.change_at_usec = SEC(100) + prng_between(prng, 0, model.stream_usec);
        model.changed_usec = SEC(sec);
    }
    return model;
}

static int run_row(const struct variant *variant, uint32_t sec, uint32_t n_runs)
{
    struct tally tally = { 0 };
    struct prng prng = { .state = sec };
    bool bad;

    for (uint32_t i = 0; i < n_runs; i++) {
        struct nat_model model = model_of(variant, sec, &prng);
        struct outcome outcome = run_once(&model, prng_next(&prng), true);
        judge(&tally, &model, sec, &outcome);
    }
    bad = tally.n_above || (!variant->rough && tally.n_far) || tally.n_wakes || tally.n_running ||
          (!variant->slow && tally.n_late * 100 > n_runs * variant->late_percent);
    printf("%-24s %4u s %5u %6u %5u %5u %7.2f %8.1f %5.2f %7.1f %8u %8u %6u %6u %s\n", variant->name, sec, tally.n, tally.n_above, tally.n_far,
        tally.n_late, usec_to_seconds(tally.error_usec), usec_to_seconds(tally.slowest_usec),
        usec_to_seconds(tally.slowest_usec) / sec, usec_to_seconds(tally.over_usec), tally.packets, tally.sockets, tally.extra_wakes,
        tally.n_running, bad ? "BAD" : "");
    return bad;
}

static int run_word(const struct variant *variant, uint32_t n_runs)
{
    static const enum natprobe_word words[] = { [EXPECT_NONE] = NATPROBE_WORD_MEASURED,
        [EXPECT_UNSUPPORTED] = NATPROBE_WORD_UNSUPPORTED,
        [EXPECT_FILTERED] = NATPROBE_WORD_FILTERED };
    uint32_t n_wrong = 0, packets = 0;
    usec_t slowest_usec = 0;

    for (uint32_t i = 0; i < n_runs; i++) {
        struct nat_model model = variant->model;
        struct outcome o;

        model.stream_usec = model.young_usec = SEC(60);
        o = run_once(&model, i, true);
        n_wrong += o.word != words[variant->expect] || (variant->expect == EXPECT_NONE && o.lifetime_usec != USEC_INFINITY);
        packets = MAX_OF(packets, o.n_packets);
        slowest_usec = MAX_OF(slowest_usec, o.last_at_usec);
    }
    printf("%-24s %6s %5u  %u wrong, %u packets at most, %.1f s\n", variant->name, "", n_runs, n_wrong, packets,
        usec_to_seconds(slowest_usec));
    return n_wrong != 0;
}

int detect(uint32_t n_runs, const char *only_variant)
{
    int r = 0;

    printf("%-24s %6s %5s %6s %5s %5s %7s %8s %5s %7s %8s %8s %6s %6s\n", "NAT", "truth", "runs", "above", "far", "late", "error s", "slowest", "x T",
        "over s", "packets", "sockets", "wakes", "open");
    for (size_t v = 0; v < ELEMENTSOF(variants); v++) {
        if (only_variant && strcmp(variants[v].name, only_variant) != 0)
            continue;
        if (variants[v].expect != EXPECT_LIFETIME) {
            r |= run_word(&variants[v], n_runs);
            continue;
        }
        for (size_t i = 0; i < ELEMENTSOF(lifetimes_sec); i++)
            r |= run_row(&variants[v], lifetimes_sec[i], n_runs);
    }
    return r;
}
