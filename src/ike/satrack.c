/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idle -> connecting -> up -> idle, and closing where we ask for the end ourselves. Each way out of connecting posts EVENT_IKE_FAILED, each
 * way out of up or closing EVENT_IKE_CLOSED, exactly once; a silent end posts nothing. See satrack.h.
 */
#include "ike/satrack.h"

#include <stdio.h>
#include <string.h>

void satrack_init(struct satrack *track, struct mailbox *mailbox)
{
    memset(track, 0, sizeof(*track));
    pthread_mutex_init(&track->lock, NULL);
    track->mailbox = mailbox;
}

void satrack_destroy(struct satrack *track)
{
    pthread_mutex_destroy(&track->lock);
}

static void post_end(struct satrack *track, enum event_type type, enum reason reason)
{
    struct event event = {
        .type = type,
        .failure = { .attempt = track->attempt, .reason = reason },
    };

    mailbox_post(track->mailbox, track->attempt, &event);
}

static void forget_sa(struct satrack *track)
{
    track->phase = SATRACK_IDLE;
    track->sa = 0;
    track->moving = track->repeated = false;
}

void satrack_reset(struct satrack *track)
{
    pthread_mutex_lock(&track->lock);
    forget_sa(track);
    track->n_rekeys = 0;
    pthread_mutex_unlock(&track->lock);
}

uint32_t satrack_begin(struct satrack *track, uint32_t attempt)
{
    uint32_t old_sa;

    pthread_mutex_lock(&track->lock);
    old_sa = track->sa;
    forget_sa(track);
    track->phase = SATRACK_CONNECTING;
    track->attempt = attempt;
    track->cause = REASON_NONE;
    track->n_dns = track->n_domains = 0;
    memset(&track->flow, 0, sizeof(track->flow));
    pthread_mutex_unlock(&track->lock);
    return old_sa;
}

bool satrack_bind(struct satrack *track, uint32_t attempt, uint32_t sa)
{
    bool current;

    pthread_mutex_lock(&track->lock);
    current = track->phase == SATRACK_CONNECTING && track->attempt == attempt;
    if (current)
        track->sa = sa;
    pthread_mutex_unlock(&track->lock);
    return current;
}

void satrack_answered(struct satrack *track, uint32_t sa, usec_t round_trip_usec)
{
    struct event event = { .type = EVENT_IKE_ANSWERED };

    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa && track->phase == SATRACK_CONNECTING) {
        event.answered = (struct answered){ track->attempt, round_trip_usec };
        mailbox_post(track->mailbox, track->attempt, &event);
    }
    pthread_mutex_unlock(&track->lock);
}

void satrack_fail(struct satrack *track, uint32_t attempt, enum reason reason)
{
    pthread_mutex_lock(&track->lock);
    if (track->phase == SATRACK_CONNECTING && track->attempt == attempt) {
        post_end(track, EVENT_IKE_FAILED, track->cause != REASON_NONE ? track->cause : reason);
        forget_sa(track);
    }
    pthread_mutex_unlock(&track->lock);
}

uint32_t satrack_end(struct satrack *track, bool silent, enum satrack_phase *ret_phase)
{
    uint32_t sa;

    pthread_mutex_lock(&track->lock);
    *ret_phase = track->phase;
    sa = track->sa;
    if (silent) {
        forget_sa(track);
    } else if (sa == 0) {
        post_end(track, EVENT_IKE_CLOSED, REASON_NONE);
        forget_sa(track);
    } else {
        track->phase = SATRACK_CLOSING;
    }
    pthread_mutex_unlock(&track->lock);
    return sa;
}

bool satrack_is_current(struct satrack *track, uint32_t sa, enum satrack_phase *ret_phase)
{
    bool current;

    pthread_mutex_lock(&track->lock);
    current = sa != 0 && track->sa == sa;
    if (current && ret_phase)
        *ret_phase = track->phase;
    pthread_mutex_unlock(&track->lock);
    return current;
}

void satrack_note(struct satrack *track, uint32_t sa, enum reason cause)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa && track->cause == REASON_NONE)
        track->cause = cause;
    pthread_mutex_unlock(&track->lock);
}

