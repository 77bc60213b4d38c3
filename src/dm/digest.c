/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MD5 from libcrypto. Whatever held a password or what is as good as one is wiped.
 */
#include "dm/digest.h"
#include "dm/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct piece {
    const void *bytes;
    size_t n_bytes;
};

static int md5(const struct piece *pieces, size_t n_pieces, uint8_t ret[DM_DIGEST_BYTES])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;

    for (size_t i = 0; done && i < n_pieces; i++)
        done = EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].n_bytes) == 1;
    done = done && EVP_DigestFinal_ex(context, ret, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done ? 0 : -ENOTSUP;
}

static int md5_text(const struct piece *pieces, size_t n_pieces, char ret[DM_DIGEST_TEXT_SIZE])
{
    uint8_t digest[DM_DIGEST_BYTES];
    int r = md5(pieces, n_pieces, digest);

    if (r == 0)
        dm_base64_encode(digest, sizeof(digest), ret, DM_DIGEST_TEXT_SIZE);
    OPENSSL_cleanse(digest, sizeof(digest));
    return r;
}

/* B64(H(user:password)): as good as the password itself. */
static int secret_of(const char *user, const char *password, char ret[DM_DIGEST_TEXT_SIZE])
{
    const struct piece pieces[] = { { user, strlen(user) }, { ":", 1 }, { password, strlen(password) } };

    return md5_text(pieces, 3, ret);
}

int dm_digest_md5(const char *user, const char *password, const struct dm_nonce *nonce, char ret[DM_DIGEST_TEXT_SIZE])
{
    char secret[DM_DIGEST_TEXT_SIZE];
    const struct piece pieces[] = { { secret, sizeof(secret) - 1 }, { ":", 1 }, { nonce->bytes, nonce->n_bytes } };
    int r = secret_of(user, password, secret);

    if (r == 0)
        r = md5_text(pieces, 3, ret);
    OPENSSL_cleanse(secret, sizeof(secret));
    return r;
}

int dm_digest_hmac(const char *user, const char *password, const struct dm_nonce *nonce, const void *body, size_t n_body,
    char ret[DM_DIGEST_TEXT_SIZE])
{
    char secret[DM_DIGEST_TEXT_SIZE], digest[DM_DIGEST_TEXT_SIZE];
    const struct piece whole[] = { { body, n_body } };
    const struct piece pieces[] = {
        { secret, sizeof(secret) - 1 }, { ":", 1 }, { nonce->bytes, nonce->n_bytes }, { ":", 1 }, { digest, sizeof(digest) - 1 }
    };
    int r = secret_of(user, password, secret);

    if (r == 0)
        r = md5_text(whole, 1, digest);
    if (r == 0)
        r = md5_text(pieces, 5, ret);
    OPENSSL_cleanse(secret, sizeof(secret));
    return r;
}

int dm_digest_basic(const char *user, const char *password, char *ret, size_t size)
{
    char plain[2 * DM_USER_SIZE];
    int n = snprintf(plain, sizeof(plain), "%s:%s", user, password);
    bool fits = n > 0 && (size_t)n < sizeof(plain) && dm_base64_encode(plain, (size_t)n, ret, size) > 0;

    OPENSSL_cleanse(plain, sizeof(plain));
    return fits ? 0 : -ENOSPC;
}

int dm_nonce_decode(const char *text, const char *format, struct dm_nonce *ret)
{
    struct dm_nonce nonce = { .n_bytes = 0 };
    size_t n = text ? strlen(text) : 0;
    bool base64 = !format || strcasecmp(format, "b64") == 0;

    if (n == 0)
        return -EINVAL;
    if (!base64 || dm_base64_decode(text, n, nonce.bytes, sizeof(nonce.bytes), &nonce.n_bytes) < 0) {
        if (n > sizeof(nonce.bytes))
            return -EINVAL;
        memcpy(nonce.bytes, text, n);
        nonce.n_bytes = n;
    }
    if (nonce.n_bytes == 0)
        return -EINVAL;
    *ret = nonce;
    return 0;
}

bool dm_digest_equal(const char *a, const char *b)
{
    uint8_t bytes_a[DM_DIGEST_BYTES], bytes_b[DM_DIGEST_BYTES];
    size_t n_a = 0, n_b = 0;

    if (dm_base64_decode(a, strlen(a), bytes_a, sizeof(bytes_a), &n_a) < 0 || dm_base64_decode(b, strlen(b), bytes_b, sizeof(bytes_b), &n_b) < 0)
        return false;
    return n_a == DM_DIGEST_BYTES && n_b == DM_DIGEST_BYTES && CRYPTO_memcmp(bytes_a, bytes_b, DM_DIGEST_BYTES) == 0;
}
