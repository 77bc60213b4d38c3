/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One message of OMA DM 1.2 (OMA-SyncML-RepPro 1.2, OMA-TS-DM_RepPro 1.2) as plain data in one arena, and the two ways it is written: XML
 * and WBXML. Bytes in, message out, and back; no I/O, no clock.
 *
 * Decides what is a message at all, within fixed limits: nesting, elements, bytes, memory. Reads leniently what real servers get wrong
 * (prefixes that nobody declared, children in any order, Type and Format outside Meta, line breaks in base64). Never judges what a command
 * may do, never answers: that is the session's. Never keeps the bytes it was given.
 *
 * Every string is NUL-terminated UTF-8 without control characters but tab and line breaks, or NULL where the element is missing; data may
 * hold anything and has a NUL behind it as well. Lists are linked by `next` in the order of the message.
 */
#include "dm/element.h"
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dm_encoding {
    DM_ENCODING_XML,
    DM_ENCODING_WBXML,
};

/* Of Content-Type, parameters ignored, case too. False: neither of the two. */
bool dm_encoding_of(const char *media_type, enum dm_encoding *ret);
const char *dm_encoding_media_type(enum dm_encoding encoding);

enum dm_verb {
    DM_VERB_ADD,
    DM_VERB_ALERT,
    DM_VERB_ATOMIC,
    DM_VERB_COPY,
    DM_VERB_DELETE,
    DM_VERB_EXEC,
    DM_VERB_GET,
    DM_VERB_REPLACE,
    DM_VERB_RESULTS,
    DM_VERB_SEQUENCE,
    DM_VERB_STATUS,
    DM_VERB_OTHER, /* a command of SyncML that DM does not have (Put, Map, Sync, ...): its name is in the command, the answer is 406 */
};

/* The element's name, "Add"; NULL for DM_VERB_OTHER. */
const char *dm_verb_name(enum dm_verb verb);

struct dm_bytes {
    const char *data; /* NULL: missing; "" with size 0: empty */
    size_t size;
};

/* Meta (and the same elements where they stand without it). Numbers are 0 when missing or not numbers. */
struct dm_meta {
    const char *format; /* "chr", "b64", "node", ... as sent */
    const char *type; /* media type, "syncml:auth-md5", ... */
    const char *mark;
    const char *next_nonce; /* as sent: dm_nonce_decode() of dm/digest.h */
    uint64_t size_bytes; /* of a large object, in its first piece */
    uint64_t max_msg_size_bytes;
    uint64_t max_obj_size_bytes;
};

struct dm_item {
    struct dm_item *next;
    const char *target; /* LocURI */
    const char *source;
    const char *target_name; /* LocName */
    const char *source_name;
    struct dm_meta meta; /* its own; where that lacks format or type the command's were put in */
    struct dm_bytes data; /* as sent, base64 not decoded; XML inside Data stands here as text */
    bool more_data; /* MoreData: another piece follows */
};

struct dm_ref {
    struct dm_ref *next;
    const char *uri;
};

struct dm_chal {
    const char *type; /* "syncml:auth-md5" */
    const char *format; /* "b64" */
    const char *next_nonce; /* as sent; bytes that are no text, which WBXML can carry, as base64 */
};

struct dm_cred {
    const char *type;
    const char *format;
    const char *data; /* likewise */
};

struct dm_command {
    struct dm_command *next;
    enum dm_verb verb;
    const char *name; /* of the element; for DM_VERB_OTHER the only one that tells */
    const char *cmd_id; /* as sent; NULL: the server forgot it */
    const char *msg_ref; /* Status, Results */
    const char *cmd_ref;
    const char *cmd; /* Status: name of the command it answers; "SyncHdr" */
    struct dm_ref *target_refs;
    struct dm_ref *source_refs;
    unsigned code; /* Status: status code; Alert: alert code; 0: missing or no number */
    const char *correlator;
    const char *lang;
    bool no_resp; /* NoResp: no Status is wanted */
    struct dm_meta meta;
    struct dm_item *items;
    struct dm_command *children; /* Atomic, Sequence */
    const struct dm_chal *chal; /* Status; NULL: none */
    const struct dm_cred *cred;
};

