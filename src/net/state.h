/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The object behind net.h, shared by its rooms: net.c makes and gives, watch.c listens and dumps, neighbours.c hears of lost routers, apply.c
 * makes routing so and checks it. Plain data; no function of its own.
 */
#include "net/channel.h"
#include "net/neighbours.h"
#include "net/net.h"
#include "net/snapshot.h"

#define NET_PATH_SIZE 512

/* What must be read again, or checked, before the next report. */
enum net_doubt {
    DOUBT_LINKS = 1 << 0,
    DOUBT_ADDRS = 1 << 1,
    DOUBT_ROUTES = 1 << 2,
    DOUBT_OURS = 1 << 3, /* rules, tables and settings of mvpn */
    DOUBT_TUNNEL = 1 << 4,
};
#define DOUBT_ALL (DOUBT_LINKS | DOUBT_ADDRS | DOUBT_ROUTES | DOUBT_OURS | DOUBT_TUNNEL)

struct net {
    char interface[IF_NAME_SIZE];
    char sysctl_file[NET_PATH_SIZE];
    bool ipv6; /* the kernel has it */
    struct channel calls;
    struct channel events;
    struct neighbours neighbours;
    int poll_fd;     /* epoll over the events, the neighbours' and wake_fd */
    int wake_fd;     /* eventfd: something is to be reported that no notification tells */
    unsigned doubts; /* of enum net_doubt */
    struct snapshot snapshot;
    struct link_set given;  /* the last one handed out */
    struct routing routing; /* as last asked for; .active false: nothing of ours is wanted */
    int tunnel_ifindex;     /* of the device that net_tunnel_open() made; 0: none, or its loss is reported */
};
