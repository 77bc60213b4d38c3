/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What src/net notices about its own things: the tunnel device lost in every way, rules, routes and settings taken away by others, and that
 * none of its own work is reported. In network namespaces of its own (77 without root).
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/test.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <poll.h>

#define HEADER_BYTES ((ssize_t)sizeof(struct virtio_net_hdr)) /* before each packet: IFF_VNET_HDR */

struct guarded {
    struct net *net;
    struct routing routing;
    int tun_fd;
};

static void begin(struct guarded *ret)
{
    lab_enter();
    lab_base_link();
    *ret = (struct guarded){ .tun_fd = -1 };
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &ret->net), 0);
    lab_routing(&ret->routing);
    CHECK_EQ(net_tunnel_open(ret->net, &ret->tun_fd), 0);
    CHECK_EQ(net_apply(ret->net, &ret->routing), 0);
    CHECK_EQ(lab_settle(ret->net) & ~NET_CHANGE_LINKS, 0);
}

static void end(struct guarded *guarded)
{
    close_fd(&guarded->tun_fd);
    CHECK_EQ(net_apply(guarded->net, &(struct routing){ 0 }), 0);
    CHECK_EQ(lab_settle(guarded->net), 0); /* we closed it because it is over */
    net_free(guarded->net);
}

static void device_is_silent(void)
{
    struct guarded guarded;
    uint8_t packet[2048];

    begin(&guarded);
    CHECK_EQ(poll(&(struct pollfd){ .fd = guarded.tun_fd, .events = POLLIN }, 1, 3000), 0);
    CHECK(read(guarded.tun_fd, packet, sizeof(packet)) < 0 && errno == EAGAIN);
    /* And it does carry packets, each behind a virtio header. */
    lab_run("ping -c1 -W1 198.51.100.1 >/dev/null 2>&1; :");
    CHECK_EQ(read(guarded.tun_fd, packet, sizeof(packet)), HEADER_BYTES + 84);
    CHECK_EQ(packet[HEADER_BYTES], 0x45);
    lab_run("ping -6 -c1 -W1 2001:db8::77 >/dev/null 2>&1; :");
    CHECK_EQ(read(guarded.tun_fd, packet, sizeof(packet)), HEADER_BYTES + 104);
    CHECK_EQ(packet[HEADER_BYTES] >> 4, 6);
    CHECK_EQ(poll(&(struct pollfd){ .fd = guarded.tun_fd, .events = POLLIN }, 1, 100), 0);
    end(&guarded);
}

static void loss_of_the_tunnel_is_told_once(void)
{
    static const char *const rows[] = {
        "ip link del mvpn0",
        "ip link set mvpn0 down",
        "ip addr del 10.99.1.1/32 dev mvpn0",
        "ip addr del fd99::1/128 dev mvpn0",
        "ip link set mvpn0 down; ip link set mvpn0 name stolen0",
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct guarded guarded;
        int r, old_fd;
        begin(&guarded);
        test_context("%s", rows[i]);
        lab_run("%s", rows[i]);
        r = lab_wait(guarded.net, NET_CHANGE_TUNNEL_LOST);
        CHECK(r & NET_CHANGE_TUNNEL_LOST);
        CHECK_EQ(lab_settle(guarded.net) & NET_CHANGE_TUNNEL_LOST, 0);
        old_fd = guarded.tun_fd; /* still open while the new one is made, as in the daemon */
        CHECK_EQ(net_tunnel_open(guarded.net, &guarded.tun_fd), 0);
        close(old_fd);
        CHECK_EQ(lab_settle(guarded.net) & NET_CHANGE_TUNNEL_LOST, 0);
        lab_run("ip route get 198.51.100.1 | grep -q 'dev mvpn0 .*src 10.99.1.1';"
                "ip route get 2001:db8::77 | grep -q 'dev mvpn0 .*src fd99::1'");
        end(&guarded);
    }
    test_context("%s", "");
}

/* While it is lost nothing gets out. */
static void lost_tunnel_is_a_dead_end(void)
{
    struct guarded guarded;

    begin(&guarded);
    lab_run("ip link del mvpn0");
    lab_run("! ip route get 8.8.8.8 2>/dev/null; ! ip route get 2001:db8::77 2>/dev/null");
    CHECK(lab_wait(guarded.net, NET_CHANGE_TUNNEL_LOST) & NET_CHANGE_TUNNEL_LOST);
    end(&guarded);
}