struct dm_message {
    const char *ver_dtd; /* "1.2" */
    const char *ver_proto; /* "DM/1.2" */
    const char *session_id;
    const char *msg_id;
    const char *target;
    const char *source;
    const char *source_name; /* LocName of Source: the user's name */
    const char *resp_uri;
    bool no_resp;
    const struct dm_cred *cred;
    uint64_t max_msg_size_bytes; /* 0: not said */
    uint64_t max_obj_size_bytes;
    struct dm_command *commands;
    bool final; /* Final: the last message of its package */
    struct dm_budget left; /* of what it was received with: XML inside its Data is parsed with this (dm/xmlread.h) */
    struct dm_arena *arena; /* all of the above lives here */
};

/*
 * Receiving: bytes as they come in pieces of any size, then the end. feed() says as soon as a limit is passed, so that the caller stops
 * reading; after an error every further call returns the same one. end() hands out the message (free it) and leaves the receiver to be freed.
 * 0, or -EBADMSG, -E2BIG, -EPERM, -ENOMEM with a sentence (dm/error.h).
 */
struct dm_receiver;
struct dm_receiver *dm_receiver_new(enum dm_encoding encoding); /* NULL: no memory */
struct dm_receiver *dm_receiver_free(struct dm_receiver *receiver);
int dm_receiver_feed(struct dm_receiver *receiver, const void *bytes, size_t n_bytes, struct dm_error *error);
int dm_receiver_end(struct dm_receiver *receiver, struct dm_message **ret, struct dm_error *error);

/* The same for bytes that are all there. */
int dm_message_parse(enum dm_encoding encoding, const void *bytes, size_t n_bytes, struct dm_message **ret, struct dm_error *error);

/*
 * Writing, into buf. *ret_n_bytes (may be NULL) is what the message needs, also when it did not fit: -ENOSPC then; -EINVAL: a command
 * without a name. buf NULL with size 0 measures, which is how a session keeps to MaxMsgSize. Data of format "bin", and such that is no text,
 * goes out as base64 ("b64") in XML and as it is in WBXML.
 */
int dm_message_write(const struct dm_message *message, enum dm_encoding encoding, void *buf, size_t size_bytes, size_t *ret_n_bytes);
/* What one command (its children too) adds to a message, in bytes; for WBXML perhaps two more than it does, where code pages are switched. */
size_t dm_command_size(const struct dm_command *command, enum dm_encoding encoding);

/*
 * What an item holds, read leniently and whatever format was said: "true" may come as chr, and base64 in lines. 0 or -EINVAL.
 * Binary: base64 decoded where the format is b64, as it came otherwise (a copy in the arena either way); -ENOMEM.
 */
int dm_item_bool(const struct dm_item *item, bool *ret);
int dm_item_integer(const struct dm_item *item, int64_t *ret);
int dm_item_binary(const struct dm_item *item, struct dm_arena *arena, struct dm_bytes *ret);

/*
 * Building one to be sent. Everything is appended at the end of its list. NULL: the arena is full or there is no memory.
 * Strings are copied into the arena by dm_message_string(); a string that outlives the message may be put in as it is.
 */
struct dm_message *dm_message_new(void);
struct dm_message *dm_message_free(struct dm_message *message); /* NULL is fine; returns NULL */
/* Into parent (an Atomic or Sequence) or, with NULL, into the body. cmd_id stays NULL: the session counts. */
struct dm_command *dm_message_add_command(struct dm_message *message, struct dm_command *parent, enum dm_verb verb);
/* Takes the last command (of the body) out again: it did not fit. */
void dm_message_drop_last(struct dm_message *message);
struct dm_item *dm_message_add_item(struct dm_message *message, struct dm_command *command);
int dm_message_add_target_ref(struct dm_message *message, struct dm_command *command, const char *uri); /* 0, -ENOMEM */
int dm_message_add_source_ref(struct dm_message *message, struct dm_command *command, const char *uri);
const char *dm_message_string(struct dm_message *message, const char *text);
const char *dm_message_number(struct dm_message *message, uint64_t number);
struct dm_bytes dm_message_bytes(struct dm_message *message, const void *bytes, size_t n_bytes); /* .data NULL: no memory */

static inline void dm_message_cleanup(struct dm_message **message)
{
    dm_message_free(*message);
}
