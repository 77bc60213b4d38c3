/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The newest few packets that came while there was no tunnel, in the order they came. A newer one takes the oldest one's place; one that waited
 * too long is not worth sending. The addresses of a packet may have changed meanwhile; else it is bytes.
 */
#include "base/ipaddr.h"
#include "base/usec.h"

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKLOG_MAX   16
#define BACKLOG_BYTES 2048 /* of one packet */

struct backlog_packet {
    usec_t at_usec;
    struct virtio_net_hdr header;
    uint16_t size_bytes;
    uint8_t data[BACKLOG_BYTES];
};

struct backlog {
    uint32_t first, n_packets;
    struct backlog_packet packets[BACKLOG_MAX];
};

/* How many packets were lost by it: 0, or 1 (the oldest, or this one when it is too large). */
unsigned backlog_put(struct backlog *backlog, usec_t now_usec, const struct virtio_net_hdr *header,
    const void *data, size_t size_bytes);

/* The one that came last, still in the row; NULL: none. */
const struct backlog_packet *backlog_newest(const struct backlog *backlog);

/* The oldest one, valid until the next call; NULL: none is left. */
struct backlog_packet *backlog_take(struct backlog *backlog);

/* Makes one of these addresses its source, if it has another one; false: it is of no use with them. */
bool backlog_suit(struct backlog_packet *packet, const struct ip_addr *addrs, uint32_t n_addrs);
