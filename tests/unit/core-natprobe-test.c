/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modules that measure a NAT's lifetime, one by one: the ladder's judgement, a probe socket's claims under attack, the engine's course, and
 * the fallback by MOBIKE. What they find behind whole NATs is mvpn-sim's to show (detect, push).
 */
#include "base/macro.h"
#include "core/natmobike.h"
#include "core/natprobe.h"
#include "support/core-fixture.h"

#define FLOOR_USEC SEC(13)
#define TOP_USEC   SEC(632)
#define RTT_USEC   MSEC(40)

/* ---- the ladder ---- */

static void set(struct natladder *ladder, uint32_t i, enum rung_state state)
{
    ladder->rungs[i].state = state;
    ladder->rungs[i].silence_usec = ladder->rungs[i].lifetime_usec;
    ladder->rungs[i].n_dead += state == RUNG_STATE_DEAD;
}

static uint32_t rung_at(const struct natladder *ladder, usec_t lifetime_usec)
{
    uint32_t i = 0;

    while (i < ladder->n_rungs - 1 && ladder->rungs[i].lifetime_usec < lifetime_usec)
        i++;
    return i;
}

static void every_lifetime_is_near_a_rung(void)
{
    static const usec_t floors_usec[] = { SEC(4), SEC(6), SEC(13), SEC(50), SEC(400), SEC(700) };
    struct natladder ladder;

    for (size_t k = 0; k < ELEMENTSOF(floors_usec); k++) {
        test_context("floor %u s", (unsigned)(floors_usec[k] / SEC(1)));
        natladder_build(&ladder, floors_usec[k], MAX_OF(TOP_USEC, floors_usec[k]), MSEC(200));
        CHECK(ladder.n_rungs > 0 && ladder.n_rungs < NATLADDER_MAX);
        for (uint32_t i = 1; i < ladder.n_rungs; i++) {
            usec_t low_usec = ladder.rungs[i - 1].lifetime_usec, high_usec = ladder.rungs[i].lifetime_usec;
            high_usec -= ladder.rungs[i].below ? MSEC(350) : 0;
            CHECK(low_usec < high_usec);
            CHECK_LE(high_usec - low_usec, MAX_OF(SEC(2), low_usec / 19));
            CHECK(ladder.rungs[i].open_by_usec < high_usec);
        }
    }
}

static void a_failure_needs_a_second_one(void)
{
    struct natladder ladder;
    uint32_t i;

    natladder_build(&ladder, FLOOR_USEC, TOP_USEC, MSEC(200));
    i = rung_at(&ladder, SEC(30));
    set(&ladder, i - 1, RUNG_STATE_ALIVE);
    set(&ladder, i, RUNG_STATE_OPEN);
    set(&ladder, i + 1, RUNG_STATE_OPEN);
    CHECK_EQ(natladder_judge(&ladder).verdict, NATLADDER_VERDICT_GOING);
    set(&ladder, i, RUNG_STATE_DEAD);
    CHECK_EQ(natladder_judge(&ladder).verdict, NATLADDER_VERDICT_GOING);
    set(&ladder, i + 1, RUNG_STATE_DEAD);
    CHECK_EQ(natladder_judge(&ladder).verdict, NATLADDER_VERDICT_DONE);
    CHECK_EQ(natladder_safe(&ladder), ladder.rungs[i - 1].lifetime_usec);

    set(&ladder, i + 1, RUNG_STATE_ALIVE); /* the first was loss */
    CHECK_EQ(natladder_judge(&ladder).verdict, NATLADDER_VERDICT_GOING);
    CHECK_EQ(natladder_safe(&ladder), ladder.rungs[i - 1].lifetime_usec);
    set(&ladder, i - 2, RUNG_STATE_DEAD); /* two are not */
    CHECK_EQ(natladder_judge(&ladder).verdict, NATLADDER_VERDICT_CONTRADICTION);
}

