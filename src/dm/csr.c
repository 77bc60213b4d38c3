/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request for a client certificate: subject, what it will be used for, and the key's own signature.
 */
#include "dm/csr.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool set_subject(X509_REQ *request, const struct dm_csr_wish *wish)
{
    X509_NAME *name;
    bool good;

    if (wish->renews)
        return X509_REQ_set_subject_name(request, X509_get_subject_name(wish->renews)) == 1;
    name = X509_NAME_new();
    good = name && wish->common_name && wish->common_name[0] &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->common_name, -1, -1, 0) == 1 &&
           X509_REQ_set_subject_name(request, name) == 1;
    X509_NAME_free(name);
    return good;
}

static bool push_extension(STACK_OF(X509_EXTENSION) *extensions, X509_EXTENSION *extension)
{
    if (extension && sk_X509_EXTENSION_push(extensions, extension) > 0)
        return true;
    X509_EXTENSION_free(extension);
    return false;
}

static bool is_host_name(const char *name)
{
    return strchr(name, '.') && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == strlen(name);
}

/* Of a renewal as it was; of a first one the device's name, if it is a host's: IKE compares identities with it (RFC 4945, 3.1). NULL: none. */
static X509_EXTENSION *alternative_name(const struct dm_csr_wish *wish)
{
    int at = wish->renews ? X509_get_ext_by_NID(wish->renews, NID_subject_alt_name, -1) : -1;
    char value[80];

    if (wish->renews)
        return at < 0 ? NULL : X509_EXTENSION_dup(X509_get_ext(wish->renews, at));
    if (!is_host_name(wish->common_name))
        return NULL;
    snprintf(value, sizeof(value), "DNS:%s", wish->common_name);
    return X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
}

static bool add_extensions(X509_REQ *request, const struct dm_csr_wish *wish)
{
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *name = alternative_name(wish);
    bool good;

    good = extensions && push_extension(extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature")) &&
           push_extension(extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_ext_key_usage, "clientAuth")) &&
           (!name || push_extension(extensions, name)) &&
           X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return good;
}

static bool add_challenge(X509_REQ *request, const char *challenge)
{
    return !challenge ||
           X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, MBSTRING_UTF8, (const unsigned char *)challenge, -1) == 1;
}

int dm_csr_make(struct evp_pkey_st *key, const struct dm_csr_wish *wish, uint8_t **ret, size_t *ret_bytes)
{
    X509_REQ *request = X509_REQ_new();
    unsigned char *der = NULL, *end;
    int n, r = -ENOMEM;

    if (request && !set_subject(request, wish))
        r = -EINVAL;
    else if (request && X509_REQ_set_pubkey(request, key) == 1 && add_extensions(request, wish) && add_challenge(request, wish->challenge) &&
             X509_REQ_sign(request, key, EVP_sha256()) > 0 && (n = i2d_X509_REQ(request, NULL)) > 0 && (der = malloc((size_t)n))) {
        end = der;
        *ret_bytes = (size_t)i2d_X509_REQ(request, &end);
        *ret = der;
        r = 0;
    }
    X509_REQ_free(request);
    ERR_clear_error();
    return r;
}
