/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SCEP as a conversation: an authority made here reads the engine's messages as a server does and answers, well and in every wrong way. No
 * network, no disk; nothing depends on today's date. An independent server is asked in lab/enrol-scep.
 */
#include "base/macro.h"
#include "dm/scep.h"
#include "dm/scepca.h"
#include "support/test.h"

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define NOW       1750000000
#define CAPS_GOOD "AES\r\nPOSTPKIOperation\r\nRenewal\nSHA-256\n"

enum wrong {
    RIGHT,
    OLD_NONCE,
    OTHER_TRANSACTION,
    OTHER_SIGNER,
    SIGNER_INSIDE, /* the stranger's certificate is in the message */
    NOT_AN_ANSWER,
    NO_STATUS,
    UNKNOWN_STATUS,
    WEAK_DIGEST,
    NOT_ENCRYPTED,
    FOR_SOMEBODY_ELSE,
    OTHER_KEY,
    AN_AUTHORITY,
    OTHER_CHAIN,
    CUT,
    N_WRONG,
};

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct authority ca, stranger;
static EVP_PKEY *device_key; /* making one takes long */

static void add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *issue_with(const X509_NAME *subject, EVP_PKEY *key, const struct authority *by, bool is_authority, const char *usage)
{
    X509 *certificate = X509_new();

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    X509_set_subject_name(certificate, subject);
    X509_set_issuer_name(certificate, by->certificate ? X509_get_subject_name(by->certificate) : subject);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOW - 100000);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOW + 100000);
    X509_set_pubkey(certificate, key);
    add(certificate, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!is_authority)
        add(certificate, NID_ext_key_usage, usage);
    CHECK(X509_sign(certificate, by->key, EVP_sha256()) > 0);
    return certificate;
}

static X509 *issue(const X509_NAME *subject, EVP_PKEY *key, const struct authority *by, bool is_authority)
{
    return issue_with(subject, key, by, is_authority, "clientAuth");
}

static struct authority new_authority(const char *common_name, EVP_PKEY *key)
{
    struct authority authority = { .key = key };
    X509_NAME *name = X509_NAME_new();

    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0);
    authority.certificate = issue(name, authority.key, &authority, true);
    X509_NAME_free(name);
    return authority;
}

static void free_authority(struct authority *authority)
{
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
}

struct bytes {
    uint8_t *data;
    size_t n;
};

static struct bytes taken_from(BIO *bio)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    struct bytes bytes = { malloc(n > 0 ? (size_t)n : 1), n > 0 ? (size_t)n : 0 };

    memcpy(bytes.data, data, bytes.n);
    BIO_free(bio);
    return bytes;
}

static struct bytes der_of(X509 *certificate)
{
    BIO *out = BIO_new(BIO_s_mem());

    i2d_X509_bio(out, certificate);
    return taken_from(out);
}

/* What the server reads of a message: who signed it, its attributes, and what is inside. */
struct request {
    X509 *signer;
    char type[4], transaction[80];
    uint8_t nonce[16];
    struct bytes content;
};

static const ASN1_STRING *attribute(CMS_SignerInfo *info, const char *oid)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    X509_ATTRIBUTE *found = CMS_signed_get_attr(info, CMS_signed_get_attr_by_OBJ(info, object, -1));

    ASN1_OBJECT_free(object);
    CHECK(found != NULL);
    return X509_ATTRIBUTE_get0_type(found, 0)->value.asn1_string;
}

static void copy_text(char *ret, size_t size, const ASN1_STRING *text)
{
    snprintf(ret, size, "%.*s", ASN1_STRING_length(text), (const char *)ASN1_STRING_get0_data(text));
}

static struct request read_request(const struct dm_exchange *exchange)
{
    struct request request = { 0 };
    const unsigned char *at = exchange->body;
    CMS_ContentInfo *outer = d2i_CMS_ContentInfo(NULL, &at, (long)exchange->body_bytes), *inner;
    BIO *signed_bytes = BIO_new(BIO_s_mem()), *content = BIO_new(BIO_s_mem());
    STACK_OF(X509) *signers;
    CMS_SignerInfo *info;

