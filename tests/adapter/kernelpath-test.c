/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's data path against real interfaces: any kind will do, for it looks at counters and at a packet passing, never into one. In
 * network namespaces of its own (77 without root).
 */
#include "adapter/net-lab.h"
#include "base/clock.h"
#include "base/macro.h"
#include "core/gauge.h"
#include "core/pathwatch.h"
#include "ike/kernelpath.h"
#include "ike/tap.h"
#include "support/test.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ATTEMPT      3
#define PATIENCE_SEC 30

static const struct ip_addr ours = { 4, { 10, 0, 0, 1 } };

struct fixture {
    struct mailbox *mailbox;
    struct kernelpath *path;
    unsigned n_lost;
};

/*
 * v0 with a neighbour that answers as 10.0.0.2 and fd00::2, and 10.0.0.99, which is known and is nobody. No address is asked for, none
 * is announced: nothing passes by itself.
 */
static void make_link(void)
{
    lab_run("ip netns add far && ip link add v0 type veth peer name v1 netns far &&"
            "ip link set v0 addrgenmode none address 02:00:00:00:00:01 multicast off &&"
            "ip -n far link set v1 addrgenmode none address 02:00:00:00:00:02 multicast off &&"
            "ip link set v0 up && ip -n far link set v1 up &&"
            "ip addr add 10.0.0.1/24 dev v0 && ip addr add fd00::1/64 dev v0 nodad &&"
            "ip -n far addr add 10.0.0.2/24 dev v1 && ip -n far addr add fd00::2/64 dev v1 nodad");
    lab_run("for far in 10.0.0.2 fd00::2; do ip neigh replace $far lladdr 02:00:00:00:00:02 dev v0 nud "
            "permanent || exit 1; done;"
            "for near in 10.0.0.1 fd00::1; do ip -n far neigh replace $near lladdr 02:00:00:00:00:01 dev v1 "
            "nud permanent || exit 1;"
            "done; ip neigh replace 10.0.0.99 lladdr 02:00:00:00:00:99 dev v0 nud permanent");
}

static void on_lost(void *userdata, enum kernelpath_loss loss)
{
    ((struct fixture *)userdata)->n_lost += loss == KERNELPATH_LOSS_SAS;
}

static void setup(struct fixture *f)
{
    lab_enter();
    make_link();
    f->n_lost = 0;
    CHECK_EQ(mailbox_new(&f->mailbox), 0);
    CHECK_EQ(kernelpath_new(f->mailbox, "v0", on_lost, f, &f->path), 0);
    kernelpath_set_addrs(f->path, &ours, 1);
}

static void teardown(struct fixture *f)
{
    kernelpath_free(f->path);
    mailbox_free(f->mailbox);
}

static void send_to_nobody(void)
{
    lab_run("ping -q -c 1 -W 0.01 10.0.0.99 >/dev/null 2>&1 || true");
}

static void exchange(unsigned n)
{
    lab_run("ping -q -c %u -i 0.01 -W 5 10.0.0.2 >/dev/null", n);
}

static struct datapath_stats stats_of(struct fixture *f, struct traffic *ret_traffic)
{
    struct datapath_stats stats;
    struct traffic traffic;

    kernelpath_get_stats(f->path, &stats, ret_traffic ? ret_traffic : &traffic);
    return stats;
}

/* Until a new interface has said and heard all that it does by itself (neighbour discovery and the like), and that was looked at. */
static void wait_quiet(struct fixture *f)
{
    struct datapath_stats last, stats = stats_of(f, NULL);

    do {
        last = stats;
        usleep(1500 * 1000);
        stats = stats_of(f, NULL);
    } while (stats.rx_packets != last.rx_packets || stats.tx_packets != last.tx_packets);
}

static bool wait_letter(struct fixture *f, int msec, struct event *ret)
{
    struct pollfd fd = { .fd = mailbox_fd(f->mailbox), .events = POLLIN };

    return poll(&fd, 1, msec) == 1 && mailbox_take(f->mailbox, ATTEMPT, ret);
}

/* How often the thread went to sleep by its own will. */
static long n_sleeps(void)
{
    char text[64] = "";
    FILE *pipe = popen("cat /proc/$PPID/task/*/comm /proc/$PPID/task/*/status | sed -n "
                       "'/^Name:.*mvpn-kernel/,/^nonvol/s/^voluntary.*:[^0-9]*//p'",
        "r");

    if (pipe && fgets(text, sizeof(text), pipe))
        pclose(pipe);
    return strtol(text, NULL, 10);
}

