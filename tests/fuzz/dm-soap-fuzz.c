/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an answer by SOAP, at each step of an enrolment by MDE2. Invariants: a sentence with every refusal, and never an enrolment: the
 * message that is answered has an id that nobody can know.
 */
#include "dm/mde2.h"
#include "dm/soap.h"
#include "fuzz/target.h"

#include <string.h>

#define KNOWN_ID "urn:uuid:1"

static void read_known(const char *body, size_t n_bytes)
{
    struct dm_arena *arena = dm_arena_new(DM_ARENA_BYTES);
    const struct dm_element *element = NULL;
    struct dm_error error = { 0 };
    int r;

    MUST_HOLD(arena != NULL);
    r = soap_read(arena, body, n_bytes, KNOWN_ID, &element, &error);
    MUST_HOLD(r == 0 ? element != NULL : error.text[0] != '\0');
    dm_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct mde2 *mde2 = mde2_new(&(struct dm_enrol_wish){
        .server_url = "https://enterpriseenrollment.example.com", .common_name = "fuzz", .user = "a@example.com", .secret = "secret" });
    char *body = malloc(n_bytes + 1);
    struct dm_exchange exchange;
    struct dm_error error = { 0 };

    MUST_HOLD(mde2 && body && mde2_next(mde2, &exchange, &error) == 1);
    memcpy(body, bytes, n_bytes);
    body[n_bytes] = '\0';
    MUST_HOLD(mde2_answer(mde2, &(struct dm_answer){ .status = 200, .content_type = "", .hmac = "", .body = body, .body_bytes = n_bytes }, &error) < 0);
    MUST_HOLD(error.text[0]);
    read_known(body, n_bytes);
    mde2_free(mde2);
    free(body);
    return 0;
}
