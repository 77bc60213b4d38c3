/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One anchor is found, then everything else must lead to it.
 */
#include "dm/scepca.h"

#include "dm/issued.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

void scep_ca_clear(struct scep_ca *ca)
{
    sk_X509_pop_free(ca->certificates, X509_free);
    *ca = (struct scep_ca){ 0 };
}

/* DER of one certificate, or of a CMS that holds several. */
static int read_certificates(const char *body, size_t n_bytes, STACK_OF(X509) **ret, struct dm_error *error)
{
    const unsigned char *at = (const unsigned char *)body;
    X509 *one = d2i_X509(NULL, &at, (long)n_bytes);

    ERR_clear_error();
    if (!one)
        return dm_certs_from_cms(body, n_bytes, ret, error);
    *ret = sk_X509_new_null();
    if (*ret && sk_X509_push(*ret, one) > 0)
        return 0;
    X509_free(one);
    sk_X509_free(*ret);
    return dm_error_set(error, -ENOMEM, "No memory.");
}

static bool has_digest(X509 *certificate, const struct scep_trust *trust)
{
    unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
    unsigned n = 0;
    bool same;
    int n_der;

    if (X509_digest(certificate, trust->digest_bytes == 20 ? EVP_sha1() : EVP_sha256(), digest, &n) != 1 || n != trust->digest_bytes)
        return false;
    if (memcmp(digest, trust->digest, n) == 0)
        return true;
    n_der = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    same = n == 32 && n_der > 0 && EVP_Digest(der, (size_t)n_der, digest, NULL, EVP_sha256(), NULL) == 1 &&
           memcmp(digest, trust->digest, n) == 0;
    OPENSSL_free(der);
    return same;
}

static bool is_among(X509 *certificate, STACK_OF(X509) *others)
{
    for (int i = 0; i < sk_X509_num(others); i++)
        if (X509_cmp(certificate, sk_X509_value(others, i)) == 0)
            return true;
    return false;
}

/* Is it signed for by the anchor, directly or through others of the answer? */
static bool leads_to(X509 *certificate, X509 *anchor, STACK_OF(X509) *others, int64_t now_sec)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool good = store && context && X509_STORE_add_cert(store, anchor) == 1 && X509_STORE_CTX_init(context, store, certificate, others) == 1;

    if (good) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);

        X509_VERIFY_PARAM_set_time(param, (time_t)now_sec);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
        good = X509_verify_cert(context) == 1;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return good;
}

/* The certificate of the answer that is known for the authority's; NULL, with a sentence. */
static X509 *find_anchor(STACK_OF(X509) *certificates, const struct scep_trust *trust, struct dm_error *error)
{
    bool by_digest = trust->digest != NULL;

    if (!by_digest && sk_X509_num(trust->roots) <= 0) {
        dm_error_set(error, -EKEYREJECTED, "Without https somebody must say who the authority is: give its certificate's SHA-256 with --pin.");
        return NULL;
    }
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);

        if (X509_check_ca(certificate) != 0 && (by_digest ? has_digest(certificate, trust) : is_among(certificate, trust->roots)))
            return certificate;
    }
    dm_error_set(error, -EKEYREJECTED,
        by_digest ? "The authority is not the one that was given (--pin)." : "The authority is another one than that of the enrolment.");
    return NULL;
}

/*
 * May it act for the authority? An authority may; another certificate only by a usage that says so: Certificate Request Agent (Microsoft's, as
 * NDES has it) or cmcRA (RFC 6402). Leading to the anchor is not enough: so does every device that it has certified.
 */
static bool may_act(X509 *certificate)
{
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
    bool agent = false;
    char oid[64];

    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
        agent = agent || strcmp(oid, "1.3.6.1.4.1.311.20.2.1") == 0 || strcmp(oid, "1.3.6.1.5.5.7.3.28") == 0;
    }
    EXTENDED_KEY_USAGE_free(usages);
    return agent || X509_check_ca(certificate) != 0;
}

/* Whoever does not lead to the anchor, or may not act for it, is not believed, and goes. */
static int keep_believed(STACK_OF(X509) *certificates, const struct scep_trust *trust, X509 **ret_anchor, struct dm_error *error)
{
    X509 *anchor = find_anchor(certificates, trust, error);

    if (!anchor)
        return -EKEYREJECTED;
    for (int i = sk_X509_num(certificates) - 1; i >= 0; i--) {
        X509 *certificate = sk_X509_value(certificates, i);

        if (certificate != anchor && (!may_act(certificate) || !leads_to(certificate, anchor, certificates, trust->now_sec)))
            X509_free(sk_X509_delete(certificates, i));
    }
    *ret_anchor = anchor;
    return 0;
}

/* The issuer is the authority that signs for nobody else here: with a chain, the lowest. */
static X509 *find_authority(STACK_OF(X509) *certificates)
{
    X509 *found = NULL;

    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);

        if (X509_check_ca(certificate) != 0 && (!found || X509_check_issued(found, certificate) == X509_V_OK))
            found = certificate;
    }
    return found;
}

static bool can_read(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);

    return key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= 2048;
}

/* A registration authority where one may encipher keys, else the authority itself, whatever its key usage says: many say nothing of it. */
static X509 *find_reader(STACK_OF(X509) *certificates, X509 *authority)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);

        if (X509_check_ca(certificate) == 0 && (X509_get_key_usage(certificate) & KU_KEY_ENCIPHERMENT) && can_read(certificate))
            return certificate;
    }
    return can_read(authority) ? authority : NULL;
}

int scep_ca_read(const char *body, size_t n_bytes, const struct scep_trust *trust, struct scep_ca *ret, struct dm_error *error)
{
    STACK_OF(X509) *certificates = NULL;
    X509 *anchor = NULL, *authority, *reader;
    int r = read_certificates(body, n_bytes, &certificates, error);

    if (r == 0 && (trust->digest || !trust->channel))
        r = keep_believed(certificates, trust, &anchor, error);
    authority = r == 0 ? find_authority(certificates) : NULL;
    if (r == 0 && !authority)
        r = dm_error_set(error, -EBADMSG, "The server named no authority.");
    reader = r == 0 ? find_reader(certificates, authority) : NULL;
    if (r == 0 && !reader)
        r = dm_error_set(error, -EPROTO, "Nobody at the server can read requests: that takes an RSA key of 2048 bits or more.");
    if (r < 0) {
        sk_X509_pop_free(certificates, X509_free);
        return r;
    }
    *ret = (struct scep_ca){ .certificates = certificates, .authority = authority, .reader = reader };
    return 0;
}

int scep_ca_hand_over(const struct scep_ca *ca, struct stack_st_X509 **ret_roots, struct stack_st_X509 *others)
{
    STACK_OF(X509) *roots = sk_X509_new_null();
    bool good = roots != NULL;

    for (int i = 0; good && i < sk_X509_num(ca->certificates); i++) {
        X509 *certificate = sk_X509_value(ca->certificates, i);
        STACK_OF(X509) *into = X509_check_ca(certificate) != 0 ? roots : others;

        good = X509_up_ref(certificate) == 1;
        if (good && sk_X509_push(into, certificate) <= 0) {
            X509_free(certificate);
            good = false;
        }
    }
    if (!good) {
        sk_X509_pop_free(roots, X509_free);
        return -ENOMEM;
    }
    *ret_roots = roots;
    return 0;
}
