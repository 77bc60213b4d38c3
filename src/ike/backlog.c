/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of fixed size. See backlog.h.
 */
#include "ike/backlog.h"

#include "esp/inner.h"
#include "esp/readdress.h"

#include <string.h>

unsigned backlog_put(struct backlog *backlog, usec_t now_usec, const struct virtio_net_hdr *header,
    const void *data, size_t size_bytes)
{
    bool full = backlog->n_packets == BACKLOG_MAX;
    struct backlog_packet *packet;

    if (size_bytes > BACKLOG_BYTES)
        return 1;
    packet = &backlog->packets[(backlog->first + backlog->n_packets) % BACKLOG_MAX];
    if (full)
        backlog->first = (backlog->first + 1) % BACKLOG_MAX;
    else
        backlog->n_packets++;
    packet->at_usec = now_usec;
    packet->header = *header;
    packet->size_bytes = (uint16_t)size_bytes;
    memcpy(packet->data, data, size_bytes);
    return full;
}

struct backlog_packet *backlog_take(struct backlog *backlog)
{
    struct backlog_packet *packet;

    if (backlog->n_packets == 0)
        return NULL;
    packet = &backlog->packets[backlog->first];
    backlog->first = (backlog->first + 1) % BACKLOG_MAX;
    backlog->n_packets--;
    return packet;
}

const struct backlog_packet *backlog_newest(const struct backlog *backlog)
{
    if (backlog->n_packets == 0)
        return NULL;
    return &backlog->packets[(backlog->first + backlog->n_packets - 1) % BACKLOG_MAX];
}

bool backlog_suit(struct backlog_packet *packet, const struct ip_addr *addrs, uint32_t n_addrs)
{
    const struct ip_addr *of_family = NULL;
    struct inner_packet parsed;

    if (!inner_packet_parse(packet->data, packet->size_bytes, &parsed))
        return false;
    for (uint32_t i = 0; i < n_addrs; i++) {
        if (ip_addr_equal(&addrs[i], &parsed.source))
            return true;
        if (!of_family && addrs[i].family == parsed.source.family)
            of_family = &addrs[i];
    }
    return of_family && readdress_source(packet->data, &parsed, of_family, packet->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
}
