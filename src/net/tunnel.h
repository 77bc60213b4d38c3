/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The tunnel interface: creates it (a TUN device, or one of kind xfrm), tells ours from a foreign one of the same name (by its alias), gives
 * it MTU and addresses, takes it away. Never reads a packet.
 */
#include "core/routing.h"
#include "net/channel.h"

/* What the kernel has under that name. */
struct tunnel_state {
    int ifindex; /* 0: nothing */
    bool ours;   /* it bears our mark */
    bool up;
    bool kernel; /* of kind xfrm with our id: the kernel's ESP carries its packets */
    uint32_t mtu; /* bytes */
};

int tunnel_find(struct channel *channel, const char *name, struct tunnel_state *ret);

/*
 * A new, non-persistent, non-blocking TUN device of that name, marked as ours, up, without IPv6 autoconfiguration and multicast. What is
 * left over of ours is replaced. -EEXIST: the name belongs to somebody else.
 */
int tunnel_create(struct channel *channel, const char *name, uint32_t mtu, int *ret_fd, int *ret_ifindex);

/* Likewise for the kernel's ESP. One that is left over stays: sockets that are bound to it go on. */
int tunnel_create_kernel(struct channel *channel, const char *name, uint32_t mtu, int *ret_ifindex);

/* MTU, up, and exactly these addresses; interface as found by tunnel_find(). */
int tunnel_configure(
    struct channel *channel, const struct tunnel_state *state, const struct routing *routing);

/* 1: up and has all addresses; 0: not; or negative errno. */
int tunnel_complete(struct channel *channel, const struct tunnel_state *state, const struct routing *routing);

/* Only a device that is ours; nothing there is no error. */
int tunnel_delete(struct channel *channel, const char *name);