    CHECK(exchange->post && outer && CMS_verify(outer, NULL, NULL, NULL, signed_bytes, CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1);
    signers = CMS_get0_signers(outer);
    CHECK_EQ(sk_X509_num(signers), 1);
    request.signer = sk_X509_value(signers, 0);
    X509_up_ref(request.signer);
    sk_X509_free(signers);
    info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(outer), 0);
    copy_text(request.type, sizeof(request.type), attribute(info, "2.16.840.1.113733.1.9.2"));
    copy_text(request.transaction, sizeof(request.transaction), attribute(info, "2.16.840.1.113733.1.9.7"));
    CHECK_EQ(ASN1_STRING_length(attribute(info, "2.16.840.1.113733.1.9.5")), 16);
    memcpy(request.nonce, ASN1_STRING_get0_data(attribute(info, "2.16.840.1.113733.1.9.5")), 16);
    inner = d2i_CMS_bio(signed_bytes, NULL);
    CHECK(inner && CMS_decrypt(inner, ca.key, ca.certificate, NULL, content, CMS_BINARY) == 1);
    request.content = taken_from(content);
    CMS_ContentInfo_free(inner);
    CMS_ContentInfo_free(outer);
    BIO_free(signed_bytes);
    return request;
}

static void free_request(struct request *request)
{
    X509_free(request->signer);
    free(request->content.data);
}

static void put(CMS_SignerInfo *info, const char *oid, int type, const void *value, size_t n)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);

    CHECK(CMS_signed_add1_attr_by_OBJ(info, object, type, value, (int)n) == 1);
    ASN1_OBJECT_free(object);
}

/* CertRep around these bytes. */
static struct bytes sign_reply(const struct request *request, const char *status, const char *fail_info, BIO *inside, enum wrong wrong)
{
    bool strange = wrong == OTHER_SIGNER || wrong == SIGNER_INSIDE;
    const struct authority *by = strange ? &stranger : &ca;
    unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | (wrong == SIGNER_INSIDE ? 0 : CMS_NOCERTS);
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    CMS_SignerInfo *info = CMS_add1_signer(cms, by->certificate, by->key, wrong == WEAK_DIGEST ? EVP_md5() : EVP_sha256(), flags);
    const char *transaction = wrong == OTHER_TRANSACTION ? "0000" : request->transaction;
    uint8_t nonce[16];
    BIO *out = BIO_new(BIO_s_mem());

    CHECK(info != NULL);
    memcpy(nonce, request->nonce, sizeof(nonce));
    nonce[0] ^= wrong == OLD_NONCE;
    put(info, "2.16.840.1.113733.1.9.2", V_ASN1_PRINTABLESTRING, wrong == NOT_AN_ANSWER ? "19" : "3", wrong == NOT_AN_ANSWER ? 2 : 1);
    put(info, "2.16.840.1.113733.1.9.7", V_ASN1_PRINTABLESTRING, transaction, strlen(transaction));
    put(info, "2.16.840.1.113733.1.9.6", V_ASN1_OCTET_STRING, nonce, sizeof(nonce));
    put(info, "2.16.840.1.113733.1.9.5", V_ASN1_OCTET_STRING, "0123456789abcdef", 16);
    if (wrong != NO_STATUS)
        put(info, "2.16.840.1.113733.1.9.3", V_ASN1_PRINTABLESTRING, wrong == UNKNOWN_STATUS ? "1" : status, 1);
    if (fail_info)
        put(info, "2.16.840.1.113733.1.9.4", V_ASN1_PRINTABLESTRING, fail_info, strlen(fail_info));
    CHECK(CMS_final(cms, inside, NULL, CMS_BINARY) == 1 && i2d_CMS_bio(out, cms) == 1);
    CMS_ContentInfo_free(cms);
    BIO_free(inside);
    return taken_from(out);
}

/* A CMS of this certificate alone. */
static BIO *bag(X509 *certificate)
{
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL);
    BIO *out = BIO_new(BIO_s_mem());

    CHECK(CMS_add1_cert(cms, certificate) == 1 && CMS_final(cms, NULL, NULL, CMS_BINARY) >= 0 && i2d_CMS_bio(out, cms) == 1);
    CMS_ContentInfo_free(cms);
    return out;
}

static BIO *encrypt(BIO *inside, X509 *recipient)
{
    STACK_OF(X509) *recipients = sk_X509_new_null();
    CMS_ContentInfo *cms;
    BIO *out = BIO_new(BIO_s_mem());

    sk_X509_push(recipients, recipient);
    cms = CMS_encrypt(recipients, inside, EVP_aes_128_cbc(), CMS_BINARY);
    CHECK(cms && i2d_CMS_bio(out, cms) == 1);
    CMS_ContentInfo_free(cms);
    sk_X509_free(recipients);
    BIO_free(inside);
    return out;
}

