/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The envelope of rtnetlink: sending, acknowledgements, ends and interruptions of dumps, lost notifications. Uses libnl for sockets and for
 * building messages, and reads by itself into one buffer of fixed size: libnl's receiver allocates per datagram and its callbacks hide
 * where an answer ends.
 */
#include "net/channel.h"

#include "base/cleanup.h"

#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel makes dump datagrams of at most 32 KiB; one notification can be as long as its longest attribute (64 KiB). */
#define BUFFER_BYTES    (72 * 1024)
#define DRAIN_DATAGRAMS 8192

static int error_of_libnl(int nle)
{
    return nle == -NLE_NOMEM ? -ENOMEM : errno > 0 ? -errno : -EIO;
}

static void set_flag(int fd, int option)
{
    int one = 1;

    /* Old kernels lack these options; every answer is checked by the reader as well. */
    (void)setsockopt(fd, SOL_NETLINK, option, &one, sizeof(one));
}

static int open_common(struct channel *channel, int protocol)
{
    int r;

    *channel = (struct channel){ 0 };
    channel->buf = malloc(BUFFER_BYTES);
    channel->sock = nl_socket_alloc();
    if (!channel->buf || !channel->sock)
        return -ENOMEM;
    errno = 0;
    r = nl_connect(channel->sock, protocol);
    if (r < 0)
        return error_of_libnl(r);
    nl_socket_disable_auto_ack(channel->sock);
    channel->portid = nl_socket_get_local_port(channel->sock);
    set_flag(channel_fd(channel), NETLINK_CAP_ACK);
    return 0;
}

