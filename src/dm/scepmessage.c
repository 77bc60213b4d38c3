/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenSSL's CMS does the work. Outgoing: AES-128-CBC and SHA-256, which every server of RFC 8894 knows. Incoming: SHA-2, or SHA-1, which old
 * servers sign answers with: nothing hangs on it but that a certificate which is judged by itself is for us. The cipher of an answer hides a
 * certificate, which is no secret; servers that still take single DES for it are read with OpenSSL's legacy provider, in a context of its own.
 */
#include "dm/scepmessage.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SELF_SIGNED_SEC (7 * 86400L)
#define CONTENT_BYTES_MAX (128 * 1024)

/* Section 3.2.1: attributes of VeriSign's arc. */
#define OID_MESSAGE_TYPE    "2.16.840.1.113733.1.9.2"
#define OID_PKI_STATUS      "2.16.840.1.113733.1.9.3"
#define OID_FAIL_INFO       "2.16.840.1.113733.1.9.4"
#define OID_SENDER_NONCE    "2.16.840.1.113733.1.9.5"
#define OID_RECIPIENT_NONCE "2.16.840.1.113733.1.9.6"
#define OID_TRANSACTION     "2.16.840.1.113733.1.9.7"

static bool add_attribute(CMS_SignerInfo *signer, const char *oid, int type, const void *value, size_t n_bytes)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    bool good = object && CMS_signed_add1_attr_by_OBJ(signer, object, type, value, (int)n_bytes) == 1;

    ASN1_OBJECT_free(object);
    return good;
}

static int bytes_of(BIO *bio, uint8_t **ret, size_t *ret_bytes)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    uint8_t *copy = n > 0 ? malloc((size_t)n) : NULL;

    if (!copy)
        return -ENOMEM;
    memcpy(copy, data, (size_t)n);
    *ret = copy;
    *ret_bytes = (size_t)n;
    return 0;
}

/* The inner CMS, DER in a memory BIO; NULL: the recipient's key cannot be used so, or no memory. */
static BIO *envelope(const struct scep_request *request)
{
    BIO *content = BIO_new_mem_buf(request->content, (int)request->content_bytes), *out = BIO_new(BIO_s_mem());
    STACK_OF(X509) *recipients = sk_X509_new_null();
    CMS_ContentInfo *cms = NULL;
    bool good = content && out && recipients && sk_X509_push(recipients, request->recipient) > 0;

    if (good)
        cms = CMS_encrypt(recipients, content, EVP_aes_128_cbc(), CMS_BINARY);
    good = good && cms && i2d_CMS_bio(out, cms) == 1;
    CMS_ContentInfo_free(cms);
    sk_X509_free(recipients);
    BIO_free(content);
    if (good)
        return out;
    BIO_free(out);
    return NULL;
}

static bool add_attributes(CMS_SignerInfo *signer, const struct scep_request *request)
{
    char type[12];

    snprintf(type, sizeof(type), "%d", request->type);
    return add_attribute(signer, OID_MESSAGE_TYPE, V_ASN1_PRINTABLESTRING, type, strlen(type)) &&
           add_attribute(signer, OID_SENDER_NONCE, V_ASN1_OCTET_STRING, request->nonce, SCEP_NONCE_BYTES) &&
           add_attribute(signer, OID_TRANSACTION, V_ASN1_PRINTABLESTRING, request->transaction, strlen(request->transaction));
}

int scep_message_make(const struct scep_request *request, uint8_t **ret, size_t *ret_bytes)
{
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP;
    EVP_PKEY *public_key = X509_get0_pubkey(request->recipient);
    BIO *inner = public_key && EVP_PKEY_is_a(public_key, "RSA") ? envelope(request) : NULL, *out = BIO_new(BIO_s_mem());
    CMS_ContentInfo *cms = inner ? CMS_sign(NULL, NULL, NULL, NULL, flags) : NULL;
    CMS_SignerInfo *signer = cms ? CMS_add1_signer(cms, request->signer, request->signer_key, EVP_sha256(), flags) : NULL;
    int r = inner ? -ENOMEM : -EINVAL;

    if (signer && out && add_attributes(signer, request) && CMS_final(cms, inner, NULL, CMS_BINARY) == 1 && i2d_CMS_bio(out, cms) == 1)
        r = bytes_of(out, ret, ret_bytes);
    CMS_ContentInfo_free(cms);
    BIO_free(inner);
    BIO_free(out);
    ERR_clear_error();
    return r;
}

