/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as SyncML in WBXML: read or refused, and what is read goes both ways.
 */
#include "fuzz/dm-codec.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static uint8_t buf[65536];
    size_t n = 0;
    const uint8_t *message = fuzz_unhex(bytes, n_bytes, buf, sizeof(buf), &n);

    fuzz_message(DM_ENCODING_WBXML, message, n);
    return 0;
}
