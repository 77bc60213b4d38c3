/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Certificates and keys from files, PEM or DER, by OpenSSL. Decides only what a file holds; never judges whether it is good for a tunnel.
 * Private keys are wiped from memory when they are freed.
 */
#include "base/strbuf.h"

#include <stdbool.h>

struct stack_st_X509; /* STACK_OF(X509) */
struct evp_pkey_st;

/*
 * Appends every certificate of a file. 0; -EBADMSG when it holds none or a broken one; or the errno of reading it. On failure `problem`
 * gets a sentence with the file's name and what to do.
 */
int certfile_read(const char *path, struct stack_st_X509 *certificates, struct strbuf *problem);

/*
 * Every file of a folder, or one file. A file of a folder that holds no certificate is passed over and counted; one that cannot be read
 * is an error.
 */
int certfile_read_all(const char *path, struct stack_st_X509 *certificates, unsigned *ret_n_passed_over,
    struct strbuf *problem);

/* The private key of a file. As certfile_read(); an encrypted key is -ENOKEY. The caller frees it with EVP_PKEY_free(). */
int certfile_read_key(const char *path, struct evp_pkey_st **ret, struct strbuf *problem);
