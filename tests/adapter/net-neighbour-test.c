/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Neighbour tables of real links: a router that outer packets are handed to and that answers no more is reported, and nothing else of what
 * happens to neighbours is as much as heard. A second socket without our filter proves that there was something to hear. In network
 * namespaces of its own (77 without root).
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#define ROUTER_V4 "10.0.0.2"
#define ROUTER_V6 "fd00::2"
#define N_OTHERS  300

struct watched {
    struct net *net;
    int tun_fd;
};

static void send_to(const char *text)
{
    struct ip_addr addr = lab_addr(text);
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(9) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
    _cleanup_close_ int fd = socket(addr.family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int r, mark = LAB_MARK;

    memcpy(&v4.sin_addr, addr.bytes, sizeof(v4.sin_addr));
    memcpy(&v6.sin6_addr, addr.bytes, sizeof(v6.sin6_addr));
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
    r = (int)(addr.family == 4 ? sendto(fd, "x", 1, 0, (struct sockaddr *)&v4, sizeof(v4))
                               : sendto(fd, "x", 1, 0, (struct sockaddr *)&v6, sizeof(v6)));
    CHECK_EQ(r, 1);
}

/* v0 behind its routers, w0 beside it, both with short patience for ARP; a routing that leads over v0. */
static void begin(struct watched *w)
{
    struct routing routing;

    *w = (struct watched){ .tun_fd = -1 };
    lab_enter();
    lab_base_link();
    lab_run("ip link add w0 type veth peer name w1 && ip link set w0 up && ip link set w1 up &&"
            "ip addr add 10.9.0.1/24 dev w0 && while ip addr show tentative | grep -q .; do sleep 0.05; done;"
            "for f in ipv4 ipv6; do cd /proc/sys/net/$f/neigh/v0 && echo 20 >retrans_time_ms && echo 2 "
            ">mcast_solicit &&"
            "echo 1 >ucast_solicit || exit 1; done");
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &w->net), 0);
    lab_routing(&routing);
    CHECK_EQ(net_tunnel_open(w->net, &w->tun_fd), 0);
    CHECK_EQ(net_apply(w->net, &routing), 0);
    send_to("203.0.113.5"); /* from here on the network has its name, and routers are no news */
    CHECK_EQ(lab_wait(w->net, NET_CHANGE_LINKS) & NET_CHANGE_NEIGHBOUR, 0);
    CHECK_EQ(lab_settle(w->net) & NET_CHANGE_NEIGHBOUR, 0);
}

static void end(struct watched *w)
{
    net_free(w->net);
    close_fd(&w->tun_fd);
}

static bool is_awake(const struct watched *w, int timeout_ms)
{
    struct pollfd pfd = { .fd = net_fd(w->net), .events = POLLIN };

    return poll(&pfd, 1, timeout_ms) > 0;
}

/* All neighbour notifications of this namespace, unfiltered, from here on. */
static int listen_to_all(void)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    int group = RTNLGRP_NEIGH, bytes = 8 * 1024 * 1024;
    struct sockaddr_nl addr = { .nl_family = AF_NETLINK };

    CHECK_EQ(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)), 0);
    CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
    return fd;
}

static unsigned count_all(int fd)
{
    char buf[8192];
    unsigned n = 0;

    while (recv(fd, buf, sizeof(buf), 0) > 0)
        n++;
    return n;
}

/* By an administrator's hand: it was there, and now does not answer. */
static void fail_by_hand(const char *addr, const char *interface)
{
    lab_run("ip neigh replace %s dev %s lladdr 02:00:00:00:00:99 nud reachable && ip neigh change %s dev %s "
            "nud failed",
        addr, interface, addr, interface);
}

