/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bits of the header, after the digest: version 10, ui-mode 2, initiator 1, future use 27, session id 16, length of the identifier 8.
 */
#include "dm/notify.h"
#include "dm/base64.h"
#include "dm/text.h"

#include <errno.h>
#include <string.h>

#define HEADER_BYTES 8
#define FIXED_BYTES  (DM_DIGEST_BYTES + HEADER_BYTES)

int dm_notification_parse(const void *bytes, size_t n_bytes, struct dm_notification *ret, struct dm_error *error)
{
    const uint8_t *header = (const uint8_t *)bytes + DM_DIGEST_BYTES;
    struct dm_notification n = { .version = 0 };
    size_t n_server;

    if (n_bytes < FIXED_BYTES || n_bytes > DM_NOTIFICATION_BYTES_MAX)
        return dm_error_set(error, -EBADMSG, "a notification of %zu bytes is none", n_bytes);
    n_server = header[7];
    if (n_server == 0 || n_server > n_bytes - FIXED_BYTES)
        return dm_error_set(error, -EBADMSG, "the notification names no server");
    n.version = (unsigned)header[0] << 2 | header[1] >> 6;
    if (n.version < 10 || n.version > 19)
        return dm_error_set(error, -EBADMSG, "the notification has version %u.%u", n.version / 10, n.version % 10);
    n.ui_mode = (enum dm_ui_mode)(header[1] >> 4 & 3);
    n.by_server = header[1] >> 3 & 1;
    n.session_id = (uint16_t)(header[5] << 8 | header[6]);
    memcpy(n.digest, bytes, DM_DIGEST_BYTES);
    memcpy(n.server_id, header + HEADER_BYTES, n_server);
    if (!dm_text_is_clean(n.server_id, n_server))
        return dm_error_set(error, -EBADMSG, "the notification names a server in control characters");
    *ret = n;
    return 0;
}

static bool is_zero(const struct dm_nonce *nonce)
{
    for (size_t i = 0; i < nonce->n_bytes; i++)
        if (nonce->bytes[i])
            return false;
    return true;
}

/* H(B64(H(server-identifier:password)):nonce:B64(H(trigger))), the trigger being everything behind the digest. */
int dm_notification_verify(const void *bytes, size_t n_bytes, const char *server_id, const char *password, const struct dm_nonce *nonce,
    struct dm_error *error)
{
    struct dm_notification n;
    char wanted[DM_DIGEST_TEXT_SIZE], got[DM_DIGEST_TEXT_SIZE];
    int r = dm_notification_parse(bytes, n_bytes, &n, error);

    if (r < 0)
        return r;
    if (is_zero(nonce))
        return dm_error_set(error, -EPERM, "a notification is never verified by an empty or zero nonce");
    if (strcmp(n.server_id, server_id) != 0)
        return dm_error_set(error, -EACCES, "the notification is from another server");
    r = dm_digest_hmac(server_id, password, nonce, (const uint8_t *)bytes + DM_DIGEST_BYTES, n_bytes - DM_DIGEST_BYTES, wanted);
    if (r < 0)
        return dm_error_set(error, r, "MD5 is not there");
    dm_base64_encode(n.digest, sizeof(n.digest), got, sizeof(got));
    if (!dm_digest_equal(wanted, got))
        return dm_error_set(error, -EACCES, "the notification's digest is wrong: another password, an old nonce, or changed on the way");
    return 0;
}
