/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What is known of the management between two sessions: the server and its secrets, the tree, the schedule, the policy that follows. Decides
 * whether a notification is the server's own, once for each nonce. Never talks to anybody; writes nothing but the server's file.
 */
#include "dm/account.h"
#include "dm/error.h"
#include "dm/provisioning.h"

#include <stdbool.h>

#define DM_MANAGED_ROOTS "managed" /* the name in the store of the roots that the server added */

struct dm_schedule;
struct dm_tree;

/* The tree as it was left; fresh: it never was. 0 or negative errno with a sentence. dm_tree_free(). */
int dm_managed_load_tree(struct dm_store *store, struct dm_tree **ret, bool *ret_fresh, struct dm_error *error);

/* With its secrets: explicit_bzero() it. -ENOENT: there is no management server; -EBADMSG: damaged. */
int dm_managed_load_server(struct dm_store *store, struct dm_provisioning *ret);
int dm_managed_keep_server(struct dm_store *store, const struct dm_account *account, const struct dm_provisioning *server);

/*
 * A notification (package #0), as it came: is it from this device's server, by the nonce that was given to it last? The nonce is used up by
 * then, on disk. 0 with the id that the server wants for its session; -EACCES, -EBADMSG, -EPERM as dm_notification_verify(), -ENOENT: there is
 * no server, or it has no nonce left; with a sentence.
 */
int dm_managed_take_notification(struct dm_store *store, const void *bytes, size_t n_bytes, uint16_t *ret_session_id, struct dm_error *error);

/* What mvpnd is told: the tree as policy, with the names of the certificate in force. free() it. */
int dm_managed_policy(struct dm_store *store, char **ret, struct dm_error *error);
/* Tells one such policy from another, whatever certificate goes with it. */
int dm_managed_policy_print(struct dm_store *store, char ret[DM_POLICY_PRINT_SIZE], struct dm_error *error);
/* A policy as mvpnd has it, with the names of the certificate in force. -ENOENT: it names none of the store. */
int dm_managed_policy_rename(struct dm_store *store, const char *policy, char **ret, struct dm_error *error);

bool dm_managed_is(struct dm_store *store); /* is there a management server? */
/* Its schedule: what the tree says by now. Untouched where there is none. */
int dm_managed_schedule(struct dm_store *store, struct dm_schedule *ret);

/* A node of the tree for a person: its value, or the names below it, one a line; secrets are not shown. -ENOENT with a sentence. */
int dm_managed_show(struct dm_store *store, const char *uri, char **ret, struct dm_error *error);
