/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One HTTPS request as a protocol engine wants it, and the answer as it came: plain data between the engines, which do no I/O, and http.c,
 * which knows no protocol. Never names a trust store, a password or a key: those belong to whoever carries the request.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DM_URL_SIZE 1024

struct dm_exchange {
    char url[DM_URL_SIZE]; /* absolute, https; plain http where the carrier was told that it may be */
    bool post; /* else GET */
    const char *content_type; /* of the body; NULL: none */
    const char *accept; /* NULL: anything */
    const void *body; /* the engine's, until the answer was given to it */
    size_t body_bytes;
    const char *hmac; /* value of x-syncml-hmac; NULL: none */
    bool with_password; /* HTTP basic */
    bool with_certificate; /* the device certificate in force, by TLS */
    size_t answer_bytes_max; /* counted while receiving */
    uint64_t wait_sec; /* before it is sent */
    const char *progress; /* for a person: "Asking for the certificate"; NULL: the same as before */
};

struct dm_answer {
    unsigned status;
    const char *content_type; /* "" when there was none */
    const char *hmac; /* value of x-syncml-hmac; "" when there was none */
    uint64_t retry_after_sec; /* 0: not said */
    const char *body; /* a NUL stands behind it */
    size_t body_bytes;
    int64_t now_sec; /* since 1970, when it came */
};
