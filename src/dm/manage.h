/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One session with the management server: the session engine's actions carried out in their order. What must be on the disk before something
 * leaves (nonces, the tree) is there before it leaves. Decides nothing that the engine decides; never talks D-Bus itself.
 */
#include "dm/account.h"
#include "dm/enrol.h"

struct dm_schedule;
struct mvpnd_state;

struct dm_manage_hooks {
    const struct dm_job_hooks *job;
    int (*apply)(void *userdata, const char *policy, struct dm_error *error); /* to mvpnd */
    const struct mvpnd_state *state; /* for the nodes that tell it; NULL: not known */
};

struct dm_manage_result {
    bool unenroll, renew, reconnect; /* what the server ordered, for after the session */
};

/* A last word to the server that the user ended the enrolment: alert 1226. */
#define DM_MANAGE_GOODBYE true

/* 0, also where the account has no management server; -ECONNABORTED and others with a sentence. */
int dm_manage_run(
    struct dm_store *store, const struct dm_manage_hooks *hooks, bool goodbye, struct dm_manage_result *ret, struct dm_error *error);

/* What mvpnd is told: the tree as policy, with the names of the certificate in force. free() it. */
int dm_manage_policy(struct dm_store *store, char **ret, struct dm_error *error);

/* Tells one such policy from another, whatever certificate goes with it. */
int dm_manage_policy_print(struct dm_store *store, char ret[DM_POLICY_PRINT_SIZE], struct dm_error *error);
/* A policy as mvpnd has it, with the names of the certificate in force. -ENOENT: it names none of the store. */
int dm_manage_policy_rename(struct dm_store *store, const char *policy, char **ret, struct dm_error *error);

/* Is there a management server? */
bool dm_manage_is_managed(struct dm_store *store);
/* Its schedule: what the tree says by now. Untouched where there is none. */
int dm_manage_schedule(struct dm_store *store, struct dm_schedule *ret);

/* A node of the tree for a person: its value, or the names below it, one a line; secrets are not shown. -ENOENT with a sentence. */
int dm_manage_show(struct dm_store *store, const char *uri, char **ret, struct dm_error *error);
