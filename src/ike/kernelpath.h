/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The data path where the kernel carries the packets: no packet passes here. Gives what a data path of our own gives, namely counters, the
 * marks of the wire, and the report of a packet that stays unanswered; from the interface's counters and from a tap on it (tap.h), as the
 * gauge decides (core/gauge.h). Its thread sleeps while nothing is sent.
 */
#include "ike/datapath.h"
#include "ike/mailbox.h"

struct kernelpath;

/* What of a tunnel that stands is gone, by somebody else's hand. */
enum kernelpath_loss {
    KERNELPATH_LOSS_SAS,
    KERNELPATH_LOSS_POLICIES, /* of ESP's; may be told again until they are back */
};

/* Called from the thread, with its lock held. */
typedef void (*kernelpath_lost)(void *userdata, enum kernelpath_loss loss);

int kernelpath_new(struct mailbox *mailbox, const char *interface, kernelpath_lost lost, void *userdata,
    struct kernelpath **ret);
void kernelpath_free(struct kernelpath *path); /* the thread has ended when this returns */

/* The interface was made, or made again. */
void kernelpath_rebind(struct kernelpath *path);

/* A tunnel with these addresses stands, or with none: no tunnel, and nothing is watched. */
void kernelpath_set_addrs(struct kernelpath *path, const struct ip_addr *addrs, uint32_t n_addrs);

/* As in datapath.h. What comes meanwhile is kept; kernelpath_watch() releases it. */
int kernelpath_watch_demand(struct kernelpath *path);

/* As in datapath.h. Any thread. */
void kernelpath_note_in(struct kernelpath *path);
void kernelpath_watch(struct kernelpath *path, uint32_t attempt);
void kernelpath_get_stats(
    struct kernelpath *path, struct datapath_stats *ret_stats, struct traffic *ret_traffic);
