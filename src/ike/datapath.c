/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread, and everybody else's view of it. It sleeps in poll() without the lock and works with it, so that SAs, addresses and the device
 * change between two batches, never inside one. What it sleeps on is asked anew before each sleep; who changes that wakes it.
 * See datapath.h.
 */
#include "ike/datapath_internal.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

enum { POLL_WAKE, POLL_TUN, POLL_SOCKETS };

struct udp_socket *datapath_socket(struct datapath *datapath, uint8_t family, uint16_t port)
{
    for (unsigned i = 0; i < datapath->n_sockets; i++)
        if (datapath->sockets[i].family == family && datapath->sockets[i].port == port)
            return &datapath->sockets[i];
    return NULL;
}

static void report_unanswered(struct datapath *datapath)
{
    struct event event = { .type = EVENT_TRAFFIC };

    if (!traffic_notice(&datapath->marks, clock_boottime_usec()))
        return;
    traffic_read(&datapath->marks, &event.traffic);
    mailbox_post(datapath->mailbox, atomic_load(&datapath->watch_attempt), &event);
}

/* What to sleep on: as it stands now. */
static nfds_t prepare_poll(struct datapath *datapath, struct pollfd fds[POLL_SOCKETS + DATAPATH_SOCKETS_MAX])
{
    nfds_t n = POLL_SOCKETS;

    pthread_mutex_lock(&datapath->lock);
    fds[POLL_WAKE] = (struct pollfd){ .fd = datapath->wake_fd, .events = POLLIN };
    fds[POLL_TUN] = (struct pollfd){ .fd = datapath->tun.fd, .events = POLLIN }; /* -1 is ignored */
    for (unsigned i = 0; i < datapath->n_sockets; i++)
        fds[n++] = (struct pollfd){ .fd = datapath->sockets[i].fd, .events = POLLIN };
    pthread_mutex_unlock(&datapath->lock);
    return n;
}

/* Arrivals first: they may be what a departure waits for. */
static void work(struct datapath *datapath, const struct pollfd *fds, nfds_t n)
{
    eventfd_t ignored;

    pthread_mutex_lock(&datapath->lock);
    datapath->now_usec = clock_boottime_usec();
    for (unsigned i = 0; i < datapath->n_sockets && POLL_SOCKETS + i < n; i++)
        if (fds[POLL_SOCKETS + i].revents)
            inbound_run(datapath, i);
    if (fds[POLL_WAKE].revents)
        eventfd_read(datapath->wake_fd, &ignored);
    if ((fds[POLL_WAKE].revents || fds[POLL_TUN].revents) && !outbound_run(datapath))
        close_fd(&datapath->tun.fd); /* gone or unusable: quiet until the next one */
    pthread_mutex_unlock(&datapath->lock);
}

