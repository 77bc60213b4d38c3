/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One enrolment or renewal from beginning to end: the engine of the method asked, its requests carried, the outcome committed to the store.
 * Decides which method is which engine, when renewal is due, and what a device is called. Never talks D-Bus.
 */
#include "dm/account.h"
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>

#define DM_SECRET_BYTES_MAX ((size_t)16 * 1024)

struct dm_enrol_request {
    const char *typed_server; /* URL, host or mail address */
    const char *method; /* est, scep, mde2; NULL: by the server's address */
    const char *user; /* NULL: the mail address, or none */
    const char *device; /* common name; NULL: the host's name */
    const char *pin; /* as typed; NULL: none */
    const char *roots_pem; /* NULL: the system's */
    const char *secret; /* one-time password or token */
    bool secret_is_token;
};

/* Whom a job tells, and who may stop it. */
struct dm_job_hooks {
    void (*progress)(void *userdata, const char *text);
    bool (*stop)(void *userdata);
    void (*log)(void *userdata, const char *text);
    void *userdata;
};

/* 0, or as dm_http_do() and the engines, with a sentence; -EEXIST: enrolled already. */
int dm_enrol_run(struct dm_store *store, const struct dm_enrol_request *request, const struct dm_job_hooks *hooks, struct dm_error *error);

/* By the method of enrolment, with the certificate in force; the old one stays beside as account.previous. */
int dm_renew_run(struct dm_store *store, const struct dm_job_hooks *hooks, struct dm_error *error);

/* The new one has worked: the old one goes. 0, also when there was none. */
int dm_renew_settle(struct dm_store *store);

/* The new one does not work: the old one is in force again, and renewal is due in a day. 0, also when there was none. */
int dm_renew_abandon(struct dm_store *store);