static void counts_what_passes(void)
{
    struct datapath_stats before, after;
    struct fixture f;

    setup(&f);
    before = stats_of(&f, NULL);
    CHECK_EQ(before.tx_packets, 0); /* what the interface counted earlier is not ours */
    exchange(5);
    after = stats_of(&f, NULL);
    CHECK_GE(after.tx_packets, 5);
    CHECK_GE(after.rx_packets, 5);
    CHECK_GE(after.tx_bytes, 5 * 84);
    CHECK_GE(after.rx_bytes, 5 * 84);
    teardown(&f);
}

static void goes_on_counting_when_the_interface_is_made_again(void)
{
    struct datapath_stats before, after;
    struct fixture f;

    setup(&f);
    exchange(20);
    wait_quiet(&f); /* what the kernel says of itself on a new interface counts, too */
    before = stats_of(&f, NULL);
    lab_run("ip link del v0; ip netns del far");
    CHECK_EQ(stats_of(&f, NULL).tx_packets, before.tx_packets);
    make_link();
    kernelpath_rebind(f.path);
    CHECK_LE(stats_of(&f, NULL).tx_packets, before.tx_packets + 5); /* not the new one's and the old one's together */
    exchange(3);
    after = stats_of(&f, NULL);
    CHECK_GE(after.tx_packets, before.tx_packets + 3);
    CHECK_LE(after.tx_packets, before.tx_packets + 20);
    teardown(&f);
}

static void tells_what_stays_unanswered(void)
{
    usec_t before_usec;
    struct event event;
    struct fixture f;

    setup(&f);
    kernelpath_watch(f.path, ATTEMPT);
    wait_quiet(&f);
    before_usec = clock_boottime_usec();
    send_to_nobody();
    if (CHECK(wait_letter(&f, PATIENCE_SEC * 1000, &event))) {
        CHECK_EQ(event.type, EVENT_TRAFFIC);
        CHECK_GE(event.traffic.unanswered_at_usec, before_usec - MSEC(200));
        CHECK_GE(clock_boottime_usec(), event.traffic.unanswered_at_usec + GAUGE_LOOK_USEC);
    }
    /* once: the next is told when it is asked for again */
    send_to_nobody();
    CHECK(!wait_letter(&f, 1500, &event));
    kernelpath_note_in(f.path);
    kernelpath_watch(f.path, ATTEMPT);
    wait_quiet(&f); /* until its thread has got to it: what passes before is not noticed */
    send_to_nobody();
    CHECK(wait_letter(&f, PATIENCE_SEC * 1000, &event));
    teardown(&f);
}

static void says_nothing_of_what_is_answered(void)
{
    struct traffic traffic;
    struct event event;
    struct fixture f;

    setup(&f);
    kernelpath_watch(f.path, ATTEMPT);
    exchange(200); /* some seconds of looks */
    CHECK(!wait_letter(&f, 1500, &event));
    stats_of(&f, &traffic);
    CHECK_EQ(traffic.unanswered_at_usec, 0);
    CHECK_NE(traffic.last_in_at_usec, 0);
    CHECK_NE(traffic.last_out_at_usec, 0);
    teardown(&f);
}

static void without_a_tunnel_it_is_silent(void)
{
    struct event event;
    struct fixture f;

    setup(&f);
    kernelpath_watch(f.path, ATTEMPT);
    send_to_nobody();
    kernelpath_set_addrs(f.path, NULL, 0);
    kernelpath_watch(f.path, ATTEMPT);
    send_to_nobody();
    CHECK(!wait_letter(&f, 1500, &event));
    teardown(&f);
}

static void sleeps_while_nothing_is_sent(void)
{
    struct fixture f;
    long before;

    setup(&f);
    kernelpath_watch(f.path, ATTEMPT);
    wait_quiet(&f);
    before = n_sleeps();
    CHECK_GE(before, 1);
    lab_run("ping -q -c 2 -i 0.2 -W 0.01 224.0.0.1 >/dev/null 2>&1; ip netns exec far ping -q -c 2 -i 0.2 -W "
            "0.01 224.0.0.1 >/dev/null 2>&1; true");
    usleep(1500 * 1000); /* a wake would have come by now */
    CHECK_EQ(n_sleeps(), before);
    teardown(&f);
}

/* A thousand packets in one go wake it for the first, and for the looks that follow. */
static void many_packets_cost_few_wakes(void)
{
    struct fixture f;
    long before;

    setup(&f);
    kernelpath_watch(f.path, ATTEMPT);
    wait_quiet(&f);
    before = n_sleeps();
    exchange(1000);
    CHECK_GE(stats_of(&f, NULL).tx_packets, 1000);
    CHECK_LE(n_sleeps() - before, 120);
    teardown(&f);
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    return poll(&poll_fd, 1, 0) == 1;
}

