/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * settings_load() for those who want every error, not only the first (mvpnctl check).
 */
#include "config/builder.h"

/* As settings_load(), but each error goes to `report`. paths->state_dir NULL: without the management server's policy. */
int settings_load_reporting(
    const struct settings_paths *paths, builder_report report, void *userdata, struct settings **ret);

/* mvpn-dm's directory; a fresh string, NULL when memory is short. */
char *settings_dm_dir(const struct settings_paths *paths);
