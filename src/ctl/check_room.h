/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the rooms of `mvpnctl check` share: the run with what earlier checks found out, and how a finding is made. Each room is one function
 * that looks at one thing; check.c calls them in order.
 */
#include "base/macro.h"
#include "ctl/check.h"

#include <sys/types.h>

/* What the daemon says of itself. */
struct check_daemon {
    bool runs;
    bool enabled;
    char state[32], reason[64], message[256];
    char gateway_address[IP_ADDR_TEXT_SIZE]; /* "" unknown */
    char tunnel_interface[IF_NAME_SIZE];
};

struct check_run {
    const struct settings_paths *paths;
    const char *root; /* before /proc, /sys, /etc, /run: "" but in tests */
    check_callback callback;
    void *userdata;
    uid_t user;
    int64_t now_sec, floor_sec; /* wall clock; the newest time known to have passed */
    struct settings *settings;  /* NULL: the files have errors */
    struct check_daemon daemon;
    bool lockdown_installed; /* our table is in the kernel */
};

/* advice NULL: nothing to do. */
void check_report(const struct check_run *run, const char *check, enum check_result result,
    const char *advice, const char *detail, ...) _printf_(5, 6);

/* A sentence "what: what to do." is split at its last ": ". */
void check_report_sentence(
    const struct check_run *run, const char *check, enum check_result result, const char *sentence);

/* In the order of check.c. */
void check_configuration(struct check_run *run); /* fills run->settings */
void check_files(struct check_run *run);
void check_openings(struct check_run *run);
void check_clock(struct check_run *run);
void check_credentials(struct check_run *run);
void check_kernel(struct check_run *run);
void check_libraries(struct check_run *run);
void check_boot(struct check_run *run);
void check_daemon_status(struct check_run *run); /* fills run->daemon */
void check_gateway(struct check_run *run);
void check_programs(struct check_run *run);
void check_services(struct check_run *run);
void check_firewalls(struct check_run *run);
void check_routing(struct check_run *run);

/* ---- for several rooms ---- */

/* run->root before the path. */
void check_path(const struct check_run *run, const char *path, char *buf, size_t size);
bool check_exists(const struct check_run *run, const char *path);

/* Reads at most size-1 bytes; "" where it cannot be read. The length. */
size_t check_read(const struct check_run *run, const char *path, char *buf, size_t size);

/*
 * Calls `work` in a child with a network namespace of its own. 0 when work returned 0; its negative errno otherwise with its words in
 * `error`; -EPERM when no namespace could be had; -ECHILD when the child died; -ETIMEDOUT when it took longer than some seconds.
 */
int check_in_namespace(int (*work)(const void *argument, char *error, size_t size), const void *argument,
    char *error, size_t size);

/* A try that came to no verdict (-EPERM, -ETIMEDOUT) is told as a warning; false where there is a verdict. */
bool check_report_untried(const struct check_run *run, const char *check, int error);
