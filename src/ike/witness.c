/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter for each family: outgoing, UDP, to this address and port, nine bytes with its header. Offsets are from the IP header (SOCK_DGRAM).
 */
#include "ike/witness.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define KEEPALIVE_UDP_BYTES 9

#define IS(value, else_skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, else_skip)

static uint32_t word(const struct ip_addr *addr, unsigned i)
{
    uint32_t value;

    memcpy(&value, addr->bytes + 4 * i, sizeof(value));
    return ntohl(value);
}

static int attach(int fd, struct sock_filter *filter, unsigned short n)
{
    const struct sock_fprog program = { .len = n, .filter = filter };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

static int filter_ipv4(int fd, const struct ip_addr *remote, uint16_t port)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)), IS(PACKET_OUTGOING, 10),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9), IS(IPPROTO_UDP, 8),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16), IS(word(remote, 0), 6),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2), IS(port, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4), IS(KEEPALIVE_UDP_BYTES, 1),
        BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 0),
    };

    return attach(fd, filter, ELEMENTSOF(filter));
}

static int filter_ipv6(int fd, const struct ip_addr *remote, uint16_t port)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)), IS(PACKET_OUTGOING, 15),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6), IS(IPPROTO_UDP, 13),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 24), IS(word(remote, 0), 11),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 28), IS(word(remote, 1), 9),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 32), IS(word(remote, 2), 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 36), IS(word(remote, 3), 5),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 42), IS(port, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 44), IS(KEEPALIVE_UDP_BYTES, 1),
        BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 0),
    };

    return attach(fd, filter, ELEMENTSOF(filter));
}

int witness_open(int ifindex, const struct ip_addr *remote, uint16_t port)
{
    struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex };
    /* of no protocol: it hears nothing until it is bound */
    _cleanup_close_ int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int r;

    if (fd < 0)
        return -errno;
    r = remote->family == 4 ? filter_ipv4(fd, remote, port) : filter_ipv6(fd, remote, port);
    if (r < 0)
        return r;
    return bind(fd, (const struct sockaddr *)&link, sizeof(link)) < 0 ? -errno : steal_fd(&fd);
}

bool witness_close(int fd, int patience_msec)
{
    struct pollfd heard = { .fd = fd, .events = POLLIN };
    bool left = poll(&heard, 1, patience_msec) == 1 && heard.revents & POLLIN;

    close_fd(&fd);
    return left;
}
