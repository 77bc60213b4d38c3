/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measurement's course. Everything that waits has a moment (due_at_usec) in its own small struct; natprobe_next() finds what is due.
 */
#include "core/natprobe.h"

#include "base/macro.h"

#include <string.h>

#define FIRST_SLOT       (NATCONTROL_ASKER_SLOT + 1)
#define N_SLOTS          (PROBE_SLOTS_MAX - FIRST_SLOT)
#define BAD_MAX          4 /* controls in a row: the server is gone */
#define LOOKAHEAD_USEC   SEC(4) /* what must be opened so soon is opened while the radio is on */
#define ASKING_USEC      MSEC(150)
#define RADIO_USEC       SEC(5)
#define PASSES_MAX       8
#define RESTARTS_MAX     3
#define RUNG_TRIES_MAX   3
#define CONFIRM_SOCKETS  2
#define NONE_USEC        MINUTES(9) /* without a NAT, what survives that is taken for what nothing ends */
#define FEW_SOCKETS      10
#define MODEST_SOCKETS   4
#define LOOKS_MAX        8 /* in one turn: a verdict can open sockets that are due at once */
#define UNHEARD_MIN      2
#define LATE_MAX         8 /* sockets that were slept through; a busy machine is late for one now and then */
#define CHOSEN_MAX       6 /* sockets of a later pass */
#define SLACK_USEC       MSEC(20)
#define N_BITS           64
#define NO_RUNG          (-1)
#define LONGER           (-2)
#define BIT(slot)        (UINT64_C(1) << (slot))

_Static_assert(PROBE_SLOTS_MAX <= N_BITS, "sets of slots are 64 bits wide");

/* ---- words and ends ---- */

static void say(struct natprobe *probe, enum natprobe_word word, usec_t lifetime_usec)
{
    probe->has_word = true;
    probe->word = word;
    probe->word_usec = lifetime_usec;
}

static uint32_t n_bits(uint64_t set)
{
    uint32_t n = 0;

    for (; set; set &= set - 1)
        n++;
    return n;
}

static void close_slot(struct natprobe *probe, uint32_t slot)
{
    probe->sockets[slot].phase = NATSOCKET_PHASE_CLOSED;
    probe->sockets[slot].due_at_usec = USEC_INFINITY;
    probe->rung_of[slot] = NO_RUNG;
    if (probe->few && probe->heard & BIT(slot))
        return;
    probe->to_close |= probe->used & BIT(slot);
    probe->used &= ~BIT(slot);
    probe->heard &= ~BIT(slot);
}

static void close_rungs(struct natprobe *probe)
{
    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX; slot++)
        close_slot(probe, slot);
}

static void end(struct natprobe *probe)
{
    probe->few = false;
    for (uint32_t slot = 0; slot < PROBE_SLOTS_MAX; slot++)
        close_slot(probe, slot);
    probe->phase = NATPROBE_PHASE_IDLE;
    natcontrol_stop(&probe->control);
}

static void give_up(struct natprobe *probe, enum natprobe_word word)
{
    end(probe);
    say(probe, word, 0);
}

/* ---- the control, T = 0 ---- */

static void begin_ladder(struct natprobe *probe, usec_t now_usec);
static void begin_confirm(struct natprobe *probe, usec_t now_usec, usec_t by_usec);

/* Those that were asked in vain have waited for it. */
static void wake_over(struct natprobe *probe, usec_t now_usec)
{
    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX; slot++)
        if (probe->sockets[slot].phase == NATSOCKET_PHASE_OVER)
            probe->sockets[slot].due_at_usec = now_usec;
}

static void control_good(struct natprobe *probe, usec_t now_usec)
{
    wake_over(probe, now_usec);
    probe->good_at_usec = now_usec;
    probe->n_bad = 0;
    if (probe->phase != NATPROBE_PHASE_CAPABILITY)
        return;
    if (probe->settings.known_usec == 0)
        begin_ladder(probe, now_usec);
    else
        begin_confirm(probe, now_usec, now_usec);
}

static void control_bad(struct natprobe *probe, usec_t now_usec)
{
    wake_over(probe, now_usec);
    probe->bad_at_usec = now_usec;
    if (probe->phase == NATPROBE_PHASE_CAPABILITY || ++probe->n_bad == BAD_MAX)
        give_up(probe, NATPROBE_WORD_FILTERED);
}

