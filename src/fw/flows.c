/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sock_diag(7): lists TCP sockets of both families, judges each, and asks for the end of those that lockdown cuts off. Two sockets, one for
 * the list and one for the ends, because the list goes on meanwhile. No error is reported: this only shortens a wait.
 */
#include "fw/flows.h"

#include "base/cleanup.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define BUFFER_SIZE 32768
#define SSH_PORT    22

/* Every state with a peer: not listening, not closed, not TIME_WAIT. */
#define STATES_WITH_PEER \
    (1U << TCP_ESTABLISHED | 1U << TCP_SYN_SENT | 1U << TCP_FIN_WAIT1 | 1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT | 1U << TCP_LAST_ACK | \
        1U << TCP_CLOSING)

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

static bool is_bound_to_service(const struct lockdown *lockdown, const char *interface)
{
    for (uint32_t i = 0; interface[0] && i < lockdown->n_cellular_services; i++) {
        if (strncmp(interface, lockdown->cellular_services[i], IF_NAME_SIZE) == 0)
            return true;
    }
    return false;
}

static bool is_in_lan(const struct lockdown *lockdown, const struct ip_addr *remote)
{
    for (uint32_t i = 0; i < lockdown->n_lan; i++) {
        if (ip_prefix_contains(&lockdown->lan[i], remote))
            return true;
    }
    return false;
}

/* Our own question about a name or a certificate. */
static bool is_peer(const struct lockdown *lockdown, const struct ip_addr *remote)
{
    for (uint32_t i = 0; i < lockdown->n_resolvers; i++) {
        if (ip_addr_equal(&lockdown->resolvers[i].addr, remote))
            return true;
    }
    for (uint32_t i = 0; i < lockdown->n_fetches; i++) {
        if (ip_addr_equal(&lockdown->fetches[i].addr, remote))
            return true;
    }
    return false;
}

bool fw_flow_is_spared(
    const struct lockdown *lockdown, const struct ip_addr *local, const struct ip_addr *remote, uint16_t local_port, const char *interface)
{
    struct ip_prefix peer = ip_prefix_of(remote, remote->family == 4 ? 32 : 128);

    if (ip_addr_is_loopback(local) || ip_addr_is_loopback(remote) || ip_addr_equal(local, remote))
        return true;
    for (uint32_t i = 0; i < lockdown->n_tunnel_addrs; i++) {
        if (ip_addr_equal(local, &lockdown->tunnel_addrs[i]))
            return true;
    }
    if (is_in_lan(lockdown, remote) || is_peer(lockdown, remote) || is_bound_to_service(lockdown, interface))
        return true;
    /* Perhaps the console on usb0; where it is not, the ruleset resets it. */
    return lockdown->allow_usb && local_port == SSH_PORT && ip_prefix_is_local(&peer);
}

/* An IPv4 address within an IPv6 socket is an IPv4 address. */
static struct ip_addr addr_of(uint8_t family, const uint32_t words[4])
{
    if (family == AF_INET)
        return ip_addr_from_bytes(4, words);
    if (words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff))
        return ip_addr_from_bytes(4, &words[3]);
    return ip_addr_from_bytes(6, words);
}

static void judge(const struct lockdown *lockdown, int end_fd, const struct inet_diag_msg *m)
{
    struct ip_addr local = addr_of(m->idiag_family, m->id.idiag_src), remote = addr_of(m->idiag_family, m->id.idiag_dst);
    struct request request = { .header = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DESTROY, .nlmsg_flags = NLM_F_REQUEST } };
    char interface[IF_NAMESIZE] = "";

    if (m->id.idiag_if)
        if_indextoname(m->id.idiag_if, interface);
    if (fw_flow_is_spared(lockdown, &local, &remote, ntohs(m->id.idiag_sport), interface))
        return;
    request.body.sdiag_family = m->idiag_family;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.id = m->id;
    /* Without an acknowledgement only an error is answered, and there is nothing to do about one. */
    (void)!send(end_fd, &request, sizeof(request), MSG_DONTWAIT);
}

/* One read of the list; true where there is more. */
static bool read_list(const struct lockdown *lockdown, int list_fd, int end_fd)
{
    _Alignas(struct nlmsghdr) char buf[BUFFER_SIZE];
    ssize_t n = recv(list_fd, buf, sizeof(buf), 0);
    unsigned left = n > 0 ? (unsigned)n : 0;

    if (n <= 0)
        return false;
    for (const struct nlmsghdr *h = (const struct nlmsghdr *)buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
        if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
            return false;
        if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
            judge(lockdown, end_fd, NLMSG_DATA(h));
    }
    return true;
}

static int open_diag(void)
{
    struct timeval limit = { .tv_sec = 2 };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    return fd;
}

static void end_family(const struct lockdown *lockdown, uint8_t family)
{
    _cleanup_close_ int list_fd = open_diag(), end_fd = open_diag();
    struct request request = {
        .header = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .body = { .sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = STATES_WITH_PEER },
    };

    if (list_fd < 0 || end_fd < 0 || send(list_fd, &request, sizeof(request), 0) < 0)
        return;
    while (read_list(lockdown, list_fd, end_fd))
        ;
}

void fw_flows_end(const struct lockdown *lockdown)
{
    end_family(lockdown, AF_INET);
    end_family(lockdown, AF_INET6);
}