static void check_lost(struct watched *w, const char *addr, const char *interface)
{
    struct ip_addr wanted = lab_addr(addr);
    struct neighbour lost = { 0 };

    CHECK(lab_wait(w->net, NET_CHANGE_NEIGHBOUR) & NET_CHANGE_NEIGHBOUR);
    if (CHECK(net_pop_lost_neighbour(w->net, &lost))) {
        CHECK_EQ(lost.ifindex, lab_ifindex(interface));
        CHECK(ip_addr_equal(&lost.addr, &wanted));
    }
    CHECK(!net_pop_lost_neighbour(w->net, &lost));
}

/* Its address goes, its carrier stays; somebody sends to the gateway, and the kernel asks in vain. */
static void router_that_answers_no_more(void)
{
    struct watched w;

    begin(&w);
    send_to("203.0.113.5"); /* answered: not lost */
    send_to("2001:db8::5");
    CHECK(!is_awake(&w, 500));
    lab_run("ip -n far addr del " ROUTER_V4 "/24 dev v1; ip neigh flush dev v0; ip -6 neigh flush dev v0");
    lab_settle(w.net);
    while (net_pop_lost_neighbour(w.net, &(struct neighbour){ 0 }))
        ;
    send_to("203.0.113.5");
    check_lost(&w, ROUTER_V4, "v0");
    CHECK(!is_awake(&w, 200));
    send_to("203.0.113.5"); /* whoever goes on sending is told again */
    check_lost(&w, ROUTER_V4, "v0");
    lab_run("ip -n far addr del " ROUTER_V6 "/64 dev v1");
    send_to("2001:db8::5");
    check_lost(&w, ROUTER_V6, "v0");
    lab_run("ip -n far addr add " ROUTER_V4 "/24 dev v1 && ip -n far addr add " ROUTER_V6 "/64 dev v1 nodad");
    send_to("203.0.113.5"); /* it is back, and so nothing is said */
    send_to("2001:db8::5");
    CHECK(!is_awake(&w, 500));
    end(&w);
}

/* Hundreds of hosts on the base link and beside it come, are seen, fail and go; the router itself is found, aged and seen. */
static void churn_wakes_nobody(void)
{
    _cleanup_close_ int all_fd = -1;
    struct watched w;
    unsigned n_heard;

    begin(&w);
    all_fd = listen_to_all();
    for (int round = 0; round < 2; round++)
        lab_run(
            "for i in $(seq 3 %d); do for on in 'v0 10.0' 'w0 10.9' 'v0 10.8' 'v0 fd00::' 'w0 fd00::' 'v0 "
            "fd01::'; do set -- $on;"
            "case $2 in *:) a=$2$i;; *) a=$2.$((i / 250)).$((i %% 250 + 3));; esac; echo neigh replace $a "
            "dev $1 lladdr "
            "02:00:00:00:01:01 nud reachable; echo neigh change $a dev $1 lladdr 02:00:00:00:01:02 nud stale;"
            "echo neigh change $a dev $1 nud failed; echo neigh del $a dev $1; done; done | ip -b -",
            N_OTHERS + 2);
    /* the router's address on another link; addresses that differ from it in one word each; the router in good states */
    fail_by_hand(ROUTER_V4, "w0");
    fail_by_hand(ROUTER_V6, "w0");
    fail_by_hand("fd00:1::2", "v0");
    fail_by_hand("fd00:0:0:1::2", "v0");
    fail_by_hand("fd00::1:0:2", "v0");
    fail_by_hand("fd00::1:2", "v0");
    fail_by_hand("10.0.0.3", "v0");
    fail_by_hand("a00:2::", "v0"); /* its first word is the router's IPv4 address */
    for (int i = 0; i < 20; i++)
        lab_run("for a in " ROUTER_V4 " " ROUTER_V6 "; do for s in stale delay probe reachable noarp; do "
                "echo neigh replace $a dev v0 lladdr 02:00:00:00:01:0%d nud $s; done; done | ip -b -",
            i % 10);
    n_heard = count_all(all_fd);
    printf("     %u notifications of neighbours that do not matter\n", n_heard);
    CHECK_GE(n_heard, 2 * N_OTHERS * 6 * 3);
    CHECK(!is_awake(&w, 0));
    CHECK(!is_awake(&w, 300));
    CHECK_EQ(net_dispatch(w.net), 0);
    CHECK(!net_pop_lost_neighbour(w.net, &(struct neighbour){ 0 }));
    fail_by_hand(ROUTER_V6, "v0"); /* and yet: */
    CHECK(is_awake(&w, 0));
    check_lost(&w, ROUTER_V6, "v0");
    end(&w);
}