static void control_answer(struct natprobe *probe, usec_t now_usec, const struct probe_answer *answer)
{
    switch (natcontrol_answer(&probe->control, now_usec, answer, probe->next_tag, &probe->line)) {
    case NATCONTROL_NEWS_NONE:
        break;
    case NATCONTROL_NEWS_GOOD:
        control_good(probe, now_usec);
        break;
    case NATCONTROL_NEWS_ECHOED:
        if (probe->phase == NATPROBE_PHASE_CAPABILITY)
            give_up(probe, NATPROBE_WORD_UNSUPPORTED);
        else
            control_bad(probe, now_usec); /* it could, before */
        break;
    }
}

static bool wish_send(struct natprobe *probe, uint32_t slot, uint16_t response_port, struct natprobe_wish *ret)
{
    *ret = (struct natprobe_wish){
        .type = NATPROBE_WISH_SEND, .slot = slot, .tag = probe->next_tag++, .response_port = response_port
    };
    return true;
}

static bool control_next(struct natprobe *probe, usec_t now_usec, struct natprobe_wish *ret)
{
    switch (natcontrol_step(&probe->control, now_usec, &probe->line)) {
    case NATCONTROL_STEP_NOTHING:
        break;
    case NATCONTROL_STEP_LEARN:
        return wish_send(probe, NATCONTROL_SLOT, 0, ret);
    case NATCONTROL_STEP_ASK:
        return wish_send(probe, NATCONTROL_ASKER_SLOT, probe->control.mapped_port, ret);
    case NATCONTROL_STEP_BAD:
        control_bad(probe, now_usec);
        break;
    }
    return false;
}

/* ---- sockets ---- */

/* NULL: it confirms. */
static struct rung *rung_of(struct natprobe *probe, uint32_t slot)
{
    return probe->rung_of[slot] < 0 ? NULL : &probe->ladder.rungs[probe->rung_of[slot]];
}

static uint32_t n_open(const struct natprobe *probe)
{
    uint32_t n = 0;

    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX; slot++)
        n += probe->sockets[slot].phase != NATSOCKET_PHASE_CLOSED;
    return n;
}

static bool open_socket(struct natprobe *probe, usec_t now_usec, int rung, usec_t target_usec, bool below)
{
    if (n_open(probe) >= probe->capacity)
        return false;
    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX; slot++) {
        if (probe->sockets[slot].phase != NATSOCKET_PHASE_CLOSED || probe->to_close & BIT(slot) ||
            (probe->few && !(probe->heard & BIT(slot))))
            continue;
        natsocket_open(&probe->sockets[slot], now_usec, target_usec, below);
        probe->rung_of[slot] = rung;
        return true;
    }
    return false;
}

/* True: at least one was opened. */
static bool open_rungs(struct natprobe *probe, usec_t now_usec, bool radio_is_on)
{
    usec_t until_usec = usec_add(now_usec, radio_is_on ? LOOKAHEAD_USEC : 0);
    bool opened = false;

    for (struct rung *rung; (rung = natladder_next(&probe->ladder)); opened = true) {
        if (usec_add(probe->started_at_usec, rung->open_by_usec) > until_usec)
            break;
        if (!open_socket(probe, now_usec, (int)(rung - probe->ladder.rungs), rung->lifetime_usec, rung->below))
            break;
        rung->state = RUNG_STATE_OPEN;
    }
    return opened;
}

/* ---- the ladder ---- */

static usec_t asking_usec(const struct natprobe *probe)
{
    return ASKING_USEC + probe->line.round_trip_usec * 3 / 2;
}

static void begin_ladder(struct natprobe *probe, usec_t now_usec)
{
    probe->phase = NATPROBE_PHASE_LADDER;
    probe->started_at_usec = now_usec;
    probe->n_passes = 0;
    natladder_build(&probe->ladder, probe->settings.floor_usec, probe->settings.top_usec, asking_usec(probe));
    if (probe->few)
        natladder_choose(&probe->ladder, -1, (int)probe->ladder.n_rungs, probe->capacity);
    open_rungs(probe, now_usec, true);
}