static struct bytes grant(const struct request *request, enum wrong wrong)
{
    const unsigned char *at = request->content.data;
    X509_REQ *asked = d2i_X509_REQ(NULL, &at, (long)request->content.n);
    EVP_PKEY *key;
    X509 *certificate;
    struct bytes reply;
    BIO *inside;

    CHECK(asked && X509_REQ_verify(asked, X509_REQ_get0_pubkey(asked)) == 1);
    key = wrong == OTHER_KEY ? stranger.key : X509_REQ_get0_pubkey(asked);
    certificate = issue(X509_REQ_get_subject_name(asked), key, wrong == OTHER_CHAIN ? &stranger : &ca, wrong == AN_AUTHORITY);
    inside = bag(certificate);
    if (wrong != NOT_ENCRYPTED)
        inside = encrypt(inside, wrong == FOR_SOMEBODY_ELSE ? stranger.certificate : request->signer);
    reply = sign_reply(request, "0", NULL, inside, wrong);
    if (wrong == CUT)
        reply.n -= 100;
    X509_free(certificate);
    X509_REQ_free(asked);
    return reply;
}

static int answer(struct scep *scep, unsigned status, const void *body, size_t n, struct dm_error *error)
{
    return scep_answer(scep, &(struct dm_answer){ .status = status, .content_type = "", .body = body, .body_bytes = n, .now_sec = NOW }, error);
}

static int answer_bytes(struct scep *scep, struct bytes bytes, struct dm_error *error)
{
    int r = answer(scep, 200, bytes.data, bytes.n, error);

    free(bytes.data);
    return r;
}

/* Up to the request for a certificate; *ret is it. */
static struct scep *begin_with(const struct dm_enrol_wish *wish, struct dm_exchange *ret, struct dm_error *error)
{
    struct scep *scep = scep_new(wish);

    CHECK_EQ(scep_next(scep, ret, error), 1);
    CHECK(strstr(ret->url, "?operation=GetCACaps") && !ret->post);
    CHECK_EQ(answer(scep, 200, CAPS_GOOD, strlen(CAPS_GOOD), error), 0);
    CHECK_EQ(scep_next(scep, ret, error), 1);
    CHECK(strstr(ret->url, "?operation=GetCACert") && !ret->post);
    CHECK_EQ(answer_bytes(scep, der_of(ca.certificate), error), 0);
    CHECK_EQ(scep_next(scep, ret, error), 1);
    CHECK(strstr(ret->url, "?operation=PKIOperation") && ret->post && !ret->with_password && !ret->with_certificate);
    return scep;
}

static struct dm_enrol_wish first_wish(void)
{
    return (struct dm_enrol_wish){
        .server_url = "https://scep.example.com/scep", .common_name = "handset-1.example.com", .secret = "s3cret", .patience_sec = 75,
        .key = device_key
    };
}

static struct scep *begin(struct dm_exchange *ret, struct dm_error *error)
{
    struct dm_enrol_wish wish = first_wish();

    return begin_with(&wish, ret, error);
}

static void take(struct scep *scep, struct dm_enrolled *ret)
{
    struct dm_exchange exchange;
    struct dm_error error = { 0 };

    CHECK_EQ(scep_next(scep, &exchange, &error), 0);
    scep_take(scep, ret);
    CHECK(ret->certificate && X509_check_private_key(ret->certificate, ret->key) == 1);
    CHECK_EQ(sk_X509_num(ret->roots), 1);
    scep_free(scep);
}

/* The password goes to the authority and to nobody else. */
static void check_password(const struct request *request, const char *password)
{
    const unsigned char *at = request->content.data;
    X509_REQ *asked = d2i_X509_REQ(NULL, &at, (long)request->content.n);
    int where = X509_REQ_get_attr_by_NID(asked, NID_pkcs9_challengePassword, -1);

    CHECK_EQ(where >= 0, password != NULL);
    if (where >= 0) {
        ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(asked, where), 0);
        char text[32];

        copy_text(text, sizeof(text), value->value.asn1_string);
        CHECK_STR(text, password);
    }
    X509_REQ_free(asked);
}

