/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as SyncML in XML: read or refused, whole as in pieces, and what is read goes both ways.
 */
#include "fuzz/dm-codec.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    fuzz_message(DM_ENCODING_XML, bytes, n_bytes);
    return 0;
}
