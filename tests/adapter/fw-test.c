/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's word on the rulesets: each golden lockdown is accepted; from each to each other, an update leaves what a fresh installation
 * would; whatever somebody else removed comes back; other tables stay; refusals have an errno and a sentence.
 * Needs root (skipped with 77 otherwise); works in a network namespace that ends with the test. Packets: fw-packets.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/fw.h"
#include "fw/netlink.h"
#include "support/test.h"
#include "unit/fw-cases.h"

#include <nftables/libnftables.h>

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>

#define LISTING_SIZE 65536

/* Runs a batch; the listing it prints, where it does, goes to `ret`. */
static int run_nft(const char *batch, char *ret, bool dry_run)
{
    struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
    int r;

    nft_ctx_buffer_output(ctx);
    nft_ctx_buffer_error(ctx);
    nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_STATELESS);
    nft_ctx_set_dry_run(ctx, dry_run);
    r = nft_run_cmd_from_buffer(ctx, batch);
    if (r != 0)
        fprintf(stderr, "%s", nft_ctx_get_error_buffer(ctx));
    if (ret)
        snprintf(ret, LISTING_SIZE, "%s", nft_ctx_get_output_buffer(ctx));
    nft_ctx_free(ctx);
    return r;
}

static struct fw *open_fw(void)
{
    struct fw *fw = NULL;

    CHECK_EQ(fw_new(&fw), 0);
    return fw;
}

static void flush_all(void)
{
    CHECK_EQ(run_nft("flush ruleset\n", NULL, false), 0);
}

static void list_fresh(const struct lockdown *lockdown, char *ret)
{
    struct fw *fw = open_fw();

    flush_all();
    CHECK_EQ(fw_apply(fw, lockdown), 0);
    CHECK_EQ(run_nft("list ruleset\n", ret, false), 0);
    fw_free(fw);
}

static void the_kernel_takes_every_case(void)
{
    for (size_t i = 0; i < N_FW_CASES; i++) {
        struct fw *fw = open_fw();
        struct lockdown lockdown;
        char text[FW_RULESET_MAX_BYTES];
        struct strbuf s;

        test_context("%s", FW_CASES[i].name);
        flush_all();
        fw_case_get(&FW_CASES[i], &lockdown);
        strbuf_init(&s, text, sizeof(text));
        fw_render(&lockdown, &s);
        CHECK_EQ(run_nft(text, NULL, true), 0);
        CHECK_EQ(fw_is_installed(fw), 0);
        CHECK_EQ(fw_apply(fw, &lockdown), 0);
        CHECK_STR(fw_error(fw), "");
        CHECK_EQ(fw_is_installed(fw), lockdown.active);
        fw_free(fw);
    }
}

static void every_change_ends_where_a_fresh_start_does(void)
{
    _cleanup_free_ char *wanted = malloc(LISTING_SIZE), *got = malloc(LISTING_SIZE);

    for (size_t i = 0; i < N_FW_CASES * N_FW_CASES; i++) {
        const struct fw_case *a = &FW_CASES[i / N_FW_CASES], *b = &FW_CASES[i % N_FW_CASES];
        struct lockdown from, to;
        struct fw *fw;

        test_context("%s to %s", a->name, b->name);
        fw_case_get(a, &from);
        fw_case_get(b, &to);
        list_fresh(&to, wanted);
        flush_all();
        fw = open_fw();
        CHECK_EQ(fw_apply(fw, &from), 0);
        CHECK_EQ(fw_apply(fw, &to), 0);
        CHECK_EQ(run_nft("list ruleset\n", got, false), 0);
        CHECK_STR(got, wanted);
        fw_free(fw);
    }
}