void satrack_add_dns(struct satrack *track, uint32_t sa, const struct ip_addr *dns)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa && track->n_dns < TUNNEL_DNS_MAX)
        track->dns[track->n_dns++] = *dns;
    pthread_mutex_unlock(&track->lock);
}

void satrack_add_domain(struct satrack *track, uint32_t sa, const char *domain)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa && track->n_domains < TUNNEL_DOMAINS_MAX)
        snprintf(track->domains[track->n_domains++], DNS_DOMAIN_SIZE, "%s", domain);
    pthread_mutex_unlock(&track->lock);
}

bool satrack_established(struct satrack *track, uint32_t sa, struct tunnel *tunnel, const struct flow *flow)
{
    struct event event = { .type = EVENT_IKE_ESTABLISHED };
    bool current;

    pthread_mutex_lock(&track->lock);
    current = track->phase == SATRACK_CONNECTING && track->sa == sa;
    if (current) {
        tunnel->attempt = track->attempt;
        tunnel->n_dns = track->n_dns;
        memcpy(tunnel->dns, track->dns, sizeof(tunnel->dns));
        tunnel->n_domains = track->n_domains;
        for (uint32_t i = 0; i < track->n_domains; i++)
            strcpy(tunnel->domains[i], track->domains[i]);
        event.tunnel = *tunnel;
        track->phase = SATRACK_UP;
        track->cause = REASON_NONE;
        track->flow = *flow;
        track->published =
            (struct path){ .local = flow->local, .remote = flow->remote, .nat = tunnel->nat, .moved = true };
        mailbox_post(track->mailbox, track->attempt, &event);
    }
    pthread_mutex_unlock(&track->lock);
    return current;
}

void satrack_rekeyed(struct satrack *track, uint32_t old_sa, uint32_t new_sa)
{
    pthread_mutex_lock(&track->lock);
    if (old_sa != 0 && track->sa == old_sa) {
        track->sa = new_sa;
        track->n_rekeys++;
    }
    pthread_mutex_unlock(&track->lock);
}

void satrack_child_rekeyed(struct satrack *track, uint32_t sa)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa)
        track->n_rekeys++;
    pthread_mutex_unlock(&track->lock);
}

void satrack_set_flow(struct satrack *track, uint32_t sa, const struct flow *flow)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa)
        track->flow = *flow;
    pthread_mutex_unlock(&track->lock);
}

bool satrack_gone(struct satrack *track, uint32_t sa)
{
    bool current;

    pthread_mutex_lock(&track->lock);
    current = sa != 0 && track->sa == sa;
    if (current) {
        enum reason cause = track->cause;

        switch (track->phase) {
        case SATRACK_IDLE:
            break;
        case SATRACK_CONNECTING:
            post_end(track, EVENT_IKE_FAILED, cause != REASON_NONE ? cause : REASON_INTERNAL_ERROR);
            break;
        case SATRACK_UP:
            /* libcharon raises no alert when it gives up probing a new path */
            if (cause == REASON_NONE)
                cause = track->moving ? REASON_GATEWAY_SILENT : REASON_PEER_CLOSED;
            post_end(track, EVENT_IKE_CLOSED, cause);
            break;
        case SATRACK_CLOSING:
            post_end(track, EVENT_IKE_CLOSED, REASON_NONE);
            break;
        }
        forget_sa(track);
    }
    pthread_mutex_unlock(&track->lock);
    return current;
}

static void post_path(struct satrack *track, const struct path *path)
{
    struct event event = { .type = EVENT_IKE_MOVED, .path = *path };

    track->published = *path;
    track->published.moved = true;
    mailbox_post(track->mailbox, track->attempt, &event);
}

uint32_t satrack_move(struct satrack *track, const struct ip_addr *local, const struct ip_addr *remote)
{
    uint32_t sa = 0;

    pthread_mutex_lock(&track->lock);
    if (track->phase == SATRACK_UP) {
        sa = track->sa;
        track->moving = true;
        track->move_began = false;
        track->move_local = *local;
        track->move_remote = *remote;
    }
    pthread_mutex_unlock(&track->lock);
    return sa;
}

bool satrack_moves_to(struct satrack *track, const struct ip_addr *local, const struct ip_addr *remote)
{
    bool moves;

    pthread_mutex_lock(&track->lock);
    moves = track->phase == SATRACK_UP && track->moving && ip_addr_equal(&track->move_local, local) &&
            ip_addr_equal(&track->move_remote, remote);
    pthread_mutex_unlock(&track->lock);
    return moves;
}

