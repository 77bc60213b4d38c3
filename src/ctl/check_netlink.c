/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plain netlink; see check_netlink.h.
 */
#include "ctl/check_netlink.h"

#include "base/cleanup.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_SECONDS 3

/* A message begins at a multiple of four, like all of netlink. */
struct answer {
    _Alignas(NLMSG_ALIGNTO) char bytes[32768];
};

void check_attrs_parse(const void *first, size_t n_bytes, struct check_attrs *ret)
{
    const struct rtattr *attr = first;

    *ret = (struct check_attrs){ { NULL } };
    while (n_bytes >= sizeof(*attr) && attr->rta_len >= sizeof(*attr) && attr->rta_len <= n_bytes) {
        size_t step = RTA_ALIGN(attr->rta_len);
        unsigned type = attr->rta_type & (unsigned)NLA_TYPE_MASK;

        if (type < CHECK_ATTRS_MAX)
            ret->at[type] = attr;
        if (step > n_bytes)
            return;
        n_bytes -= step;
        attr = (const struct rtattr *)((const char *)attr + step);
    }
}

uint32_t check_attr_u32(const struct rtattr *attr, uint32_t otherwise)
{
    uint32_t value;

    if (!attr || RTA_PAYLOAD(attr) < sizeof(value))
        return otherwise;
    memcpy(&value, RTA_DATA(attr), sizeof(value));
    return value;
}

const char *check_attr_text(const struct rtattr *attr)
{
    const char *text = attr ? RTA_DATA(attr) : "";

    return attr && !memchr(text, '\0', RTA_PAYLOAD(attr)) ? "" : text;
}

static int open_socket(int protocol)
{
    struct timeval limit = { .tv_sec = ANSWER_SECONDS };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) {
        close(fd);
        return -errno;
    }
    return fd;
}

/* 1: the end; 0: go on; or the kernel's negative errno. */
static int take_message(const struct nlmsghdr *message, check_netlink_visit visit, void *userdata)
{
    if (message->nlmsg_type == NLMSG_DONE)
        return 1;
    if (message->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(message);

        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)))
            return -EBADMSG;
        return error->error ? error->error : 1;
    }
    if (visit)
        visit(message, userdata);
    return 0;
}

static int receive(int fd, check_netlink_visit visit, void *userdata)
{
    static struct answer answer; /* one thread, one question at a time */

    for (;;) {
        ssize_t n = recv(fd, answer.bytes, sizeof(answer.bytes), 0);
        size_t left = (size_t)n;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        for (struct nlmsghdr *m = (struct nlmsghdr *)answer.bytes; NLMSG_OK(m, left);
             m = NLMSG_NEXT(m, left)) {
            int r = take_message(m, visit, userdata);
            if (r != 0)
                return r < 0 ? r : 0;
        }
    }
}

static int ask(
    int protocol, struct nlmsghdr *request, unsigned flags, check_netlink_visit visit, void *userdata)
{
    _cleanup_close_ int fd = open_socket(protocol);

    if (fd < 0)
        return fd;
    request->nlmsg_flags = (uint16_t)(request->nlmsg_flags | flags);
    request->nlmsg_seq = 1;
    if (send(fd, request, request->nlmsg_len, 0) < 0)
        return -errno;
    return receive(fd, visit, userdata);
}

int check_netlink_dump(int protocol, struct nlmsghdr *request, check_netlink_visit visit, void *userdata)
{
    return ask(protocol, request, NLM_F_REQUEST | NLM_F_DUMP, visit, userdata);
}

int check_netlink_request(int protocol, struct nlmsghdr *request)
{
    return ask(protocol, request, NLM_F_REQUEST | NLM_F_ACK, NULL, NULL);
}
