/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcharon's bus, heard: what happens to the current IKE SA goes to the track, and why something failed becomes one of our reasons.
 * The hooks run in libcharon's threads while it holds its locks: they copy, note and queue jobs; they never change an SA.
 *
 * Causes: the message hook comes before the tasks that act on a message, so the gateway's own word (a notify) is noted first; then the
 * certificate alerts; the general "authentication failed" last. The first that was noted stands.
 */
#include "ike/charon.h"

#include "base/clock.h"

#include <encoding/payloads/notify_payload.h>
#include <errno.h>

struct listener {
    listener_t public;
    struct ike *ike;
};

static struct ike *ike_of(listener_t *public)
{
    return ((struct listener *)public)->ike;
}

static void note(struct ike *ike, ike_sa_t *ike_sa, enum reason cause)
{
    if (ike_sa)
        satrack_note(&ike->track, ike_sa->get_unique_id(ike_sa), cause);
}

/* What ends an attempt, but not a tunnel that stands: a rekeying that fails is tried again, and the end may have another cause. */
static void note_attempt(struct ike *ike, ike_sa_t *ike_sa, enum reason cause)
{
    enum satrack_phase phase;

    if (ike_sa && satrack_is_current(&ike->track, ike_sa->get_unique_id(ike_sa), &phase) &&
        phase == SATRACK_CONNECTING)
        note(ike, ike_sa, cause);
}

/* The gateway's certificate is out of its dates: on which side of them? */
static enum reason reason_of_dates(const struct ike *ike, certificate_t *certificate)
{
    time_t now = validator_now(ike), not_before = 0;

    (void)certificate->get_validity(certificate, &now, &not_before, NULL);
    return now < not_before ? REASON_CLOCK_WRONG : REASON_GATEWAY_CERTIFICATE_EXPIRED;
}

/* The revocation status could not be learnt. With a clock behind the newest known time every list looks premature. */
static enum reason reason_of_unknown_status(const struct ike *ike)
{
    return time(NULL) < ike->profile.wallclock_floor_sec ? REASON_CLOCK_WRONG : REASON_REVOCATION_UNKNOWN;
}

static enum reason reason_of_silence(const struct ike *ike)
{
    return atomic_load(&ike->n_sent) == 0 && atomic_load(&ike->n_send_errors) > 0 ? REASON_GATEWAY_UNREACHABLE
                                                                                  : REASON_GATEWAY_SILENT;
}

static bool auth_has_identity(auth_cfg_t *auth, auth_rule_t rule, identification_t *wanted)
{
    certificate_t *certificate = auth->get(auth, rule);

    return certificate && certificate->has_subject(certificate, wanted) != ID_MATCH_NONE;
}

/* Nothing was wrong with a certificate by itself: does it name somebody else, or is it the signature? */
static enum reason reason_of_peer_auth(ike_sa_t *ike_sa)
{
    enum reason reason = REASON_GATEWAY_UNTRUSTED;
    peer_cfg_t *config = ike_sa->get_peer_cfg(ike_sa);
    auth_cfg_t *presented = ike_sa->get_auth_cfg(ike_sa, FALSE), *required;
    enumerator_t *rounds;

    if (!config || !presented)
        return reason;
    rounds = config->create_auth_cfg_enumerator(config, FALSE);
    if (rounds->enumerate(rounds, &required)) {
        identification_t *wanted = required->get(required, AUTH_RULE_IDENTITY);

        if (wanted && !auth_has_identity(presented, AUTH_HELPER_SUBJECT_CERT, wanted) &&
            !auth_has_identity(presented, AUTH_RULE_SUBJECT_CERT, wanted))
            reason = REASON_GATEWAY_IDENTITY_MISMATCH;
    }
    rounds->destroy(rounds);
    return reason;
}

