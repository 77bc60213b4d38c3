/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Kernel settings that routing needs while it is active: sets them, and keeps the old values in a file until they are restored, so that
 * neither a crash nor a second start loses them. Never decides which settings; a setting that the kernel lacks is not an error.
 */
#include <stdbool.h>

#define SYSCTL_PATH_SIZE 96

/* What a setting must be: `at_least` lets a stricter (greater) value stand. */
struct sysctl {
    char path[SYSCTL_PATH_SIZE]; /* below /proc/sys: "net/ipv4/conf/all/arp_ignore" */
    int value;
    bool at_least;
};

/* file: full path of the list of old values. First negative errno after having tried all. */
int sysctl_hold(const char *file, const struct sysctl *settings, unsigned n_settings);

/* true: all settings that exist are as they should be. */
bool sysctl_held(const struct sysctl *settings, unsigned n_settings);

/* Restores every value in the file that is still the one we set, and removes the file. No file: nothing to do. */
int sysctl_restore(const char *file);

/* For settings of our own interface, which end with it. */
void sysctl_write_quietly(const char *path, int value);
