/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One netlink socket, rtnetlink's, XFRM's or generic netlink's: calls with their answers (requests, gets, dumps), or a stream of notifications.
 * Owns the socket and one receive buffer, so that memory does not grow with what the kernel holds.
 * Knows what a message's envelope says (done, error,
 * interrupted, overrun), never what is inside.
 */
#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

struct nl_msg;
struct nl_sock;
struct sock_filter;

struct channel {
    struct nl_sock *sock;
    uint8_t *buf;
    uint32_t portid; /* what the kernel puts into notifications of changes that this socket asked for */
};

/* Called for every message with a payload; negative errno is remembered, the rest of the answer is still read. */
struct channel_sink {
    int (*each)(const struct nlmsghdr *header, void *userdata);
    void *userdata;
};

/* For calls: blocking, strict dump requests where the kernel has them. */
int channel_open(struct channel *ret);
/* For calls to the kernel's IPsec. -EPROTONOSUPPORT: it has none. */
int channel_open_xfrm(struct channel *ret);
/* For calls to a family of generic netlink. */
int channel_open_generic(struct channel *ret);
/* For notifications of `n_groups` multicast groups: non-blocking. A group that the kernel lacks is left out. */
int channel_open_events(struct channel *ret, const int *groups, unsigned n_groups, int receive_bytes);
/* From here on only datagrams for which the program does not return 0 (socket filter, classic BPF) get in, and wake anybody. */
int channel_filter(struct channel *channel, struct sock_filter *program, unsigned short n_instructions);
int channel_join(struct channel *channel, int group);
void channel_close(struct channel *channel);
int channel_fd(const struct channel *channel);

/*
 * A message of `type` whose payload starts with the given header. NULL: no memory. Attributes are added with nla_put_*; a failed put shows
 * as -ENOMEM or -EMSGSIZE there. Give it to channel_call(), which frees it in every case.
 */
struct nl_msg *channel_message(int type, int flags, const void *header, int header_bytes);

/*
 * Sends and reads the whole answer. 0; the kernel's error; the first error of the sink; -EAGAIN when the dump was interrupted by a change
 * (what the sink saw may lack something). sink NULL: nothing but the acknowledgement is expected.
 */
int channel_call(struct channel *channel, struct nl_msg *msg, const struct channel_sink *sink);

/* Reads what is there, at most a bounded number of datagrams. 0, -ENOBUFS when notifications were lost (the rest is read), or an error. */
int channel_drain(struct channel *channel, const struct channel_sink *sink);

void cleanup_channel_msg(struct nl_msg **msg);
#define _cleanup_msg_ _cleanup_(cleanup_channel_msg)
