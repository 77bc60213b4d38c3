/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net_apply() against a real kernel: what it makes, that a second time changes nothing, where packets then go, that nothing remains, and what
 * a crash leaves behind. In network namespaces of its own (77 without root).
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static bool hide_ipv6;

/* Before libc's: a kernel without IPv6 refuses exactly this, which is where src/net looks. */
int socket(int domain, int type, int protocol)
{
    if (hide_ipv6 && domain == AF_INET6) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

static struct net *open_net(void)
{
    struct net *net = NULL;

    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    lab_settle(net);
    return net;
}

static void check_output(const char *command, const char *wanted)
{
    _cleanup_free_ char *text = lab_output("%s", command);

    test_context("%s", command);
    CHECK_STR(text, wanted);
    test_context("%s", "");
}

/* Hears every notification in the namespace while it is open: what somebody changed. */
static int open_monitor(void)
{
    static const int groups[] = {
        RTNLGRP_LINK,
        RTNLGRP_IPV4_IFADDR,
        RTNLGRP_IPV6_IFADDR,
        RTNLGRP_IPV4_ROUTE,
        RTNLGRP_IPV6_ROUTE,
        RTNLGRP_IPV4_RULE,
        RTNLGRP_IPV6_RULE,
        RTNLGRP_IPV4_NETCONF,
    };
    struct sockaddr_nl any = { .nl_family = AF_NETLINK };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    CHECK_EQ(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    for (size_t i = 0; i < ELEMENTSOF(groups); i++)
        CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])), 0);
    return fd;
}

/* The kernel finishes new IPv6 addresses later, by itself, and tells of it: that is nothing that we did. */
static void let_addresses_settle(struct net *net)
{
    lab_run("while ip addr show tentative | grep -q .; do sleep 0.05; done");
    lab_settle(net);
}

static unsigned close_monitor(int fd)
{
    unsigned n = 0;
    char buf[32768];

    while (recv(fd, buf, sizeof(buf), 0) > 0)
        n++;
    close(fd);
    return n;
}

static void makes_rules_and_tables(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    routing.lan[routing.n_lan++] = lab_prefix("10.0.0.0/24");
    routing.lan[routing.n_lan++] = lab_prefix("fd00::/64");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    check_output("ip rule | sed 1d | grep -v '^3276' | tr '\\t' ' '",
        "5100: from all fwmark 0x4d56 lookup 19799 proto 77\n"
        "5101: from all fwmark 0x4d56 unreachable proto 77\n"
        "5110: from all ipproto udp sport 68 dport 67 lookup main proto 77\n"
        "5115: from all iif mvpn0 lookup main suppress_prefixlength 0 proto 77\n"
        "5120: from all to 10.0.0.0/24 lookup main proto 77\n"
        "5200: from all lookup 19798 proto 77");
    check_output("ip -6 rule | sed 1d | grep -v '^3276' | tr '\\t' ' '",
        "5100: from all fwmark 0x4d56 lookup 19799 proto 77\n"
        "5101: from all fwmark 0x4d56 unreachable proto 77\n"
        "5110: from all ipproto udp sport 546 dport 547 lookup main proto 77\n"
        "5115: from all iif mvpn0 lookup main suppress_prefixlength 0 proto 77\n"
        "5120: from all to fd00::/64 lookup main proto 77\n"
        "5200: from all lookup 19798 proto 77\n"
        "5201: from all unreachable proto 77");
    check_output("ip route show table 19798 | sed 's/ *$//'",
        "default dev mvpn0 proto 77 metric 1\nunreachable default proto 77 metric 4294967295");
    check_output("ip -6 route show table 19798 | sed 's/ *$//'",
        "default dev mvpn0 proto 77 metric 1 pref medium\nunreachable default dev lo proto 77 metric "
        "4294967295 pref medium");
    check_output("ip route show table 19799 | sed 's/ *$//'",
        "203.0.113.5 via 10.0.0.2 dev v0 proto 77 src 10.0.0.1 metric 1 onlink");
    check_output("ip -6 route show table 19799 | sed 's/ *$//'",
        "2001:db8::5 via fd00::2 dev v0 proto 77 src fd00::1 metric 1 onlink pref medium");
    check_output("ip -o addr show mvpn0 | awk '{print $3,$4}'", "inet 10.99.1.1/32\ninet6 fd99::1/128");
    check_output("cat /sys/class/net/mvpn0/mtu", "1400");
    check_output("cd /proc/sys/net/ipv4/conf/all; cat src_valid_mark arp_ignore", "1\n2");
    CHECK(lab_link(net, "mvpn0") == NULL);
    net_free(net);
}

