/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A UDP socket for IKE and ESP (RFC 3948): many datagrams a system call in both directions, by UDP_GRO and recvmmsg on the way in, by
 * UDP_SEGMENT on the way out where the path has them, one by one where not. Tells and sets the local address and the TOS byte of each
 * datagram. Outer packets are not fragmented (DF), but for IKE's, whose first messages are too early for IKE fragmentation.
 * Knows neither IKE nor ESP; which link a datagram takes is set on the descriptor by ike/pin.
 */
#include "base/ipaddr.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define UDP_BATCH_MAX    8     /* receive calls' worth of datagrams at a time */
#define UDP_BUFFER_BYTES 65536 /* a whole aggregate */
#define UDP_TRAIN_BYTES  65000 /* of one UDP_SEGMENT send (65507 and what headers take of it) */
#define UDP_TRAIN_MAX    64    /* segments (UDP_MAX_SEGMENTS of every kernel) */

struct udp_endpoint {
    struct ip_addr addr;
    uint16_t port;
};

struct udp_socket {
    int fd;
    uint8_t family; /* 4 or 6 */
    uint16_t port;  /* local */
    bool gro;
    bool segment; /* cleared when a link refuses UDP_SEGMENT */
};

/* Equal datagrams of one sender, as they came; segment_bytes divides all but the last. */
struct udp_received {
    uint8_t *data;
    size_t size_bytes, segment_bytes;
    struct udp_endpoint from;
    struct ip_addr to; /* family 0: not told */
    uint8_t tos;
};

/* Where datagrams go and how. */
struct udp_path {
    struct udp_endpoint remote;
    struct ip_addr local; /* family 0: the kernel's choice */
    uint8_t tos;
};

/* Room for one batch; pages that no datagram reaches are never touched. */
struct udp_batch {
    struct mmsghdr messages[UDP_BATCH_MAX];
    struct iovec pieces[UDP_BATCH_MAX];
    struct sockaddr_storage names[UDP_BATCH_MAX];
    union {
        struct cmsghdr align;
        uint8_t bytes[256];
    } control[UDP_BATCH_MAX];
    uint8_t buffers[UDP_BATCH_MAX][UDP_BUFFER_BYTES];
};

/* port 0: ephemeral; mark 0: none. 0 or negative errno. */
int udp_open(uint8_t family, uint16_t port, uint32_t mark, struct udp_socket *ret);
void udp_close(struct udp_socket *udp);

/* Another link may do what the last one refused. */
void udp_try_segment(struct udp_socket *udp);

/* What is there, at most UDP_BATCH_MAX entries, without waiting. Number of entries, -EAGAIN, or another negative errno. */
int udp_receive(
    const struct udp_socket *udp, struct udp_batch *batch, struct udp_received ret[UDP_BATCH_MAX]);

/*
 * Sends size_bytes as datagrams of segment_bytes, the last may be shorter; at most UDP_TRAIN_MAX of them and UDP_TRAIN_BYTES in all.
 * A full socket is waited for a moment, as a link would make one wait. 0; -EMSGSIZE: larger than the path's MTU; other negative errno.
 */
int udp_send(struct udp_socket *udp, const struct udp_path *path, const uint8_t *data, size_t size_bytes,
    size_t segment_bytes);

/* The same for one datagram that may be fragmented on the way. */
int udp_send_fragmentable(
    struct udp_socket *udp, const struct udp_path *path, const uint8_t *data, size_t size_bytes);

/* The largest outer IP packet that the kernel knows to pass to this destination over this link; 0: unknown. */
uint32_t udp_path_mtu(const struct udp_path *path, int ifindex, uint32_t mark);
