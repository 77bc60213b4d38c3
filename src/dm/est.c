/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three requests in a row. Readers are lenient where servers are known to be (csrattrs may be missing, base64 may have any line ends);
 * what is believed is decided in issued.c.
 */
#include "dm/est.h"

#include "dm/csr.h"
#include "dm/issued.h"
#include "dm/keys.h"

#include <errno.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CACERTS_BYTES_MAX     ((size_t)256 * 1024)
#define CSRATTRS_BYTES_MAX    ((size_t)16 * 1024)
#define CERTIFICATE_BYTES_MAX ((size_t)128 * 1024)
#define WAIT_SEC_MIN          1 /* Retry-After: 0 must not become a flood */
#define WAIT_SEC_DEFAULT      10 /* a 202 without Retry-After */

enum est_stage {
    EST_CACERTS,
    EST_CSRATTRS,
    EST_ENROLL,
    EST_DONE,
};

struct est {
    struct dm_enrol_wish wish;
    enum est_stage stage;
    enum dm_key_kind kind;
    char *request; /* base64, wrapped in nothing */
    size_t request_bytes;
    uint64_t wait_sec, waited_sec;
    bool stands; /* the request is not decided yet */
    struct dm_enrolled enrolled;
};

struct est *est_new(const struct dm_enrol_wish *wish)
{
    struct est *est = calloc(1, sizeof(*est));

    if (est)
        est->wish = *wish;
    return est;
}

struct est *est_free(struct est *est)
{
    if (!est)
        return NULL;
    dm_enrolled_clear(&est->enrolled);
    free(est->request);
    free(est);
    return NULL;
}

void est_take(struct est *est, struct dm_enrolled *ret)
{
    *ret = est->enrolled;
    est->enrolled = (struct dm_enrolled){ 0 };
}

struct evp_pkey_st *est_pending_key(const struct est *est)
{
    return est->stands ? est->enrolled.key : NULL;
}

static int set_url(const struct est *est, const char *operation, struct dm_exchange *ret, struct dm_error *error)
{
    /* A path that was given is a label or the whole way (RFC 7030, 3.2.2). */
    const char *middle = strstr(est->wish.server_url, "/.well-known/est") ? "" : "/.well-known/est";
    int n = snprintf(ret->url, sizeof(ret->url), "%s%s/%s", est->wish.server_url, middle, operation);

    if (n < 0 || (size_t)n >= sizeof(ret->url))
        return dm_error_set(error, -EINVAL, "The server's address is too long.");
    return 1;
}

static int make_request(struct est *est, struct dm_error *error)
{
    struct dm_csr_wish wish = { .common_name = est->wish.common_name, .renews = est->wish.old_certificate };
    uint8_t *der;
    size_t n;
    int r = 0;

    if (!est->wish.key)
        r = dm_key_make(est->kind, &est->enrolled.key);
    else if (EVP_PKEY_up_ref(est->wish.key) == 1)
        est->enrolled.key = est->wish.key;
    else
        r = -ENOMEM;
    if (r == 0)
        r = dm_csr_make(est->enrolled.key, &wish, &der, &n);
    if (r == -EINVAL)
        return dm_error_set(error, r, "'%.40s' cannot be the name in a certificate.", wish.common_name ? wish.common_name : "");
    if (r == 0) {
        r = dm_base64_make(der, n, &est->request);
        free(der);
    }
    if (r < 0)
        return dm_error_set(error, r, "The device key could not be made.");
    est->request_bytes = strlen(est->request);
    return 0;
}

int est_next(struct est *est, struct dm_exchange *ret, struct dm_error *error)
{
    bool renewal = est->wish.old_certificate != NULL;

    *ret = (struct dm_exchange){ .wait_sec = est->wait_sec, .with_certificate = renewal };
    switch (est->stage) {
    case EST_CACERTS:
        ret->answer_bytes_max = CACERTS_BYTES_MAX;
        ret->progress = "Asking whom the organisation trusts";
        return set_url(est, "cacerts", ret, error);
    case EST_CSRATTRS:
        ret->answer_bytes_max = CSRATTRS_BYTES_MAX;
        return set_url(est, "csrattrs", ret, error);
    case EST_ENROLL:
        if (!est->request) {
            int r = make_request(est, error);

            if (r < 0)
                return r;
        }
        ret->post = true;
        ret->content_type = "application/pkcs10";
        ret->accept = "application/pkcs7-mime";
        ret->body = est->request;
        ret->body_bytes = est->request_bytes;
        ret->with_password = !renewal;
        ret->answer_bytes_max = CERTIFICATE_BYTES_MAX;
        ret->progress = est->waited_sec ? "Waiting for the organisation to decide" : "Asking for the certificate";
        return set_url(est, renewal ? "simplereenroll" : "simpleenroll", ret, error);
    case EST_DONE:
        break;
    }
    return 0;
}

static int refuse(unsigned status, const char *what, struct dm_error *error)
{
    if (status == 401)
        return dm_error_set(error, -EACCES, "The server refused the password. A one-time password is good once and for a limited time.");
    if (status == 403)
        return dm_error_set(error, -EACCES, "The server does not permit this device to enrol (403).");
    if (status == 404)
        return dm_error_set(error, -EPROTO, "There is no EST service at this address (404 for %s).", what);
    if (status >= 300 && status < 400)
        return dm_error_set(error, -EPROTO, "The server sends us elsewhere (%u), which is not followed.", status);
    if (status >= 500)
        return dm_error_set(error, -EPROTO, "The server has a problem of its own (%u for %s). Try again later.", status, what);
    return dm_error_set(error, -EPROTO, "The server refused the request (%u for %s).", status, what);
}

