/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the first label means:
 *   both, only4, only6     one address of each family, or of one; the other family has none
 *   many                   ten of each
 *   odd                    loopback, multicast, link-local and unspecified, and one good address
 *   alias                  a CNAME, then the address
 *   long                   does not fit into a datagram: truncated there, whole over TCP
 *   nothing, nxdomain      no record; no such name
 *   hush6                  IPv4 is answered, IPv6 never
 *   silent                 never an answer
 *   spoof                  first answers with a wrong identifier, a wrong question, from a wrong port: all say 192.0.2.66; then the right one
 *   liar                   only the wrong ones
 * Everything else: both.
 */
#include "adapter/resolver-dns.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_SIZE 12
#define PACKET_SIZE 4096
#define TYPE_A      1
#define TYPE_CNAME  5
#define TYPE_AAAA   28

struct dns_server {
    sd_event_source *udp, *tcp;
    int udp_fd, tcp_fd, wrong_fd;
    enum dns_mood mood;
    unsigned n_queries;
};

struct query {
    const uint8_t *bytes;
    size_t question_end;
    char label[64];
    uint16_t type;
};

struct answer {
    uint8_t bytes[PACKET_SIZE];
    size_t n_bytes;
};

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static bool parse(const uint8_t *bytes, size_t n_bytes, struct query *ret)
{
    size_t at = HEADER_SIZE;

    if (n_bytes < HEADER_SIZE + 6 || bytes[2] & 0x80 || bytes[HEADER_SIZE] >= sizeof(ret->label))
        return false;
    *ret = (struct query){ .bytes = bytes };
    memcpy(ret->label, bytes + HEADER_SIZE + 1, bytes[HEADER_SIZE]);
    while (at < n_bytes && bytes[at])
        at += 1U + bytes[at];
    if (at + 5 > n_bytes)
        return false;
    ret->type = (uint16_t)(bytes[at + 1] << 8 | bytes[at + 2]);
    ret->question_end = at + 5;
    return true;
}

static void put16(struct answer *a, unsigned value)
{
    a->bytes[a->n_bytes++] = (uint8_t)(value >> 8);
    a->bytes[a->n_bytes++] = (uint8_t)value;
}

/* Owner: the question's name, or (after a CNAME) the alias's target. */
static void put_record(struct answer *a, unsigned owner, unsigned type, const void *data, size_t n_bytes)
{
    put16(a, 0xc000 | owner);
    put16(a, type);
    put16(a, 1);
    put16(a, 0);
    put16(a, 60);
    put16(a, (unsigned)n_bytes);
    memcpy(a->bytes + a->n_bytes, data, n_bytes);
    a->n_bytes += n_bytes;
    a->bytes[7]++;
}

static void put_addr(struct answer *a, unsigned owner, const char *text)
{
    uint8_t bytes[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;

    inet_pton(family, text, bytes);
    put_record(a, owner, family == AF_INET ? TYPE_A : TYPE_AAAA, bytes, family == AF_INET ? 4 : 16);
}

static void start_answer(const struct query *q, struct answer *a, unsigned flags)
{
    a->n_bytes = q->question_end;
    memcpy(a->bytes, q->bytes, q->question_end);
    a->bytes[2] = (uint8_t)(0x81 | flags >> 8);
    a->bytes[3] = (uint8_t)(0x80 | flags);
    memset(a->bytes + 6, 0, 6);
}

static void put_many(const struct query *q, struct answer *a, int n)
{
    for (int i = 1; i <= n; i++) {
        char text[64];

        snprintf(text, sizeof(text), q->type == TYPE_A ? "203.0.113.%d" : "2001:db8::%x", i);
        put_addr(a, HEADER_SIZE, text);
    }
}

static void put_odd(const struct query *q, struct answer *a)
{
    static const char *const FOUR[] = { "127.0.0.1", "224.0.0.1", "169.254.1.1", "0.0.0.0", "203.0.113.5" };
    static const char *const SIX[] = { "::1", "ff02::1", "fe80::1", "::", "2001:db8::5" };

    for (size_t i = 0; i < 5; i++)
        put_addr(a, HEADER_SIZE, q->type == TYPE_A ? FOUR[i] : SIX[i]);
}

static void put_alias(const struct query *q, struct answer *a)
{
    static const uint8_t target[] = { 4, 'r', 'e', 'a', 'l', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };
    size_t owner;

    put_record(a, HEADER_SIZE, TYPE_CNAME, target, sizeof(target));
    owner = a->n_bytes - sizeof(target);
    put_addr(a, (unsigned)owner, q->type == TYPE_A ? "203.0.113.5" : "2001:db8::5");
}

static bool is(const struct query *q, const char *label)
{
    return strcmp(q->label, label) == 0;
}

/* False: say nothing. */
static bool make_answer(const struct dns_server *server, const struct query *q, bool over_tcp, struct answer *a)
{
    bool four = q->type == TYPE_A;

    start_answer(q, a, 0);
    if (server->mood == DNS_MOOD_SILENT || is(q, "silent") || is(q, "liar") || (is(q, "hush6") && !four))
        return false;
    if (server->mood == DNS_MOOD_SERVFAIL)
        a->bytes[3] |= 2;
    else if (is(q, "nxdomain"))
        a->bytes[3] |= 3;
    else if (is(q, "nothing") || (is(q, "only4") && !four) || (is(q, "only6") && four))
        return true;
    else if (is(q, "long") && !over_tcp)
        a->bytes[2] |= 2;
    else if (is(q, "many") || is(q, "long"))
        put_many(q, a, is(q, "many") ? 10 : 100);
    else if (is(q, "odd"))
        put_odd(q, a);
    else if (is(q, "alias"))
        put_alias(q, a);
    else
        put_addr(a, HEADER_SIZE, four ? "203.0.113.5" : "2001:db8::5");
    return true;
}

/* Three answers that are not from the server, or not to this question; all give the same wrong address. */
static void send_lies(struct dns_server *server, const struct query *q, const struct sockaddr *to, socklen_t to_size)
{
    struct answer a;

    start_answer(q, &a, 0);
    put_addr(&a, HEADER_SIZE, q->type == TYPE_A ? "192.0.2.66" : "2001:db8::66");
    sendto(server->wrong_fd, a.bytes, a.n_bytes, 0, to, to_size);
    a.bytes[0] ^= 0x5a;
    sendto(server->udp_fd, a.bytes, a.n_bytes, 0, to, to_size);
    a.bytes[0] ^= 0x5a;
    a.bytes[HEADER_SIZE + 1] ^= 1;
    sendto(server->udp_fd, a.bytes, a.n_bytes, 0, to, to_size);
}

static int on_udp(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct dns_server *server = userdata;
    struct sockaddr_storage from;
    socklen_t from_size = sizeof(from);
    uint8_t bytes[PACKET_SIZE];
    ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_size);
    struct query q;
    struct answer a;

    (void)source;
    (void)revents;
    if (n < 0 || !parse(bytes, (size_t)n, &q))
        return 0;
    server->n_queries++;
    if (is(&q, "spoof") || is(&q, "liar"))
        send_lies(server, &q, (struct sockaddr *)&from, from_size);
    if (make_answer(server, &q, false, &a))
        sendto(fd, a.bytes, a.n_bytes, 0, (struct sockaddr *)&from, from_size);
    return 0;
}

