/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates, keys and CAs as files, made here with OpenSSL: good ones of each kind and form, and every way in which they can be wrong with
 * the reason, the file's name and a hint. Nothing here depends on today's date.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "config/credentials.h"
#include "support/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#define NOT_BEFORE 1700000000
#define NOT_AFTER  1800000000

static char dir[64] = "/tmp/mvpn-credentials-test.XXXXXX";

static const char *at(const char *name, char buf[static 128])
{
    snprintf(buf, 128, "%s/%s", dir, name);
    return buf;
}

static void must(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* ---- making them ---- */

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

/* issuer NULL: self-signed. */
static X509 *make_certificate(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool ca)
{
    X509 *certificate = X509_new();
    X509_NAME *subject;
    bool plain = EVP_PKEY_is_a(issuer_key, "ED25519");

    must(certificate && X509_set_version(certificate, X509_VERSION_3) == 1, "X509_new");
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), (long)strlen(name) + 7);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOT_BEFORE);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOT_AFTER);
    subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Größe, Inc", -1, -1, 0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject);
    must(X509_set_pubkey(certificate, key) == 1, "X509_set_pubkey");
    add_extension(certificate, issuer ? issuer : certificate, NID_basic_constraints,
        ca ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(certificate, issuer ? issuer : certificate, NID_subject_key_identifier, "hash");
    must(X509_sign(certificate, issuer_key, plain ? NULL : EVP_sha256()) > 0, "X509_sign");
    return certificate;
}

static FILE *create(const char *name)
{
    char path[128];
    FILE *f = fopen(at(name, path), "we");

    must(f != NULL, path);
    return f;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = create(name);

    must(fputs(text, f) >= 0 && fclose(f) == 0, name);
}

static void write_certificates(const char *name, X509 *first, X509 *second)
{
    FILE *f = create(name);

    must(
        PEM_write_X509(f, first) == 1 && (!second || PEM_write_X509(f, second) == 1) && fclose(f) == 0, name);
}

static void write_key(const char *name, EVP_PKEY *key, const char *passphrase)
{
    FILE *f = create(name);

    must(PEM_write_PrivateKey(f, key, passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
             (void *)(uintptr_t)passphrase) == 1 &&
             fclose(f) == 0,
        name);
}

static void write_der(const char *name, EVP_PKEY *key, X509 *certificate, bool sealed)
{
    FILE *f = create(name);
    int r = certificate ? i2d_X509_fp(f, certificate)
            : sealed    ? i2d_PKCS8PrivateKey_fp(f, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL)
                        : i2d_PrivateKey_fp(f, key);

    must(r == 1 && fclose(f) == 0, name);
}

static EVP_PKEY *ca_key, *other_ca_key, *sub_ca_key, *keys[3];
static X509 *ca, *other_ca, *sub_ca;
static const char *const kinds[] = { "rsa", "ec", "ed25519" };

static void make_files(void)
{
    must(mkdtemp(dir) != NULL, "mkdtemp");
    ca_key = EVP_EC_gen("P-256");
    other_ca_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    sub_ca_key = EVP_EC_gen("P-384");
    keys[0] = EVP_RSA_gen(2048);
    keys[1] = EVP_EC_gen("P-256");
    keys[2] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(ca_key && other_ca_key && sub_ca_key && keys[0] && keys[1] && keys[2], "keys");
    ca = make_certificate("Root", ca_key, NULL, ca_key, true);
    other_ca = make_certificate("Other Root", other_ca_key, NULL, other_ca_key, true);
    sub_ca = make_certificate("Sub", sub_ca_key, ca, ca_key, true);
    write_certificates("ca.pem", ca, NULL);
    write_certificates("sub-ca.pem", sub_ca, NULL);
    write_certificates("other-ca.pem", other_ca, NULL);
    write_certificates("both-cas.pem", other_ca, ca);
    write_der("ca.der", NULL, ca, false);
    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        X509 *certificate = make_certificate(kinds[i], keys[i], ca, ca_key, false);
        X509 *below = make_certificate("below", keys[i], sub_ca, sub_ca_key, false);
        char name[64];

        snprintf(name, sizeof(name), "%s.pem", kinds[i]);
        write_certificates(name, certificate, NULL);
        snprintf(name, sizeof(name), "%s.der", kinds[i]);
        write_der(name, NULL, certificate, false);
        snprintf(name, sizeof(name), "%s-below.pem", kinds[i]);
        write_certificates(name, below, NULL);
        snprintf(name, sizeof(name), "%s-chain.pem", kinds[i]);
        write_certificates(name, below, sub_ca);
        snprintf(name, sizeof(name), "%s.key", kinds[i]);
        write_key(name, keys[i], NULL);
        snprintf(name, sizeof(name), "%s-key.der", kinds[i]);
        write_der(name, keys[i], NULL, false);
        X509_free(certificate);
        X509_free(below);
    }
    write_key("sealed.key", keys[0], "secret");
    write_der("sealed.der", keys[0], NULL, true);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

