/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device's descriptor belongs to the thread: it is exchanged by leaving the new one in a slot and waking the thread. Writers take the
 * same lock as the exchange, so that nothing is ever written to a descriptor that was closed. See datapath.h.
 */
#include "ike/datapath.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "esp/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

#define PACKETS_PER_WAKE 64

struct datapath {
    struct mailbox *mailbox;
    struct traffic_marks marks;
    _Atomic uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets, n_dropped;
    _Atomic uint32_t watch_attempt;
    atomic_bool stopping;
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t tun_lock;
    int tun_fd; /* -1: none, or it died */
    int next_tun_fd;
    bool exchange; /* next_tun_fd is to become tun_fd */

    pthread_mutex_t out_lock; /* held while a packet is transformed */
    datapath_transform transform;
    void *userdata;
    uint32_t n_addrs;
    struct ip_addr addrs[TUNNEL_ADDRS_MAX];

    uint8_t buffer[DATAPATH_PACKET_MAX]; /* the thread's own */
};

static void count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static bool is_our_address(const struct datapath *datapath, const struct ip_addr *addr)
{
    for (uint32_t i = 0; i < datapath->n_addrs; i++)
        if (ip_addr_equal(&datapath->addrs[i], addr))
            return true;
    return false;
}

static int transform_locked(struct datapath *datapath, const struct inner_packet *packet, const void *data)
{
    if (!datapath->transform || datapath->n_addrs == 0)
        return -ENETDOWN;
    if (!is_our_address(datapath, &packet->source))
        return -EADDRNOTAVAIL;
    /* before it is sent: the answer may be quicker than we are */
    traffic_inner_out(&datapath->marks, clock_boottime_usec());
    return datapath->transform(datapath->userdata, data, packet->length_bytes);
}

static void send_packet(struct datapath *datapath, size_t size_bytes)
{
    struct inner_packet packet;
    int r;

    if (!inner_packet_parse(datapath->buffer, size_bytes, &packet) || inner_packet_is_noise(&packet)) {
        count(&datapath->n_dropped, 1);
        return;
    }
    pthread_mutex_lock(&datapath->out_lock);
    r = transform_locked(datapath, &packet, datapath->buffer);
    pthread_mutex_unlock(&datapath->out_lock);
    if (r < 0) {
        count(&datapath->n_dropped, 1);
        return;
    }
    count(&datapath->tx_packets, 1);
    count(&datapath->tx_bytes, packet.length_bytes);
}

/* False: the device died. */
static bool read_packets(struct datapath *datapath)
{
    for (unsigned i = 0; i < PACKETS_PER_WAKE; i++) {
        ssize_t n = read(datapath->tun_fd, datapath->buffer, sizeof(datapath->buffer));

        if (n > 0)
            send_packet(datapath, (size_t)n);
        else if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        else
            return false;
    }
    return true;
}

static void exchange_tun(struct datapath *datapath)
{
    pthread_mutex_lock(&datapath->tun_lock);
    if (datapath->exchange) {
        close_fd(&datapath->tun_fd);
        datapath->tun_fd = steal_fd(&datapath->next_tun_fd);
        datapath->exchange = false;
    }
    pthread_mutex_unlock(&datapath->tun_lock);
}

/* The device is gone or unusable: quiet until the next one. */
static void drop_tun(struct datapath *datapath)
{
    pthread_mutex_lock(&datapath->tun_lock);
    close_fd(&datapath->tun_fd);
    pthread_mutex_unlock(&datapath->tun_lock);
}

static void report_unanswered(struct datapath *datapath)
{
    struct event event = { .type = EVENT_TRAFFIC };

    if (!traffic_notice(&datapath->marks, clock_boottime_usec()))
        return;
    traffic_read(&datapath->marks, &event.traffic);
    mailbox_post(datapath->mailbox, atomic_load(&datapath->watch_attempt), &event);
}

static void *datapath_run(void *userdata)
{
    struct datapath *datapath = userdata;

    while (!atomic_load(&datapath->stopping)) {
        struct pollfd fds[] = {
            { .fd = datapath->wake_fd, .events = POLLIN },
            { .fd = datapath->tun_fd, .events = POLLIN }, /* -1 is ignored */
        };
        eventfd_t ignored;

        if (poll(fds, ELEMENTSOF(fds), traffic_timeout_msec(&datapath->marks, clock_boottime_usec())) < 0)
            continue;
        if (fds[0].revents) {
            eventfd_read(datapath->wake_fd, &ignored);
            exchange_tun(datapath);
            continue;
        }
        if (fds[1].revents && !read_packets(datapath))
            drop_tun(datapath);
        report_unanswered(datapath);
    }
    return NULL;
}

