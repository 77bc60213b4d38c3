/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the core knows, shared by the files of src/core and nobody else.
 *   core.c         the turn: event -> model -> trigger -> transition -> desired firewall and routing
 *   transitions.c  the table
 *   model.c        handles: append an action, set a timer, raise a trigger
 *   attempt.c      from "now" to one IKE_SA_INIT: checks, name servers, name, address
 *   reach.c        which address of the gateway over which link, NAT64 included
 *   session.c      while connected: keepalive, dead paths, moving, loss
 *   demand.c       while roaming: a tunnel when somebody wants it
 *   revocation.c   openings for CRL and OCSP fetches
 *   dns.c          what the system's resolver and other programs are told
 *   probing.c      what is known of this network's NAT, and measuring it
 *   status.c       what the core tells of itself
 */
#include "core/backoff.h"
#include "core/core.h"
#include "core/demand.h"
#include "core/keepalive.h"
#include "core/linkset.h"
#include "core/nat64.h"
#include "core/natmobike.h"
#include "core/natprobe.h"
#include "core/pathwatch.h"

#define ATTEMPT_GUARD_USEC  SEC(45) /* charon answers after 9 s at most, longer only while it fetches a CRL */
#define EYEBALLS_USEC       SEC(2) /* three messages of charon; then the gateway's other family is tried first */
#define RESOLVE_GUARD_USEC  SEC(15)
#define FAREWELL_GUARD_USEC SEC(1)
#define GRACE_USEC          SEC(1) /* a flap of the only link */
#define MOVE_GUARD_USEC     SEC(4) /* then a new IKE SA is quicker */
#define MOVE_SILENT_USEC    MSEC(1500) /* ... or, where nothing at all was heard, after six round trips, but not before */
#define MOVE_REPEAT_USEC    MSEC(150) /* 1.5 round trips, but neither less */
#define MOVE_REPEAT_MAX_USEC SEC(2) /* ... nor more */
#define ROUND_TRIP_USEC     MSEC(400) /* where it is not known */
#define SLEEP_TRUSTED_USEC  MINUTES(5) /* without a NAT: gateways look for dead peers every few minutes */
#define SLEEP_SA_USEC       HOURS(4) /* the gateway would have rekeyed the IKE SA meanwhile (ike/initiate.c), and given it up */
#define TUNNEL_MTU_MIN      1280 /* RFC 8200, 5 */

/* What happened, after the model took the event in. The table knows only these. */
enum trigger {
    TRIGGER_NONE,
    TRIGGER_ENABLE,
    TRIGGER_DISABLE,
    TRIGGER_CONNECT,
    TRIGGER_DISCONNECT,
    TRIGGER_RECONFIGURED,
    TRIGGER_CREDENTIALS,
    TRIGGER_CLOCK,
    TRIGGER_RESUMED,
    TRIGGER_LINK_NEW, /* the best usable link is another one, or has other addresses, than the last attempt's */
    TRIGGER_LINK_NONE, /* no usable link */
    TRIGGER_BASE_LOST, /* the link, address or route under the attempt or tunnel is gone */
    TRIGGER_BASE_BACK,
    TRIGGER_READY, /* addresses of the gateway are known */
    TRIGGER_ATTEMPT_FAILED,
    TRIGGER_FAMILY_SILENT, /* nothing answers in this address family, and the other has not been tried */
    TRIGGER_ESTABLISHED,
    TRIGGER_CLOSED,
    TRIGGER_MOVED,
    TRIGGER_MOVE_FAILED,
    TRIGGER_PATH_MOVE,
    TRIGGER_PATH_DEAD,
    TRIGGER_DEMAND, /* armed, and a packet wants the tunnel */
    TRIGGER_IDLE, /* on demand, and nobody wants it any more */
    TRIGGER_HOME, /* armed, but the best link is not roaming any more */
    TRIGGER_RETRY_DUE,
    TRIGGER_GRACE_OVER,
    TRIGGER_FAREWELL_OVER,
    TRIGGER_LOCKDOWN_FAILED,
};
#define N_TRIGGERS (TRIGGER_LOCKDOWN_FAILED + 1)