/* Few sockets, each used again: the NAT has no ports for more, or drops old mappings when new ones come. */
static void be_modest(struct natprobe *probe, uint32_t n_sockets)
{
    uint64_t kept = 0;

    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX && n_sockets > 0; slot++) {
        if (probe->heard & BIT(slot)) {
            kept |= BIT(slot);
            n_sockets--;
        }
    }
    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX && n_sockets > 0; slot++) {
        if (!(probe->used & BIT(slot))) {
            kept |= BIT(slot);
            n_sockets--;
        }
    }
    probe->few = true;
    probe->heard = kept;
    probe->capacity = n_bits(kept);
    close_rungs(probe);
}

static void publish(struct natprobe *probe, usec_t now_usec, usec_t lifetime_usec, const struct rung *dead)
{
    close_rungs(probe);
    say(probe, NATPROBE_WORD_MEASURED, lifetime_usec);
    if (lifetime_usec == 0 || lifetime_usec == USEC_INFINITY) {
        end(probe);
        return;
    }
    probe->found_usec = lifetime_usec;
    probe->longer_usec = dead ? dead->lifetime_usec : 0;
    probe->longer_is_below = dead && dead->below;
    begin_confirm(probe, now_usec, usec_add(now_usec, lifetime_usec));
}

static bool there_is_a_nat(const struct natprobe *probe)
{
    return !ip_addr_equal(&probe->control.mapped, &probe->settings.local);
}

/* What the ladder says does not fit together, or nothing lived at all: once more, and then with few sockets. */
static void measure_again(struct natprobe *probe, usec_t now_usec, bool modestly)
{
    usec_t safe_usec = natladder_safe(&probe->ladder);

    close_rungs(probe);
    if (probe->n_restarts++ == RESTARTS_MAX) {
        end(probe);
        say(probe, NATPROBE_WORD_MEASURED, safe_usec);
        return;
    }
    if (!probe->few && (modestly || probe->n_restarts > 1))
        be_modest(probe, MODEST_SOCKETS);
    begin_ladder(probe, now_usec);
}

static void close_skipped(struct natprobe *probe)
{
    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX; slot++) {
        const struct rung *rung = rung_of(probe, slot);
        if (rung && rung->state != RUNG_STATE_OPEN)
            close_slot(probe, slot);
    }
}

static void choose_rungs(struct natprobe *probe, usec_t now_usec, const struct natladder_finding *finding)
{
    if (probe->n_passes++ == PASSES_MAX) {
        publish(probe, now_usec, natladder_safe(&probe->ladder), NULL);
        return;
    }
    natladder_choose(&probe->ladder, finding->alive, finding->dead, MIN_OF(probe->capacity, (uint32_t)CHOSEN_MAX));
    close_skipped(probe);
    probe->started_at_usec = now_usec;
    open_rungs(probe, now_usec, true);
}

static void judge_ladder(struct natprobe *probe, usec_t now_usec)
{
    struct natladder_finding finding = natladder_judge(&probe->ladder);
    usec_t alive_usec = finding.alive < 0 ? 0 : probe->ladder.rungs[finding.alive].silence_usec;

    switch (finding.verdict) {
    case NATLADDER_VERDICT_GOING:
        break;
    case NATLADDER_VERDICT_DONE:
        if (alive_usec == 0 && probe->n_restarts == 0)
            measure_again(probe, now_usec, true);
        else
            publish(probe, now_usec, alive_usec, &probe->ladder.rungs[finding.dead]);
        break;
    case NATLADDER_VERDICT_TOP:
        publish(probe, now_usec, there_is_a_nat(probe) || alive_usec < NONE_USEC ? alive_usec : USEC_INFINITY, NULL);
        break;
    case NATLADDER_VERDICT_GAP:
        choose_rungs(probe, now_usec, &finding);
        break;
    case NATLADDER_VERDICT_CONTRADICTION:
        measure_again(probe, now_usec, false);
        break;
    }
}

/* ---- the confirmation ---- */

static void open_confirmation(struct natprobe *probe, usec_t now_usec)
{
    probe->confirm_at_usec = USEC_INFINITY;
    for (uint32_t i = 0; i < CONFIRM_SOCKETS; i++)
        open_socket(probe, now_usec, NO_RUNG, probe->found_usec, false);
    if (probe->longer_usec)
        open_socket(probe, now_usec, LONGER, probe->longer_usec, probe->longer_is_below);
}

