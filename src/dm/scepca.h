/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What GetCACert brings (RFC 8894, section 4.2): the authority, who may read requests and who may sign answers in its name. Decides which of the
 * certificates are believed: all where the channel was authenticated, else those that lead to the authority of a known digest or to a root in
 * force and are authorities or registration authorities by their usage: a device's certificate leads there, too. No I/O; the time is a
 * parameter.
 */
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack_st_X509;
struct x509_st;

struct scep_trust {
    bool channel; /* it came by https from an authenticated server */
    const uint8_t *digest; /* SHA-256 of the authority's certificate or of its public key, or SHA-1 of the certificate; NULL: none */
    size_t digest_bytes; /* 32 or 20 */
    struct stack_st_X509 *roots; /* of the enrolment in force; NULL: none */
    int64_t now_sec;
};

struct scep_ca {
    struct stack_st_X509 *certificates; /* all that are believed: who may sign answers */
    struct x509_st *authority; /* the issuer; borrowed from certificates */
    struct x509_st *reader; /* whose key requests are encrypted to; borrowed */
};

/*
 * body: one certificate or a CMS with several, DER. 0, or with a sentence -EBADMSG, -EKEYREJECTED,
 * -EPROTO (nobody can read requests) or -ENOMEM.
 */
int scep_ca_read(const char *body, size_t n_bytes, const struct scep_trust *trust, struct scep_ca *ret, struct dm_error *error);
void scep_ca_clear(struct scep_ca *ca);

/* The authorities become *ret_roots; what stands between is added to others. 0 or -ENOMEM. */
int scep_ca_hand_over(const struct scep_ca *ca, struct stack_st_X509 **ret_roots, struct stack_st_X509 *others);