static bool on_alert(listener_t *public, ike_sa_t *ike_sa, alert_t alert, va_list args)
{
    struct ike *ike = ike_of(public);

    /* the many alerts of a responder, of RADIUS and of XAuth do not concern us: not our enum, hence a default */
    switch (alert) {
    case ALERT_CERT_EXPIRED:
        note(ike, ike_sa, reason_of_dates(ike, va_arg(args, certificate_t *)));
        break;
    case ALERT_CERT_REVOKED:
        note(ike, ike_sa, REASON_GATEWAY_CERTIFICATE_REVOKED);
        break;
    case ALERT_CERT_VALIDATION_FAILED:
        if (ike->profile.check_revocation == CHECK_REVOCATION_STRICT)
            note(ike, ike_sa, reason_of_unknown_status(ike));
        break;
    case ALERT_CERT_NO_ISSUER:
    case ALERT_CERT_UNTRUSTED_ROOT:
    case ALERT_CERT_EXCEEDED_PATH_LEN:
    case ALERT_CERT_POLICY_VIOLATION:
        note(ike, ike_sa, REASON_GATEWAY_UNTRUSTED);
        break;
    case ALERT_PEER_AUTH_FAILED:
        if (ike_sa)
            note(ike, ike_sa, reason_of_peer_auth(ike_sa));
        break;
    case ALERT_PROPOSAL_MISMATCH_IKE:
    case ALERT_PROPOSAL_MISMATCH_CHILD:
        note_attempt(ike, ike_sa, REASON_PROPOSALS_REFUSED);
        break;
    case ALERT_TS_MISMATCH:
        note_attempt(ike, ike_sa, REASON_SELECTORS_REFUSED);
        break;
    case ALERT_VIP_FAILURE:
        note(ike, ike_sa, REASON_NO_ADDRESS);
        break;
    case ALERT_RETRANSMIT_SEND:
        if (ike_sa)
            satrack_repeated(&ike->track, ike_sa->get_unique_id(ike_sa));
        break;
    case ALERT_RETRANSMIT_SEND_TIMEOUT:
    case ALERT_PEER_INIT_UNREACHABLE:
    case ALERT_HALF_OPEN_TIMEOUT:
        note(ike, ike_sa, reason_of_silence(ike));
        break;
    case ALERT_PEER_ADDR_FAILED:
        note(ike, ike_sa, REASON_GATEWAY_UNREACHABLE);
        break;
    case ALERT_INSTALL_CHILD_SA_FAILED:
    case ALERT_INSTALL_CHILD_POLICY_FAILED:
        note_attempt(ike, ike_sa, REASON_INTERNAL_ERROR);
        break;
    case ALERT_IKE_SA_EXPIRED:
        note(ike, ike_sa, REASON_INTERNAL_ERROR);
        break;
    case ALERT_KEEP_ON_CHILD_SA_FAILURE:
        /* was it the last one? */
        if (ike_sa && satrack_is_current(&ike->track, ike_sa->get_unique_id(ike_sa), NULL))
            job_queue(ike, JOB_CHILDLESS, ike_sa->get_unique_id(ike_sa));
        break;
    default:
        break;
    }
    return true;
}

