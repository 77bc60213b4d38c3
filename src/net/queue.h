/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Requests that are decided while a dump is still being read, and sent when it is over: deletions of what a dump showed too much.
 * Owns its messages until they are taken. Never sends.
 */
#include <linux/netlink.h>

struct nl_msg;

struct channel_queue {
    unsigned n_msgs, room;
    struct nl_msg **msgs; /* NULL where taken */
};

/* Adds a request of `type` with the payload of a dumped message, sent back as it came. 0 or -ENOMEM. */
int channel_queue_echo(struct channel_queue *queue, int type, const struct nlmsghdr *header);
struct nl_msg *channel_queue_take(struct channel_queue *queue, unsigned i); /* the caller's from here on */
void channel_queue_clear(struct channel_queue *queue);
