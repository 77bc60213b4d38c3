/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Engine, HTTP and store brought together. Everything that a failure leaves behind is in memory only, until the one commit at the end.
 */
#include "dm/enrol.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/usec.h"
#include "dm/http.h"
#include "dm/issued.h"
#include "dm/keys.h"
#include "dm/method.h"
#include "dm/provisioning.h"
#include "dm/server.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <poll.h>
#include <string.h>

#define PATIENCE_SEC       600 /* for a 202 while a person looks on; a renewal comes again by itself */
#define ENROL_USEC_MAX     MINUTES(20) /* from the first request to the last */
#define RENEW_BEFORE_SEC   (30 * INT64_C(86400)) /* at most; a third of the lifetime for short ones */
#define ACCOUNT_NAME_STEM  "device"
#define MANAGEMENT_BYTES_MAX 8192
#define ABANDONED_SEC (24 * 3600)

struct work {
    struct dm_store *store;
    const struct dm_job_hooks *hooks;
    const struct dm_method *method;
    EVP_PKEY *undecided; /* the key of a request that stands */
    bool is_kept; /* on the disk */
    uint8_t ca_digest[48];
    struct dm_account account; /* as it shall be */
    struct dm_enrol_wish wish;
    struct dm_http_trust trust;
    struct dm_enrolled enrolled;
    char *roots_pem, *certificate_pem, *key_pem; /* what trust and wish borrow */
    size_t roots_bytes, certificate_bytes, key_bytes;
    struct stack_st_X509 *certificates;
    uint64_t end_at_usec; /* CLOCK_MONOTONIC: however slowly the server decides, at the latest */
};

static void work_clear(struct work *work)
{
    dm_enrolled_clear(&work->enrolled);
    EVP_PKEY_free(work->wish.old_key);
    EVP_PKEY_free(work->wish.key);
    EVP_PKEY_free(work->undecided);
    sk_X509_pop_free(work->wish.old_roots, X509_free);
    sk_X509_pop_free(work->certificates, X509_free);
    free(work->roots_pem);
    free(work->certificate_pem);
    dm_secret_free(work->key_pem, work->key_bytes);
}

static void tell(const struct work *work, const char *text)
{
    if (work->hooks->progress && text)
        work->hooks->progress(work->hooks->userdata, text);
}

static bool should_stop(void *userdata)
{
    const struct work *work = userdata;

    return clock_monotonic_usec() >= work->end_at_usec || (work->hooks->stop && work->hooks->stop(work->hooks->userdata));
}

static bool wait_for(struct work *work, uint64_t wait_sec)
{
    for (; wait_sec; wait_sec--) {
        if (should_stop(work))
            return false;
        poll(NULL, 0, 1000);
    }
    return true;
}

#define ASIDE_HEAD_SIZE 1200

/* What a request that stands belongs to: only the same wish takes it up again. */
static void head_of(const struct work *work, char ret[ASIDE_HEAD_SIZE])
{
    snprintf(ret, ASIDE_HEAD_SIZE, "%s %s %s %s\n", work->account.method, work->account.server, work->account.device,
        work->wish.old_certificate ? work->account.name : "-");
}

static void take_up(struct work *work)
{
    char head[ASIDE_HEAD_SIZE], *text;
    size_t n;

    if (dm_store_read_aside(work->store, &text, &n) < 0)
        return;
    head_of(work, head);
    if (strncmp(text, head, strlen(head)) == 0)
        work->wish.request_stands = dm_key_from_pem(text + strlen(head), n - strlen(head), &work->wish.key) == 0;
    dm_secret_free(text, n);
}

static int put_aside(struct work *work)
{
    char head[ASIDE_HEAD_SIZE], *pem, *text;
    size_t n, n_head;
    int r = dm_key_to_pem(work->undecided, &pem, &n);

    if (r < 0)
        return r;
    head_of(work, head);
    n_head = strlen(head);
    text = malloc(n_head + n);
    if (text) {
        memcpy(text, head, n_head);
        memcpy(text + n_head, pem, n);
        r = dm_store_put_aside(work->store, text, n_head + n);
    }
    dm_secret_free(text, n_head + n);
    dm_secret_free(pem, n);
    return text ? r : -ENOMEM;
}

