/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenSSL's key generation, and PEM in memory that is wiped.
 */
#include "dm/keys.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

int dm_key_make(enum dm_key_kind kind, struct evp_pkey_st **ret)
{
    EVP_PKEY *key = NULL;

    switch (kind) {
    case DM_KEY_P256:
        key = EVP_EC_gen("P-256");
        break;
    case DM_KEY_RSA3072:
        key = EVP_RSA_gen(3072);
        break;
    }
    ERR_clear_error();
    if (!key)
        return -ENOMEM;
    *ret = key;
    return 0;
}

int dm_key_to_pem(struct evp_pkey_st *key, char **ret, size_t *ret_bytes)
{
    BIO *out = BIO_new(BIO_s_secmem());
    char *text, *copy = NULL;
    long n = 0;

    if (out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1) {
        n = BIO_get_mem_data(out, &text);
        copy = n > 0 ? malloc((size_t)n + 1) : NULL;
    }
    if (copy) {
        memcpy(copy, text, (size_t)n);
        copy[n] = '\0';
    }
    BIO_free(out); /* OpenSSL wipes the buffer of a memory BIO of this kind */
    ERR_clear_error();
    if (!copy)
        return -ENOMEM;
    *ret = copy;
    *ret_bytes = (size_t)n;
    return 0;
}

/* An encrypted key: nobody is asked for a password here. */
static int no_password(char *buf, int size, int writing, void *userdata)
{
    (void)buf, (void)size, (void)writing, (void)userdata;
    return -1;
}

int dm_key_from_pem(const char *pem, size_t n_bytes, struct evp_pkey_st **ret)
{
    BIO *in = n_bytes <= 1u << 20 ? BIO_new_mem_buf(pem, (int)n_bytes) : NULL;
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;

    BIO_free(in);
    ERR_clear_error();
    if (!key)
        return -EBADMSG;
    *ret = key;
    return 0;
}

void dm_secret_free(char *secret, size_t n_bytes)
{
    if (secret)
        OPENSSL_cleanse(secret, n_bytes);
    free(secret);
}
