/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFT_MSG_GETGEN and NFT_MSG_GETTABLE on a socket that lives for one question. Never changes anything.
 */
#include "fw/probe.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ANSWER_SIZE 8192

struct question {
    struct nlmsghdr header;
    struct nfgenmsg nf;
    struct nlattr attribute; /* absent where header.nlmsg_len says so */
    char name[NFT_TABLE_MAXNAMELEN];
};

static int open_socket(void)
{
    /* The kernel answers within the call; the limit only guards against waiting for ever on a lost message. */
    struct timeval limit = { .tv_sec = 5 };
    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

    if (fd < 0)
        return errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT ? -EOPNOTSUPP : -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    return steal_fd(&fd);
}

/* 0: answered with `want`; else the kernel's error. */
static int read_answer(int fd, uint16_t want)
{
    _Alignas(struct nlmsghdr) char buf[ANSWER_SIZE];
    ssize_t n = recv(fd, buf, sizeof(buf), 0);
    const struct nlmsghdr *header = (const struct nlmsghdr *)buf;

    if (n < 0)
        return -errno;
    if ((size_t)n < sizeof(*header) || header->nlmsg_len > (size_t)n)
        return -EBADMSG;
    if (header->nlmsg_type == NLMSG_ERROR && header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        int error = ((const struct nlmsgerr *)NLMSG_DATA(header))->error;

        return error ? error : -EBADMSG;
    }
    return header->nlmsg_type == want ? 0 : -EBADMSG;
}

static int ask(struct question *question, uint16_t message, uint16_t answer)
{
    _cleanup_close_ int fd = open_socket();

    if (fd < 0)
        return fd;
    question->header.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | message;
    question->header.nlmsg_flags = NLM_F_REQUEST;
    question->nf.nfgen_family = NFPROTO_INET;
    question->nf.version = NFNETLINK_V0;
    if (send(fd, question, question->header.nlmsg_len, 0) < 0)
        return -errno;
    return read_answer(fd, (NFNL_SUBSYS_NFTABLES << 8) | answer);
}

int fw_probe_nftables(void)
{
    struct question question = { .header.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)) };
    int r = ask(&question, NFT_MSG_GETGEN, NFT_MSG_NEWGEN);

    /* nfnetlink says EINVAL for a subsystem that it does not have. */
    return r == -EINVAL ? -EOPNOTSUPP : r;
}

int fw_probe_table(const char *name)
{
    struct question question = { .attribute.nla_type = NFTA_TABLE_NAME };
    size_t size = strlen(name) + 1;
    int r;

    if (size > sizeof(question.name))
        return -ENAMETOOLONG;
    memcpy(question.name, name, size);
    question.attribute.nla_len = (uint16_t)(NLA_HDRLEN + size);
    question.header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(struct nfgenmsg)) + NLA_HDRLEN + NLA_ALIGN(size));
    r = ask(&question, NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : 1;
}
