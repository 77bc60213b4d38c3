/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One OMA DM session, from package 1 to its end: a message goes in, actions come out. Decides what is sent and when, who is believed, what
 * is done to the tree, and why a session ends. No I/O, no clock, no randomness of its own: mvpn-dm carries the actions out in their order,
 * and one that fails ends the session (dm_session_fail). A nonce is told to be kept before the message that uses or brings it is told to be
 * sent.
 *
 * What was changed is applied once, when the session is over, however it ended: each change was answered for when it was made.
 */
#include "dm/digest.h"
#include "dm/message.h"
#include "dm/origin.h"
#include "dm/policytext.h"
#include "dm/tree.h"
#include "dm/verbs.h"

#define DM_SESSION_MESSAGES_MAX   200
#define DM_SESSION_CHALLENGES_MAX 3
#define DM_OBJECT_BYTES_MAX       ((size_t)256 * 1024)
#define DM_FRESH_NONCE_BYTES      16

enum dm_auth {
    DM_AUTH_NONE, /* TLS: the client certificate is enough; of the server: its certificate */
    DM_AUTH_BASIC,
    DM_AUTH_MD5,
    DM_AUTH_HMAC,
};

enum dm_end {
    DM_END_DONE,
    DM_END_ABORTED,      /* the server sent Alert 1223, or we were asked to stop */
    DM_END_UNREACHABLE,  /* no answer, or none in time */
    DM_END_AUTH_REFUSED, /* the server does not take our credentials */
    DM_END_SERVER_NOT_AUTHENTICATED,
    DM_END_PROTOCOL,     /* what came is no message of this session */
    DM_END_REDIRECTED,   /* RespURI leads elsewhere */
    DM_END_TOO_LONG,     /* more messages than a session may have */
    DM_END_LOCAL,        /* no memory, or an action failed */
};
/* A stable word: "done", "aborted", ... */
const char *dm_end_name(enum dm_end end);

/* One side's proof. */
struct dm_credentials {
    enum dm_auth auth;
    const char *user, *password;
    struct dm_nonce nonce; /* to be used next; empty: none is known */
    bool nonce_used;       /* it was used: kept only to know it when it is offered again */
};

struct dm_session_settings {
    struct dm_tree *tree;
    const char *server_id; /* as nodes are owned and ACLs name it */
    struct dm_origins origins; /* own: the account's address */
    const char *session_id; /* hexadecimal */
    const char *device_id;  /* Source of our messages */
    enum dm_encoding encoding;
    bool by_server;   /* a notification asked for it: Alert 1200 instead of 1201 */
    bool offer_nonce; /* the server needs none to be believed here, but one for its next notification: it is offered once */
    bool allow_basic; /* after the server's challenge; never unasked */
    struct dm_credentials client, server;
    const struct dm_policy_names *policy_names;
    void (*random)(void *userdata, uint8_t *bytes, size_t n_bytes); /* for nonces */
    void *userdata;
};

enum dm_action_kind {
    DM_ACTION_SEND,
    DM_ACTION_KEEP_CLIENT_NONCE, /* nonce, nonce_used: on disk before the next action */
    DM_ACTION_KEEP_SERVER_NONCE,
    DM_ACTION_LOG,          /* text */
    DM_ACTION_EXECUTE,      /* order: after the tree is on disk */
    DM_ACTION_KEEP_TREE,    /* the tree was changed: on disk before the policy is applied */
    DM_ACTION_APPLY_POLICY, /* text: the whole policy */
    DM_ACTION_OVER,         /* end; the last one */
};

struct dm_action {
    enum dm_action_kind kind;
    char *text;  /* of a log line or the policy; of SEND: the body, n_bytes */
    size_t n_bytes;
    char *uri;   /* SEND: where to */
    char *hmac;  /* SEND: value of x-syncml-hmac, or NULL */
    struct dm_nonce nonce;
    bool nonce_used;
    struct dm_order order;
    enum dm_end end;
};

struct dm_session;
/* The settings' strings must outlive the session. NULL: no memory. */
struct dm_session *dm_session_new(const struct dm_session_settings *settings);
struct dm_session *dm_session_free(struct dm_session *session);

/* Before the start: a generic alert (1226) for package 1, such as the user's unenrolment. Strings are copied. -ENOMEM. */
int dm_session_alert(struct dm_session *session, const char *type, const char *format, const char *source, const char *data);

void dm_session_start(struct dm_session *session);
/* What the server answered: the message, the bytes it came in, and x-syncml-hmac's value or NULL. */
void dm_session_receive(struct dm_session *session, const struct dm_message *message, const void *body, size_t n_body,
    const char *hmac_header);
/*
 * The session ends for a reason that lies outside: no answer (DM_END_UNREACHABLE), not a message (DM_END_PROTOCOL), ... DM_END_LOCAL says that
 * an action failed: those that were to follow and rely on it (a message behind a nonce, the policy behind the tree) do not come any more.
 */
void dm_session_fail(struct dm_session *session, enum dm_end end, const char *sentence);

/* The next thing to do, in order. False: none; either it is the server's turn or the session is over. Free what comes. */
bool dm_session_next(struct dm_session *session, struct dm_action *ret);
void dm_action_free(struct dm_action *action);
