/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcrypto reads the certificate; what is handed out is what it was given, byte by byte.
 */
#include "dm/storecert.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/base64.h"
#include "dm/grow.h"
#include "dm/tree.h"
#include "dm/verbs.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define THUMBPRINT_BYTES 20 /* SHA-1: a name, not a proof */
#define LINE_CHARACTERS  64

/* The bytes of the leaf; NULL: no memory, or no base64. */
static unsigned char *decode(const struct dm_node *leaf, size_t *ret_n_bytes)
{
    size_t size = leaf->size / 4 * 3 + 4;
    unsigned char *der = malloc(leaf->size > size ? leaf->size : size);

    if (!der)
        return NULL;
    if (leaf->format == DM_FORMAT_BIN) {
        memcpy(der, leaf->data, leaf->size);
        *ret_n_bytes = leaf->size;
        return der;
    }
    if (dm_base64_decode(leaf->data, leaf->size, der, size, ret_n_bytes) == 0)
        return der;
    free(der);
    return NULL;
}

static void thumbprint(const unsigned char *der, size_t n_bytes, char ret[THUMBPRINT_BYTES * 2 + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[EVP_MAX_MD_SIZE] = { 0 };
    unsigned n = 0;

    ret[0] = '\0';
    if (EVP_Digest(der, n_bytes, hash, &n, EVP_sha1(), NULL) != 1 || n != THUMBPRINT_BYTES)
        return;
    for (unsigned i = 0; i < n; i++) {
        ret[i * 2] = digits[hash[i] >> 4];
        ret[i * 2 + 1] = digits[hash[i] & 15];
    }
    ret[n * 2] = '\0';
}

static bool is_authority(const unsigned char *der, size_t n_bytes)
{
    const unsigned char *p = der;
    X509 *certificate = d2i_X509(NULL, &p, (long)n_bytes);
    bool good = certificate && p == der + n_bytes && X509_check_ca(certificate) > 0;

    X509_free(certificate);
    return good;
}

unsigned dm_store_certificate_check(const struct dm_node *node, struct dm_error *error)
{
    const struct dm_node *leaf = dm_tree_child(node, "EncodedCertificate");
    char name[THUMBPRINT_BYTES * 2 + 1];
    _cleanup_free_ unsigned char *der = NULL;
    size_t n_bytes = 0;

    if (!leaf || !leaf->size)
        return 0;
    der = decode(leaf, &n_bytes);
    if (!der)
        return dm_refuse(error, 406, "EncodedCertificate is not base64");
    if (!is_authority(der, n_bytes))
        return dm_refuse(error, 406, "EncodedCertificate is not one certificate of an authority");
    thumbprint(der, n_bytes, name);
    if (strcasecmp(name, node->name) != 0)
        return dm_refuse(error, 406, "the certificate's thumbprint is %s", name);
    return 0;
}

static void add_pem(struct dm_grow *pem, const struct dm_node *leaf)
{
    size_t n_bytes = 0;
    _cleanup_free_ unsigned char *der = decode(leaf, &n_bytes);
    size_t size = DM_BASE64_SIZE(n_bytes);
    _cleanup_free_ char *text = malloc(size);
    size_t n = der && text ? dm_base64_encode(der, n_bytes, text, size) : 0;

    if (!n) {
        pem->failed = true;
        return;
    }
    dm_grow_text(pem, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < n; i += LINE_CHARACTERS) {
        dm_grow_bytes(pem, text + i, MIN_OF(n - i, (size_t)LINE_CHARACTERS));
        dm_grow_text(pem, "\n");
    }
    dm_grow_text(pem, "-----END CERTIFICATE-----\n");
}

char *dm_store_roots_pem(struct dm_tree *tree)
{
    static const char *const stores[] = { "./Vendor/MSFT/CertificateStore/Root/System", "./Vendor/MSFT/RootCATrustedCertificates/Root" };
    const struct dm_node *first = dm_tree_at(tree, stores[0]);
    struct dm_grow pem = { 0 };

    for (size_t i = 0; i < ELEMENTSOF(stores); i++) {
        const struct dm_node *store = dm_tree_at(tree, stores[i]);

        for (const struct dm_node *node = store ? store->children : NULL; node; node = node->next) {
            const struct dm_node *leaf = dm_tree_child(node, "EncodedCertificate");
            const struct dm_node *same = i > 0 ? dm_tree_child(dm_tree_child(first, node->name), "EncodedCertificate") : NULL;

            if (leaf && leaf->size && !(same && same->size))
                add_pem(&pem, leaf);
        }
    }
    return dm_grow_steal(&pem);
}
