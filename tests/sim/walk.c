/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk and its table of what was seen: a walk that never reached a state proves nothing about it.
 */
#include "sim/walk.h"

#include "sim/world.h"
#include "support/core-fixture.h"

#include <inttypes.h>
#include <stdlib.h>

struct coverage {
    uint64_t n_in_state[N_STATES];
    uint64_t n_entered[N_STATES];
    uint64_t n_events[N_EVENTS];
};

static void note(struct coverage *c, const struct simulation *s)
{
    const struct mirror *m = &s->mirror;

    c->n_in_state[m->status.state]++;
    if (m->before.state != m->status.state)
        c->n_entered[m->status.state]++;
    c->n_events[s->past[(s->n_past - 1) % SIMULATION_HISTORY].event.type]++;
}

static void print_coverage(const struct coverage *c, const struct simulation *s)
{
    for (unsigned i = 0; i < N_STATES; i++)
        printf("  %-14s %10" PRIu64 " steps, entered %8" PRIu64 " times\n", state_name((enum state)i),
            c->n_in_state[i], c->n_entered[i]);
    for (unsigned i = 0; i < N_EVENTS; i++)
        printf("  event  %-16s %10" PRIu64 "\n", event_name((enum event_type)i), c->n_events[i]);
    for (unsigned i = 0; i < N_ACTIONS; i++)
        printf("  action %-16s %10" PRIu64 "\n", action_name((enum action_type)i), s->mirror.n_done[i]);
}

/* Every state and every action must have been seen often in a long walk. */
static int judge_coverage(const struct coverage *c, const struct simulation *s, uint64_t n_steps)
{
    int r = 0;

    for (unsigned i = 0; i < N_STATES; i++) {
        if (c->n_entered[i] < n_steps / 20000) {
            printf("too little was seen of state %s\n", state_name((enum state)i));
            r = 1;
        }
    }
    for (unsigned i = 0; i < N_ACTIONS; i++) {
        if (s->mirror.n_done[i] < n_steps / 50000) {
            printf("too little was seen of action %s\n", action_name((enum action_type)i));
            r = 1;
        }
    }
    return r;
}

static void several_gateways(struct policy *policy)
{
    policy->n_gateways = 3;
    strcpy(policy->gateways[1].name, "203.0.113.9");
    policy->gateways[1].literal = addr_of("203.0.113.9");
    strcpy(policy->gateways[2].name, "second.example.com");
    policy->gateways[2].port = 4711;
    strcpy(policy->probe_server.name, "stun.example.com");
}

int walk(const struct walk_options *options, uint64_t *ret_hash)
{
    struct simulation *sim = calloc(1, sizeof(*sim));
    struct world *world = calloc(1, sizeof(*world));
    struct coverage coverage = { 0 };
    struct policy policy;
    bool holds;
    int r = 1;

    fixture_policy(&policy);
    several_gateways(&policy);
    if (!sim || !world || !simulation_init(sim, &policy, options->seed, options->record)) {
        free(sim);
        free(world);
        return 1;
    }
    world_init(world, sim, options->seed);
    holds = world_begin(world);
    while (holds && sim->mirror.n_steps < options->n_steps) {
        uint64_t n_before = sim->n_past;
        holds = world_turn(world);
        if (sim->n_past != n_before)
            note(&coverage, sim);
    }
    *ret_hash = sim->mirror.hash;
    if (!options->quiet) {
        print_coverage(&coverage, sim);
        printf("seed %" PRIu64 ": %" PRIu64 " steps, %.1f virtual days, hash %016" PRIx64 "\n", options->seed,
            sim->mirror.n_steps, usec_to_seconds(sim->mirror.now_usec) / 86400, sim->mirror.hash);
    }
    if (!holds)
        simulation_print_end(sim, stdout);
    else
        r = options->n_steps >= 500000 ? judge_coverage(&coverage, sim, options->n_steps) : 0;
    simulation_done(sim);
    free(sim);
    free(world);
    return r;
}
