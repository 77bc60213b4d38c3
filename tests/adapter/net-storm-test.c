/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A big machine: 1000 interfaces, 20 000 routes, more notifications than the socket holds. What is given out must be right at the end, memory
 * must not grow with what does not matter, time must stay in proportion to one dump by iproute2 itself. In network namespaces of its own (77
 * without root).
 */
#include "adapter/net-lab.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "support/test.h"

#include <linux/netlink.h>
#include <malloc.h>
#include <sys/socket.h>

#define N_LINKS  1000
#define N_ROUTES 20000

/* Private dirty memory of this process, in kB. */
static long dirty_kb(void)
{
    _cleanup_fclose_ FILE *f = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    long kb = -1;

    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
            break;
    return kb;
}

static void make_routes(void)
{
    lab_run("for i in $(seq 0 %d); do echo route add 100.$((64+i/256%%64)).$((i%%256)).$((i/16384*64))/26 "
            "via 10.0.0.3 dev v0;"
            "done | ip -b -",
        N_ROUTES - 1);
}

static void make_links(void)
{
    /* Pairs, because the kernel takes 16 ms to delete a bridge, under a lock of the whole machine. */
    lab_run("for i in $(seq %d); do echo link add s$i group 7 type veth peer name t$i; done | ip -b -",
        N_LINKS / 2);
}

static void big_machine_costs_little(void)
{
    struct net *net = NULL;
    struct link_set links;
    usec_t start_usec, ours_usec, theirs_usec;
    long before_kb;

    lab_enter();
    lab_base_link();
    make_links();
    make_routes();
    before_kb = dirty_kb();
    start_usec = clock_boottime_usec();
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    ours_usec = clock_boottime_usec() - start_usec;
    net_get_links(net, &links);
    CHECK_EQ(links.n_links, LINK_SET_MAX);
    CHECK_STR(links.links[0].name, "v0");
    CHECK_EQ(links.links[0].n_routes, 2);
    printf("     net_new with %d links and %d routes: %.1f ms, +%ld kB\n", N_LINKS, N_ROUTES,
        (double)ours_usec / 1000, dirty_kb() - before_kb);
    CHECK_LE(dirty_kb() - before_kb, 3000);
    start_usec = clock_boottime_usec();
    lab_run("ip -s link >/dev/null; ip route >/dev/null");
    theirs_usec = clock_boottime_usec() - start_usec;
    CHECK_LE(ours_usec, 4 * theirs_usec);
    net_free(net);
}

/* 20 000 routes come and go: nothing to report, no dump, no memory. */
static void uninteresting_churn_is_free(void)
{
    struct net *net = NULL;
    long before_kb;

    lab_enter();
    lab_base_link();
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    lab_settle(net);
    lab_link(net, "");
    before_kb = dirty_kb();
    make_routes();
    CHECK_EQ(lab_settle(net), 0);
    lab_run("ip route flush root 100.64.0.0/10");
    CHECK_EQ(lab_settle(net), 0);
    CHECK_LE(dirty_kb() - before_kb, 500);
    net_free(net);
}

/* The descriptors of the notification sockets: those with memberships. Gives how many buffers were shrunk. */
static unsigned shrink_event_buffers(void)
{
    unsigned n = 0;

    for (int fd = 3; fd < 64; fd++) {
        uint32_t groups[4] = { 0 };
        socklen_t size = sizeof(groups);
        int bytes = 1;
        if (getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &size) < 0 || groups[0] == 0)
            continue;
        n += setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) == 0;
    }
    return n;
}

/* A buffer of two messages: nearly all is lost, and yet all is known in the end. */
static void lost_notifications_are_made_up_for(void)
{
    _cleanup_close_ int tun_fd = -1;
    struct routing routing;
    struct net *net = NULL;
    const struct link *link;
    int seen;

    lab_enter();
    lab_base_link();
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    CHECK_EQ(shrink_event_buffers(), 2);
    lab_routing(&routing);
    CHECK_EQ(net_tunnel_open(net, &tun_fd), 0);
    CHECK_EQ(net_apply(net, &routing), 0);
    lab_settle(net);
    make_links();
    lab_run("ip addr add 10.0.0.77/24 dev v0; ip addr add fd00::77/64 dev v0 nodad; ip route add default via "
            "10.0.0.9 metric 9;"
            "ip link set v0 mtu 1333; ip rule del pref 5200; ip link del mvpn0; ip link del s7");
    seen = lab_wait(net, NET_CHANGE_LINKS | NET_CHANGE_RULES | NET_CHANGE_TUNNEL_LOST);
    CHECK_EQ(seen, NET_CHANGE_LINKS | NET_CHANGE_RULES | NET_CHANGE_TUNNEL_LOST);
    lab_settle(net);
    link = lab_link(net, "v0");
    if (CHECK(link != NULL)) {
        CHECK_EQ(link->mtu, 1333);
        CHECK_EQ(link->n_addrs, 4);
        CHECK_EQ(link->n_routes, 3);
    }
    CHECK(lab_link(net, "s7") == NULL);
    lab_run("ip link del group 7");
    lab_settle(net);
    CHECK(lab_link(net, "v0") != NULL && lab_link(net, "s8") == NULL);
    net_free(net);
}

/* Somebody never stops changing things while we read: dispatch comes back every time, and the last word counts. */
static void endless_churn_does_not_hold_us(void)
{
    struct net *net = NULL;
    const struct link *link;
    usec_t longest_usec = 0, end_at_usec;

    lab_enter();
    lab_base_link();
    CHECK_EQ(net_new("mvpn0", LAB_RUNTIME_DIR, &net), 0);
    lab_run("(for i in $(seq 3000); do echo addr add 10.0.0.5/24 dev v0; echo route add default via 10.0.0.2 "
            "metric 5;"
            "echo route del default metric 5; echo addr del 10.0.0.5/24 dev v0; done; echo link set v0 mtu "
            "1334) | ip -b - &");
    end_at_usec = usec_add(clock_boottime_usec(), SEC(60));
    while (clock_boottime_usec() < end_at_usec) {
        usec_t start_usec = clock_boottime_usec();
        if (!CHECK_GE(net_dispatch(net), 0))
            break;
        longest_usec = MAX_OF(longest_usec, clock_boottime_usec() - start_usec);
        link = lab_link(net, "v0");
        if (!CHECK(link != NULL) || link->mtu == 1334)
            break;
    }
    lab_settle(net);
    link = lab_link(net, "v0");
    if (CHECK(link != NULL)) {
        CHECK_EQ(link->mtu, 1334);
        CHECK_EQ(link->n_addrs, 2);
        CHECK_EQ(link->n_routes, 2);
    }
    CHECK_LE(longest_usec, SEC(2));
    net_free(net);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(big_machine_costs_little),
        TEST(uninteresting_churn_is_free),
        TEST(lost_notifications_are_made_up_for),
        TEST(endless_churn_does_not_hold_us),
    };

    if (!lab_possible()) {
        puts("skipped: needs root and namespaces");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