/* ---- judging them ---- */

static struct credentials_report judge(const char *certificate, const char *key, const char *cas)
{
    char certificate_path[128], key_path[128], cas_path[128];
    struct settings settings = {
        .certificate = strncmp(certificate, "pkcs11:", 7) == 0
                           ? (char *)(uintptr_t)certificate
                           : (char *)(uintptr_t)at(certificate, certificate_path),
        .private_key =
            strncmp(key, "pkcs11:", 7) == 0 ? (char *)(uintptr_t)key : (char *)(uintptr_t)at(key, key_path),
        .ca_certificates = (char *)(uintptr_t)at(cas, cas_path),
    };
    struct credentials_report report;

    test_context("%s %s %s", certificate, key, cas);
    memset(&report, 0xa5, sizeof(report));
    CHECK_EQ(credentials_judge(&settings, &report), 0);
    CHECK_EQ(ERR_peek_error(), 0); /* nothing left behind for libcharon */
    return report;
}

static void check_good(const struct credentials_report *report)
{
    CHECK_EQ(report->credentials.problem, REASON_NONE);
    CHECK_STR(report->detail, "");
    CHECK(report->chain_checked);
}

static void check_problem(
    const struct credentials_report *report, enum reason reason, const char *file, const char *hint)
{
    CHECK_STR(reason_name(report->credentials.problem), reason_name(reason));
    if (!CHECK(strstr(report->detail, file) != NULL) || !CHECK(strstr(report->detail, hint) != NULL))
        fprintf(stderr, "  wanted '%s' and '%s' in: %s\n", file, hint, report->detail);
}

static void every_kind_and_form_is_good(void)
{
    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        char pem[64], der[64], key[64], key_der[64], subject[128];
        struct credentials_report report;

        snprintf(pem, sizeof(pem), "%s.pem", kinds[i]);
        snprintf(der, sizeof(der), "%s.der", kinds[i]);
        snprintf(key, sizeof(key), "%s.key", kinds[i]);
        snprintf(key_der, sizeof(key_der), "%s-key.der", kinds[i]);
        report = judge(pem, key, "ca.pem");
        check_good(&report);
        CHECK(report.chain_ok && !report.key_in_token);
        CHECK_EQ(report.n_cas, 1);
        CHECK_EQ(report.credentials.not_before_sec, NOT_BEFORE);
        CHECK_EQ(report.credentials.not_after_sec, NOT_AFTER);
        snprintf(subject, sizeof(subject), "CN=%s,O=Größe\\, Inc", kinds[i]);
        CHECK_STR(report.subject, subject);
        report = judge(der, key_der, "ca.der");
        check_good(&report);
        CHECK(report.chain_ok);
    }
}

