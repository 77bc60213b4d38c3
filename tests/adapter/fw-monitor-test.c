/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who touched our table? Each thing that another program may do to it is told, with the program's name and process, and put back by one more
 * fw_apply(); what we do ourselves, and what others do to their own tables, is not; a lost message counts as a disturbance unless the last
 * change was ours; whatever others do at the same moment, applying succeeds.
 * Needs root and nft (skipped with 77 otherwise); works in a network namespace that ends with the test.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/fw.h"
#include "support/test.h"
#include "unit/fw-cases.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_RACES 300

/* Runs nft as another process; its number goes to ret_pid. */
static int run_nft(const char *command, pid_t *ret_pid)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        execlp("nft", "nft", command, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    if (ret_pid)
        *ret_pid = pid;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_readable(const struct fw *fw)
{
    struct pollfd p = { .fd = fw_fd(fw), .events = POLLIN };

    return poll(&p, 1, 0) == 1;
}

/* A firewall that stands, with two gateways, and nothing unread. */
static struct fw *start(struct lockdown *ret)
{
    struct fw_disturbance who;
    struct fw *fw = NULL;

    CHECK_EQ(run_nft("flush ruleset", NULL), 0);
    CHECK_EQ(fw_new(&fw), 0);
    CHECK(fw_fd(fw) >= 0);
    CHECK(!is_readable(fw));
    fw_case_base(ret);
    fw_case_add_peer(ret->gateways, &ret->n_gateways, "192.0.2.1", 0);
    fw_case_add_peer(ret->gateways, &ret->n_gateways, "192.0.2.2", 0);
    CHECK_EQ(fw_apply(fw, ret), 0);
    CHECK_EQ(fw_dispatch(fw, &who), 0);
    CHECK(!is_readable(fw));
    return fw;
}

static void what_others_do_to_the_table_is_told(void)
{
    static const char *const FAULTS[] = {
        "flush ruleset",
        "flush ruleset inet",
        "delete table inet mvpn",
        "flush table inet mvpn",
        "flush chain inet mvpn output",
        "insert rule inet mvpn output accept",
        "add chain inet mvpn output { policy accept; }",
        "flush set inet mvpn ike4",
        "delete element inet mvpn ike4 { 192.0.2.1 . 500 }",
        "add element inet mvpn ike4 { 192.0.2.9 . 500 }",
        "add table inet mvpn { flags dormant; }",
        "delete table inet mvpn; add table inet other",
        "add table inet other; add chain inet mvpn more",
    };

    for (size_t i = 0; i < ELEMENTSOF(FAULTS); i++) {
        struct fw_disturbance who = { .pid = 0 };
        struct lockdown lockdown;
        struct fw *fw = start(&lockdown);
        pid_t pid = 0;

        test_context("%s", FAULTS[i]);
        CHECK_EQ(run_nft(FAULTS[i], &pid), 0);
        CHECK(is_readable(fw));
        CHECK_EQ(fw_dispatch(fw, &who), 1);
        CHECK_STR(who.program, "nft");
        CHECK_EQ(who.pid, (uint32_t)pid);
        CHECK(!is_readable(fw));
        CHECK_EQ(fw_dispatch(fw, &who), 0);
        /* putting it back is nobody's disturbance */
        CHECK_EQ(fw_apply(fw, &lockdown), 0);
        CHECK_EQ(fw_is_installed(fw), 1);
        CHECK_EQ(fw_dispatch(fw, &who), 0);
        fw_free(fw);
    }
    test_context(" ");
}

static void other_tables_are_not_ours(void)
{
    static const char *const OTHERS[] = {
        "add table inet other",
        "add table ip mvpn; add chain ip mvpn output",
        "add table inet mvpn2; add chain inet mvpn2 mvpn",
        "flush ruleset ip",
        "add set inet other s { type ipv4_addr; }; add element inet other s { 192.0.2.1, 192.0.2.2 }",
        "delete table inet other",
    };
    struct fw_disturbance who;
    struct lockdown lockdown;
    struct fw *fw = start(&lockdown);

    for (size_t i = 0; i < ELEMENTSOF(OTHERS); i++) {
        test_context("%s", OTHERS[i]);
        CHECK_EQ(run_nft(OTHERS[i], NULL), 0);
        CHECK_EQ(fw_dispatch(fw, &who), 0);
    }
    test_context(" ");
    fw_free(fw);
}

static void what_we_do_is_not_told(void)
{
    struct fw_disturbance who;
    struct fw *fw;

    CHECK_EQ(run_nft("flush ruleset", NULL), 0);
    CHECK_EQ(fw_new(&fw), 0);
    for (size_t i = 0; i < N_FW_CASES * N_FW_CASES; i++) {
        struct lockdown from, to;

        test_context("%s to %s", FW_CASES[i / N_FW_CASES].name, FW_CASES[i % N_FW_CASES].name);
        fw_case_get(&FW_CASES[i / N_FW_CASES], &from);
        fw_case_get(&FW_CASES[i % N_FW_CASES], &to);
        CHECK_EQ(fw_apply(fw, &from), 0);
        CHECK_EQ(fw_apply(fw, &to), 0); /* by elements where that does */
        CHECK_EQ(fw_dispatch(fw, &who), 0);
    }
    test_context(" ");
    fw_free(fw);
}

static void a_change_before_ours_is_still_told(void)
{
    struct fw_disturbance who = { .pid = 0 };
    struct lockdown lockdown;
    struct fw *fw = start(&lockdown);
    pid_t first = 0;

    CHECK_EQ(run_nft("flush ruleset", &first), 0);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(run_nft("delete table inet mvpn", NULL), 0);
    CHECK_EQ(fw_dispatch(fw, &who), 1);
    CHECK_EQ(who.pid, (uint32_t)first);
    fw_free(fw);
}

/* The name that a program gives itself cannot break a line. */
static void a_name_is_made_printable(void)
{
    struct fw_disturbance who = { .pid = 0 };
    struct lockdown lockdown;
    struct fw *fw = start(&lockdown);
    pid_t pid = fork();

    if (pid == 0) {
        struct fw *other;

        prctl(PR_SET_NAME, "a\nb\x1b%s");
        _exit(fw_new(&other) < 0 || fw_apply(other, &(struct lockdown){ .active = false }) < 0);
    }
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(fw_dispatch(fw, &who), 1);
    CHECK_STR(who.program, "a?b?%s");
    CHECK_EQ(who.pid, (uint32_t)pid);
    fw_free(fw);
}

/* Ten thousand elements: more than the socket holds. */
static void overflow(const char *command)
{
    FILE *f = popen("nft -f -", "w");

    if (!CHECK(f != NULL))
        return;
    fprintf(f, "add table inet other\nadd set inet other s { type ipv4_addr; }\n");
    for (unsigned i = 0; i < 30000; i++)
        fprintf(f, "add element inet other s { 10.0.%u.%u }\n", i / 250, i % 250);
    fprintf(f, "%s", command);
    CHECK_EQ(pclose(f), 0);
}

static void lost_messages_count_as_a_disturbance(void)
{
    struct fw_disturbance who = { .pid = 1 };
    struct lockdown lockdown;
    struct fw *fw = start(&lockdown);

    overflow("delete table inet mvpn\n");
    CHECK_EQ(fw_is_installed(fw), 0);
    CHECK_EQ(fw_dispatch(fw, &who), 1);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_dispatch(fw, &who), 0);
    CHECK_EQ(fw_is_installed(fw), 1);
    /* and so that nothing can go on for ever by itself: what was lost before our own change is no harm */
    overflow("");
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_dispatch(fw, &who), 0);
    CHECK(!is_readable(fw));
    fw_free(fw);
}

