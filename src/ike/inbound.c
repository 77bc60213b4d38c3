/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the wire to the device. A datagram is ESP or, with the non-ESP marker or on a socket that carries none, IKE's (RFC 3948, 2.2). ESP is
 * opened in the buffer it came in; what comes out must be what the SA's policies allow, or a gateway could inject what its selectors do not
 * cover. Packets that belong together are written to the device as one frame, at the latest when the batch ends.
 */
#include "ike/datapath_internal.h"

#include "base/macro.h"
#include "esp/outer.h"

#include <errno.h>
#include <string.h>

#define BATCHES_PER_WAKE 4
#define MARKER_BYTES     4 /* of zeros, where the SPI of ESP would be */

/* Writes what has gathered. */
static void deliver(struct datapath *datapath)
{
    const struct iovec *pieces;
    unsigned n_pieces;

    while ((pieces = coalesce_take(&datapath->inbound.coalescer, &n_pieces)))
        if (tun_write(&datapath->tun, pieces, n_pieces) < 0)
            datapath_count(&datapath->n_dropped, n_pieces - 1);
}

static void deliver_one(struct datapath *datapath, uint8_t *packet, size_t size_bytes)
{
    struct virtio_net_hdr header = { 0 };
    struct iovec pieces[] = { { &header, sizeof(header) }, { packet, size_bytes } };

    if (tun_write(&datapath->tun, pieces, ELEMENTSOF(pieces)) < 0)
        datapath_count(&datapath->n_dropped, 1);
}

static void accept_packet(struct datapath *datapath, uint8_t *packet, const struct inner_packet *inner)
{
    struct coalescer *coalescer = &datapath->inbound.coalescer;

    datapath_count(&datapath->rx_packets, 1);
    datapath_count(&datapath->rx_bytes, inner->length_bytes);
    if (!datapath->tun.tso) {
        deliver_one(datapath, packet, inner->length_bytes);
    } else if (!coalesce_add(coalescer, packet, inner)) {
        deliver(datapath);
        (void)coalesce_add(coalescer, packet, inner);
    }
}

/* False: it is not what this SA may bring. */
static bool unwrap(struct datapath *datapath, const struct esp_sa *sa, const struct esp_opened *opened,
    uint8_t outer_tos, struct inner_packet *ret)
{
    uint8_t family = opened->next_header == ESP_NEXT_HEADER_IPV6 ? 6 : 4;

    return inner_packet_parse(opened->inner, opened->bytes, ret) && ret->source.family == family &&
           esp_sad_permits_inbound(datapath->sad, sa, ret) &&
           outer_decapsulate(outer_tos, opened->inner, ret->length_bytes) == 0;
}

static void tell(struct datapath *datapath, const struct esp_sa *sa, enum datapath_notice_type type,
    const struct udp_endpoint *remote)
{
    struct datapath_notice notice = {
        .type = type,
        .spi = esp_sa_spi(sa),
        .inbound = true,
        .outer = *esp_sa_outer(sa),
        .remote = *remote,
    };

    if (datapath->handler.notice)
        datapath->handler.notice(datapath->handler.userdata, &notice);
}

static bool same_endpoint(const struct udp_endpoint *a, const struct udp_endpoint *b)
{
    return a->port == b->port && ip_addr_equal(&a->addr, &b->addr);
}

/*
 * The gateway's side of a NAT chose another port, or the SA's time has come. What comes to another address than the SA's was under way while
 * we moved: it tells where the gateway was, not where it is (RFC 4555, 3.8: ESP may be followed, and only in this).
 */
