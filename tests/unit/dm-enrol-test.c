/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EST as a conversation: an authority made here answers the engine's requests, well and in every wrong way. And the small readers beside it:
 * whose address, which pin. No network, no disk; nothing depends on today's date.
 */
#include "base/macro.h"
#include "dm/est.h"
#include "dm/http.h"
#include "dm/issued.h"
#include "dm/keys.h"
#include "support/test.h"

#include <errno.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define NOW 1750000000

enum wrong {
    RIGHT,
    WRONG_KEY,
    WRONG_ROOT,
    AUTHORITY,
    EXPIRED,
    FUTURE,
    NO_CLIENT_AUTH,
};

static EVP_PKEY *root_key;
static X509 *root;

static void add(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    CHECK(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *issue(const X509_NAME *subject, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, enum wrong wrong, bool authority)
{
    X509 *certificate = X509_new();

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    X509_set_subject_name(certificate, subject);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject);
    ASN1_TIME_set(X509_getm_notBefore(certificate), wrong == FUTURE ? NOW + 1000 : NOW - 100000);
    ASN1_TIME_set(X509_getm_notAfter(certificate), wrong == EXPIRED ? NOW - 10 : NOW + 100000);
    X509_set_pubkey(certificate, key);
    add(certificate, NID_basic_constraints, authority || wrong == AUTHORITY ? "critical,CA:TRUE" : "CA:FALSE");
    if (!authority)
        add(certificate, NID_ext_key_usage, wrong == NO_CLIENT_AUTH ? "serverAuth" : "clientAuth");
    CHECK(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static X509 *new_root(EVP_PKEY **ret_key)
{
    X509_NAME *name = X509_NAME_new();
    X509 *certificate;

    CHECK_EQ(dm_key_make(DM_KEY_P256, ret_key), 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Root", -1, -1, 0);
    certificate = issue(name, *ret_key, NULL, *ret_key, RIGHT, true);
    X509_NAME_free(name);
    return certificate;
}

/* base64 of a CMS with this certificate: the body of an answer; free() it. */
static char *bag(X509 *certificate)
{
    PKCS7 *cms = PKCS7_new();
    unsigned char *der = NULL;
    char *text = NULL;
    int n;

    PKCS7_set_type(cms, NID_pkcs7_signed);
    PKCS7_content_new(cms, NID_pkcs7_data);
    PKCS7_add_certificate(cms, certificate);
    n = i2d_PKCS7(cms, &der);
    CHECK_EQ(dm_base64_make(der, (size_t)n, &text), 0);
    OPENSSL_free(der);
    PKCS7_free(cms);
    return text;
}

static char *grant(const struct dm_exchange *exchange, enum wrong wrong)
{
    uint8_t *der;
    const unsigned char *at;
    size_t n;
    X509_REQ *request;
    EVP_PKEY *other = NULL, *other_root_key = NULL;
    X509 *other_root = new_root(&other_root_key), *certificate;
    char *text;

    CHECK_EQ(dm_base64_take(exchange->body, exchange->body_bytes, &der, &n), 0);
    at = der;
    request = d2i_X509_REQ(NULL, &at, (long)n);
    CHECK(request && X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) == 1);
    CHECK_EQ(dm_key_make(DM_KEY_P256, &other), 0);
    certificate = issue(X509_REQ_get_subject_name(request), wrong == WRONG_KEY ? other : X509_REQ_get0_pubkey(request),
        wrong == WRONG_ROOT ? other_root : root, wrong == WRONG_ROOT ? other_root_key : root_key, wrong, false);
    text = bag(certificate);
    X509_free(certificate);
    X509_REQ_free(request);
    EVP_PKEY_free(other);
    X509_free(other_root);
    EVP_PKEY_free(other_root_key);
    free(der);
    return text;
}

static int answer(struct est *est, unsigned status, const char *body, struct dm_error *error)
{
    return est_answer(est, &(struct dm_answer){ .status = status, .content_type = "", .body = body, .body_bytes = strlen(body), .now_sec = NOW,
        .retry_after_sec = status == 202 ? 3 : 0 }, error);
}

/* Up to the request; *ret is it. */
static struct est *begin(struct dm_exchange *ret, struct dm_error *error)
{
    struct est *est = est_new(&(struct dm_enrol_wish){ .server_url = "https://est.example.com", .common_name = "handset-1", .patience_sec = 10 });
    char *roots = bag(root);

    CHECK_EQ(est_next(est, ret, error), 1);
    CHECK_STR(ret->url, "https://est.example.com/.well-known/est/cacerts");
    CHECK(!ret->with_password);
    CHECK_EQ(answer(est, 200, roots, error), 0);
    CHECK_EQ(est_next(est, ret, error), 1);
    CHECK_STR(ret->url, "https://est.example.com/.well-known/est/csrattrs");
    CHECK_EQ(answer(est, 404, "", error), 0); /* it is only a wish of the server */
    CHECK_EQ(est_next(est, ret, error), 1);
    CHECK_STR(ret->url, "https://est.example.com/.well-known/est/simpleenroll");
    CHECK(ret->post && ret->with_password);
    free(roots);
    return est;
}

static void enrols(void)
{
    struct dm_error error = { 0 };
    struct dm_exchange exchange;
    struct dm_enrolled enrolled;
    struct est *est = begin(&exchange, &error);
    char *granted;

    CHECK_EQ(answer(est, 202, "", &error), 0);
    CHECK_EQ(est_next(est, &exchange, &error), 1);
    CHECK_EQ(exchange.wait_sec, 3);
    granted = grant(&exchange, RIGHT);
    CHECK_EQ(answer(est, 200, granted, &error), 0);
    CHECK_EQ(est_next(est, &exchange, &error), 0);
    est_take(est, &enrolled);
    CHECK(enrolled.certificate && X509_check_private_key(enrolled.certificate, enrolled.key) == 1);
    CHECK_EQ(sk_X509_num(enrolled.roots), 1);
    dm_enrolled_clear(&enrolled);
    est_free(est);
    free(granted);
}

static void believes_nothing_wrong(void)
{
    for (enum wrong wrong = WRONG_KEY; wrong <= NO_CLIENT_AUTH; wrong++) {
        struct dm_error error = { 0 };
        struct dm_exchange exchange;
        struct est *est = begin(&exchange, &error);
        char *granted = grant(&exchange, wrong);

        test_context("wrong in way %d", wrong);
        CHECK_EQ(answer(est, 200, granted, &error), -EBADMSG);
        CHECK(error.text[0]);
        est_free(est);
        free(granted);
    }
}

static void ends_when_refused(void)
{
    static const struct {
        unsigned status;
        const char *body;
        int result;
    } rows[] = { { 401, "", -EACCES }, { 403, "", -EACCES }, { 302, "", -EPROTO }, { 404, "", -EPROTO }, { 500, "", -EPROTO }, { 200, "", -EBADMSG },
        { 200, "no base64 !", -EBADMSG }, { 200, "AAAA", -EBADMSG }, { 0, "", -EPROTO } };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct dm_error error = { 0 };
        struct dm_exchange exchange;
        struct est *est = begin(&exchange, &error);

        test_context("status %u, '%s'", rows[i].status, rows[i].body);
        CHECK_EQ(answer(est, rows[i].status, rows[i].body, &error), rows[i].result);
        CHECK(error.text[0]);
        est_free(est);
    }
}

static void waits_no_longer_than_it_may(void)
{
    struct dm_error error = { 0 };
    struct dm_exchange exchange;
    struct est *est = begin(&exchange, &error);
    unsigned n = 0;
    int r;

    while ((r = answer(est, 202, "", &error)) == 0 && n++ < 100)
        CHECK_EQ(est_next(est, &exchange, &error), 1);
    CHECK_EQ(r, -EAGAIN);
    CHECK_EQ(n, 3); /* three times three seconds of ten */
    est_free(est);
}

static void knows_addresses(void)
{
    static const struct {
        const char *typed, *url;
    } rows[] = { { "est.example.com", "https://est.example.com" }, { "est.example.com:8443", "https://est.example.com:8443" },
        { "https://est.example.com/a/b/", "https://est.example.com/a/b" }, { "anna@example.com", "https://example.com" },
        { "https://[2001:db8::1]:444", "https://[2001:db8::1]:444" }, { "http://est.example.com", NULL }, { "ftp://est.example.com", NULL },
        { "https://user@est.example.com", NULL }, { "https://user:pw@est.example.com", NULL }, { "", NULL }, { "a b", NULL }, { "https://", NULL },
        { "https://a/?x=1", NULL }, { "https://a\\b", NULL } };
    char url[256];

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        test_context("%s", rows[i].typed);
        CHECK_EQ(dm_server_url(rows[i].typed, "", url, sizeof(url)), rows[i].url ? 0 : -EINVAL);
        if (rows[i].url)
            CHECK_STR(url, rows[i].url);
    }
    CHECK(dm_same_origin("https://A.example.com/x", "https://a.example.com:443/y"));
    CHECK(!dm_same_origin("https://a.example.com", "https://a.example.com:444"));
    CHECK(!dm_same_origin("https://a.example.com", "https://a.example.com.evil.example"));
    CHECK(!dm_same_origin("http://a.example.com", "http://a.example.com"));
}

static void knows_pins(void)
{
    char pin[DM_PIN_SIZE];

    CHECK_EQ(dm_pin_read("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", pin), 0);
    CHECK_STR(pin, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    CHECK_EQ(dm_pin_read("E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55", pin), 0);
    CHECK_EQ(dm_pin_read("sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", pin), 0);
    CHECK_STR(pin, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    CHECK_EQ(dm_pin_read("e3b0", pin), -EINVAL);
    CHECK_EQ(dm_pin_read("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==", pin), -EINVAL);
    CHECK_EQ(dm_pin_read("", pin), -EINVAL);
}

static const struct test tests[] = { TEST(enrols), TEST(believes_nothing_wrong), TEST(ends_when_refused), TEST(waits_no_longer_than_it_may),
    TEST(knows_addresses), TEST(knows_pins) };

int main(int argc, char **argv)
{
    int status;

    root = new_root(&root_key);
    status = test_main(tests, ELEMENTSOF(tests), argc, argv);
    X509_free(root);
    EVP_PKEY_free(root_key);
    return status;
}