static void enrols_and_renews(void)
{
    struct dm_error error = { 0 };
    struct dm_exchange exchange;
    struct dm_enrolled first, second;
    struct dm_enrol_wish wish = first_wish();
    struct scep *scep = begin(&exchange, &error);
    struct request request = read_request(&exchange);

    CHECK_STR(request.type, "19");
    check_password(&request, "s3cret");
    CHECK_EQ(answer_bytes(scep, grant(&request, RIGHT), &error), 0);
    free_request(&request);
    take(scep, &first);

    wish.old_certificate = first.certificate;
    wish.old_key = first.key;
    wish.old_roots = first.roots;
    wish.key = stranger.key;
    wish.server_url = "http://scep.example.com/scep"; /* the roots in force say who the authority is */
    scep = begin_with(&wish, &exchange, &error);
    request = read_request(&exchange);
    CHECK_STR(request.type, "17");
    check_password(&request, NULL);
    CHECK(X509_cmp(request.signer, first.certificate) == 0); /* the old key signs, the answer is for it */
    CHECK_EQ(answer_bytes(scep, grant(&request, RIGHT), &error), 0);
    free_request(&request);
    take(scep, &second);
    CHECK(EVP_PKEY_eq(first.key, second.key) != 1);
    dm_enrolled_clear(&first);
    dm_enrolled_clear(&second);
}

static void believes_nothing_wrong(void)
{
    for (enum wrong wrong = RIGHT + 1; wrong < N_WRONG; wrong++) {
        struct dm_error error = { 0 };
        struct dm_exchange exchange;
        struct scep *scep = begin(&exchange, &error);
        struct request request = read_request(&exchange);
        int r;

        test_context("wrong in way %d", wrong);
        r = answer_bytes(scep, grant(&request, wrong), &error);
        CHECK_EQ(r, wrong == OTHER_SIGNER || wrong == SIGNER_INSIDE ? -EKEYREJECTED : -EBADMSG);
        CHECK(error.text[0]);
        free_request(&request);
        scep_free(scep);
    }
}

/* Every message has a nonce of its own, so that an answer of before is none. */
static void an_old_answer_is_none(void)
{
    struct dm_error error = { 0 };
    struct dm_exchange exchange;
    struct scep *scep = begin(&exchange, &error);
    struct request request = read_request(&exchange), poll;
    struct bytes pending = sign_reply(&request, "3", NULL, BIO_new(BIO_s_mem()), RIGHT);

    CHECK_EQ(answer(scep, 200, pending.data, pending.n, &error), 0);
    CHECK_EQ(scep_next(scep, &exchange, &error), 1);
    poll = read_request(&exchange);
    CHECK_STR(poll.type, "20");
    CHECK_STR(poll.transaction, request.transaction);
    CHECK(memcmp(poll.nonce, request.nonce, sizeof(poll.nonce)) != 0);
    CHECK_EQ(answer_bytes(scep, pending, &error), -EBADMSG);
    free_request(&request);
    free_request(&poll);
    scep_free(scep);
}

/* 10, 20 and 40 seconds of 75; then the request stands, and the next attempt asks after it with the same key. */
static void waits_and_comes_again(void)
{
    static const uint64_t waits_sec[] = { 0, 10, 20, 40 };
    struct dm_error error = { 0 };
    struct dm_exchange exchange;
    struct dm_enrol_wish wish = first_wish();
    struct scep *scep = begin(&exchange, &error);
    struct dm_enrolled enrolled;
    struct request request, first = read_request(&exchange);

    for (size_t i = 0; i < ELEMENTSOF(waits_sec); i++) {
        int r;

        test_context("question %zu", i);
        CHECK_EQ(exchange.wait_sec, waits_sec[i]);
        request = read_request(&exchange);
        CHECK_STR(request.type, i == 0 ? "19" : "20");
        r = answer_bytes(scep, sign_reply(&request, "3", NULL, BIO_new(BIO_s_mem()), RIGHT), &error);
        free_request(&request);
        CHECK_EQ(r, i + 1 < ELEMENTSOF(waits_sec) ? 0 : -EAGAIN);
        if (r == 0)
            CHECK_EQ(scep_next(scep, &exchange, &error), 1);
    }
    CHECK(scep_pending_key(scep) == device_key);
    scep_free(scep);
    wish.request_stands = true;

    scep = begin_with(&wish, &exchange, &error);
    request = read_request(&exchange);
    CHECK_STR(request.type, "20");
    CHECK_STR(request.transaction, first.transaction);
    snprintf(first.transaction, sizeof(first.transaction), "%s", request.transaction);
    memcpy(first.nonce, request.nonce, sizeof(first.nonce));
    CHECK_EQ(answer_bytes(scep, grant(&first, RIGHT), &error), 0);
    take(scep, &enrolled);
    CHECK_EQ(EVP_PKEY_eq(enrolled.key, device_key), 1);
    free_request(&request);
    free_request(&first);
    dm_enrolled_clear(&enrolled);
}

