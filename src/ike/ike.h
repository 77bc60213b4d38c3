/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * IKEv2 and ESP by strongSwan's libcharon: one IKE SA at a time, initiated, moved, checked and terminated when told. All of libcharon's
 * threads end here: hooks copy values into a mailbox, ike_pop() gives them to the daemon's loop as events.
 * Never retries, never chooses a gateway, link or moment. Every function is called from the daemon's one thread and returns at once
 * (ike_start and ike_stop take some milliseconds).
 */
#include "config/settings.h"
#include "core/action.h"
#include "core/event.h"

struct ike;

struct ike_options {
    const struct settings *settings; /* copied as needed */
    const char *crl_dir; /* cache of CRLs in the state directory; must exist */
    int64_t wallclock_floor_sec; /* validity of certificates is judged at max(now, floor) */
    bool kernel; /* ESP is the kernel's: the tunnel interface of the settings is of kind xfrm */
    bool offload; /* the kernel may send the keepalives of its SAs */
    int tun_fd; /* duplicated; -1: none yet, or the kernel's path */
};

struct ike_stats {
    struct traffic traffic;
    uint64_t rx_bytes, tx_bytes; /* inner packets of the tunnel, over all SAs since ike_start */
    uint64_t rx_packets, tx_packets;
    uint64_t n_rekeys; /* IKE and CHILD SAs */
};

/* 0, or -ELIBBAD with a sentence in ret_error when the libcharon that is loaded is not the one mvpnd was built for. */
int ike_check_library(char *ret_error, size_t size);

int ike_new(struct ike **ret);
void ike_free(struct ike *ike);

int ike_start(struct ike *ike, const struct ike_options *options); /* loads credentials; negative errno, ike_error() tells */
void ike_stop(struct ike *ike); /* sends a DELETE where an SA stands (without waiting), ends all threads; idempotent */
const char *ike_error(const struct ike *ike);

/* ACTION_IKE_INITIATE, _MIGRATE, _LIVENESS, _TERMINATE, ACTION_KEEPALIVE, _OFFLOAD_KEEPALIVES, _WATCH_TRAFFIC, _WATCH_DEMAND, _FETCH_REPLY. */
int ike_execute(struct ike *ike, const struct action *action);

/* The tunnel interface was (re-)created: the data path uses this one from now on (duplicated; -1: the kernel's). */
int ike_set_tun(struct ike *ike, int tun_fd);

int ike_fd(const struct ike *ike); /* readable while ike_pop() has events */
bool ike_pop(struct ike *ike, struct event *ret);
void ike_get_stats(struct ike *ike, struct ike_stats *ret);
uint32_t ike_count_sas(struct ike *ike); /* ESP SAs of either direction that stand, replaced ones among them; 0 where the kernel has them */
