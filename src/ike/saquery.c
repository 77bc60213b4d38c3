/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A dump of the kernel's SAs or policies, without libnl, which is src/net's. A dump that a change interrupted may lack one of two, never all.
 */
#include "ike/saquery.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_BYTES 32768 /* what the kernel puts into one datagram of a dump at most */

int saquery_open(void)
{
    static const struct timeval patience = { .tv_sec = 1 };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* How such a dump is asked for, and what it is made of. */
static const struct saquery_kind {
    uint16_t request, answer;
    size_t info_bytes; /* before the attributes */
} KINDS[] = {
    [SAQUERY_SAS] = { XFRM_MSG_GETSA, XFRM_MSG_NEWSA, sizeof(struct xfrm_usersa_info) },
    [SAQUERY_POLICIES] = { XFRM_MSG_GETPOLICY, XFRM_MSG_NEWPOLICY, sizeof(struct xfrm_userpolicy_info) },
};

static bool bears(const struct nlmsghdr *header, const struct saquery_kind *kind, uint32_t if_id)
{
    const struct rtattr *attr;
    size_t left;
    uint32_t found;

    if (header->nlmsg_type != kind->answer || header->nlmsg_len < NLMSG_SPACE(kind->info_bytes))
        return false;
    attr = (const struct rtattr *)((const char *)NLMSG_DATA(header) + NLMSG_ALIGN(kind->info_bytes));
    left = header->nlmsg_len - NLMSG_SPACE(kind->info_bytes);
    for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
        if (attr->rta_type != XFRMA_IF_ID || RTA_PAYLOAD(attr) < sizeof(found))
            continue;
        memcpy(&found, RTA_DATA(attr), sizeof(found));
        return found == if_id;
    }
    return false;
}

/* 1: found; 0: the dump has ended without; -EAGAIN: it goes on; or another negative errno. */
static int look_through(
    const char *bytes, size_t n_bytes, const struct saquery_kind *kind, uint32_t if_id)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)bytes;

    for (; NLMSG_OK(header, n_bytes); header = NLMSG_NEXT(header, n_bytes)) {
        if (header->nlmsg_type == NLMSG_DONE)
            return 0;
        if (header->nlmsg_type == NLMSG_ERROR)
            return -EIO;
        if (bears(header, kind, if_id))
            return 1;
    }
    return -EAGAIN;
}

int saquery_has(enum saquery what, uint32_t if_id)
{
    const struct saquery_kind *kind = &KINDS[what];
    _Alignas(NLMSG_ALIGNTO) char answer[ANSWER_BYTES];
    struct nlmsghdr request = {
        .nlmsg_len = sizeof(request),
        .nlmsg_type = kind->request,
        .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
    };
    _cleanup_close_ int fd = saquery_open();
    int r = -EAGAIN;

    if (fd < 0)
        return fd;
    if (send(fd, &request, sizeof(request), 0) < 0)
        return -errno;
    while (r == -EAGAIN) {
        ssize_t n = recv(fd, answer, sizeof(answer), 0);

        r = n < 0 ? -EIO : look_through(answer, (size_t)n, kind, if_id);
    }
    return r;
}
