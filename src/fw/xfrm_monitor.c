/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading of XFRM's notifications (linux/xfrm.h). They repeat the number of the sender that stands in the request; most programs leave it 0, so
 * that it tells our own from others', and no more.
 */
#include "fw/xfrm_monitor.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "fw/batch.h"
#include "fw/xfrm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_SIZE  (256 * 1024)
#define READ_MAX     4096 /* datagrams at a time, so that a storm does not hold up the repair */
#define GROUP(group) (1U << ((group)-1))

/* Messages of this sender are not even queued. */
static int ignore_sender(int fd, uint32_t sender)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)), /* as if in network order */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(sender), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    const struct sock_fprog program = { .len = ELEMENTSOF(code), .filter = code };

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno : 0;
}

int fw_xfrm_monitor_open(uint32_t sender)
{
    _cleanup_close_ int fd =
        batch_listen(NETLINK_XFRM, GROUP(XFRMNLGRP_POLICY) | GROUP(XFRMNLGRP_EXPIRE), BUFFER_SIZE);
    int r;

    if (fd < 0)
        return fd;
    r = ignore_sender(fd, sender);
    return r < 0 ? r : steal_fd(&fd);
}

/* Deleted by its selector, the selector is told; by its number, all of the policy. */
static bool is_deletion_of_ours(const struct nlmsghdr *message)
{
    const struct xfrm_userpolicy_id *id = NLMSG_DATA(message);
    struct xfrm_userpolicy_info info;
    const void *policy;
    size_t size;

    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*id)))
        return false;
    if (id->sel.user == FW_XFRM_TAG)
        return true;
    policy = batch_find(message, sizeof(*id), XFRMA_POLICY, &size);
    if (!policy || size < sizeof(info))
        return false;
    memcpy(&info, policy, sizeof(info));
    return info.sel.user == FW_XFRM_TAG;
}

static bool is_about_us(const struct nlmsghdr *message)
{
    const struct xfrm_userpolicy_info *info = NLMSG_DATA(message); /* an expiry begins with it, too */

    switch (message->nlmsg_type) {
    case XFRM_MSG_FLUSHPOLICY:
        return true;
    case XFRM_MSG_DELPOLICY:
        return is_deletion_of_ours(message);
    case XFRM_MSG_NEWPOLICY:
    case XFRM_MSG_UPDPOLICY:
    case XFRM_MSG_POLEXPIRE:
        return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*info)) && info->sel.user == FW_XFRM_TAG;
    default:
        return false;
    }
}

static bool concerns_us(const union batch_answer *datagram, size_t n_bytes)
{
    for (size_t at = 0; at + sizeof(struct nlmsghdr) <= n_bytes;) {
        const struct nlmsghdr *message = (const struct nlmsghdr *)(datagram->bytes + at);

        if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > n_bytes - at)
            break;
        if (is_about_us(message))
            return true;
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
    return false;
}

int fw_xfrm_monitor_read(int fd)
{
    bool disturbed = false;
    union batch_answer datagram;

    for (unsigned i = 0; i < READ_MAX; i++) {
        struct sockaddr_nl from = { .nl_pid = 0 };
        socklen_t from_size = sizeof(from);
        ssize_t n =
            recvfrom(fd, &datagram, sizeof(datagram), MSG_TRUNC, (struct sockaddr *)&from, &from_size);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0 && errno != ENOBUFS)
            return -errno;
        if (n < 0 || (size_t)n > sizeof(datagram))
            disturbed = true;      /* something was lost */
        else if (from.nl_pid == 0) /* the kernel; whatever a process sends is not news */
            disturbed = disturbed || concerns_us(&datagram, (size_t)n);
    }
    return disturbed;
}
