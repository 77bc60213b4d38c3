/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Frames to and from the tunnel's TUN device. With a virtio header (IFF_VNET_HDR) one read brings up to 64 kB of a TCP or UDP stream that
 * is still uncut; without, every frame is one packet. What a descriptor can do is asked of it, so whoever opened it need not tell.
 * Never waits, never looks inside a frame, does not own the descriptor.
 */
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define TUN_FRAME_MAX 65536 /* bytes, without the header */

struct tun {
    int fd;        /* -1: none */
    bool vnet;     /* frames carry struct virtio_net_hdr */
    bool tso, uso; /* TCP and UDP streams may be uncut, in both directions */
};

/* Asks what the device behind the descriptor is, and switches its offloads on as far as the kernel has them. Anything else than a TUN device
 * (a test's socket pair) is taken as one without header. */
struct tun tun_probe(int fd);

/*
 * One frame into buf (room for TUN_FRAME_MAX bytes); without a header of the device's own ret_header is zeroed. Bytes of the frame;
 * 0: a frame that is too short to be one; -EAGAIN: none is there; other negative errno: the device is gone.
 */
int tun_read(const struct tun *tun, struct virtio_net_hdr *ret_header, uint8_t *buf);

/* A frame in pieces; the first piece is the header, which is left out for a device without. 0 or negative errno. */
int tun_write(const struct tun *tun, const struct iovec *pieces, unsigned n_pieces);