/* c-ares may send several queries over one connection, and each whole at once. */
static int on_tcp_query(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct dns_server *server = userdata;
    uint8_t bytes[PACKET_SIZE];
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
    struct query q;
    struct answer a;

    (void)revents;
    if (n <= 0) {
        sd_event_source_disable_unref(source);
        return 0;
    }
    for (ssize_t at = 0; at + 2 < n; at += 2 + (bytes[at] << 8 | bytes[at + 1])) {
        uint8_t size[2];

        if (!parse(bytes + at + 2, (size_t)(n - at - 2), &q) || !make_answer(server, &q, true, &a))
            continue;
        size[0] = (uint8_t)(a.n_bytes >> 8);
        size[1] = (uint8_t)a.n_bytes;
        if (send(fd, size, 2, MSG_MORE) < 0 || send(fd, a.bytes, a.n_bytes, 0) < 0)
            give_up("send");
    }
    return 0;
}

static int on_tcp(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    sd_event_source *connection;
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)revents;
    if (accepted < 0)
        return 0;
    if (sd_event_add_io(sd_event_source_get_event(source), &connection, accepted, EPOLLIN, on_tcp_query, userdata) < 0)
        give_up("event");
    sd_event_source_set_io_fd_own(connection, true);
    return 0;
}

static int bind_socket(const char *addr, int type, uint16_t port)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    bool is_six = strchr(addr, ':');
    const struct sockaddr *sa = is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    int fd = socket(sa->sa_family, type | SOCK_CLOEXEC, 0), on = 1;

    inet_pton(sa->sa_family, addr, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
    if (is_six && six.sin6_addr.s6_addr[0] == 0xfe)
        six.sin6_scope_id = 2; /* the only link of that namespace */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, sa, is_six ? sizeof(six) : sizeof(four)) < 0)
        give_up(addr);
    return fd;
}

struct dns_server *dns_server_new(sd_event *loop, const char *addr, enum dns_mood mood)
{
    struct dns_server *server = calloc(1, sizeof(*server));

    if (!server)
        give_up("calloc");
    server->mood = mood;
    server->udp_fd = bind_socket(addr, SOCK_DGRAM, 53);
    server->wrong_fd = bind_socket(addr, SOCK_DGRAM, 5353);
    server->tcp_fd = bind_socket(addr, SOCK_STREAM, 53);
    if (listen(server->tcp_fd, 8) < 0 || sd_event_add_io(loop, &server->udp, server->udp_fd, EPOLLIN, on_udp, server) < 0 ||
        sd_event_add_io(loop, &server->tcp, server->tcp_fd, EPOLLIN, on_tcp, server) < 0)
        give_up("server");
    return server;
}

void dns_server_free(struct dns_server *server)
{
    sd_event_source_disable_unref(server->udp);
    sd_event_source_disable_unref(server->tcp);
    close(server->udp_fd);
    close(server->tcp_fd);
    close(server->wrong_fd);
    free(server);
}

unsigned dns_server_n_queries(const struct dns_server *server)
{
    return server->n_queries;
}
