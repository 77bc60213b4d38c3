/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a provisioning document. Invariants: a sentence with every refusal; what is accepted has an https address or none, a usable
 * name, and is the same when it was written to disk and read again.
 */
#include "dm/account.h"
#include "dm/provisioning.h"
#include "dm/server.h"
#include "fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct dm_provisioned provisioned = { 0 };
    struct dm_provisioning again;
    struct dm_error error = { 0 };
    char origin[DM_ORIGIN_SIZE], text[8192];

    if (dm_provisioning_read(bytes, n_bytes, &provisioned, &error) < 0) {
        MUST_HOLD(error.text[0]);
        return 0;
    }
    if (provisioned.settings.address[0]) {
        MUST_HOLD(dm_origin_of(provisioned.settings.address, origin) == 0);
        MUST_HOLD(provisioned.settings.provider_id[0] && !strchr(provisioned.settings.provider_id, '/'));
        MUST_HOLD(dm_management_format(&provisioned.settings, text, sizeof(text)) == 0);
        MUST_HOLD(dm_management_parse(text, strlen(text), &again) == 0);
        MUST_HOLD(strcmp(again.client.secret, provisioned.settings.client.secret) == 0);
        MUST_HOLD(again.poll.first_retries == provisioned.settings.poll.first_retries);
    }
    dm_provisioned_clear(&provisioned);
    return 0;
}
