/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * c-ares on sd-event: its sockets become I/O sources, its next retry one timer. c-ares checks identifiers, questions and the sender of what
 * comes back; the sockets are connected, so that the kernel drops other senders before that.
 * Nothing is reported from within c-ares: answers are collected, and a turn of the loop later they are handed out, so that whoever gets them
 * may free the query.
 */
#include "sys/query.h"

#include "base/macro.h"
#include "sys/resolvconf.h"

#include <ares.h>

#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#define N_SOCKETS      (2 * RESOLVED_ADDRS_MAX) /* UDP and TCP to each server */
#define ANSWERS_MAX    32 /* records looked at */
#define TIMER_ACCURACY MSEC(50)

struct family_answer {
    struct query *query;
    int record_type; /* ns_t_a or ns_t_aaaa */
    bool pending;
    uint32_t n_addrs;
    struct ip_addr addrs[RESOLVED_ADDRS_MAX];
};

struct query_socket {
    int fd;
    sd_event_source *source; /* NULL: free */
};

struct query {
    sd_event *loop;
    ares_channel channel;
    uint32_t mark, id;
    char interface[IF_NAME_SIZE];
    struct query_socket sockets[N_SOCKETS];
    sd_event_source *retry; /* when c-ares wants to be called again */
    sd_event_source *limit; /* QUERY_LIMIT, or QUERY_SETTLE once one family has answered */
    sd_event_source *end; /* one turn of the loop, then `done` */
    struct family_answer ipv4, ipv6;
    query_done done;
    void *userdata;
};

bool query_name_is_valid(const char *name)
{
    size_t length = strlen(name), label = 0;

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length == 0 || length > 253)
        return false;
    for (size_t i = 0; i < length; i++) {
        label = name[i] == '.' ? 0 : label + 1;
        if (label > 63 || (label == 0 && (i == 0 || name[i - 1] == '.')))
            return false;
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", name[i]))
            return false;
    }
    return label > 0;
}

static void end_soon(struct query *q)
{
    sd_event_source_set_enabled(q->end, SD_EVENT_ONESHOT);
}

static void add_answer(struct family_answer *answer, uint8_t family, const void *bytes)
{
    struct ip_addr addr = ip_addr_from_bytes(family, bytes);

    /* A gateway is not to be found at ourselves, on the link alone, or at everybody. */
    if (answer->n_addrs < ELEMENTSOF(answer->addrs) && ip_addr_is_usable_source(&addr))
        answer->addrs[answer->n_addrs++] = addr;
}

static void parse_a(struct family_answer *answer, const unsigned char *bytes, int n_bytes)
{
    struct ares_addrttl records[ANSWERS_MAX];
    int n = ANSWERS_MAX;

    if (ares_parse_a_reply(bytes, n_bytes, NULL, records, &n) != ARES_SUCCESS)
        return;
    for (int i = 0; i < n; i++)
        add_answer(answer, 4, &records[i].ipaddr);
}

static void parse_aaaa(struct family_answer *answer, const unsigned char *bytes, int n_bytes)
{
    struct ares_addr6ttl records[ANSWERS_MAX];
    int n = ANSWERS_MAX;

    if (ares_parse_aaaa_reply(bytes, n_bytes, NULL, records, &n) != ARES_SUCCESS)
        return;
    for (int i = 0; i < n; i++)
        add_answer(answer, 6, &records[i].ip6addr);
}

/* From c-ares, also from within ares_query() itself. */
static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int n_bytes)
{
    struct family_answer *answer = arg;
    struct query *q = answer->query;

    (void)timeouts;
    if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED)
        return;
    answer->pending = false;
    if (status == ARES_SUCCESS && answer->record_type == ns_t_a)
        parse_a(answer, bytes, n_bytes);
    else if (status == ARES_SUCCESS)
        parse_aaaa(answer, bytes, n_bytes);
    if (!q->ipv4.pending && !q->ipv6.pending)
        end_soon(q);
    else if (answer->n_addrs > 0)
        sd_event_source_set_time_relative(q->limit, QUERY_SETTLE_USEC);
}