static void begin_confirm(struct natprobe *probe, usec_t now_usec, usec_t by_usec)
{
    if (probe->phase == NATPROBE_PHASE_CAPABILITY) {
        probe->found_usec = probe->settings.known_usec;
        probe->longer_usec = probe->found_usec + MAX_OF(SEC(3), probe->found_usec / 16);
    }
    probe->phase = NATPROBE_PHASE_CONFIRM;
    probe->n_confirm_alive = probe->n_confirm_dead = 0;
    probe->longer = false;
    probe->confirm_at_usec = by_usec;
    if (by_usec <= now_usec)
        open_confirmation(probe, now_usec);
}

static void judge_confirmation(struct natprobe *probe, usec_t now_usec)
{
    if (n_open(probe) > 0 || probe->confirm_at_usec != USEC_INFINITY)
        return;
    if (probe->n_confirm_dead > 0) {
        say(probe, NATPROBE_WORD_BELOW, probe->found_usec);
        probe->ladder.n_rungs = 0;
        measure_again(probe, now_usec, false);
    } else if (probe->longer && probe->n_restarts < RESTARTS_MAX) {
        probe->ladder.n_rungs = 0;
        measure_again(probe, now_usec, false);
    } else if (probe->n_confirm_alive > 0) {
        end(probe);
        say(probe, NATPROBE_WORD_CONFIRMED, probe->found_usec);
    } else {
        begin_confirm(probe, now_usec, usec_add(now_usec, probe->found_usec));
    }
}

/* ---- verdicts on one socket ---- */

static void judge(struct natprobe *probe, usec_t now_usec)
{
    if (probe->phase == NATPROBE_PHASE_LADDER)
        judge_ladder(probe, now_usec);
    else if (probe->phase == NATPROBE_PHASE_CONFIRM)
        judge_confirmation(probe, now_usec);
}

static void on_verdict(struct natprobe *probe, usec_t now_usec, uint32_t slot, bool alive, usec_t silence_usec)
{
    struct rung *rung = rung_of(probe, slot);

    if (rung) {
        rung->state = alive ? RUNG_STATE_ALIVE : RUNG_STATE_DEAD;
        rung->n_dead += alive ? 0 : 1;
        rung->silence_usec = silence_usec;
    } else if (probe->rung_of[slot] == LONGER) {
        probe->longer |= alive;
    } else {
        probe->n_confirm_alive += alive ? 1 : 0;
        probe->n_confirm_dead += alive ? 0 : 1;
    }
    close_slot(probe, slot);
    judge(probe, now_usec);
}

static void on_void(struct natprobe *probe, usec_t now_usec, uint32_t slot)
{
    struct rung *rung = rung_of(probe, slot);

    if (rung) {
        rung->state = ++rung->n_tries < RUNG_TRIES_MAX ? RUNG_STATE_WAITING : RUNG_STATE_SKIPPED;
        rung->open_by_usec = usec_sub(now_usec, probe->started_at_usec);
    }
    close_slot(probe, slot);
    judge(probe, now_usec);
}

/* No answer ever, from more than one: the NAT's ports are used up. */
static void on_unheard(struct natprobe *probe, usec_t now_usec, uint32_t slot)
{
    uint32_t n_heard = n_bits(probe->heard);

    on_void(probe, now_usec, slot);
    if (++probe->n_unheard < UNHEARD_MIN || probe->few || probe->phase != NATPROBE_PHASE_LADDER)
        return;
    probe->capacity = MIN_OF(probe->capacity, MAX_OF(n_heard, (uint32_t)1));
    if (probe->capacity >= FEW_SOCKETS)
        return;
    be_modest(probe, probe->capacity);
    begin_ladder(probe, now_usec);
}

static void on_late(struct natprobe *probe, usec_t now_usec, uint32_t slot)
{
    if (++probe->n_late > LATE_MAX)
        give_up(probe, NATPROBE_WORD_ASLEEP);
    else
        on_void(probe, now_usec, slot);
}

