/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A management server's notification (package #0, UDP port 2948): one datagram out of the tunnel, handed to the management agent, which judges
 * it. Whether one is listened for is core/due.h's to say; while it is not, there is no socket and so no wake-up. Never answers, never reads
 * into the bytes, takes nothing from any other interface.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/macro.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#define PORT_WAP_PUSH  2948 /* IANA: wap-push, where OMA-TS-DM_Notification has it over UDP */
#define BYTES_MAX      1024 /* what mvpn-dm takes for one (dm/notify.h) */
#define LATE_MAX_USEC  MINUTES(1) /* nobody waits for the end of deafness */

static void on_judged(void *userdata, const char *problem)
{
    struct daemon *daemon = userdata;

    if (problem)
        journal_say(LOG_NOTICE, "A notification came through the tunnel that is not the management server's: %s", problem);
    else
        due_on_genuine(&daemon->managed.due, clock_boottime_usec());
    daemon_watch_notified(daemon);
}

/* The agent is busy, or there is no bus: nobody could judge it, so that it says nothing about the next. */
static void hand_over(struct daemon *daemon, const struct bus_notification *notification)
{
    due_on_notified(&daemon->managed.due, clock_boottime_usec());
    if (!daemon->bus || bus_call_agent(daemon->bus, notification, on_judged) < 0)
        due_on_genuine(&daemon->managed.due, clock_boottime_usec());
}

static int on_datagram(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
    struct daemon *daemon = userdata;
    uint8_t bytes[BYTES_MAX + 1];
    ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    (void)source, (void)revents;
    if (n >= 0 || (errno != EAGAIN && errno != EINTR)) /* one that is too short or too long is false as well, and an error must not repeat */
        hand_over(daemon, &(struct bus_notification){ bytes, n > 0 ? (size_t)n : 0 });
    daemon_watch_notified(daemon);
    return 0;
}

static int make_socket(const char *interface)
{
    const struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htobe16(PORT_WAP_PUSH) };
    const int no = 0;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface) + 1) < 0 ||
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static void listen_for_one(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    int fd = make_socket(daemon->settings->policy.interface), r = fd;

    if (fd >= 0)
        r = sd_event_add_io(daemon->loop, &managed->notified, fd, EPOLLIN, on_datagram, daemon);
    if (r >= 0)
        sd_event_source_set_io_fd_own(managed->notified, 1);
    else if (fd >= 0)
        close(fd);
    if (r < 0 && r != managed->notified_error)
        journal_say(LOG_NOTICE, "The management server's notifications cannot be received (UDP port %d): %s. Sessions go by the schedule.",
            PORT_WAP_PUSH, strerror(-r));
    managed->notified_error = MIN_OF(r, 0);
}

static int on_hearing_again(sd_event_source *source, uint64_t usec, void *userdata)
{
    (void)source, (void)usec;
    daemon_watch_notified(userdata);
    return 0;
}

static void ask_again(struct daemon *daemon, usec_t at_usec)
{
    sd_event_source *timer = daemon->managed.deaf_timer;

    if (at_usec != USEC_INFINITY)
        sd_event_source_set_time(timer, at_usec);
    sd_event_source_set_enabled(timer, at_usec == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void daemon_deafen(struct daemon *daemon)
{
    daemon->managed.notified = sd_event_source_disable_unref(daemon->managed.notified);
}

/* A socket that could not be made is tried again when the status changes or a turn comes anyway. */
void daemon_watch_notified(struct daemon *daemon)
{
    struct daemon_managed *managed = &daemon->managed;
    usec_t again_usec = USEC_INFINITY;
    bool listens;

    if (!managed->deaf_timer)
        return;
    listens = daemon->tunnel_open && due_listens(&managed->due, clock_boottime_usec(), &daemon->last, &again_usec);
    if (!listens)
        daemon_deafen(daemon);
    else if (!managed->notified)
        listen_for_one(daemon);
    ask_again(daemon, again_usec);
}

int daemon_start_notified(struct daemon *daemon)
{
    int r = sd_event_add_time(daemon->loop, &daemon->managed.deaf_timer, CLOCK_BOOTTIME, 0, LATE_MAX_USEC, on_hearing_again, daemon);

    if (r >= 0)
        daemon_watch_notified(daemon);
    return r;
}

void daemon_free_notified(struct daemon *daemon)
{
    daemon_deafen(daemon);
    daemon->managed.deaf_timer = sd_event_source_unref(daemon->managed.deaf_timer);
}