static void arm_retry(struct query *q)
{
    struct timeval left;

    if (!ares_timeout(q->channel, NULL, &left)) {
        sd_event_source_set_enabled(q->retry, SD_EVENT_OFF);
        return;
    }
    sd_event_source_set_time_relative(q->retry, SEC((usec_t)left.tv_sec) + (usec_t)left.tv_usec);
    sd_event_source_set_enabled(q->retry, SD_EVENT_ONESHOT);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct query *q = userdata;
    bool readable = revents & (EPOLLIN | EPOLLERR | EPOLLHUP), writable = revents & (EPOLLOUT | EPOLLERR | EPOLLHUP);

    (void)source;
    ares_process_fd(q->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
    arm_retry(q);
    return 0;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
    struct query *q = userdata;

    (void)source;
    (void)usec;
    ares_process_fd(q->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_retry(q);
    return 0;
}

static int on_limit(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)source;
    (void)usec;
    end_soon(userdata);
    return 0;
}

static struct query_socket *find_socket(struct query *q, int fd)
{
    struct query_socket *unused = NULL;

    for (size_t i = 0; i < N_SOCKETS; i++) {
        if (q->sockets[i].source && q->sockets[i].fd == fd)
            return &q->sockets[i];
        if (!q->sockets[i].source)
            unused = &q->sockets[i];
    }
    return unused;
}

/* c-ares is interested in this socket, or (neither) about to close it. */
static void on_interest(void *userdata, ares_socket_t fd, int readable, int writable)
{
    struct query *q = userdata;
    struct query_socket *s = find_socket(q, fd);
    uint32_t events = (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);

    if (!s)
        return; /* more sockets than servers allow: unheard, it times out */
    if (!events) {
        s->source = sd_event_source_disable_unref(s->source);
    } else if (s->source) {
        sd_event_source_set_io_events(s->source, events);
    } else if (sd_event_add_io(q->loop, &s->source, fd, events, on_io, q) >= 0) {
        s->fd = fd;
    }
}

/* Before connect(), which looks up the route and so must know the mark. A failure makes c-ares give up on this server. */
static int on_new_socket(ares_socket_t fd, int type, void *userdata)
{
    struct query *q = userdata;

    (void)type;
    if (setsockopt(fd, SOL_SOCKET, SO_MARK, &q->mark, sizeof(q->mark)) < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, q->interface, (socklen_t)strlen(q->interface) + 1) < 0)
        return -1;
    return 0;
}

static int set_servers(struct query *q, const struct resolve_request *request)
{
    struct ares_addr_node nodes[RESOLVED_ADDRS_MAX] = { 0 };
    struct resolved servers = { 0 };

    for (uint32_t i = 0; i < MIN_OF(request->n_servers, (uint32_t)RESOLVED_ADDRS_MAX); i++)
        server_list_add(&servers, &request->servers[i]);
    if (servers.n_addrs == 0)
        return -ENOENT;
    for (uint32_t i = 0; i < servers.n_addrs; i++) {
        const struct ip_addr *addr = &servers.addrs[i];

        nodes[i].family = addr->family == 4 ? AF_INET : AF_INET6;
        memcpy(&nodes[i].addr, addr->bytes, ip_addr_size(addr->family));
        nodes[i].next = i + 1 < servers.n_addrs ? &nodes[i + 1] : NULL;
    }
    return ares_set_servers(q->channel, nodes) == ARES_SUCCESS ? 0 : -ENOMEM;
}

/* Everything that c-ares would else read from files and the environment is given here. */
static int open_channel(struct query *q)
{
    char lookups[] = "b", no_file[] = "/dev/null";
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = QUERY_TRY_MSEC,
        .tries = QUERY_TRIES,
        .ndots = 1,
        .lookups = lookups,
        .resolvconf_path = no_file,
        .sock_state_cb = on_interest,
        .sock_state_cb_data = q,
    };
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
                     ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE | ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&q->channel, &options, mask);

    if (status != ARES_SUCCESS)
        return status == ARES_ENOMEM ? -ENOMEM : -EIO;
    ares_set_socket_configure_callback(q->channel, on_new_socket, q);
    return 0;
}