static void interference_is_told_and_mended(void)
{
    static const char *const rows[] = {
        "ip rule del pref 5100",
        "ip rule del pref 5101",
        "ip rule del pref 5110",
        "ip -6 rule del pref 5115",
        "ip rule del pref 5200",
        "ip -6 rule del pref 5200",
        "ip -6 rule del pref 5201",
        "ip rule flush",
        "ip -6 rule flush",
        "ip route flush table 19798",
        "ip -6 route flush table 19798",
        "ip route flush table 19799",
        "ip -6 route del 2001:db8::5 table 19799",
        "ip route del unreachable default table 19798",
        "ip -6 route replace 2001:db8::5 via fd00::3 dev v0 onlink table 19799 metric 1",
        "ip link set lo down; ip link set lo up", /* takes the unreachable default of IPv6 along */
        "ip link set v0 down; ip link set v0 up; ip addr add fd00::1/64 dev v0 nodad", /* and the ways to the gateway */
        "ip addr del 10.0.0.1/24 dev v0; ip addr add 10.0.0.1/24 dev v0",
        "echo 1 >/proc/sys/net/ipv4/conf/v0/rp_filter",
    };

    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        struct guarded guarded;
        begin(&guarded);
        test_context("%s", rows[i]);
        lab_run("%s", rows[i]);
        CHECK(lab_wait(guarded.net, NET_CHANGE_RULES) & NET_CHANGE_RULES);
        CHECK_EQ(net_apply(guarded.net, &guarded.routing), 0);
        CHECK_EQ(lab_settle(guarded.net) & ~NET_CHANGE_LINKS, 0);
        lab_run("test $(ip rule | grep -c 'proto 77') = 5 && test $(ip -6 rule | grep -c 'proto 77') = 6 &&"
                "ip route get 203.0.113.5 mark 0x4d56 | grep -q 'via 10.0.0.2 dev v0' &&"
                "ip route get 2001:db8::5 mark 0x4d56 | grep -q 'via fd00::2 dev v0' &&"
                "test $(ip route show table 19798 | wc -l) = 2 && test $(ip -6 route show table 19798 | wc "
                "-l) = 2");
        end(&guarded);
    }
    test_context("%s", "");
}

static void other_peoples_business_is_not_ours(void)
{
    static const char *const rows[] = {
        "ip rule add pref 6000 lookup 77; ip rule del pref 6000",
        "ip rule add pref 5150 lookup 77; ip rule del pref 5150",
        "ip -6 rule add pref 100 lookup 77; ip -6 rule del pref 100",
        "ip route add 192.0.2.0/24 via 10.0.0.2; ip route flush 192.0.2.0/24",
        "ip route add 192.0.2.0/24 via 10.0.0.2 table 77; ip route flush table 77",
        "ip addr add 10.0.0.9/24 dev v0; ip addr del 10.0.0.9/24 dev v0",
        "ip link set v0 mtu 1400",
        "ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0; ip neigh flush dev v0",
    };
    struct guarded guarded;

    begin(&guarded);
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        test_context("%s", rows[i]);
        lab_run("%s", rows[i]);
        CHECK_EQ(lab_settle(guarded.net) & ~NET_CHANGE_LINKS, 0);
    }
    test_context("%s", "");
    end(&guarded);
}

/* The process that made it is killed: the device goes with it, and a left-over of the same mark is replaced. */
static void leftover_device_is_replaced(void)
{
    struct guarded guarded;
    struct net *other;
    int fd = -1, old_index;

    begin(&guarded);
    old_index = lab_ifindex("mvpn0");
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &other), 0);
    CHECK_EQ(net_tunnel_open(other, &fd), 0);
    CHECK_NE(lab_ifindex("mvpn0"), old_index);
    CHECK(lab_wait(guarded.net, NET_CHANGE_TUNNEL_LOST) & NET_CHANGE_TUNNEL_LOST);
    close(fd);
    CHECK_EQ(lab_ifindex("mvpn0"), 0);
    net_free(other);
    end(&guarded);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(device_is_silent),
        TEST(loss_of_the_tunnel_is_told_once),
        TEST(lost_tunnel_is_a_dead_end),
        TEST(interference_is_told_and_mended),
        TEST(other_peoples_business_is_not_ours),
        TEST(leftover_device_is_replaced),
    };

    if (!lab_possible()) {
        puts("skipped: needs root and namespaces");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