/* What is watched is what the present routing leads to. */
static void routing_decides_who_is_watched(void)
{
    struct routing routing;
    struct watched w;

    begin(&w);
    lab_routing(&routing);
    routing.outer[0].via = lab_addr("10.0.0.3");
    routing.outer[1] = (struct routing_outer){
        .addr = lab_addr("10.0.0.7"), .source = lab_addr("10.0.0.1"), .ifindex = lab_ifindex("v0")
    }; /* on the link itself */
    CHECK_EQ(net_apply(w.net, &routing), 0);
    lab_settle(w.net);
    fail_by_hand(ROUTER_V4, "v0");
    fail_by_hand(ROUTER_V6, "v0");
    CHECK(!is_awake(&w, 0));
    fail_by_hand("10.0.0.3", "v0");
    check_lost(&w, "10.0.0.3", "v0");
    fail_by_hand("10.0.0.7", "v0");
    check_lost(&w, "10.0.0.7", "v0");

    fail_by_hand("10.0.0.3", "v0"); /* not read yet when the routing changes: nobody's business any more */
    lab_routing(&routing);
    CHECK_EQ(net_apply(w.net, &routing), 0);
    CHECK_EQ(lab_settle(w.net) & NET_CHANGE_NEIGHBOUR, 0);
    fail_by_hand(ROUTER_V4, "v0");
    check_lost(&w, ROUTER_V4, "v0");

    CHECK_EQ(net_apply(w.net, &(struct routing){ .active = false }), 0);
    lab_settle(w.net);
    fail_by_hand(ROUTER_V4, "v0");
    CHECK(!is_awake(&w, 200));
    end(&w);
}

/* As many as a routing may have, with the longest addresses: the kernel takes the program, and each is found. */
static void as_many_as_there_may_be(void)
{
    struct routing routing;
    struct watched w;
    char text[2][IP_ADDR_TEXT_SIZE];

    begin(&w);
    lab_routing(&routing);
    routing.n_outer = ROUTING_OUTER_MAX;
    for (uint32_t i = 0; i < ROUTING_OUTER_MAX; i++) {
        snprintf(text[0], sizeof(text[0]), "2001:db8:5::%x", i + 1);
        snprintf(text[1], sizeof(text[1]), "fd00::7:%x", i + 1);
        routing.outer[i] = (struct routing_outer){ .addr = lab_addr(text[0]),
            .via = lab_addr(text[1]),
            .source = lab_addr("fd00::1"),
            .ifindex = lab_ifindex("v0") };
    }
    CHECK_EQ(net_apply(w.net, &routing), 0);
    lab_settle(w.net);
    for (uint32_t i = 0; i < ROUTING_OUTER_MAX; i++) {
        snprintf(text[1], sizeof(text[1]), "fd00::7:%x", i + 1);
        fail_by_hand(text[1], "v0");
        check_lost(&w, text[1], "v0");
    }
    fail_by_hand("fd00::7:ff", "v0");
    CHECK(!is_awake(&w, 0));
    end(&w);
}

/* The descriptor that listens to neighbours alone. */
static int neighbour_fd(void)
{
    for (int fd = 3; fd < 64; fd++) {
        uint32_t groups[4] = { 0 };
        socklen_t size = sizeof(groups);
        if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &size) == 0 &&
            groups[0] == 1u << (RTNLGRP_NEIGH - 1))
            return fd;
    }
    return -1;
}

