/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The window alone: its edges, and random numbers against a model that remembers every number in a set.
 */
#include "esp/replay.h"

#include "base/macro.h"
#include "base/prng.h"
#include "support/test.h"

#define TWO_32 ((uint64_t)1 << 32)

/* As an SA does it with an authentic packet of this number. */
static bool receive(struct esp_replay *replay, uint64_t sequence)
{
    uint64_t meant;

    if (!esp_replay_check(replay, (uint32_t)sequence, &meant) || meant != sequence)
        return false;
    esp_replay_advance(replay, meant);
    return true;
}

static void the_window_has_bounds(void)
{
    static const struct {
        uint32_t asked, given;
    } cases[] = {
        { 0, ESP_REPLAY_MEAN_PACKETS },
        { 1, ESP_REPLAY_MIN_PACKETS },
        { 1024, 1024 },
        { 3000, 3000 },
        { UINT32_MAX, ESP_REPLAY_MAX_PACKETS },
    };
    struct esp_replay replay;

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        esp_replay_init(&replay, cases[i].asked, false);
        CHECK_EQ(replay.window_packets, cases[i].given);
    }
}

static void numbers_begin_with_one(void)
{
    struct esp_replay replay;
    uint64_t sequence;

    esp_replay_init(&replay, 0, false);
    CHECK(!esp_replay_check(&replay, 0, &sequence));
    CHECK(receive(&replay, 1));
    CHECK(!receive(&replay, 1));
    CHECK(!esp_replay_check(&replay, 0, &sequence));
}

static void asking_changes_nothing(void)
{
    struct esp_replay replay, before;
    uint64_t sequence;

    esp_replay_init(&replay, 0, true);
    CHECK(receive(&replay, 70000));
    before = replay;
    for (uint64_t wire = 0; wire < 200000; wire += 7)
        (void)esp_replay_check(&replay, (uint32_t)wire, &sequence);
    CHECK_MEM(&replay, &before, sizeof(replay));
}

static void edges(uint32_t window, uint64_t top, bool esn)
{
    struct esp_replay replay;

    esp_replay_init(&replay, window, esn);
    replay.top = top - 1;
    test_context("window %u, top %" PRIu64, window, top);
    CHECK(receive(&replay, top));
    CHECK(!receive(&replay, top - window));
    CHECK(receive(&replay, top - window + 1));
    CHECK(!receive(&replay, top - window + 1));
    CHECK(receive(&replay, top + 1));
    CHECK(!receive(&replay, top - window + 1));
    CHECK(receive(&replay, top - window + 2));
    CHECK_EQ(replay.top, top + 1);
}

static void the_left_edge_is_exact(void)
{
    static const uint32_t windows[] = { 1024, 1025, 2048, 4000, ESP_REPLAY_MAX_PACKETS };

    for (size_t i = 0; i < ELEMENTSOF(windows); i++) {
        for (uint64_t top = 5000; top < 5200; top++) {
            edges(windows[i], top, false);
            edges(windows[i], top, true);
        }
        edges(windows[i], UINT32_MAX - 1, false);
        edges(windows[i], TWO_32, true);
        edges(windows[i], TWO_32 + windows[i] - 1, true);
        edges(windows[i], 7 * TWO_32 + 3, true);
        edges(windows[i], UINT64_MAX - 1, true);
    }
}

static void far_jumps_forget_what_is_left_behind(void)
{
    static const uint64_t jumps[] = { 64, 1984, 2047, 2048, 4095, 4096, 4097, 8192, 100000,
        UINT32_MAX - 70000 };

    for (size_t i = 0; i < ELEMENTSOF(jumps); i++) {
        struct esp_replay replay;

        test_context("jump %" PRIu64, jumps[i]);
        esp_replay_init(&replay, 0, false);
        for (uint64_t n = 1; n <= 5000; n++)
            CHECK(receive(&replay, n));
        CHECK(receive(&replay, 5000 + jumps[i]));
        /* of what the window covers now: below 5001 all were received, above none but the last */
        for (uint64_t n = 5000 + jumps[i] - 2047; n < 5000 + jumps[i]; n++)
            CHECK_EQ(receive(&replay, n), n > 5000);
    }
}

