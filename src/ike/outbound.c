/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the device to the wire. A frame is judged once (all its packets are of one flow), then cut; each packet is written straight to where
 * it is sealed. Sealed packets of one SA and size gather in a train, which leaves when the size changes, when it is full, or when the device
 * has nothing more: no packet waits for another that is not there yet.
 * What is too large for the path is answered as a router would (RFC 4301, 8.2) or, without DF, fragmented before it is sealed.
 */
#include "ike/datapath_internal.h"

#include "base/macro.h"
#include "esp/outer.h"
#include "esp/toobig.h"
#include "esp/wire.h"

#include <errno.h>
#include <string.h>

#define FRAMES_PER_WAKE    32
#define IPV6_MTU_MIN_BYTES 1280
#define PATH_MTU_AGE_USEC  SEC(600) /* as long as the kernel trusts what a router said (RFC 1191, 6.3) */

static size_t outer_headers_bytes(const struct ip_addr *remote)
{
    return (remote->family == 6 ? IPV6_HEADER_BYTES : IPV4_HEADER_MIN_BYTES) + UDP_HEADER_BYTES;
}

static void ask_path_mtu(struct datapath *datapath, const struct udp_path *path)
{
    datapath->path_mtu = udp_path_mtu(path, datapath->ifindex, datapath->mark);
    datapath->path_mtu_at_usec = datapath->now_usec;
    if (datapath->path_mtu == 0 || datapath->path_mtu == datapath->path_mtu_told)
        return;
    datapath->path_mtu_told = datapath->path_mtu;
    mailbox_post(datapath->mailbox, atomic_load(&datapath->watch_attempt),
        &(struct event){ .type = EVENT_PATH_MTU, .path_mtu_bytes = datapath->path_mtu });
}

/* Sends what has gathered. */
static void depart(struct datapath *datapath)
{
    struct train *train = &datapath->outbound.train;
    int r;

    if (train->n_packets == 0)
        return;
    r = train->fragmentable ? udp_send_fragmentable(train->udp, &train->path,
                                  train->buffer + train->start_bytes, train->size_bytes)
                            : udp_send(train->udp, &train->path, train->buffer + train->start_bytes,
                                  train->size_bytes, train->segment_bytes);
    if (r < 0) {
        datapath_count(&datapath->n_dropped, train->n_packets);
        if (r == -EMSGSIZE)
            ask_path_mtu(datapath, &train->path);
    } else {
        traffic_out(&datapath->marks, datapath->now_usec);
        datapath_count(&datapath->tx_packets, train->n_packets);
        datapath_count(&datapath->tx_bytes, train->inner_bytes);
    }
    train->start_bytes += train->size_bytes;
    train->size_bytes = train->inner_bytes = 0;
    train->n_packets = 0;
    train->fragmentable = false;
}

static bool same_path(const struct udp_path *a, const struct udp_path *b)
{
    return a->tos == b->tos && a->remote.port == b->remote.port &&
           ip_addr_equal(&a->remote.addr, &b->remote.addr) && ip_addr_equal(&a->local, &b->local);
}

/* What one frame's packets have in common. */
struct shipment {
    struct esp_sa *sa;
    struct udp_socket *udp;
    struct udp_path path;
    uint8_t next_header;
    size_t inner_max_bytes; /* larger ones do not fit the path */
    bool dont_fragment;     /* the inner packets say so */
};

/*
 * Where an inner packet of this size is to be written, behind those that wait for the same train. A train is of equal packets; a shorter one
 * may be its last.
 */
static uint8_t *platform(struct datapath *datapath, const struct shipment *shipment, size_t inner_bytes)
{
    struct train *train = &datapath->outbound.train;
    size_t sealed_bytes = esp_sa_sealed_bytes(shipment->sa, inner_bytes);

    if (train->n_packets > 0 &&
        (train->n_packets == UDP_TRAIN_MAX || train->size_bytes + sealed_bytes > UDP_TRAIN_BYTES ||
            sealed_bytes > train->segment_bytes || train->udp != shipment->udp ||
            !same_path(&train->path, &shipment->path)))
        depart(datapath);
    if (train->n_packets == 0) {
        if (train->start_bytes + UDP_BUFFER_BYTES > sizeof(train->buffer))
            train->start_bytes = 0;
        train->udp = shipment->udp;
        train->path = shipment->path;
        train->segment_bytes = sealed_bytes;
    }
    return train->buffer + train->start_bytes + train->size_bytes + esp_sa_headroom(shipment->sa);
}

