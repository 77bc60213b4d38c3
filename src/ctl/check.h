/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * `mvpnctl check`: looks at everything that a tunnel needs before it is needed, and says for each finding what to do. Changes nothing; what has
 * to be tried out (firewall, routing, tunnel device) is tried in a network namespace of its own. Bounded: some seconds at most.
 */
#include "config/settings.h"

enum check_result {
    CHECK_PASS,
    CHECK_WARN, /* works, but a person should know */
    CHECK_FAIL, /* will not work, or not hold */
};
#define N_CHECK_RESULTS (CHECK_FAIL + 1)

struct check_finding {
    const char *check; /* stable word: "configuration", "certificate", "nftables", ... */
    enum check_result result;
    char detail[768]; /* what was found */
    char advice[512]; /* what to do; "" where nothing is to be done */
};

/* Borrowed for the length of the call. */
typedef void (*check_callback)(void *userdata, const struct check_finding *finding);

/* All checks, one callback or more for each. 0, or -ENOMEM. */
int check_run_all(const struct settings_paths *paths, check_callback callback, void *userdata);

struct check_list {
    struct check_finding *findings;
    size_t n_findings;
};

/* Pure: what is printed, on standard output. columns 0: never broken. JSON: an array of {check, result, detail, advice}. */
struct term;
void check_print(const struct check_list *list, const struct term *term, unsigned columns);
int check_print_json(const struct check_list *list);
const char *check_result_name(enum check_result result); /* "pass" */

/* The command: 0 when nothing failed, 1 otherwise. */
int ctl_check(const struct settings_paths *paths, bool json, bool color);
