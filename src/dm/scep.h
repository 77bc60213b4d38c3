/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Simple Certificate Enrolment Protocol (RFC 8894) as an engine: it says which request comes next and is told the answer; nothing else goes in
 * or out. GetCACaps, GetCACert, then PKCSReq with the one-time password or RenewalReq with the certificate in force, and CertPoll while the
 * authority has not decided, within the wish's patience.
 * Messages protect themselves, so the channel may be plain http: then the authority must be the one of the wish's digest, or of a renewal one
 * of the roots in force. Over https whoever carries the requests must have authenticated the server. Never goes below AES and SHA-256.
 */
#include "dm/enrolled.h"
#include "dm/exchange.h"

struct scep;

/* NULL: no memory. */
struct scep *scep_new(const struct dm_enrol_wish *wish);
struct scep *scep_free(struct scep *scep);

/* 1: *ret is to be carried out and answered by scep_answer(); 0: done, scep_take(); negative errno with a sentence. */
int scep_next(struct scep *scep, struct dm_exchange *ret, struct dm_error *error);

/*
 * 0, or the end: -EACCES the request was refused, -EAGAIN the authority wants more time than there is, -EKEYREJECTED it is not the one it
 * should be, -EPROTO the server cannot do what is needed, -EBADMSG it sent what cannot be believed, -ENOMEM.
 */
int scep_answer(struct scep *scep, const struct dm_answer *answer, struct dm_error *error);

/* Once the answer was "not yet": the key of the request, for the next attempt's wish; borrowed. NULL before. */
struct evp_pkey_st *scep_pending_key(const struct scep *scep);

/* Hands out the outcome, once, after scep_next() said 0. */
void scep_take(struct scep *scep, struct dm_enrolled *ret);
