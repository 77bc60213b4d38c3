/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving and sending are each one system call for a whole aggregate. The traps (esp.md): UDP_SEGMENT wants real checksums, equal
 * segments and no more than 65507 bytes; links without checksum offload refuse it (EIO), which is noted once; a pending error is reported
 * to the next send, which must then be repeated.
 */
#include "esp/udp.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define BUFFER_BYTES   (4 * 1024 * 1024) /* wanted; the kernel caps it */
#define SEND_WAIT_MSEC 50

static int set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int set_family_options(int fd, uint8_t family)
{
    int r;

    if (family == 6) {
        if ((r = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) < 0 ||
            (r = set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)) < 0 ||
            (r = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO)) < 0)
            return r;
        return set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    }
    if ((r = set_int(fd, IPPROTO_IP, IP_PKTINFO, 1)) < 0 ||
        (r = set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)) < 0)
        return r;
    return set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
}

/* As large as the system lets us have them without asking for it: what does not fit is lost, as in any router. */
static void set_buffers(int fd)
{
    if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES) < 0)
        (void)set_int(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
    if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES) < 0)
        (void)set_int(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

static socklen_t to_sockaddr(const struct udp_endpoint *endpoint, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (endpoint->addr.family == 6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(endpoint->port);
        memcpy(&in6->sin6_addr, endpoint->addr.bytes, 16);
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (struct sockaddr_in *)ret;

    in->sin_family = AF_INET;
    in->sin_port = htons(endpoint->port);
    memcpy(&in->sin_addr, endpoint->addr.bytes, 4);
    return sizeof(*in);
}

static struct udp_endpoint from_sockaddr(const struct sockaddr_storage *name)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)name;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)name;

    if (name->ss_family == AF_INET6)
        return (struct udp_endpoint){ ip_addr_from_bytes(6, &in6->sin6_addr), ntohs(in6->sin6_port) };
    return (struct udp_endpoint){ ip_addr_from_bytes(4, &in->sin_addr), ntohs(in->sin_port) };
}

static int bind_port(int fd, uint8_t family, uint16_t port, uint16_t *ret_port)
{
    struct udp_endpoint any = { .addr.family = family, .port = port };
    struct sockaddr_storage name;
    socklen_t length = to_sockaddr(&any, &name);

    if (bind(fd, (struct sockaddr *)&name, length) < 0)
        return -errno;
    length = sizeof(name);
    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0)
        return -errno;
    *ret_port = from_sockaddr(&name).port;
    return 0;
}

int udp_open(uint8_t family, uint16_t port, uint32_t mark, struct udp_socket *ret)
{
    _cleanup_close_ int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    struct udp_socket udp = { .family = family };
    int r;

    if (fd < 0)
        return -errno;
    if (mark != 0 && (r = set_int(fd, SOL_SOCKET, SO_MARK, (int)mark)) < 0)
        return r;
    if ((r = set_family_options(fd, family)) < 0 || (r = bind_port(fd, family, port, &udp.port)) < 0)
        return r;
    set_buffers(fd);
    udp.gro = set_int(fd, IPPROTO_UDP, UDP_GRO, 1) == 0;
    udp.fd = steal_fd(&fd);
    udp_try_segment(&udp);
    *ret = udp;
    return 0;
}

void udp_try_segment(struct udp_socket *udp)
{
    socklen_t length = sizeof(int);
    int value;

    udp->segment = getsockopt(udp->fd, IPPROTO_UDP, UDP_SEGMENT, &value, &length) == 0;
}

void udp_close(struct udp_socket *udp)
{
    close_fd(&udp->fd);
}

static void prepare_batch(struct udp_batch *batch)
{
    for (unsigned i = 0; i < UDP_BATCH_MAX; i++) {
        batch->pieces[i] = (struct iovec){ batch->buffers[i], UDP_BUFFER_BYTES };
        batch->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &batch->names[i],
            .msg_namelen = sizeof(batch->names[i]),
            .msg_iov = &batch->pieces[i],
            .msg_iovlen = 1,
            .msg_control = &batch->control[i],
            .msg_controllen = sizeof(batch->control[i]),
        };
    }
}

static void read_control(struct msghdr *message, struct udp_received *ret)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        int number = 0;

        if (c->cmsg_len >= CMSG_LEN(sizeof(number)))
            memcpy(&number, CMSG_DATA(c), sizeof(number));
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
            if (number > 0)
                ret->segment_bytes = (size_t)number;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            ret->tos = *(const uint8_t *)CMSG_DATA(c);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            ret->tos = (uint8_t)number;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            ret->to = ip_addr_from_bytes(4, &((const struct in_pktinfo *)CMSG_DATA(c))->ipi_addr);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            ret->to = ip_addr_from_bytes(6, &((const struct in6_pktinfo *)CMSG_DATA(c))->ipi6_addr);
        }
    }
}

int udp_receive(const struct udp_socket *udp, struct udp_batch *batch, struct udp_received ret[UDP_BATCH_MAX])
{
    int n;

    prepare_batch(batch);
    n = recvmmsg(udp->fd, batch->messages, UDP_BATCH_MAX, MSG_DONTWAIT, NULL);
    if (n < 0)
        return errno == EINTR ? -EAGAIN : -errno;
    for (int i = 0; i < n; i++) {
        ret[i] = (struct udp_received){
            .data = batch->buffers[i],
            .size_bytes = batch->messages[i].msg_len,
            .segment_bytes = batch->messages[i].msg_len,
            .from = from_sockaddr(&batch->names[i]),
        };
        read_control(&batch->messages[i].msg_hdr, &ret[i]);
    }
    return n;
}

