/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies in the kernel: from each golden lockdown to each other, in its two steps: never is more open than before and after; the end is what a
 * fresh start gives; and what others did to ours meanwhile, or a wrong memory of it, changes nothing of that.
 * Needs root and XFRM (skipped with 77 otherwise); works in a network namespace that ends with the test. Packets: fw-policies.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/fw.h"
#include "fw/xfrm.h"
#include "support/test.h"
#include "unit/fw-cases.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static const struct fw_links LINKS = {
    .n_links = 4,
    .links = { { 1, "lo" }, { 2, "wlan0" }, { 7, "mvpn0" }, { 9, "wwan0mms" } },
    .n_addrs = 1,
    .addrs = { { 6, { 0xfd, [15] = 7 } } },
};

static void make(const struct fw_case *fw_case, struct fw_policies *ret)
{
    struct lockdown lockdown;

    fw_case_get(fw_case, &lockdown);
    fw_policies_make(&lockdown, &LINKS, ret);
}

static void bring_to(struct fw_xfrm *xfrm, const struct fw_policies *wanted)
{
    CHECK_EQ(fw_xfrm_narrow(xfrm, wanted), 0);
    CHECK_EQ(fw_xfrm_widen(xfrm, wanted), 0);
}

/* What the kernel says, to whoever asks for the first time. */
static void look(struct fw_xfrm *ret)
{
    int r = fw_xfrm_open(ret);

    CHECK_EQ(r, 0);
    r = fw_xfrm_is_installed(ret);
    CHECK_EQ(r, ret->n_has > 0);
    close_fd(&ret->fd);
}

static bool has(const struct fw_xfrm *xfrm, const struct fw_xfrm_policy *policy)
{
    for (uint32_t i = 0; i < xfrm->n_has; i++) {
        if (memcmp(&xfrm->has[i], policy, sizeof(*policy)) == 0)
            return true;
    }
    return false;
}

static bool is_same(const struct fw_xfrm *a, const struct fw_xfrm *b)
{
    for (uint32_t i = 0; i < a->n_has; i++) {
        if (!has(b, &a->has[i]))
            return false;
    }
    return a->n_has == b->n_has;
}

static void fresh(const struct fw_policies *wanted, struct fw_xfrm *ret)
{
    static const struct fw_policies NOTHING;
    struct fw_xfrm xfrm;

    CHECK_EQ(fw_xfrm_open(&xfrm), 0);
    bring_to(&xfrm, &NOTHING);
    bring_to(&xfrm, wanted);
    CHECK_EQ(xfrm.n_has, wanted->n_policies);
    close_fd(&xfrm.fd);
    look(ret);
}

/* Half-way between two lockdowns, both blocking: what is allowed, both allow; what either blocks is blocked. */
static void check_half_way(const struct fw_xfrm *from, const struct fw_xfrm *now, const struct fw_xfrm *to)
{
    for (uint32_t i = 0; i < now->n_has; i++)
        CHECK(now->has[i].action == XFRM_POLICY_BLOCK || (has(from, &now->has[i]) && has(to, &now->has[i])));
    for (uint32_t i = 0; i < from->n_has; i++)
        CHECK(from->has[i].action == XFRM_POLICY_ALLOW || has(now, &from->has[i]));
    for (uint32_t i = 0; i < to->n_has; i++)
        CHECK(to->has[i].action == XFRM_POLICY_ALLOW || has(now, &to->has[i]));
}

static void check_change(const struct fw_policies *from, const struct fw_policies *to)
{
    static struct fw_xfrm before, half, after, wanted, xfrm;

    fresh(to, &wanted);
    fresh(from, &before);
    CHECK_EQ(fw_xfrm_open(&xfrm), 0);
    CHECK_EQ(fw_xfrm_narrow(&xfrm, to), 0);
    look(&half);
    if (from->n_policies == 0)
        CHECK(is_same(&half, &wanted)); /* from an open system everything at once */
    else if (to->n_policies == 0)
        CHECK(is_same(&half, &before)); /* the ruleset goes first */
    else
        check_half_way(&before, &half, &wanted);
    CHECK_EQ(fw_xfrm_widen(&xfrm, to), 0);
    look(&after);
    CHECK(is_same(&after, &wanted));
    CHECK(is_same(&xfrm, &wanted));
    close_fd(&xfrm.fd);
}

