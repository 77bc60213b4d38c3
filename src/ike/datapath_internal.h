/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the rooms of the data path share: datapath.c (the thread and everybody else's view of it), outbound.c and inbound.c (what the thread
 * does with packets), backlog.c (packets that wait). Everything but the atomics is under `lock`.
 */
#include "esp/coalesce.h"
#include "esp/engine.h"
#include "esp/inner.h"
#include "esp/segment.h"
#include "esp/tun.h"
#include "ike/backlog.h"
#include "ike/datapath.h"

#include <pthread.h>

#define TRAIN_BUFFER_BYTES (2 * UDP_BUFFER_BYTES)

/* Sealed packets of one SA that leave in one call. */
struct train {
    struct udp_socket *udp; /* NULL: empty */
    struct udp_path path;
    size_t start_bytes; /* where it begins in the buffer */
    size_t size_bytes, segment_bytes;
    unsigned n_packets;
    bool fragmentable; /* one packet that the path may fragment */
    uint64_t inner_bytes;
    uint8_t buffer[TRAIN_BUFFER_BYTES];
};

struct outbound {
    struct segmenter segmenter;
    struct virtio_net_hdr header;
    uint8_t frame[TUN_FRAME_MAX];
    uint8_t oversized[TUN_FRAME_MAX];
    struct train train;
};

struct inbound {
    struct coalescer coalescer;
    struct udp_received received[UDP_BATCH_MAX];
    struct udp_batch batch;
    uint32_t told_spi; /* the mapping that was reported last */
    struct udp_endpoint told;
};

struct datapath {
    struct mailbox *mailbox;
    struct traffic_marks marks;
    _Atomic uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets, n_dropped, n_kept;
    _Atomic uint32_t watch_attempt;
    atomic_bool stopping;
    atomic_bool demand_watched;
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t lock; /* held by the thread while it works, never while it sleeps */
    struct tun tun;       /* .fd -1: none, or it died */
    struct datapath_handler handler;
    struct esp_engine *engine; /* NULL: OpenSSL does it all */
    struct esp_sad *sad;
    uint32_t n_addrs;
    struct ip_addr addrs[TUNNEL_ADDRS_MAX];
    bool held; /* packets wait although there is an address: nobody has said yet that the interface has it */
    unsigned n_sockets;
    struct udp_socket sockets[DATAPATH_SOCKETS_MAX];
    bool carries_esp[DATAPATH_SOCKETS_MAX];
    int ifindex; /* of the pinned link; 0: unknown */
    uint32_t mark;
    uint32_t path_mtu; /* largest outer packet; 0: not asked yet, or unknown */
    usec_t path_mtu_at_usec;
    uint32_t path_mtu_told; /* 0: none of this link */

    usec_t now_usec; /* of this batch */
    struct backlog backlog;
    struct outbound outbound;
    struct inbound inbound;
};

static inline void datapath_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

struct udp_socket *datapath_socket(struct datapath *datapath, uint8_t family, uint16_t port);

/* outbound.c: somebody waits for a tunnel. */
void outbound_tell_demand(struct datapath *datapath);

/* outbound.c: everything that can be read now, within a bound. False: the device died. */
bool outbound_run(struct datapath *datapath);

/* inbound.c: everything that can be received now, within a bound. */
void inbound_run(struct datapath *datapath, unsigned socket_index);
