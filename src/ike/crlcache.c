/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificate revocation lists across restarts: a credential set of the lists in a folder of the state directory. libcharon's revocation
 * plugin finds them here and puts the newer ones back; each is one file, written whole or not at all. Lists that were fetched but that the
 * plugin did not like for their dates are kept for this run: a signed "revoked" stays true.
 * Never fetches; never trusts a list whose signature was not checked against its issuer.
 */
#include "ike/charon.h"

#include "base/cleanup.h"

#include <credentials/certificates/crl.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define LISTS_MAX      32
#define LIST_MAX_BYTES (4 * 1024 * 1024)

struct crlcache {
    credential_set_t set;
    char *dir;
    pthread_mutex_t lock;
    certificate_t *lists[LISTS_MAX];   /* given to the plugin, and on disk */
    certificate_t *offered[LISTS_MAX]; /* fetched in this run, as they came */
    unsigned n_lists, n_offered;
};

static certificate_t *parse_list(const void *data, size_t size_bytes)
{
    return lib->creds->create(lib->creds, CRED_CERTIFICATE, CERT_X509_CRL, BUILD_BLOB_PEM,
        chunk_create((uint8_t *)data, size_bytes), BUILD_END);
}

/* Same issuer (its name and its key) and same kind: one replaces the other. */
static bool same_series(certificate_t *a, certificate_t *b)
{
    crl_t *list_a = (crl_t *)a, *list_b = (crl_t *)b;
    chunk_t key_a = list_a->get_authKeyIdentifier(list_a), key_b = list_b->get_authKeyIdentifier(list_b);
    identification_t *issuer_a = a->get_issuer(a);

    return issuer_a->equals(issuer_a, b->get_issuer(b)) && chunk_equals(key_a, key_b) &&
           list_a->is_delta_crl(list_a, NULL) == list_b->is_delta_crl(list_b, NULL);
}

/* Takes the list; false: an equal or newer one is there. */
static bool keep(certificate_t **lists, unsigned *n_lists, certificate_t *list)
{
    for (unsigned i = 0; i < *n_lists; i++) {
        if (!same_series(lists[i], list))
            continue;
        if (!crl_is_newer((crl_t *)list, (crl_t *)lists[i])) {
            list->destroy(list);
            return false;
        }
        lists[i]->destroy(lists[i]);
        lists[i] = list;
        return true;
    }
    if (*n_lists == LISTS_MAX) {
        lists[0]->destroy(lists[0]);
        memmove(lists, lists + 1, sizeof(lists[0]) * (LISTS_MAX - 1));
        (*n_lists)--;
    }
    lists[(*n_lists)++] = list;
    return true;
}

/* A name of the series: FNV-1a of issuer and key, and the kind. */
static int file_name(const struct crlcache *cache, certificate_t *certificate, char **ret)
{
    crl_t *list = (crl_t *)certificate;
    identification_t *issuer = certificate->get_issuer(certificate);
    chunk_t parts[] = { issuer->get_encoding(issuer), list->get_authKeyIdentifier(list) };
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (unsigned i = 0; i < 2; i++)
        for (size_t k = 0; k < parts[i].len; k++)
            hash = (hash ^ parts[i].ptr[k]) * UINT64_C(0x100000001b3);
    if (asprintf(ret, "%s/%016llx%s.crl", cache->dir, (unsigned long long)hash,
            list->is_delta_crl(list, NULL) ? "-delta" : "") < 0)
        return -ENOMEM;
    return 0;
}

static int write_whole(int fd, chunk_t data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.ptr, data.len);

        if (n < 0)
            return -errno;
        data = chunk_skip(data, (size_t)n);
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* What cannot be written is fetched again next time: no reason to refuse anything. */
static void write_list(const struct crlcache *cache, certificate_t *list)
{
    _cleanup_free_ char *name = NULL, *scratch = NULL;
    _cleanup_close_ int fd = -1;
    chunk_t encoding;

    if (file_name(cache, list, &name) < 0 || asprintf(&scratch, "%s.new", name) < 0)
        return;
    if (!list->get_encoding(list, CERT_ASN1_DER, &encoding))
        return;
    fd = open(scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && (write_whole(fd, encoding) < 0 || rename(scratch, name) < 0))
        unlink(scratch);
    chunk_free(&encoding);
}

static void read_list(struct crlcache *cache, const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    _cleanup_free_ uint8_t *data = NULL;
    certificate_t *list;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
        st.st_size > LIST_MAX_BYTES)
        return;
    data = malloc((size_t)st.st_size);
    if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
        return;
    list = parse_list(data, (size_t)st.st_size);
    if (list)
        (void)keep(cache->lists, &cache->n_lists, list);
}

static int read_folder(struct crlcache *cache)
{
    _cleanup_closedir_ DIR *folder = opendir(cache->dir);
    struct dirent *entry;

    if (!folder)
        return errno == ENOENT ? 0 : -errno; /* could not be made on a full or read-only disk: nothing is kept */
    while ((entry = readdir(folder))) {
        _cleanup_free_ char *path = NULL;
        size_t length = strlen(entry->d_name);

        if (length < 4 || strcmp(entry->d_name + length - 4, ".crl") != 0)
            continue;
        if (asprintf(&path, "%s/%s", cache->dir, entry->d_name) > 0)
            read_list(cache, path);
    }
    return 0;
}

