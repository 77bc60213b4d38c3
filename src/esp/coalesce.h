/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Decrypted inner packets merged into few frames for a TUN with IFF_VNET_HDR: what GRO is to a network card. The packets of one batch are
 * added, then all frames are taken and written, then it begins anew; nothing is kept back to wait for more. Segments of a TCP stream (and,
 * where allowed, equal datagrams of a UDP flow) that follow one another become one frame, also when up to COALESCE_FLOWS_MAX flows are
 * interleaved; all else is passed as it is. Order within a flow never changes, and segmenting a merged frame gives the same packets
 * again, but for the identification of IPv4 packets with DF, which means nothing (RFC 6864, 4.1).
 * No packet is merged whose checksums do not hold: the kernel trusts a merged frame. Pure; no allocation; packets stay in the caller's
 * buffers, where the headers of merged ones are changed in place.
 */
#include "esp/inner.h"

#include <linux/virtio_net.h>
#include <sys/uio.h>

#define COALESCE_PACKETS_MAX 256 /* of one batch */
#define COALESCE_PIECES_MAX  64  /* packets in one frame */
#define COALESCE_FLOWS_MAX   8

struct coalesce_frame {
    uint8_t *packet;      /* the first */
    uint16_t first, last; /* of its pieces */
    uint16_t n_pieces;
    uint8_t ip_header_bytes; /* 20 or 40 */
    uint8_t header_bytes;    /* with TCP's or UDP's */
    uint8_t flags;           /* TCP's: of all together */
    bool is_tcp, verified;   /* verified: of the first, and so of all */
    uint16_t segment_bytes;  /* payload of every packet but the last */
    uint32_t bytes;          /* of the whole merged packet */
    uint32_t next_sequence;  /* TCP */
    uint64_t key;            /* of the flow */
};

struct coalesce_piece {
    uint8_t *data;
    uint16_t bytes;
    uint16_t next; /* index of the frame's next piece */
};

struct coalescer {
    bool merges_udp;
    unsigned n_pieces, n_frames, n_open, n_taken;
    struct coalesce_piece pieces[COALESCE_PACKETS_MAX];
    struct coalesce_frame frames[COALESCE_PACKETS_MAX];
    uint16_t open[COALESCE_FLOWS_MAX]; /* frames that may still grow, the latest first; no two of one flow */
    struct virtio_net_hdr header;
    struct iovec iov[1 + COALESCE_PIECES_MAX];
};

/* merges_udp: the TUN took TUN_F_USO4 and TUN_F_USO6. */
void coalesce_init(struct coalescer *c, bool merges_udp);

/*
 * The packet stands in the caller's buffer, to be left alone until all frames are written; parsed is what inner_packet_parse() said of it.
 * False: no room (COALESCE_PACKETS_MAX), take the frames first and come again.
 */
bool coalesce_add(struct coalescer *c, uint8_t *packet, const struct inner_packet *parsed);

/*
 * The next frame: a virtio_net_hdr (host order, a TUN's default), then the packet in pieces, for one writev(); valid until the next call.
 * NULL: that was all, and the coalescer is empty again.
 */
const struct iovec *coalesce_take(struct coalescer *c, unsigned *ret_n_iov);
