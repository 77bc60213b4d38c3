/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our certificate and key and the CAs that may vouch for the gateway, from files (PEM, several in one file; or DER) or a token, into one
 * credential set. Only the configured CAs are trusted; certificates that come along in our own file are helpers for the chain.
 * Sentences for whoever configured it wrongly go to ike->error.
 */
#include "ike/charon.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES (4 * 1024 * 1024)
#define PEM_BEGIN      "-----BEGIN CERTIFICATE-----"
#define PEM_END        "-----END CERTIFICATE-----"

/* NUL-terminated copy of a file. */
static int read_file(const char *path, char **ret_text, size_t *ret_size_bytes)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_free_ char *text = NULL;
    size_t size_bytes = 0;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if (st.st_size > FILE_MAX_BYTES)
        return -EFBIG;
    text = malloc((size_t)st.st_size + 1);
    if (!text)
        return -ENOMEM;
    while (size_bytes < (size_t)st.st_size) {
        ssize_t n = read(fd, text + size_bytes, (size_t)st.st_size - size_bytes);

        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        size_bytes += (size_t)n;
    }
    text[size_bytes] = '\0';
    *ret_text = steal_ptr(&text);
    *ret_size_bytes = size_bytes;
    return 0;
}

static certificate_t *parse_certificate(const void *data, size_t size_bytes)
{
    return lib->creds->create(lib->creds, CRED_CERTIFICATE, CERT_X509, BUILD_BLOB_PEM,
        chunk_create((uint8_t *)data, size_bytes), BUILD_END);
}

typedef int (*take_certificate)(struct ike *ike, certificate_t *certificate, unsigned index);

/* Every certificate of a file to take(), which owns it. Returns their number, or negative errno. */
static int load_certificates(struct ike *ike, const char *path, take_certificate take)
{
    _cleanup_free_ char *text = NULL;
    size_t size_bytes = 0;
    unsigned n_certificates = 0;
    int r;

    r = read_file(path, &text, &size_bytes);
    if (r < 0)
        return library_set_error(ike, r, "%s cannot be read (%s).", path, strerror(-r));

    char *begin = strstr(text, PEM_BEGIN);
    if (!begin) {
        certificate_t *certificate = parse_certificate(text, size_bytes);

        if (!certificate)
            return 0;
        r = take(ike, certificate, 0);
        return r < 0 ? r : 1;
    }
    while (begin) {
        char *end = strstr(begin, PEM_END);
        certificate_t *certificate = NULL;

        if (end)
            certificate = parse_certificate(begin, (size_t)(end - begin) + strlen(PEM_END));
        if (!certificate)
            return library_set_error(ike, -EBADMSG,
                "%s holds a certificate that cannot be parsed (number %u).", path, n_certificates + 1);
        r = take(ike, certificate, n_certificates++);
        if (r < 0)
            return r;
        begin = strstr(end, PEM_BEGIN);
    }
    return (int)n_certificates;
}

static int take_own(struct ike *ike, certificate_t *certificate, unsigned index)
{
    if (index == 0)
        ike->certificate = ike->credentials->add_cert_ref(ike->credentials, FALSE, certificate);
    else
        ike->credentials->add_cert(ike->credentials, FALSE, certificate);
    return 0;
}

static int take_ca(struct ike *ike, certificate_t *certificate, unsigned index)
{
    x509_t *x509 = (x509_t *)certificate;

    (void)index;
    if (!(x509->get_flags(x509) & X509_CA)) {
        certificate->destroy(certificate);
        return library_set_error(ike, -EBADMSG,
            "%s holds a certificate that is not a CA's (no basicConstraints CA:true).",
            ike->profile.ca_certificates);
    }
    ike->credentials->add_cert(ike->credentials, TRUE, certificate);
    return 0;
}

