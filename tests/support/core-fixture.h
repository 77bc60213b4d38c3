/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A handset for tests of the core: a policy with the documented defaults, three links behind home and carrier networks, a gateway, and short
 * verbs that push events into a mirror. Every verb checks the invariants and fails the running test when one is broken.
 */
#include "support/mirror.h"
#include "support/test.h"

#define ETH0     2
#define WLAN0    3
#define WWAN0    4
#define NAME     "vpn.example.com"
#define GATEWAY  "203.0.113.5"
#define GATEWAY6 "2001:db8:5::5"

struct fixture {
    struct mirror mirror;
    struct policy policy;
    struct link_set links;
    struct credentials credentials;
    bool nat, mobike; /* of the gateway's answers */
    bool offload; /* the data path's */
    struct sealing sealing;
};

struct ip_addr addr_of(const char *text);
struct ip_prefix prefix_of(const char *text);

/* The defaults of mvpn.conf with one gateway by name. */
void fixture_policy(struct policy *ret);

struct link eth0(void);  /* 192.0.2.10/24 via .1, metric 100, ethernet */
struct link wlan0(void); /* 192.168.1.10/24 via .1, metric 600, wifi */
struct link wwan0(void); /* 10.64.0.10/30 via .9, metric 700, cellular, metered, wakes */
struct link wwan6(void); /* as wwan0, IPv6 only */

void fixture_init(struct fixture *f); /* started, disabled, links of fixture_links() none; credentials good */
void fixture_init_with(struct fixture *f, const struct policy *policy, uint64_t seed);
/* As after a reboot while enabled, with what is remembered (EVENT_REMEMBERED) and one link. */
void fixture_boot(struct fixture *f, const struct event *remembered, const struct link *link);
void fixture_done(struct fixture *f);

/* Verbs. Each is one event at the present time. */
void fx(struct fixture *f, const struct event *event);
void fx_simple(struct fixture *f, enum event_type type);
void fx_links(struct fixture *f, uint32_t n_links, const struct link *links);
void fx_policy(struct fixture *f, const struct policy *policy, bool ike_changed);
void fx_credentials(struct fixture *f, const struct credentials *credentials);
void fx_clock(struct fixture *f, int64_t wall_sec, int64_t floor_sec); /* wall clock now */
void fx_resolvers(
    struct fixture *f, uint32_t n_addrs, const char *const *addrs); /* answers the outstanding request */
void fx_resolved(struct fixture *f, uint32_t n_addrs, const char *const *addrs);
void fx_answer_name(struct fixture *f); /* both requests of an attempt, with the usual answers */
void fx_established(struct fixture *f);
void fx_failed(struct fixture *f, enum reason reason);
void fx_closed(struct fixture *f, enum reason reason);
void fx_moved(struct fixture *f, bool moved); /* where the last migration wanted to */
void fx_unanswered(
    struct fixture *f, usec_t for_usec); /* outbound for so long without an answer: EVENT_TRAFFIC */
void fx_advance(struct fixture *f, usec_t span_usec); /* timers fire */
void fx_sleep(struct fixture *f, usec_t span_usec);   /* time passes, no timer fires */

/* From the start to a state, over eth0 by name server 192.0.2.1 and GATEWAY. */
void fx_to_initiated(struct fixture *f); /* enable, links, name: IKE_SA_INIT is out */
void fx_reach(struct fixture *f, enum state state);

enum state fx_state(const struct fixture *f);
enum reason fx_reason(const struct fixture *f);
bool fx_did(const struct fixture *f, enum action_type type); /* in the last step */
usec_t fx_retry_in(const struct fixture *f);                 /* USEC_INFINITY: none planned */

#define CHECK_STATE(f, wanted_state, wanted_reason)                                                          \
    fx_check_state(__FILE__, __LINE__, f, wanted_state, wanted_reason)
bool fx_check_state(
    const char *file, int line, const struct fixture *f, enum state state, enum reason reason);