/* A socket that was asked in vain is dead only if another way to be answered was open meanwhile. */
static void settle_over(struct natprobe *probe, usec_t now_usec, uint32_t slot)
{
    const struct natsocket *socket = &probe->sockets[slot];

    probe->sockets[slot].due_at_usec = USEC_INFINITY; /* until there is a control */
    if (probe->good_at_usec >= socket->asked_at_usec) {
        if (ip_addr_equal(&probe->control.asker, &socket->mapped))
            on_verdict(probe, now_usec, slot, false, socket->ask_silence_usec[socket->n_asks - 1]);
        else
            on_void(probe, now_usec, slot); /* the NAT gives sockets different addresses: the answer went to another one */
    } else if (probe->bad_at_usec >= socket->asked_at_usec) {
        on_void(probe, now_usec, slot);
    } else {
        natcontrol_begin(&probe->control, now_usec, probe->next_tag);
    }
}

static bool socket_next(struct natprobe *probe, usec_t now_usec, uint32_t slot, struct natprobe_wish *ret)
{
    struct natsocket *socket = &probe->sockets[slot];

    switch (natsocket_step(socket, now_usec, probe->next_tag, &probe->line)) {
    case NATSOCKET_STEP_NOTHING:
        if (socket->phase == NATSOCKET_PHASE_OVER && now_usec >= socket->due_at_usec)
            settle_over(probe, now_usec, slot);
        break;
    case NATSOCKET_STEP_SEND:
        return wish_send(probe, slot, 0, ret);
    case NATSOCKET_STEP_ASK:
        if (socket->n_asks == 2)
            natcontrol_begin(&probe->control, now_usec, probe->next_tag);
        return wish_send(probe, NATCONTROL_ASKER_SLOT, socket->mapped_port, ret);
    case NATSOCKET_STEP_OVER:
        settle_over(probe, now_usec, slot);
        break;
    case NATSOCKET_STEP_VOID:
        on_void(probe, now_usec, slot);
        break;
    case NATSOCKET_STEP_LATE:
        on_late(probe, now_usec, slot);
        break;
    case NATSOCKET_STEP_UNHEARD:
        on_unheard(probe, now_usec, slot);
        break;
    }
    return false;
}

/* ---- the face ---- */

void natprobe_start(struct natprobe *probe, usec_t now_usec, const struct natprobe_settings *settings)
{
    const uint64_t used = probe->used, to_close = probe->to_close;
    const uint32_t next_tag = probe->next_tag;

    *probe = (struct natprobe){
        .phase = NATPROBE_PHASE_CAPABILITY,
        .settings = *settings,
        .next_tag = MAX_OF(next_tag, (uint32_t)1),
        .capacity = N_SLOTS,
        .used = used,
        .to_close = to_close,
        .confirm_at_usec = USEC_INFINITY,
    };
    for (uint32_t slot = 0; slot < PROBE_SLOTS_MAX; slot++)
        close_slot(probe, slot);
    natcontrol_begin(&probe->control, now_usec, probe->next_tag);
}

void natprobe_stop(struct natprobe *probe)
{
    probe->has_word = false;
    end(probe);
}

bool natprobe_is_running(const struct natprobe *probe)
{
    return probe->phase != NATPROBE_PHASE_IDLE;
}

void natprobe_on_answer(struct natprobe *probe, usec_t now_usec, const struct probe_answer *answer)
{
    enum natsocket_news news;
    usec_t silence_usec = 0;

    if (!natprobe_is_running(probe) || answer->slot >= PROBE_SLOTS_MAX)
        return;
    if (answer->slot < FIRST_SLOT) {
        control_answer(probe, now_usec, answer);
        return;
    }
    if (probe->sockets[answer->slot].phase == NATSOCKET_PHASE_CONDITIONING)
        probe->heard |= probe->few ? 0 : BIT(answer->slot);
    news = natsocket_answer(&probe->sockets[answer->slot], now_usec, answer->tag, &answer->mapped, answer->mapped_port,
        &probe->line, &silence_usec);
    if (news == NATSOCKET_NEWS_ALIVE)
        on_verdict(probe, now_usec, answer->slot, true, silence_usec);
    else if (news == NATSOCKET_NEWS_VOID)
        on_void(probe, now_usec, answer->slot);
}