static void second_time_changes_nothing(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;
    int monitor;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    monitor = open_monitor();
    CHECK_EQ(net_apply(net, &routing), 0);
    CHECK_NE(close_monitor(monitor), 0);
    CHECK_EQ(lab_settle(net) & ~NET_CHANGE_LINKS, 0); /* our own changes are no news */
    monitor = open_monitor();
    CHECK_EQ(net_apply(net, &routing), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    CHECK_EQ(close_monitor(monitor), 0);
    CHECK_EQ(lab_settle(net), 0);
    net_free(net);
}

/* Where would this packet go? "dev v0", "dev mvpn0", or "blocked". */
static void check_way(const char *arguments, const char *wanted)
{
    _cleanup_free_ char *text = lab_output("ip route get %s 2>&1 | head -1 | sed -E 's/.*(dev "
                                           "[a-z0-9]+).*/\\1/; s/.*(unreachable|No route).*/blocked/'",
        arguments);

    test_context("%s", arguments);
    CHECK_STR(text, wanted);
    test_context("%s", "");
}

static void packets_go_where_they_may(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run(
        "ip route add 198.51.100.0/24 via 10.0.0.2 dev v0"); /* TunnelVision: more specific than any default */
    net = open_net();
    lab_routing(&routing);
    routing.lan[routing.n_lan++] = lab_prefix("10.0.0.0/24");
    CHECK_EQ(net_apply(net, &routing), 0); /* the tunnel's share follows when there is a device */
    check_way("8.8.8.8", "blocked");
    check_way("2001:db8::99", "blocked");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    check_way("8.8.8.8", "dev mvpn0");
    check_way("198.51.100.1", "dev mvpn0");
    check_way("203.0.113.5", "dev mvpn0");
    check_way("2001:db8::99", "dev mvpn0");
    check_way("203.0.113.5 mark 0x4d56", "dev v0");
    check_way("2001:db8::5 mark 0x4d56", "dev v0");
    check_way("8.8.8.8 mark 0x4d56", "blocked");
    check_way("198.51.100.1 mark 0x4d56", "blocked");
    check_way("10.0.0.2 mark 0x4d56", "blocked");
    check_way("2001:db8::99 mark 0x4d56", "blocked");
    check_way("10.0.0.2", "dev v0");
    check_way("fd00::2", "dev mvpn0");
    check_way("10.0.0.2 ipproto udp sport 68 dport 67", "dev v0");
    check_way("8.8.8.8 ipproto udp sport 68 dport 53", "dev mvpn0");
    /* Narrow subnets, IPv4 only: the rest is unreachable. */
    routing.n_subnets = 1;
    routing.subnets[0] = lab_prefix("172.16.0.0/12");
    routing.n_lan = 0;
    CHECK_EQ(net_apply(net, &routing), 0);
    check_way("172.16.5.5", "dev mvpn0");
    check_way("8.8.8.8", "blocked");
    check_way("10.0.0.2", "blocked");
    check_way("2001:db8::99", "blocked");
    net_free(net);
}

/* Sockets bound to a service's interface, which comes later, and to the console's; nobody else goes there, nor they elsewhere. */
static void services_and_console_have_a_way(void)
{
    _cleanup_free_ char *before = NULL, *after = NULL;
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;
    int monitor;

    lab_enter();
    lab_base_link();
    net = open_net();
    before = lab_everything();
    lab_routing(&routing);
    strcpy(routing.usb, "usb0");
    strcpy(routing.services[routing.n_services++], "ims0");
    routing.lan[routing.n_lan++] = lab_prefix("172.16.42.0/24");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    lab_settle(net);
    monitor = open_monitor();
    CHECK_EQ(net_apply(net, &routing), 0); /* interfaces that do not exist are no difference */
    CHECK_EQ(close_monitor(monitor), 0);
    lab_settle(net);
    lab_run("echo 2 >/proc/sys/net/ipv4/conf/default/rp_filter;"
            "for l in ims0 usb0; do ip link add $l type veth peer name far-$l && ip link set $l up && ip "
            "link set far-$l up;"
            "done; ip addr add 10.7.7.2/24 dev ims0; ip addr add fd07::2/64 dev ims0 nodad;"
            "ip addr add 172.16.42.1/24 dev usb0;"
            "ip route add default via 10.7.7.1 dev ims0 metric 9000; ip route add default via fd07::1 dev "
            "ims0 metric 9000;"
            "while ip addr show tentative | grep -q .; do sleep 0.05; done");
    CHECK(lab_wait(net, NET_CHANGE_RULES) & NET_CHANGE_RULES); /* its rp_filter */
    CHECK_EQ(net_apply(net, &routing), 0);
    check_output("cd /proc/sys/net/ipv4/conf; cat ims0/rp_filter usb0/rp_filter", "0\n2");
    check_way("8.8.8.8 oif ims0", "dev ims0");
    check_way("2001:db8::99 oif ims0", "dev ims0");
    check_way("10.7.7.1", "dev mvpn0");
    check_way("fd07::1", "dev mvpn0");
    check_way("8.8.8.8", "dev mvpn0");
    check_way("2001:db8::99 oif v0", "blocked");
    check_way("172.16.42.2", "dev usb0");
    check_way("fe80::2 oif usb0", "dev usb0");
    check_way("fe80::2 oif v0", "blocked");
    check_way("2001:db8::99 oif usb0", "blocked");
    lab_run("ip link del ims0; ip link del usb0; echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter");
    lab_settle(net);
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    after = lab_everything();
    CHECK_STR(after, before);
    net_free(net);
}

/* A hotspot client's packet goes into the tunnel, the answer to it back, with every kind of reverse-path check. */
static void forwarded_packets_find_their_way(void)
{
    for (int rp_filter = 0; rp_filter <= 2; rp_filter++) {
        _cleanup_close_ int tun_fd = -1;
        struct routing routing;
        struct net *net;

        lab_enter();
        lab_base_link();
        lab_run("ip link add ap0 type veth peer name client0; ip link set ap0 up; ip link set client0 up;"
                "ip addr add 10.42.0.1/24 dev ap0; ip addr add fd42::1/64 dev ap0 nodad;"
                "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;"
                "echo %d >/proc/sys/net/ipv4/conf/ap0/rp_filter;"
                "while ip addr show tentative | grep -q .; do sleep 0.05; done",
            rp_filter);
        net = open_net();
        lab_routing(&routing);
        CHECK_EQ(net_apply(net, &routing), 0);
        check_way("10.1.0.10 from 10.42.0.2 iif ap0", "blocked");
        CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
        test_context("rp_filter %d", rp_filter);
        check_way("10.1.0.10 from 10.42.0.2 iif ap0", "dev mvpn0");
        check_way("fd01::10 from fd42::2 iif ap0", "dev mvpn0");
        check_way("10.42.0.2 from 10.1.0.10 iif mvpn0", "dev ap0");
        check_way("fd42::2 from fd01::10 iif mvpn0", "dev ap0");
        net_free(net);
    }
    test_context("%s", "");
}

/* Under lockdown DHCP clients and NetworkManager still bring links up: their routes into the main table are taken as ever. */
static void others_can_still_configure(void)
{
    static const char *const gateways[] = { "10.0.0.9", "10.0.0.9 dev v0", "fd00::9", "fd00::9 dev v0",
        "fe80::9 dev v0" };
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_apply(net, &routing), 0);
    for (unsigned with_tunnel = 0; with_tunnel < 2; with_tunnel++) {
        for (size_t i = 0; i < ELEMENTSOF(gateways); i++) {
            test_context("%s tunnel, %s", with_tunnel ? "with" : "without", gateways[i]);
            lab_run("ip route add default via %s metric 7", gateways[i]);
            lab_run("ip route show default metric 7 | grep -q 'dev v0' || ip -6 route show default metric 7 "
                    "| grep -q 'dev v0'");
            lab_run("ip route del default via %s metric 7", gateways[i]);
        }
        if (!with_tunnel)
            CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    }
    test_context("%s", "");
    net_free(net);
}