static void a_chain_is_followed_to_any_of_our_cas(void)
{
    struct credentials_report report = judge("ec.pem", "ec.key", "both-cas.pem");

    check_good(&report);
    CHECK(report.chain_ok);
    CHECK_EQ(report.n_cas, 2);
    report = judge("ec-chain.pem", "ec.key", "ca.pem"); /* the intermediate comes with the certificate */
    check_good(&report);
    CHECK(report.chain_ok);
    report = judge("ec-below.pem", "ec.key", "sub-ca.pem"); /* an intermediate as anchor */
    check_good(&report);
    CHECK(report.chain_ok);
    report = judge("ec-below.pem", "ec.key", "ca.pem"); /* the intermediate is nowhere: a warning only */
    check_good(&report);
    CHECK(!report.chain_ok);
    report = judge("ec.pem", "ec.key", "other-ca.pem");
    check_good(&report);
    CHECK(!report.chain_ok);
}

static void a_folder_of_cas(void)
{
    struct credentials_report report;
    char path[128];

    must(mkdir(at("cas", path), 0755) == 0 && mkdir(at("cas/sub", path), 0755) == 0, "mkdir");
    report = judge("ec.pem", "ec.key", "cas");
    check_problem(
        &report, REASON_CERTIFICATE_INVALID, "/cas holds no certificate of an authority", "put the CA");
    write_text("cas/README", "The roots of the organisation.\n");
    write_certificates("cas/a.crt", ca, NULL);
    write_der("cas/b.der", NULL, other_ca, false);
    write_key("cas/c.key", ca_key, NULL);
    report = judge("ec.pem", "ec.key", "cas");
    check_good(&report);
    CHECK_EQ(report.n_cas, 2);
    CHECK(report.chain_ok);
}

static void a_key_that_does_not_fit(void)
{
    for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
        char pem[64], key[64];
        struct credentials_report report;

        snprintf(pem, sizeof(pem), "%s.pem", kinds[i]);
        snprintf(key, sizeof(key), "%s.key", kinds[(i + 1) % ELEMENTSOF(kinds)]);
        report = judge(pem, key, "ca.pem");
        check_problem(&report, REASON_KEY_MISMATCH, pem, key);
    }
}

static void an_encrypted_key_has_a_sentence_of_its_own(void)
{
    struct credentials_report report = judge("rsa.pem", "sealed.key", "ca.pem");

    check_problem(
        &report, REASON_CERTIFICATE_INVALID, "/sealed.key is encrypted with a passphrase", "openssl pkey");
    report = judge("rsa.pem", "sealed.der", "ca.pem");
    check_problem(
        &report, REASON_CERTIFICATE_INVALID, "/sealed.der is encrypted with a passphrase", "openssl pkey");
}

static void what_is_not_a_certificate(void)
{
    static const char *const wrong[] = { "", "hello\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB////\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMII", "0\x82\x01\x01junk", "0" };
    struct credentials_report report;

    for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
        write_text("wrong", wrong[i]);
        report = judge("wrong", "ec.key", "ca.pem");
        check_problem(&report, REASON_CERTIFICATE_INVALID, "/wrong holds ", "PEM or DER");
        CHECK_EQ(report.n_cas, 1);
        report = judge("ec.pem", "wrong", "ca.pem");
        check_problem(&report, REASON_CERTIFICATE_INVALID, "/wrong holds no private key", "PEM or DER");
        report = judge("ec.pem", "ec.key", "wrong");
        check_problem(&report, REASON_CERTIFICATE_INVALID, "/wrong holds ", "CACertificates=");
    }
    report = judge("ec.key", "ec.key", "ca.pem");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/ec.key holds no certificate", "put one");
    report = judge("ec.pem", "ec.pem", "ca.pem");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/ec.pem holds no private key", "put the");
    report = judge("ec.pem", "ec.key", "ec.pem");
    check_problem(
        &report, REASON_CERTIFICATE_INVALID, "/ec.pem holds no certificate of an authority", "put the CA");
}