static void a_failure_alone_is_asked_again(void)
{
    struct natladder ladder;
    struct natladder_finding finding;
    uint32_t i, n_waiting = 0;

    natladder_build(&ladder, FLOOR_USEC, TOP_USEC, MSEC(200));
    natladder_choose(&ladder, -1, (int)ladder.n_rungs, 4);
    for (i = 0; i < ladder.n_rungs; i++)
        n_waiting += ladder.rungs[i].state == RUNG_STATE_WAITING;
    CHECK_EQ(n_waiting, 4);
    for (i = 0; i < ladder.n_rungs && ladder.rungs[i].state != RUNG_STATE_WAITING;)
        i++;
    for (uint32_t k = i + 1; k < ladder.n_rungs; k++)
        ladder.rungs[k].state = RUNG_STATE_SKIPPED;
    set(&ladder, i, RUNG_STATE_DEAD);
    finding = natladder_judge(&ladder);
    CHECK_EQ(finding.verdict, NATLADDER_VERDICT_GAP);
    natladder_choose(&ladder, finding.alive, finding.dead, 2);
    CHECK_EQ(ladder.rungs[i].state, RUNG_STATE_WAITING);
    set(&ladder, i, RUNG_STATE_DEAD); /* by another socket */
    CHECK_EQ(ladder.rungs[i].n_dead, 2);
}

static void all_alive_is_the_top(void)
{
    struct natladder ladder;

    natladder_build(&ladder, FLOOR_USEC, TOP_USEC, MSEC(200));
    for (uint32_t i = 0; i < ladder.n_rungs; i++)
        set(&ladder, i, RUNG_STATE_ALIVE);
    CHECK_EQ(natladder_judge(&ladder).verdict, NATLADDER_VERDICT_TOP);
}

/* ---- one socket ---- */

struct bench {
    struct natsocket socket;
    struct natline line;
    usec_t now_usec;
    uint32_t next_tag;
    struct ip_addr mapped;
};

/* Until the next doing, at most until the moment. */
static enum natsocket_step step(struct bench *b, usec_t until_usec)
{
    enum natsocket_step what;

    b->now_usec = MIN_OF(MAX_OF(b->now_usec, b->socket.due_at_usec), until_usec);
    what = natsocket_step(&b->socket, b->now_usec, b->next_tag, &b->line);
    b->next_tag += what == NATSOCKET_STEP_SEND || what == NATSOCKET_STEP_ASK;
    return what;
}

static enum natsocket_news hear(struct bench *b, uint32_t tag, usec_t *ret_silence_usec)
{
    return natsocket_answer(&b->socket, b->now_usec, tag, &b->mapped, 40000, &b->line, ret_silence_usec);
}

static void condition(struct bench *b, usec_t target_usec)
{
    usec_t silence_usec;

    *b = (struct bench){ .now_usec = SEC(100), .next_tag = 1, .mapped = addr_of("203.0.113.77") };
    natsocket_open(&b->socket, b->now_usec, target_usec, false);
    while (b->socket.phase == NATSOCKET_PHASE_CONDITIONING && b->now_usec < SEC(110)) {
        if (step(b, SEC(110)) != NATSOCKET_STEP_SEND)
            break;
        b->now_usec += RTT_USEC;
        hear(b, b->next_tag - 1, &silence_usec);
    }
    CHECK_EQ(b->socket.phase, NATSOCKET_PHASE_QUIET);
    CHECK_GE(b->socket.n_answers, NATSOCKET_EXCHANGES);
    CHECK_GE(b->socket.sent_at_usec - b->socket.first_answer_at_usec, NATSOCKET_CONDITION_USEC);
}

static void a_silence_is_claimed_from_the_last_answer_to_the_first_question(void)
{
    struct bench b;
    usec_t silence_usec = 0, quiet_usec;

    condition(&b, SEC(30));
    quiet_usec = b.now_usec;
    CHECK_EQ(step(&b, SEC(200)), NATSOCKET_STEP_ASK);
    CHECK_EQ(b.now_usec, quiet_usec + SEC(30));
    CHECK_EQ(step(&b, SEC(200)), NATSOCKET_STEP_ASK);
    b.now_usec += RTT_USEC;
    /* The answer to the first question may have refreshed the mapping and then been lost. */
    CHECK_EQ(hear(&b, b.next_tag - 1, &silence_usec), NATSOCKET_NEWS_ALIVE);
    CHECK_EQ(silence_usec, SEC(30));
}