struct outgoing {
    struct msghdr message;
    struct iovec piece;
    struct sockaddr_storage name;
    union {
        struct cmsghdr align;
        uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int))];
    } control;
};

static void add_control(struct outgoing *out, int level, int type, const void *data, size_t size)
{
    struct cmsghdr *c = (struct cmsghdr *)(out->control.bytes + out->message.msg_controllen);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), data, size);
    out->message.msg_controllen += CMSG_SPACE(size);
}

static void add_source(struct outgoing *out, const struct ip_addr *local)
{
    if (local->family == 6) {
        struct in6_pktinfo info = { 0 };

        memcpy(&info.ipi6_addr, local->bytes, 16);
        add_control(out, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    } else if (local->family == 4) {
        struct in_pktinfo info = { 0 };

        memcpy(&info.ipi_spec_dst, local->bytes, 4);
        add_control(out, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    }
}

static void prepare(struct outgoing *out, const struct udp_path *path, const uint8_t *data, size_t size_bytes,
    size_t segment_bytes)
{
    int tos = path->tos;

    memset(&out->control, 0, sizeof(out->control));
    out->piece = (struct iovec){ (void *)data, size_bytes };
    out->message = (struct msghdr){
        .msg_name = &out->name,
        .msg_namelen = to_sockaddr(&path->remote, &out->name),
        .msg_iov = &out->piece,
        .msg_iovlen = 1,
        .msg_control = &out->control,
    };
    add_source(out, &path->local);
    if (tos != 0)
        add_control(out, path->remote.addr.family == 6 ? IPPROTO_IPV6 : IPPROTO_IP,
            path->remote.addr.family == 6 ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos));
    if (segment_bytes < size_bytes) {
        uint16_t gso = (uint16_t)segment_bytes;

        add_control(out, IPPROTO_UDP, UDP_SEGMENT, &gso, sizeof(gso));
    }
    if (out->message.msg_controllen == 0)
        out->message.msg_control = NULL;
}

/* Once more after a full socket has drained, or after somebody else's error was reported to us. */
static int send_message(int fd, const struct msghdr *message)
{
    struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

    if (sendmsg(fd, message, MSG_DONTWAIT) >= 0)
        return 0;
    if (errno == EAGAIN) {
        if (poll(&pollfd, 1, SEND_WAIT_MSEC) <= 0)
            return -ENOBUFS;
    } else if (errno != EINTR && errno != ECONNREFUSED) {
        return -errno;
    }
    return sendmsg(fd, message, MSG_DONTWAIT) >= 0 ? 0 : -errno;
}

/* The first error, after all were tried. */
static int send_each(
    int fd, const struct udp_path *path, const uint8_t *data, size_t size_bytes, size_t segment_bytes)
{
    int result = 0;

    for (size_t done = 0; done < size_bytes; done += segment_bytes) {
        size_t length = MIN_OF(segment_bytes, size_bytes - done);
        struct outgoing out;
        int r;

        prepare(&out, path, data + done, length, length);
        r = send_message(fd, &out.message);
        if (result == 0)
            result = r;
    }
    return result;
}

int udp_send(struct udp_socket *udp, const struct udp_path *path, const uint8_t *data, size_t size_bytes,
    size_t segment_bytes)
{
    struct outgoing out;
    int r;

    if (!udp->segment || segment_bytes >= size_bytes)
        return send_each(udp->fd, path, data, size_bytes, segment_bytes);
    prepare(&out, path, data, size_bytes, segment_bytes);
    r = send_message(udp->fd, &out.message);
    if (r != -EIO && r != -EINVAL)
        return r;
    udp->segment = false; /* this link cannot */
    return send_each(udp->fd, path, data, size_bytes, segment_bytes);
}

static int set_discovery(const struct udp_socket *udp, bool fragmentable)
{
    if (udp->family == 6)
        return set_int(
            udp->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, fragmentable ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_DO);
    return set_int(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER, fragmentable ? IP_PMTUDISC_DONT : IP_PMTUDISC_DO);
}

/* DF is the socket's: an ESP packet that leaves in the same moment may be fragmented too, which costs it nothing but that. */
int udp_send_fragmentable(
    struct udp_socket *udp, const struct udp_path *path, const uint8_t *data, size_t size_bytes)
{
    int r = send_each(udp->fd, path, data, size_bytes, size_bytes);

    if (r != -EMSGSIZE)
        return r;
    r = set_discovery(udp, true);
    if (r < 0)
        return r;
    r = send_each(udp->fd, path, data, size_bytes, size_bytes);
    (void)set_discovery(udp, false);
    return r;
}

/* A socket that is connected can be asked; it sends nothing. */
uint32_t udp_path_mtu(const struct udp_path *path, int ifindex, uint32_t mark)
{
    bool ipv6 = path->remote.addr.family == 6;
    _cleanup_close_ int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
    uint32_t index = htonl((uint32_t)ifindex);
    struct sockaddr_storage name;
    socklen_t length = to_sockaddr(&path->remote, &name);
    int mtu = 0;

    if (fd < 0 || (mark != 0 && set_int(fd, SOL_SOCKET, SO_MARK, (int)mark) < 0))
        return 0;
    if (ifindex > 0)
        (void)setsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_UNICAST_IF : IP_UNICAST_IF, &index,
            sizeof(index));
    if (connect(fd, (struct sockaddr *)&name, length) < 0)
        return 0;
    length = sizeof(mtu);
    if (getsockopt(fd, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_MTU : IP_MTU, &mtu, &length) < 0)
        return 0;
    return mtu > 0 ? (uint32_t)mtu : 0;
}
