/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTM_GETSTATS asks for nothing but the counters (kernel 4.7). Without libnl, which is src/net's. See counters.h.
 */
#include "ike/counters.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_BYTES 4096

int counters_open(struct counters *ret)
{
    /* the kernel answers within the call; this bounds what a defect could do */
    static const struct timeval patience = { .tv_sec = 1 };

    *ret = (struct counters){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) };
    if (ret->fd < 0)
        return -errno;
    (void)setsockopt(ret->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

void counters_close(struct counters *counters)
{
    close_fd(&counters->fd);
}

static int ask(const struct counters *counters)
{
    struct {
        struct nlmsghdr header;
        struct if_stats_msg stats;
    } request = {
        .header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETSTATS, .nlmsg_flags = NLM_F_REQUEST },
        .stats = { .ifindex = (uint32_t)counters->ifindex,
            .filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64) },
    };

    return send(counters->fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* The attribute's counters; -EBADMSG when they are not there. */
static int parse(const struct nlmsghdr *header, size_t n_bytes, struct rtnl_link_stats64 *ret)
{
    const struct rtattr *attr;
    size_t left;

    if (!NLMSG_OK(header, n_bytes))
        return -EBADMSG;
    if (header->nlmsg_type == NLMSG_ERROR && header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
    if (header->nlmsg_type != RTM_NEWSTATS || header->nlmsg_len < NLMSG_SPACE(sizeof(struct if_stats_msg)))
        return -EBADMSG;
    attr =
        (const struct rtattr *)((const char *)NLMSG_DATA(header) + NLMSG_ALIGN(sizeof(struct if_stats_msg)));
    left = header->nlmsg_len - NLMSG_SPACE(sizeof(struct if_stats_msg));
    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
        if (attr->rta_type != IFLA_STATS_LINK_64)
            continue;
        /* a newer kernel knows more of them, an older one fewer: ours are the first */
        memset(ret, 0, sizeof(*ret));
        memcpy(ret, RTA_DATA(attr), MIN_OF((size_t)RTA_PAYLOAD(attr), sizeof(*ret)));
        return 0;
    }
    return -EBADMSG;
}

static int read_stats(const struct counters *counters, struct rtnl_link_stats64 *ret)
{
    _Alignas(NLMSG_ALIGNTO) char answer[ANSWER_BYTES];
    ssize_t n;
    int r;

    if (counters->ifindex == 0)
        return -ENODEV;
    r = ask(counters);
    if (r < 0)
        return r;
    n = recv(counters->fd, answer, sizeof(answer), 0);
    if (n < 0)
        return -errno;
    r = parse((const struct nlmsghdr *)answer, (size_t)n, ret);
    return r > 0 ? -EBADMSG : r;
}

static void add(uint64_t *sum, uint64_t *seen, uint64_t now)
{
    if (now > *seen)
        *sum += now - *seen;
    *seen = now;
}

int counters_read(struct counters *counters)
{
    struct rtnl_link_stats64 stats;
    int r = read_stats(counters, &stats);

    if (r < 0)
        return r;
    add(&counters->rx_bytes, &counters->seen[0], stats.rx_bytes);
    add(&counters->rx_packets, &counters->seen[1], stats.rx_packets);
    add(&counters->tx_bytes, &counters->seen[2], stats.tx_bytes);
    add(&counters->tx_packets, &counters->seen[3], stats.tx_packets);
    add(&counters->n_refused, &counters->seen[4], stats.tx_carrier_errors);
    return 0;
}

void counters_follow(struct counters *counters, int ifindex)
{
    struct counters before = *counters;

    counters->ifindex = ifindex;
    if (counters_read(counters) < 0)
        memset(counters->seen, 0, sizeof(counters->seen));
    counters->rx_bytes = before.rx_bytes;
    counters->rx_packets = before.rx_packets;
    counters->tx_bytes = before.tx_bytes;
    counters->tx_packets = before.tx_packets;
    counters->n_refused = before.n_refused;
}
