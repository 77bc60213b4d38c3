/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run by the build: prints the fingerprints of the libraries that src/ike is linked to, as a header.
 */
#include "ike/fingerprint.h"

#include <inttypes.h>
#include <stdio.h>

int main(void)
{
    static const char *const libraries[] = { "libstrongswan.so.0", "libcharon.so.0" };
    static const char *const names[] = { "STRONGSWAN", "CHARON" };

    printf(
        "/* Made by the build: what the libraries exported that src/ike was linked to. */\n#pragma once\n");
    for (unsigned i = 0; i < 2; i++) {
        uint64_t fingerprint = fingerprint_of(libraries[i]);

        if (fingerprint == 0) {
            fprintf(stderr, "%s is not loaded\n", libraries[i]);
            return 1;
        }
        printf("#define FINGERPRINT_%s UINT64_C(0x%016" PRIx64 ")\n", names[i], fingerprint);
    }
    return 0;
}