/* What others do to our table between two of our transactions. */
static void what_was_removed_comes_back(void)
{
    static const char *const FAULTS[] = {
        "flush ruleset\n",
        "delete table inet mvpn\n",
        "flush ruleset\nadd table inet mvpn\n",
        ("flush chain inet mvpn output\nflush chain inet mvpn input\nflush chain inet mvpn forward\n"
         "flush chain inet mvpn prerouting\ndelete set inet mvpn ike4\n"),
        "flush chain inet mvpn output\n",
        "insert rule inet mvpn output accept\n",
    };
    static const char *const NEXT[] = { "closed", "connecting", "disabled" };
    _cleanup_free_ char *wanted = malloc(LISTING_SIZE), *got = malloc(LISTING_SIZE);

    for (size_t i = 0; i < ELEMENTSOF(FAULTS) * ELEMENTSOF(NEXT); i++) {
        const char *fault = FAULTS[i / ELEMENTSOF(NEXT)], *next = NEXT[i % ELEMENTSOF(NEXT)];
        struct fw *fw = open_fw();
        struct lockdown closed, to;

        test_context("fault %zu, then %s", i / ELEMENTSOF(NEXT), next);
        for (size_t k = 0; k < N_FW_CASES; k++) {
            if (strcmp(FW_CASES[k].name, next) == 0)
                fw_case_get(&FW_CASES[k], &to);
            if (strcmp(FW_CASES[k].name, "closed") == 0)
                fw_case_get(&FW_CASES[k], &closed);
        }
        list_fresh(&to, wanted);
        CHECK_EQ(fw_apply(fw, &closed), 0);
        CHECK_EQ(run_nft(fault, NULL, false), 0);
        CHECK_EQ(fw_apply(fw, &to), 0);
        CHECK_EQ(run_nft("list ruleset\n", got, false), 0);
        CHECK_STR(got, wanted);
        fw_free(fw);
    }
}

/* The handle that the kernel gave the table: a new one with each whole installation. */
static unsigned table_handle(void)
{
    struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
    const char *at;
    unsigned handle = 0;

    nft_ctx_buffer_output(ctx);
    nft_ctx_output_set_flags(ctx, NFT_CTX_OUTPUT_HANDLE);
    CHECK_EQ(nft_run_cmd_from_buffer(ctx, "list table inet mvpn\n"), 0);
    at = strstr(nft_ctx_get_output_buffer(ctx), "mvpn { # handle ");
    if (CHECK(at != NULL))
        CHECK_EQ(sscanf(at, "mvpn { # handle %u", &handle), 1);
    nft_ctx_free(ctx);
    return handle;
}

static void addresses_change_without_the_rules(void)
{
    struct fw *fw = open_fw();
    struct lockdown lockdown;
    unsigned handle;

    flush_all();
    fw_case_base(&lockdown);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    handle = table_handle();
    fw_case_add_peer(lockdown.gateways, &lockdown.n_gateways, "192.0.2.1", 0);
    fw_case_add_peer(lockdown.gateways, &lockdown.n_gateways, "2001:db8::1", 10500);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(table_handle(), handle);
    lockdown.tunnel_up = true;
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(table_handle(), handle);
    /* nothing differs, or somebody was there: all of it again */
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_NE(table_handle(), handle);
    handle = table_handle();
    CHECK_EQ(run_nft("add table inet others\n", NULL, false), 0);
    lockdown.tunnel_up = false;
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_NE(table_handle(), handle);
    fw_free(fw);
}

static void other_tables_stay(void)
{
    static const char *const OTHERS = "table ip mvpn {\nchain c {\ncounter\n}\n}\n"
                                      "table inet others {\nset s {\ntype ipv4_addr\nelements = { 192.0.2.1 }\n}\n}\n";
    _cleanup_free_ char *before = malloc(LISTING_SIZE), *after = malloc(LISTING_SIZE);
    struct fw *fw = open_fw();
    struct lockdown lockdown;

    flush_all();
    CHECK_EQ(run_nft(OTHERS, NULL, false), 0);
    CHECK_EQ(run_nft("list ruleset\n", before, false), 0);
    CHECK_EQ(fw_is_installed(fw), 0);
    fw_case_base(&lockdown);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_is_installed(fw), 1);
    lockdown = (struct lockdown){ 0 };
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(fw_is_installed(fw), 0);
    CHECK_EQ(run_nft("list ruleset\n", after, false), 0);
    CHECK_STR(after, before);
    fw_free(fw);
}