/* IPv6 first; where both have many, each gets half of the room. */
static void merge(const struct query *q, struct resolved *ret)
{
    uint32_t half = RESOLVED_ADDRS_MAX / 2, room4 = MIN_OF(q->ipv4.n_addrs, half);
    uint32_t n6 = MIN_OF(q->ipv6.n_addrs, RESOLVED_ADDRS_MAX - room4);
    uint32_t n4 = MIN_OF(q->ipv4.n_addrs, RESOLVED_ADDRS_MAX - n6);

    *ret = (struct resolved){ .id = q->id, .n_addrs = n6 + n4 };
    memcpy(ret->addrs, q->ipv6.addrs, n6 * sizeof(ret->addrs[0]));
    memcpy(ret->addrs + n6, q->ipv4.addrs, n4 * sizeof(ret->addrs[0]));
}

static int on_end(sd_event_source *source, void *userdata)
{
    struct query *q = userdata;
    struct resolved answer;

    (void)source;
    merge(q, &answer);
    q->done(q->userdata, &answer);
    return 0;
}

static int add_sources(struct query *q)
{
    int r = sd_event_add_defer(q->loop, &q->end, on_end, q);

    if (r >= 0)
        r = sd_event_source_set_enabled(q->end, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_time_relative(q->loop, &q->limit, CLOCK_BOOTTIME, QUERY_LIMIT_USEC, TIMER_ACCURACY, on_limit, q);
    if (r >= 0)
        r = sd_event_add_time_relative(q->loop, &q->retry, CLOCK_MONOTONIC, QUERY_LIMIT_USEC, TIMER_ACCURACY, on_retry, q);
    return r;
}

/* Nothing to ask, or asked: from here on the answer comes through the loop. */
static void ask(struct query *q, const struct resolve_request *request)
{
    struct ip_addr literal;

    if (ip_addr_parse(request->name, &literal) == 0) {
        add_answer(literal.family == 4 ? &q->ipv4 : &q->ipv6, literal.family, literal.bytes);
        end_soon(q);
        return;
    }
    if ((!request->want_ipv4 && !request->want_ipv6) || !query_name_is_valid(request->name) || set_servers(q, request) < 0) {
        end_soon(q);
        return;
    }
    q->ipv4.pending = request->want_ipv4;
    q->ipv6.pending = request->want_ipv6;
    if (request->want_ipv6)
        ares_query(q->channel, request->name, ns_c_in, ns_t_aaaa, on_answer, &q->ipv6);
    if (request->want_ipv4)
        ares_query(q->channel, request->name, ns_c_in, ns_t_a, on_answer, &q->ipv4);
    arm_retry(q);
}

int query_new(sd_event *loop, uint32_t mark, const struct resolve_request *request, query_done done, void *userdata, struct query **ret)
{
    struct query *q = calloc(1, sizeof(*q));
    int r;

    if (!q)
        return -ENOMEM;
    q->loop = sd_event_ref(loop);
    q->mark = mark;
    q->id = request->id;
    memcpy(q->interface, request->interface, sizeof(q->interface));
    q->ipv4 = (struct family_answer){ .query = q, .record_type = ns_t_a };
    q->ipv6 = (struct family_answer){ .query = q, .record_type = ns_t_aaaa };
    q->done = done;
    q->userdata = userdata;
    r = add_sources(q);
    if (r >= 0)
        r = open_channel(q);
    if (r < 0) {
        query_free(q);
        return r;
    }
    ask(q, request);
    *ret = q;
    return 0;
}

void query_free(struct query *q)
{
    if (!q)
        return;
    if (q->channel)
        ares_destroy(q->channel);
    for (size_t i = 0; i < N_SOCKETS; i++)
        sd_event_source_disable_unref(q->sockets[i].source);
    sd_event_source_disable_unref(q->retry);
    sd_event_source_disable_unref(q->limit);
    sd_event_source_disable_unref(q->end);
    sd_event_unref(q->loop);
    free(q);
}