static int load_ca_folder(struct ike *ike, const char *path)
{
    _cleanup_closedir_ DIR *folder = opendir(path);
    struct dirent *entry;
    int n_certificates = 0;

    if (!folder)
        return library_set_error(ike, -errno, "%s cannot be read (%s).", path, strerror(errno));
    while ((entry = readdir(folder))) {
        _cleanup_free_ char *file = NULL;
        struct stat st;
        int r;

        if (entry->d_name[0] == '.' || asprintf(&file, "%s/%s", path, entry->d_name) < 0)
            continue;
        if (stat(file, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        r = load_certificates(ike, file, take_ca);
        if (r < 0)
            return r;
        n_certificates += r;
    }
    return n_certificates;
}

static int load_cas(struct ike *ike)
{
    const char *path = ike->profile.ca_certificates;
    struct stat st;
    int r;

    if (!path)
        return library_set_error(ike, -EINVAL, "No CA certificate is configured (CACertificates=).");
    if (stat(path, &st) < 0)
        return library_set_error(ike, -errno, "%s cannot be read (%s).", path, strerror(errno));
    r = S_ISDIR(st.st_mode) ? load_ca_folder(ike, path) : load_certificates(ike, path, take_ca);
    if (r == 0)
        return library_set_error(ike, -ENOENT, "%s holds no CA certificate.", path);
    return r < 0 ? r : 0;
}

static int load_certificate(struct ike *ike)
{
    const char *source = ike->profile.certificate;
    int r;

    if (!source)
        return library_set_error(ike, -EINVAL, "No certificate is configured (Certificate=).");
    if (token_is_uri(source)) {
        certificate_t *certificate;

        r = token_load_certificate(ike, source, &certificate);
        return r < 0 ? r : take_own(ike, certificate, 0);
    }
    r = load_certificates(ike, source, take_own);
    if (r == 0)
        return library_set_error(ike, -EBADMSG, "%s holds no certificate.", source);
    return r < 0 ? r : 0;
}

/* Takes the key. */
static int add_key_that_fits(struct ike *ike, private_key_t *key)
{
    public_key_t *public = ike->certificate->get_public_key(ike->certificate);
    bool fits = public && key->belongs_to(key, public);

    DESTROY_IF(public);
    if (!fits) {
        key->destroy(key);
        return library_set_error(ike, -EKEYREJECTED, "The private key does not belong to the certificate.");
    }
    ike->credentials->add_key(ike->credentials, key);
    return 0;
}

static int load_key(struct ike *ike)
{
    const char *source = ike->profile.private_key;
    private_key_t *key = NULL;
    int r;

    if (!source)
        return library_set_error(ike, -EINVAL, "No private key is configured (PrivateKey=).");
    if (token_is_uri(source)) {
        r = token_load_key(ike, source, &key);
        return r < 0 ? r : add_key_that_fits(ike, key);
    }
    if (access(source, R_OK) < 0)
        return library_set_error(ike, -errno, "%s cannot be read (%s).", source, strerror(errno));
    key = lib->creds->create(lib->creds, CRED_PRIVATE_KEY, KEY_ANY, BUILD_FROM_FILE, source, BUILD_END);
    if (!key)
        return library_set_error(
            ike, -EBADMSG, "%s holds no private key that can be used without a passphrase.", source);
    return add_key_that_fits(ike, key);
}

int credentials_load(struct ike *ike)
{
    int r;

    ike->credentials = mem_cred_create();
    lib->credmgr->add_set(lib->credmgr, &ike->credentials->set);
    r = crlcache_new(ike->profile.crl_dir, &ike->crlcache);
    if (r < 0)
        return library_set_error(
            ike, r, "The cache of CRLs in %s cannot be read (%s).", ike->profile.crl_dir, strerror(-r));
    lib->credmgr->add_set(lib->credmgr, crlcache_set(ike->crlcache));

    if ((r = load_certificate(ike)) < 0 || (r = load_key(ike)) < 0 || (r = load_cas(ike)) < 0)
        return r;
    return 0;
}

void credentials_unload(struct ike *ike)
{
    if (ike->crlcache) {
        lib->credmgr->remove_set(lib->credmgr, crlcache_set(ike->crlcache));
        crlcache_free(ike->crlcache);
        ike->crlcache = NULL;
    }
    if (ike->credentials) {
        lib->credmgr->remove_set(lib->credmgr, &ike->credentials->set);
        DESTROY_IF(ike->certificate);
        ike->certificate = NULL;
        ike->credentials->destroy(ike->credentials);
        ike->credentials = NULL;
    }
    lib->credmgr->flush_cache(lib->credmgr, CERT_ANY);
}
