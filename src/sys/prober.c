/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets are connected to the server: the kernel drops everybody else's datagrams, and hands over ICMP errors. What still comes in is read one
 * datagram in a turn of the loop, so that whoever hears of it may close the slot or free the prober; garbage is read on over, a bounded number.
 *
 * A transaction is remembered until it is answered, its slot is closed, or many newer ones have come. One whose answer goes to another port
 * (RESPONSE-PORT) outlives its own slot.
 */
#include "sys/prober.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "sys/stun.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#define TRANSACTIONS_MAX (4 * PROBE_SLOTS_MAX)
#define READS_MAX        8 /* in one turn of the loop */

struct transaction {
    bool pending;
    uint8_t id[STUN_ID_SIZE];
    struct probe_send request;
};

struct slot {
    struct prober *prober;
    sd_event_source *source; /* owns the socket; NULL: closed */
    struct probe_send newest; /* the last request: where the socket is bound and connected to */
    uint32_t n_garbage; /* since that request */
};

struct prober {
    sd_event *loop;
    uint32_t mark;
    prober_callback callback;
    void *userdata;
    struct slot slots[PROBE_SLOTS_MAX];
    struct transaction transactions[TRANSACTIONS_MAX];
    uint32_t next_transaction; /* the oldest one, to be replaced */
};

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};

static struct endpoint endpoint_of(const struct ip_addr *addr, uint16_t port, int ifindex)
{
    struct endpoint e = { .size = 0 };

    if (addr->family == 4) {
        e.v4.sin_family = AF_INET;
        e.v4.sin_port = htons(port);
        memcpy(&e.v4.sin_addr, addr->bytes, 4);
        e.size = sizeof(e.v4);
    } else {
        e.v6.sin6_family = AF_INET6;
        e.v6.sin6_port = htons(port);
        memcpy(&e.v6.sin6_addr, addr->bytes, 16);
        e.v6.sin6_scope_id = ip_addr_is_link_local(addr) ? (uint32_t)ifindex : 0;
        e.size = sizeof(e.v6);
    }
    return e;
}

static int fd_of(const struct slot *slot)
{
    return sd_event_source_get_io_fd(slot->source);
}

/* The mark and the link before the addresses: bind() and connect() look up routes by them. */
static int open_socket(uint32_t mark, const struct probe_send *request)
{
    struct endpoint local = endpoint_of(&request->local, 0, request->ifindex);
    _cleanup_close_ int fd = socket(request->local.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, request->interface, (socklen_t)strlen(request->interface) + 1) < 0 ||
        bind(fd, &local.any, local.size) < 0)
        return -errno;
    return steal_fd(&fd);
}

static int connect_to(int fd, const struct probe_send *request)
{
    struct endpoint server = endpoint_of(&request->server, request->server_port, request->ifindex);

    return connect(fd, &server.any, server.size) < 0 ? -errno : 0;
}

static void close_slot(struct slot *slot)
{
    slot->source = sd_event_source_disable_unref(slot->source);
    slot->n_garbage = 0;
}

/* The last thing done with a slot in a turn: the callback may free it. */
static void tell_failed(struct slot *slot, bool refused)
{
    struct event event = { .type = EVENT_PROBE_FAILED };

    event.probe_failed = (struct probe_failed){ .slot = slot->newest.slot, .tag = slot->newest.tag, .refused = refused };
    slot->prober->callback(slot->prober->userdata, &event);
}

static bool same_server(const struct probe_send *a, const struct probe_send *b)
{
    return a->server_port == b->server_port && ip_addr_equal(&a->server, &b->server);
}

/* The request that this answers: sent to the server that the socket is connected to, so to the one that answered. */
static struct transaction *find_transaction(const struct slot *slot, const struct stun_answer *answer)
{
    struct prober *prober = slot->prober;

    for (uint32_t i = 0; i < TRANSACTIONS_MAX; i++) {
        struct transaction *t = &prober->transactions[i];

        if (t->pending && memcmp(t->id, answer->id, STUN_ID_SIZE) == 0)
            return same_server(&t->request, &slot->newest) ? t : NULL;
    }
    return NULL;
}

static void tell_answer(struct slot *slot, struct transaction *t, const struct stun_answer *answer)
{
    struct event event = { .type = EVENT_PROBE_ANSWER };

    t->pending = false;
    if (answer->success) {
        event.probe_answer = (struct probe_answer){
            .slot = slot->newest.slot, .tag = t->request.tag, .mapped = answer->mapped, .mapped_port = answer->mapped_port };
    } else {
        event.type = EVENT_PROBE_FAILED;
        event.probe_failed = (struct probe_failed){ .slot = slot->newest.slot, .tag = t->request.tag, .refused = true };
    }
    slot->prober->callback(slot->prober->userdata, &event);
}

/* An answer to one of our requests? NULL: garbage, or a duplicate, or too late. */
static struct transaction *judge(const struct slot *slot, const uint8_t *bytes, ssize_t n_bytes, struct stun_answer *ret)
{
    struct transaction *t;

    if (stun_parse_answer(bytes, (size_t)n_bytes, ret) < 0)
        return NULL;
    t = find_transaction(slot, ret);
    return t && (!ret->success || ret->mapped.family == t->request.server.family) ? t : NULL;
}