/* The organisation has not decided: from now on the request outlives us, whatever ends the wait. Its key is what finds it again. */
static void keep_undecided(struct work *work, void *engine)
{
    EVP_PKEY *key = work->method->pending_key ? work->method->pending_key(engine) : NULL;

    if (!key || work->undecided || EVP_PKEY_up_ref(key) != 1)
        return;
    work->undecided = key;
    work->is_kept = put_aside(work) == 0;
}

static int converse(struct work *work, void *engine, struct dm_http *http, struct dm_error *error)
{
    struct dm_exchange exchange;
    struct dm_answer answer;
    int r;

    while ((r = work->method->next(engine, &exchange, error)) > 0) {
        tell(work, exchange.progress);
        if (!wait_for(work, exchange.wait_sec))
            return dm_error_set(error, -ECANCELED, "Stopped.");
        r = dm_http_do(http, &exchange, &answer, error);
        if (r == 0)
            r = work->method->answer(engine, &answer, error);
        keep_undecided(work, engine);
        if (r < 0)
            return r;
    }
    return r;
}

static int ask(struct work *work, struct dm_error *error)
{
    struct dm_http *http = NULL;
    void *engine = work->method->make(&work->wish);
    int r = dm_http_new(&work->trust, &http);

    if (!engine)
        r = -ENOMEM;
    if (r < 0) {
        dm_error_set(error, r, r == -ENOSYS ? "libcurl lacks what secure connections need here." : "No memory.");
    } else {
        work->end_at_usec = clock_monotonic_usec() + ENROL_USEC_MAX;
        dm_http_set_stop(http, should_stop, work);
        r = converse(work, engine, http, error);
        if (r == -ECANCELED && clock_monotonic_usec() >= work->end_at_usec)
            r = dm_error_set(error, -ETIMEDOUT, "The server is too slow: after 20 minutes there is no certificate yet.");
        if (r == 0)
            work->method->take(engine, &work->enrolled);
    }
    if (engine)
        work->method->free(engine);
    dm_http_free(http);
    return r;
}

/* By the organisation: what anybody on the way can send is no decision. */
static bool is_decided(int result)
{
    return result == 0 || result == -EACCES;
}

