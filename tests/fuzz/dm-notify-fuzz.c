/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as package #0 and, as text, as the header of an HMAC and as a nonce: what is refused leaves the output untouched and says why,
 * what is read is within its fields, and nothing that was not made with the password is believed.
 */
#include "dm/notify.h"
#include "fuzz/dm-codec.h"
#include "fuzz/target.h"

#include <errno.h>
#include <string.h>

static void as_notification(const uint8_t *bytes, size_t n_bytes)
{
    static const struct dm_nonce nonce = { { 1, 2, 3, 4 }, 4 };
    struct dm_notification n, untouched;
    struct dm_error error = { "" };

    memset(&n, 0xaa, sizeof(n));
    memcpy(&untouched, &n, sizeof(n));
    if (dm_notification_parse(bytes, n_bytes, &n, &error) < 0) {
        MUST_HOLD(memcmp(&n, &untouched, sizeof(n)) == 0 && error.text[0]);
        return;
    }
    MUST_HOLD(n.version >= 10 && n.version < 20 && n.ui_mode <= DM_UI_MODE_INTERACTIVE);
    MUST_HOLD(strlen(n.server_id) == bytes[23]);
    MUST_HOLD(dm_notification_verify(bytes, n_bytes, n.server_id, "a password that nobody has", &nonce, &error) == -EACCES);
}

static void as_header(const char *text)
{
    struct dm_hmac hmac = { "", "" }, again = { "", "" };
    char written[3 * DM_USER_SIZE];

    if (dm_hmac_parse(text, &hmac, NULL) < 0)
        return;
    MUST_HOLD(dm_hmac_write(&hmac, written, sizeof(written)) == 0);
    MUST_HOLD(strpbrk(hmac.mac, ", \t\r\n\"") || (dm_hmac_parse(written, &again, NULL) == 0 && strcmp(again.user, hmac.user) == 0));
    dm_digest_equal(hmac.mac, "QQPl2BihhDMOGzkw7dUiGQ==");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    static uint8_t buf[65536];
    struct dm_nonce nonce = { .n_bytes = 0 };
    char text[2048] = "";
    size_t n = 0;
    const uint8_t *notification = fuzz_unhex(bytes, n_bytes, buf, sizeof(buf), &n);

    as_notification(notification, n);
    memcpy(text, bytes, n_bytes < sizeof(text) ? n_bytes : sizeof(text) - 1);
    as_header(text);
    MUST_HOLD(dm_nonce_decode(text, NULL, &nonce) < 0 || (nonce.n_bytes > 0 && nonce.n_bytes <= DM_NONCE_BYTES_MAX));
    return 0;
}
