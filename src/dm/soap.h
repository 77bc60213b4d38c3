/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * SOAP 1.2 with WS-Addressing and WS-Security as far as [MS-MDE2] uses them: requests written, answers opened, faults turned into a sentence
 * with what to do. Pure.
 */
#include "dm/arena.h"
#include "dm/element.h"
#include "dm/error.h"

#define SOAP_MESSAGE_ID_SIZE 48 /* "urn:uuid:..." */

#define SOAP_DISCOVER   "http://schemas.microsoft.com/windows/management/2012/01/enrollment"
#define SOAP_POLICY     "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy"
#define SOAP_ENROLLMENT "http://schemas.microsoft.com/windows/pki/2009/01/enrollment"
#define SOAP_TRUST      "http://docs.oasis-open.org/ws-sx/ws-trust/200512"
#define SOAP_SECURITY   "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

/* Who asks: by password, by token, or (both NULL) by the certificate of the connection. */
struct soap_identity {
    const char *user, *password; /* plain */
    const char *token_base64;
};

/* A fresh one, from 16 random bytes. */
void soap_message_id(const unsigned char random[16], char ret[SOAP_MESSAGE_ID_SIZE]);

/* The whole envelope; wipe and free() *ret. body is XML. */
int soap_write(const char *action, const char *message_id, const char *to, const struct soap_identity *identity, const char *body, char **ret,
    size_t *ret_bytes);

/*
 * The answer to message_id: *ret_body is the Body. A fault is -EACCES (who asks is refused), -EAGAIN (later) or -EPROTO, with its sentence; an
 * answer to another message, or no SOAP, is -EBADMSG.
 */
int soap_read(struct dm_arena *arena, const void *bytes, size_t n_bytes, const char *message_id, const struct dm_element **ret_body,
    struct dm_error *error);

/* The first element of that name below this one, at any depth; letters of either case. NULL: none. */
const struct dm_element *soap_find(const struct dm_element *element, const char *name);