static int start_thread(struct datapath *datapath)
{
    sigset_t all, before;
    int r;

    /* signals are the main thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&datapath->thread, NULL, datapath_run, datapath);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        pthread_setname_np(datapath->thread, "mvpn-tun");
    return -r;
}

int datapath_new(struct mailbox *mailbox, struct datapath **ret)
{
    struct datapath *datapath = calloc(1, sizeof(*datapath));
    int r;

    if (!datapath)
        return -ENOMEM;
    datapath->mailbox = mailbox;
    datapath->tun_fd = datapath->next_tun_fd = -1;
    traffic_reset(&datapath->marks);
    pthread_mutex_init(&datapath->tun_lock, NULL);
    pthread_mutex_init(&datapath->out_lock, NULL);
    datapath->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = datapath->wake_fd < 0 ? -errno : start_thread(datapath);
    if (r < 0) {
        close_fd(&datapath->wake_fd);
        free(datapath);
        return r;
    }
    *ret = datapath;
    return 0;
}

void datapath_free(struct datapath *datapath)
{
    if (!datapath)
        return;
    atomic_store(&datapath->stopping, true);
    eventfd_write(datapath->wake_fd, 1);
    pthread_join(datapath->thread, NULL);
    close_fd(&datapath->wake_fd);
    close_fd(&datapath->tun_fd);
    close_fd(&datapath->next_tun_fd);
    pthread_mutex_destroy(&datapath->tun_lock);
    pthread_mutex_destroy(&datapath->out_lock);
    free(datapath);
}

void datapath_set_transform(struct datapath *datapath, datapath_transform transform, void *userdata)
{
    pthread_mutex_lock(&datapath->out_lock);
    datapath->transform = transform;
    datapath->userdata = userdata;
    pthread_mutex_unlock(&datapath->out_lock);
}

int datapath_set_tun(struct datapath *datapath, int tun_fd)
{
    int fd = -1;

    if (tun_fd >= 0) {
        int flags;

        fd = fcntl(tun_fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
            return -errno;
        /* of the open file, hence shared with the caller's descriptor */
        flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
            int r = -errno;

            close_fd(&fd);
            return r;
        }
    }
    pthread_mutex_lock(&datapath->tun_lock);
    close_fd(&datapath->next_tun_fd);
    datapath->next_tun_fd = fd;
    datapath->exchange = true;
    pthread_mutex_unlock(&datapath->tun_lock);
    eventfd_write(datapath->wake_fd, 1);
    return 0;
}

void datapath_set_addrs(struct datapath *datapath, const struct ip_addr *addrs, uint32_t n_addrs)
{
    pthread_mutex_lock(&datapath->out_lock);
    datapath->n_addrs = MIN_OF(n_addrs, (uint32_t)TUNNEL_ADDRS_MAX);
    for (uint32_t i = 0; i < datapath->n_addrs; i++)
        datapath->addrs[i] = addrs[i];
    pthread_mutex_unlock(&datapath->out_lock);
    if (n_addrs == 0) {
        /* what was sent into the old tunnel is not waited for any more */
        atomic_store(&datapath->marks.watched, false);
        atomic_store(&datapath->marks.unanswered_at_usec, 0);
    }
}

void datapath_deliver(struct datapath *datapath, const void *packet, size_t size_bytes)
{
    struct inner_packet inner;
    ssize_t n = -1;

    traffic_in(&datapath->marks, clock_boottime_usec());
    if (inner_packet_parse(packet, size_bytes, &inner)) {
        pthread_mutex_lock(&datapath->tun_lock);
        if (datapath->tun_fd >= 0)
            n = write(datapath->tun_fd, packet, inner.length_bytes);
        pthread_mutex_unlock(&datapath->tun_lock);
    }
    if (n < 0) {
        count(&datapath->n_dropped, 1);
        return;
    }
    count(&datapath->rx_packets, 1);
    count(&datapath->rx_bytes, (uint64_t)n);
}

void datapath_note_out(struct datapath *datapath)
{
    traffic_out(&datapath->marks, clock_boottime_usec());
}

void datapath_note_in(struct datapath *datapath)
{
    traffic_in(&datapath->marks, clock_boottime_usec());
}

void datapath_watch(struct datapath *datapath, uint32_t attempt)
{
    atomic_store(&datapath->watch_attempt, attempt);
    atomic_store(&datapath->marks.watched, true);
    /* the thread may sleep without a limit although a packet waits */
    if (atomic_load(&datapath->marks.unanswered_at_usec) != 0)
        eventfd_write(datapath->wake_fd, 1);
}

void datapath_get_stats(
    struct datapath *datapath, struct datapath_stats *ret_stats, struct traffic *ret_traffic)
{
    *ret_stats = (struct datapath_stats){
        .rx_bytes = atomic_load(&datapath->rx_bytes),
        .rx_packets = atomic_load(&datapath->rx_packets),
        .tx_bytes = atomic_load(&datapath->tx_bytes),
        .tx_packets = atomic_load(&datapath->tx_packets),
        .n_dropped = atomic_load(&datapath->n_dropped),
    };
    traffic_read(&datapath->marks, ret_traffic);
}

void datapath_reset_stats(struct datapath *datapath)
{
    atomic_store(&datapath->rx_bytes, 0);
    atomic_store(&datapath->rx_packets, 0);
    atomic_store(&datapath->tx_bytes, 0);
    atomic_store(&datapath->tx_packets, 0);
    atomic_store(&datapath->n_dropped, 0);
    traffic_reset(&datapath->marks);
}
