/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of netlink (linux/netlink.h): headers, attributes, acknowledgements.
 */
#include "fw/batch.h"

#include "base/cleanup.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static int open_socket(int family, int flags)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, family);

    if (fd >= 0)
        return fd;
    return errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT ? -EOPNOTSUPP : -errno;
}

int batch_open(int family)
{
    /* The kernel answers within the call; the limit only guards against waiting for ever on a lost message. */
    const struct timeval limit = { .tv_sec = 5 };
    _cleanup_close_ int fd = open_socket(family, 0);

    if (fd < 0)
        return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
        return -errno;
    return steal_fd(&fd);
}

int batch_listen(int family, uint32_t groups, int buffer_bytes)
{
    const struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = groups };
    _cleanup_close_ int fd = open_socket(family, SOCK_NONBLOCK);

    if (fd < 0)
        return fd;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
    if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
        return -errno;
    return steal_fd(&fd);
}

void batch_init(struct batch *batch, uint32_t sequence)
{
    batch->n_bytes = batch->message_at = 0;
    batch->sequence = sequence;
    batch->sender = batch->n_wanted_acks = 0;
    batch->overflow = false;
}

static void put(struct batch *batch, const void *bytes, size_t n_bytes)
{
    size_t padded = NLMSG_ALIGN(n_bytes);

    if (batch->n_bytes + padded > sizeof(batch->bytes)) {
        batch->overflow = true;
        return;
    }
    memset(batch->bytes + batch->n_bytes, 0, padded);
    if (n_bytes > 0)
        memcpy(batch->bytes + batch->n_bytes, bytes, n_bytes);
    batch->n_bytes += padded;
}

void batch_start(struct batch *batch, uint16_t type, uint16_t flags, const void *body, size_t n_bytes)
{
    struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags };

    header.nlmsg_seq = batch->sequence;
    header.nlmsg_pid = batch->sender;
    batch->message_at = batch->n_bytes;
    batch->n_wanted_acks += flags & NLM_F_ACK ? 1 : 0;
    put(batch, &header, sizeof(header));
    put(batch, body, n_bytes);
}

void batch_end(struct batch *batch)
{
    struct nlmsghdr *header = (struct nlmsghdr *)(batch->bytes + batch->message_at);

    if (!batch->overflow)
        header->nlmsg_len = (uint32_t)(batch->n_bytes - batch->message_at);
}

void batch_put(struct batch *batch, uint16_t type, const void *bytes, size_t n_bytes)
{
    struct nlattr attribute = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + n_bytes) };

    put(batch, &attribute, sizeof(attribute));
    put(batch, bytes, n_bytes);
}

void batch_put_text(struct batch *batch, uint16_t type, const char *text)
{
    batch_put(batch, type, text, strlen(text) + 1);
}

size_t batch_start_nest(struct batch *batch, uint16_t type)
{
    size_t at = batch->n_bytes;

    batch_put(batch, type | NLA_F_NESTED, NULL, 0);
    return at;
}

void batch_end_nest(struct batch *batch, size_t at)
{
    if (!batch->overflow)
        ((struct nlattr *)(batch->bytes + at))->nla_len = (uint16_t)(batch->n_bytes - at);
}

int batch_send(int fd, const struct batch *batch)
{
    if (batch->overflow)
        return -E2BIG;
    return send(fd, batch->bytes, batch->n_bytes, 0) < 0 ? -errno : 0;
}

int batch_receive(int fd, uint32_t sequence, union batch_answer *ret)
{
    ssize_t n;

    do {
        n = recv(fd, ret, sizeof(*ret), 0);
        if (n < 0)
            return -errno;
        if ((size_t)n < sizeof(ret->header) || ret->header.nlmsg_len > (size_t)n)
            return -EBADMSG;
    } while (ret->header.nlmsg_seq != sequence);
    return (int)n;
}

int batch_error_of(const struct nlmsghdr *message)
{
    if (message->nlmsg_type != NLMSG_ERROR)
        return 1;
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
        return -EBADMSG;
    return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
}

int batch_run(int fd, const struct batch *batch)
{
    union batch_answer answer;
    int r = batch_send(fd, batch);

    for (uint32_t i = 0; r == 0 && i < batch->n_wanted_acks; i++) {
        r = batch_receive(fd, batch->sequence, &answer);
        if (r >= 0)
            r = batch_error_of(&answer.header);
    }
    return r == 1 ? -EBADMSG : r;
}

const void *batch_find(const struct nlmsghdr *message, size_t body_bytes, uint16_t type, size_t *ret_size)
{
    const char *bytes = (const char *)message;
    size_t at = NLMSG_SPACE(body_bytes);
    struct nlattr attribute;

    while (at + NLA_HDRLEN <= message->nlmsg_len) {
        memcpy(&attribute, bytes + at, sizeof(attribute));
        if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > message->nlmsg_len)
            return NULL;
        if ((attribute.nla_type & NLA_TYPE_MASK) == type) {
            *ret_size = attribute.nla_len - (size_t)NLA_HDRLEN;
            return bytes + at + NLA_HDRLEN;
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
    return NULL;
}
