/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the commands of mvpnctl share: the exit statuses that scripts rely on (design.md, section 7) and the options of the command line.
 * Each command is one function; main.c chooses, nothing else does.
 */
#include "base/usec.h"
#include "config/settings.h"

#include <stdbool.h>

enum ctl_exit {
    CTL_DONE = 0,
    CTL_FAILED = 1,
    CTL_USAGE = 2,
    CTL_NOT_CONNECTED = 3, /* status: enabled but not connected; --wait: not connected in time */
    CTL_NOT_PERMITTED = 4,
    CTL_NOT_RUNNING = 5,
};

/* What 'enroll' was told; NULL where nothing was. */
struct ctl_enroll_options {
    const char *server; /* or mail address */
    const char *otp_file, *token_file; /* "-": standard input */
    const char *method, *pin, *user, *device, *ca_file;
};

struct ctl_options {
    struct settings_paths paths;
    struct ctl_enroll_options enroll;
    int n_words; /* what follows the command */
    char **words;
    bool json;
    bool wait;
    usec_t wait_usec;
};

enum ctl_exit ctl_enable(const struct ctl_options *options);
enum ctl_exit ctl_disable(const struct ctl_options *options);
enum ctl_exit ctl_connect(const struct ctl_options *options);
enum ctl_exit ctl_disconnect(const struct ctl_options *options);
enum ctl_exit ctl_reload(const struct ctl_options *options);
enum ctl_exit ctl_status(const struct ctl_options *options);
enum ctl_exit ctl_links(const struct ctl_options *options);
enum ctl_exit ctl_events(const struct ctl_options *options);
enum ctl_exit ctl_watch(const struct ctl_options *options);

/* disable without a daemon (offline.c): opens first, then records. */
enum ctl_exit offline_disable(const struct settings_paths *paths);

/* For root, whom the kernel tells: is the internet blocked while no daemon runs? A sentence on standard error. */
void offline_explain(void);

/* One line on standard error, "mvpnctl: ..." */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