static void refusals_say_what_to_do(void)
{
    static const struct {
        const char *fail_info;
        int result;
    } rows[] = { { "0", -EPROTO }, { "1", -EPROTO }, { "2", -EACCES }, { "3", -EPROTO }, { "4", -EACCES }, { "9", -EACCES }, { NULL, -EACCES } };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_error error = { 0 };
        struct dm_exchange exchange;
        struct scep *scep = begin(&exchange, &error);
        struct request request = read_request(&exchange);

        test_context("failInfo %s", rows[i].fail_info ? rows[i].fail_info : "missing");
        CHECK_EQ(answer_bytes(scep, sign_reply(&request, "2", rows[i].fail_info, BIO_new(BIO_s_mem()), RIGHT), &error), rows[i].result);
        CHECK(error.text[0]);
        free_request(&request);
        scep_free(scep);
    }
}

static void weak_servers_are_left(void)
{
    static const struct {
        unsigned status;
        const char *caps;
        int result;
    } rows[] = { { 200, CAPS_GOOD, 0 }, { 200, "SCEPStandard", 0 }, { 200, "scepstandard\r\n", 0 }, { 200, "", -EPROTO },
        { 200, "AES\nSHA-256\n", -EPROTO }, { 200, "DES3\nSHA-256\nPOSTPKIOperation", -EPROTO }, { 200, "AES\nSHA-1\nPOSTPKIOperation", -EPROTO },
        { 200, "<html>SCEPStandard</html>", -EPROTO }, { 404, "", -EPROTO }, { 302, "", -EPROTO }, { 500, "", -EPROTO } };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_error error = { 0 };
        struct dm_enrol_wish wish = first_wish();
        struct dm_exchange exchange;
        struct scep *scep = scep_new(&wish);

        test_context("%u '%s'", rows[i].status, rows[i].caps);
        CHECK_EQ(scep_next(scep, &exchange, &error), 1);
        CHECK_EQ(answer(scep, rows[i].status, rows[i].caps, strlen(rows[i].caps), &error), rows[i].result);
        CHECK_EQ(error.text[0] != 0, rows[i].result < 0);
        scep_free(scep);
    }
}

/* Certificates of GetCACert: the authority, one that reads for it, and strangers. */
static void who_is_believed(void)
{
    struct authority elliptic = new_authority("Elliptic", EVP_EC_gen("P-256")), reader = { 0 };
    uint8_t digest[32], other[32] = { 0 };
    X509_NAME *name = X509_NAME_new();
    struct dm_error error = { 0 };
    struct scep_ca read;
    struct bytes one = der_of(ca.certificate), elliptic_bytes = der_of(elliptic.certificate), all;
    struct scep_trust by_digest = { .digest = digest, .digest_bytes = 32, .now_sec = NOW };
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL);
    BIO *out = BIO_new(BIO_s_mem());

    CHECK(X509_digest(ca.certificate, EVP_sha256(), digest, NULL) == 1);
    CHECK_EQ(scep_ca_read((char *)one.data, one.n, &by_digest, &read, &error), 0);
    CHECK(X509_cmp(read.authority, ca.certificate) == 0 && read.reader == read.authority);
    scep_ca_clear(&read);
    CHECK_EQ(scep_ca_read((char *)one.data, one.n, &(struct scep_trust){ .digest = other, .digest_bytes = 32, .now_sec = NOW }, &read, &error),
        -EKEYREJECTED);
    CHECK_EQ(scep_ca_read((char *)one.data, one.n, &(struct scep_trust){ .now_sec = NOW }, &read, &error), -EKEYREJECTED);
    CHECK(X509_digest(ca.certificate, EVP_sha1(), digest, NULL) == 1);
    by_digest.digest_bytes = 20;
    CHECK_EQ(scep_ca_read((char *)one.data, one.n, &by_digest, &read, &error), 0);
    by_digest.digest_bytes = 32;
    scep_ca_clear(&read);
    /* nobody can decrypt by an elliptic curve */
    CHECK_EQ(scep_ca_read((char *)elliptic_bytes.data, elliptic_bytes.n, &(struct scep_trust){ .channel = true, .now_sec = NOW }, &read, &error),
        -EPROTO);
    CHECK_EQ(scep_ca_read("nonsense", 8, &(struct scep_trust){ .channel = true, .now_sec = NOW }, &read, &error), -EBADMSG);

    /* a registration authority of ours, and a stranger who says the same of himself */
    reader.key = stranger.key;
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Reader", -1, -1, 0);
    reader.certificate = issue_with(name, reader.key, &ca, false, "1.3.6.1.4.1.311.20.2.1");
    add(reader.certificate, NID_key_usage, "critical,keyEncipherment");
    CHECK(X509_sign(reader.certificate, ca.key, EVP_sha256()) > 0);
    CHECK(CMS_add1_cert(cms, stranger.certificate) == 1 && CMS_add1_cert(cms, reader.certificate) == 1);
    CHECK_EQ(CMS_add1_cert(cms, ca.certificate), 1);
    CHECK(CMS_final(cms, NULL, NULL, CMS_BINARY) >= 0 && i2d_CMS_bio(out, cms) == 1);
    all = taken_from(out);
    CHECK(X509_digest(ca.certificate, EVP_sha256(), digest, NULL) == 1);
    CHECK_EQ(scep_ca_read((char *)all.data, all.n, &by_digest, &read, &error), 0);
    CHECK_EQ(sk_X509_num(read.certificates), 2);
    CHECK(X509_cmp(read.authority, ca.certificate) == 0 && X509_cmp(read.reader, reader.certificate) == 0);
    scep_ca_clear(&read);
    CMS_ContentInfo_free(cms);
    X509_NAME_free(name);
    free_authority(&elliptic);
    X509_free(reader.certificate);
    free(one.data), free(elliptic_bytes.data), free(all.data);
}