static int open_for_calls(struct channel *ret, int protocol)
{
    /* The kernel answers within the call; this only bounds what a defect could do to the daemon's one thread. */
    static const struct timeval patience = { .tv_sec = 5 };
    int r = open_common(ret, protocol);

    if (r < 0) {
        channel_close(ret);
        return r;
    }
    set_flag(channel_fd(ret), NETLINK_GET_STRICT_CHK);
    (void)setsockopt(channel_fd(ret), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

int channel_open(struct channel *ret)
{
    return open_for_calls(ret, NETLINK_ROUTE);
}

int channel_open_xfrm(struct channel *ret)
{
    return open_for_calls(ret, NETLINK_XFRM);
}

int channel_open_generic(struct channel *ret)
{
    return open_for_calls(ret, NETLINK_GENERIC);
}

int channel_open_events(struct channel *ret, const int *groups, unsigned n_groups, int receive_bytes)
{
    int r = open_common(ret, NETLINK_ROUTE);

    if (r < 0) {
        channel_close(ret);
        return r;
    }
    /* Beyond net.core.rmem_max only with CAP_NET_ADMIN, which we have wherever we may change anything. */
    if (setsockopt(channel_fd(ret), SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof(receive_bytes)) < 0)
        (void)setsockopt(channel_fd(ret), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    for (unsigned i = 0; i < n_groups; i++)
        (void)channel_join(ret, groups[i]);
    nl_socket_set_nonblocking(ret->sock);
    return 0;
}

int channel_filter(struct channel *channel, struct sock_filter *program, unsigned short n_instructions)
{
    struct sock_fprog fprog = { .len = n_instructions, .filter = program };

    return setsockopt(channel_fd(channel), SOL_SOCKET, SO_ATTACH_FILTER, &fprog, sizeof(fprog)) < 0 ? -errno : 0;
}

int channel_join(struct channel *channel, int group)
{
    return setsockopt(channel_fd(channel), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ? -errno : 0;
}

void channel_close(struct channel *channel)
{
    if (channel->sock)
        nl_socket_free(channel->sock);
    free(channel->buf);
    *channel = (struct channel){ 0 };
}

int channel_fd(const struct channel *channel)
{
    return nl_socket_get_fd(channel->sock);
}

void cleanup_channel_msg(struct nl_msg **msg)
{
    nlmsg_free(*msg); /* takes NULL */
}

struct nl_msg *channel_message(int type, int flags, const void *header, int header_bytes)
{
    struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

    if (msg && nlmsg_append(msg, (void *)header, (size_t)header_bytes, NLMSG_ALIGNTO) < 0) {
        nlmsg_free(msg);
        return NULL;
    }
    return msg;
}

/* One datagram of the kernel's. Length, 0 for one that is not to be read (somebody else's), or negative errno. */
static ssize_t receive(struct channel *channel)
{
    struct sockaddr_nl from = { 0 };
    struct iovec iov = { .iov_base = channel->buf, .iov_len = BUFFER_BYTES };
    struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
    ssize_t n;

    do
        n = recvmsg(channel_fd(channel), &msg, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    if (msg.msg_flags & MSG_TRUNC)
        return -ENOBUFS;             /* lost as well */
    return from.nl_pid == 0 ? n : 0; /* any process may send to our port */
}

static int error_in(const struct nlmsghdr *header)
{
    int error = 0;

    if (nlmsg_datalen(header) >= (int)sizeof(error))
        memcpy(&error, nlmsg_data(header), sizeof(error));
    return error;
}

/* Of one answer: what has been seen so far. */
struct answer {
    uint32_t seq;
    bool complete, interrupted;
    int error;
};

static void read_answer(
    struct channel *channel, int n, const struct channel_sink *sink, struct answer *answer)
{
    struct nlmsghdr *header = (struct nlmsghdr *)channel->buf;

    for (; nlmsg_ok(header, n); header = nlmsg_next(header, &n)) {
        int r = 0;

        if (header->nlmsg_seq != answer->seq || header->nlmsg_pid != channel->portid)
            continue; /* what an earlier call left behind */
        if (header->nlmsg_flags & NLM_F_DUMP_INTR)
            answer->interrupted = true;
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
            r = error_in(header);
            answer->complete = true;
        } else if (header->nlmsg_type == NLMSG_OVERRUN) {
            answer->interrupted = true;
        } else if (header->nlmsg_type >= NLMSG_MIN_TYPE && sink) {
            r = sink->each(header, sink->userdata);
        }
        if (r < 0 && answer->error == 0)
            answer->error = r;
    }
}

/* NLM_F_DUMP's bits mean other things (replace, exclusive) in messages that change something. */
static bool is_dump(const struct nlmsghdr *header)
{
    bool is_get = (header->nlmsg_type & 3) == (RTM_GETLINK & 3);

    return is_get && (header->nlmsg_flags & NLM_F_DUMP);
}

int channel_call(struct channel *channel, struct nl_msg *owned, const struct channel_sink *sink)
{
    _cleanup_msg_ struct nl_msg *msg = owned;
    struct answer answer = { 0 };
    int r;

    if (!msg)
        return -ENOMEM;
    if (!is_dump(nlmsg_hdr(msg)))
        nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK; /* the end of the answer */
    errno = 0;
    r = nl_send_auto(channel->sock, msg);
    if (r < 0)
        return error_of_libnl(r);
    answer.seq = nlmsg_hdr(msg)->nlmsg_seq;
    while (!answer.complete) {
        ssize_t n = receive(channel);
        if (n == -ENOBUFS)
            answer.interrupted = true;
        else if (n < 0)
            return n == -EAGAIN ? -ETIMEDOUT : (int)n;
        else
            read_answer(channel, (int)n, sink, &answer);
    }
    return answer.error ? answer.error : answer.interrupted ? -EAGAIN : 0;
}

int channel_drain(struct channel *channel, const struct channel_sink *sink)
{
    int result = 0;

    for (unsigned i = 0; i < DRAIN_DATAGRAMS; i++) {
        struct nlmsghdr *header = (struct nlmsghdr *)channel->buf;
        ssize_t received = receive(channel);
        int n = (int)received;

        if (received == -EAGAIN)
            return result;
        if (received == -ENOBUFS) {
            result = -ENOBUFS;
            continue;
        }
        if (received < 0)
            return n;
        for (; nlmsg_ok(header, n); header = nlmsg_next(header, &n)) {
            if (header->nlmsg_type == NLMSG_OVERRUN)
                result = -ENOBUFS;
            else if (header->nlmsg_type >= NLMSG_MIN_TYPE) {
                int r = sink->each(header, sink->userdata);
                if (r < 0 && result == 0)
                    result = r;
            }
        }
    }
    return result;
}
