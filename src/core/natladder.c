/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rungs and the judgement on them.
 */
#include "core/natladder.h"

#include "base/macro.h"

#include <string.h>

#define STEP_USEC         SEC(2)
#define STEP_PERCENT      5
#define BELOW_USEC        MSEC(500) /* the cliff's own rung is asked so much early, or nearly */
#define ABOVE_USEC        MSEC(400)
#define ABOVE_AGAIN_USEC  MSEC(150) /* the second socket of a cliff */
#define CLIFF_ROOM_USEC   SEC(5) /* conditioning, asking, and some */

static const uint32_t cliffs_sec[] = { 30, 45, 60, 90, 120, 180, 240, 300, 480, 600 };

static void add(struct natladder *ladder, usec_t lifetime_usec, bool below, usec_t open_by_usec)
{
    if (ladder->n_rungs == NATLADDER_MAX)
        return;
    ladder->rungs[ladder->n_rungs++] = (struct rung){
        .lifetime_usec = lifetime_usec,
        .below = below,
        .state = RUNG_STATE_WAITING,
        .open_by_usec = open_by_usec,
    };
}

/* The next rung must be dead, and have been asked, before the error is larger than a step. */
static usec_t step_from(usec_t lifetime_usec, usec_t asking_usec)
{
    usec_t step_usec = MAX_OF(STEP_USEC, lifetime_usec * STEP_PERCENT / 100);

    return MAX_OF(usec_sub(step_usec, asking_usec), step_usec / 2);
}

static void add_between(struct natladder *ladder, usec_t from_usec, usec_t until_usec, usec_t asking_usec)
{
    while (from_usec < until_usec) {
        add(ladder, from_usec, false, usec_sub(from_usec * 77 / 100, CLIFF_ROOM_USEC));
        from_usec += step_from(from_usec, asking_usec);
    }
}

static void add_cliff(struct natladder *ladder, usec_t cliff_usec)
{
    usec_t open_by_usec = usec_sub(cliff_usec / 5, CLIFF_ROOM_USEC);

    add(ladder, cliff_usec, true, open_by_usec);
    add(ladder, cliff_usec + ABOVE_USEC, false, open_by_usec);
    add(ladder, cliff_usec + ABOVE_USEC + ABOVE_AGAIN_USEC, false, open_by_usec);
}

void natladder_build(struct natladder *ladder, usec_t floor_usec, usec_t top_usec, usec_t asking_usec)
{
    usec_t from_usec = floor_usec;

    ladder->n_rungs = 0;
    for (size_t i = 0; i < ELEMENTSOF(cliffs_sec); i++) {
        usec_t cliff_usec = SEC(cliffs_sec[i]);

        if (cliff_usec < floor_usec || cliff_usec > top_usec)
            continue;
        add_between(ladder, from_usec, cliff_usec - BELOW_USEC, asking_usec);
        add_cliff(ladder, cliff_usec);
        from_usec = cliff_usec + ABOVE_USEC + ABOVE_AGAIN_USEC;
        from_usec += step_from(from_usec, asking_usec);
    }
    add_between(ladder, from_usec, top_usec, asking_usec);
    add(ladder, top_usec, false, usec_sub(top_usec * 3 / 4, CLIFF_ROOM_USEC));
}

static int highest_alive(const struct natladder *ladder)
{
    for (int i = (int)ladder->n_rungs - 1; i >= 0; i--)
        if (ladder->rungs[i].state == RUNG_STATE_ALIVE)
            return i;
    return -1;
}

static int next_with(const struct natladder *ladder, int after, uint32_t states)
{
    for (int i = after + 1; i < (int)ladder->n_rungs; i++)
        if (states & 1u << ladder->rungs[i].state)
            return i;
    return (int)ladder->n_rungs;
}

#define WITH(name) (1u << RUNG_STATE_##name)

/* One dead rung below the highest that lived is loss; two are a lifetime that changes, or is none. */
static bool is_contradicted(const struct natladder *ladder, int alive)
{
    uint32_t n_dead = 0;

    for (int i = 0; i < alive; i++)
        n_dead += ladder->rungs[i].state == RUNG_STATE_DEAD;
    return n_dead > 1;
}