/* Somebody on the way adds the certificate of a device of the same authority, whose key he has, to GetCACert: he reads and signs nothing. */
static void a_device_is_no_registration_authority(void)
{
    uint8_t digest[32];
    X509_NAME *name = X509_NAME_new();
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL);
    struct scep_trust trust = { .digest = digest, .digest_bytes = 32, .now_sec = NOW };
    BIO *out = BIO_new(BIO_s_mem());
    struct dm_error error = { 0 };
    struct scep_ca read;
    struct bytes all;
    X509 *insider;

    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"handset-2.example.com", -1, -1, 0);
    insider = issue(name, stranger.key, &ca, false);
    add(insider, NID_key_usage, "critical,digitalSignature,keyEncipherment");
    CHECK(X509_sign(insider, ca.key, EVP_sha256()) > 0);
    CHECK(CMS_add1_cert(cms, ca.certificate) == 1 && CMS_add1_cert(cms, insider) == 1);
    CHECK(CMS_final(cms, NULL, NULL, CMS_BINARY) >= 0 && i2d_CMS_bio(out, cms) == 1);
    all = taken_from(out);
    CHECK(X509_digest(ca.certificate, EVP_sha256(), digest, NULL) == 1);
    CHECK_EQ(scep_ca_read((char *)all.data, all.n, &trust, &read, &error), 0);
    CHECK_EQ(sk_X509_num(read.certificates), 1);
    CHECK(X509_cmp(read.reader, ca.certificate) == 0);
    scep_ca_clear(&read);
    X509_free(insider);
    CMS_ContentInfo_free(cms);
    X509_NAME_free(name);
    free(all.data);
}

static void an_address_without_a_path(void)
{
    struct dm_enrol_wish wish = first_wish();
    struct dm_error error = { 0 };
    struct dm_exchange exchange;
    struct scep *scep;

    wish.server_url = "https://scep.example.com";
    scep = scep_new(&wish);
    CHECK_EQ(scep_next(scep, &exchange, &error), 1);
    CHECK_STR(exchange.url, "https://scep.example.com/cgi-bin/pkiclient.exe?operation=GetCACaps");
    scep_free(scep);
}

static const struct test tests[] = {
    TEST(enrols_and_renews),
    TEST(believes_nothing_wrong),
    TEST(an_old_answer_is_none),
    TEST(waits_and_comes_again),
    TEST(refusals_say_what_to_do),
    TEST(weak_servers_are_left),
    TEST(who_is_believed),
    TEST(a_device_is_no_registration_authority),
    TEST(an_address_without_a_path),
};

int main(int argc, char **argv)
{
    int status;

    device_key = EVP_RSA_gen(2048);
    ca = new_authority("Authority", EVP_RSA_gen(2048));
    stranger = new_authority("Authority", EVP_RSA_gen(2048)); /* of the same name */
    status = test_main(tests, ELEMENTSOF(tests), argc, argv);
    free_authority(&ca);
    free_authority(&stranger);
    EVP_PKEY_free(device_key);
    return status;
}