/* As ask(), and across attempts: a request that the organisation has not decided yet is asked after, not made again. */
static int ask_again(struct work *work, struct dm_error *error)
{
    int r;

    take_up(work);
    r = ask(work, error);
    if (r == -EAGAIN && !work->is_kept)
        return dm_error_set(error, r, "The organisation has not decided yet, and the request could not be stored: the next one is new.");
    if (is_decided(r))
        dm_store_forget_aside(work->store);
    return r;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;

    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* The organisation says when to renew, or a third of the life is left, at most 30 days. */
static void set_dates(struct dm_account *account, X509 *certificate, const struct dm_provisioning *provisioning, int64_t now_sec)
{
    int64_t begins_sec = seconds_of(X509_get0_notBefore(certificate)), lead_sec;

    account->expires_at_sec = seconds_of(X509_get0_notAfter(certificate));
    lead_sec = (account->expires_at_sec - begins_sec) / 3;
    lead_sec = lead_sec < RENEW_BEFORE_SEC ? lead_sec : RENEW_BEFORE_SEC;
    if (provisioning && provisioning->renew_period_days && provisioning->renew_period_days < 36500)
        lead_sec = provisioning->renew_period_days * INT64_C(86400);
    account->renew_at_sec = account->expires_at_sec - lead_sec;
    if (account->renew_at_sec < now_sec)
        account->renew_at_sec = now_sec;
}

/* Ours first, then what stands between: the order that TLS and IKE want. */
static int chain_to_pem(const struct dm_enrolled *enrolled, char **ret, size_t *ret_bytes)
{
    STACK_OF(X509) *chain = sk_X509_new_null();
    int r = chain && sk_X509_push(chain, enrolled->certificate) > 0 ? 0 : -ENOMEM;

    for (int i = 0; r == 0 && i < sk_X509_num(enrolled->others); i++) {
        X509 *other = sk_X509_value(enrolled->others, i);

        if (X509_cmp(other, enrolled->certificate) != 0 && X509_self_signed(other, 0) != 1 && sk_X509_push(chain, other) <= 0)
            r = -ENOMEM;
    }
    if (r == 0)
        r = dm_certs_to_pem(chain, ret, ret_bytes);
    sk_X509_free(chain);
    return r;
}

static int commit(struct work *work, struct dm_error *error)
{
    struct dm_account *account = &work->account;
    const struct dm_provisioning *provisioning = work->enrolled.provisioning;
    _cleanup_free_ char *certs = NULL, *roots = NULL;
    char paths[3][128], management[MANAGEMENT_BYTES_MAX], *key = NULL;
    bool managed = provisioning && provisioning->address[0];
    size_t n_certs = 0, n_roots = 0, n_key = 0;
    int r;

    memcpy(account->previous, account->name, sizeof(account->previous));
    account->renewed_at_sec = clock_realtime_sec();
    snprintf(account->name, sizeof(account->name), ACCOUNT_NAME_STEM "-%u", ++account->serial);
    set_dates(account, work->enrolled.certificate, work->enrolled.provisioning, clock_realtime_sec());
    if (provisioning)
        memcpy(account->service, provisioning->service_url, sizeof(account->service));
    snprintf(paths[0], sizeof(paths[0]), "certs/%s.pem", account->name);
    snprintf(paths[1], sizeof(paths[1]), "keys/%s.key", account->name);
    snprintf(paths[2], sizeof(paths[2]), "roots/%s.pem", account->name);
    r = chain_to_pem(&work->enrolled, &certs, &n_certs);
    if (r == 0 && managed)
        r = dm_management_format(provisioning, management, sizeof(management));
    if (r == 0)
        r = dm_certs_to_pem(work->enrolled.roots, &roots, &n_roots);
    if (r == 0)
        r = dm_key_to_pem(work->enrolled.key, &key, &n_key);
    if (r == 0) {
        struct dm_account_file files[] = {
            { paths[0], certs, n_certs, 0640 },
            { paths[1], key, n_key, 0640 },
            { paths[2], roots, n_roots, 0640 },
            { "server-roots.pem", work->roots_pem, work->roots_bytes, 0640 },
            { "management", management, managed ? strlen(management) : 0, 0600 },
        };

        r = dm_store_commit(work->store, account, files, managed ? 5 : 4); /* a renewal that names no server leaves the one there is */
    }
    explicit_bzero(management, sizeof(management));
    dm_secret_free(key, n_key);
    return r < 0 ? dm_error_set(error, r, "The certificate could not be stored: %s.", strerror(-r)) : 0;
}

static int read_server(const char *typed, const char *method, char *ret, size_t size)
{
    if (strcmp(method, "scep") == 0)
        return dm_plain_server_url(typed, ret, size);
    return dm_server_url(typed, strcmp(method, "mde2") == 0 ? "enterpriseenrollment." : "", ret, size);
}

static int set_server(struct work *work, const struct dm_enrol_request *request, struct dm_error *error)
{
    const char *method = request->method ? request->method : "mde2";

    work->method = dm_method_find(method);
    if (!work->method)
        return dm_error_set(error, -EINVAL, "There is no way of enrolment called '%.20s'; there are mde2, est and scep.", method);
    snprintf(work->account.method, sizeof(work->account.method), "%s", method);
    if (read_server(request->typed_server, method, work->account.server, sizeof(work->account.server)) < 0)
        return dm_error_set(error, -EINVAL, "'%.80s' is no server: give a name, an https address or your mail address.", request->typed_server);
    if (request->pin && dm_pin_read(request->pin, work->account.pin) < 0)
        return dm_error_set(error, -EINVAL, "The pin is no SHA-256: give 64 hexadecimal digits or base64.");
    return 0;
}

static int set_identity(struct work *work, const struct dm_enrol_request *request, struct dm_error *error)
{
    char host[65] = "";

    if (!request->device && (gethostname(host, sizeof(host) - 1) < 0 || !host[0]))
        return dm_error_set(error, -EINVAL, "This device has no name; give one with --device.");
    if (strlen(request->device ? request->device : host) > 64)
        return dm_error_set(error, -EINVAL, "A device's name has 64 characters at most.");
    snprintf(work->account.device, sizeof(work->account.device), "%s", request->device ? request->device : host);
    work->trust.user = request->user ? request->user : dm_is_mail(request->typed_server) ? request->typed_server : "";
    work->trust.password = request->secret;
    work->wish.user = work->trust.user;
    work->wish.secret = request->secret;
    work->wish.secret_is_token = request->secret_is_token;
    return 0;
}

static int set_roots(struct work *work, const struct dm_enrol_request *request, struct dm_error *error)
{
    STACK_OF(X509) *roots;
    int n;

    if (!request->roots_pem)
        return 0;
    if (dm_certs_from_pem(request->roots_pem, strlen(request->roots_pem), &roots, NULL) < 0)
        return dm_error_set(error, -EINVAL, "The roots that were given are no certificates in PEM.");
    n = sk_X509_num(roots);
    sk_X509_pop_free(roots, X509_free);
    if (n == 0)
        return dm_error_set(error, -EINVAL, "There is no certificate among the roots that were given.");
    work->roots_pem = strdup(request->roots_pem);
    work->roots_bytes = work->roots_pem ? strlen(work->roots_pem) : 0;
    return work->roots_pem ? 0 : dm_error_set(error, -ENOMEM, "No memory.");
}

/* Where there is no TLS, the pin is the authority's. */
static void set_trust(struct work *work)
{
    work->trust.origin_url = work->account.server;
    work->trust.pin = work->account.pin[0] ? work->account.pin : NULL;
    work->trust.plain = dm_is_plain_url(work->account.server);
    if (work->trust.plain && work->trust.pin &&
        EVP_DecodeBlock(work->ca_digest, (const unsigned char *)work->trust.pin, DM_PIN_SIZE - 1) == 33) {
        work->wish.ca_digest = work->ca_digest;
        work->wish.ca_digest_bytes = 32;
    }
    work->trust.roots_pem = work->roots_pem;
    work->trust.roots_bytes = work->roots_bytes;
    work->trust.pin_and_roots = work->trust.pin && work->roots_pem;
    work->wish.server_url = work->account.server;
    work->wish.common_name = work->account.device;
    work->wish.patience_sec = PATIENCE_SEC;
}

int dm_enrol_run(struct dm_store *store, const struct dm_enrol_request *request, const struct dm_job_hooks *hooks, struct dm_error *error)
{
    struct work work = { .store = store, .hooks = hooks };
    struct dm_account before;
    int r = dm_store_load(store, &before);

    if (r != -ENOENT)
        return r == 0 ? dm_error_set(error, -EEXIST, "This device is enrolled already. 'mvpnctl unenroll' ends that first.") :
                        dm_error_set(error, r, "What is known of an earlier enrolment is damaged. 'mvpnctl unenroll' clears it away.");
    r = set_server(&work, request, error);
    if (r == 0)
        r = set_identity(&work, request, error);
    if (r == 0)
        r = set_roots(&work, request, error);
    if (r == 0) {
        set_trust(&work);
        work.account.enrolled_at_sec = clock_realtime_sec();
        r = ask_again(&work, error);
    }
    if (r == 0) {
        tell(&work, "Storing the certificate");
        r = commit(&work, error);
    }
    work_clear(&work);
    return r;
}

/* What the account in force says, into memory. */
static int recall(struct work *work)
{
    char path[128];
    size_t n;
    int r;

    snprintf(path, sizeof(path), "certs/%s.pem", work->account.name);
    r = dm_store_read(work->store, path, &work->certificate_pem, &work->certificate_bytes);
    if (r == 0)
        r = dm_certs_from_pem(work->certificate_pem, work->certificate_bytes, &work->certificates, NULL);
    if (r == 0 && sk_X509_num(work->certificates) == 0)
        r = -EBADMSG;
    snprintf(path, sizeof(path), "keys/%s.key", work->account.name);
    if (r == 0)
        r = dm_store_read(work->store, path, &work->key_pem, &work->key_bytes);
    if (r == 0)
        r = dm_key_from_pem(work->key_pem, work->key_bytes, &work->wish.old_key);
    snprintf(path, sizeof(path), "roots/%s.pem", work->account.name);
    if (r == 0) {
        _cleanup_free_ char *roots = NULL;

        r = dm_store_read(work->store, path, &roots, &n);
        if (r == 0)
            r = dm_certs_from_pem(roots, n, &work->wish.old_roots, NULL);
    }
    if (r == 0) {
        r = dm_store_read(work->store, "server-roots.pem", &work->roots_pem, &work->roots_bytes);
        if (r == -ENOENT)
            r = 0;
    }
    return r;
}

int dm_renew_run(struct dm_store *store, const struct dm_job_hooks *hooks, struct dm_error *error)
{
    struct work work = { .store = store, .hooks = hooks };
    int r = dm_store_load(store, &work.account);

    if (r == -ENOENT)
        return dm_error_set(error, r, "This device is not enrolled.");
    if (r == 0)
        r = recall(&work);
    work.method = r == 0 ? dm_method_find(work.account.method) : NULL;
    if (r < 0 || !work.method) {
        r = dm_error_set(error, r < 0 ? r : -EBADMSG, "What is known of the enrolment is damaged. Enrol again after 'mvpnctl unenroll'.");
    } else {
        set_trust(&work);
        work.trust.certificate_pem = work.certificate_pem;
        work.trust.key_pem = work.key_pem;
        work.wish.old_certificate = sk_X509_value(work.certificates, 0);
        if (work.account.service[0])
            work.trust.origin_url = work.wish.server_url = work.account.service;
        r = ask_again(&work, error);
        if (r == 0)
            r = commit(&work, error);
    }
    work_clear(&work);
    return r;
}

/* Takes away the files of one certificate. */
static int drop_name(struct dm_store *store, const struct dm_account *account, const char *name)
{
    char paths[3][128];

    snprintf(paths[0], sizeof(paths[0]), "certs/%s.pem", name);
    snprintf(paths[1], sizeof(paths[1]), "keys/%s.key", name);
    snprintf(paths[2], sizeof(paths[2]), "roots/%s.pem", name);
    return dm_store_commit(store, account,
        (const struct dm_account_file[]){ { paths[0], NULL, 0, 0 }, { paths[1], NULL, 0, 0 }, { paths[2], NULL, 0, 0 } }, 3);
}

int dm_renew_settle(struct dm_store *store)
{
    struct dm_account account;
    char old[DM_STORE_NAME_SIZE];
    int r = dm_store_load(store, &account);

    if (r < 0 || !account.previous[0])
        return r;
    memcpy(old, account.previous, sizeof(old));
    account.previous[0] = '\0';
    return drop_name(store, &account, old);
}

int dm_renew_abandon(struct dm_store *store)
{
    struct work work = { .store = store };
    char gone[DM_STORE_NAME_SIZE];
    int r = dm_store_load(store, &work.account);

    if (r < 0 || !work.account.previous[0])
        return r;
    memcpy(gone, work.account.name, sizeof(gone));
    memcpy(work.account.name, work.account.previous, sizeof(work.account.name));
    work.account.previous[0] = '\0';
    r = recall(&work);
    if (r == 0) {
        set_dates(&work.account, sk_X509_value(work.certificates, 0), NULL, clock_realtime_sec());
        work.account.renew_at_sec = clock_realtime_sec() + ABANDONED_SEC;
        r = drop_name(store, &work.account, gone);
    }
    work_clear(&work);
    return r;
}
