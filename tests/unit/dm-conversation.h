/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The server's side of a session in a test: what it says is written as XML, what the client answers is read as one line of text, and what
 * the client asks of the device is a trace of words in order.
 */
#include "dm/objects.h"
#include "dm/session.h"

struct conversation {
    struct dm_session_settings settings; /* changed between begin() and start() */
    struct dm_tree *tree;
    struct dm_session *session;
    struct dm_message *sent; /* the client's last message */
    char *sent_body;
    size_t n_sent_body;
    char *hmac;
    unsigned msg_id; /* the server's last */
    const char *header; /* more elements for the server's header */
    bool not_final;
    char trace[4096];  /* "send keep-tree apply over:done" */
    char text[8192];   /* the last answer of statuses() or results() */
    char policy[4096]; /* what was to be applied */
    char log[8192];    /* sentences, a line each */
};

void conversation_begin(struct conversation *c);
/* Makes the session, starts it and reads what it does. */
void conversation_start(struct conversation *c);
void conversation_end(struct conversation *c);

/* The server's next message, with these commands in its body. */
void serve(struct conversation *c, const char *commands);
/* The same, with the x-syncml-hmac header and without numbering: the whole header is given. */
void serve_message(struct conversation *c, const char *text, const char *hmac);

/* "0:212 1:200 2:404": CmdRef and code of each Status, in order. */
const char *statuses(struct conversation *c);
/* "./A=1 ./B=2": source and data of each item of Results; "~" behind a piece, "!" in place of missing data. */
const char *results(struct conversation *c);
/* The codes of the alerts that were sent: "1222 1225". */
const char *alerts(struct conversation *c);
