/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which request follows which answer. How a message looks is scepmessage.c; whom the authority's certificates make believable, scepca.c;
 * whether the certificate is believed, issued.c.
 */
#include "dm/scep.h"

#include "dm/csr.h"
#include "dm/issued.h"
#include "dm/keys.h"
#include "dm/scepca.h"
#include "dm/scepmessage.h"

#include <errno.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPS_BYTES_MAX    ((size_t)4 * 1024)
#define CACERT_BYTES_MAX  ((size_t)128 * 1024)
#define ANSWER_BYTES_MAX  ((size_t)128 * 1024)
#define POLL_SEC_FIRST    10 /* then twice as long each time */
#define POLL_SEC_MAX      300
#define DEFAULT_PROGRAM   "/cgi-bin/pkiclient.exe" /* section 4.1, where the address has no path */

enum scep_stage {
    SCEP_CAPS,
    SCEP_CACERT,
    SCEP_REQUEST,
    SCEP_POLL,
    SCEP_DONE,
};

struct scep {
    struct dm_enrol_wish wish;
    enum scep_stage stage;
    bool plain, renews_by_name; /* http; the server knows RenewalReq */
    struct scep_ca ca;
    char transaction[SCEP_TRANSACTION_SIZE];
    uint8_t nonce[SCEP_NONCE_BYTES];
    struct x509_st *self_signed;
    uint8_t *message;
    size_t message_bytes;
    uint64_t wait_sec, waited_sec;
    bool stands; /* the request is not decided yet */
    int64_t now_sec;
    struct dm_enrolled enrolled;
};

struct scep *scep_new(const struct dm_enrol_wish *wish)
{
    struct scep *scep = calloc(1, sizeof(*scep));

    if (!scep)
        return NULL;
    scep->wish = *wish;
    scep->plain = strncasecmp(wish->server_url, "http://", 7) == 0;
    return scep;
}

struct scep *scep_free(struct scep *scep)
{
    if (!scep)
        return NULL;
    dm_enrolled_clear(&scep->enrolled);
    scep_ca_clear(&scep->ca);
    X509_free(scep->self_signed);
    free(scep->message);
    free(scep);
    return NULL;
}

void scep_take(struct scep *scep, struct dm_enrolled *ret)
{
    *ret = scep->enrolled;
    scep->enrolled = (struct dm_enrolled){ 0 };
}

struct evp_pkey_st *scep_pending_key(const struct scep *scep)
{
    return scep->stands ? scep->enrolled.key : NULL;
}

static int set_url(const struct scep *scep, const char *operation, struct dm_exchange *ret, struct dm_error *error)
{
    const char *host = strstr(scep->wish.server_url, "://");
    const char *program = host && strchr(host + 3, '/') ? "" : DEFAULT_PROGRAM;
    int n = snprintf(ret->url, sizeof(ret->url), "%s%s?operation=%s", scep->wish.server_url, program, operation);

    if (n < 0 || (size_t)n >= sizeof(ret->url))
        return dm_error_set(error, -EINVAL, "The server's address is too long.");
    return 1;
}

/* Who signs our messages, and can read the answers: the certificate in force, or one made for the purpose. */
static struct x509_st *signer(const struct scep *scep)
{
    return scep->wish.old_certificate ? scep->wish.old_certificate : scep->self_signed;
}

static struct evp_pkey_st *signer_key(const struct scep *scep)
{
    return scep->wish.old_certificate ? scep->wish.old_key : scep->enrolled.key;
}

static int make_key(struct scep *scep, struct dm_error *error)
{
    struct evp_pkey_st *old = scep->wish.old_key;
    int r = 0;

    if (scep->enrolled.key)
        return 0;
    if (old && !EVP_PKEY_is_a(old, "RSA"))
        return dm_error_set(error, -EPROTO, "SCEP can only renew RSA keys. Enrol again after 'mvpnctl unenroll'.");
    if (scep->wish.key) {
        if (!EVP_PKEY_up_ref(scep->wish.key))
            return -ENOMEM;
        scep->enrolled.key = scep->wish.key;
    } else {
        r = dm_key_make(DM_KEY_RSA3072, &scep->enrolled.key);
    }
    if (r == 0)
        r = scep_transaction_of(scep->enrolled.key, scep->transaction);
    if (r == 0 && !scep->wish.old_certificate) {
        scep->self_signed = scep_self_signed(scep->enrolled.key, scep->wish.common_name, scep->now_sec);
        r = scep->self_signed ? 0 : -ENOMEM;
    }
    return r < 0 ? dm_error_set(error, r, "The device key could not be made.") : 0;
}

