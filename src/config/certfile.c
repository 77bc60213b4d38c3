/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates and keys from files, by OpenSSL. Errors of OpenSSL are turned into sentences here and its error queue is left empty: libcharon
 * in the same process uses OpenSSL, too.
 */
#include "config/certfile.h"

#include "base/cleanup.h"
#include "config/files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define CERTIFICATES_MAX_BYTES (4 * 1024 * 1024) /* a whole system's bundle has a quarter of it */
#define KEY_MAX_BYTES          (64 * 1024)

static void cleanup_bio(BIO **bio)
{
    BIO_free(*bio);
}

static int explain_unreadable(const char *path, int error, const char *mode, struct strbuf *problem)
{
    switch (-error) {
    case ENOENT:
    case ENOTDIR:
        strbuf_add(problem,
            "%s does not exist: put the file there, or correct its name in the configuration.", path);
        break;
    case EACCES:
    case EPERM:
        strbuf_add(problem,
            "%s may not be read: let root own it with mode %s, and check the folders above it.", path, mode);
        break;
    case EISDIR:
        strbuf_add(problem, "%s is a folder: name the file in it.", path);
        break;
    case ENODEV:
        strbuf_add(problem, "%s is not a regular file: put one in its place.", path);
        break;
    case EFBIG:
        strbuf_add(
            problem, "%s is too large for what it should hold: put the right file in its place.", path);
        break;
    default:
        strbuf_add(problem, "%s cannot be read: %s.", path, strerror(-error));
    }
    return error;
}

/* ---- certificates ---- */

static int push(STACK_OF(X509) * certificates, X509 *certificate)
{
    if (sk_X509_push(certificates, certificate) > 0)
        return 0;
    X509_free(certificate);
    return -ENOMEM;
}

/* All CERTIFICATE blocks of PEM text; other blocks (a key in the same file) are passed over. 0, -ENODATA where there is none, -EBADMSG. */
static int parse_pem(const char *bytes, size_t n_bytes, STACK_OF(X509) * certificates)
{
    _cleanup_(cleanup_bio) BIO *bio = BIO_new_mem_buf(bytes, (int)n_bytes);
    int n_before = sk_X509_num(certificates), r = bio ? 0 : -ENOMEM;
    unsigned long error;
    X509 *certificate;

    while (r == 0 && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        r = push(certificates, certificate);
    if (r < 0)
        return r;
    error = ERR_peek_last_error();
    if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
        return -EBADMSG;
    return sk_X509_num(certificates) > n_before ? 0 : -ENODATA;
}

static int parse_certificates(const char *bytes, size_t n_bytes, STACK_OF(X509) * certificates)
{
    const unsigned char *at = (const unsigned char *)bytes;
    X509 *certificate;

    int r;

    r = parse_pem(bytes, n_bytes, certificates);
    if (r != -ENODATA || n_bytes == 0 || at[0] != 0x30) /* SEQUENCE: DER */
        return r;
    certificate = d2i_X509(NULL, &at, (long)n_bytes);
    return certificate ? push(certificates, certificate) : -EBADMSG;
}

static int explain_no_certificate(const char *path, int error, struct strbuf *problem)
{
    if (error == -ENODATA)
        strbuf_add(problem,
            "%s holds no certificate: put one in PEM or DER form there, or correct its name in the "
            "configuration.",
            path);
    else if (error == -EBADMSG)
        strbuf_add(problem,
            "%s holds a broken certificate: put a sound copy in PEM or DER form there (see it with "
            "'openssl x509 -in FILE -text').",
            path);
    else
        return error;
    return -EBADMSG;
}

int certfile_read(const char *path, STACK_OF(X509) * certificates, struct strbuf *problem)
{
    _cleanup_free_ char *bytes = NULL;
    size_t n_bytes;
    int r = read_whole_file(path, CERTIFICATES_MAX_BYTES, &bytes, &n_bytes);

    if (r < 0)
        return r == -ENOMEM ? r : explain_unreadable(path, r, "0644", problem);
    r = parse_certificates(bytes, n_bytes, certificates);
    ERR_clear_error();
    return r < 0 ? explain_no_certificate(path, r, problem) : 0;
}

/* Files that are no certificates (README, .key, subfolders) are normal in a folder. */
static int read_folder_entry(const char *folder, const char *name, STACK_OF(X509) * certificates,
    unsigned *n_passed_over, struct strbuf *problem)
{
    _cleanup_free_ char *path = NULL;
    char ignored_text[64];
    struct strbuf ignored;
    int r;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return -ENOMEM;
    strbuf_init(&ignored, ignored_text, sizeof(ignored_text));
    r = certfile_read(path, certificates, &ignored);
    if (r == 0 || r == -ENOMEM)
        return r;
    if (r == -EACCES || r == -EPERM || r == -EIO)
        return explain_unreadable(path, r, "0644", problem);
    (*n_passed_over)++;
    return 0;
}

static int read_folder(DIR *dir, const char *folder, STACK_OF(X509) * certificates, unsigned *n_passed_over,
    struct strbuf *problem)
{
    struct dirent *entry;
    int r;

    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        r = read_folder_entry(folder, entry->d_name, certificates, n_passed_over, problem);
        if (r < 0)
            return r;
    }
    return 0;
}