static void an_old_answer_begins_the_silence_anew(void)
{
    struct bench b;
    usec_t silence_usec = 0;

    condition(&b, SEC(30));
    b.now_usec += SEC(10);
    CHECK_EQ(hear(&b, 1, &silence_usec), NATSOCKET_NEWS_NONE);
    CHECK_EQ(b.socket.due_at_usec, b.now_usec + SEC(30));
    for (int i = 0; i < 3; i++)
        hear(&b, 4711, &silence_usec);
    CHECK_EQ(hear(&b, 4711, &silence_usec), NATSOCKET_NEWS_VOID); /* somebody plays with us */

    condition(&b, SEC(30));
    step(&b, SEC(200));
    CHECK_EQ(hear(&b, 1, &silence_usec), NATSOCKET_NEWS_VOID); /* it came through first */
}

static void another_mapping_is_conditioned_anew(void)
{
    struct bench b = { .now_usec = SEC(100), .next_tag = 1, .mapped = addr_of("203.0.113.77") };
    usec_t silence_usec;

    natsocket_open(&b.socket, b.now_usec, SEC(30), false);
    step(&b, SEC(200));
    natsocket_answer(&b.socket, b.now_usec, 1, &b.mapped, 40000, &b.line, &silence_usec);
    step(&b, SEC(200));
    natsocket_answer(&b.socket, b.now_usec, 2, &b.mapped, 50000, &b.line, &silence_usec);
    CHECK_EQ(b.socket.n_answers, 1);
    CHECK_EQ(b.socket.mapped_port, 50000);
}

static void a_sleep_is_evidence_in_one_direction(void)
{
    struct bench b;
    usec_t silence_usec = 0, quiet_usec;

    condition(&b, SEC(30));
    quiet_usec = b.now_usec;
    b.now_usec += SEC(95); /* slept */
    CHECK_EQ(natsocket_step(&b.socket, b.now_usec, b.next_tag++, &b.line), NATSOCKET_STEP_ASK);
    CHECK_EQ(hear(&b, b.next_tag - 1, &silence_usec), NATSOCKET_NEWS_ALIVE);
    CHECK_EQ(silence_usec, b.now_usec - quiet_usec); /* it lived even longer */

    condition(&b, SEC(30));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(step(&b, SEC(300)), NATSOCKET_STEP_ASK);
    b.now_usec += SEC(500); /* slept after asking: the answer may be there, unread */
    CHECK_EQ(natsocket_step(&b.socket, b.now_usec, b.next_tag++, &b.line), NATSOCKET_STEP_ASK);
    CHECK_EQ(b.socket.phase, NATSOCKET_PHASE_ASKING);
    CHECK_EQ(hear(&b, b.socket.ask_tags[0], &silence_usec), NATSOCKET_NEWS_ALIVE);
    CHECK_EQ(silence_usec, SEC(30));
}

static enum natsocket_step step_past_asking(struct bench *b)
{
    enum natsocket_step what = step(b, USEC_INFINITY);

    for (int i = 0; i < 20 && what == NATSOCKET_STEP_ASK; i++)
        what = step(b, USEC_INFINITY);
    return what;
}

static void a_sleep_is_no_evidence_of_a_short_life(void)
{
    struct bench b;

    condition(&b, SEC(30));
    CHECK_EQ(step_past_asking(&b), NATSOCKET_STEP_OVER);

    condition(&b, SEC(30));
    b.now_usec += SEC(95); /* slept: it may have lived for thirty seconds, or for ninety */
    CHECK_EQ(step_past_asking(&b), NATSOCKET_STEP_LATE);

    condition(&b, SEC(30));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(step(&b, SEC(300)), NATSOCKET_STEP_ASK);
    b.now_usec += SEC(500); /* slept after asking, and where the link cannot wake the device nobody heard the answer */
    CHECK_EQ(step_past_asking(&b), NATSOCKET_STEP_LATE);
}

static void three_sends_at_least_before_a_failure(void)
{
    struct bench b;
    unsigned n_asks = 0;
    usec_t first_usec = 0;

    condition(&b, SEC(30));
    for (;;) {
        enum natsocket_step what = step(&b, SEC(300));
        if (what != NATSOCKET_STEP_ASK) {
            CHECK_EQ(what, NATSOCKET_STEP_OVER);
            break;
        }
        first_usec = n_asks++ ? first_usec : b.now_usec;
    }
    CHECK_GE(n_asks, 3);
    CHECK_LE(b.now_usec - first_usec, MSEC(1500));
    CHECK_EQ(b.socket.phase, NATSOCKET_PHASE_OVER); /* no verdict yet: the control's to come */
}

