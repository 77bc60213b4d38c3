/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own certificate, key and CAs judged; credentials.h tells by what. The order is the order in which a person mends them: certificate,
 * key, whether they fit, CAs. Validity in time is only reported: the core judges it by a clock that it trusts.
 */
#include "config/credentials.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "config/certfile.h"
#include "config/parse.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static void cleanup_certificates(STACK_OF(X509) * *certificates)
{
    sk_X509_pop_free(*certificates, X509_free);
}

static void cleanup_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void cleanup_bio(BIO **bio)
{
    BIO_free(*bio);
}

static bool is_token(const char *name)
{
    return strncmp(name, "pkcs11:", strlen("pkcs11:")) == 0;
}

static void set_problem(struct credentials_report *report, enum reason reason)
{
    report->credentials.problem = reason;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* RFC 2253 order and escaping, but UTF-8 as it is: it is for people. */
static void describe_subject(X509 *certificate, char *buf, size_t size)
{
    _cleanup_(cleanup_bio) BIO *bio = BIO_new(BIO_s_mem());
    int n;

    buf[0] = '\0';
    if (!bio || X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) < 0)
        return;
    n = BIO_read(bio, buf, (int)size - 1);
    buf[n > 0 ? n : 0] = '\0';
    parse_mend_text(buf);
}

/* What IKE can sign with: RFC 7296 and 7427 (RSA, ECDSA), RFC 8420 (Ed25519, Ed448). */
static bool key_type_is_usable(const X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        return true;
    }
    return false;
}

/* The first certificate of the file is ours, further ones are intermediates. *ret_own stays NULL for a token. */
static int judge_certificate(const struct settings *settings, STACK_OF(X509) * certificates, X509 **ret_own,
    struct credentials_report *report, struct strbuf *detail)
{
    X509 *own;
    int r;

    if (is_token(settings->certificate)) {
        report->credentials.not_before_sec = 0;
        report->credentials.not_after_sec = INT64_MAX;
        return 0;
    }
    r = certfile_read(settings->certificate, certificates, detail);
    if (r < 0) {
        set_problem(report, REASON_CERTIFICATE_INVALID);
        return r == -ENOMEM ? r : 0;
    }
    own = sk_X509_value(certificates, 0);
    report->credentials.not_before_sec = seconds_of(X509_get0_notBefore(own));
    report->credentials.not_after_sec = seconds_of(X509_get0_notAfter(own));
    describe_subject(own, report->subject, sizeof(report->subject));
    *ret_own = own;
    if (key_type_is_usable(own))
        return 0;
    set_problem(report, REASON_CERTIFICATE_INVALID);
    strbuf_add(detail,
        "%s is a certificate for a kind of key that IKE cannot sign with: get one for an RSA, ECDSA or "
        "Ed25519 key.",
        settings->certificate);
    return 0;
}

static int judge_key(
    const struct settings *settings, X509 *own, struct credentials_report *report, struct strbuf *detail)
{
    _cleanup_(cleanup_key) EVP_PKEY *key = NULL;
    int r;

    report->key_in_token = is_token(settings->private_key);
    if (report->key_in_token)
        return 0;
    r = certfile_read_key(settings->private_key, &key, detail);
    if (r < 0) {
        set_problem(report, REASON_CERTIFICATE_INVALID);
        return r == -ENOMEM ? r : 0;
    }
    if (own && X509_check_private_key(own, key) != 1) {
        set_problem(report, REASON_KEY_MISMATCH);
        strbuf_add(detail,
            "%s is not the key of the certificate in %s: put the two that belong together in place.",
            settings->private_key, settings->certificate);
    }
    ERR_clear_error();
    return 0;
}

static int judge_cas(const struct settings *settings, STACK_OF(X509) * cas, struct credentials_report *report,
    struct strbuf *detail)
{
    char text[sizeof(report->detail)];
    struct strbuf problem;
    unsigned n_passed_over;
    int r;

    strbuf_init(&problem, text, sizeof(text));
    r = certfile_read_all(settings->ca_certificates, cas, &n_passed_over, &problem);
    if (r == -ENOMEM)
        return r;
    for (int i = 0; i < sk_X509_num(cas); i++)
        report->n_cas += X509_check_ca(sk_X509_value(cas, i)) > 0;
    ERR_clear_error();
    if (report->credentials.problem != REASON_NONE)
        return 0; /* the first problem is the one that is told */
    if (r == 0 && report->n_cas > 0)
        return 0;
    set_problem(report, REASON_CERTIFICATE_INVALID);
    if (r < 0)
        strbuf_add(detail, "CACertificates=: %s", text);
    else
        strbuf_add(detail,
            "CACertificates=: %s holds no certificate of an authority: put the CA that issued the gateway's "
            "certificate there.",
            settings->ca_certificates);
    return 0;
}

/* Any of our CAs is an anchor, also an intermediate one; time does not count here. */
static bool verify(X509_STORE *store, X509_STORE_CTX *context, X509 *own, STACK_OF(X509) * cas,
    STACK_OF(X509) * intermediates)
{
    for (int i = 0; i < sk_X509_num(cas); i++)
        if (X509_check_ca(sk_X509_value(cas, i)) > 0 &&
            X509_STORE_add_cert(store, sk_X509_value(cas, i)) != 1)
            return false;
    if (X509_STORE_CTX_init(context, store, own, intermediates) != 1)
        return false;
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
    return X509_verify_cert(context) == 1;
}

static int check_chain(
    X509 *own, STACK_OF(X509) * certificates, STACK_OF(X509) * cas, struct credentials_report *report)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int r = store && context ? 0 : -ENOMEM;

    if (r == 0) {
        report->chain_ok = verify(store, context, own, cas, certificates);
        report->chain_checked = true;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return r;
}

static int judge_files(
    const struct settings *settings, struct credentials_report *report, struct strbuf *detail)
{
    _cleanup_(cleanup_certificates) STACK_OF(X509) *certificates = sk_X509_new_null(),
                                                   *cas = sk_X509_new_null();
    X509 *own = NULL; /* in certificates */
    int r;

    if (!certificates || !cas)
        return -ENOMEM;
    r = judge_certificate(settings, certificates, &own, report, detail);
    if (r == 0 && report->credentials.problem == REASON_NONE)
        r = judge_key(settings, own, report, detail);
    if (r == 0)
        r = judge_cas(settings, cas, report, detail);
    if (r == 0 && own && report->n_cas > 0)
        r = check_chain(own, certificates, cas, report);
    return r;
}

int credentials_judge(const struct settings *settings, struct credentials_report *ret)
{
    struct strbuf detail;
    int r;

    *ret = (struct credentials_report){ .credentials.problem = REASON_NONE };
    strbuf_init(&detail, ret->detail, sizeof(ret->detail));
    if (!settings->certificate || !settings->private_key || !settings->ca_certificates) {
        set_problem(ret, REASON_CONFIG_INCOMPLETE);
        strbuf_add(&detail, "%s", settings_incomplete(settings));
        return 0;
    }
    r = judge_files(settings, ret, &detail);
    if (r < 0)
        set_problem(ret, REASON_CERTIFICATE_INVALID); /* short of memory: nothing is known to be good */
    return r;
}
