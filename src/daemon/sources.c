/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors into events: netlink, libcharon's mailbox, the wall clock, signals. Nothing here polls: each source is readable only when
 * something has happened. (The firewall's: repair.c.)
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/macro.h"

#include <mvpn/messages.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>

void daemon_push_links(struct daemon *daemon)
{
    struct event event = { .type = EVENT_LINKS, .links = &daemon->links };

    net_get_links(daemon->net, &daemon->links);
    if (daemon->sys)
        sys_refine_links(daemon->sys, &daemon->links);
    daemon_push(daemon, &event);
}

int64_t daemon_wallclock_floor_sec(const struct daemon *daemon)
{
    return MAX_OF(MVPN_BUILD_TIME, daemon->record.newest_time_sec);
}

int64_t daemon_clock_offset_usec(void)
{
    return clock_realtime_usec() - (int64_t)clock_boottime_usec();
}

void daemon_push_clock(struct daemon *daemon)
{
    struct event event = { .type = EVENT_CLOCK };

    event.clock.offset_usec = daemon_clock_offset_usec();
    event.clock.floor_sec = daemon_wallclock_floor_sec(daemon);
    daemon_push(daemon, &event);
}

static int on_netlink(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct daemon *daemon = userdata;
    struct event lost = { .type = EVENT_NEIGHBOUR_LOST };
    int changes = net_dispatch(daemon->net);

    (void)source, (void)fd, (void)revents;
    if (changes < 0) {
        journal_say(LOG_ERR, "Reading the state of the network failed: %s", strerror(-changes));
        return 0;
    }
    if (changes & NET_CHANGE_TUNNEL_LOST && daemon->routing.active) {
        journal_say(LOG_WARNING, "The tunnel interface was removed or taken down; it is made again.");
        daemon_lose_tunnel(daemon);
        daemon_push_simple(daemon, EVENT_TUNNEL_LOST);
    } else if (changes & NET_CHANGE_RULES && daemon->routing.active) {
        struct routing again = daemon->routing;
        journal_say_known(LOG_WARNING, MVPN_MESSAGE_FIREWALL_RESTORED, "Somebody removed rules or routes of the VPN; they are put back.");
        daemon_apply_routing(daemon, &again);
    }
    if (changes & NET_CHANGE_LINKS)
        daemon_push_links(daemon);
    while (net_pop_lost_neighbour(daemon->net, &lost.neighbour))
        daemon_push(daemon, &lost);
    return 0;
}

/* Certificates that were used just now are valid: time has passed at least until here. Written at most once an hour. */
static void remember_time(struct daemon *daemon)
{
    int64_t now_sec = clock_realtime_sec();
    struct store_record record = daemon->record;

    if (now_sec < record.newest_time_sec + 3600)
        return;
    record.newest_time_sec = now_sec;
    if (store_save(daemon->store, &record) >= 0)
        daemon->record = record;
}

static int on_ike(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct daemon *daemon = userdata;
    struct event event;

    (void)source, (void)fd, (void)revents;
    while (ike_pop(daemon->ike, &event)) {
        daemon_push(daemon, &event);
        if (event.type == EVENT_IKE_ESTABLISHED)
            remember_time(daemon);
    }
    return 0;
}

static int watch_clock(int fd)
{
    const struct itimerspec never = { .it_value.tv_sec = INT32_MAX };

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno : 0;
}

static int on_clock(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    uint64_t n_expired;

    (void)source, (void)revents;
    if (read(fd, &n_expired, sizeof(n_expired)) < 0 && errno != ECANCELED)
        return 0;
    watch_clock(fd);
    sys_compare_clocks(((struct daemon *)userdata)->sys); /* a resume ends the wait, too */
    daemon_push_clock(userdata);
    daemon_due_by_other_clock(userdata);
    return 0;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
    struct daemon *daemon = userdata;
    char error[768];

    (void)source;
    if (info->ssi_signo != SIGHUP)
        return sd_event_exit(daemon->loop, 0);
    daemon_reload(daemon, error, sizeof(error)); /* says itself what is wrong */
    return 0;
}

int daemon_add_sources(struct daemon *daemon)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
    int r;

    r = daemon_watch_firewall(daemon);
    if (r < 0)
        return r;
    r = sd_event_add_io(daemon->loop, NULL, net_fd(daemon->net), EPOLLIN, on_netlink, daemon);
    if (r < 0)
        return r;
    r = sd_event_add_io(daemon->loop, NULL, ike_fd(daemon->ike), EPOLLIN, on_ike, daemon);
    if (r < 0)
        return r;
    daemon->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (daemon->clock_fd < 0)
        return -errno;
    r = watch_clock(daemon->clock_fd);
    if (r >= 0)
        r = sd_event_add_io(daemon->loop, NULL, daemon->clock_fd, EPOLLIN, on_clock, daemon);
    for (size_t i = 0; r >= 0 && i < ELEMENTSOF(signals); i++)
        r = sd_event_add_signal(daemon->loop, NULL, signals[i], on_signal, daemon);
    return r;
}
