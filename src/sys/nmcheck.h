/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * That NetworkManager's connectivity check was switched off by us: one empty file in the state directory, because NetworkManager itself keeps
 * the switch over a boot. Never talks to NetworkManager.
 */
#include <stdbool.h>

bool nmcheck_is_remembered(const char *state_dir);
int nmcheck_remember(const char *state_dir); /* on disk when it returns; 0 or negative errno */
void nmcheck_forget(const char *state_dir);
