/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The user-space data path: one thread between the TUN device and the UDP sockets. Out: frames are cut into packets, sealed and sent as
 * trains of equal datagrams. In: datagrams are opened, checked against the policies, coalesced and written. Each packet stays in that thread
 * from one end to the other; IKE messages, which share the sockets, are handed on.
 * Without an address of ours nothing goes out: the newest few packets are kept for the tunnel that comes, the rest is dropped and counted;
 * never is one sent in clear. The kept ones leave when the interface is said to be ready for their answers. The thread wakes for a packet, and
 * for nothing else while nothing waits for an answer.
 * Knows SAs and policies, not where they come from; what ends in libcharon is reported by a handler.
 */
#include "esp/sad.h"
#include "esp/udp.h"
#include "ike/mailbox.h"
#include "ike/traffic.h"

#include <stddef.h>
#include <sys/types.h>

#define DATAPATH_KEEP_USEC   SEC(30) /* older ones that wait for a tunnel are not sent any more */
#define DATAPATH_SOCKETS_MAX 4

struct datapath;

struct datapath_stats {
    uint64_t rx_bytes, rx_packets; /* inner packets given to the device */
    uint64_t tx_bytes, tx_packets; /* inner packets sealed and sent */
    uint64_t n_dropped;            /* either direction, for whatever reason */
    uint64_t n_kept;               /* packets that waited for a tunnel and went through it */
};

enum datapath_notice_type {
    DATAPATH_NOTICE_SOFT_EXPIRE, /* the SA should be rekeyed */
    DATAPATH_NOTICE_HARD_EXPIRE, /* it must not be used any more */
    DATAPATH_NOTICE_MAPPING,     /* authentic packets come from another endpoint */
};

struct datapath_notice {
    enum datapath_notice_type type;
    uint32_t spi; /* host order */
    bool inbound;
    struct esp_outer outer;
    struct udp_endpoint remote; /* of a mapping: the new one */
};

/* Called from the data path's thread, with its lock held: copy and go, never call back. */
struct datapath_handler {
    void (*message)(
        void *userdata, const struct udp_received *message, uint16_t local_port); /* not ESP: IKE's */
    void (*notice)(void *userdata, const struct datapath_notice *notice);
    void *userdata;
};

int datapath_new(struct mailbox *mailbox, struct datapath **ret);
void datapath_free(struct datapath *datapath); /* the thread has ended when this returns */

/* NULL: none; when this returns, the former is not called any more. */
void datapath_set_handler(struct datapath *datapath, const struct datapath_handler *handler);

/* Duplicates the descriptor; -1: no device. 0 or negative errno. */
int datapath_set_tun(struct datapath *datapath, int tun_fd);

/*
 * A socket that lives as long as the data path. esp: datagrams that do not begin with the non-ESP marker are ESP (RFC 3948); else everything
 * is IKE. Port 0: ephemeral. Returns the descriptor (owned by the data path), for pinning, and the port; or negative errno.
 */
int datapath_open_socket(
    struct datapath *datapath, uint8_t family, uint16_t port, uint32_t mark, bool esp, uint16_t *ret_port);

/* The one that was opened last: it was not of use. */
void datapath_close_last_socket(struct datapath *datapath);

/* A datagram of IKE's, from the socket with that local port; any thread. */
int datapath_send(struct datapath *datapath, const struct udp_path *path, uint16_t local_port,
    const void *data, size_t size_bytes);

/* The link that the sockets are pinned to now: its path MTU is looked up, and UDP_SEGMENT tried, anew. */
void datapath_set_link(struct datapath *datapath, int ifindex, uint32_t mark);

/*
 * The tunnel is about to move: ESP to this gateway leaves with our new address from now on. The gateway knows an SA by its SPI (RFC 4301, 4.1),
 * so nothing has to wait until it has heard where we are; only what it sends to us does.
 */
void datapath_move(struct datapath *datapath, const struct ip_addr *local, const struct ip_addr *remote);

/* The SAs and policies; changes take effect with the next packet. The lock is held for a few packets at most by the thread. */
struct esp_sad *datapath_lock_sad(struct datapath *datapath);
void datapath_unlock_sad(struct datapath *datapath);

/* Our inner addresses, the only valid sources; none: no tunnel stands. After none, packets wait for datapath_release() as well. */
void datapath_set_addrs(struct datapath *datapath, const struct ip_addr *addrs, uint32_t n_addrs);

/* The interface has these addresses now. */
void datapath_release(struct datapath *datapath);

/* Something authenticated arrived that was not ESP. Any thread. */
void datapath_note_in(struct datapath *datapath);

/* Report the next inner packet that stays unanswered, as EVENT_TRAFFIC of this attempt. */
void datapath_watch(struct datapath *datapath, uint32_t attempt);

/* Report the next inner packet that finds no tunnel, or one that waits for one already, as EVENT_DEMAND. */
void datapath_watch_demand(struct datapath *datapath);

void datapath_get_stats(
    struct datapath *datapath, struct datapath_stats *ret_stats, struct traffic *ret_traffic);
uint32_t datapath_count_sas(struct datapath *datapath); /* that stand; waits for the thread, unlike the above */
