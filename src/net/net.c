/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The face: opens sockets, hands out the link set, reports what changed, and passes wishes on to apply.c. Three sockets: one for calls, one for
 * notifications, so that an answer never stands behind a storm, one for neighbours; the first one's port tells our own changes from other
 * people's.
 */
#include "net/net.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "net/apply.h"
#include "net/networks.h"
#include "net/state.h"
#include "net/tunnel.h"
#include "net/watch.h"
#include "net/xfrm.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#define SYSCTL_FILE "sysctl.saved"

static bool kernel_has_ipv6(void)
{
    _cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    return fd >= 0;
}

static int watch_fd(int poll_fd, int fd)
{
    struct epoll_event event = { .events = EPOLLIN };

    return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_poll(struct net *net)
{
    int r;

    net->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    net->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (net->poll_fd < 0 || net->wake_fd < 0)
        return -errno;
    r = watch_fd(net->poll_fd, channel_fd(&net->events));
    if (r >= 0)
        r = watch_fd(net->poll_fd, channel_fd(&net->neighbours.events));
    return r < 0 ? r : watch_fd(net->poll_fd, net->wake_fd);
}

static void wake(struct net *net)
{
    (void)eventfd_write(net->wake_fd, 1);
}

static int set_names(struct net *net, const char *interface, const char *runtime_dir)
{
    int n = snprintf(net->sysctl_file, sizeof(net->sysctl_file), "%s/" SYSCTL_FILE, runtime_dir);

    if (strlen(interface) >= sizeof(net->interface) || n >= (int)sizeof(net->sysctl_file))
        return -ENAMETOOLONG;
    strcpy(net->interface, interface);
    return 0;
}

static void cleanup_net(struct net **net)
{
    net_free(*net);
}

int net_new(const char *interface, const char *runtime_dir, struct net **ret)
{
    _cleanup_(cleanup_net) struct net *net = calloc(1, sizeof(*net));
    int r;

    if (!net)
        return -ENOMEM;
    net->poll_fd = net->wake_fd = -1;
    net->ipv6 = kernel_has_ipv6();
    r = set_names(net, interface, runtime_dir);
    if (r >= 0)
        r = channel_open(&net->calls);
    if (r >= 0)
        r = watch_open(&net->events); /* before the dump: what changes meanwhile is heard */
    if (r >= 0)
        r = neighbours_open(&net->neighbours);
    if (r >= 0)
        r = open_poll(net);
    if (r < 0)
        return r;
    net->doubts = DOUBT_LINKS;
    r = watch_settle(net);
    if (r < 0)
        return r;
    if (net->doubts)
        wake(net);
    *ret = steal_ptr(&net);
    return 0;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    channel_close(&net->calls);
    channel_close(&net->events);
    neighbours_close(&net->neighbours);
    close_fd(&net->poll_fd);
    close_fd(&net->wake_fd);
    snapshot_clear(&net->snapshot);
    free(net);
}

int net_fd(const struct net *net)
{
    return net->poll_fd;
}

/* The tunnel's loss is told once; net_tunnel_open() makes a new one to lose. After an error the doubt stays. */
static int check_tunnel(struct net *net)
{
    int r = 1;

    if (!(net->doubts & DOUBT_TUNNEL))
        return 0;
    if (net->routing.active && net->tunnel_ifindex)
        r = apply_check_tunnel(net);
    if (r < 0)
        return r;
    net->doubts &= ~DOUBT_TUNNEL;
    if (r == 1)
        return 0;
    net->tunnel_ifindex = 0;
    return NET_CHANGE_TUNNEL_LOST;
}

static int check_ours(struct net *net)
{
    int r = 1;

    if (!(net->doubts & DOUBT_OURS))
        return 0;
    if (net->routing.active)
        r = apply_check(net);
    if (r < 0)
        return r;
    net->doubts &= ~DOUBT_OURS;
    return r == 1 ? 0 : NET_CHANGE_RULES;
}

static int check_links(struct net *net)
{
    struct link_set now;

    snapshot_to_set(&net->snapshot, net->interface, &now);
    return memcmp(&now, &net->given, sizeof(now)) == 0 ? 0 : NET_CHANGE_LINKS;
}

int net_dispatch(struct net *net)
{
    eventfd_t ignored;
    int tunnel, ours, r;

    (void)eventfd_read(net->wake_fd, &ignored);
    r = watch_read(net);
    if (r >= 0)
        r = neighbours_read(&net->neighbours);
    if (r < 0)
        return r;
    r = watch_settle(net);
    if (r < 0)
        return r;
    ours = check_ours(net);
    if (ours < 0)
        return ours;
    tunnel = check_tunnel(net);
    if (tunnel < 0)
        return tunnel;
    r = networks_settle(net);
    if (r < 0)
        return r;
    if (net->doubts)
        wake(net); /* a dump was interrupted too often */
    return check_links(net) | tunnel | ours | (net->neighbours.lost ? NET_CHANGE_NEIGHBOUR : 0);
}

bool net_pop_lost_neighbour(struct net *net, struct neighbour *ret)
{
    return neighbours_pop(&net->neighbours, ret);
}

void net_get_links(struct net *net, struct link_set *ret)
{
    snapshot_to_set(&net->snapshot, net->interface, &net->given);
    memcpy(ret, &net->given, sizeof(*ret));
}

int net_set_interest(struct net *net, uint32_t n_addrs, const struct ip_addr *addrs)
{
    int r;

    if (n_addrs == net->snapshot.n_interest &&
        (n_addrs == 0 || memcmp(addrs, net->snapshot.interest, n_addrs * sizeof(*addrs)) == 0))
        return 0;
    r = snapshot_set_interest(&net->snapshot, n_addrs, addrs);
    if (r < 0)
        return r;
    net->doubts |= DOUBT_ROUTES;
    r = watch_settle(net);
    if (net->doubts || check_links(net))
        wake(net);
    return r;
}

/* Another name in the configuration: the old device goes, a new one must be opened. */
static int take_name(struct net *net, const struct routing *routing)
{
    int r;

    if (!routing->interface[0] || strcmp(routing->interface, net->interface) == 0)
        return 0;
    r = tunnel_delete(&net->calls, net->interface);
    memcpy(net->interface, routing->interface, sizeof(net->interface));
    net->tunnel_ifindex = 0;
    return r;
}

int net_apply(struct net *net, const struct routing *routing)
{
    int r, result = take_name(net, routing);

    net->routing = *routing;
    r = neighbours_follow(&net->neighbours, routing);
    if (r >= 0)
        r = networks_settle(net);
    if (check_links(net))
        wake(net); /* a network has got its name */
    if (result >= 0)
        result = r;
    if (routing->active) {
        r = apply_all(net);
    } else {
        net->tunnel_ifindex = 0;
        r = apply_nothing(net);
    }
    return result < 0 ? result : r;
}

/* Addresses and routes that were asked for while there was no device. */
static int tunnel_opened(struct net *net, int ifindex)
{
    if (net->routing.active) {
        int r = apply_tunnel(net);
        if (r < 0)
            return r;
    }
    net->tunnel_ifindex = ifindex;
    return 0;
}

int net_tunnel_open(struct net *net, int *ret_fd)
{
    _cleanup_close_ int fd = -1;
    int ifindex, r;

    r = tunnel_create(&net->calls, net->interface, net->routing.mtu, &fd, &ifindex);
    if (r >= 0)
        r = tunnel_opened(net, ifindex);
    if (r < 0)
        return r;
    *ret_fd = steal_fd(&fd);
    return 0;
}

int net_tunnel_open_kernel(struct net *net)
{
    int ifindex, r;

    r = tunnel_create_kernel(&net->calls, net->interface, net->routing.mtu, &ifindex);
    return r < 0 ? r : tunnel_opened(net, ifindex);
}

int net_probe_kernel_esp(struct kernel_esp *ret)
{
    struct utsname name;
    struct channel channel;
    int r = channel_open(&channel);

    if (r < 0)
        return r;
    xfrm_probe(&channel, ret);
    if (uname(&name) == 0)
        snprintf(ret->release, sizeof(ret->release), "%s", name.release);
    channel_close(&channel);
    return 0;
}

int net_clear_esp(void)
{
    return xfrm_clear(TUNNEL_IF_ID);
}
