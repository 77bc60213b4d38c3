/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The certification request (PKCS#10, RFC 2986), signed with SHA-256 by the key it is for. Pure but for the randomness of the signature.
 * Decides nothing about what a server may issue.
 */
#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st;
struct x509_st;

struct dm_csr_wish {
    const char *common_name; /* UTF-8, 1 to 64 characters; unused when there is an old certificate */
    struct x509_st *renews; /* subject and subjectAltName are taken from it (RFC 7030, 4.2.2); NULL: a first one */
    const char *challenge; /* challengePassword (RFC 2985, 5.4.1); NULL: none */
};

/* DER; free() it. 0, -EINVAL (a name that fits no certificate), -ENOMEM. */
int dm_csr_make(struct evp_pkey_st *key, const struct dm_csr_wish *wish, uint8_t **ret, size_t *ret_bytes);
