/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The one IKE SA's life as the daemon is told of it: which SA (by unique id) belongs to the current attempt, how far it got, why it ended,
 * and where its outer flow runs. Events of any other SA are ignored here, in one place. Under its own lock, so that libcharon's hooks
 * may call it from any thread; they never wait in it.
 * Knows no libcharon object, never sends, never retries.
 */
#include "ike/mailbox.h"

#include <pthread.h>

enum satrack_phase {
    SATRACK_IDLE,
    SATRACK_CONNECTING,
    SATRACK_UP,
    SATRACK_CLOSING, /* by our own wish */
};

#define SATRACK_MAPPING_BYTES 20 /* SHA-1 of SPIs, address and port (RFC 7296, 2.23) */

struct flow {
    struct ip_addr local, remote;
    uint16_t local_port, remote_port;
};

struct satrack {
    pthread_mutex_t lock;
    struct mailbox *mailbox;
    enum satrack_phase phase;
    uint32_t attempt;
    uint32_t sa;       /* unique id of the IKE SA; 0: none yet */
    enum reason cause; /* the first that was noted */
    struct flow flow;
    struct path published;
    uint32_t mapping_sa; /* whose the hash is, which its SPIs are part of; 0: none yet */
    struct flow mapping_flow;
    uint8_t mapping[SATRACK_MAPPING_BYTES];
    bool repeated; /* what is to be answered next */
    bool moving; /* a migration was asked for and is not yet answered */
    bool move_began; /* libcharon was told of it */
    struct ip_addr move_local, move_remote;
    uint32_t n_dns;
    struct ip_addr dns[TUNNEL_DNS_MAX];
    uint32_t n_domains;
    char domains[TUNNEL_DOMAINS_MAX][DNS_DOMAIN_SIZE];
    uint64_t n_rekeys;
};

void satrack_init(struct satrack *track, struct mailbox *mailbox);
void satrack_destroy(struct satrack *track);
void satrack_reset(struct satrack *track); /* nothing stands, nothing is posted */

/* A new attempt. Returns the SA of the one before, which must be destroyed; 0: none. */
uint32_t satrack_begin(struct satrack *track, uint32_t attempt);

/* The attempt's IKE SA exists; false: the attempt is over, the SA must go. */
bool satrack_bind(struct satrack *track, uint32_t attempt, uint32_t sa);

/* The gateway answers, and the attempt goes on. round_trip_usec: 0 where it is not known. */
void satrack_answered(struct satrack *track, uint32_t sa, usec_t round_trip_usec);

/* The attempt ended before there was an SA. */
void satrack_fail(struct satrack *track, uint32_t attempt, enum reason reason);

/*
 * Our own end. Returns the SA that must be deleted (or destroyed, when silent or not yet up); 0: there is none, and the event (if any) is
 * posted already. ret_phase: the phase before.
 */
uint32_t satrack_end(struct satrack *track, bool silent, enum satrack_phase *ret_phase);

/* What the hooks report. Only for the current SA; everything else is ignored. */
bool satrack_is_current(struct satrack *track, uint32_t sa, enum satrack_phase *ret_phase);
void satrack_note(struct satrack *track, uint32_t sa, enum reason cause);
void satrack_add_dns(struct satrack *track, uint32_t sa, const struct ip_addr *dns);
void satrack_add_domain(struct satrack *track, uint32_t sa, const char *domain); /* shorter than DNS_DOMAIN_SIZE */
bool satrack_established(struct satrack *track, uint32_t sa, struct tunnel *tunnel, const struct flow *flow);
void satrack_rekeyed(struct satrack *track, uint32_t old_sa, uint32_t new_sa);
void satrack_child_rekeyed(struct satrack *track, uint32_t sa);
void satrack_set_flow(struct satrack *track, uint32_t sa, const struct flow *flow);
/* True when this was the current SA: nothing stands any more. */
bool satrack_gone(struct satrack *track, uint32_t sa);

/* A migration: returns the SA, 0: none is up. */
uint32_t satrack_move(struct satrack *track, const struct ip_addr *local, const struct ip_addr *remote);
/* Is just this migration under way? */
bool satrack_moves_to(struct satrack *track, const struct ip_addr *local, const struct ip_addr *remote);
/* What is observed before this is of the time before the migration, and answers nothing. */
void satrack_move_begins(struct satrack *track, uint32_t sa);
void satrack_move_failed(struct satrack *track, uint32_t sa);
/* The SA as it stands; busy: a MOBIKE exchange is still under way. */
void satrack_observe(struct satrack *track, uint32_t sa, const struct flow *flow, bool nat, bool busy);
/* The path that was told last; zeroed where none was. */
struct path satrack_path(struct satrack *track);

/*
 * An INFORMATIONAL request of ours was repeated; it was answered. `hash` is the gateway's of where our packets come from: the first of an SA
 * and flow is what later ones are compared with. NULL: it says nothing.
 */
void satrack_repeated(struct satrack *track, uint32_t sa);
void satrack_note_answer(struct satrack *track, uint32_t sa, const uint8_t hash[SATRACK_MAPPING_BYTES]);

/* The SA that is up, and its flow; 0: none. */
uint32_t satrack_up(struct satrack *track, struct flow *ret_flow);
uint32_t satrack_attempt(struct satrack *track);
uint64_t satrack_n_rekeys(struct satrack *track);