/* Another process, or the same one after a crash, starts from what is there. */
static void a_second_process_takes_over(void)
{
    _cleanup_free_ char *wanted = malloc(LISTING_SIZE), *got = malloc(LISTING_SIZE);
    struct fw *first = open_fw(), *second = open_fw();
    struct lockdown lockdown;

    fw_case_get(&FW_CASES[2], &lockdown);
    list_fresh(&lockdown, wanted);
    flush_all();
    CHECK_EQ(fw_apply(first, &(struct lockdown){ .active = true, .mark = 1, .interface = "other0" }), 0);
    fw_free(first);
    CHECK_EQ(fw_is_installed(second), 1);
    CHECK_EQ(fw_apply(second, &lockdown), 0);
    CHECK_EQ(run_nft("list ruleset\n", got, false), 0);
    CHECK_STR(got, wanted);
    fw_free(second);
}

/* For the moments of a repair: the kernel takes it, it says what it shall, and the whole replaces it. */
static void nothing_but_loopback(void)
{
    static const char *const SHUT = "table inet mvpn {\n"
                                    "\tchain input {\n\t\ttype filter hook input priority filter - 10; policy drop;\n\t\tiif \"lo\" accept\n\t}\n\n"
                                    "\tchain output {\n\t\ttype filter hook output priority filter - 10; policy drop;\n\t\toif \"lo\" accept\n\t}\n\n"
                                    "\tchain forward {\n\t\ttype filter hook forward priority filter - 10; policy drop;\n\t}\n}\n";
    _cleanup_free_ char *wanted = malloc(LISTING_SIZE), *got = malloc(LISTING_SIZE);
    struct fw_netlink netlink;
    struct fw *fw = open_fw();
    struct lockdown lockdown;

    fw_case_base(&lockdown);
    list_fresh(&lockdown, wanted);
    flush_all();
    CHECK_EQ(fw_netlink_open(&netlink), 0);
    CHECK_EQ(fw_netlink_shut(&netlink, "mvpn"), 0);
    CHECK_EQ(run_nft("list ruleset\n", got, false), 0);
    CHECK_STR(got, SHUT);
    CHECK_EQ(fw_netlink_shut(&netlink, "mvpn"), -EEXIST);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    CHECK_EQ(run_nft("list ruleset\n", got, false), 0);
    CHECK_STR(got, wanted);
    close_fd(&netlink.fd);
    fw_free(fw);
}

static void set_net_admin(bool on)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };

    CHECK_EQ(syscall(SYS_capget, &header, data), 0);
    if (on)
        data[0].effective |= 1U << CAP_NET_ADMIN;
    else
        data[0].effective &= ~(1U << CAP_NET_ADMIN);
    CHECK_EQ(syscall(SYS_capset, &header, data), 0);
}

static void a_refusal_is_told(void)
{
    struct fw *fw = open_fw();
    struct lockdown lockdown, more;

    flush_all();
    fw_case_base(&lockdown);
    CHECK_EQ(fw_apply(fw, &lockdown), 0);
    more = lockdown;
    fw_case_add_peer(more.gateways, &more.n_gateways, "192.0.2.1", 0);
    set_net_admin(false);
    CHECK_EQ(fw_apply(fw, &more), -EPERM);
    CHECK(strstr(fw_error(fw), "Operation not permitted") != NULL);
    CHECK_EQ(fw_is_installed(fw), -EPERM);
    set_net_admin(true);
    CHECK_EQ(fw_apply(fw, &more), 0);
    CHECK_STR(fw_error(fw), "");
    CHECK_EQ(fw_is_installed(fw), 1);
    fw_free(fw);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(the_kernel_takes_every_case),
        TEST(every_change_ends_where_a_fresh_start_does),
        TEST(what_was_removed_comes_back),
        TEST(addresses_change_without_the_rules),
        TEST(other_tables_stay),
        TEST(a_second_process_takes_over),
        TEST(nothing_but_loopback),
        TEST(a_refusal_is_told),
    };

    if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
        puts("skipped: needs root and a network namespace");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