/* Error notifies that end an attempt (RFC 7296, 3.10.1), as the gateway sends them. */
static void note_notifies(struct ike *ike, ike_sa_t *ike_sa, message_t *message)
{
    static const struct {
        notify_type_t type;
        enum reason reason;
    } known[] = {
        { AUTHENTICATION_FAILED, REASON_AUTH_REFUSED },
        { NO_PROPOSAL_CHOSEN, REASON_PROPOSALS_REFUSED },
        { TS_UNACCEPTABLE, REASON_SELECTORS_REFUSED },
        { INVALID_SELECTORS, REASON_SELECTORS_REFUSED },
        { INTERNAL_ADDRESS_FAILURE, REASON_NO_ADDRESS },
        { FAILED_CP_REQUIRED, REASON_NO_ADDRESS },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (message->get_notify(message, known[i].type))
            note(ike, ike_sa, known[i].reason);
}

/* Of the message just answered; 0 where it was sent more than once, for nobody knows which of them the answer is to. */
static usec_t round_trip(const struct ike *ike)
{
    return atomic_load(&ike->n_sent) == 1 ? usec_sub(clock_boottime_usec(), atomic_load(&ike->sent_at_usec)) : 0;
}

/* The answer to a liveness check or an update says what the gateway sees of us (MOBIKE, RFC 4555 3.5). */
static void note_answer(struct ike *ike, uint32_t sa, message_t *message)
{
    notify_payload_t *notify = message->get_notify(message, NAT_DETECTION_DESTINATION_IP);
    chunk_t hash = notify ? notify->get_notification_data(notify) : chunk_empty;

    satrack_note_answer(&ike->track, sa, hash.len == SATRACK_MAPPING_BYTES ? hash.ptr : NULL);
}

static bool on_message(listener_t *public, ike_sa_t *ike_sa, message_t *message, bool incoming, bool plain)
{
    struct ike *ike = ike_of(public);
    uint32_t sa = ike_sa->get_unique_id(ike_sa);
    exchange_type_t exchange = message->get_exchange_type(message);
    enum satrack_phase phase;

    if (!incoming || !plain || !satrack_is_current(&ike->track, sa, &phase))
        return true;
    if (exchange == IKE_SA_INIT)
        satrack_answered(&ike->track, sa, round_trip(ike));
    /* the first exchange is not authenticated: it proves nothing about the path */
    if (exchange != IKE_SA_INIT)
        path_note_in(ike);
    /* a rekeying that fails is tried again by libcharon, and ends nothing */
    if (phase == SATRACK_CONNECTING || exchange == INFORMATIONAL)
        note_notifies(ike, ike_sa, message);
    if (phase == SATRACK_UP && exchange == INFORMATIONAL && !message->get_request(message))
        note_answer(ike, sa, message);
    if (phase == SATRACK_UP && exchange == INFORMATIONAL)
        job_queue(ike, JOB_OBSERVE, sa);
    return true;
}

static bool on_state(listener_t *public, ike_sa_t *ike_sa, ike_sa_state_t state)
{
    struct ike *ike = ike_of(public);

    if (state == IKE_DESTROYING && satrack_gone(&ike->track, ike_sa->get_unique_id(ike_sa)))
        path_set_addrs(ike, NULL, 0);
    return true;
}

static bool on_child_updown(listener_t *public, ike_sa_t *ike_sa, child_sa_t *child_sa, bool up)
{
    struct ike *ike = ike_of(public);
    uint32_t sa = ike_sa->get_unique_id(ike_sa);
    enum satrack_phase phase;

    (void)child_sa;
    if (!satrack_is_current(&ike->track, sa, &phase))
        return true;
    if (up && phase == SATRACK_CONNECTING)
        job_queue(ike, JOB_ESTABLISHED, sa);
    else if (!up && phase == SATRACK_UP)
        job_queue(ike, JOB_CHILDLESS, sa);
    return true;
}

static bool on_rekey(listener_t *public, ike_sa_t *old_sa, ike_sa_t *new_sa)
{
    satrack_rekeyed(&ike_of(public)->track, old_sa->get_unique_id(old_sa), new_sa->get_unique_id(new_sa));
    job_queue(ike_of(public), JOB_REKEYED, new_sa->get_unique_id(new_sa));
    return true;
}

static bool on_child_rekey(listener_t *public, ike_sa_t *ike_sa, child_sa_t *old_sa, child_sa_t *new_sa)
{
    struct ike *ike = ike_of(public);

    (void)old_sa, (void)new_sa;
    satrack_child_rekeyed(&ike->track, ike_sa->get_unique_id(ike_sa));
    if (atomic_load(&ike->offload_sec) > 0)
        job_queue(ike, JOB_OFFLOAD, ike_sa->get_unique_id(ike_sa));
    return true;
}

/* Before the SAs follow: what sends from now on uses the new way. */
static bool on_update(listener_t *public, ike_sa_t *ike_sa, host_t *local, host_t *remote)
{
    struct ike *ike = ike_of(public);
    struct flow flow = flow_of_hosts(local, remote);
    uint32_t sa = ike_sa->get_unique_id(ike_sa);

    satrack_set_flow(&ike->track, sa, &flow);
    if (!satrack_is_current(&ike->track, sa, NULL))
        return true;
    job_queue(ike, JOB_OBSERVE, sa);
    if (atomic_load(&ike->offload_sec) > 0)
        job_queue(ike, JOB_OFFLOAD, sa); /* the kernel's SAs are made anew for this */
    return true;
}

/* Reauthentication, which a gateway may ask for: the new SA is the attempt's now. */
static bool on_reestablish(listener_t *public, ike_sa_t *old_sa, ike_sa_t *new_sa, bool initiated)
{
    if (initiated)
        satrack_rekeyed(&ike_of(public)->track, old_sa->get_unique_id(old_sa), new_sa->get_unique_id(new_sa));
    return true;
}

int listener_add(struct ike *ike)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener)
        return library_set_error(ike, -ENOMEM, "Out of memory.");
    listener->public.alert = on_alert;
    listener->public.message = on_message;
    listener->public.ike_state_change = on_state;
    listener->public.child_updown = on_child_updown;
    listener->public.ike_rekey = on_rekey;
    listener->public.child_rekey = on_child_rekey;
    listener->public.ike_update = on_update;
    listener->public.ike_reestablish_post = on_reestablish;
    listener->ike = ike;
    ike->listener = &listener->public;
    charon->bus->add_listener(charon->bus, ike->listener);
    return 0;
}

void listener_remove(struct ike *ike)
{
    if (!ike->listener)
        return;
    charon->bus->remove_listener(charon->bus, ike->listener);
    free(ike->listener);
    ike->listener = NULL;
}