void natprobe_on_failed(struct natprobe *probe, usec_t now_usec, const struct probe_failed *failed)
{
    if (!natprobe_is_running(probe) || failed->slot >= PROBE_SLOTS_MAX)
        return;
    if (failed->slot < FIRST_SLOT && failed->refused && probe->phase == NATPROBE_PHASE_CAPABILITY)
        give_up(probe, NATPROBE_WORD_UNSUPPORTED);
    else if (failed->slot == NATCONTROL_SLOT)
        natcontrol_unlearn(&probe->control, now_usec, probe->next_tag);
    else if (failed->slot >= FIRST_SLOT && probe->sockets[failed->slot].phase != NATSOCKET_PHASE_CLOSED)
        on_void(probe, now_usec, failed->slot);
}

void natprobe_on_time(struct natprobe *probe, usec_t now_usec, bool radio_is_on)
{
    radio_is_on |= now_usec < probe->radio_until_usec;
    if (probe->phase == NATPROBE_PHASE_LADDER)
        open_rungs(probe, now_usec, radio_is_on);
    if (probe->phase == NATPROBE_PHASE_CONFIRM && probe->confirm_at_usec != USEC_INFINITY &&
        (radio_is_on || now_usec >= probe->confirm_at_usec))
        open_confirmation(probe, now_usec);
}

static bool close_next(struct natprobe *probe, struct natprobe_wish *ret)
{
    if (probe->to_close && !natprobe_is_running(probe)) {
        probe->to_close = probe->used = 0;
        *ret = (struct natprobe_wish){ .type = NATPROBE_WISH_CLOSE, .slot = PROBE_SLOT_ALL };
        return true;
    }
    for (uint32_t slot = 0; slot < PROBE_SLOTS_MAX; slot++) {
        if (!(probe->to_close & BIT(slot)))
            continue;
        probe->to_close &= ~BIT(slot);
        *ret = (struct natprobe_wish){ .type = NATPROBE_WISH_CLOSE, .slot = slot };
        return true;
    }
    return false;
}

static bool send_next(struct natprobe *probe, usec_t now_usec, struct natprobe_wish *ret)
{
    bool sends = false;

    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX && !sends && natprobe_is_running(probe); slot++)
        sends = socket_next(probe, now_usec, slot, ret);
    if (!sends && natprobe_is_running(probe))
        sends = control_next(probe, now_usec, ret);
    if (sends) {
        probe->used |= BIT(ret->slot);
        probe->radio_until_usec = usec_add(now_usec, RADIO_USEC);
    }
    return sends;
}

bool natprobe_next(struct natprobe *probe, usec_t now_usec, struct natprobe_wish *ret)
{
    usec_t slack_usec;

    for (uint32_t i = 0; i < LOOKS_MAX; i++) {
        if (probe->has_word) {
            probe->has_word = false;
            *ret = (struct natprobe_wish){ .type = NATPROBE_WISH_SAY, .word = probe->word, .lifetime_usec = probe->word_usec };
            return true;
        }
        if (close_next(probe, ret) || send_next(probe, now_usec, ret))
            return true;
        if (probe->phase == NATPROBE_PHASE_LADDER)
            open_rungs(probe, now_usec, now_usec < probe->radio_until_usec);
        if (natprobe_deadline(probe, &slack_usec) > now_usec)
            break; /* the verdicts of this look led to nothing more */
    }
    return false;
}

usec_t natprobe_deadline(const struct natprobe *probe, usec_t *ret_slack_usec)
{
    usec_t at_usec = USEC_INFINITY;

    *ret_slack_usec = SLACK_USEC;
    if (probe->has_word || probe->to_close)
        return 0;
    if (!natprobe_is_running(probe))
        return at_usec;
    at_usec = natcontrol_deadline(&probe->control);
    for (uint32_t slot = FIRST_SLOT; slot < PROBE_SLOTS_MAX; slot++)
        at_usec = MIN_OF(at_usec, probe->sockets[slot].due_at_usec);
    if (probe->phase == NATPROBE_PHASE_CONFIRM)
        at_usec = MIN_OF(at_usec, probe->confirm_at_usec);
    if (probe->phase == NATPROBE_PHASE_LADDER && n_open(probe) < probe->capacity) {
        struct natladder ladder = probe->ladder;
        const struct rung *rung = natladder_next(&ladder);
        if (rung)
            at_usec = MIN_OF(at_usec, usec_add(probe->started_at_usec, rung->open_by_usec));
    }
    return at_usec;
}
