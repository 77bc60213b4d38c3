/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * resolvconf(8), Debian's or openresolv's, where one is installed: it keeps /etc/resolv.conf for everybody who knows servers, and is told ours.
 * Run without waiting for it, one run at a time, the last wish last. That it was told something is remembered in the runtime directory, so
 * that it can be taken back after a crash.
 */
#include "core/action.h"


struct sd_event; /* of libsystemd */

struct resolvprog_paths {
    const char *programs[3]; /* the first that is there; NULL ends */
    const char *order; /* Debian's list of interface names: with it, ours must begin with "tun." to come first */
};

extern const struct resolvprog_paths RESOLVPROG_PATHS; /* the system's */

struct resolvprog;

/* failed: from the loop, with the program's exit status, -1: it could not be run. paths, runtime_dir: borrowed. */
int resolvprog_new(struct sd_event *loop, const struct resolvprog_paths *paths, const char *runtime_dir,
    void (*failed)(void *userdata, int status), void *userdata, struct resolvprog **ret);
void resolvprog_free(struct resolvprog *prog); /* a run goes on */
bool resolvprog_is_there(const struct resolvprog_paths *paths);

/* dns NULL: what was told is taken back; nothing when nothing was. */
void resolvprog_set(struct resolvprog *prog, const struct dns *dns);

/* For a dead daemon: takes back what it told, and waits for it. 1: done; 0: there was nothing; negative errno. */
int resolvprog_restore(const struct resolvprog_paths *paths, const char *runtime_dir);
