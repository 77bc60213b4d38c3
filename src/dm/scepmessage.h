/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The pkiMessage of SCEP (RFC 8894, section 3): a CMS that is signed around one that is encrypted, and the attributes that tie an answer to its
 * request. Bytes in, bytes out. Believes an answer only when one of the given certificates has signed it and it is for this transaction and
 * nonce; what it carries is judged elsewhere (issued.c). Decides nothing about what follows.
 */
#include "dm/error.h"

#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st;
struct stack_st_X509;
struct x509_st;

#define SCEP_NONCE_BYTES      16
#define SCEP_TRANSACTION_SIZE 65 /* hexadecimal SHA-256 and a NUL */

enum scep_type {
    SCEP_CERT_REP = 3,
    SCEP_RENEWAL_REQ = 17,
    SCEP_PKCS_REQ = 19,
    SCEP_CERT_POLL = 20,
};

enum scep_status {
    SCEP_SUCCESS = 0,
    SCEP_FAILURE = 2,
    SCEP_PENDING = 3,
};

/* failInfo, section 3.2.1.4 */
enum scep_failure {
    SCEP_BAD_ALG = 0,
    SCEP_BAD_MESSAGE_CHECK = 1,
    SCEP_BAD_REQUEST = 2,
    SCEP_BAD_TIME = 3,
    SCEP_BAD_CERT_ID = 4,
};

struct scep_request {
    enum scep_type type;
    const char *transaction;
    uint8_t nonce[SCEP_NONCE_BYTES];
    const void *content; /* PKCS#10, or issuer and subject of a poll; DER */
    size_t content_bytes;
    struct x509_st *recipient; /* whose RSA key may read it */
    struct x509_st *signer;
    struct evp_pkey_st *signer_key;
};

/* DER; free() it. 0, -EINVAL (the recipient's key cannot decrypt), -ENOMEM. */
int scep_message_make(const struct scep_request *request, uint8_t **ret, size_t *ret_bytes);

struct scep_expected {
    const char *transaction;
    const uint8_t *nonce; /* of the request that is answered */
    struct stack_st_X509 *signers; /* who may answer */
    struct x509_st *recipient; /* whose certificate it is encrypted to */
    struct evp_pkey_st *key;
};

struct scep_reply {
    enum scep_status status;
    int failure; /* enum scep_failure, or -1 where none was said */
    uint8_t *content; /* of a success: a CMS with certificates, DER; free() it */
    size_t content_bytes;
};

/* 0, or with a sentence -EBADMSG (it is none, or not for us) or -EKEYREJECTED (somebody else signed it). Output untouched on failure. */
int scep_message_open(const void *der, size_t n_bytes, const struct scep_expected *expected, struct scep_reply *ret, struct dm_error *error);

/* The certificate that signs a first request: of the key, by the key, with the request's subject; good for a week. NULL: no memory. */
struct x509_st *scep_self_signed(struct evp_pkey_st *key, const char *common_name, int64_t now_sec);

/* The transaction's name: SHA-256 of the public key, so that a request that is made again is the same one. 0 or -ENOMEM. */
int scep_transaction_of(struct evp_pkey_st *key, char ret[SCEP_TRANSACTION_SIZE]);

/* What a poll asks about (section 3.3.3): the authority and the subject of the request's signer, DER; free() it. 0 or -ENOMEM. */
int scep_issuer_and_subject(struct x509_st *issuer, struct x509_st *signer, uint8_t **ret, size_t *ret_bytes);
