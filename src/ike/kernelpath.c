/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One lock over gauge, counters and tap; the thread holds it but while it sleeps. The tap's descriptor is the thread's: only it opens and
 * closes it, so that it never sleeps on one that was closed. See kernelpath.h.
 */
#include "ike/kernelpath.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "core/gauge.h"
#include "core/routing.h"
#include "ike/counters.h"
#include "ike/keeper.h"
#include "ike/saquery.h"
#include "ike/tap.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>

struct kernelpath {
    struct mailbox *mailbox;
    kernelpath_lost lost;
    void *userdata;
    char interface[IF_NAMESIZE];
    int wake_fd;
    pthread_t thread;

    pthread_mutex_t lock;
    struct gauge gauge;
    struct counters counters;
    uint64_t n_refused; /* at the last look */
    struct tap tap;
    struct keeper keeper; /* open while armed and on the way from there to a tunnel */
    bool demand_watched;
    uint64_t n_kept, n_dropped;
    uint32_t n_addrs; /* 0: no tunnel stands */
    struct ip_addr addrs[TUNNEL_ADDRS_MAX];
    bool stopping;
    bool rebind; /* the tap is to be opened anew */
    uint32_t attempt;
};

static struct gauge_reading read_counters(struct kernelpath *path)
{
    (void)counters_read(&path->counters); /* an interface that is gone has counted all it will */
    return (struct gauge_reading){
        .rx_packets = path->counters.rx_packets,
        .tx_packets = path->counters.tx_packets,
    };
}

static void report(struct kernelpath *path)
{
    struct event event = { .type = EVENT_TRAFFIC, .traffic = path->gauge.traffic };

    mailbox_post(path->mailbox, path->attempt, &event);
}

/* Packets were refused and none was taken: is the link to blame, or have we no SAs any more, or no policies that lead to them? */
static void check_refusals(struct kernelpath *path, uint64_t n_refused_before, uint64_t tx_packets_before)
{
    if (path->n_addrs == 0 || path->counters.n_refused == n_refused_before ||
        path->counters.tx_packets != tx_packets_before)
        return;
    if (saquery_has(SAQUERY_SAS, TUNNEL_IF_ID) == 0) {
        path->n_addrs = 0; /* told once */
        path->lost(path->userdata, KERNELPATH_LOSS_SAS);
    } else if (saquery_has(SAQUERY_POLICIES, TUNNEL_IF_ID) == 0) {
        path->lost(path->userdata, KERNELPATH_LOSS_POLICIES);
    }
}

static void look(struct kernelpath *path)
{
    uint64_t n_refused = path->n_refused, tx_packets = path->gauge.last.tx_packets;
    struct gauge_reading reading = read_counters(path);

    path->n_refused = path->counters.n_refused;
    check_refusals(path, n_refused, tx_packets);

    if (gauge_look(&path->gauge, clock_boottime_usec(), &reading))
        report(path);
}

static void reopen_tap(struct kernelpath *path)
{
    tap_close(&path->tap);
    path->rebind = false;
    if (path->counters.ifindex > 0 && tap_open(path->counters.ifindex, &path->tap) < 0)
        path->tap.fd = -1; /* it is gone again: its loss is told to the daemon, which makes another */
}

/* Under the lock, before sleeping: what to wait for. Milliseconds for poll(). */
static int prepare(struct kernelpath *path)
{
    usec_t deadline_usec = gauge_deadline(&path->gauge);

    if (path->rebind)
        reopen_tap(path);
    if (gauge_is_waiting(&path->gauge))
        tap_arm(&path->tap);
    else if (path->tap.armed)
        tap_disarm(&path->tap);
    if (deadline_usec == USEC_INFINITY)
        return -1;
    /* rounded up: looking a moment too early would mean looking twice */
    return (int)(usec_sub(deadline_usec, clock_boottime_usec()) / 1000 + 1);
}

static void on_packet(struct kernelpath *path)
{
    struct gauge_reading reading = read_counters(path);

    tap_disarm(&path->tap);
    gauge_packet(&path->gauge, clock_boottime_usec(), &reading);
}

static void on_kept(struct kernelpath *path)
{
    const struct event event = { .type = EVENT_DEMAND };

    if (!keeper_read(&path->keeper, clock_boottime_usec()) || !path->demand_watched)
        return;
    path->demand_watched = false;
    mailbox_post(path->mailbox, 0, &event);
}

static void *kernelpath_run(void *userdata)
{
    struct kernelpath *path = userdata;

    pthread_mutex_lock(&path->lock);
    while (!path->stopping) {
        int timeout_msec = prepare(path);
        struct pollfd fds[] = {
            { .fd = path->wake_fd, .events = POLLIN },
            { .fd = path->tap.fd, .events = POLLIN }, /* -1 is ignored */
            { .fd = path->keeper.fd, .events = POLLIN },
        };
        eventfd_t ignored;
        int n;

        pthread_mutex_unlock(&path->lock);
        n = poll(fds, ELEMENTSOF(fds), timeout_msec);
        pthread_mutex_lock(&path->lock);
        if (n < 0)
            continue;
        if (fds[0].revents)
            eventfd_read(path->wake_fd, &ignored);
        if (fds[1].revents)
            on_packet(path);
        if (fds[2].revents && path->keeper.fd >= 0)
            on_kept(path);
        if (clock_boottime_usec() >= gauge_deadline(&path->gauge))
            look(path);
    }
    pthread_mutex_unlock(&path->lock);
    return NULL;
}