int certfile_read_all(
    const char *path, STACK_OF(X509) * certificates, unsigned *ret_n_passed_over, struct strbuf *problem)
{
    _cleanup_closedir_ DIR *dir = opendir(path);

    *ret_n_passed_over = 0;
    if (dir)
        return read_folder(dir, path, certificates, ret_n_passed_over, problem);
    if (errno == ENOTDIR)
        return certfile_read(path, certificates, problem);
    return explain_unreadable(path, -errno, "0755", problem);
}

/* ---- private keys ---- */

/* No passphrase, ever: only remembers that one was asked for. */
static int refuse_passphrase(char *buf, int size, int writing, void *userdata)
{
    (void)buf, (void)size, (void)writing;
    *(bool *)userdata = true;
    return -1;
}

static EVP_PKEY *parse_pem_key(const char *bytes, size_t n_bytes, bool *encrypted)
{
    _cleanup_(cleanup_bio) BIO *bio = BIO_new_mem_buf(bytes, (int)n_bytes);

    return bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, encrypted) : NULL;
}

/* PKCS#8 or the algorithm's own form; PKCS#8 that is encrypted is recognised. */
static EVP_PKEY *parse_der_key(const char *bytes, size_t n_bytes, bool *encrypted)
{
    const unsigned char *at = (const unsigned char *)bytes;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)n_bytes);
    X509_SIG *sealed;

    if (key)
        return key;
    at = (const unsigned char *)bytes;
    sealed = d2i_X509_SIG(NULL, &at, (long)n_bytes);
    *encrypted = sealed != NULL;
    X509_SIG_free(sealed);
    return NULL;
}

int certfile_read_key(const char *path, EVP_PKEY **ret, struct strbuf *problem)
{
    char *bytes;
    size_t n_bytes;
    bool encrypted = false;
    EVP_PKEY *key;
    int r = read_whole_file(path, KEY_MAX_BYTES, &bytes, &n_bytes);

    if (r < 0)
        return r == -ENOMEM ? r : explain_unreadable(path, r, "0600", problem);
    key = parse_pem_key(bytes, n_bytes, &encrypted);
    if (!key && !encrypted)
        key = parse_der_key(bytes, n_bytes, &encrypted);
    OPENSSL_cleanse(bytes, n_bytes);
    free(bytes);
    ERR_clear_error();
    if (key) {
        *ret = key;
        return 0;
    }
    if (encrypted) {
        strbuf_add(problem,
            "%s is encrypted with a passphrase, but mvpnd starts without anybody to type it: store the key "
            "without one "
            "('openssl pkey -in %s -out NEWFILE', mode 0600), or keep it in a token (pkcs11:).",
            path, path);
        return -ENOKEY;
    }
    strbuf_add(problem,
        "%s holds no private key that can be used: put the RSA, ECDSA or Ed25519 key in PEM or DER form "
        "there.",
        path);
    return -EBADMSG;
}