static void tell_due(struct datapath *datapath, const struct esp_sa *sa, enum esp_due due)
{
    struct datapath_notice notice = {
        .type = due == ESP_DUE_HARD ? DATAPATH_NOTICE_HARD_EXPIRE : DATAPATH_NOTICE_SOFT_EXPIRE,
        .spi = esp_sa_spi(sa),
        .outer = *esp_sa_outer(sa),
    };

    if (due != ESP_DUE_NOTHING && datapath->handler.notice)
        datapath->handler.notice(datapath->handler.userdata, &notice);
}

/* The inner packet stands where platform() said. */
static void board(struct datapath *datapath, const struct shipment *shipment, size_t inner_bytes)
{
    struct train *train = &datapath->outbound.train;
    uint8_t *place = train->buffer + train->start_bytes + train->size_bytes;
    size_t sealed_bytes;

    if (esp_sa_seal(
            shipment->sa, place, inner_bytes, shipment->next_header, datapath->now_usec, &sealed_bytes) < 0) {
        datapath_count(&datapath->n_dropped, 1);
    } else {
        train->size_bytes += sealed_bytes;
        train->inner_bytes += inner_bytes;
        train->n_packets++;
        if (sealed_bytes < train->segment_bytes)
            depart(datapath);
    }
    tell_due(datapath, shipment->sa, esp_sa_take_due(shipment->sa));
}

/* IPv6 cannot be told of less than 1280 bytes (RFC 8200, 5): such a packet's outer one is fragmented instead, alone. */
static void ship_in_pieces(
    struct datapath *datapath, const struct shipment *shipment, const uint8_t *packet, size_t size_bytes)
{
    depart(datapath);
    memcpy(platform(datapath, shipment, size_bytes), packet, size_bytes);
    datapath->outbound.train.fragmentable = true;
    board(datapath, shipment, size_bytes);
    depart(datapath);
}

static void answer_too_big(
    struct datapath *datapath, const struct shipment *shipment, const uint8_t *packet, size_t size_bytes)
{
    uint8_t reply[TOOBIG_REPLY_MAX_BYTES];
    int length = toobig_reply(packet, size_bytes, shipment->inner_max_bytes, reply, sizeof(reply));
    struct virtio_net_hdr header = { 0 };
    struct iovec pieces[] = { { &header, sizeof(header) }, { reply, length > 0 ? (size_t)length : 0 } };

    datapath_count(&datapath->n_dropped, 1);
    if (length > 0)
        (void)tun_write(&datapath->tun, pieces, ELEMENTSOF(pieces));
}

static void ship_too_big(
    struct datapath *datapath, const struct shipment *shipment, const uint8_t *packet, size_t size_bytes)
{
    struct fragmenter fragmenter;
    size_t length;

    if (shipment->next_header == ESP_NEXT_HEADER_IPV6 && size_bytes <= IPV6_MTU_MIN_BYTES) {
        ship_in_pieces(datapath, shipment, packet, size_bytes);
        return;
    }
    if (fragment_begin(&fragmenter, packet, size_bytes, shipment->inner_max_bytes) < 0) {
        answer_too_big(datapath, shipment, packet, size_bytes);
        return;
    }
    do {
        uint8_t *inner = platform(datapath, shipment, shipment->inner_max_bytes);

        length = fragment_next(&fragmenter, inner, shipment->inner_max_bytes);
        if (length > 0)
            board(datapath, shipment, length);
    } while (length > 0);
}

static bool is_our_address(const struct datapath *datapath, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < datapath->n_addrs; i++)
        if (ip_addr_equal(&datapath->addrs[i], addr))
            return true;
    return false;
}

/* 0 or negative errno: the frame cannot go. */
static int book(struct datapath *datapath, const struct inner_packet *packet, struct shipment *ret)
{
    const struct esp_outer *outer;
    size_t around_bytes;

    if (!is_our_address(datapath, &packet->source))
        return -EADDRNOTAVAIL;
    ret->sa = esp_sad_outbound(datapath->sad, packet);
    if (!ret->sa)
        return -ENETUNREACH;
    outer = esp_sa_outer(ret->sa);
    ret->udp = datapath_socket(datapath, outer->remote.family, outer->local_port);
    if (!ret->udp)
        return -ENOTCONN;
    ret->path = (struct udp_path){
        .remote = { outer->remote, outer->remote_port },
        .local = outer->local,
        .tos = outer_tos(packet->tos),
    };
    ret->dont_fragment = packet->dont_fragment;
    ret->next_header = packet->source.family == 6 ? ESP_NEXT_HEADER_IPV6 : ESP_NEXT_HEADER_IPV4;
    if (datapath->path_mtu_at_usec == 0 ||
        usec_sub(datapath->now_usec, datapath->path_mtu_at_usec) > PATH_MTU_AGE_USEC)
        ask_path_mtu(datapath, &ret->path);
    around_bytes = outer_headers_bytes(&outer->remote);
    ret->inner_max_bytes = esp_sa_inner_bytes_max(
        ret->sa, datapath->path_mtu > around_bytes ? datapath->path_mtu - around_bytes : UDP_TRAIN_BYTES);
    return 0;
}

