/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict on each link in words: what put it behind the one that was chosen, criterion by criterion, and what stickiness keeps out.
 */
#include "base/macro.h"
#include "support/core-fixture.h"

static const char *const servers[] = { "192.0.2.1" };
static const char *const addresses[] = { GATEWAY };

static void connect_over(struct fixture *f, uint32_t n_links, const struct link *links)
{
    fx_links(f, n_links, links);
    fx_simple(f, EVENT_ENABLE);
    fx_resolvers(f, 1, servers);
    fx_resolved(f, 1, addresses);
    fx_established(f);
    CHECK_STATE(f, STATE_CONNECTED, REASON_ESTABLISHED);
}

static void check_why(const struct fixture *f, const char *name, const char *wanted)
{
    struct link_verdict verdict;

    test_context("%s", name);
    for (uint32_t i = 0; i < core_n_links(f->mirror.core); i++) {
        const struct link *link = core_get_link(f->mirror.core, i, &verdict);
        if (strcmp(link->name, name) == 0) {
            CHECK_STR(verdict.why, wanted);
            return;
        }
    }
    CHECK(false);
}

static void each_criterion_is_named(void)
{
    static const struct {
        const char *what;
        bool metered, roaming;
        uint32_t metric;
        const char *why;
    } rows[] = {
        { "metered", true, false, 600, "usable, but wlan1 is metered and wlan0 is not" },
        { "metric", false, false, 601, "usable, but its route's metric 601 is higher than 600 of wlan0" },
        { "a tie", false, false, 600, "usable, but wlan0, which is as good, was there first" },
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct link links[2] = { wlan0(), wlan0() };
        struct fixture f;

        test_context("%s", rows[i].what);
        links[1].ifindex = 9;
        memcpy(links[1].name, "wlan1", 6);
        links[1].metered = rows[i].metered;
        links[1].routes[0].metric = rows[i].metric;
        fixture_init(&f);
        connect_over(&f, 2, links);
        check_why(&f, "wlan0", "carries the tunnel");
        check_why(&f, "wlan1", rows[i].why);
        fixture_done(&f);
    }
}

static void types_have_an_order_and_the_administrator_another(void)
{
    struct fixture f;
    struct policy policy;

    fixture_init(&f);
    connect_over(&f, 2, (struct link[]){ wwan0(), wlan0() });
    check_why(&f, "wwan0", "usable, but wifi comes before cellular");
    fixture_done(&f);

    fixture_policy(&policy);
    policy.n_prefer = 1;
    strcpy(policy.prefer[0], "wwan0");
    fixture_init_with(&f, &policy, 1);
    connect_over(&f, 2, (struct link[]){ wwan0(), wlan0() });
    check_why(&f, "wlan0", "usable, but wwan0 comes before wifi");
    fixture_done(&f);
}

static void roaming_counts_after_the_rest(void)
{
    struct link links[2] = { wwan0(), wwan0() };
    struct fixture f;

    links[1].ifindex = 9;
    memcpy(links[1].name, "wwan1", 6);
    links[1].roaming = true;
    fixture_init(&f);
    connect_over(&f, 2, links);
    check_why(&f, "wwan1", "usable, but wwan1 is roaming and wwan0 is not");
    fixture_done(&f);
}

static void a_better_link_waits(void)
{
    struct link down = eth0();
    struct fixture f;

    down.carrier = false;
    fixture_init(&f);
    connect_over(&f, 1, (struct link[]){ wwan0() });
    fx_links(&f, 3, (struct link[]){ wwan0(), wlan0(), down });
    check_why(&f, "wlan0", "better (wifi comes before cellular), but a tunnel stays where it is until its link is lost");
    check_why(&f, "eth0", "no carrier");
    fixture_done(&f);
}

static void without_a_tunnel_the_next_is_named(void)
{
    struct fixture f;

    fixture_init(&f);
    fx_links(&f, 2, (struct link[]){ wwan0(), wlan0() });
    check_why(&f, "wlan0", "usable, and the next to be tried");
    check_why(&f, "wwan0", "usable, but wifi comes before cellular");
    fx_simple(&f, EVENT_ENABLE);
    check_why(&f, "wlan0", "chosen for this attempt");
    fixture_done(&f);
}

static const struct test tests[] = {
    TEST(each_criterion_is_named),
    TEST(types_have_an_order_and_the_administrator_another),
    TEST(roaming_counts_after_the_rest),
    TEST(a_better_link_waits),
    TEST(without_a_tunnel_the_next_is_named),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
