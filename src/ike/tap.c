/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PACKET_IGNORE_OUTGOING (kernel 4.20) is the switch: while it is on the kernel passes the socket by before it clones a packet. Inbound
 * packets never get past the filter.
 */
#include "ike/tap.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#define DRAIN_MAX 256 /* a moment's packets; what is left wakes us once more */

/* Offsets are from the IP header (SOCK_DGRAM). In IPv4 the destination is at 16, in IPv6 at 24. */
static const struct sock_filter only_outbound[] = {
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 13),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
    BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 5, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 4, 0, 9),
    /* IPv4: multicast and above, 169.254/16 */
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 16),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xe000, 7, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xa9fe, 6, 0),
    BPF_STMT(BPF_RET | BPF_K, 1),
    /* IPv6: ff00::/8, fe80::/10 */
    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 24),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0xff00, 3, 0),
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffc0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xfe80, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, 1),
    BPF_STMT(BPF_RET | BPF_K, 0),
};

static void ignore_outgoing(int fd, int on)
{
    (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
}

int tap_filter(int fd, uint32_t bytes)
{
    struct sock_filter filter[ELEMENTSOF(only_outbound)];
    const struct sock_fprog program = { .len = ELEMENTSOF(filter), .filter = filter };

    for (size_t i = 0; i < ELEMENTSOF(filter); i++) {
        filter[i] = only_outbound[i];
        if (filter[i].code == (BPF_RET | BPF_K) && filter[i].k > 0)
            filter[i].k = bytes;
    }
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

int tap_open(int ifindex, struct tap *ret)
{
    struct sockaddr_ll link = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex
    };
    int on = 1;
    /* of no protocol: it hears nothing until it is bound */
    _cleanup_close_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
        tap_filter(fd, 1) < 0 ||
        bind(fd, (struct sockaddr *)&link, sizeof(link)) < 0)
        return -errno;
    *ret = (struct tap){ .fd = steal_fd(&fd) };
    return 0;
}

void tap_close(struct tap *tap)
{
    close_fd(&tap->fd);
    tap->armed = false;
}

void tap_arm(struct tap *tap)
{
    if (tap->fd < 0 || tap->armed)
        return;
    ignore_outgoing(tap->fd, 0);
    tap->armed = true;
}

void tap_disarm(struct tap *tap)
{
    char byte;

    if (tap->fd < 0)
        return;
    ignore_outgoing(tap->fd, 1);
    tap->armed = false;
    for (unsigned i = 0;
         i < DRAIN_MAX && (recv(tap->fd, &byte, sizeof(byte), MSG_TRUNC) >= 0 || errno == ENETDOWN); i++)
        ;
}