/* ---- the engine ---- */

struct engine {
    struct natprobe probe;
    usec_t now_usec;
    uint32_t n_sends, n_asks;
    struct natprobe_wish sends[64]; /* the last ones of one look */
    bool said, closed_all;
    enum natprobe_word word;
    usec_t word_usec;
};

static void look(struct engine *e)
{
    struct natprobe_wish wish;

    e->n_sends = 0;
    while (natprobe_next(&e->probe, e->now_usec, &wish)) {
        if (wish.type == NATPROBE_WISH_SAY) {
            e->said = true;
            e->word = wish.word;
            e->word_usec = wish.lifetime_usec;
        } else if (wish.type == NATPROBE_WISH_CLOSE) {
            e->closed_all |= wish.slot == PROBE_SLOT_ALL;
        } else if (e->n_sends < ELEMENTSOF(e->sends)) {
            e->n_asks += wish.response_port != 0;
            e->sends[e->n_sends++] = wish;
        }
    }
}

static void begin(struct engine *e)
{
    struct natprobe_settings settings = { .floor_usec = FLOOR_USEC, .top_usec = TOP_USEC, .local = addr_of("192.0.2.10") };

    memset(e, 0, sizeof(*e));
    e->now_usec = SEC(100);
    natprobe_start(&e->probe, e->now_usec, &settings);
    look(e);
}

static void pass(struct engine *e)
{
    usec_t slack_usec;

    e->now_usec = MAX_OF(e->now_usec, natprobe_deadline(&e->probe, &slack_usec));
    natprobe_on_time(&e->probe, e->now_usec, false);
    look(e);
}

static void answer(struct engine *e, uint32_t slot, uint32_t tag)
{
    struct probe_answer a = { slot, tag, addr_of("203.0.113.77"), (uint16_t)(40000 + slot) };

    natprobe_on_answer(&e->probe, e->now_usec, &a);
    look(e);
}

static void capability_comes_first_and_alone(void)
{
    struct engine e;

    begin(&e);
    CHECK_EQ(e.n_sends, 1);
    CHECK_EQ(e.sends[0].slot, 0);
    CHECK_EQ(e.sends[0].response_port, 0);
    e.now_usec += RTT_USEC;
    answer(&e, 0, e.sends[0].tag);
    CHECK_EQ(e.n_sends, 1);
    CHECK_EQ(e.sends[0].slot, 1);
    CHECK_EQ(e.sends[0].response_port, 40000);
    answer(&e, 0, 1); /* the old one again */
    CHECK_EQ(e.probe.phase, NATPROBE_PHASE_CAPABILITY);
    answer(&e, 0, e.probe.next_tag - 1);
    CHECK_EQ(e.probe.phase, NATPROBE_PHASE_LADDER);
    CHECK_GE(e.n_sends, 5); /* all sockets that are needed soon, in one radio wake */
    for (uint32_t i = 0; i < e.n_sends; i++)
        CHECK(e.sends[i].slot >= 2 && e.sends[i].slot < PROBE_SLOTS_MAX && e.sends[i].response_port == 0);
}

static void a_server_that_cannot_is_left_alone(void)
{
    struct engine e;

    begin(&e);
    answer(&e, 0, e.sends[0].tag);
    answer(&e, 1, e.sends[0].tag); /* where the question came from */
    CHECK(e.said && e.closed_all);
    CHECK_EQ(e.word, NATPROBE_WORD_UNSUPPORTED);
    CHECK(!natprobe_is_running(&e.probe));

    begin(&e);
    answer(&e, 0, e.sends[0].tag);
    natprobe_on_failed(&e.probe, e.now_usec, &(struct probe_failed){ .slot = 1, .tag = e.sends[0].tag, .refused = true });
    look(&e);
    CHECK_EQ(e.word, NATPROBE_WORD_UNSUPPORTED);
    CHECK(e.closed_all);

    begin(&e);
    answer(&e, 0, e.sends[0].tag);
    natprobe_on_failed(&e.probe, e.now_usec, &(struct probe_failed){ .slot = 1, .tag = e.sends[0].tag });
    for (int i = 0; i < 100 && !e.said; i++)
        pass(&e);
    CHECK_EQ(e.word, NATPROBE_WORD_FILTERED);
    CHECK_LE(e.now_usec, SEC(105));
}

