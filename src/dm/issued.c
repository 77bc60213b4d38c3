/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what certificates come in, and the judgement. OpenSSL checks the chain; what it leaves open is checked here first, so that the
 * sentence names what is wrong and not the chain.
 */
#include "dm/issued.h"

#include "dm/base64.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int dm_base64_take(const char *text, size_t n_bytes, uint8_t **ret, size_t *ret_bytes)
{
    size_t size = n_bytes / 4 * 3 + 3;
    uint8_t *bytes = malloc(size);
    int r = bytes ? dm_base64_decode(text, n_bytes, bytes, size, ret_bytes) : -ENOMEM;

    if (r < 0 || *ret_bytes == 0) {
        free(bytes);
        return r == -ENOMEM ? r : -EBADMSG;
    }
    *ret = bytes;
    return 0;
}

int dm_base64_make(const void *bytes, size_t n_bytes, char **ret)
{
    size_t size = DM_BASE64_SIZE(n_bytes);
    char *text = malloc(size);

    if (!text)
        return -ENOMEM;
    (void)dm_base64_encode(bytes, n_bytes, text, size);
    *ret = text;
    return 0;
}

static int copy_all(STACK_OF(X509) *from, STACK_OF(X509) **ret)
{
    if (sk_X509_num(from) > DM_CERTIFICATES_MAX)
        return -E2BIG;
    *ret = X509_chain_up_ref(from);
    return *ret ? 0 : -ENOMEM;
}

int dm_certs_from_cms(const void *der, size_t n_bytes, struct stack_st_X509 **ret, struct dm_error *error)
{
    const unsigned char *at = der;
    PKCS7 *cms = n_bytes < INT32_MAX ? d2i_PKCS7(NULL, &at, (long)n_bytes) : NULL;
    int r = -EBADMSG;

    if (cms && PKCS7_type_is_signed(cms) && cms->d.sign && sk_X509_num(cms->d.sign->cert) > 0)
        r = copy_all(cms->d.sign->cert, ret);
    PKCS7_free(cms);
    ERR_clear_error();
    if (r == -E2BIG)
        return dm_error_set(error, r, "The server sent more than %d certificates.", DM_CERTIFICATES_MAX);
    return r < 0 ? dm_error_set(error, r, "The server's answer holds no certificates (a CMS with certificates was expected).") : 0;
}

int dm_certs_from_base64(const char *text, size_t n_bytes, struct stack_st_X509 **ret, struct dm_error *error)
{
    uint8_t *der;
    size_t n;
    int r;

    if (dm_base64_take(text, n_bytes, &der, &n) < 0)
        return dm_error_set(error, -EBADMSG, "The server's answer is no base64.");
    r = dm_certs_from_cms(der, n, ret, error);
    free(der);
    return r;
}

int dm_certs_from_pem(const char *pem, size_t n_bytes, struct stack_st_X509 **ret, struct dm_error *error)
{
    BIO *in = n_bytes < INT32_MAX ? BIO_new_mem_buf(pem, (int)n_bytes) : NULL;
    STACK_OF(X509) *certificates = sk_X509_new_null();
    X509 *certificate;
    int r = in && certificates ? 0 : -ENOMEM;

    while (r == 0 && (certificate = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
        if (sk_X509_num(certificates) >= DM_CERTIFICATES_MAX || sk_X509_push(certificates, certificate) <= 0) {
            X509_free(certificate);
            r = -E2BIG;
        }
    }
    if (r == 0 && ERR_peek_last_error() && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        r = -EBADMSG;
    BIO_free(in);
    ERR_clear_error();
    if (r < 0) {
        sk_X509_pop_free(certificates, X509_free);
        return dm_error_set(error, r, "This is no list of certificates in PEM.");
    }
    *ret = certificates;
    return 0;
}

int dm_certs_to_pem(struct stack_st_X509 *certificates, char **ret, size_t *ret_bytes)
{
    BIO *out = BIO_new(BIO_s_mem());
    bool good = out != NULL;
    char *text, *copy = NULL;
    long n = 0;

    for (int i = 0; good && i < sk_X509_num(certificates); i++)
        good = PEM_write_bio_X509(out, sk_X509_value(certificates, i)) == 1;
    if (good)
        n = BIO_get_mem_data(out, &text);
    if (good && (copy = malloc((size_t)n + 1))) {
        if (n > 0)
            memcpy(copy, text, (size_t)n);
        copy[n] = '\0';
        *ret = copy;
        *ret_bytes = (size_t)n;
    }
    BIO_free(out);
    ERR_clear_error();
    return copy ? 0 : -ENOMEM;
}

static bool is_ours(X509 *certificate, EVP_PKEY *key)
{
    EVP_PKEY *public_key = X509_get0_pubkey(certificate);

    return public_key && EVP_PKEY_eq(public_key, key) == 1;
}

struct x509_st *dm_issued_find(struct stack_st_X509 *certificates, struct evp_pkey_st *key, struct dm_error *error)
{
    X509 *found = NULL;

    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);

        if (!is_ours(certificate, key))
            continue;
        if (found && X509_cmp(found, certificate) != 0) {
            dm_error_set(error, -EBADMSG, "The server sent two certificates for one request.");
            return NULL;
        }
        found = certificate;
    }
    ERR_clear_error();
    if (!found)
        dm_error_set(error, -EBADMSG, "The certificate that the server sent is not for this device's key.");
    return found;
}

static int judge_chain(X509 *certificate, STACK_OF(X509) *others, STACK_OF(X509) *roots, int64_t now_sec, struct dm_error *error)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good = store && context;
    int r = -ENOMEM;

    for (int i = 0; good && i < sk_X509_num(roots); i++)
        good = X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1;
    if (good && X509_STORE_CTX_init(context, store, certificate, others) == 1) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);

        X509_VERIFY_PARAM_set_time(param, (time_t)now_sec);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN); /* an organisation may name an intermediate as its anchor */
        X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
        r = 0;
        if (X509_verify_cert(context) != 1)
            r = dm_error_set(error, -EBADMSG, "The certificate does not chain to the organisation's roots: %s.",
                X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return r;
}

int dm_issued_judge(struct x509_st *certificate, struct evp_pkey_st *key, struct stack_st_X509 *others, struct stack_st_X509 *roots,
    int64_t now_sec, struct dm_error *error)
{
    time_t now = (time_t)now_sec;

    if (!is_ours(certificate, key))
        return dm_error_set(error, -EBADMSG, "The certificate that the server sent is not for this device's key.");
    if (X509_check_ca(certificate) != 0)
        return dm_error_set(error, -EBADMSG, "The server sent the certificate of an authority as a device certificate.");
    if (X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) != 1)
        return dm_error_set(error, -EBADMSG, "The certificate may not be used by a client (its key usage says otherwise).");
    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0)
        return dm_error_set(error, -EBADMSG, "The certificate is not valid yet. Is the clock of this device right?");
    if (X509_cmp_time(X509_get0_notAfter(certificate), &now) <= 0)
        return dm_error_set(error, -EBADMSG, "The certificate has expired already. Is the clock of this device right?");
    return judge_chain(certificate, others, roots, now_sec, error);
}
