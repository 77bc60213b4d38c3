/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and addresses by libc, which asks rtnetlink. What notifications say is not looked at: that there was one is enough to read again.
 */
#include "fw/links.h"

#include "base/macro.h"
#include "fw/batch.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define GROUPS      (1U << (RTNLGRP_LINK - 1) | 1U << (RTNLGRP_IPV6_IFADDR - 1))
#define BUFFER_SIZE (128 * 1024) /* an overflow is as good as a message */

static int read_interfaces(struct fw_links *ret)
{
    struct if_nameindex *list = if_nameindex();

    if (!list)
        return -errno;
    for (const struct if_nameindex *i = list; i->if_index && ret->n_links < ELEMENTSOF(ret->links); i++) {
        struct fw_link *link = &ret->links[ret->n_links++];

        link->ifindex = (int)i->if_index;
        memcpy(link->name, i->if_name, strnlen(i->if_name, sizeof(link->name) - 1));
    }
    if_freenameindex(list);
    return 0;
}

static bool is_known(const struct fw_links *links, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < links->n_addrs; i++) {
        if (ip_addr_equal(&links->addrs[i], addr))
            return true;
    }
    return false;
}

static int read_addresses(struct fw_links *ret)
{
    struct ifaddrs *list;

    if (getifaddrs(&list) < 0)
        return -errno;
    for (const struct ifaddrs *i = list; i && ret->n_addrs < ELEMENTSOF(ret->addrs); i = i->ifa_next) {
        struct ip_addr addr;

        if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET6)
            continue;
        addr = ip_addr_from_bytes(6, &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr);
        if (!is_known(ret, &addr))
            ret->addrs[ret->n_addrs++] = addr;
    }
    freeifaddrs(list);
    return 0;
}

int fw_links_read(struct fw_links *ret)
{
    int r;

    memset(ret, 0, sizeof(*ret));
    r = read_interfaces(ret);
    return r < 0 ? r : read_addresses(ret);
}

int fw_links_open_monitor(void)
{
    return batch_listen(NETLINK_ROUTE, GROUPS, BUFFER_SIZE);
}

bool fw_links_drain_monitor(int fd)
{
    bool was_there = false;
    char byte;

    while (recv(fd, &byte, sizeof(byte), MSG_TRUNC) >= 0 || errno == ENOBUFS)
        was_there = true;
    return was_there;
}