static void look_after(struct datapath *datapath, struct esp_sa *sa, const struct udp_received *received)
{
    const struct esp_outer *outer = esp_sa_outer(sa);
    const struct udp_endpoint *from = &received->from;
    struct inbound *in = &datapath->inbound;

    if ((outer->remote_port != from->port || !ip_addr_equal(&outer->remote, &from->addr)) &&
        ip_addr_equal(&outer->local, &received->to) &&
        (in->told_spi != esp_sa_spi(sa) || !same_endpoint(&in->told, from))) {
        in->told_spi = esp_sa_spi(sa);
        in->told = *from;
        tell(datapath, sa, DATAPATH_NOTICE_MAPPING, from);
    }
    switch (esp_sa_take_due(sa)) {
    case ESP_DUE_NOTHING:
        break;
    case ESP_DUE_SOFT:
        tell(datapath, sa, DATAPATH_NOTICE_SOFT_EXPIRE, from);
        break;
    case ESP_DUE_HARD:
        tell(datapath, sa, DATAPATH_NOTICE_HARD_EXPIRE, from);
        break;
    }
}

static void on_esp(
    struct datapath *datapath, const struct udp_received *received, uint8_t *packet, size_t size_bytes)
{
    uint32_t spi =
        (uint32_t)packet[0] << 24 | (uint32_t)packet[1] << 16 | (uint32_t)packet[2] << 8 | packet[3];
    struct esp_sa *sa = esp_sad_inbound(datapath->sad, spi);
    struct esp_opened opened;
    struct inner_packet inner;

    if (!sa || esp_sa_open(sa, packet, size_bytes, datapath->now_usec, &opened) < 0) {
        datapath_count(&datapath->n_dropped, 1);
        return;
    }
    traffic_in(&datapath->marks, datapath->now_usec);
    look_after(datapath, sa, received);
    if (opened.next_header == ESP_NEXT_HEADER_NONE)
        return; /* RFC 4303, 2.6: dummy packets are discarded */
    if ((opened.next_header != ESP_NEXT_HEADER_IPV4 && opened.next_header != ESP_NEXT_HEADER_IPV6) ||
        !unwrap(datapath, sa, &opened, received->tos, &inner)) {
        datapath_count(&datapath->n_dropped, 1);
        return;
    }
    if (!inner_packet_is_noise(&inner))
        traffic_inner(&datapath->marks, datapath->now_usec);
    accept_packet(datapath, opened.inner, &inner);
}

static void on_message(
    struct datapath *datapath, const struct udp_received *received, const struct udp_socket *udp)
{
    if (datapath->handler.message)
        datapath->handler.message(datapath->handler.userdata, received, udp->port);
}

static void on_datagram(struct datapath *datapath, unsigned socket_index, const struct udp_received *received,
    uint8_t *data, size_t size_bytes)
{
    static const uint8_t marker[MARKER_BYTES] = { 0 };
    struct udp_received one = *received;

    if (datapath->carries_esp[socket_index]) {
        if (size_bytes <= MARKER_BYTES)
            return; /* a keepalive (RFC 3948, 2.3), or nothing */
        if (memcmp(data, marker, MARKER_BYTES) != 0) {
            on_esp(datapath, received, data, size_bytes);
            return;
        }
    }
    one.data = data;
    one.size_bytes = one.segment_bytes = size_bytes;
    on_message(datapath, &one, &datapath->sockets[socket_index]);
}

static void on_received(struct datapath *datapath, unsigned socket_index, const struct udp_received *received)
{
    size_t step_bytes = MAX_OF(received->segment_bytes, (size_t)1);

    for (size_t done = 0; done < received->size_bytes; done += step_bytes)
        on_datagram(datapath, socket_index, received, received->data + done,
            MIN_OF(step_bytes, received->size_bytes - done));
}

void inbound_run(struct datapath *datapath, unsigned socket_index)
{
    struct inbound *in = &datapath->inbound;
    int n = UDP_BATCH_MAX;

    coalesce_init(&in->coalescer, datapath->tun.uso);
    for (unsigned i = 0; i < BATCHES_PER_WAKE && n == UDP_BATCH_MAX; i++) {
        n = udp_receive(&datapath->sockets[socket_index], &in->batch, in->received);
        for (int k = 0; k < n; k++)
            on_received(datapath, socket_index, &in->received[k]);
        deliver(datapath); /* before the buffers are used again */
    }
}