enum phase { PHASE_NONE, PHASE_FINDING, PHASE_RESOLVING, PHASE_INITIATED };

enum timer {
    TIMER_RETRY,
    TIMER_ATTEMPT, /* guards resolving and initiating */
    TIMER_EYEBALLS, /* of the first address in a family, while the other family waits */
    TIMER_GRACE,
    TIMER_MOVE,
    TIMER_FAREWELL,
};
#define N_TIMERS (TIMER_FAREWELL + 1)

/* One round through gateways and their addresses. */
struct attempt {
    enum phase phase;
    bool asks_prefix; /* what is found and resolved is the link's NAT64; `addrs` are known */
    uint32_t id; /* of the last ACTION_IKE_INITIATE; never reused */
    uint32_t request_id; /* of the name server or name request under way */
    uint32_t gateway_index;
    uint32_t n_servers;
    struct ip_addr servers[RESOLVED_ADDRS_MAX];
    uint32_t n_addrs, next_addr; /* the gateway's, in order */
    struct ip_addr addrs[RESOLVED_ADDRS_MAX];
    bool tried_ipv4, tried_ipv6; /* of the current gateway, this way or that */
    bool put_off; /* a silent family was left before its time */
    struct ip_addr remote; /* being contacted */
    struct ip_addr local; /* ... from this address of the base link */
    enum reason gateway_reason; /* why the current gateway failed in passing; REASON_NONE: it has not, or it refused */
    enum reason passing_reason; /* the same of the gateways before it; both NONE: every failure of the round was permanent */
};

enum fetch_phase { FETCH_PHASE_NONE, FETCH_PHASE_FINDING, FETCH_PHASE_RESOLVING, FETCH_PHASE_OPEN };

struct fetching {
    enum fetch_phase phase;
    bool asks_prefix; /* as in struct attempt; what was found meanwhile is `found` */
    struct fetch fetch;
    uint32_t request_id;
    uint32_t n_servers;
    struct ip_addr servers[RESOLVED_ADDRS_MAX];
    struct resolved found; /* the host's addresses */
    uint32_t n_addrs; /* as they are reached */
    struct ip_addr addrs[RESOLVED_ADDRS_MAX];
};

/* What is known of the NAT64 of one link. */
struct nat64 {
    int ifindex; /* 0: nothing has been asked */
    struct ip_prefix prefix; /* family 0: that link has none */
};

enum probing_phase {
    PROBING_PHASE_OFF, /* not connected, or not wanted */
    PROBING_PHASE_RECALLING, /* what was found on an earlier visit */
    PROBING_PHASE_FINDING, /* name servers for ProbeServer= */
    PROBING_PHASE_RESOLVING,
    PROBING_PHASE_RUNNING,
    PROBING_PHASE_RESTING, /* known, or not to be known this way; again at again_at_usec */
};

