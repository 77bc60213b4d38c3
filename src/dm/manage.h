/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One session with the management server: the session engine's actions carried out in their order. What must be on the disk before something
 * leaves (nonces, the tree) is there before it leaves. Decides nothing that the engine decides; never talks D-Bus itself.
 */
#include "dm/account.h"
#include "dm/enrol.h"

struct mvpnd_state;

struct dm_manage_hooks {
    const struct dm_job_hooks *job;
    int (*apply)(void *userdata, const char *policy, struct dm_error *error); /* to mvpnd */
    const struct mvpnd_state *state; /* for the nodes that tell it; NULL: not known */
};

struct dm_manage_result {
    bool unenroll, renew, reconnect; /* what the server ordered, for after the session */
};

enum dm_manage_cause {
    DM_MANAGE_OURS,     /* the schedule, or a person */
    DM_MANAGE_NOTIFIED, /* the server asked for it */
    DM_MANAGE_GOODBYE,  /* a last word to the server that the user ended the enrolment: alert 1226 */
};

struct dm_manage_start {
    enum dm_manage_cause cause;
    uint16_t session_id; /* as the server wants it: DM_MANAGE_NOTIFIED */
};

/* 0, also where the account has no management server; -ECONNABORTED and others with a sentence. */
int dm_manage_run(struct dm_store *store, const struct dm_manage_hooks *hooks, const struct dm_manage_start *start,
    struct dm_manage_result *ret, struct dm_error *error);
