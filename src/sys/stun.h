/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * STUN Binding (RFC 8489) as bytes: one request, with the RESPONSE-PORT of RFC 5780 where the answer is to go to another port, and one
 * answer, read strictly. Pure: no socket, no clock, no randomness. Never decides whether an answer was asked for: whoever holds the
 * transaction ids does.
 */
#include "base/ipaddr.h"

#define STUN_ID_SIZE       12
#define STUN_REQUEST_SIZE  36 /* the longest request: header, RESPONSE-PORT, FINGERPRINT */
#define STUN_MESSAGE_MAX   2048 /* a longer answer is none: nobody needs that much to say where we are */

struct stun_answer {
    uint8_t id[STUN_ID_SIZE];
    bool success; /* false: an error response, or one that asks for what we do not understand */
    unsigned error_code; /* 300 to 699; 0: success, or not said */
    struct ip_addr mapped; /* with success: where the request came from, as the server saw it */
    uint16_t mapped_port;
};

/* Binding request into STUN_REQUEST_SIZE bytes. response_port 0: without. Returns its length. */
size_t stun_format_request(const uint8_t id[STUN_ID_SIZE], uint16_t response_port, uint8_t *ret);

/* 0, or -EBADMSG (output untouched) for anything that is not one whole, sound Binding response. */
int stun_parse_answer(const void *bytes, size_t n_bytes, struct stun_answer *ret);
