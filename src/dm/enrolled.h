/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What every way of enrolment ends with: our key, the certificate for it, whom the organisation trusts; judged already. And what all of
 * them start from. Owns nothing but what it holds; dm_enrolled_clear() lets go of it.
 */
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dm_provisioning;
struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

#define DM_NAME_SIZE 65 /* a common name has 64 characters at most (RFC 5280, appendix A) */

/* Everything is borrowed for the engine's life. */
struct dm_enrol_wish {
    const char *server_url; /* "https://host[:port][/path]", without a slash at the end; of a renewal: where that is done */
    const char *common_name; /* of a first certificate */
    const char *user, *secret; /* where they go into the message (MDE2); NULL: none */
    bool secret_is_token;
    const uint8_t *ca_digest; /* whose authority this must be where the channel says nothing (SCEP); NULL: not known */
    size_t ca_digest_bytes; /* 32: SHA-256; 20: SHA-1 */
    struct evp_pkey_st *key; /* made before; NULL: one is made */
    bool request_stands; /* for that key, and is not decided yet: it is asked after, where the protocol has a way */
    /* A renewal: what is in force. NULL: a first enrolment. */
    struct x509_st *old_certificate;
    struct evp_pkey_st *old_key;
    struct stack_st_X509 *old_roots;
    uint64_t patience_sec; /* how long a server may take to decide, in all */
};

struct dm_enrolled {
    struct evp_pkey_st *key;
    struct x509_st *certificate;
    struct stack_st_X509 *roots; /* trust anchors of the organisation */
    struct stack_st_X509 *others; /* what stands between */
    struct dm_provisioning *provisioning; /* the management account; NULL: this way brings none */
};

void dm_enrolled_clear(struct dm_enrolled *enrolled);
