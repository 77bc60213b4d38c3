/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets come and go with a virtio header (PACKET_VNET_HDR), so that checksums which the kernel left for later are still left for later.
 * See keeper.h.
 */
#include "ike/keeper.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "esp/inner.h"
#include "ike/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#define READS_MAX 64 /* a wake-up's worth; what is left wakes us once more */

int keeper_open(struct keeper *keeper, int ifindex)
{
    struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex };
    int on = 1;
    /* of no protocol: it hears nothing until it is bound */
    _cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 || tap_filter(fd, UINT16_MAX) < 0 ||
        bind(fd, (struct sockaddr *)&link, sizeof(link)) < 0)
        return -errno;
    keeper_close(keeper);
    keeper->ifindex = ifindex;
    keeper->fd = steal_fd(&fd);
    return 0;
}

void keeper_close(struct keeper *keeper)
{
    close_fd(&keeper->fd);
}

static ssize_t receive(struct keeper *keeper, struct virtio_net_hdr *ret_header, void *data, size_t size_bytes)
{
    struct iovec pieces[] = { { ret_header, sizeof(*ret_header) }, { data, size_bytes } };
    struct msghdr message = { .msg_iov = pieces, .msg_iovlen = ELEMENTSOF(pieces) };
    ssize_t n = recvmsg(keeper->fd, &message, MSG_TRUNC);

    return n < (ssize_t)sizeof(*ret_header) ? -1 : n - (ssize_t)sizeof(*ret_header);
}

bool keeper_read(struct keeper *keeper, usec_t now_usec)
{
    struct virtio_net_hdr header;
    uint8_t data[BACKLOG_BYTES];
    bool counts = false;

    for (unsigned i = 0; i < READS_MAX && keeper->fd >= 0; i++) {
        struct inner_packet packet;
        ssize_t n = receive(keeper, &header, data, sizeof(data));

        if (n < 0)
            break;
        counts = true;
        if ((size_t)n <= sizeof(data) && inner_packet_parse(data, (size_t)n, &packet) && !inner_packet_is_noise(&packet))
            (void)backlog_put(&keeper->backlog, now_usec, &header, data, packet.length_bytes);
    }
    return counts;
}

static int send_again(struct keeper *keeper, const struct backlog_packet *packet)
{
    struct sockaddr_ll link = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(packet->data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP),
        .sll_ifindex = keeper->ifindex,
    };
    struct iovec pieces[] = { { (void *)&packet->header, sizeof(packet->header) }, { (void *)packet->data, packet->size_bytes } };
    struct msghdr message = { .msg_name = &link, .msg_namelen = sizeof(link), .msg_iov = pieces, .msg_iovlen = ELEMENTSOF(pieces) };

    return sendmsg(keeper->fd, &message, 0) < 0 ? -errno : 0;
}

unsigned keeper_release(struct keeper *keeper, usec_t oldest_at_usec, const struct ip_addr *addrs, uint32_t n_addrs, unsigned *ret_n_dropped)
{
    struct backlog_packet *packet;
    unsigned n = 0;

    *ret_n_dropped = 0;
    while ((packet = backlog_take(&keeper->backlog))) {
        if (keeper->fd >= 0 && packet->at_usec >= oldest_at_usec && backlog_suit(packet, addrs, n_addrs) && send_again(keeper, packet) == 0)
            n++;
        else
            (*ret_n_dropped)++;
    }
    return n;
}