static void *datapath_run(void *userdata)
{
    struct pollfd fds[POLL_SOCKETS + DATAPATH_SOCKETS_MAX];
    struct datapath *datapath = userdata;

    while (!atomic_load(&datapath->stopping)) {
        nfds_t n = prepare_poll(datapath, fds);
        int ready = poll(fds, n, traffic_timeout_msec(&datapath->marks, clock_boottime_usec()));

        if (ready > 0)
            work(datapath, fds, n);
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
        pthread_setname_np(datapath->thread, "mvpn-esp");
    return -r;
}

static void destroy(struct datapath *datapath)
{
    close_fd(&datapath->wake_fd);
    close_fd(&datapath->tun.fd);
    for (unsigned i = 0; i < datapath->n_sockets; i++)
        udp_close(&datapath->sockets[i]);
    esp_sad_free(datapath->sad);
    esp_engine_free(datapath->engine);
    pthread_mutex_destroy(&datapath->lock);
    free(datapath);
}

/* A faster cipher where there is one; without it OpenSSL's is as good, only slower. */
static int open_sad(struct datapath *datapath)
{
    int r = esp_sad_new(&datapath->sad);

    if (r >= 0 && esp_engine_new(&datapath->engine) >= 0)
        esp_sad_set_engine(datapath->sad, datapath->engine);
    return r;
}

int datapath_new(struct mailbox *mailbox, struct datapath **ret)
{
    struct datapath *datapath =
        calloc(1, sizeof(*datapath)); /* buffers are fresh pages: untouched, they cost nothing */
    int r;

    if (!datapath)
        return -ENOMEM;
    datapath->mailbox = mailbox;
    datapath->tun.fd = -1;
    traffic_reset(&datapath->marks);
    pthread_mutex_init(&datapath->lock, NULL);
    datapath->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r = datapath->wake_fd < 0 ? -errno : open_sad(datapath);
    if (r >= 0)
        r = start_thread(datapath);
    if (r < 0) {
        destroy(datapath);
        return r;
    }
    *ret = datapath;
    return 0;
}

static void wake(struct datapath *datapath)
{
    (void)eventfd_write(datapath->wake_fd, 1);
}

void datapath_free(struct datapath *datapath)
{
    if (!datapath)
        return;
    atomic_store(&datapath->stopping, true);
    wake(datapath);
    pthread_join(datapath->thread, NULL);
    destroy(datapath);
}

void datapath_set_handler(struct datapath *datapath, const struct datapath_handler *handler)
{
    pthread_mutex_lock(&datapath->lock);
    datapath->handler = handler ? *handler : (struct datapath_handler){ 0 };
    pthread_mutex_unlock(&datapath->lock);
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
    pthread_mutex_lock(&datapath->lock);
    close_fd(&datapath->tun.fd); /* poll() holds its file until it is woken */
    datapath->tun = tun_probe(fd);
    pthread_mutex_unlock(&datapath->lock);
    wake(datapath);
    return 0;
}

int datapath_open_socket(
    struct datapath *datapath, uint8_t family, uint16_t port, uint32_t mark, bool esp, uint16_t *ret_port)
{
    struct udp_socket udp;
    int r = udp_open(family, port, mark, &udp);

    if (r < 0)
        return r;
    pthread_mutex_lock(&datapath->lock);
    if (datapath->n_sockets < DATAPATH_SOCKETS_MAX) {
        datapath->carries_esp[datapath->n_sockets] = esp;
        datapath->sockets[datapath->n_sockets++] = udp;
        *ret_port = udp.port;
        r = udp.fd;
    } else {
        udp_close(&udp);
        r = -ENOBUFS;
    }
    pthread_mutex_unlock(&datapath->lock);
    wake(datapath);
    return r;
}

void datapath_close_last_socket(struct datapath *datapath)
{
    pthread_mutex_lock(&datapath->lock);
    if (datapath->n_sockets > 0)
        udp_close(&datapath->sockets[--datapath->n_sockets]);
    pthread_mutex_unlock(&datapath->lock);
    wake(datapath);
}

int datapath_send(struct datapath *datapath, const struct udp_path *path, uint16_t local_port,
    const void *data, size_t size_bytes)
{
    struct udp_socket *udp;
    int r;

    pthread_mutex_lock(&datapath->lock);
    udp = datapath_socket(datapath, path->remote.addr.family, local_port);
    r = udp ? udp_send_fragmentable(udp, path, data, size_bytes) : -ENOTCONN;
    pthread_mutex_unlock(&datapath->lock);
    if (r == 0)
        traffic_out(&datapath->marks, clock_boottime_usec());
    return r;
}

void datapath_set_link(struct datapath *datapath, int ifindex, uint32_t mark)
{
    pthread_mutex_lock(&datapath->lock);
    datapath->ifindex = ifindex;
    datapath->mark = mark;
    datapath->path_mtu_at_usec = 0;
    datapath->path_mtu_told = 0;
    for (unsigned i = 0; i < datapath->n_sockets; i++)
        udp_try_segment(&datapath->sockets[i]);
    pthread_mutex_unlock(&datapath->lock);
}

void datapath_move(struct datapath *datapath, const struct ip_addr *local, const struct ip_addr *remote)
{
    struct esp_sa *sa = NULL;

    pthread_mutex_lock(&datapath->lock);
    while ((sa = esp_sad_next(datapath->sad, sa))) {
        struct esp_outer outer = *esp_sa_outer(sa);

        if (esp_sa_is_inbound(sa) || !ip_addr_equal(&outer.remote, remote))
            continue;
        outer.local = *local;
        esp_sa_set_outer(sa, &outer);
    }
    pthread_mutex_unlock(&datapath->lock);
}

struct esp_sad *datapath_lock_sad(struct datapath *datapath)
{
    pthread_mutex_lock(&datapath->lock);
    return datapath->sad;
}

void datapath_unlock_sad(struct datapath *datapath)
{
    pthread_mutex_unlock(&datapath->lock);
}

void datapath_set_addrs(struct datapath *datapath, const struct ip_addr *addrs, uint32_t n_addrs)
{
    pthread_mutex_lock(&datapath->lock);
    datapath->held |= datapath->n_addrs == 0;
    datapath->n_addrs = MIN_OF(n_addrs, (uint32_t)TUNNEL_ADDRS_MAX);
    for (uint32_t i = 0; i < datapath->n_addrs; i++)
        datapath->addrs[i] = addrs[i];
    pthread_mutex_unlock(&datapath->lock);
    if (n_addrs == 0) {
        /* what was sent into the old tunnel is not waited for any more */
        atomic_store(&datapath->marks.watched, false);
        atomic_store(&datapath->marks.unanswered_at_usec, 0);
    }
}

void datapath_note_in(struct datapath *datapath)
{
    traffic_in(&datapath->marks, clock_boottime_usec());
}

/* Under the lock: one that waits and is not too old. */
static bool has_fresh_packet(const struct datapath *datapath)
{
    const struct backlog_packet *newest = backlog_newest(&datapath->backlog);

    return newest && usec_sub(clock_boottime_usec(), newest->at_usec) < DATAPATH_KEEP_USEC;
}

void datapath_watch_demand(struct datapath *datapath)
{
    pthread_mutex_lock(&datapath->lock);
    atomic_store(&datapath->demand_watched, true);
    if (has_fresh_packet(datapath))
        outbound_tell_demand(datapath);
    pthread_mutex_unlock(&datapath->lock);
}

void datapath_release(struct datapath *datapath)
{
    bool waiting;

    pthread_mutex_lock(&datapath->lock);
    datapath->held &= datapath->n_addrs == 0;
    waiting = !datapath->held && datapath->backlog.n_packets > 0;
    pthread_mutex_unlock(&datapath->lock);
    if (waiting)
        wake(datapath);
}

void datapath_watch(struct datapath *datapath, uint32_t attempt)
{
    atomic_store(&datapath->watch_attempt, attempt);
    atomic_store(&datapath->marks.watched, true);
    /* the thread may sleep without a limit although a packet waits */
    if (atomic_load(&datapath->marks.unanswered_at_usec) != 0)
        wake(datapath);
}

uint32_t datapath_count_sas(struct datapath *datapath)
{
    uint32_t n = 0;

    pthread_mutex_lock(&datapath->lock);
    for (struct esp_sa *sa = esp_sad_next(datapath->sad, NULL); sa; sa = esp_sad_next(datapath->sad, sa))
        n++;
    pthread_mutex_unlock(&datapath->lock);
    return n;
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
        .n_kept = atomic_load(&datapath->n_kept),
    };
    traffic_read(&datapath->marks, ret_traffic);
}