/* Nothing that was asked for. True: told, so the turn is over. */
static bool on_garbage(struct slot *slot, bool is_error)
{
    bool enough = ++slot->n_garbage >= PROBER_GARBAGE_MAX;

    if (enough)
        close_slot(slot);
    if (enough || is_error)
        tell_failed(slot, false);
    return enough || is_error;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct slot *slot = userdata;

    (void)source, (void)revents;
    for (unsigned i = 0; i < READS_MAX; i++) {
        uint8_t bytes[STUN_MESSAGE_MAX + 1]; /* one that is too long shows as that */
        struct stun_answer answer;
        struct transaction *t;
        ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                on_garbage(slot, true); /* ICMP, or the link is gone */
            return 0;
        }
        t = judge(slot, bytes, n, &answer);
        if (t) {
            tell_answer(slot, t, &answer);
            return 0;
        }
        if (on_garbage(slot, false))
            return 0;
    }
    return 0;
}

int prober_new(sd_event *loop, uint32_t mark, prober_callback callback, void *userdata, struct prober **ret)
{
    struct prober *prober = calloc(1, sizeof(*prober));

    if (!prober)
        return -ENOMEM;
    prober->loop = sd_event_ref(loop);
    prober->mark = mark;
    prober->callback = callback;
    prober->userdata = userdata;
    for (uint32_t i = 0; i < PROBE_SLOTS_MAX; i++)
        prober->slots[i].prober = prober;
    *ret = prober;
    return 0;
}

void prober_free(struct prober *prober)
{
    if (!prober)
        return;
    prober_close(prober, PROBE_SLOT_ALL);
    sd_event_unref(prober->loop);
    free(prober);
}

static bool fits(const struct slot *slot, const struct probe_send *request)
{
    return slot->source && slot->newest.ifindex == request->ifindex && strcmp(slot->newest.interface, request->interface) == 0 &&
           ip_addr_equal(&slot->newest.local, &request->local);
}

static int open_slot(struct slot *slot, const struct probe_send *request)
{
    _cleanup_close_ int fd = open_socket(slot->prober->mark, request);
    int r = fd < 0 ? fd : connect_to(fd, request);

    if (r >= 0)
        r = sd_event_add_io(slot->prober->loop, &slot->source, fd, EPOLLIN, on_io, slot);
    if (r < 0)
        return r;
    r = sd_event_source_set_io_fd_own(slot->source, true);
    if (r < 0) {
        close_slot(slot);
        return r;
    }
    (void)steal_fd(&fd);
    return 0;
}

/* A socket that is bound, and connected to this request's server. */
static int get_ready(struct slot *slot, const struct probe_send *request)
{
    int r = 0;

    if (!fits(slot, request)) {
        prober_close(slot->prober, request->slot);
        r = open_slot(slot, request);
    } else if (!same_server(&slot->newest, request)) {
        r = connect_to(fd_of(slot), request); /* it keeps its port */
    }
    if (r < 0)
        return r;
    slot->newest = *request;
    slot->n_garbage = 0;
    return 0;
}

/* Before it is sent: an answer can come at once. */
static struct transaction *remember(struct prober *prober, const struct probe_send *request)
{
    struct transaction *t = &prober->transactions[prober->next_transaction];

    if (getrandom(t->id, sizeof(t->id), 0) != sizeof(t->id))
        return NULL;
    t->request = *request;
    t->pending = true;
    prober->next_transaction = (prober->next_transaction + 1) % TRANSACTIONS_MAX;
    return t;
}

/* An error that waited on the socket (of an earlier packet) is told in place of sending: the second try sends. */
static int send_bytes(int fd, const uint8_t *bytes, size_t n_bytes)
{
    if (send(fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || send(fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return 0;
    return -errno;
}

int prober_send(struct prober *prober, const struct probe_send *request)
{
    uint8_t bytes[STUN_REQUEST_SIZE];
    struct transaction *t;
    struct slot *slot;
    bool was_open;
    int r;

    if (request->slot >= PROBE_SLOTS_MAX || !request->server.family || request->server.family != request->local.family || !request->interface[0])
        return -EINVAL;
    slot = &prober->slots[request->slot];
    was_open = fits(slot, request);
    r = get_ready(slot, request);
    if (r < 0)
        return r;
    t = remember(prober, request);
    r = t ? send_bytes(fd_of(slot), bytes, stun_format_request(t->id, request->response_port, bytes)) : -EIO;
    if (r >= 0)
        return 0;
    if (t)
        t->pending = false;
    if (!was_open)
        close_slot(slot);
    return r;
}

void prober_close(struct prober *prober, uint32_t slot)
{
    for (uint32_t i = 0; i < PROBE_SLOTS_MAX; i++)
        if (slot == i || slot == PROBE_SLOT_ALL)
            close_slot(&prober->slots[i]);
    for (uint32_t i = 0; i < TRANSACTIONS_MAX; i++) {
        struct transaction *t = &prober->transactions[i];

        if (slot == PROBE_SLOT_ALL || (t->request.slot == slot && !t->request.response_port))
            t->pending = false;
    }
}

void prober_set_mark(struct prober *prober, uint32_t mark)
{
    if (prober->mark == mark)
        return;
    prober->mark = mark;
    for (uint32_t i = 0; i < PROBE_SLOTS_MAX; i++)
        if (prober->slots[i].source)
            (void)setsockopt(fd_of(&prober->slots[i]), SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
}