static int take_cacerts(struct est *est, const struct dm_answer *answer, struct dm_error *error)
{
    int r;

    if (answer->status != 200)
        return refuse(answer->status, "cacerts", error);
    r = dm_certs_from_base64(answer->body, answer->body_bytes, &est->enrolled.roots, error);
    if (r < 0)
        return r;
    for (int i = 0; i < sk_X509_num(est->enrolled.roots); i++)
        if (X509_check_ca(sk_X509_value(est->enrolled.roots, i)) == 0)
            return dm_error_set(error, -EBADMSG, "One of the organisation's roots is not the certificate of an authority.");
    est->stage = EST_CSRATTRS;
    return 0;
}

/* The kinds of key that the list names (RFC 7030, 4.5.2): object identifiers, or attributes with them first. */
static bool names_rsa(const uint8_t *der, size_t n_bytes)
{
    const unsigned char *at = der;
    ASN1_SEQUENCE_ANY *list = d2i_ASN1_SEQUENCE_ANY(NULL, &at, (long)n_bytes);
    bool rsa = false, elliptic = false;

    for (int i = 0; i < sk_ASN1_TYPE_num(list); i++) {
        const ASN1_TYPE *entry = sk_ASN1_TYPE_value(list, i);
        const ASN1_OBJECT *object = entry->type == V_ASN1_OBJECT ? entry->value.object : NULL;
        ASN1_SEQUENCE_ANY *attribute = NULL;
        int kind;

        if (entry->type == V_ASN1_SEQUENCE) {
            const unsigned char *inner = entry->value.sequence->data;

            attribute = d2i_ASN1_SEQUENCE_ANY(NULL, &inner, entry->value.sequence->length);
            if (sk_ASN1_TYPE_num(attribute) > 0 && sk_ASN1_TYPE_value(attribute, 0)->type == V_ASN1_OBJECT)
                object = sk_ASN1_TYPE_value(attribute, 0)->value.object;
        }
        kind = object ? OBJ_obj2nid(object) : NID_undef;
        rsa |= kind == NID_rsaEncryption;
        elliptic |= kind == NID_X9_62_id_ecPublicKey;
        sk_ASN1_TYPE_pop_free(attribute, ASN1_TYPE_free);
    }
    sk_ASN1_TYPE_pop_free(list, ASN1_TYPE_free);
    ERR_clear_error();
    return rsa && !elliptic;
}

/* Wishes of the server, and no more: whatever comes, a request follows. */
static int take_csrattrs(struct est *est, const struct dm_answer *answer)
{
    uint8_t *der;
    size_t n;

    est->stage = EST_ENROLL;
    if (answer->status == 200 && dm_base64_take(answer->body, answer->body_bytes, &der, &n) == 0) {
        est->kind = names_rsa(der, n) ? DM_KEY_RSA3072 : DM_KEY_P256;
        free(der);
    }
    return 0;
}

static int wait_for_decision(struct est *est, const struct dm_answer *answer, struct dm_error *error)
{
    uint64_t wait_sec;

    est->stands = true;
    wait_sec = answer->retry_after_sec ? answer->retry_after_sec : WAIT_SEC_DEFAULT;

    if (wait_sec < WAIT_SEC_MIN)
        wait_sec = WAIT_SEC_MIN;
    if (wait_sec > est->wish.patience_sec || est->waited_sec > est->wish.patience_sec - wait_sec)
        return dm_error_set(error, -EAGAIN, "The organisation has not decided yet. Try again in %llu minutes with the same command; the request stands.", (unsigned long long)(wait_sec / 60 + 1));
    est->wait_sec = wait_sec;
    est->waited_sec += wait_sec;
    return 0;
}

static int take_certificate(struct est *est, const struct dm_answer *answer, struct dm_error *error)
{
    struct dm_enrolled *enrolled = &est->enrolled;
    struct x509_st *ours;
    int r;

    if (answer->status == 202)
        return wait_for_decision(est, answer, error);
    if (answer->status != 200)
        return refuse(answer->status, est->wish.old_certificate ? "simplereenroll" : "simpleenroll", error);
    r = dm_certs_from_base64(answer->body, answer->body_bytes, &enrolled->others, error);
    if (r < 0)
        return r;
    ours = dm_issued_find(enrolled->others, enrolled->key, error);
    if (!ours)
        return -EBADMSG;
    r = dm_issued_judge(ours, enrolled->key, enrolled->others, enrolled->roots, answer->now_sec, error);
    if (r < 0)
        return r;
    X509_up_ref(ours);
    enrolled->certificate = ours;
    est->stage = EST_DONE;
    return 0;
}

int est_answer(struct est *est, const struct dm_answer *answer, struct dm_error *error)
{
    est->wait_sec = 0;
    switch (est->stage) {
    case EST_CACERTS:
        return take_cacerts(est, answer, error);
    case EST_CSRATTRS:
        return take_csrattrs(est, answer);
    case EST_ENROLL:
        return take_certificate(est, answer, error);
    case EST_DONE:
        break;
    }
    return dm_error_set(error, -EPROTO, "Nothing was asked.");
}
