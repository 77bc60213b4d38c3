/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside mvpn-dm: what its rooms share. One thread, one job at a time: while a job runs (enrolment, renewal, session) nothing else is
 * answered; calls wait in the bus's queue.
 */
#include "dm/account.h"
#include "dm/enrol.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct agent {
    sd_event *loop;
    sd_bus *bus;
    sd_event_source *idle;
    struct dm_store *store;
    struct dm_job_hooks hooks;
    uint64_t idle_usec; /* 0: never ends by itself */
    unsigned n_waiting; /* calls that wait for polkit */
    const char *config_path;
    char *destination; /* of Progress: who asked for the job under way; NULL: nobody */
    bool only_for_caller; /* the job under way stops when he is gone */
    uint64_t looked_at_usec; /* whether he is */
};

/* service.c: the object on the bus, and its name. 0 or negative errno. */
int agent_serve(struct agent *agent);

/* idle.c: counts from now again. */
int agent_stay(struct agent *agent);

struct mvpnd_state;

/* handover.c: the policy to mvpnd. 0, or as mvpnd_apply() with a sentence. */
/* The tree's, unless mvpnd took that back: then the one that works goes on, with the certificate in force. */
int agent_give_policy(struct agent *agent, struct dm_error *error);
/* The tree's, whatever became of it before. */
int agent_give_tree(struct agent *agent, struct dm_error *error);
int agent_give(struct agent *agent, const char *policy, struct dm_error *error); /* which is the tree's */
/* From mvpnd's status: was the tree's policy taken back? The reason becomes state's last error, also long after mvpnd forgot it. */
void agent_learn(struct agent *agent, struct mvpnd_state *state);
bool agent_is_refused(struct agent *agent, const struct dm_account *account);

/* jobs.c: each does its work before it returns. 0, or negative errno with a sentence. */
int agent_enrol(struct agent *agent, const struct dm_enrol_request *request, struct dm_error *error);
int agent_unenrol(struct agent *agent, struct dm_error *error);
/* Renewal where it is due, a session with the management server, the policy to mvpnd. by_user: abroad as well. */
int agent_sync(struct agent *agent, bool by_user, struct dm_error *error);
/* A server's notification: the session that it asks for, where it is genuine; as dm_managed_take_notification() where it is not. */
int agent_notify(struct agent *agent, const void *bytes, size_t n_bytes, struct dm_error *error);
int agent_show(struct agent *agent, const char *uri, char **ret, struct dm_error *error);
/* What the clock makes due: renewal, a session, the end of an old key. mvpnd is told when to call for it next. */
void agent_do_due(struct agent *agent);
void agent_tell_due(struct agent *agent); /* behind a job that may have changed it */

/* authorize.c: polkit's verdict for the sender; root always. Answered once, never before this returns. */
enum agent_verdict {
    AGENT_ALLOWED,
    AGENT_REFUSED,
    AGENT_NEEDS_INTERACTION,
    AGENT_FORBIDDEN, /* nobody but root, whatever polkit says */
};
int agent_authorize(sd_bus_message *message, const char *action, bool root_only, void (*done)(void *userdata, enum agent_verdict verdict),
    void *userdata);

/* log.c: one line on standard error with its priority, which the journal reads. */
void agent_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
