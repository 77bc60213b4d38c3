/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Three calls by netlink: read; delete and make; read whether it was taken.
 */
#include "ike/sakeepalive.h"

#include "base/cleanup.h"
#include "esp/secret.h"
#include "ike/samsg.h"
#include "ike/saquery.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ATTEMPTS_MAX 16

/* In locked memory, for there are keys in it. */
struct desk {
    int fd;
    _Alignas(NLMSG_ALIGNTO) char sa[SAMSG_BYTES_MAX]; /* as the kernel has it */
    _Alignas(NLMSG_ALIGNTO) char answer[SAMSG_BYTES_MAX];
    _Alignas(NLMSG_ALIGNTO) char request[2 * SAMSG_BYTES_MAX]; /* one or two, in a row */
    size_t n_request_bytes;
};

static struct nlmsghdr *sa_of(struct desk *desk)
{
    return (struct nlmsghdr *)desk->sa;
}

/* Where the next request is written; add() it then. */
static struct nlmsghdr *next_of(struct desk *desk)
{
    return (struct nlmsghdr *)(desk->request + desk->n_request_bytes);
}

static void add(struct desk *desk)
{
    desk->n_request_bytes += NLMSG_ALIGN(next_of(desk)->nlmsg_len);
}

static struct desk *desk_free(struct desk *desk)
{
    if (desk)
        close_fd(&desk->fd);
    esp_secret_free(desk, sizeof(*desk));
    return NULL;
}

static int desk_new(struct desk **ret)
{
    struct desk *desk = esp_secret_new(sizeof(*desk));
    int r;

    if (!desk)
        return -ENOMEM;
    desk->fd = r = saquery_open();
    if (r < 0)
        desk = desk_free(desk);
    *ret = desk;
    return r;
}

/* The next answer, an SA or an acknowledgement, is in desk->answer. 0 or the kernel's error. */
static int hear(struct desk *desk, ssize_t *ret_bytes)
{
    const struct nlmsghdr *answer = (const struct nlmsghdr *)desk->answer;
    const struct nlmsgerr *error = NLMSG_DATA(answer);
    ssize_t n = recv(desk->fd, desk->answer, sizeof(desk->answer), MSG_TRUNC);

    if (n < 0)
        return errno == EAGAIN ? -ETIMEDOUT : -errno;
    if (n > (ssize_t)sizeof(desk->answer) || !NLMSG_OK(answer, (size_t)n))
        return -EMSGSIZE;
    *ret_bytes = n;
    return answer->nlmsg_type == NLMSG_ERROR ? error->error : 0;
}

/* All requests at once: the kernel takes them one after the other before send() returns. */
static int ask(struct desk *desk)
{
    ssize_t n = send(desk->fd, desk->request, desk->n_request_bytes, 0);

    desk->n_request_bytes = 0;
    return n < 0 ? -errno : 0;
}

static void name_sa(struct desk *desk, uint16_t type, uint16_t flags, const struct ip_addr *remote, uint32_t spi)
{
    struct xfrm_usersa_id id = { .spi = spi, .family = remote->family == 4 ? AF_INET : AF_INET6, .proto = IPPROTO_ESP };
    struct nlmsghdr *request = next_of(desk);

    memcpy(&id.daddr, remote->bytes, ip_addr_size(remote->family));
    memset(request, 0, NLMSG_SPACE(sizeof(id)));
    *request = (struct nlmsghdr){ .nlmsg_len = NLMSG_LENGTH(sizeof(id)), .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) };
    memcpy(NLMSG_DATA(request), &id, sizeof(id));
    add(desk);
}

static int read_sa(struct desk *desk, const struct ip_addr *remote, uint32_t spi)
{
    ssize_t n = 0;
    int r;

    name_sa(desk, XFRM_MSG_GETSA, 0, remote, spi);
    r = ask(desk);
    if (r >= 0)
        r = hear(desk, &n);
    if (r < 0)
        return r;
    if (!samsg_is_sa((const struct nlmsghdr *)desk->answer, (size_t)n))
        return -EBADMSG;
    memcpy(desk->sa, desk->answer, (size_t)n);
    return 0;
}

static int write_sa(struct desk *desk, uint32_t interval_sec)
{
    int r = samsg_write(sa_of(desk), interval_sec, next_of(desk));

    if (r >= 0)
        add(desk);
    return r;
}

/*
 * Deletes what is there, and makes the SA of desk->sa in its place, in one call. A packet that comes between the two finds none, and has the
 * kernel put up a place-holder with the same SPI, which the policies name: it is deleted as the SA was.
 */
static int make_in_place(struct desk *desk, const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec)
{
    int r = -EEXIST;
    ssize_t n;

    for (unsigned i = 0; i < ATTEMPTS_MAX && r == -EEXIST; i++) {
        name_sa(desk, XFRM_MSG_DELSA, NLM_F_ACK, remote, spi);
        r = write_sa(desk, interval_sec);
        if (r < 0)
            desk->n_request_bytes = 0;
        else
            r = ask(desk);
        if (r < 0)
            return r;
        (void)hear(desk, &n); /* that nothing was there is no harm */
        r = hear(desk, &n);
    }
    return r;
}

/* -EIDRM: it is gone, and was not taken again, not even as it was. */
static int replace(struct desk *desk, const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec)
{
    int r = make_in_place(desk, remote, spi, interval_sec);

    return r < 0 && make_in_place(desk, remote, spi, SAMSG_AS_IT_IS) < 0 ? -EIDRM : r;
}

/* A kernel that does not know intervals takes an SA with one all the same, and leaves it out. */
static int has_interval(struct desk *desk, const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec)
{
    struct samsg_facts facts;
    int r = read_sa(desk, remote, spi);

    if (r < 0)
        return r;
    samsg_look(sa_of(desk), &facts);
    return facts.keepalive_sec == interval_sec ? 0 : -EOPNOTSUPP;
}

/* A desk with the SA on it, and what it is like. desk_free() it, also where this fails. */
static int look(const struct ip_addr *remote, uint32_t spi, struct desk **ret, struct samsg_facts *ret_facts)
{
    int r = desk_new(ret);

    if (r >= 0)
        r = read_sa(*ret, remote, spi);
    if (r >= 0)
        samsg_look(sa_of(*ret), ret_facts);
    return r;
}

static bool may_change(const struct samsg_facts *facts, uint32_t interval_sec)
{
    return facts->has_keys && !facts->exhausted && (interval_sec == 0 || (facts->in_udp && !facts->extended));
}

static int change(struct desk *desk, const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec)
{
    int r = replace(desk, remote, spi, interval_sec);

    return r < 0 ? r : has_interval(desk, remote, spi, interval_sec);
}

int sakeepalive_set(const struct ip_addr *remote, uint32_t spi, uint32_t interval_sec)
{
    struct samsg_facts facts;
    struct desk *desk = NULL;
    int r = look(remote, spi, &desk, &facts);

    if (r >= 0 && facts.keepalive_sec != interval_sec)
        r = may_change(&facts, interval_sec) ? change(desk, remote, spi, interval_sec) : -EOPNOTSUPP;
    desk_free(desk);
    return r;
}

int64_t sakeepalive_get(const struct ip_addr *remote, uint32_t spi)
{
    struct samsg_facts facts;
    struct desk *desk = NULL;
    int r = look(remote, spi, &desk, &facts);

    desk_free(desk);
    return r < 0 ? r : (int64_t)facts.keepalive_sec;
}
