/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lockdown to policies, compared with the files in fw-golden; and what no lockdown may do: allow more than its own interfaces or an address by
 * itself, or leave out a block. Links only what makes the list: no kernel.
 */
#include "base/macro.h"
#include "base/strbuf.h"
#include "fw/fw.h"
#include "fw/policies.h"
#include "fw/render.h"
#include "support/test.h"
#include "unit/fw-cases.h"
#include "unit/fw-golden.h"

#include <stdio.h>
#include <string.h>

#define WLAN0 2
#define MVPN0 7
#define MMS   9

/* A handset's interfaces; 8 is another tunnel. */
static const struct fw_links LINKS = {
    .n_links = 6,
    .links = { { 1, "lo" }, { WLAN0, "wlan0" }, { 3, "usb0" }, { MVPN0, "mvpn0" }, { 8, "tun0" },
        { MMS, "wwan0mms" } },
    .n_addrs = 2,
    .addrs = { { 6, { [15] = 1 } }, { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } } },
};

static void format_policy(const struct fw_policy *p, struct strbuf *ret)
{
    char text[IP_PREFIX_TEXT_SIZE];

    strbuf_add(ret, "%u %s %s ip%u", p->level, p->direction == FW_DIRECTION_OUT ? "out" : "forward",
        p->allow ? "allow" : "block", p->family);
    if (p->source.addr.family)
        strbuf_add(ret, " from %s", ip_prefix_format(&p->source, text, sizeof(text)));
    if (p->destination.addr.family)
        strbuf_add(ret, " to %s", ip_prefix_format(&p->destination, text, sizeof(text)));
    if (p->protocol)
        strbuf_add(ret, " protocol %u", p->protocol);
    if (p->source_port || p->destination_port)
        strbuf_add(ret, " ports %u %u", p->source_port, p->destination_port);
    if (p->ifindex)
        strbuf_add(ret, " dev %d", p->ifindex);
    if (p->mark)
        strbuf_add(ret, " mark 0x%x", p->mark);
    strbuf_add(ret, "\n");
}

static void golden_files(void)
{
    for (size_t i = 0; i < N_FW_CASES; i++) {
        char text[FW_RULESET_MAX_BYTES];
        struct fw_policies list;
        struct lockdown lockdown;
        struct strbuf s;

        test_context("%s", FW_CASES[i].name);
        fw_case_get(&FW_CASES[i], &lockdown);
        fw_policies_make(&lockdown, &LINKS, &list);
        strbuf_init(&s, text, sizeof(text));
        for (uint32_t k = 0; k < list.n_policies; k++)
            format_policy(&list.policies[k], &s);
        CHECK(!s.truncated);
        fw_golden_check(FW_CASES[i].name, "xfrm", text);
    }
}

static bool is_bare_block(const struct fw_policy *p)
{
    return !p->allow && p->level == FW_LEVEL_REST && !p->source.addr.family && !p->destination.addr.family &&
           !p->protocol && !p->source_port && !p->destination_port && !p->ifindex && !p->mark;
}

static void everything_else_is_blocked(void)
{
    for (size_t i = 0; i < N_FW_CASES; i++) {
        unsigned n_blocks = 0;
        struct fw_policies list;
        struct lockdown lockdown;

        test_context("%s", FW_CASES[i].name);
        fw_case_get(&FW_CASES[i], &lockdown);
        fw_policies_make(&lockdown, &LINKS, &list);
        for (uint32_t k = 0; k < list.n_policies; k++) {
            n_blocks += is_bare_block(&list.policies[k]);
            CHECK(!list.policies[k].allow || list.policies[k].level < FW_LEVEL_REST);
        }
        CHECK_EQ(n_blocks, lockdown.active ? 4U : 0U); /* two directions, two families */
    }
}

/* By which interface, to whom, with which mark or what: something of it must be said. */
static bool is_bounded(const struct fw_policy *p, uint32_t mark)
{
    if (p->ifindex == 1 || p->ifindex == MVPN0 || p->ifindex == MMS)
        return true;
    if (p->mark == mark)
        return p->destination.length >= 32 && p->protocol && (p->destination_port || p->protocol == 50);
    if (p->mark == fw_answer_mark(mark))
        return true;
    if (p->level == FW_LEVEL_INNER)
        return p->source.length == 128;
    if (p->level == FW_LEVEL_OURS)
        return p->destination.length == 128;
    return p->destination.length > 0 ||
           (p->protocol == 58 && (p->source_port == 135 || p->source_port == 136));
}

static void nothing_is_allowed_without_a_bound(void)
{
    for (size_t i = 0; i < N_FW_CASES; i++) {
        struct fw_policies list;
        struct lockdown lockdown;

        fw_case_get(&FW_CASES[i], &lockdown);
        fw_policies_make(&lockdown, &LINKS, &list);
        for (uint32_t k = 0; k < list.n_policies; k++) {
            test_context("%s, policy %u", FW_CASES[i].name, k + 1);
            CHECK(!list.policies[k].allow || is_bounded(&list.policies[k], lockdown.mark));
        }
    }
}

/* As many of everything as there can be: the list has room, and nobody is in it twice. */
static void the_largest_fits(void)
{
    struct fw_links links = { .n_links = FW_LINKS_MAX, .n_addrs = FW_OWN_ADDRS_MAX };
    struct fw_policies list;
    struct lockdown lockdown;

    for (unsigned i = 0; i < FW_LINKS_MAX; i++) {
        links.links[i].ifindex = (int)i + 1;
        snprintf(links.links[i].name, IF_NAME_SIZE, i < POLICY_NAMES_MAX ? "wwan%02uservices" : "eth%u", i);
    }
    for (unsigned i = 0; i < FW_OWN_ADDRS_MAX; i++)
        links.addrs[i] = (struct ip_addr){ 6, { 0xfd, [15] = (uint8_t)i } };
    fw_case_get(&FW_CASES[N_FW_CASES - 1], &lockdown);
    CHECK(strcmp(FW_CASES[N_FW_CASES - 1].name, "largest") == 0);
    fw_policies_make(&lockdown, &links, &list);
    CHECK(list.n_policies > 250 && list.n_policies < FW_POLICIES_MAX);
    snprintf(lockdown.cellular_services[1], IF_NAME_SIZE, "%s", lockdown.cellular_services[0]);
    links.addrs[1] = links.addrs[0];
    {
        uint32_t n_before = list.n_policies;

        fw_policies_make(&lockdown, &links, &list);
        CHECK_EQ(list.n_policies, n_before - 3);
    }
}

/* An interface that is not there has no policy. */
static void interfaces_that_are_missing(void)
{
    const struct fw_links none = { .n_links = 0 };
    struct fw_policies list;
    struct lockdown lockdown;

    fw_case_base(&lockdown);
    lockdown.n_cellular_services = 1;
    strcpy(lockdown.cellular_services[0], "wwan0mms");
    fw_policies_make(&lockdown, &none, &list);
    for (uint32_t k = 0; k < list.n_policies; k++)
        CHECK(list.policies[k].ifindex == 0 || list.policies[k].ifindex == 1);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(golden_files),
        TEST(everything_else_is_blocked),
        TEST(nothing_is_allowed_without_a_bound),
        TEST(the_largest_fits),
        TEST(interfaces_that_are_missing),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
