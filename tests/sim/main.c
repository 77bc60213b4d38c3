/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mvpn-sim: the core in virtual time. Runs scenario files, random walks and a handset's day; exits 0 when all holds.
 */
#include "sim/day.h"
#include "sim/days.h"
#include "sim/detect.h"
#include "sim/push.h"
#include "sim/scenario.h"
#include "sim/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int usage(void)
{
    fputs("usage: mvpn-sim run FILE...\n"
          "       mvpn-sim walk [--seed N] [--steps N] [--walks N] [--twice] [--record FILE]\n"
          "       mvpn-sim day\n"
          "       mvpn-sim days [--days N] [--seed S]\n"
          "       mvpn-sim detect [RUNS [VARIANT]]\n"
          "       mvpn-sim push [PUSHES]\n",
        stderr);
    return 2;
}

static int run(int n_files, char **files)
{
    unsigned n_failures = 0;

    for (int i = 0; i < n_files; i++) {
        unsigned n = scenario_run(files[i]);
        printf("%s %s\n", n ? "FAIL" : "ok  ", files[i]);
        n_failures += n;
    }
    return n_failures || n_files == 0;
}

struct walks {
    struct walk_options options;
    uint64_t n_walks;
    bool twice;
};

static bool parse_walks(int argc, char **argv, struct walks *ret)
{
    for (int i = 0; i < argc; i++) {
        uint64_t number = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;
        if (strcmp(argv[i], "--twice") == 0) {
            ret->twice = true;
            continue;
        }
        if (i + 1 == argc)
            return false;
        if (strcmp(argv[i], "--seed") == 0)
            ret->options.seed = number;
        else if (strcmp(argv[i], "--steps") == 0)
            ret->options.n_steps = number;
        else if (strcmp(argv[i], "--walks") == 0)
            ret->n_walks = number;
        else if (strcmp(argv[i], "--record") == 0)
            ret->options.record = fopen(argv[i + 1], "we");
        else
            return false;
        i++;
    }
    return true;
}

static int walk_all(int argc, char **argv)
{
    struct walks walks = { .options = { .seed = 1, .n_steps = 1000000 }, .n_walks = 1 };
    uint64_t hash, again;
    int r = 0;

    if (!parse_walks(argc, argv, &walks))
        return usage();
    for (uint64_t i = 0; i < walks.n_walks && r == 0; i++, walks.options.seed++) {
        r = walk(&walks.options, &hash);
        if (r == 0 && walks.twice) {
            walks.options.quiet = true;
            r = walk(&walks.options, &again);
            walks.options.quiet = false;
            if (r == 0 && again != hash) {
                printf("seed %" PRIu64 ": the second walk was another one\n", walks.options.seed);
                r = 1;
            }
        }
        walks.options.quiet = walks.n_walks > 1;
    }
    if (walks.options.record)
        fclose(walks.options.record);
    return r;
}

static int run_days(int argc, char **argv)
{
    uint64_t n_days = 300, seed = 1;

    for (int i = 0; i < argc; i += 2) {
        if (i + 1 == argc)
            return usage();
        if (strcmp(argv[i], "--days") == 0)
            n_days = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else
            return usage();
    }
    return days((uint32_t)n_days, seed);
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "run") == 0)
        return run(argc - 2, argv + 2);
    if (argc >= 2 && strcmp(argv[1], "walk") == 0)
        return walk_all(argc - 2, argv + 2);
    if (argc == 2 && strcmp(argv[1], "day") == 0)
        return day();
    if (argc >= 2 && strcmp(argv[1], "days") == 0)
        return run_days(argc - 2, argv + 2);
    if (argc >= 2 && argc <= 4 && strcmp(argv[1], "detect") == 0)
        return detect(argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 200, argc > 3 ? argv[3] : NULL);
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "push") == 0)
        return push(argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000);
    return usage();
}