/* The base link moves: the way to the gateway is replaced, never missing; LAN rules follow. */
static void changes_by_difference(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;
    int monitor;
    unsigned n;

    lab_enter();
    lab_base_link();
    lab_run("ip link add w0 type veth peer name w1; ip link set w0 up; ip link set w1 up; ip addr add "
            "10.2.0.1/24 dev w0");
    net = open_net();
    lab_routing(&routing);
    routing.lan[routing.n_lan++] = lab_prefix("10.0.0.0/24");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    routing.outer[0].via = lab_addr("10.2.0.2");
    routing.outer[0].source = lab_addr("10.2.0.1");
    routing.outer[0].ifindex = lab_ifindex("w0");
    routing.lan[0] = lab_prefix("10.2.0.0/24");
    let_addresses_settle(net);
    monitor = open_monitor();
    CHECK_EQ(net_apply(net, &routing), 0);
    n = close_monitor(monitor);
    CHECK_GE(n, 3); /* one route, two rules */
    CHECK_LE(n, 5); /* perhaps a setting */
    check_output("ip route show table 19799 | sed 's/ *$//'",
        "203.0.113.5 via 10.2.0.2 dev w0 proto 77 src 10.2.0.1 metric 1 onlink");
    check_output("ip rule | grep 5120 | tr '\\t' ' '", "5120: from all to 10.2.0.0/24 lookup main proto 77");
    routing.addrs[0] = lab_addr("10.99.1.2");
    routing.mtu = 1300;
    CHECK_EQ(net_apply(net, &routing), 0);
    check_output("ip -o addr show mvpn0 | awk '{print $3,$4}'", "inet 10.99.1.2/32\ninet6 fd99::1/128");
    check_output(
        "ip route show table 19798 default | sed 's/ *$//' | head -1", "default dev mvpn0 proto 77 metric 1");
    check_output("cat /sys/class/net/mvpn0/mtu", "1300");
    net_free(net);
}

