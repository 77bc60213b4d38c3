/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inner packets between the TUN device and whoever encrypts them: one thread that reads the device, checks each packet's source, counts,
 * and hands it to a transform; the transform gives decrypted packets back by datapath_deliver(). Without an address of ours nothing goes
 * out; a packet is never sent in clear, only dropped and counted. Reports by the mailbox when a watched packet stays unanswered.
 * The thread wakes for a packet, and for nothing else while nothing waits for an answer. Knows neither IKE nor ESP.
 */
#include "ike/mailbox.h"
#include "ike/traffic.h"

#include <stddef.h>
#include <sys/types.h>

#define DATAPATH_PACKET_MAX 65536

struct datapath;

struct datapath_stats {
    uint64_t rx_bytes, rx_packets; /* delivered to the device */
    uint64_t tx_bytes, tx_packets; /* taken by the transform */
    uint64_t n_dropped;            /* either direction */
};

/* Encrypts and sends one whole inner packet; 0, or negative errno: dropped. Called from the data path's thread. */
typedef int (*datapath_transform)(void *userdata, const void *packet, size_t size_bytes);

int datapath_new(struct mailbox *mailbox, struct datapath **ret);
void datapath_free(struct datapath *datapath); /* the thread has ended when this returns */

/* NULL: none; when this returns, the former is not called any more. */
void datapath_set_transform(struct datapath *datapath, datapath_transform transform, void *userdata);

/* Duplicates the descriptor; -1: no device. 0 or negative errno. */
int datapath_set_tun(struct datapath *datapath, int tun_fd);

/* Our inner addresses, the only valid sources; none: no tunnel stands. */
void datapath_set_addrs(struct datapath *datapath, const struct ip_addr *addrs, uint32_t n_addrs);

/* A decrypted packet that passed the policy. Any thread. */
void datapath_deliver(struct datapath *datapath, const void *packet, size_t size_bytes);

/* An outer packet of any kind left; something authenticated arrived. Any thread. */
void datapath_note_out(struct datapath *datapath);
void datapath_note_in(struct datapath *datapath);

/* Report the next inner packet that stays unanswered, as EVENT_TRAFFIC of this attempt. */
void datapath_watch(struct datapath *datapath, uint32_t attempt);

void datapath_get_stats(
    struct datapath *datapath, struct datapath_stats *ret_stats, struct traffic *ret_traffic);
void datapath_reset_stats(struct datapath *datapath);