/* The one value of a signed attribute: text of any simple kind, or octets. NULL: missing, or there are several. */
static const ASN1_STRING *attribute(CMS_SignerInfo *signer, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    int at = object ? CMS_signed_get_attr_by_OBJ(signer, object, -1) : -1;
    X509_ATTRIBUTE *found = at >= 0 ? CMS_signed_get_attr(signer, at) : NULL;
    bool again = found && CMS_signed_get_attr_by_OBJ(signer, object, at) >= 0;
    ASN1_TYPE *value = found && !again && X509_ATTRIBUTE_count(found) == 1 ? X509_ATTRIBUTE_get0_type(found, 0) : NULL;

    ASN1_OBJECT_free(object);
    if (!value)
        return NULL;
    switch (value->type) {
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_UTF8STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_OCTET_STRING:
        return value->value.asn1_string;
    default:
        return NULL;
    }
}

static bool attribute_is(CMS_SignerInfo *signer, const char *oid, const void *bytes, size_t n_bytes)
{
    const ASN1_STRING *value = attribute(signer, oid);

    return value && (size_t)ASN1_STRING_length(value) == n_bytes && memcmp(ASN1_STRING_get0_data(value), bytes, n_bytes) == 0;
}

/* A small number in decimal; -1: it is missing or none. */
static int attribute_number(CMS_SignerInfo *signer, const char *oid)
{
    const ASN1_STRING *value = attribute(signer, oid);
    const unsigned char *text = value ? ASN1_STRING_get0_data(value) : NULL;

    if (!value || ASN1_STRING_length(value) != 1 || text[0] < '0' || text[0] > '9')
        return -1;
    return text[0] - '0';
}

static bool digest_is_good(CMS_SignerInfo *signer)
{
    X509_ALGOR *digest = NULL;
    int kind;

    CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
    kind = digest ? OBJ_obj2nid(digest->algorithm) : NID_undef;
    return kind == NID_sha1 || kind == NID_sha256 || kind == NID_sha384 || kind == NID_sha512;
}

/* One signer of ours; *ret: what is signed. Certificates inside the message do not count. */
static int verify(CMS_ContentInfo *cms, struct stack_st_X509 *signers, BIO *ret, CMS_SignerInfo **ret_signer, struct dm_error *error)
{
    STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
    const unsigned flags = CMS_BINARY | CMS_NOINTERN | CMS_NO_SIGNER_CERT_VERIFY;

    if (sk_CMS_SignerInfo_num(infos) != 1)
        return dm_error_set(error, -EBADMSG, "The authority's answer is not signed, or not by one signer.");
    *ret_signer = sk_CMS_SignerInfo_value(infos, 0);
    if (!digest_is_good(*ret_signer))
        return dm_error_set(error, -EBADMSG, "The authority's answer is signed with a digest that is not used any more.");
    if (CMS_verify(cms, signers, NULL, NULL, ret, flags) != 1)
        return dm_error_set(error, -EKEYREJECTED, "The answer was not signed by the authority.");
    return 0;
}

static int read_attributes(CMS_SignerInfo *signer, const struct scep_expected *expected, struct scep_reply *reply, struct dm_error *error)
{
    int status = attribute_number(signer, OID_PKI_STATUS);

    if (attribute_number(signer, OID_MESSAGE_TYPE) != SCEP_CERT_REP)
        return dm_error_set(error, -EBADMSG, "The authority's answer is no answer to a request (its type is another).");
    if (!attribute_is(signer, OID_TRANSACTION, expected->transaction, strlen(expected->transaction)))
        return dm_error_set(error, -EBADMSG, "The authority's answer belongs to another request.");
    if (!attribute_is(signer, OID_RECIPIENT_NONCE, expected->nonce, SCEP_NONCE_BYTES))
        return dm_error_set(error, -EBADMSG, "The authority's answer is an old one, or for somebody else (its nonce is another).");
    if (status != SCEP_SUCCESS && status != SCEP_FAILURE && status != SCEP_PENDING)
        return dm_error_set(error, -EBADMSG, "The authority's answer says neither yes nor no.");
    reply->status = (enum scep_status)status;
    reply->failure = attribute_number(signer, OID_FAIL_INFO);
    return 0;
}