/* A buffer of one message: what was lost may have been about any router, so each is reported, once. */
static void lost_notifications_count_as_a_lost_router(void)
{
    struct neighbour lost;
    struct watched w;
    int bytes = 1;
    unsigned n = 0;

    begin(&w);
    CHECK_EQ(setsockopt(neighbour_fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    lab_run("for i in $(seq 50); do echo neigh replace " ROUTER_V4
            " dev v0 lladdr 02:00:00:00:00:99 nud reachable;"
            "echo neigh change " ROUTER_V4 " dev v0 nud failed; done | ip -b -");
    CHECK(lab_wait(w.net, NET_CHANGE_NEIGHBOUR) & NET_CHANGE_NEIGHBOUR);
    while (net_pop_lost_neighbour(w.net, &lost)) {
        CHECK_EQ(lost.ifindex, lab_ifindex("v0"));
        n++;
    }
    CHECK_EQ(n, 2); /* the IPv6 router with it */
    CHECK(!is_awake(&w, 200));
    fail_by_hand(ROUTER_V6, "v0");
    check_lost(&w, ROUTER_V6, "v0");
    end(&w);
}

static void check_network(struct watched *w, const char *want)
{
    const struct link *link = lab_link(w->net, "v0");

    if (CHECK(link != NULL))
        CHECK_STR(link->network, want);
}

/* The network is named by its router: asked once, or learnt with the first packet; after that its router may come and go unheard. */
static void a_network_is_named_by_its_router(void)
{
    _cleanup_free_ char *mac = NULL;
    struct routing routing;
    struct watched w;
    char want[64];

    begin(&w);
    mac = lab_output("ip -n far -j link show v1 | sed 's/.*\"address\":\"\\([^\"]*\\)\".*/\\1/'");
    snprintf(want, sizeof(want), "wired:%s", mac);
    check_network(&w, want);
    for (int i = 0; i < 5; i++)
        lab_run("for s in probe stale reachable; do ip neigh replace " ROUTER_V4 " dev v0 lladdr 02:00:00:00:01:0%d nud $s || exit 1; done", i);
    CHECK(!is_awake(&w, 200));
    check_network(&w, want);

    /* the carrier goes: another network perhaps, and its router is known to the kernel before it is needed */
    lab_run("ip -n far link set v1 down");
    CHECK(lab_wait(w.net, NET_CHANGE_LINKS) & NET_CHANGE_LINKS);
    check_network(&w, "");
    lab_run("ip -n far link set v1 address 02:00:00:00:00:77 up && ip -n far addr replace " ROUTER_V6 "/64 dev v1 nodad && "
            "ip route replace default via " ROUTER_V4 " dev v0");
    lab_settle(w.net);
    send_to("203.0.113.5");
    CHECK(lab_wait(w.net, NET_CHANGE_LINKS) & NET_CHANGE_LINKS);
    check_network(&w, "wired:02:00:00:00:00:77");
    end(&w);

    /* a daemon that starts where the kernel knows the router already */
    begin(&w);
    net_free(w.net);
    close_fd(&w.tun_fd);
    lab_run("ip neigh replace " ROUTER_V4 " dev v0 lladdr 02:00:00:00:00:42 nud stale");
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &w.net), 0);
    lab_routing(&routing);
    CHECK_EQ(net_apply(w.net, &routing), 0);
    CHECK(lab_wait(w.net, NET_CHANGE_LINKS) & NET_CHANGE_LINKS);
    check_network(&w, "wired:02:00:00:00:00:42");
    end(&w);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(router_that_answers_no_more),
        TEST(churn_wakes_nobody),
        TEST(routing_decides_who_is_watched),
        TEST(as_many_as_there_may_be),
        TEST(lost_notifications_count_as_a_lost_router),
        TEST(a_network_is_named_by_its_router),
    };

    if (!lab_possible()) {
        puts("skipped: needs root and namespaces");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