static void every_change_is_never_more_open(void)
{
    for (size_t i = 0; i < N_FW_CASES * N_FW_CASES; i++) {
        const struct fw_case *a = &FW_CASES[i / N_FW_CASES], *b = &FW_CASES[i % N_FW_CASES];
        struct fw_policies from, to;

        test_context("%s to %s", a->name, b->name);
        make(a, &from);
        make(b, &to);
        check_change(&from, &to);
    }
}

/* Another process removes or changes all of it; what we keep in mind is wrong. */
static void a_wrong_memory_is_put_right(void)
{
    static struct fw_xfrm ours, theirs, wanted, after;
    struct fw_policies connected, lan, other;

    for (size_t i = 0; i < N_FW_CASES; i++) {
        test_context("%s", FW_CASES[i].name);
        make(&FW_CASES[4], &connected);
        make(&FW_CASES[7], &lan);
        make(&FW_CASES[i], &other);
        fresh(&lan, &wanted);
        CHECK_EQ(fw_xfrm_open(&ours), 0);
        CHECK_EQ(fw_xfrm_open(&theirs), 0);
        bring_to(&ours, &connected);
        bring_to(&theirs, &other);
        bring_to(&ours, &lan); /* from memory: deletions of what is gone fail, and it looks again */
        fw_xfrm_distrust(&ours);
        bring_to(&ours, &lan);
        look(&after);
        CHECK(is_same(&after, &wanted));
        close_fd(&ours.fd);
        close_fd(&theirs.fd);
    }
}

/* The same policies, but what they do is turned round: put right, one message each. */
static void what_they_do_is_put_right(void)
{
    static struct fw_xfrm ours, theirs, wanted, after;
    struct fw_policies list, turned;

    make(&FW_CASES[7], &list);
    fresh(&list, &wanted);
    turned = list;
    for (uint32_t i = 0; i < turned.n_policies; i++)
        turned.policies[i].allow = !turned.policies[i].allow;
    CHECK_EQ(fw_xfrm_open(&ours), 0);
    CHECK_EQ(fw_xfrm_open(&theirs), 0);
    bring_to(&theirs, &turned);
    bring_to(&ours, &list);
    look(&after);
    CHECK(is_same(&after, &wanted));
    close_fd(&ours.fd);
    close_fd(&theirs.fd);
}

static void the_face_tells(void)
{
    struct lockdown lockdown = { .active = false };
    struct fw *fw;

    CHECK_EQ(fw_new(&fw), 0);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_has_policies(fw), 0);
    fw_case_base(&lockdown);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_policies_result(fw), 0);
    CHECK_EQ(fw_has_policies(fw), 1);
    fw_free(fw);
    /* another process, as `mvpnctl disable` */
    CHECK_EQ(fw_new(&fw), 0);
    CHECK_EQ(fw_has_policies(fw), 1);
    CHECK_EQ(fw_apply(fw, &(struct lockdown){ .active = false }), 0);
    CHECK_EQ(fw_has_policies(fw), 0);
    fw_free(fw);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(every_change_is_never_more_open),
        TEST(a_wrong_memory_is_put_right),
        TEST(what_they_do_is_put_right),
        TEST(the_face_tells),
    };
    struct fw_xfrm xfrm;

    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || fw_xfrm_open(&xfrm) < 0) {
        puts("skipped: needs root, a network namespace and XFRM");
        return 77;
    }
    close_fd(&xfrm.fd);
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
