/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole pages from the kernel, not from the heap: munlock() would unlock what else stands on a shared page. See secret.h.
 */
#include "esp/secret.h"

#include <sys/mman.h>

#include <openssl/crypto.h>

void *esp_secret_new(size_t bytes)
{
    void *secret = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (secret == MAP_FAILED)
        return NULL;
    (void)mlock(secret, bytes);
    (void)madvise(secret, bytes, MADV_DONTDUMP);
    return secret;
}

void esp_secret_free(void *secret, size_t bytes)
{
    if (!secret)
        return;
    OPENSSL_cleanse(secret, bytes);
    munmap(secret, bytes);
}
