/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letting go of an enrolment's outcome; OpenSSL wipes the key.
 */
#include "dm/enrolled.h"

#include "dm/keys.h"
#include "dm/provisioning.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

void dm_enrolled_clear(struct dm_enrolled *enrolled)
{
    EVP_PKEY_free(enrolled->key);
    X509_free(enrolled->certificate);
    sk_X509_pop_free(enrolled->roots, X509_free);
    sk_X509_pop_free(enrolled->others, X509_free);
    dm_secret_free((char *)enrolled->provisioning, sizeof(*enrolled->provisioning));
    *enrolled = (struct dm_enrolled){ 0 };
}