/* More subnets while traffic flows: the old ones stay in place throughout. */
static void tunnel_routes_change_without_a_gap(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;
    int monitor;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    routing.subnets[0] = lab_prefix("172.16.0.0/12");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    routing.subnets[routing.n_subnets++] = lab_prefix("10.0.0.0/8");
    let_addresses_settle(net);
    monitor = open_monitor();
    CHECK_EQ(net_apply(net, &routing), 0);
    CHECK_EQ(close_monitor(monitor), 1);
    check_way("172.16.5.5", "dev mvpn0");
    check_way("10.5.5.5", "dev mvpn0");
    net_free(net);
}

static void off_is_off(void)
{
    _cleanup_free_ char *before = NULL, *after = NULL;
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run("ip rule add pref 5105 lookup 77; ip route add 192.0.2.0/24 via 10.0.0.2 table 77;" /* not ours */
            "echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/v0/rp_filter;"
            "echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
    net = open_net();
    before = lab_everything();
    lab_routing(&routing);
    routing.lan[routing.n_lan++] = lab_prefix("10.0.0.0/24");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    check_output("cd /proc/sys/net/ipv4/conf; cat all/rp_filter v0/rp_filter all/arp_ignore", "0\n0\n2");
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    after = lab_everything();
    CHECK_STR(after, before);
    CHECK_EQ(lab_settle(net) & ~NET_CHANGE_LINKS, 0);
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    net_free(net);
}

/* The process is gone, another mark is configured since: all that it left is found. */
static void crash_is_cleaned_up(void)
{
    _cleanup_free_ char *before = NULL, *after = NULL;
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    before = lab_everything();
    lab_routing(&routing);
    routing.mark = 0x1234;
    routing.lan[routing.n_lan++] = lab_prefix("10.0.0.0/24");
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    net_free(net); /* changes nothing */
    tun_fd = close_fd(&tun_fd);
    check_way("8.8.8.8", "blocked");
    check_way("2001:db8::99", "blocked");
    net = open_net();
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    after = lab_everything();
    CHECK_STR(after, before);
    net_free(net);
}

/* A restart while enabled: the second process takes over, and still knows the administrator's settings. */
static void restart_keeps_old_settings(void)
{
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run("echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter");
    lab_routing(&routing);
    routing.n_addrs = routing.n_subnets = 0;
    for (unsigned i = 0; i < 3; i++) {
        net = open_net();
        CHECK_EQ(net_apply(net, &routing), 0);
        check_output("cat /proc/sys/net/ipv4/conf/all/rp_filter", "0");
        net_free(net);
    }
    net = open_net();
    routing.mark = 0x77; /* and the other mark's rules go */
    CHECK_EQ(net_apply(net, &routing), 0);
    check_output("ip rule | grep -c 0x4d56; ip -6 rule | grep -c 0x77", "0\n2");
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    check_output("cat /proc/sys/net/ipv4/conf/all/rp_filter", "2");
    net_free(net);
}

/* The router must find us by ARP whatever rp_filter was: packets that wake us would be lost otherwise. */
static void router_still_finds_us(void)
{
    struct routing routing;
    struct net *net;

    for (int rp_filter = 0; rp_filter <= 2; rp_filter++) {
        lab_enter();
        lab_base_link();
        lab_run("cd /proc/sys/net/ipv4/conf; echo %d >all/rp_filter; echo %d >v0/rp_filter", rp_filter,
            rp_filter);
        net = open_net();
        lab_routing(&routing);
        routing.n_addrs = routing.n_subnets = 0;
        CHECK_EQ(net_apply(net, &routing), 0);
        test_context("rp_filter %d", rp_filter);
        lab_run("ip -n far neigh flush all; ip netns exec far ping -c1 -W1 10.0.0.1 >/dev/null;"
                "ip -n far neigh show 10.0.0.1 | grep -q REACHABLE");
        /* A router outside our prefix: arp_ignore=2 would hide us from it. */
        lab_run("ip -n far addr flush dev v1; ip -n far addr add 192.0.2.1/32 dev v1; ip -n far route add "
                "10.0.0.1 dev v1");
        routing.outer[0].via = lab_addr("192.0.2.1");
        CHECK_EQ(net_apply(net, &routing), 0);
        check_output("cat /proc/sys/net/ipv4/conf/all/arp_ignore", "1");
        lab_run("ip -n far neigh flush all; ip netns exec far ping -c1 -W1 10.0.0.1 >/dev/null;"
                "ip -n far neigh show 10.0.0.1 | grep -q REACHABLE");
        net_free(net);
    }
    test_context("%s", "");
}

/* A neighbour must not learn the tunnel's address by asking. */
static void tunnel_address_is_not_told(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    lab_run("ip -n far route add 10.99.1.1 dev v1; ip netns exec far ping -c1 -W1 10.99.1.1 >/dev/null;"
            "! ip -n far neigh show 10.99.1.1 | grep -qE 'REACHABLE|lladdr'");
    net_free(net);
}

/* The base link went while the wish was on its way: an error, and everything else is done. */
static void vanished_link_does_not_stop_it(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    lab_run("ip link del v0");
    CHECK_EQ(net_apply(net, &routing), -ENODEV);
    check_way("8.8.8.8", "dev mvpn0");
    check_way("203.0.113.5 mark 0x4d56", "blocked");
    check_output("ip -6 rule | grep -c 'proto 77'", "6");
    CHECK_EQ(lab_settle(net) & ~NET_CHANGE_LINKS, 0); /* what cannot be is not missed */
    net_free(net);
}

static void foreign_device_is_left_alone(void)
{
    struct routing routing;
    struct net *net;
    int fd = -1;

    lab_enter();
    lab_base_link();
    lab_run("ip tuntap add mvpn0 mode tun");
    net = open_net();
    lab_routing(&routing);
    CHECK_EQ(net_tunnel_open(net, &fd), -EEXIST);
    CHECK_EQ(fd, -1);
    CHECK_EQ(net_apply(net, &routing), -EEXIST);
    check_way("8.8.8.8", "blocked");
    check_output("ip -o addr show mvpn0", "");
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    check_output("ip -o link show mvpn0 | wc -l", "1");
    net_free(net);
}

static void works_without_ipv6(void)
{
    _cleanup_free_ char *before = NULL, *after = NULL;
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    before = lab_everything();
    hide_ipv6 = true;
    net = open_net();
    lab_routing(&routing);
    routing.n_addrs = routing.n_subnets = 1;
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    check_way("8.8.8.8", "dev mvpn0");
    check_output("ip -6 rule | grep -c 'proto 77'", "0");
    lab_run("ip rule del pref 5200");
    CHECK(lab_wait(net, NET_CHANGE_RULES) & NET_CHANGE_RULES);
    CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
    net_free(net);
    hide_ipv6 = false;
    after = lab_everything();
    CHECK_STR(after, before);
}

/* The administrator switched IPv6 off for all interfaces: no error, the tunnel has it all the same. */
static void works_with_ipv6_switched_off(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net;

    lab_enter();
    lab_base_link();
    lab_run("for k in all default; do echo 1 >/proc/sys/net/ipv6/conf/$k/disable_ipv6; done");
    net = open_net();
    lab_routing(&routing);
    routing.n_outer = 1;
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    check_way("2001:db8::99", "dev mvpn0");
    routing.n_addrs = routing.n_subnets = 0;
    CHECK_EQ(net_apply(net, &routing), 0);
    check_way("2001:db8::99", "blocked");
    net_free(net);
}

static unsigned n_open_files(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void cycles_leave_nothing(void)
{
    _cleanup_free_ char *before = NULL, *after = NULL;
    struct routing routing;
    struct net *net;
    unsigned n_before;

    lab_enter();
    lab_base_link();
    net = open_net();
    before = lab_everything();
    lab_routing(&routing);
    n_before = n_open_files();
    for (unsigned i = 0; i < 100; i++) {
        _cleanup_close_ int tun_fd = -1;
        CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
        CHECK_EQ(net_apply(net, &routing), 0);
        CHECK_EQ(net_apply(net, &(struct routing){ 0 }), 0);
        CHECK_GE(net_dispatch(net), 0);
    }
    CHECK_EQ(n_open_files(), n_before);
    after = lab_everything();
    CHECK_STR(after, before);
    net_free(net);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(makes_rules_and_tables),
        TEST(second_time_changes_nothing),
        TEST(packets_go_where_they_may),
        TEST(changes_by_difference),
        TEST(off_is_off),
        TEST(crash_is_cleaned_up),
        TEST(restart_keeps_old_settings),
        TEST(router_still_finds_us),
        TEST(tunnel_address_is_not_told),
        TEST(vanished_link_does_not_stop_it),
        TEST(foreign_device_is_left_alone),
        TEST(services_and_console_have_a_way),
        TEST(forwarded_packets_find_their_way),
        TEST(others_can_still_configure),
        TEST(works_without_ipv6),
        TEST(works_with_ipv6_switched_off),
        TEST(cycles_leave_nothing),
        TEST(tunnel_routes_change_without_a_gap),
    };

    if (!lab_possible()) {
        puts("skipped: needs root and namespaces");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