/* libctx NULL: OpenSSL's own. */
static CMS_ContentInfo *read_cms(OSSL_LIB_CTX *libctx, const void *der, size_t n_bytes)
{
    const unsigned char *at = der;
    CMS_ContentInfo *cms = CMS_ContentInfo_new_ex(libctx, NULL);

    if (cms && n_bytes <= CONTENT_BYTES_MAX && d2i_CMS_ContentInfo(&cms, &at, (long)n_bytes))
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

static int decrypt_in(OSSL_LIB_CTX *libctx, const void *der, size_t n_bytes, const struct scep_expected *expected, struct scep_reply *reply)
{
    CMS_ContentInfo *cms = read_cms(libctx, der, n_bytes);
    BIO *out = BIO_new(BIO_s_mem());
    int r = -EBADMSG;

    if (cms && out && OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_enveloped &&
        CMS_decrypt(cms, expected->key, expected->recipient, NULL, out, CMS_BINARY) == 1)
        r = bytes_of(out, &reply->content, &reply->content_bytes);
    CMS_ContentInfo_free(cms);
    BIO_free(out);
    ERR_clear_error();
    return r;
}

static int decrypt(const void *der, size_t n_bytes, const struct scep_expected *expected, struct scep_reply *reply, struct dm_error *error)
{
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *usual, *legacy;
    int r = decrypt_in(NULL, der, n_bytes, expected, reply);

    if (r == 0)
        return 0;
    libctx = OSSL_LIB_CTX_new();
    usual = libctx ? OSSL_PROVIDER_load(libctx, "default") : NULL;
    legacy = usual ? OSSL_PROVIDER_load(libctx, "legacy") : NULL;
    if (legacy)
        r = decrypt_in(libctx, der, n_bytes, expected, reply);
    if (legacy)
        OSSL_PROVIDER_unload(legacy);
    if (usual)
        OSSL_PROVIDER_unload(usual);
    OSSL_LIB_CTX_free(libctx);
    ERR_clear_error();
    return r < 0 ? dm_error_set(error, -EBADMSG, "The authority's answer cannot be read with this device's key.") : 0;
}

int scep_message_open(const void *der, size_t n_bytes, const struct scep_expected *expected, struct scep_reply *ret, struct dm_error *error)
{
    struct scep_reply reply = { .failure = -1 };
    CMS_ContentInfo *cms = read_cms(NULL, der, n_bytes);
    CMS_SignerInfo *signer = NULL;
    BIO *inner = BIO_new(BIO_s_mem());
    char *data;
    long n;
    int r;

    if (!cms || !inner || OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
        r = dm_error_set(error, -EBADMSG, "The authority's answer is no SCEP message.");
    else
        r = verify(cms, expected->signers, inner, &signer, error);
    if (r == 0)
        r = read_attributes(signer, expected, &reply, error);
    if (r == 0 && reply.status == SCEP_SUCCESS) {
        n = BIO_get_mem_data(inner, &data);
        r = decrypt(data, n > 0 ? (size_t)n : 0, expected, &reply, error);
    }
    if (r == 0)
        *ret = reply;
    CMS_ContentInfo_free(cms);
    BIO_free(inner);
    ERR_clear_error();
    return r;
}

static X509_NAME *name_of(const char *common_name)
{
    X509_NAME *name = X509_NAME_new();

    if (name && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1)
        return name;
    X509_NAME_free(name);
    return NULL;
}

struct x509_st *scep_self_signed(struct evp_pkey_st *key, const char *common_name, int64_t now_sec)
{
    X509 *certificate = X509_new();
    X509_NAME *name = name_of(common_name);
    X509_EXTENSION *usage = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, "critical,digitalSignature,keyEncipherment");
    bool good = certificate && name && usage && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 && X509_set_subject_name(certificate, name) == 1 &&
                X509_set_issuer_name(certificate, name) == 1 && ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)now_sec - 86400) &&
                ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)now_sec + SELF_SIGNED_SEC) && X509_set_pubkey(certificate, key) == 1 &&
                X509_add_ext(certificate, usage, -1) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;

    X509_NAME_free(name);
    X509_EXTENSION_free(usage);
    ERR_clear_error();
    if (good)
        return certificate;
    X509_free(certificate);
    return NULL;
}

int scep_transaction_of(struct evp_pkey_st *key, char ret[SCEP_TRANSACTION_SIZE])
{
    unsigned char *der = NULL, digest[32];
    int n = i2d_PUBKEY(key, &der);
    bool good = n > 0 && EVP_Digest(der, (size_t)n, digest, NULL, EVP_sha256(), NULL) == 1;

    OPENSSL_free(der);
    for (size_t i = 0; good && i < sizeof(digest); i++)
        snprintf(ret + 2 * i, 3, "%02X", digest[i]);
    ERR_clear_error();
    return good ? 0 : -ENOMEM;
}

int scep_issuer_and_subject(struct x509_st *issuer, struct x509_st *signer, uint8_t **ret, size_t *ret_bytes)
{
    const X509_NAME *names[] = { X509_get_subject_name(issuer), X509_get_subject_name(signer) };
    int n_issuer = i2d_X509_NAME(names[0], NULL), n_subject = i2d_X509_NAME(names[1], NULL), n;
    unsigned char *der, *at;

    if (n_issuer <= 0 || n_subject <= 0)
        return -ENOMEM;
    n = ASN1_object_size(1, n_issuer + n_subject, V_ASN1_SEQUENCE);
    der = at = n > 0 ? malloc((size_t)n) : NULL;
    if (!der)
        return -ENOMEM;
    ASN1_put_object(&at, 1, n_issuer + n_subject, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    i2d_X509_NAME(names[0], &at);
    i2d_X509_NAME(names[1], &at);
    *ret = der;
    *ret_bytes = (size_t)n;
    return 0;
}