/* The network that the tunnel is in, and its NAT. */
struct probing {
    enum probing_phase phase;
    char network[NETWORK_ID_SIZE]; /* empty: nobody knows which one; nothing is remembered of it */
    int ifindex;
    struct ip_addr local, remote; /* the tunnel's, outer */
    struct gateway probe_server; /* as configured when it began */
    usec_t floor_usec, top_usec; /* likewise */
    uint32_t request_id;
    usec_t guard_at_usec; /* for an answer; USEC_INFINITY: none is waited for */
    uint32_t n_servers;
    struct ip_addr servers[RESOLVED_ADDRS_MAX];
    struct ip_addr server; /* STUN */
    enum nat_method method; /* NAT_METHOD_NONE: nothing is known yet */
    usec_t lifetime_usec; /* 0: shorter than can be probed; USEC_INFINITY: nothing expires */
    uint32_t n_confirmations;
    uint32_t n_slept; /* measurements that the device slept through, in a row */
    bool blind; /* the fallback sees nothing here */
    usec_t doubted_usec; /* what was known by STUN until it was halved: it is confirmed, or else measured; 0: no such thing */
    bool afresh; /* what is known is in doubt, and is not to be confirmed as it is now */
    bool wary; /* what was known has been in doubt since this tunnel is here */
    bool lossy; /* packets get lost here: each keepalive is a liveness check, so that one that is lost is noticed and repeated */
    usec_t again_at_usec; /* measured or confirmed again; USEC_INFINITY: never */
    usec_t condition_at_usec; /* the new mapping is to be seen alive for a while, or it is dropped early; USEC_INFINITY: it is */
    usec_t go_on_at_usec; /* not all requests fit into one turn */
    usec_t slept_at_usec; /* 0: never */
    usec_t checked_at_usec; /* the last liveness check in a keepalive's stead; 0: none */
    usec_t alarm_at_usec; /* the next one at the latest */
    struct natprobe probe;
    struct natmobike mobike;
};

struct core {
    /* the model */
    struct policy policy;
    struct link_set links; /* roaming as the configuration judges it */
    uint32_t reported_roaming; /* one bit per link: as the modem says */
    struct wallclock clock;
    struct credentials credentials;
    bool started;
    bool enabled;
    bool user_disconnected;
    usec_t slept_at_usec, slept_usec; /* when the device went to sleep, 0: it is awake; how long the last sleep was */
    struct prng prng;

    /* the state */
    enum state state;
    enum reason reason;
    usec_t now_usec;
    usec_t since_at_usec;
    usec_t timers[N_TIMERS]; /* USEC_INFINITY: off */
    struct backoff backoff;
    struct attempt attempt;
    struct fetching fetching;
    struct nat64 nat64;
    int family_ifindex; /* over this link the one family was silent and the other carried; 0: no such link */
    uint8_t family_first; /* the one that carried */
    usec_t round_trip_usec; /* to the gateway, over the link of the last attempt that was answered; 0: not known */
    bool has_base;
    struct link base; /* copy: survives the link */
    struct link best_seen; /* the best link when the last round began: another one is news */
    int tried_ifindex; /* link of the round that failed last: the next round prefers another; 0: none */
    bool has_tunnel; /* an IKE SA stands */
    usec_t tunnel_since_at_usec;
    uint32_t path_mtu_bytes; /* least that was reported of the present path; 0: nothing was */
    struct tunnel remembered; /* its addresses, name servers and subnets, as they are on disk */
    bool has_addrs; /* tunnel.addrs are known (kept while reconnecting) */
    struct tunnel tunnel;
    bool moving;
    struct ip_addr moving_to; /* remote while MOBIKE is under way */
    struct migrate_request move; /* ... and what was asked for */
    usec_t moving_since_at_usec;
    usec_t move_repeat_at_usec; /* USEC_INFINITY: it has been repeated */
    struct keepalive keepalive;
    struct {
        uint32_t asked_sec; /* of the data path; 0: nothing */
        bool stands; /* it sends them by now, and no timer of ours is needed */
        bool refused; /* with this tunnel it cannot */
    } offload;
    struct pathwatch pathwatch;
    struct idle idle;
    bool demanded; /* somebody waits for the tunnel that is being built */
    bool placeholder; /* armed before there was an address: the interface has one that the gateway has not given */
    struct probing probing;
    uint32_t next_request_id;
    bool ike_running;
    bool ike_stale; /* it runs with settings that are not the policy's any more */

    /* one turn */
    enum trigger follow; /* raised by an effect, run before the turn ends */
    enum reason cause; /* reason that came with the trigger */
    struct action_list *actions;

