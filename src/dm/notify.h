/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Package #0, the notification by which a server asks for a session (OMA-TS-DM_Notification 1.2): a digest, 64 bits of header, the server's
 * identifier, and what a vendor adds behind it. Decides whether the bytes are one and whether the server that they name made them, by its
 * password and the nonce it had. What it asks for may start a session over TLS with the server that is known already, and nothing else.
 * Never starts one; never resynchronises with a zero nonce (mdm.md); never remembers: the caller takes a session id and a nonce once.
 */
#include "dm/digest.h"

#define DM_NOTIFICATION_BYTES_MAX 1024

enum dm_ui_mode {
    DM_UI_MODE_UNSPECIFIED,
    DM_UI_MODE_BACKGROUND,
    DM_UI_MODE_INFORMATIVE,
    DM_UI_MODE_INTERACTIVE,
};

struct dm_notification {
    uint8_t digest[DM_DIGEST_BYTES];
    unsigned version; /* tenths: 12 is 1.2 */
    enum dm_ui_mode ui_mode;
    bool by_server; /* the server itself wants it; else the user asked for it there */
    uint16_t session_id;
    char server_id[256];
};

/* 0; -EBADMSG: not one, or of another version than 1.x; with a sentence. Untouched output then. */
int dm_notification_parse(const void *bytes, size_t n_bytes, struct dm_notification *ret, struct dm_error *error);

/*
 * Is it from the server that is called server_id here? The bytes are the same that were parsed. 0; -EACCES: another server, another password
 * or nonce (an old notification), a byte changed; -EPERM: the nonce is empty or zero; -EBADMSG as above.
 */
int dm_notification_verify(const void *bytes, size_t n_bytes, const char *server_id, const char *password, const struct dm_nonce *nonce,
    struct dm_error *error);