/* Another process flushes without pause while we apply: none of ours fails, and at the end it is put back. */
static void applying_wins_every_race(void)
{
    struct fw_disturbance who;
    struct lockdown lockdown;
    struct fw *fw = start(&lockdown);
    unsigned n_disturbed = 0;
    pid_t pid = fork();

    if (pid == 0) {
        struct fw *other;

        if (fw_new(&other) < 0)
            _exit(1);
        while (fw_apply(other, &(struct lockdown){ .active = false }) == 0)
            ;
        _exit(1);
    }
    for (unsigned i = 0; i < N_RACES; i++) {
        n_disturbed += fw_dispatch(fw, &who) == 1;
        CHECK_EQ(fw_apply(fw, &lockdown), 0);
    }
    kill(pid, SIGKILL);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK(n_disturbed > 0);
    while (fw_dispatch(fw, &who) != 0)
        CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_is_installed(fw), 1);
    CHECK(!is_readable(fw));
    fw_free(fw);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(what_others_do_to_the_table_is_told),
        TEST(other_tables_are_not_ours),
        TEST(what_we_do_is_not_told),
        TEST(a_change_before_ours_is_still_told),
        TEST(a_name_is_made_printable),
        TEST(lost_messages_count_as_a_disturbance),
        TEST(applying_wins_every_race),
    };

    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || run_nft("flush ruleset", NULL) != 0) {
        puts("skipped: needs root, a network namespace and nft");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