static void the_tap_tells_one_outbound_packet(void)
{
    struct fixture f;
    struct tap tap;

    setup(&f);
    CHECK_EQ(tap_open(lab_ifindex("v0"), &tap), 0);
    exchange(3);
    CHECK(!is_readable(tap.fd));
    tap_arm(&tap);
    lab_run("ip netns exec far ping -q -c 1 -W 0.01 -b 10.0.0.255 >/dev/null 2>&1; ping -q -c 1 -W 0.01 "
            "224.0.0.1 >/dev/null 2>&1; true");
    CHECK(!is_readable(tap.fd));
    exchange(3);
    CHECK(is_readable(tap.fd));
    tap_disarm(&tap);
    CHECK(!is_readable(tap.fd));
    exchange(3);
    CHECK(!is_readable(tap.fd));
    tap_arm(&tap);
    lab_run("ping -q -c 1 -W 5 fd00::2 >/dev/null");
    CHECK(is_readable(tap.fd));
    tap_close(&tap);
    teardown(&f);
}

/* ---- on demand ---- */

/* t0, which like the kernel's tunnel interface has no link layer, and what comes out of it. */
static int make_tun(void)
{
    struct ifreq request = { .ifr_name = "t0", .ifr_flags = IFF_TUN | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

    CHECK_GE(fd, 0);
    CHECK_EQ(ioctl(fd, TUNSETIFF, &request), 0);
    lab_run("ip link set t0 addrgenmode none multicast off && ip link set t0 up && ip addr add 10.0.0.1/32 dev t0 &&"
            "ip route add 10.9.0.0/24 dev t0 src 10.0.0.1");
    return fd;
}

static void send_datagrams(int first, int last)
{
    lab_run("bash -c 'for i in $(seq %d %d); do echo $i >/dev/udp/10.9.0.9/7; done'", first, last);
}

/* The number in the next packet, whose source must end in this byte; -1: none comes. */
static int next_datagram(int fd, uint8_t source)
{
    struct pollfd pollfd = { .fd = fd, .events = POLLIN };
    uint8_t packet[2048] = { 0 };

    if (poll(&pollfd, 1, PATIENCE_SEC * 1000) != 1 || read(fd, packet, sizeof(packet) - 1) < 29)
        return -1;
    CHECK_EQ(packet[15], source);
    return atoi((char *)packet + 28);
}

static void kept_packets_go_when_there_is_a_tunnel(void)
{
    static const struct ip_addr other = { 4, { 10, 0, 0, 77 } };
    struct fixture f = { 0 };
    struct event event;
    int fd;

    lab_enter();
    fd = make_tun();
    CHECK_EQ(mailbox_new(&f.mailbox), 0);
    CHECK_EQ(kernelpath_new(f.mailbox, "t0", on_lost, &f, &f.path), 0);
    for (int round = 0; round < 2; round++) {
        uint8_t source = round ? 77 : 1;

        kernelpath_set_addrs(f.path, NULL, 0);
        CHECK_EQ(kernelpath_watch_demand(f.path), 0);
        send_datagrams(1, 16);
        CHECK(wait_letter(&f, PATIENCE_SEC * 1000, &event) && event.type == EVENT_DEMAND);
        for (int i = 1; i <= 16; i++)
            CHECK_EQ(next_datagram(fd, 1), i); /* where there was nobody to take it */
        kernelpath_set_addrs(f.path, round ? &other : &ours, 1);
        kernelpath_watch(f.path, ATTEMPT);
        for (int i = 1; i <= 16; i++)
            CHECK_EQ(next_datagram(fd, source), i);
        send_datagrams(99, 99);
        CHECK_EQ(next_datagram(fd, 1), 99); /* once: what comes now is not kept */
    }
    CHECK_EQ(stats_of(&f, NULL).n_kept, 32);
    teardown(&f);
    close(fd);
}

static const struct test tests[] = {
    TEST(kept_packets_go_when_there_is_a_tunnel),
    TEST(counts_what_passes),
    TEST(goes_on_counting_when_the_interface_is_made_again),
    TEST(tells_what_stays_unanswered),
    TEST(says_nothing_of_what_is_answered),
    TEST(without_a_tunnel_it_is_silent),
    TEST(sleeps_while_nothing_is_sent),
    TEST(many_packets_cost_few_wakes),
    TEST(the_tap_tells_one_outbound_packet),
};

int main(int argc, char **argv)
{
    if (!lab_possible()) {
        fprintf(stderr, "skipped: needs root and network namespaces\n");
        return 77;
    }
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
