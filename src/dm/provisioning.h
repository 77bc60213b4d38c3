/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The provisioning document that ends an enrolment by MDE2 ([MS-MDE2] 3.6): certificates, the management account (APPLICATION w7), its
 * schedule (DMClient/Provider). Everything else in it is passed over and counted. Pure: bytes in, plain data out; certificates are read here
 * and judged elsewhere. The first account counts; its address is https or the document is refused.
 */
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack_st_X509;

#define DM_PROVIDER_ID_SIZE 128
#define DM_SECRET_SIZE      256

enum dm_proof {
    DM_PROOF_TLS, /* the client certificate says who we are */
    DM_PROOF_BASIC,
    DM_PROOF_MD5,
    DM_PROOF_HMAC,
};

/* How one side shows who it is. */
struct dm_appauth {
    enum dm_proof proof;
    char user[DM_SECRET_SIZE], secret[DM_SECRET_SIZE], nonce[DM_SECRET_SIZE]; /* nonce: base64 as sent */
    bool nonce_used; /* kept only to know it when it is offered again */
};

struct dm_poll {
    uint32_t first_retries, first_interval_min, second_retries, second_interval_min, remaining_retries, remaining_interval_min;
    bool on_login;
};

struct dm_provisioning {
    char service_url[1024]; /* where a certificate is renewed; not from the document */
    char provider_id[DM_PROVIDER_ID_SIZE];
    char address[1024]; /* of the DM server; "" when the document names none */
    bool wbxml;
    struct dm_appauth client, server;
    bool not_while_roaming; /* no sessions then */
    uint32_t retry_count, initial_backoff_msec, max_backoff_msec;
    struct dm_poll poll;
    uint32_t renew_period_days, renew_retry_days; /* 0: not said */
    unsigned n_passed_over; /* characteristics that nobody here knows */
};

struct dm_provisioned {
    struct dm_provisioning settings;
    struct stack_st_X509 *roots, *others; /* others: intermediates and what may be ours */
};

/* 0, or -EBADMSG, -E2BIG, -EPERM (DOCTYPE, plain http), -ENOMEM with a sentence. */
int dm_provisioning_read(const void *bytes, size_t n_bytes, struct dm_provisioned *ret, struct dm_error *error);
void dm_provisioned_clear(struct dm_provisioned *provisioned);