static void files_that_cannot_be_read(void)
{
    char path[128];
    struct credentials_report report = judge("gone.pem", "ec.key", "ca.pem");

    check_problem(&report, REASON_CERTIFICATE_INVALID, "/gone.pem does not exist", "put the file there");
    report = judge("ec.pem", "gone.key", "ca.pem");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/gone.key does not exist", "put the file there");
    report = judge("ec.pem", "ec.key", "gone");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/gone does not exist", "CACertificates=");
    must(mkdir(at("folder", path), 0755) == 0 && mkfifo(at("pipe", path), 0644) == 0, "mkdir, mkfifo");
    report = judge("folder", "ec.key", "ca.pem");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/folder is a folder", "name the file");
    report = judge("pipe", "ec.key", "ca.pem");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/pipe is not a regular file", "put one");
    if (geteuid() == 0 && (chmod(dir, 0755) < 0 || seteuid(65534) < 0))
        return;
    report = judge(
        "ec.pem", "ec.key", "ca.pem"); /* the key was written by another user, with mode 0644 less umask */
    if (getuid() == 0)
        must(seteuid(0) == 0 && chmod(at("ec.key", path), 0600) == 0 && seteuid(65534) == 0, "seteuid");
    else
        must(chmod(at("ec.key", path), 0) == 0, "chmod");
    report = judge("ec.pem", "ec.key", "ca.pem");
    check_problem(&report, REASON_CERTIFICATE_INVALID, "/ec.key may not be read", "mode 0600");
    if (getuid() == 0)
        must(seteuid(0) == 0, "seteuid");
    must(chmod(at("ec.key", path), 0600) == 0, "chmod");
}

static void tokens_are_left_alone(void)
{
    struct credentials_report report = judge("ec.pem", "pkcs11:token=t;id=%01", "ca.pem");

    check_good(&report);
    CHECK(report.key_in_token && report.chain_ok);
    report = judge("pkcs11:token=t;object=c", "pkcs11:token=t;id=%01", "ca.pem");
    CHECK_EQ(report.credentials.problem, REASON_NONE);
    CHECK(report.key_in_token && !report.chain_checked);
    CHECK_STR(report.subject, "");
    CHECK_LE(report.credentials.not_before_sec, 0);
    CHECK_GE(report.credentials.not_after_sec, INT64_MAX);
}

static void what_is_not_configured_is_said(void)
{
    struct settings settings = { .policy.n_gateways = 1, .certificate = (char *)(uintptr_t) "/x" };
    struct credentials_report report;

    CHECK_EQ(credentials_judge(&settings, &report), 0);
    check_problem(&report, REASON_CONFIG_INCOMPLETE, "PrivateKey=", "CACertificates=");
    CHECK(!report.chain_checked);
}

/* A long subject is cut, not overrun. */
static void a_long_subject_is_cut(void)
{
    char name[65];
    X509 *certificate;
    struct credentials_report report;

    memset(name, 'x', 64);
    name[64] = '\0';
    certificate = make_certificate(name, keys[1], ca, ca_key, false);
    for (int i = 0; i < 8; i++)
        X509_NAME_add_entry_by_txt(
            X509_get_subject_name(certificate), "OU", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    must(X509_sign(certificate, ca_key, EVP_sha256()) > 0, "X509_sign");
    write_certificates("long.pem", certificate, NULL);
    X509_free(certificate);
    report = judge("long.pem", "ec.key", "ca.pem");
    check_good(&report);
    CHECK_EQ(strlen(report.subject), sizeof(report.subject) - 1);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(every_kind_and_form_is_good),
        TEST(a_chain_is_followed_to_any_of_our_cas),
        TEST(a_folder_of_cas),
        TEST(a_key_that_does_not_fit),
        TEST(an_encrypted_key_has_a_sentence_of_its_own),
        TEST(what_is_not_a_certificate),
        TEST(files_that_cannot_be_read),
        TEST(tokens_are_left_alone),
        TEST(what_is_not_configured_is_said),
        TEST(a_long_subject_is_cut),
    };
    int r;

    make_files();
    r = test_main(tests, ELEMENTSOF(tests), argc, argv);
    X509_free(ca);
    X509_free(other_ca);
    X509_free(sub_ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(other_ca_key);
    EVP_PKEY_free(sub_ca_key);
    for (size_t i = 0; i < ELEMENTSOF(keys); i++)
        EVP_PKEY_free(keys[i]);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return r;
}