/*
 * The packets of a frame that do not fit the path. What may be fragmented is; of the rest only the first is answered: it says all there is
 * to say, and answering each would be a flood.
 */
static void cut_too_big(struct datapath *datapath, const struct shipment *shipment)
{
    struct outbound *out = &datapath->outbound;
    size_t length;

    while ((length = segment_next(&out->segmenter, out->oversized, sizeof(out->oversized))) > 0) {
        ship_too_big(datapath, shipment, out->oversized, length);
        if (shipment->dont_fragment && length > IPV6_MTU_MIN_BYTES)
            return;
    }
}

static void cut(struct datapath *datapath, const struct shipment *shipment)
{
    struct outbound *out = &datapath->outbound;
    size_t length = segment_peek(&out->segmenter);

    if (length > shipment->inner_max_bytes) {
        cut_too_big(datapath, shipment);
        return;
    }
    for (; length > 0; length = segment_peek(&out->segmenter)) {
        (void)segment_next(&out->segmenter, platform(datapath, shipment, length), length);
        board(datapath, shipment, length);
    }
}

void outbound_tell_demand(struct datapath *datapath)
{
    const struct event event = { .type = EVENT_DEMAND };

    if (atomic_exchange(&datapath->demand_watched, false))
        mailbox_post(datapath->mailbox, 0, &event);
}

static void keep(struct datapath *datapath, size_t size_bytes)
{
    struct outbound *out = &datapath->outbound;

    datapath_count(&datapath->n_dropped,
        backlog_put(&datapath->backlog, datapath->now_usec, &out->header, out->frame, size_bytes));
    outbound_tell_demand(datapath);
}

/* One frame in outbound.frame and .header. */
static void ship(struct datapath *datapath, size_t size_bytes)
{
    struct outbound *out = &datapath->outbound;
    struct inner_packet packet;
    struct shipment shipment;

    if (!inner_packet_parse(out->frame, size_bytes, &packet) || inner_packet_is_noise(&packet)) {
        datapath_count(&datapath->n_dropped, 1);
        return;
    }
    if (datapath->n_addrs == 0 || datapath->held) {
        keep(datapath, packet.length_bytes);
        return;
    }
    if (book(datapath, &packet, &shipment) < 0 ||
        segment_begin(&out->segmenter, &out->header, out->frame, size_bytes) < 0) {
        datapath_count(&datapath->n_dropped, 1);
        return;
    }
    /* before it is sent: the answer may be quicker than we are */
    traffic_inner(&datapath->marks, datapath->now_usec);
    traffic_inner_out(&datapath->marks, datapath->now_usec);
    cut(datapath, &shipment);
}

static void ship_backlog(struct datapath *datapath)
{
    struct outbound *out = &datapath->outbound;
    struct backlog_packet *packet;

    while (datapath->n_addrs > 0 && !datapath->held && (packet = backlog_take(&datapath->backlog))) {
        if (usec_sub(datapath->now_usec, packet->at_usec) > DATAPATH_KEEP_USEC ||
            !backlog_suit(packet, datapath->addrs, datapath->n_addrs)) {
            datapath_count(&datapath->n_dropped, 1);
            continue;
        }
        out->header = packet->header;
        memcpy(out->frame, packet->data, packet->size_bytes);
        ship(datapath, packet->size_bytes);
        datapath_count(&datapath->n_kept, 1);
    }
}

bool outbound_run(struct datapath *datapath)
{
    struct outbound *out = &datapath->outbound;
    int n = 0;

    ship_backlog(datapath);
    for (unsigned i = 0; i < FRAMES_PER_WAKE && datapath->tun.fd >= 0; i++) {
        n = tun_read(&datapath->tun, &out->header, out->frame);
        if (n < 0)
            break;
        ship(datapath, (size_t)n);
    }
    depart(datapath);
    return n >= 0 || n == -EAGAIN;
}
