/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Rules between keys: what each value may be on its own but not together. Pure.
 */
#include "config/keys.h"

/* Called for each broken rule with the two keys that it concerns (twice the same where only one is). */
typedef void (*rules_report)(void *userdata, enum config_key_id a, enum config_key_id b, const char *text);

void rules_check(const struct settings *settings, rules_report report, void *userdata);
