/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the rooms of the session share: its state, and the words between session.c (events and actions), credentials.c (who is believed),
 * respond.c (a message's commands) and largeobject.c. Nobody else includes it.
 */
#include "dm/largeobject.h"
#include "dm/outbox.h"
#include "dm/session.h"

enum dm_session_state {
    DM_SESSION_NEW,
    DM_SESSION_WAITING, /* for the server's answer */
    DM_SESSION_OVER,
};

struct dm_action_entry {
    struct dm_action_entry *next;
    struct dm_action action;
};

struct dm_session {
    struct dm_session_settings settings;
    struct dm_credentials client, server; /* as they are now */
    enum dm_session_state state;
    struct dm_outbox box;
    struct dm_action_entry *actions, **last_action;
    struct dm_large_object object;
    char *uri;            /* where the next message goes */
    char *server_msg_id;  /* of the message that is being answered */
    unsigned long long last_server_msg_id;
    unsigned msg_id;      /* of our last message */
    unsigned n_challenges;        /* that the server gave us */
    unsigned n_server_challenges; /* that we gave the server */
    size_t max_msg_bytes, max_obj_bytes; /* the server's; 0: not said */
    bool nonce_offered;            /* for a notification */
    bool client_done, server_done; /* 212: no further proof in this session */
    bool present;                  /* the next message carries our credentials */
    bool silent;                   /* NoResp in the header */
    bool closing;                  /* the last message was our last: whatever comes is the end */
    uint64_t n_changes;            /* of the tree, at the start */
    struct dm_order *orders;
    size_t n_orders;
};

/* session.c */
void dm_session_log(struct dm_session *s, const char *format, ...) _printf_(2, 3);
void dm_session_over(struct dm_session *s, enum dm_end end, const char *sentence);
void dm_session_send(struct dm_session *s, bool final);
/* The Status of the server's SyncHdr, in front of all, unless it wants none. */
void dm_session_say_header(struct dm_session *s, const struct dm_message *m, unsigned code);
struct dm_action *dm_session_act(struct dm_session *s, enum dm_action_kind kind);
bool dm_session_add_order(struct dm_session *s, const struct dm_order *order);

/* credentials.c: puts our proof into the message. False: no memory. */
bool dm_session_prove(struct dm_session *s, struct dm_message *message);
/* The MAC of a finished message; NULL where none is due. For free(). */
char *dm_session_mac(struct dm_session *s, const void *body, size_t n_body);
/* Our message's Status of SyncHdr, in the server's message m, which answers `code`. False: it was refused, and what is to be done is done. */
bool dm_session_accepted(struct dm_session *s, const struct dm_message *m, unsigned code, const struct dm_command *status);
/* Is the message the server's? 200 or 212; 401 or 407 with a challenge that is ready for the Status. */
unsigned dm_session_judge(struct dm_session *s, const struct dm_message *message, const void *body, size_t n_body,
    const char *hmac_header);
/* The challenge for the server that stands in the Status of SyncHdr. False: none. nonce: DM_BASE64_SIZE(DM_FRESH_NONCE_BYTES). */
bool dm_session_challenge(struct dm_session *s, unsigned code, const char **ret_type, char *nonce, size_t size);

/* respond.c: the commands of a message that is the server's; the number of those that want an answer. */
struct dm_told {
    unsigned n_commands; /* other than Status and Alert 1222 */
    bool more;           /* a piece of a large object came: ask for the next */
    bool next;           /* Alert 1222: it is waiting for the rest of our package, not the other way round */
    bool aborted;
};
struct dm_told dm_session_respond(struct dm_session *s, const struct dm_message *message, unsigned header_code);
