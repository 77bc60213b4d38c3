/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes out of the tunnel's device for an address that is not ours (yet) goes on by no default route, with forwarding on and no firewall
 * at all: the routing rules alone. A capture in the virtual machine found such answers on the base link, in clear. Counted behind the base
 * link, each count beside a control that shows the same packets there without the rule. In network namespaces of its own (77 without root).
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/ip-packet.h"
#include "support/test.h"

#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define STRAY_PORT 5010 /* for an address that nobody here has */
#define FENCE_PORT 5011 /* for the neighbour, allowed as a LAN: it comes after what was written before it */
#define N_STRAYS 10

static const struct stray_way {
    uint8_t family;
    const char *nowhere, *neighbour, *neighbour_net;
} WAYS[] = {
    { 4, "10.99.1.7", "10.0.0.2", "10.0.0.0/24" },
    { 6, "fd99::7", "fd00::2", "fd00::/64" },
};

/* One packet as the data path writes it: decrypted, for that address. */
static void write_packet(int tun_fd, uint8_t family, const char *to, uint16_t port)
{
    struct ip_packet packet = {
        .family = family, .protocol = IPPROTO_UDP, .host = 9, .hop_limit = 64, .payload_bytes = 32
    };
    uint8_t frame[sizeof(struct virtio_net_hdr) + 512] = { 0 };
    uint8_t *ip = frame + sizeof(struct virtio_net_hdr);
    struct ip_addr addr = lab_addr(to);
    size_t n;

    packet.source_port = packet.destination_port = port;
    n = ip_packet_write(&packet, ip);
    memcpy(ip + (family == 4 ? 16 : 24), addr.bytes, ip_addr_size(family));
    ip_packet_fix(ip, n);
    n += sizeof(struct virtio_net_hdr);
    CHECK_EQ(write(tun_fd, frame, n), (ssize_t)n);
}

static unsigned count(const char *name)
{
    _cleanup_free_ char *text = lab_output(
        "ip netns exec far nft list counter inet seen %s | sed -nE 's/.*packets ([0-9]+).*/\\1/p'", name);

    return (unsigned)strtoul(text, NULL, 10);
}

/* How many of the strays came out at the far end of the base link? */
static unsigned strays(int tun_fd, const struct stray_way *way)
{
    unsigned before = count("strays"), fences = count("fences");

    for (unsigned i = 0; i < N_STRAYS; i++)
        write_packet(tun_fd, way->family, way->nowhere, STRAY_PORT);
    for (unsigned tries = 0; count("fences") == fences; tries++) {
        if (!CHECK(tries < 20))
            break;
        write_packet(tun_fd, way->family, way->neighbour, FENCE_PORT);
    }
    return count("strays") - before;
}

static void begin(void)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    CHECK_EQ(sched_setaffinity(0, sizeof(one), &one), 0); /* packets keep their order on it */
    lab_enter();
    lab_base_link();
    lab_run("echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding;"
            "ip netns exec far nft 'table inet seen { counter strays { }; counter fences { };"
            "chain in { type filter hook prerouting priority -400; udp dport %d counter name strays; udp "
            "dport %d counter name fences; }; }'",
        STRAY_PORT, FENCE_PORT);
}

/* `n_addrs` of the tunnel's addresses are on its interface. */
static void check_strays(uint32_t n_addrs)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net = NULL;

    begin();
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    lab_settle(net);
    lab_routing(&routing);
    routing.n_addrs = n_addrs;
    for (size_t i = 0; i < ELEMENTSOF(WAYS); i++)
        routing.lan[routing.n_lan++] = lab_prefix(WAYS[i].neighbour_net);
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    for (size_t i = 0; i < ELEMENTSOF(WAYS); i++) {
        test_context("IPv%u, %u addresses", WAYS[i].family, n_addrs);
        CHECK_EQ(strays(tun_fd, &WAYS[i]), 0);
        lab_run("ip -%u rule del pref 5115; ip -%u rule add pref 5115 iif mvpn0 lookup main", WAYS[i].family,
            WAYS[i].family);
        test_context("IPv%u, %u addresses, a rule that knows default routes: the positive control",
            WAYS[i].family, n_addrs);
        CHECK_EQ(strays(tun_fd, &WAYS[i]), N_STRAYS);
    }
    test_context("%s", "");
    net_free(net);
}

/* The SA is there before its addresses: how it was found. */
static void nothing_strays_before_the_addresses(void)
{
    check_strays(0);
}

/* The gateway sends for another address than those that it gave. */
static void nothing_strays_beside_the_addresses(void)
{
    check_strays(2);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(nothing_strays_before_the_addresses),
        TEST(nothing_strays_beside_the_addresses),
    };

    if (!lab_possible()) {
        puts("skipped: needs root and namespaces");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