void satrack_move_begins(struct satrack *track, uint32_t sa)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa)
        track->move_began = true;
    pthread_mutex_unlock(&track->lock);
}

void satrack_move_failed(struct satrack *track, uint32_t sa)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa && track->moving) {
        struct path path = track->published;

        track->moving = false;
        path.moved = false;
        post_path(track, &path);
    }
    pthread_mutex_unlock(&track->lock);
}

void satrack_observe(struct satrack *track, uint32_t sa, const struct flow *flow, bool nat, bool busy)
{
    struct path path = { .local = flow->local, .remote = flow->remote, .nat = nat, .moved = true };

    pthread_mutex_lock(&track->lock);
    if (sa == 0 || track->sa != sa || track->phase != SATRACK_UP) {
        pthread_mutex_unlock(&track->lock);
        return;
    }
    track->flow = *flow;
    if (track->moving && track->move_began && !busy) {
        path.moved = ip_addr_equal(&track->move_local, &flow->local) &&
                     ip_addr_equal(&track->move_remote, &flow->remote);
        track->moving = false;
        post_path(track, &path);
    } else if (!track->moving &&
               (!ip_addr_equal(&track->published.local, &path.local) ||
                   !ip_addr_equal(&track->published.remote, &path.remote) || track->published.nat != nat)) {
        post_path(track, &path);
    }
    pthread_mutex_unlock(&track->lock);
}

struct path satrack_path(struct satrack *track)
{
    struct path path;

    pthread_mutex_lock(&track->lock);
    path = track->published;
    pthread_mutex_unlock(&track->lock);
    return path;
}

static bool is_same_flow(const struct flow *a, const struct flow *b)
{
    return ip_addr_equal(&a->local, &b->local) && ip_addr_equal(&a->remote, &b->remote) && a->local_port == b->local_port &&
           a->remote_port == b->remote_port;
}

void satrack_repeated(struct satrack *track, uint32_t sa)
{
    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa)
        track->repeated = true;
    pthread_mutex_unlock(&track->lock);
}

/* Is it another one than before? Remembers it. */
static bool is_new_mapping(struct satrack *track, const uint8_t *hash)
{
    bool known = track->mapping_sa == track->sa && is_same_flow(&track->mapping_flow, &track->flow);
    bool changed = known && memcmp(track->mapping, hash, SATRACK_MAPPING_BYTES) != 0;

    track->mapping_sa = track->sa;
    track->mapping_flow = track->flow;
    memcpy(track->mapping, hash, SATRACK_MAPPING_BYTES);
    return changed;
}

void satrack_note_answer(struct satrack *track, uint32_t sa, const uint8_t hash[SATRACK_MAPPING_BYTES])
{
    struct event event = { .type = EVENT_IKE_MOVED };

    pthread_mutex_lock(&track->lock);
    if (sa != 0 && track->sa == sa && track->phase == SATRACK_UP && !track->moving) {
        event.path = track->published;
        event.path.late = track->repeated;
        event.path.mapping_changed = hash && is_new_mapping(track, hash);
        if (event.path.late || event.path.mapping_changed)
            mailbox_post(track->mailbox, track->attempt, &event);
    }
    track->repeated = false;
    pthread_mutex_unlock(&track->lock);
}

uint32_t satrack_up(struct satrack *track, struct flow *ret_flow)
{
    uint32_t sa = 0;

    pthread_mutex_lock(&track->lock);
    if (track->phase == SATRACK_UP) {
        sa = track->sa;
        if (ret_flow)
            *ret_flow = track->flow;
    }
    pthread_mutex_unlock(&track->lock);
    return sa;
}

uint32_t satrack_attempt(struct satrack *track)
{
    uint32_t attempt;

    pthread_mutex_lock(&track->lock);
    attempt = track->attempt;
    pthread_mutex_unlock(&track->lock);
    return attempt;
}

uint64_t satrack_n_rekeys(struct satrack *track)
{
    uint64_t n_rekeys;

    pthread_mutex_lock(&track->lock);
    n_rekeys = track->n_rekeys;
    pthread_mutex_unlock(&track->lock);
    return n_rekeys;
}
