/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The management tree as policy for mvpnd, in the form of mvpn.conf: what VPNv2 and ./Vendor/mvpn/MobileVPN say, in mvpnd's words. Decides
 * which node wins (MobileVPN over VPNv2, because it is ours) and refuses what mvpnd could not obey, by mvpnd's own parser. Text only.
 */
#include "dm/error.h"

struct dm_tree;

/* Names in mvpn's own store, as "dm:NAME" takes them; NULL: the policy does not say (whoever keeps them adds them). */
struct dm_policy_names {
    const char *certificate, *private_key, *ca_certificates;
    const char *server; /* who manages, for people to read: https://HOST[:PORT] */
};

/* For free(); "" where the tree says nothing. NULL: no memory, or (with a sentence in error) what cannot be said. */
char *dm_policy_text(struct dm_tree *tree, const struct dm_policy_names *names, struct dm_error *error);

/* Another certificate in a policy of ours: its lines that name something of the store name these. -ENOENT: it has none; -ENOMEM. free() it. */
int dm_policy_rename(const char *policy, const struct dm_policy_names *names, char **ret);

/* 0, or the status for the command that made the tree so: 406 with mvpnd's own sentence. */
unsigned dm_policy_check(struct dm_tree *tree, const struct dm_policy_names *names, struct dm_error *error);
