/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Enrolment over Secure Transport (RFC 7030) as an engine: it says which request comes next and is told the answer; nothing else goes in or
 * out. cacerts, csrattrs, then simpleenroll with the one-time password or simplereenroll with the certificate in force; 202 and Retry-After
 * are waited for within the wish's patience.
 * Trusts the channel for cacerts: whoever carries the requests must have authenticated the server, by roots or by pin.
 */
#include "dm/enrolled.h"
#include "dm/exchange.h"

struct est;

/* NULL: no memory. */
struct est *est_new(const struct dm_enrol_wish *wish);
struct est *est_free(struct est *est);

/* 1: *ret is to be carried out and answered by est_answer(); 0: done, est_take(); negative errno with a sentence. */
int est_next(struct est *est, struct dm_exchange *ret, struct dm_error *error);

/*
 * 0, or the end: -EACCES the password (or the certificate) was refused, -EAGAIN the server wants more time than there is, -EPROTO it said no
 * for another reason, -EBADMSG it sent what cannot be believed, -ENOMEM.
 */
int est_answer(struct est *est, const struct dm_answer *answer, struct dm_error *error);

/* Once the answer was "not yet": the key of the request, for the next attempt's wish; borrowed. NULL before. */
struct evp_pkey_st *est_pending_key(const struct est *est);

/* Hands out the outcome, once, after est_next() said 0. */
void est_take(struct est *est, struct dm_enrolled *ret);
