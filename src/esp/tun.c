/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TUNSETOFFLOAD promises the kernel that whoever reads understands uncut frames and partial checksums; the same capabilities let us write
 * such frames. USO came with Linux 6.2: asked for first, then done without.
 */
#include "esp/tun.h"

#include "base/macro.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define OFFLOAD_TSO (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define OFFLOAD_USO (TUN_F_USO4 | TUN_F_USO6)

static bool set_offload(int fd, unsigned offload)
{
    return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offload) == 0;
}

struct tun tun_probe(int fd)
{
    struct tun tun = { .fd = fd };
    struct ifreq request = { 0 };

    if (fd < 0 || ioctl(fd, TUNGETIFF, &request) < 0 || !(request.ifr_flags & IFF_VNET_HDR))
        return tun;
    tun.vnet = true;
    tun.uso = set_offload(fd, OFFLOAD_TSO | OFFLOAD_USO);
    tun.tso = tun.uso || set_offload(fd, OFFLOAD_TSO);
    return tun;
}

int tun_read(const struct tun *tun, struct virtio_net_hdr *ret_header, uint8_t *buf)
{
    struct iovec pieces[] = {
        { ret_header, sizeof(*ret_header) },
        { buf, TUN_FRAME_MAX },
    };
    size_t header_bytes = tun->vnet ? sizeof(*ret_header) : 0;
    ssize_t n;

    memset(ret_header, 0, sizeof(*ret_header));
    n = readv(tun->fd, tun->vnet ? pieces : pieces + 1, tun->vnet ? 2 : 1);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    if (n == 0)
        return -ENODEV;
    return (size_t)n > header_bytes ? (int)((size_t)n - header_bytes) : 0;
}

int tun_write(const struct tun *tun, const struct iovec *pieces, unsigned n_pieces)
{
    unsigned skip = tun->vnet ? 0 : 1;

    if (tun->fd < 0)
        return -ENODEV;
    return writev(tun->fd, pieces + skip, (int)(n_pieces - skip)) < 0 ? -errno : 0;
}