    /* the world as it was last told to be */
    bool firewall_dirty, routing_dirty, record_dirty, dns_dirty, character_dirty;
    bool firewall_failed; /* do not try again before the retry timer */
    bool record_failed; /* tried again with the next wish of a user and the next change of state: a full disk may have been tidied */
    struct record record;
    struct lockdown lockdown;
    struct routing routing;
    struct dns dns;
    struct character character;
};

struct action *core_act(struct core *core, enum action_type type); /* appends to this turn's actions */
void core_set_timer(struct core *core, enum timer timer, usec_t delay_usec);
void core_clear_timer(struct core *core, enum timer timer);
void core_raise(struct core *core, enum trigger trigger, enum reason cause);
uint32_t core_new_request_id(struct core *core);
void core_judge_roaming(struct core *core); /* links or policy changed */
void core_retry_record(struct core *core); /* after EVENT_STORE_FAILED: once more, in this turn */
void core_change_state(struct core *core, enum state state, enum reason reason);

/* transitions.c: finds the row, runs its effect, enters its state. False: no row, the trigger means nothing here. */
bool transitions_run(struct core *core, enum trigger trigger);
const char *trigger_name(enum trigger trigger);

/* attempt.c */
void attempt_begin(struct core *core); /* a round from the first gateway on the best link; raises what follows */
void attempt_next(struct core *core); /* the next address or gateway of the round */
bool attempt_has_next(const struct core *core);
void attempt_initiate(struct core *core);
void attempt_start_ike(struct core *core); /* ... or anew, where it runs with settings of the past */
void attempt_on_answered(struct core *core, const struct answered *answered);
void attempt_put_off(struct core *core); /* the present address waits until the others have been tried */
void attempt_won(struct core *core); /* it is established: what was learnt of the families is kept */
void attempt_forget(struct core *core); /* ends what is under way, silently */
void attempt_on_resolvers(struct core *core, const struct resolved *resolvers);
void attempt_on_resolved(struct core *core, const struct resolved *resolved);
const struct link *attempt_best_link(const struct core *core); /* that a round would begin with; NULL: none */
/* REASON_NONE, or why nothing can be tried now. */
enum reason attempt_obstacle(const struct core *core);
usec_t attempt_certificate_begins_in(const struct core *core); /* by the clock there is; USEC_INFINITY: it is valid, or waiting does not help */
void attempt_note_failure(struct core *core, enum reason cause);
bool attempt_best_is_new(const struct core *core); /* is the best usable link another one than when the last round began? */
bool attempt_base_lost(const struct core *core);

/* reach.c */
/* The address under which `link` reaches addr, itself or synthesised. False: it does not. */
bool reach_over(const struct core *core, const struct link *link, const struct ip_addr *addr, struct ip_addr *ret);
/* The same of the first of addrs that it reaches. */
bool reach_any(
    const struct core *core, const struct link *link, const struct ip_addr *addrs, uint32_t n_addrs, struct ip_addr *ret);
/* The best link that reaches one of addrs, in their order; NULL: none. Other than `not_ifindex` (0: any). */
const struct link *reach_best(
    const struct core *core, const struct ip_addr *addrs, uint32_t n_addrs, int not_ifindex, struct ip_addr *ret);
/* Would it help to know the link's NAT64, which has not been asked for? */
bool reach_needs_prefix(const struct core *core, const struct link *link, const struct ip_addr *addrs, uint32_t n_addrs);
void reach_note_prefix(struct core *core, const struct link *link, const struct resolved *answer); /* AAAA of NAT64_NAME */
void reach_on_links(struct core *core);
void reach_forget(struct core *core);

