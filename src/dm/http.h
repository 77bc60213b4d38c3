/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Carries an engine's requests by libcurl: https (or, where the messages protect themselves, http), TLS 1.2 or newer, no redirects, no proxy,
 * no compression; size and time are limited while receiving. The server is authenticated by roots of our own choosing or by its key; our
 * certificate and password are shown to the origin of the enrolment only. Knows no protocol above HTTP and writes no file.
 */
#include "dm/error.h"
#include "dm/exchange.h"
#include "dm/server.h"

#define DM_PIN_SIZE 45 /* base64 of SHA-256 and a NUL */

/* Everything is borrowed for the life of the connection. */
struct dm_http_trust {
    bool plain; /* http may be used, which shows nobody password or certificate */
    const char *origin_url; /* whose origin may see password and certificate */
    const char *roots_pem; /* trust these; NULL: the system's roots */
    size_t roots_bytes;
    bool roots_and_system; /* these beside the system's */
    const char *pin; /* base64 of the SHA-256 of the server's public key; NULL: none. Alone it authenticates the server */
    bool pin_and_roots; /* both must hold (renewals of an enrolment that began with a pin) */
    const char *user, *password; /* HTTP basic */
    const char *certificate_pem, *key_pem; /* the device's; NULL: none */
};

struct dm_http;

int dm_http_new(const struct dm_http_trust *trust, struct dm_http **ret);
struct dm_http *dm_http_free(struct dm_http *http);

/* Stops what is under way when it says true; asked about once a second. */
void dm_http_set_stop(struct dm_http *http, bool (*stop)(void *userdata), void *userdata);

/*
 * The answer is http's until the next call. 0, or with a sentence: -EHOSTUNREACH no connection, -EKEYREJECTED not who it should be,
 * -EPROTO no usable HTTP, -E2BIG too much, -ETIMEDOUT too slow, -EPERM what must not be asked, -ECANCELED stopped, -ENOMEM.
 */
int dm_http_do(struct dm_http *http, const struct dm_exchange *exchange, struct dm_answer *ret, struct dm_error *error);

/* 64 hexadecimal digits (colons allowed), or base64 with or without "sha256//" -> base64. 0 or -EINVAL. */
int dm_pin_read(const char *typed, char ret[DM_PIN_SIZE]);
