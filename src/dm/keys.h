/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Device keys: made here, by OpenSSL, and never sent anywhere. P-256 unless the organisation asks for RSA, which is of 3072 bits then.
 * Decides which kinds there are. Never writes a file: that is account.c.
 */
#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st;

enum dm_key_kind {
    DM_KEY_P256,
    DM_KEY_RSA3072,
};

/* EVP_PKEY_free() it. 0, or -ENOMEM. */
int dm_key_make(enum dm_key_kind kind, struct evp_pkey_st **ret);

/* PKCS#8 in PEM, not encrypted; dm_secret_free() it. */
int dm_key_to_pem(struct evp_pkey_st *key, char **ret, size_t *ret_bytes);
int dm_key_from_pem(const char *pem, size_t n_bytes, struct evp_pkey_st **ret);

/* Wipes, then frees; NULL is fine. */
void dm_secret_free(char *secret, size_t n_bytes);