static void destroy_references(void *data)
{
    linked_list_t *list = data;

    list->destroy_offset(list, offsetof(certificate_t, destroy));
}

/* The enumerator works on its own references, so that the set may change meanwhile. */
static enumerator_t *create_cert_enumerator(
    credential_set_t *set, certificate_type_t type, key_type_t key, identification_t *id, bool trusted)
{
    struct crlcache *cache = (struct crlcache *)set;
    linked_list_t *found;

    if (trusted || key != KEY_ANY || (type != CERT_X509_CRL && type != CERT_ANY))
        return NULL;
    found = linked_list_create();
    pthread_mutex_lock(&cache->lock);
    for (unsigned i = 0; i < cache->n_lists; i++) {
        certificate_t *list = cache->lists[i];

        if (!id || list->has_issuer(list, id) != ID_MATCH_NONE)
            found->insert_last(found, list->get_ref(list));
    }
    pthread_mutex_unlock(&cache->lock);
    return enumerator_create_cleaner(found->create_enumerator(found), destroy_references, found);
}

static void cache_cert(credential_set_t *set, certificate_t *certificate)
{
    struct crlcache *cache = (struct crlcache *)set;

    if (certificate->get_type(certificate) != CERT_X509_CRL)
        return;
    pthread_mutex_lock(&cache->lock);
    if (keep(cache->lists, &cache->n_lists, certificate->get_ref(certificate)))
        write_list(cache, certificate);
    pthread_mutex_unlock(&cache->lock);
}

int crlcache_new(const char *dir, struct crlcache **ret)
{
    struct crlcache *cache = calloc(1, sizeof(*cache));
    int r;

    if (!cache)
        return -ENOMEM;
    pthread_mutex_init(&cache->lock, NULL);
    cache->set = (credential_set_t){
        .create_private_enumerator = (void *)return_null,
        .create_cert_enumerator = create_cert_enumerator,
        .create_shared_enumerator = (void *)return_null,
        .create_cdp_enumerator = (void *)return_null,
        .cache_cert = cache_cert,
    };
    cache->dir = strdup(dir);
    r = cache->dir ? read_folder(cache) : -ENOMEM;
    if (r < 0) {
        crlcache_free(cache);
        return r;
    }
    *ret = cache;
    return 0;
}

void crlcache_free(struct crlcache *cache)
{
    for (unsigned i = 0; i < cache->n_lists; i++)
        cache->lists[i]->destroy(cache->lists[i]);
    for (unsigned i = 0; i < cache->n_offered; i++)
        cache->offered[i]->destroy(cache->offered[i]);
    pthread_mutex_destroy(&cache->lock);
    free(cache->dir);
    free(cache);
}

credential_set_t *crlcache_set(struct crlcache *cache)
{
    return &cache->set;
}

void crlcache_offer(struct crlcache *cache, const void *data, size_t size_bytes)
{
    certificate_t *list = parse_list(data, size_bytes);

    if (!list)
        return;
    pthread_mutex_lock(&cache->lock);
    (void)keep(cache->offered, &cache->n_offered, list);
    pthread_mutex_unlock(&cache->lock);
}

static bool list_names(certificate_t *certificate, chunk_t serial)
{
    crl_t *list = (crl_t *)certificate;
    enumerator_t *entries = list->create_enumerator(list);
    chunk_t entry;
    bool found = false;

    while (!found && entries->enumerate(entries, &entry, NULL, NULL))
        found = chunk_equals(chunk_skip_zero(entry), chunk_skip_zero(serial));
    entries->destroy(entries);
    return found;
}

/* Cheap looks first; the signature last. */
static bool list_revokes(certificate_t *list, certificate_t *subject, certificate_t *issuer)
{
    x509_t *x509 = (x509_t *)subject;

    return list->has_issuer(list, issuer->get_subject(issuer)) != ID_MATCH_NONE &&
           list_names(list, x509->get_serial(x509)) &&
           lib->credmgr->issued_by(lib->credmgr, list, issuer, NULL);
}

bool crlcache_revokes(struct crlcache *cache, certificate_t *subject, certificate_t *issuer)
{
    bool revoked = false;

    if (subject->get_type(subject) != CERT_X509 || issuer->get_type(issuer) != CERT_X509)
        return false;
    pthread_mutex_lock(&cache->lock);
    for (unsigned i = 0; !revoked && i < cache->n_lists; i++)
        revoked = list_revokes(cache->lists[i], subject, issuer);
    for (unsigned i = 0; !revoked && i < cache->n_offered; i++) {
        certificate_t *list = cache->offered[i];

        revoked = list_revokes(list, subject, issuer);
        /* its signature is good: worth remembering */
        if (revoked && keep(cache->lists, &cache->n_lists, list->get_ref(list)))
            write_list(cache, list);
    }
    pthread_mutex_unlock(&cache->lock);
    return revoked;
}