/* session.c */
void session_start(struct core *core, const struct tunnel *tunnel);
void session_drop(struct core *core, bool silent); /* the IKE SA is given up */
void session_forget(struct core *core); /* the IKE SA is gone already */
bool session_can_move(const struct core *core);
void session_move(struct core *core);
usec_t session_move_deadline(const struct core *core); /* when the move is to be repeated */
bool session_move_goes_on(struct core *core, const struct traffic *traffic); /* its time is over: has the gateway been heard? */
enum reason session_cause_of_move(const struct core *core); /* the link was lost, or its path dead */
void session_on_moved(struct core *core, const struct path *path);
void session_on_timer(struct core *core, const struct traffic *traffic);
void session_on_neighbour_lost(struct core *core, const struct neighbour *neighbour);
void session_on_traffic(struct core *core, const struct traffic *traffic);
bool session_base_lost(const struct core *core);
bool session_push_supported(const struct core *core);
bool session_outslept_mapping(const struct core *core);
bool session_outslept_sa(const struct core *core);
void session_check_after_sleep(struct core *core);
void session_check_path(struct core *core);
void session_update_keepalive(struct core *core);
void session_on_path_mtu(struct core *core, uint32_t bytes);
void session_follow(struct core *core); /* at the end of a turn: who sends the keepalives */
void session_on_offloaded(struct core *core, const struct offloaded *offloaded);
usec_t session_keepalive_deadline(const struct core *core, usec_t *ret_slack_usec); /* ours; USEC_INFINITY: none, or the data path's */
uint32_t session_mtu(const struct core *core);

/* demand.c */
bool demand_applies(const struct core *core); /* the link in use, or the one that would be, is roaming */
bool demand_suffices(const struct core *core); /* without a tunnel: the best link is roaming, and nothing else is amiss */
void demand_arm(struct core *core);
void demand_remember(struct core *core); /* the tunnel that stands now, or that there shall be none, for the next start */
void demand_recall(struct core *core, const struct tunnel *tunnel);
void demand_update(struct core *core); /* tunnel, link or policy changed: the idle timer */
uint32_t demand_addresses(const struct core *core, struct ip_addr ret[TUNNEL_ADDRS_MAX]); /* of the tunnel interface; their number */

/* revocation.c */
void revocation_on_wanted(struct core *core, const struct fetch *fetch);
void revocation_on_done(struct core *core, uint32_t id);
bool revocation_on_resolvers(struct core *core, const struct resolved *resolvers); /* true: it was for a fetch */
bool revocation_on_resolved(struct core *core, const struct resolved *resolved);
void revocation_forget(struct core *core);

/* dns.c. Pure: the model to desired states, unused parts zeroed, so that memcmp tells whether anything changed. */
void dns_compute(const struct core *core, struct dns *ret);
void character_compute(const struct core *core, struct character *ret);

/* probing.c */
void probing_reset(struct probing *probing);
void probing_follow(struct core *core); /* at the end of a turn: begins, goes on or ends as the tunnel and the configuration are now */
void probing_forget(struct core *core); /* the tunnel is gone, or about to move */
bool probing_on_resolvers(struct core *core, const struct resolved *resolvers); /* true: it was for the probe server */
bool probing_on_resolved(struct core *core, const struct resolved *resolved);
void probing_on_recalled(struct core *core, const struct nat_knowledge *knowledge);
void probing_on_answer(struct core *core, const struct probe_answer *answer);
void probing_on_failed(struct core *core, const struct probe_failed *failed);
void probing_on_timer(struct core *core, bool radio_is_on);
void probing_on_mapping_changed(struct core *core, bool late); /* though nothing was moved */
void probing_on_late_answer(struct core *core); /* a liveness check had to be repeated */
void probing_on_resumed(struct core *core);
bool probing_wants_check(struct core *core, usec_t silence_usec, usec_t last_in_at_usec); /* instead of the keepalive that is due */
bool probing_leaves_keepalives_alone(const struct core *core); /* nothing is done in their stead, but the alarm */
usec_t probing_alarm_deadline(const struct core *core); /* of a liveness check in a keepalive's stead; USEC_INFINITY: none */
usec_t probing_deadline(const struct core *core, usec_t *ret_slack_usec);
bool probing_needs_keepalives(const struct core *core);
bool probing_is_detecting(const struct core *core);
usec_t probing_interval(const struct core *core); /* what Mode=detect gives; 0: no keepalives */
