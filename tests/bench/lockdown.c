/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a change of lockdown takes, in microseconds, beside running the nft program for the same change; in turns, so that a busy machine
 * slows down all alike. Writes a figure a line into the files FOLDER/{elements,whole,nft-elements,nft-whole}. Works in the present network
 * namespace, which should be one of its own.
 *
 *     bench-lockdown FOLDER ROUNDS
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "base/usec.h"
#include "fw/fw.h"
#include "unit/fw-cases.h"

#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static uint64_t now_nsec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static void apply(struct fw *fw, const struct lockdown *lockdown)
{
    if (fw_apply(fw, lockdown) < 0)
        give_up(fw_error(fw));
}

static void run_nft(char *path)
{
    char name[] = "nft", option[] = "-f";
    char *const arguments[] = { name, option, path, NULL };
    pid_t pid;
    int status;

    if (posix_spawnp(&pid, "nft", NULL, NULL, arguments, environ) != 0 || waitpid(pid, &status, 0) < 0 || status != 0)
        give_up("nft");
}

static FILE *open_file(const char *folder, const char *name, char *ret_path)
{
    FILE *f;

    snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
    f = fopen(ret_path, "we");
    if (!f)
        give_up(ret_path);
    return f;
}

static void write_text(const char *folder, const char *name, const char *text, char *ret_path)
{
    FILE *f = open_file(folder, name, ret_path);

    fputs(text, f);
    fclose(f);
}

/* Two lockdowns that differ in one gateway's address, and one that differs in its rules. */
struct lockdowns {
    struct lockdown a, b, other_rules;
    char elements_path[PATH_MAX], whole_path[PATH_MAX];
};

static void prepare(const char *folder, struct lockdowns *l)
{
    char text[FW_RULESET_MAX_BYTES];
    struct strbuf s;

    fw_case_base(&l->a);
    l->b = l->a;
    fw_case_add_peer(l->a.gateways, &l->a.n_gateways, "203.0.113.5", 0);
    fw_case_add_peer(l->b.gateways, &l->b.n_gateways, "203.0.113.6", 0);
    l->other_rules = l->a;
    l->other_rules.allow_usb = true;
    write_text(folder, "elements.nft",
        "flush set inet mvpn ike4\nadd element inet mvpn ike4 { 203.0.113.6 . 500, 203.0.113.6 . 4500 }\n"
        "flush set inet mvpn gateways4\nadd element inet mvpn gateways4 { 203.0.113.6 }\n"
        "flush set inet mvpn gateway_errors4\nadd element inet mvpn gateway_errors4 { 0xcb007106 }\n",
        l->elements_path);
    strbuf_init(&s, text, sizeof(text));
    fw_render(&l->b, &s);
    write_text(folder, "whole.nft", text, l->whole_path);
}

int main(int argc, char **argv)
{
    static const char *const NAMES[] = { "elements", "whole", "nft-elements", "nft-whole" };
    struct lockdowns l;
    char path[PATH_MAX];
    FILE *files[ELEMENTSOF(NAMES)];
    struct fw *fw;

    if (argc != 3 || fw_new(&fw) < 0)
        give_up("start: bench-lockdown FOLDER ROUNDS, as root,");
    prepare(argv[1], &l);
    for (size_t i = 0; i < ELEMENTSOF(NAMES); i++)
        files[i] = open_file(argv[1], NAMES[i], path);
    for (int round = atoi(argv[2]); round > 0; round--) {
        uint64_t at[5];

        /* nft works on what the last whole transaction left: the first lockdown */
        apply(fw, &l.other_rules);
        apply(fw, &l.a);
        at[0] = now_nsec();
        apply(fw, &l.b);
        at[1] = now_nsec();
        apply(fw, &l.other_rules);
        at[2] = now_nsec();
        run_nft(l.elements_path);
        at[3] = now_nsec();
        run_nft(l.whole_path);
        at[4] = now_nsec();
        for (size_t i = 0; i < ELEMENTSOF(NAMES); i++)
            fprintf(files[i], "%.3f\n", (double)(at[i + 1] - at[i]) / 1000);
    }
    for (size_t i = 0; i < ELEMENTSOF(NAMES); i++)
        fclose(files[i]);
    fw_free(fw);
    return 0;
}
