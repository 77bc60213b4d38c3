/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What a certification authority sent, judged before it is believed: is it for our key, does it chain to the enrolment roots, is it valid
 * now, may it authenticate a client, and is it no authority itself? The same for every way of enrolment. No I/O; the time is a parameter.
 */
#include "dm/error.h"

#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

#define DM_CERTIFICATES_MAX 32 /* in one answer */

/* Certificates of a CMS that signs nothing (certs-only), DER. sk_X509_pop_free() them. */
int dm_certs_from_cms(const void *der, size_t n_bytes, struct stack_st_X509 **ret, struct dm_error *error);

/* The body of an EST answer: base64 with any white space, of such a CMS. */
int dm_certs_from_base64(const char *text, size_t n_bytes, struct stack_st_X509 **ret, struct dm_error *error);

/* PEM, all certificates in it; "" gives none. */
int dm_certs_from_pem(const char *pem, size_t n_bytes, struct stack_st_X509 **ret, struct dm_error *error);
int dm_certs_to_pem(struct stack_st_X509 *certificates, char **ret, size_t *ret_bytes);

/* base64 with any white space to bytes; free() them. -EBADMSG: it is none, or empty. */
int dm_base64_take(const char *text, size_t n_bytes, uint8_t **ret, size_t *ret_bytes);

/* On one line; free() it. */
int dm_base64_make(const void *bytes, size_t n_bytes, char **ret);

/* Of several certificates the one of this key; NULL, with a sentence, when there is none or more than one. Borrowed. */
struct x509_st *dm_issued_find(struct stack_st_X509 *certificates, struct evp_pkey_st *key, struct dm_error *error);

/* 0, or -EBADMSG with a sentence. others: what may stand between ours and the roots. */
int dm_issued_judge(struct x509_st *certificate, struct evp_pkey_st *key, struct stack_st_X509 *others, struct stack_st_X509 *roots,
    int64_t now_sec, struct dm_error *error);
