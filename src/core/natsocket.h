/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The life of one probe socket X: conditioned by exchanges with the STUN server, silent for the span in question, then asked: another socket
 * lets the server answer to X's mapped port. An answer at X says that the mapping lived; it serves once, because the answer refreshes it.
 * What arrives unasked for while X is silent refreshes the mapping, too: the silence then begins again.
 * Never sends, never reads a clock, knows nothing of other sockets.
 */
#include "base/ipaddr.h"
#include "base/usec.h"

#include <stdbool.h>

#define NATSOCKET_EXCHANGES      3
#define NATSOCKET_CONDITION_USEC MSEC(2500) /* Linux calls a flow a stream after 2 s of traffic both ways */
#define NATSOCKET_ASKS_MAX       8

/* The way to the server and back, as it has been seen. */
struct natline {
    usec_t round_trip_usec; /* the longest seen */
    uint32_t n_lost, n_answered; /* of sockets that have been answered at all */
    bool lossy; /* more than one in 25 is lost: sends follow one another quickly, because each later one asks about a longer silence */
};

enum natsocket_phase {
    NATSOCKET_PHASE_CLOSED,
    NATSOCKET_PHASE_CONDITIONING,
    NATSOCKET_PHASE_QUIET,
    NATSOCKET_PHASE_ASKING,
    NATSOCKET_PHASE_OVER, /* asked in vain: a verdict only after a good control */
};

struct natsocket {
    enum natsocket_phase phase;
    usec_t target_usec; /* silence that is asked about */
    bool below; /* ... of a mapping that may end right then: a little less, so that all sends come in time */
    usec_t due_at_usec; /* next doing; USEC_INFINITY: none */
    uint32_t tag, tag_before; /* of X's own last requests; 0: none */
    uint32_t n_tries, n_answers, n_disturbed;
    usec_t sent_at_usec, first_answer_at_usec;
    usec_t quiet_since_usec; /* the latest moment at which the mapping can have been refreshed */
    struct ip_addr mapped;
    uint16_t mapped_port;
    uint32_t n_asks;
    bool asked_again; /* after a timer that came late */
    uint32_t ask_tags[NATSOCKET_ASKS_MAX];
    usec_t ask_silence_usec[NATSOCKET_ASKS_MAX];
    usec_t asked_at_usec;
};

/* What is to be done now. */
enum natsocket_step {
    NATSOCKET_STEP_NOTHING,
    NATSOCKET_STEP_SEND, /* a Binding request from X */
    NATSOCKET_STEP_ASK, /* one from the asking socket, to be answered to X's mapped port */
    NATSOCKET_STEP_OVER, /* no answer came */
    NATSOCKET_STEP_VOID, /* says nothing about the mapping */
    NATSOCKET_STEP_LATE, /* likewise: no answer came, but it was asked too late, or the answer may have been slept through */
    NATSOCKET_STEP_UNHEARD, /* not one answer: perhaps the NAT has no port for it */
};

enum natsocket_news {
    NATSOCKET_NEWS_NONE,
    NATSOCKET_NEWS_ALIVE, /* *ret_silence: it lived that long, at least */
    NATSOCKET_NEWS_VOID,
};

void natsocket_open(struct natsocket *socket, usec_t now_usec, usec_t target_usec, bool below);

/* `tag` is the next new tag; it is used where the step is SEND or ASK. */
enum natsocket_step natsocket_step(struct natsocket *socket, usec_t now_usec, uint32_t tag, struct natline *line);

/* An answer arrived at X. */
enum natsocket_news natsocket_answer(struct natsocket *socket, usec_t now_usec, uint32_t tag, const struct ip_addr *mapped,
    uint16_t mapped_port, struct natline *line, usec_t *ret_silence_usec);

/* Was `tag` the tag of a request that asks about this socket? */
bool natsocket_asked(const struct natsocket *socket, uint32_t tag);

usec_t natline_resend(const struct natline *line); /* after which a request is repeated */
void natline_note_round_trip(struct natline *line, usec_t round_trip_usec);

/* How much earlier than the end of a mapping the first of several sends must leave. */
usec_t natline_early(const struct natline *line);
