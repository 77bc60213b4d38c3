/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFT_MSG_GETGEN and NFT_MSG_GETTABLE on a socket that lives for one question. Never changes anything.
 */
#include "fw/probe.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
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

union answer {
    struct nlmsghdr header;
    char bytes[ANSWER_SIZE];
};

/* 0: answered with `want`; else the kernel's error. */
static int read_answer(int fd, uint16_t want, union answer *ret)
{
    ssize_t n = recv(fd, ret, sizeof(*ret), 0);

    if (n < 0)
        return -errno;
    if ((size_t)n < sizeof(ret->header) || ret->header.nlmsg_len > (size_t)n)
        return -EBADMSG;
    if (ret->header.nlmsg_type == NLMSG_ERROR && ret->header.nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr))) {
        int error = ((const struct nlmsgerr *)NLMSG_DATA(&ret->header))->error;

        return error ? error : -EBADMSG;
    }
    return ret->header.nlmsg_type == want ? 0 : -EBADMSG;
}

static int ask(struct question *question, uint16_t message, uint16_t answer_type, union answer *ret)
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
    return read_answer(fd, (NFNL_SUBSYS_NFTABLES << 8) | answer_type, ret);
}

/* A number in network order, as nftables has them. */
static int read_u32(const union answer *answer, uint16_t type, uint32_t *ret)
{
    size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
    struct nlattr attribute;
    uint32_t value;

    while (at + NLA_HDRLEN <= answer->header.nlmsg_len) {
        memcpy(&attribute, answer->bytes + at, sizeof(attribute));
        if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > answer->header.nlmsg_len)
            break;
        if ((attribute.nla_type & NLA_TYPE_MASK) == type && attribute.nla_len == NLA_HDRLEN + sizeof(value)) {
            memcpy(&value, answer->bytes + at + NLA_HDRLEN, sizeof(value));
            *ret = ntohl(value);
            return 0;
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
    return -EBADMSG;
}

int fw_probe_generation(uint32_t *ret_generation)
{
    struct question question = { .header.nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg)) };
    union answer answer;
    int r = ask(&question, NFT_MSG_GETGEN, NFT_MSG_NEWGEN, &answer);

    /* nfnetlink says EINVAL for a subsystem that it does not have. */
    if (r < 0)
        return r == -EINVAL ? -EOPNOTSUPP : r;
    return read_u32(&answer, NFTA_GEN_ID, ret_generation);
}

int fw_probe_table(const char *name)
{
    struct question question = { .attribute.nla_type = NFTA_TABLE_NAME };
    size_t size = strlen(name) + 1;
    union answer answer;
    int r;

    if (size > sizeof(question.name))
        return -ENAMETOOLONG;
    memcpy(question.name, name, size);
    question.attribute.nla_len = (uint16_t)(NLA_HDRLEN + size);
    question.header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(struct nfgenmsg)) + NLA_HDRLEN + NLA_ALIGN(size));
    r = ask(&question, NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, &answer);
    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : 1;
}
