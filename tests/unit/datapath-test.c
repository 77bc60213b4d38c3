/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/ike/datapath with a socket pair for the device and an echo for the transform: what is taken, what is dropped, when silence is
 * reported, what a dead device costs, and all of it while other threads change it (run under ThreadSanitizer as well).
 */
#include "ike/datapath.h"

#include "base/clock.h"
#include "base/macro.h"
#include "support/test.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct fixture {
    struct mailbox *mailbox;
    struct datapath *datapath;
    int device, host; /* the two ends */
    atomic_bool echo; /* the transform answers at once */
    atomic_uint n_transformed;
};

static int transform(void *userdata, const void *packet, size_t size_bytes)
{
    struct fixture *f = userdata;

    atomic_fetch_add(&f->n_transformed, 1);
    if (f->echo)
        datapath_deliver(f->datapath, packet, size_bytes);
    return 0;
}

static void open_device(struct fixture *f)
{
    int ends[2] = { -1, -1 };

    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    f->device = ends[0];
    f->host = ends[1];
    CHECK_EQ(datapath_set_tun(f->datapath, f->device), 0);
}

static void setup(struct fixture *f)
{
    static const uint8_t ours[4] = { 10, 99, 0, 1 };
    struct ip_addr addr = ip_addr_from_bytes(4, ours);

    memset(f, 0, sizeof(*f));
    CHECK_EQ(mailbox_new(&f->mailbox), 0);
    CHECK_EQ(datapath_new(f->mailbox, &f->datapath), 0);
    open_device(f);
    datapath_set_transform(f->datapath, transform, f);
    datapath_set_addrs(f->datapath, &addr, 1);
}

static void teardown(struct fixture *f)
{
    datapath_free(f->datapath);
    mailbox_free(f->mailbox);
    close(f->device);
    close(f->host);
}

static void send_from(struct fixture *f, uint8_t last_byte)
{
    uint8_t packet[28] = { 0x45, 0, 0, 28, [12] = 10, 99, 0, last_byte, 10, 1, 0, 10 };

    CHECK_EQ(send(f->host, packet, sizeof(packet), 0), (ssize_t)sizeof(packet));
}

static struct datapath_stats stats_of(struct fixture *f, struct traffic *ret_traffic)
{
    struct datapath_stats stats;
    struct traffic traffic;

    datapath_get_stats(f->datapath, &stats, ret_traffic ? ret_traffic : &traffic);
    return stats;
}

/* Until so many were taken and dropped; the thread is quick, the limit generous. */
static void settle(struct fixture *f, uint64_t tx_packets, uint64_t n_dropped)
{
    struct datapath_stats stats = stats_of(f, NULL);

    for (unsigned i = 0; i < 5000 && (stats.tx_packets < tx_packets || stats.n_dropped < n_dropped); i++) {
        usleep(1000);
        stats = stats_of(f, NULL);
    }
    CHECK_EQ(stats.tx_packets, tx_packets);
    CHECK_EQ(stats.n_dropped, n_dropped);
}

static void only_our_own_source_leaves(void)
{
    struct fixture f;
    uint8_t garbage[3] = { 1, 2, 3 };
    uint8_t multicast[28] = { 0x45, 0, 0, 28, [12] = 10, 99, 0, 1, 224, 0, 0, 1 };

    setup(&f);
    send_from(&f, 1);
    settle(&f, 1, 0);
    send_from(&f, 2);
    CHECK_EQ(send(f.host, garbage, sizeof(garbage), 0), (ssize_t)sizeof(garbage));
    CHECK_EQ(send(f.host, multicast, sizeof(multicast), 0), (ssize_t)sizeof(multicast));
    settle(&f, 1, 3);
    CHECK_EQ(atomic_load(&f.n_transformed), 1);

    /* no tunnel: nothing leaves, nothing waits */
    datapath_set_addrs(f.datapath, NULL, 0);
    send_from(&f, 1);
    settle(&f, 1, 4);
    CHECK_EQ(atomic_load(&f.n_transformed), 1);
    teardown(&f);
}