/* What the message is about: a request for a certificate, or a question about one. */
static int make_content(struct scep *scep, uint8_t **ret, size_t *ret_bytes)
{
    struct dm_csr_wish wish = { .common_name = scep->wish.common_name, .renews = scep->wish.old_certificate };

    if (scep->stage == SCEP_POLL)
        return scep_issuer_and_subject(scep->ca.authority, signer(scep), ret, ret_bytes);
    if (!scep->wish.old_certificate)
        wish.challenge = scep->wish.secret;
    return dm_csr_make(scep->enrolled.key, &wish, ret, ret_bytes);
}

static enum scep_type message_type(const struct scep *scep)
{
    if (scep->stage == SCEP_POLL)
        return SCEP_CERT_POLL;
    return scep->wish.old_certificate && scep->renews_by_name ? SCEP_RENEWAL_REQ : SCEP_PKCS_REQ;
}

/* A nonce is used once: every message has its own. */
static int make_message(struct scep *scep, struct dm_error *error)
{
    struct scep_request request = { .type = message_type(scep), .transaction = scep->transaction, .recipient = scep->ca.reader };
    uint8_t *content = NULL;
    size_t n = 0;
    int r = make_key(scep, error);

    if (r < 0)
        return r;
    free(scep->message);
    scep->message = NULL;
    r = RAND_bytes(scep->nonce, sizeof(scep->nonce)) == 1 ? make_content(scep, &content, &n) : -ENOMEM;
    if (r == 0) {
        memcpy(request.nonce, scep->nonce, sizeof(request.nonce));
        request.content = content;
        request.content_bytes = n;
        request.signer = signer(scep);
        request.signer_key = signer_key(scep);
        r = scep_message_make(&request, &scep->message, &scep->message_bytes);
    }
    dm_secret_free((char *)content, n); /* the password is in it */
    return r < 0 ? dm_error_set(error, r, "The request for a certificate could not be made (does '%.40s' fit into one?).", scep->wish.common_name) : 0;
}

static int next_message(struct scep *scep, struct dm_exchange *ret, struct dm_error *error)
{
    int r = make_message(scep, error);

    if (r < 0)
        return r;
    ret->post = true;
    ret->content_type = "application/x-pki-message";
    ret->body = scep->message;
    ret->body_bytes = scep->message_bytes;
    ret->answer_bytes_max = ANSWER_BYTES_MAX;
    ret->progress = scep->stage == SCEP_POLL ? "Waiting for the organisation to decide" : "Asking for the certificate";
    return set_url(scep, "PKIOperation", ret, error);
}

int scep_next(struct scep *scep, struct dm_exchange *ret, struct dm_error *error)
{
    *ret = (struct dm_exchange){ .wait_sec = scep->wait_sec };
    switch (scep->stage) {
    case SCEP_CAPS:
        ret->answer_bytes_max = CAPS_BYTES_MAX;
        ret->progress = "Asking what the server can do";
        return set_url(scep, "GetCACaps", ret, error);
    case SCEP_CACERT:
        ret->answer_bytes_max = CACERT_BYTES_MAX;
        ret->progress = "Asking whom the organisation trusts";
        return set_url(scep, "GetCACert", ret, error);
    case SCEP_REQUEST:
    case SCEP_POLL:
        return next_message(scep, ret, error);
    case SCEP_DONE:
        break;
    }
    return 0;
}

static int refuse(const struct dm_answer *answer, const char *what, struct dm_error *error)
{
    if (answer->status == 404)
        return dm_error_set(error, -EPROTO, "There is no SCEP service at this address (404 for %s).", what);
    if (answer->status >= 300 && answer->status < 400)
        return dm_error_set(error, -EPROTO, "The server sends us elsewhere (%u), which is not followed.", answer->status);
    if (answer->status >= 500)
        return dm_error_set(error, -EPROTO, "The server has a problem of its own (%u for %s). Try again later.", answer->status, what);
    return dm_error_set(error, -EPROTO, "The server refused the request (%u for %s).", answer->status, what);
}

/* One keyword a line (section 3.5.2), in any case. */
static bool has_capability(const struct dm_answer *answer, const char *name)
{
    const char *line = answer->body, *end = answer->body + answer->body_bytes;

    while (line < end) {
        size_t n = strcspn(line, "\r\n");

        if (n == strlen(name) && strncasecmp(line, name, n) == 0)
            return true;
        line += n + 1;
    }
    return false;
}

static int take_caps(struct scep *scep, const struct dm_answer *answer, struct dm_error *error)
{
    bool standard = has_capability(answer, "SCEPStandard");

    if (answer->status != 200)
        return refuse(answer, "GetCACaps", error);
    if (!standard && !has_capability(answer, "AES"))
        return dm_error_set(error, -EPROTO, "The server does not offer AES, and weaker ciphers are not used here.");
    if (!standard && !has_capability(answer, "SHA-256") && !has_capability(answer, "SHA-512"))
        return dm_error_set(error, -EPROTO, "The server does not offer SHA-256, and weaker digests are not used here.");
    if (!standard && !has_capability(answer, "POSTPKIOperation"))
        return dm_error_set(error, -EPROTO, "The server takes no requests by POST; it is too old for this.");
    scep->renews_by_name = standard || has_capability(answer, "Renewal");
    scep->stage = SCEP_CACERT;
    return 0;
}