static int start_thread(struct kernelpath *path)
{
    sigset_t all, before;
    int r;

    /* signals are the main thread's */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&path->thread, NULL, kernelpath_run, path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r == 0)
        pthread_setname_np(path->thread, "mvpn-kernel");
    return -r;
}

static void follow(struct kernelpath *path)
{
    struct gauge_reading reading;

    counters_follow(&path->counters, (int)if_nametoindex(path->interface));
    path->rebind = true;
    if (path->keeper.fd >= 0 && keeper_open(&path->keeper, path->counters.ifindex) < 0)
        keeper_close(&path->keeper);
    reading = read_counters(path);
    if (path->n_addrs == 0)
        gauge_reset(&path->gauge, clock_boottime_usec(), &reading);
}

int kernelpath_new(struct mailbox *mailbox, const char *interface, kernelpath_lost lost, void *userdata,
    struct kernelpath **ret)
{
    struct kernelpath *path = calloc(1, sizeof(*path));
    int r;

    if (!path)
        return -ENOMEM;
    path->mailbox = mailbox;
    path->lost = lost;
    path->userdata = userdata;
    path->tap.fd = path->keeper.fd = path->counters.fd = path->wake_fd = -1;
    pthread_mutex_init(&path->lock, NULL);
    snprintf(path->interface, sizeof(path->interface), "%s", interface);
    r = counters_open(&path->counters);
    if (r >= 0) {
        follow(path);
        path->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        r = path->wake_fd < 0 ? -errno : start_thread(path);
    }
    if (r < 0) {
        close_fd(&path->wake_fd);
        counters_close(&path->counters);
        free(path);
        return r;
    }
    *ret = path;
    return 0;
}

void kernelpath_free(struct kernelpath *path)
{
    if (!path)
        return;
    pthread_mutex_lock(&path->lock);
    path->stopping = true;
    pthread_mutex_unlock(&path->lock);
    eventfd_write(path->wake_fd, 1);
    pthread_join(path->thread, NULL);
    tap_close(&path->tap);
    keeper_close(&path->keeper);
    counters_close(&path->counters);
    close_fd(&path->wake_fd);
    pthread_mutex_destroy(&path->lock);
    free(path);
}

void kernelpath_rebind(struct kernelpath *path)
{
    pthread_mutex_lock(&path->lock);
    follow(path);
    pthread_mutex_unlock(&path->lock);
    eventfd_write(path->wake_fd, 1);
}

void kernelpath_set_addrs(struct kernelpath *path, const struct ip_addr *addrs, uint32_t n_addrs)
{
    bool was_waiting;

    pthread_mutex_lock(&path->lock);
    was_waiting = gauge_deadline(&path->gauge) != USEC_INFINITY || gauge_is_waiting(&path->gauge);
    path->n_addrs = MIN_OF(n_addrs, (uint32_t)TUNNEL_ADDRS_MAX);
    for (uint32_t i = 0; i < path->n_addrs; i++)
        path->addrs[i] = addrs[i];
    if (n_addrs == 0)
        gauge_unwatch(&path->gauge); /* what was sent into the old tunnel is not waited for any more */
    pthread_mutex_unlock(&path->lock);
    if (n_addrs == 0 && was_waiting)
        eventfd_write(path->wake_fd, 1);
}

int kernelpath_watch_demand(struct kernelpath *path)
{
    int r;

    pthread_mutex_lock(&path->lock);
    path->demand_watched = true;
    r = path->keeper.fd >= 0 ? 0 : keeper_open(&path->keeper, path->counters.ifindex);
    pthread_mutex_unlock(&path->lock);
    eventfd_write(path->wake_fd, 1);
    return r;
}

/* Under the lock: they leave by the tunnel that stands now, and the thread is told that its descriptor is closed. */
static void release_kept(struct kernelpath *path)
{
    usec_t now_usec = clock_boottime_usec();
    unsigned n_dropped;

    if (path->keeper.fd < 0 || path->n_addrs == 0)
        return;
    path->n_kept += keeper_release(&path->keeper, usec_sub(now_usec, DATAPATH_KEEP_USEC), path->addrs, path->n_addrs, &n_dropped);
    path->n_dropped += n_dropped;
    keeper_close(&path->keeper);
}

void kernelpath_note_in(struct kernelpath *path)
{
    struct gauge_reading reading;

    pthread_mutex_lock(&path->lock);
    reading = read_counters(path);
    gauge_note_in(&path->gauge, clock_boottime_usec(), &reading);
    pthread_mutex_unlock(&path->lock);
}

void kernelpath_watch(struct kernelpath *path, uint32_t attempt)
{
    pthread_mutex_lock(&path->lock);
    path->attempt = attempt;
    release_kept(path);
    if (path->n_addrs > 0)
        gauge_watch(&path->gauge, clock_boottime_usec());
    pthread_mutex_unlock(&path->lock);
    eventfd_write(path->wake_fd, 1);
}

void kernelpath_get_stats(
    struct kernelpath *path, struct datapath_stats *ret_stats, struct traffic *ret_traffic)
{
    pthread_mutex_lock(&path->lock);
    look(path);
    *ret_stats = (struct datapath_stats){
        .rx_bytes = path->counters.rx_bytes,
        .rx_packets = path->counters.rx_packets,
        .tx_bytes = path->counters.tx_bytes,
        .tx_packets = path->counters.tx_packets,
        .n_dropped = path->n_dropped,
        .n_kept = path->n_kept,
    };
    *ret_traffic = path->gauge.traffic;
    pthread_mutex_unlock(&path->lock);
}