static void answers_are_delivered_and_counted(void)
{
    struct traffic traffic;
    uint8_t packet[64];
    struct fixture f;

    setup(&f);
    f.echo = true;
    send_from(&f, 1);
    CHECK_EQ(recv(f.host, packet, sizeof(packet), 0), 28);
    settle(&f, 1, 0);
    CHECK_EQ(stats_of(&f, &traffic).rx_bytes, 28);
    CHECK_EQ(traffic.unanswered_at_usec, 0);
    CHECK_NE(traffic.last_in_at_usec, 0);
    CHECK_EQ(traffic.last_out_at_usec, 0); /* outer packets are noted by who sends them */
    datapath_note_out(f.datapath);
    (void)stats_of(&f, &traffic);
    CHECK_NE(traffic.last_out_at_usec, 0);
    teardown(&f);
}

static bool event_within(struct fixture *f, int timeout_msec, struct event *ret)
{
    struct pollfd fd = { .fd = mailbox_fd(f->mailbox), .events = POLLIN };

    return poll(&fd, 1, timeout_msec) == 1 && mailbox_take(f->mailbox, 3, ret);
}

static void silence_is_reported_once_when_watched(void)
{
    usec_t sent_at_usec;
    struct event event;
    struct fixture f;

    setup(&f);
    datapath_watch(f.datapath, 3);
    f.echo = true;
    send_from(&f, 1);
    settle(&f, 1, 0);
    CHECK(!event_within(&f, 2 * PATHWATCH_NOTICE_USEC / 1000, &event));

    f.echo = false;
    sent_at_usec = clock_boottime_usec();
    send_from(&f, 1);
    if (CHECK(event_within(&f, 20000, &event))) {
        CHECK_EQ(event.type, EVENT_TRAFFIC);
        CHECK_GE(event.traffic.unanswered_at_usec, sent_at_usec);
        CHECK_GE(clock_boottime_usec() - sent_at_usec, PATHWATCH_NOTICE_USEC);
    }
    send_from(&f, 1);
    CHECK(!event_within(&f, 2 * PATHWATCH_NOTICE_USEC / 1000, &event)); /* the watch ended with its report */
    datapath_watch(f.datapath, 3); /* the packet that waits is still unanswered */
    CHECK(event_within(&f, 5000, &event));
    datapath_watch(f.datapath, 3);
    datapath_note_in(f.datapath);
    CHECK(!event_within(&f, 100, &event));
    teardown(&f);
}

static void a_dead_device_costs_nothing(void)
{
    struct timespec before, after;
    struct fixture f;

    setup(&f);
    close(f.host);
    usleep(200000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    usleep(300000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    CHECK_LE((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, 50);
    close(f.device);
    open_device(&f);
    send_from(&f, 1);
    settle(&f, 1, 0);
    teardown(&f);
}

static void *changer_run(void *userdata)
{
    static const uint8_t ours[4] = { 10, 99, 0, 1 };
    struct fixture *f = userdata;
    struct ip_addr addr = ip_addr_from_bytes(4, ours);
    uint8_t packet[28] = { 0x45, 0, 0, 28, [12] = 10, 1, 0, 10, 10, 99, 0, 1 };

    for (unsigned i = 0; i < 300; i++) {
        datapath_set_addrs(f->datapath, &addr, i % 3 ? 1 : 0);
        datapath_watch(f->datapath, 3);
        datapath_deliver(f->datapath, packet, sizeof(packet));
        if (i % 10 == 0)
            datapath_set_tun(f->datapath, f->device);
        (void)stats_of(f, NULL);
    }
    datapath_set_transform(f->datapath, NULL, NULL);
    return NULL;
}

static void threads_change_it_under_way(void)
{
    uint8_t packet[64];
    pthread_t changer;
    struct fixture f;

    setup(&f);
    pthread_create(&changer, NULL, changer_run, &f);
    for (unsigned i = 0; i < 300; i++) {
        send_from(&f, 1);
        while (recv(f.host, packet, sizeof(packet), MSG_DONTWAIT) > 0)
            ;
    }
    pthread_join(changer, NULL);
    teardown(&f);
}

static const struct test tests[] = {
    TEST(only_our_own_source_leaves),
    TEST(answers_are_delivered_and_counted),
    TEST(silence_is_reported_once_when_watched),
    TEST(a_dead_device_costs_nothing),
    TEST(threads_change_it_under_way),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