/* By a second socket: for the same rung, or for the next one that was asked. */
static bool is_agreed(const struct natladder *ladder, int dead)
{
    int next = next_with(ladder, dead, WITH(DEAD) | WITH(OPEN) | WITH(ALIVE));

    return ladder->rungs[dead].n_dead > 1 || (next < (int)ladder->n_rungs && ladder->rungs[next].state == RUNG_STATE_DEAD);
}

static bool is_narrow(const struct natladder *ladder, int alive, int dead)
{
    usec_t low_usec = alive < 0 ? 0 : ladder->rungs[alive].silence_usec;
    usec_t high_usec = ladder->rungs[dead].silence_usec;

    return dead == alive + 1 || usec_sub(high_usec, low_usec) <= MAX_OF(SEC(2), high_usec / 20);
}

struct natladder_finding natladder_judge(const struct natladder *ladder)
{
    const int end = (int)ladder->n_rungs;
    struct natladder_finding finding = { .alive = highest_alive(ladder) };
    int open;

    finding.dead = next_with(ladder, finding.alive, WITH(DEAD));
    open = next_with(ladder, finding.alive, WITH(OPEN));
    if (is_contradicted(ladder, finding.alive)) {
        finding.verdict = NATLADDER_VERDICT_CONTRADICTION;
    } else if (finding.alive == end - 1) {
        finding.verdict = NATLADDER_VERDICT_TOP;
    } else if (finding.dead == end) {
        bool more = open < end || next_with(ladder, finding.alive, WITH(WAITING)) < end;
        finding.verdict = more ? NATLADDER_VERDICT_GOING : NATLADDER_VERDICT_GAP;
    } else {
        bool agreed = is_agreed(ladder, finding.dead);
        if (open < finding.dead || (!agreed && open < end))
            finding.verdict = NATLADDER_VERDICT_GOING;
        else if (!agreed || !is_narrow(ladder, finding.alive, finding.dead))
            finding.verdict = NATLADDER_VERDICT_GAP;
        else
            finding.verdict = NATLADDER_VERDICT_DONE;
    }
    return finding;
}

static void make_wait(struct rung *rung)
{
    rung->state = RUNG_STATE_WAITING;
    rung->open_by_usec = 0;
}

void natladder_choose(struct natladder *ladder, int alive, int dead, uint32_t n)
{
    const int end = (int)ladder->n_rungs;
    bool again = dead < end && !is_agreed(ladder, dead); /* the dead one is among those chosen */
    uint32_t n_steps = again ? (uint32_t)(dead - alive) : (uint32_t)(MIN_OF(dead, end) - alive);
    uint32_t n_parts = again ? n : n + 1;

    for (int i = alive + 1; i < end; i++)
        if (ladder->rungs[i].state != RUNG_STATE_DEAD)
            ladder->rungs[i].state = RUNG_STATE_SKIPPED;
    for (uint32_t i = 1; i <= n; i++) {
        int chosen = alive + (int)MAX_OF((uint64_t)i * n_steps / n_parts, (uint64_t)1);
        if (chosen < end && (chosen < dead || again))
            make_wait(&ladder->rungs[chosen]);
    }
}

struct rung *natladder_next(struct natladder *ladder)
{
    struct rung *best = NULL;
    int alive = highest_alive(ladder);
    int dead = next_with(ladder, alive, WITH(DEAD));

    for (int i = alive + 1; i < (int)ladder->n_rungs; i++) {
        struct rung *rung = &ladder->rungs[i];
        if (rung->state != RUNG_STATE_WAITING || (i > dead + 3))
            continue;
        if (!best || rung->open_by_usec < best->open_by_usec)
            best = rung;
    }
    return best;
}

usec_t natladder_safe(const struct natladder *ladder)
{
    int dead = next_with(ladder, -1, WITH(DEAD));

    for (int i = dead - 1; i >= 0; i--)
        if (ladder->rungs[i].state == RUNG_STATE_ALIVE)
            return ladder->rungs[i].silence_usec;
    return 0;
}
