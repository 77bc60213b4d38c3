/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the answers of an EST server: the first byte says how they are cut into three answers. Invariants: never a certificate (nobody
 * can sign one for a key that was just made), a sentence with every refusal, and an end.
 */
#include "dm/est.h"
#include "fuzz/target.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct est *est = est_new(&(struct dm_enrol_wish){ .server_url = "https://est.example.com", .common_name = "fuzz", .patience_sec = 10 });
    size_t part = n_bytes / 3;
    int r = 0;

    MUST_HOLD(est != NULL);
    for (unsigned i = 0; i < 3 && r == 0; i++) {
        size_t n = i == 2 ? n_bytes - 2 * part : part;
        char *body = malloc(n + 1);
        struct dm_exchange exchange;
        struct dm_error error = { 0 };

        MUST_HOLD(body != NULL && est_next(est, &exchange, &error) == 1);
        memcpy(body, bytes + i * part, n);
        body[n] = '\0';
        r = est_answer(est,
            &(struct dm_answer){ .status = i == 2 && n && body[0] == 'w' ? 202 : 200, .content_type = "", .body = body, .body_bytes = n,
                .now_sec = 1750000000 },
            &error);
        MUST_HOLD(r == 0 || error.text[0]);
        free(body);
    }
    est_free(est);
    return 0;
}
