/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * /etc/resolv.conf, where nobody else keeps it for us: written as a whole, with what was there kept beside it and put back byte for byte, be it
 * a file, a link or nothing. Ours is known by its first line, which carries a sum of the rest: what somebody has edited since is theirs and
 * stays. Every step leaves a state from which resolvfile_restore() finds back, whatever process runs it. Decides nothing about when.
 */
#include "core/action.h"

#define RESOLVFILE_PATH "/etc/resolv.conf"

enum resolvfile_state {
    RESOLVFILE_FOREIGN, /* not ours, or not there */
    RESOLVFILE_OURS,
    RESOLVFILE_EDITED, /* was ours */
};

enum resolvfile_state resolvfile_look(const char *path);

/* Is this file systemd-resolved's: then resolved is to be told, and the file left alone. */
bool resolvfile_is_resolveds(const char *path);

/* Where what was there before us is; into buf. */
const char *resolvfile_saved_path(const char *path, char *buf, size_t size);

/* What is there and not ours is kept for later, then ours is there. 0 or negative errno: then it is as it was. */
int resolvfile_write(const char *path, const struct dns *dns);

/* 1: put back; 0: there was nothing of ours; negative errno. */
int resolvfile_restore(const char *path);

/* The text for these servers and domains, without the first line; resolvconf(8) takes the same. False: it does not fit. */
bool resolvfile_render(const struct dns *dns, char *buf, size_t size);