static int take_cacert(struct scep *scep, const struct dm_answer *answer, struct dm_error *error)
{
    struct scep_trust trust = { .channel = !scep->plain, .digest = scep->wish.ca_digest, .digest_bytes = scep->wish.ca_digest_bytes,
        .roots = scep->wish.old_roots, .now_sec = answer->now_sec };
    int r;

    if (answer->status != 200)
        return refuse(answer, "GetCACert", error);
    r = scep_ca_read(answer->body, answer->body_bytes, &trust, &scep->ca, error);
    if (r < 0)
        return r;
    scep->stage = scep->wish.request_stands ? SCEP_POLL : SCEP_REQUEST;
    return 0;
}

static int wait_for_decision(struct scep *scep, struct dm_error *error)
{
    uint64_t wait_sec;

    scep->stands = true;
    wait_sec = scep->wait_sec ? 2 * scep->wait_sec : POLL_SEC_FIRST;

    if (wait_sec > POLL_SEC_MAX)
        wait_sec = POLL_SEC_MAX;
    if (wait_sec > scep->wish.patience_sec || scep->waited_sec > scep->wish.patience_sec - wait_sec)
        return dm_error_set(error, -EAGAIN, "The organisation has not decided yet. Try again later with the same command; the request stands.");
    scep->stage = SCEP_POLL;
    scep->wait_sec = wait_sec;
    scep->waited_sec += wait_sec;
    return 0;
}

static int explain_failure(int failure, struct dm_error *error)
{
    switch (failure) {
    case SCEP_BAD_ALG:
        return dm_error_set(error, -EPROTO, "The authority does not know an algorithm that we use (badAlg).");
    case SCEP_BAD_MESSAGE_CHECK:
        return dm_error_set(error, -EPROTO, "The authority could not verify our message (badMessageCheck).");
    case SCEP_BAD_REQUEST:
        return dm_error_set(error, -EACCES,
            "The authority refused the request (badRequest). A one-time password is good once and for a limited time.");
    case SCEP_BAD_TIME:
        return dm_error_set(error, -EPROTO, "The authority finds our message too old or too new (badTime). Is the clock of this device right?");
    case SCEP_BAD_CERT_ID:
        return dm_error_set(error, -EACCES, "The authority knows nothing of this request any more (badCertId). Enrol anew.");
    default:
        return dm_error_set(error, -EACCES, "The authority refused the request and did not say why.");
    }
}

static int believe(struct scep *scep, const struct scep_reply *reply, int64_t now_sec, struct dm_error *error)
{
    struct dm_enrolled *enrolled = &scep->enrolled;
    struct x509_st *ours;
    int r = dm_certs_from_cms(reply->content, reply->content_bytes, &enrolled->others, error);

    if (r < 0)
        return r;
    ours = dm_issued_find(enrolled->others, enrolled->key, error);
    if (!ours)
        return -EBADMSG;
    r = scep_ca_hand_over(&scep->ca, &enrolled->roots, enrolled->others);
    if (r < 0)
        return dm_error_set(error, r, "No memory.");
    r = dm_issued_judge(ours, enrolled->key, enrolled->others, enrolled->roots, now_sec, error);
    if (r < 0)
        return r;
    X509_up_ref(ours);
    enrolled->certificate = ours;
    scep->stage = SCEP_DONE;
    return 0;
}

static int take_reply(struct scep *scep, const struct dm_answer *answer, struct dm_error *error)
{
    struct scep_expected expected = { .transaction = scep->transaction, .nonce = scep->nonce, .signers = scep->ca.certificates,
        .recipient = signer(scep), .key = signer_key(scep) };
    struct scep_reply reply;
    int r;

    if (answer->status != 200)
        return refuse(answer, "PKIOperation", error);
    r = scep_message_open(answer->body, answer->body_bytes, &expected, &reply, error);
    if (r < 0)
        return r;
    switch (reply.status) {
    case SCEP_PENDING:
        return wait_for_decision(scep, error);
    case SCEP_FAILURE:
        return explain_failure(reply.failure, error);
    case SCEP_SUCCESS:
        break;
    }
    r = believe(scep, &reply, answer->now_sec, error);
    free(reply.content);
    return r;
}

int scep_answer(struct scep *scep, const struct dm_answer *answer, struct dm_error *error)
{
    scep->now_sec = answer->now_sec;
    switch (scep->stage) {
    case SCEP_CAPS:
        return take_caps(scep, answer, error);
    case SCEP_CACERT:
        return take_cacert(scep, answer, error);
    case SCEP_REQUEST:
    case SCEP_POLL:
        return take_reply(scep, answer, error);
    case SCEP_DONE:
        break;
    }
    return dm_error_set(error, -EPROTO, "Nothing was asked.");
}