static void nonsense_changes_nothing(void)
{
    struct engine e;

    begin(&e);
    answer(&e, PROBE_SLOTS_MAX, 1);
    answer(&e, 39, 12345);
    answer(&e, 1, 0);
    CHECK_EQ(e.probe.phase, NATPROBE_PHASE_CAPABILITY);
    natprobe_stop(&e.probe);
    look(&e);
    CHECK(e.closed_all && !e.said);
    answer(&e, 0, 1);
    CHECK_EQ(e.n_sends, 0);
}

/* Without answers after the capability check (the link went dead) nothing is concluded, and it ends. */
static void a_dead_link_is_no_lifetime(void)
{
    struct engine e;

    begin(&e);
    answer(&e, 0, e.sends[0].tag);
    answer(&e, 0, e.sends[0].tag);
    for (int i = 0; i < 5000 && natprobe_is_running(&e.probe); i++)
        pass(&e);
    CHECK(!natprobe_is_running(&e.probe) || !e.said || e.word != NATPROBE_WORD_MEASURED || e.word_usec == 0);
    CHECK_EQ(e.word_usec, 0);
}

/* ---- MOBIKE ---- */

static usec_t fall_back(usec_t lifetime_usec, bool keeps_port, unsigned *ret_longest_sec)
{
    struct natmobike mobike;
    usec_t usual_usec = SEC(20), now_usec = SEC(100), last_in_usec = 0, found_usec = 0;

    natmobike_start(&mobike, usual_usec, SEC(600));
    for (int i = 0; i < 600 && !mobike.done; i++) {
        usec_t silence_usec = natmobike_interval(&mobike, usual_usec);
        now_usec += silence_usec;
        *ret_longest_sec = MAX_OF(*ret_longest_sec, (unsigned)(silence_usec / SEC(1)));
        if (!natmobike_on_due(&mobike, now_usec, silence_usec, last_in_usec))
            continue;
        last_in_usec = now_usec + 1;
        if (!keeps_port && silence_usec > lifetime_usec)
            found_usec = natmobike_on_changed(&mobike);
        found_usec = MAX_OF(found_usec, natmobike_lifetime(&mobike));
    }
    CHECK(mobike.done);
    return natmobike_lifetime(&mobike);
}

static void the_fallback_finds_a_lifetime_from_below(void)
{
    for (unsigned sec = 21; sec < 100; sec += 3) {
        unsigned longest_sec = 0;
        usec_t found_usec = fall_back(SEC(sec), false, &longest_sec);
        test_context("%u s", sec);
        CHECK_LE(found_usec, SEC(sec));
        CHECK_GE(found_usec, SEC(sec) / 100 * 80);
        CHECK_LE(longest_sec, MAX_OF(31, sec * 3 / 2 + 1));
    }
}

static void the_fallback_is_blind_where_the_port_is_kept(void)
{
    unsigned longest_sec = 0;

    CHECK_EQ(fall_back(SEC(30), true, &longest_sec), 0);
    CHECK_LE(longest_sec, 120);
    CHECK_EQ(fall_back(SEC(300), false, &longest_sec), 0);
    CHECK_LE(longest_sec, 120);
}

static const struct test tests[] = {
    TEST(every_lifetime_is_near_a_rung),
    TEST(a_failure_needs_a_second_one),
    TEST(a_failure_alone_is_asked_again),
    TEST(all_alive_is_the_top),
    TEST(a_silence_is_claimed_from_the_last_answer_to_the_first_question),
    TEST(an_old_answer_begins_the_silence_anew),
    TEST(another_mapping_is_conditioned_anew),
    TEST(a_sleep_is_evidence_in_one_direction),
    TEST(a_sleep_is_no_evidence_of_a_short_life),
    TEST(three_sends_at_least_before_a_failure),
    TEST(capability_comes_first_and_alone),
    TEST(a_server_that_cannot_is_left_alone),
    TEST(nonsense_changes_nothing),
    TEST(a_dead_link_is_no_lifetime),
    TEST(the_fallback_finds_a_lifetime_from_below),
    TEST(the_fallback_is_blind_where_the_port_is_kept),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
