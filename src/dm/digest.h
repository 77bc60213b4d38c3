/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Proofs of a password as OMA-TS-DM_Security 1.2 has them, both ways: the md5 digest in Cred, the HMAC of a whole message in the header
 * x-syncml-hmac, and basic. Decides how a nonce is read (many servers send one that is no base64) and what is equal (in constant time).
 * Never keeps a password, never makes a nonce, never remembers which were used: the account does. MD5 proves that somebody knows the
 * password, no more; confidentiality and the server's identity are TLS's.
 */
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DM_DIGEST_BYTES     16
#define DM_DIGEST_TEXT_SIZE 25 /* base64 and the NUL */
#define DM_NONCE_BYTES_MAX  256
#define DM_USER_SIZE        256
#define DM_HMAC_HEADER      "x-syncml-hmac"

struct dm_nonce {
    uint8_t bytes[DM_NONCE_BYTES_MAX];
    size_t n_bytes;
};

/* The NextNonce of a challenge (format: of its Meta, NULL or "b64": base64, and the bytes of the text themselves where it is none; any other:
 * the text). 0; -EINVAL: nothing there, or too long (untouched output). */
int dm_nonce_decode(const char *text, const char *format, struct dm_nonce *ret);

/* B64(H(B64(H(user:password)):nonce)) with H = MD5. 0, or -ENOTSUP where libcrypto has no MD5. */
int dm_digest_md5(const char *user, const char *password, const struct dm_nonce *nonce, char ret[DM_DIGEST_TEXT_SIZE]);
/* B64(H(B64(H(user:password)):nonce:B64(H(body)))). The user is the server's identifier and body the trigger in package #0. */
int dm_digest_hmac(const char *user, const char *password, const struct dm_nonce *nonce, const void *body, size_t n_body,
    char ret[DM_DIGEST_TEXT_SIZE]);
/* B64(user:password), for a server that has asked for it. 0 or -ENOSPC. */
int dm_digest_basic(const char *user, const char *password, char *ret, size_t size);

/* Both are base64 of the same 16 bytes; blanks and missing padding forgiven. */
bool dm_digest_equal(const char *a, const char *b);

/* The header's value: algorithm=MD5, username="Robert Jordan", mac=... */
struct dm_hmac {
    char user[DM_USER_SIZE];
    char mac[DM_DIGEST_TEXT_SIZE];
};
/* 0, or -ENOSPC; a quote or backslash in the name is escaped. */
int dm_hmac_write(const struct dm_hmac *hmac, char *buf, size_t size);
/* 0; -EBADMSG: no user, no mac, one of them twice, another algorithm than MD5; with a sentence. Untouched output then. */
int dm_hmac_parse(const char *value, struct dm_hmac *ret, struct dm_error *error);