static void the_upper_half_is_guessed(void)
{
    static const struct {
        uint64_t top;
        uint32_t wire;
        uint64_t meant; /* 0: refused */
    } cases[] = {
        { 0, 1, 1 },
        { 0, UINT32_MAX, UINT32_MAX },
        { 10, UINT32_MAX, UINT32_MAX }, /* there is no number below 0 (A2.2 with Th = 0) */
        { TWO_32 - 1, 0, TWO_32 },
        { TWO_32 - 1, 5, TWO_32 + 5 },
        { TWO_32 + 5, UINT32_MAX, TWO_32 - 1 },
        { TWO_32 + 5, UINT32_MAX - 2041, TWO_32 + 5 - 2047 },
        { TWO_32 + 5, UINT32_MAX - 2042,
            2 * TWO_32 - 2043 }, /* left of the window: it can only be far ahead */
        { TWO_32 + 5, 6, TWO_32 + 6 },
        { TWO_32 + 3000, 900, 2 * TWO_32 + 900 },
        { 5 * TWO_32 + 100000, 99999, 5 * TWO_32 + 99999 },
        { 5 * TWO_32 + 100000, 50, 6 * TWO_32 + 50 },
        { UINT64_MAX, 0, 0 }, /* the end: nothing comes after */
        { UINT64_MAX, 77, 0 },
        { UINT64_MAX, UINT32_MAX - 5, UINT64_MAX - 5 },
    };

    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        struct esp_replay replay;
        uint64_t meant = 0;

        test_context("row %zu", i);
        esp_replay_init(&replay, 2048, true);
        replay.top = cases[i].top;
        CHECK_EQ(esp_replay_check(&replay, cases[i].wire, &meant), cases[i].meant != 0);
        CHECK_EQ(meant, cases[i].meant);
    }
}

/* Knows every number that came; its base keeps it small. */
struct model {
    uint64_t base, top;
    uint32_t window;
    uint8_t seen[1 << 20];
};

static bool model_receive(struct model *model, uint64_t sequence)
{
    uint8_t *seen = &model->seen[sequence - model->base];

    if (sequence == 0 || *seen || (sequence < model->top && model->top - sequence >= model->window))
        return false;
    *seen = 1;
    model->top = MAX_OF(model->top, sequence);
    return true;
}

static void random_walk(uint64_t base, uint32_t window, bool esn, uint64_t seed)
{
    static struct model model;
    struct esp_replay replay;
    struct prng prng = { seed };

    memset(&model, 0, sizeof(model));
    model.base = base;
    model.top = base;
    model.window = window;
    esp_replay_init(&replay, window, esn);
    replay.top = base;
    model.seen[0] = 1;
    replay.seen[base / 64 % ESP_REPLAY_WORDS] |= (uint64_t)1 << (base % 64);
    test_context("base %" PRIu64 ", window %u, seed %" PRIu64, base, window, seed);
    while (model.top < base + sizeof(model.seen) - 20000) {
        uint64_t spread = prng_next(&prng) % 50 == 0 ? 10000 : 3000;
        uint64_t least = model.top > base + spread ? model.top - spread : base;
        uint64_t sequence = prng_between(&prng, least, model.top + (prng_next(&prng) % 20 == 0 ? 6000 : 20));
        bool expected = model_receive(&model, sequence);

        if (!CHECK_EQ(receive(&replay, sequence), expected))
            return;
    }
    CHECK_EQ(replay.top, model.top);
}

static void a_model_agrees(void)
{
    static const uint32_t windows[] = { 1024, 2048, ESP_REPLAY_MAX_PACKETS };

    for (size_t i = 0; i < ELEMENTSOF(windows); i++) {
        random_walk(0, windows[i], false, 1);
        random_walk(TWO_32 - (1 << 19), windows[i], true, 2);
        random_walk(UINT64_MAX - (1 << 20) + 1, windows[i], true, 3);
    }
}

static const struct test tests[] = {
    TEST(the_window_has_bounds),
    TEST(numbers_begin_with_one),
    TEST(asking_changes_nothing),
    TEST(the_left_edge_is_exact),
    TEST(far_jumps_forget_what_is_left_behind),
    TEST(the_upper_half_is_guessed),
    TEST(a_model_agrees),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
