/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two data paths back to back over the loopback, ours and the gateway's, each with a socket pair for the device: what leaves, what is kept,
 * what is dropped, what a foreign gateway may not bring, when silence is reported, what a dead device costs; and all of it while other
 * threads change it (run under ThreadSanitizer as well). The packets between them are real ESP in UDP.
 */
#include "ike/datapath.h"

#include "base/clock.h"
#include "base/macro.h"
#include "ike/backlog.h"
#include "support/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SPI_OUT 0x1000
#define SPI_IN  0x2000
#define PACKET  28 /* bytes of every packet here */

static const struct ip_addr loopback = { 4, { 127, 0, 0, 1 } };
static const struct ip_addr ours = { 4, { 10, 99, 0, 1 } };
static const struct ip_addr corp = { 4, { 10, 1, 0, 10 } };

struct end {
    struct datapath *datapath;
    int device, host; /* the two ends of what stands for the TUN */
    uint16_t port, plain_port;
};

struct fixture {
    struct mailbox *mailbox;
    struct end handset, gateway;
    atomic_uint n_messages, n_mappings;
    uint8_t message[64];
};

static void open_device(struct end *end)
{
    int ends[2] = { -1, -1 };

    CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    end->device = ends[0];
    end->host = ends[1];
    CHECK_EQ(datapath_set_tun(end->datapath, end->device), 0);
}

static void open_end(struct fixture *f, struct end *end, const struct ip_addr *addr)
{
    CHECK_EQ(datapath_new(f->mailbox, &end->datapath), 0);
    open_device(end);
    CHECK_GE(datapath_open_socket(end->datapath, 4, 0, 0, false, &end->plain_port), 0);
    CHECK_GE(datapath_open_socket(end->datapath, 4, 0, 0, true, &end->port), 0);
    datapath_set_addrs(end->datapath, addr, 1);
    datapath_release(end->datapath);
}

static void close_end(struct end *end)
{
    datapath_free(end->datapath);
    close(end->device);
    close(end->host);
}

/* An SA of one end; towards: the packets' destination. */
static void add_sa(struct end *end, uint16_t remote_port, uint32_t spi, bool inbound)
{
    static const uint8_t key[20] = { 1, 2, 3, 4 };
    struct esp_sa_config config = {
        .spi = spi,
        .reqid = 1,
        .inbound = inbound,
        .keys = { .encryption = ESP_ENCRYPTION_AES_GCM_16, .encryption_key = key, .encryption_key_bytes = sizeof(key) },
        .outer = { loopback, loopback, end->port, remote_port },
    };
    struct esp_sad *sad = datapath_lock_sad(end->datapath);

    CHECK_EQ(esp_sad_add(sad, &config, NULL), 0);
    datapath_unlock_sad(end->datapath);
}

static void add_policy(
    struct end *end, bool inbound, const struct ip_addr *source, const struct ip_addr *destination)
{
    struct esp_policy policy = {
        .inbound = inbound,
        .reqid = 1,
        .source = { *source, *source, 0, 0, UINT16_MAX },
        .destination = { *destination, *destination, 0, 0, UINT16_MAX },
    };

    CHECK_EQ(esp_sad_add_policy(datapath_lock_sad(end->datapath), &policy), 0);
    datapath_unlock_sad(end->datapath);
}

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    CHECK_EQ(mailbox_new(&f->mailbox), 0);
    open_end(f, &f->handset, &ours);
    open_end(f, &f->gateway, &corp);
    add_sa(&f->handset, f->gateway.port, SPI_OUT, false);
    add_sa(&f->handset, f->gateway.port, SPI_IN, true);
    add_sa(&f->gateway, f->handset.port, SPI_OUT, true);
    add_sa(&f->gateway, f->handset.port, SPI_IN, false);
    add_policy(&f->handset, false, &ours, &corp);
    add_policy(&f->handset, true, &corp, &ours);
    add_policy(&f->gateway, true, &ours, &corp);
    add_policy(&f->gateway, false, &corp, &ours);
}

static void teardown(struct fixture *f)
{
    close_end(&f->handset);
    close_end(&f->gateway);
    mailbox_free(f->mailbox);
}

static void make_packet(
    uint8_t packet[PACKET], const struct ip_addr *source, const struct ip_addr *destination, uint8_t mark)
{
    memset(packet, 0, PACKET);
    packet[0] = 0x45;
    packet[3] = PACKET;
    packet[8] = 64;
    packet[9] = 253; /* for experiments (RFC 3692) */
    memcpy(packet + 12, source->bytes, 4);
    memcpy(packet + 16, destination->bytes, 4);
    packet[20] = mark;
}

static void send_from(
    struct end *end, const struct ip_addr *source, const struct ip_addr *destination, uint8_t mark)
{
    uint8_t packet[PACKET];

    make_packet(packet, source, destination, mark);
    CHECK_EQ(send(end->host, packet, sizeof(packet), 0), PACKET);
}

static void send_out(struct fixture *f, uint8_t mark)
{
    send_from(&f->handset, &ours, &corp, mark);
}

static bool readable(int fd, int timeout_msec)
{
    struct pollfd pollfd = { .fd = fd, .events = POLLIN };

    return poll(&pollfd, 1, timeout_msec) == 1;
}

/* The next packet at this end; its mark, or -1: none came. */
static int receive(struct end *end)
{
    uint8_t packet[2 * PACKET];

    if (!readable(end->host, 20000) || recv(end->host, packet, sizeof(packet), 0) != PACKET)
        return -1;
    return packet[20];
}

static struct datapath_stats stats_of(struct end *end, struct traffic *ret_traffic)
{
    struct datapath_stats stats;
    struct traffic traffic;

    datapath_get_stats(end->datapath, &stats, ret_traffic ? ret_traffic : &traffic);
    return stats;
}

/* Until so many were sent and dropped; the thread is quick, the limit generous. */
static void settle(struct end *end, uint64_t tx_packets, uint64_t n_dropped)
{
    struct datapath_stats stats = stats_of(end, NULL);

    for (unsigned i = 0; i < 5000 && (stats.tx_packets < tx_packets || stats.n_dropped < n_dropped); i++) {
        usleep(1000);
        stats = stats_of(end, NULL);
    }
    CHECK_EQ(stats.tx_packets, tx_packets);
    CHECK_EQ(stats.n_dropped, n_dropped);
}

static void only_our_own_source_leaves(void)
{
    static const struct ip_addr other = { 4, { 10, 99, 0, 2 } }, multicast = { 4, { 224, 0, 0, 1 } };
    static const struct ip_addr elsewhere = { 4, { 10, 2, 0, 1 } };
    uint8_t garbage[3] = { 1, 2, 3 };
    struct fixture f;

    setup(&f);
    send_out(&f, 7);
    CHECK_EQ(receive(&f.gateway), 7);
    send_from(&f.handset, &other, &corp, 1);
    send_from(&f.handset, &ours, &multicast, 1);
    send_from(&f.handset, &ours, &elsewhere, 1); /* no policy covers it */
    CHECK_EQ(send(f.handset.host, garbage, sizeof(garbage), 0), (ssize_t)sizeof(garbage));
    settle(&f.handset, 1, 4);
    CHECK(!readable(f.gateway.host, 0));
    teardown(&f);
}

static void answers_are_delivered_and_counted(void)
{
    struct datapath_stats stats;
    struct traffic traffic;
    struct fixture f;

    setup(&f);
    send_out(&f, 1);
    CHECK_EQ(receive(&f.gateway), 1);
    settle(&f.handset, 1, 0); /* counted after it was sent */
    stats = stats_of(&f.handset, &traffic);
    CHECK_EQ(stats.tx_bytes, PACKET);
    CHECK_NE(traffic.last_out_at_usec, 0);
    CHECK_NE(traffic.unanswered_at_usec, 0);
    CHECK_EQ(traffic.last_in_at_usec, 0);

    send_from(&f.gateway, &corp, &ours, 2);
    CHECK_EQ(receive(&f.handset), 2);
    stats = stats_of(&f.handset, &traffic);
    CHECK_EQ(stats.rx_packets, 1);
    CHECK_EQ(stats.rx_bytes, PACKET);
    CHECK_EQ(traffic.unanswered_at_usec, 0);
    CHECK_NE(traffic.last_in_at_usec, 0);
    teardown(&f);
}

static void the_newest_packets_wait_for_a_tunnel(void)
{
    struct fixture f;

    setup(&f);
    datapath_set_addrs(f.handset.datapath, NULL, 0);
    for (uint8_t i = 0; i < BACKLOG_MAX + 3; i++)
        send_out(&f, i);
    settle(&f.handset, 0, 3);
    CHECK(!readable(f.gateway.host, 0));
    datapath_set_addrs(f.handset.datapath, &ours, 1);
    datapath_release(f.handset.datapath);
    for (int i = 3; i < BACKLOG_MAX + 3; i++)
        CHECK_EQ(receive(&f.gateway), i);
    CHECK_EQ(stats_of(&f.handset, NULL).n_kept, BACKLOG_MAX);
    send_out(&f, 99);
    CHECK_EQ(receive(&f.gateway), 99);

    /* the next tunnel has another address: they are dropped, not sent with the old one */
    datapath_set_addrs(f.handset.datapath, NULL, 0);
    send_out(&f, 1);
    usleep(1000);
    datapath_set_addrs(f.handset.datapath, &corp, 1);
    datapath_release(f.handset.datapath);
    settle(&f.handset, BACKLOG_MAX + 1, 4);
    teardown(&f);
}

static bool demanded(struct fixture *f)
{
    struct pollfd fd = { .fd = mailbox_fd(f->mailbox), .events = POLLIN };
    struct event event;

    while (poll(&fd, 1, 20000) == 1)
        while (mailbox_take(f->mailbox, 1, &event))
            if (event.type == EVENT_DEMAND)
                return true;
    return false;
}

/* The first packet asks for the tunnel, once; all that came before it was up wait until its interface is ready, too. */
static void the_first_packet_demands_a_tunnel(void)
{
    struct fixture f;
    struct event event;

    setup(&f);
    datapath_set_addrs(f.handset.datapath, NULL, 0);
    datapath_watch_demand(f.handset.datapath);
    CHECK(!mailbox_take(f.mailbox, 1, &event));
    for (uint8_t i = 0; i < BACKLOG_MAX / 2; i++)
        send_out(&f, i);
    CHECK(demanded(&f));
    CHECK(!mailbox_take(f.mailbox, 1, &event));
    datapath_set_addrs(f.handset.datapath, &ours, 1);
    for (uint8_t i = BACKLOG_MAX / 2; i < BACKLOG_MAX; i++)
        send_out(&f, i);
    settle(&f.handset, 0, 0);
    CHECK(!readable(f.gateway.host, 20));
    datapath_release(f.handset.datapath);
    for (int i = 0; i < BACKLOG_MAX; i++)
        CHECK_EQ(receive(&f.gateway), i);

    /* one that came before anybody asked counts as well: whether it has been read by then or not */
    datapath_set_addrs(f.handset.datapath, NULL, 0);
    send_out(&f, 77);
    datapath_watch_demand(f.handset.datapath);
    CHECK(demanded(&f));
    teardown(&f);
}

/* Its policies let through whatever it likes; ours decide. */
static void a_gateway_injects_nothing(void)
{
    static const struct ip_addr stranger = { 4, { 192, 0, 2, 1 } }, neighbour = { 4, { 10, 99, 0, 2 } };
    struct fixture f;

    setup(&f);
    datapath_set_addrs(f.gateway.datapath, (const struct ip_addr[]){ corp, stranger }, 2);
    datapath_release(f.gateway.datapath);
    add_policy(&f.gateway, false, &stranger, &ours);
    add_policy(&f.gateway, false, &corp, &neighbour);
    send_from(&f.gateway, &stranger, &ours, 1);
    send_from(&f.gateway, &corp, &neighbour, 2);
    send_from(&f.gateway, &corp, &ours, 3);
    CHECK_EQ(receive(&f.handset), 3);
    CHECK_EQ(stats_of(&f.handset, NULL).n_dropped, 2);
    teardown(&f);
}

static void on_message(void *userdata, const struct udp_received *message, uint16_t local_port)
{
    struct fixture *f = userdata;

    if (message->size_bytes <= sizeof(f->message))
        memcpy(f->message, message->data, message->size_bytes);
    CHECK(local_port == f->handset.port || local_port == f->handset.plain_port);
    atomic_fetch_add(&f->n_messages, 1);
}

static void on_notice(void *userdata, const struct datapath_notice *notice)
{
    struct fixture *f = userdata;

    if (notice->type == DATAPATH_NOTICE_MAPPING) {
        CHECK_EQ(notice->spi, SPI_IN);
        CHECK(notice->inbound);
        CHECK_NE(notice->remote.port, f->gateway.port);
        atomic_fetch_add(&f->n_mappings, 1);
    }
}

static void count_mapping(void *userdata, const struct datapath_notice *notice)
{
    CHECK_EQ(notice->type, DATAPATH_NOTICE_MAPPING);
    atomic_fetch_add(&((struct fixture *)userdata)->n_mappings, 1);
}

static void await(atomic_uint *counter, unsigned wanted)
{
    for (unsigned i = 0; i < 5000 && atomic_load(counter) < wanted; i++)
        usleep(1000);
    CHECK_EQ(atomic_load(counter), wanted);
}

static void ike_is_told_from_esp(void)
{
    static const uint8_t with_marker[] = { 0, 0, 0, 0, 0xaa, 1 }, without[] = { 0xbb, 2, 3, 4, 5, 6 };
    static const uint8_t keepalive[] = { 0xff };
    struct udp_path path = { .remote.addr = loopback, .local = loopback };
    struct fixture f;

    setup(&f);
    datapath_set_handler(
        f.handset.datapath, &(struct datapath_handler){ .message = on_message, .userdata = &f });
    path.remote.port = f.handset.port;
    CHECK_EQ(datapath_send(f.gateway.datapath, &path, f.gateway.port, keepalive, sizeof(keepalive)), 0);
    CHECK_EQ(datapath_send(f.gateway.datapath, &path, f.gateway.port, without, sizeof(without)), 0);
    settle(&f.handset, 0, 1); /* ESP of an unknown SPI */
    CHECK_EQ(datapath_send(f.gateway.datapath, &path, f.gateway.port, with_marker, sizeof(with_marker)), 0);
    await(&f.n_messages, 1);
    CHECK_MEM(f.message, with_marker, sizeof(with_marker));
    path.remote.port = f.handset.plain_port;
    CHECK_EQ(datapath_send(f.gateway.datapath, &path, f.gateway.plain_port, without, sizeof(without)), 0);
    await(&f.n_messages, 2);
    CHECK_MEM(f.message, without, sizeof(without));
    CHECK_EQ(datapath_send(f.gateway.datapath, &path, 1, without, sizeof(without)), -ENOTCONN);
    datapath_set_handler(f.handset.datapath, NULL);
    teardown(&f);
}

/* The gateway sends from another port: authentic, so it is told once and taken. */
static void another_mapping_is_told_once(void)
{
    struct esp_sad *sad;
    struct esp_outer outer;
    struct esp_sa *sa;
    uint16_t port;
    struct fixture f;

    setup(&f);
    datapath_set_handler(
        f.handset.datapath, &(struct datapath_handler){ .notice = on_notice, .userdata = &f });
    CHECK_GE(datapath_open_socket(f.gateway.datapath, 4, 0, 0, true, &port), 0);
    sad = datapath_lock_sad(f.gateway.datapath);
    sa = esp_sad_find(sad, SPI_IN, &loopback);
    outer = *esp_sa_outer(sa);
    outer.local_port = port;
    esp_sa_set_outer(sa, &outer);
    datapath_unlock_sad(f.gateway.datapath);
    for (uint8_t i = 0; i < 3; i++) {
        send_from(&f.gateway, &corp, &ours, i);
        CHECK_EQ(receive(&f.handset), i);
    }
    CHECK_EQ(atomic_load(&f.n_mappings), 1);
    teardown(&f);
}

/* What the gateway sent before it heard of our move comes to the address that was left, from where it was then. */
static void a_late_packet_of_the_way_that_was_left_is_no_mapping(void)
{
    struct esp_outer outer, moved;
    struct ip_addr here = loopback;
    struct esp_sad *sad;
    struct esp_sa *sa;
    struct fixture f;

    setup(&f);
    datapath_set_handler(
        f.handset.datapath, &(struct datapath_handler){ .notice = count_mapping, .userdata = &f });
    here.bytes[3] = 2;
    sad = datapath_lock_sad(f.handset.datapath);
    sa = esp_sad_find(sad, SPI_IN, &loopback);
    outer = moved = *esp_sa_outer(sa);
    moved.local = moved.remote = here;
    esp_sa_set_outer(sa, &moved);
    datapath_unlock_sad(f.handset.datapath);
    send_from(&f.gateway, &corp, &ours, 1);
    CHECK_EQ(receive(&f.handset), 1);
    CHECK_EQ(atomic_load(&f.n_mappings), 0);

    /* control: what comes to our own address tells of the gateway's */
    outer.remote_port++;
    sad = datapath_lock_sad(f.handset.datapath);
    esp_sa_set_outer(sa, &outer);
    datapath_unlock_sad(f.handset.datapath);
    send_from(&f.gateway, &corp, &ours, 2);
    CHECK_EQ(receive(&f.handset), 2);
    CHECK_EQ(atomic_load(&f.n_mappings), 1);
    teardown(&f);
}

static void on_moved(void *userdata, const struct datapath_notice *notice)
{
    struct fixture *f = userdata;

    CHECK_EQ(notice->spi, SPI_OUT);
    CHECK_EQ(notice->remote.addr.bytes[3], 2);
    atomic_fetch_add(&f->n_mappings, 1);
}

static void a_move_is_seen_with_the_next_packet(void)
{
    struct ip_addr here = loopback;
    struct esp_sad *sad;
    struct fixture f;

    setup(&f);
    datapath_set_handler(
        f.gateway.datapath, &(struct datapath_handler){ .notice = on_moved, .userdata = &f });
    here.bytes[3] = 2; /* 127.0.0.2 is ours as well */
    datapath_move(f.handset.datapath, &here, &corp); /* not where the SA leads */
    send_out(&f, 1);
    CHECK_EQ(receive(&f.gateway), 1);
    CHECK_EQ(atomic_load(&f.n_mappings), 0);
    datapath_move(f.handset.datapath, &here, &loopback);
    send_out(&f, 2);
    CHECK_EQ(receive(&f.gateway), 2);
    CHECK_EQ(atomic_load(&f.n_mappings), 1);
    sad = datapath_lock_sad(f.handset.datapath); /* inbound waits for the gateway */
    CHECK(ip_addr_equal(&esp_sa_outer(esp_sad_find(sad, SPI_IN, &loopback))->local, &loopback));
    datapath_unlock_sad(f.handset.datapath);
    teardown(&f);
}

static bool event_within(struct fixture *f, int timeout_msec, struct event *ret)
{
    /* loopback has an MTU as every path, and it is told once */
    while (readable(mailbox_fd(f->mailbox), timeout_msec) && mailbox_take(f->mailbox, 3, ret))
        if (ret->type != EVENT_PATH_MTU)
            return true;
    return false;
}

static void silence_is_reported_once_when_watched(void)
{
    usec_t sent_at_usec;
    struct event event;
    struct fixture f;

    setup(&f);
    datapath_watch(f.handset.datapath, 3);
    send_out(&f, 1);
    CHECK_EQ(receive(&f.gateway), 1);
    send_from(&f.gateway, &corp, &ours, 1);
    CHECK_EQ(receive(&f.handset), 1);
    CHECK(!event_within(&f, 2 * PATHWATCH_NOTICE_USEC / 1000, &event));

    sent_at_usec = clock_boottime_usec();
    send_out(&f, 1);
    if (CHECK(event_within(&f, 20000, &event))) {
        CHECK_EQ(event.type, EVENT_TRAFFIC);
        CHECK_GE(event.traffic.unanswered_at_usec, sent_at_usec);
        CHECK_GE(clock_boottime_usec() - sent_at_usec, PATHWATCH_NOTICE_USEC);
    }
    send_out(&f, 1);
    CHECK(!event_within(&f, 2 * PATHWATCH_NOTICE_USEC / 1000, &event)); /* the watch ended with its report */
    datapath_watch(f.handset.datapath, 3); /* the packet that waits is still unanswered */
    CHECK(event_within(&f, 5000, &event));
    datapath_note_in(f.handset.datapath); /* first: a watch reports at once what is overdue already */
    datapath_watch(f.handset.datapath, 3);
    CHECK(!event_within(&f, 100, &event));
    teardown(&f);
}

static void a_dead_device_costs_nothing(void)
{
    struct timespec before, after;
    struct fixture f;

    setup(&f);
    close(f.handset.host);
    usleep(200000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    usleep(300000);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    CHECK_LE((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, 50);
    close(f.handset.device);
    open_device(&f.handset);
    send_out(&f, 5);
    CHECK_EQ(receive(&f.gateway), 5);
    teardown(&f);
}

/* As libcharon does while it rekeys: a new SA each way, then the old ones go. */
static void replace_sas(struct fixture *f, uint32_t i)
{
    struct esp_sad *sad;

    add_sa(&f->gateway, f->handset.port, SPI_OUT + i, true);
    add_sa(&f->handset, f->gateway.port, SPI_OUT + i, false);
    sad = datapath_lock_sad(f->handset.datapath);
    esp_sad_delete(sad, esp_sad_find(sad, SPI_OUT + i - 1, &loopback));
    datapath_unlock_sad(f->handset.datapath);
}

static void *changer_run(void *userdata)
{
    static const uint8_t keepalive = 0xff;
    struct fixture *f = userdata;
    struct udp_path path = { .remote = { loopback, f->gateway.port } };

    for (uint32_t i = 1; i < 300; i++) {
        datapath_set_addrs(f->handset.datapath, &ours, i % 3 ? 1 : 0);
        datapath_release(f->handset.datapath);
        datapath_watch(f->handset.datapath, 3);
        datapath_set_link(f->handset.datapath, 1, 0);
        replace_sas(f, i);
        CHECK_EQ(datapath_send(f->handset.datapath, &path, f->handset.port, &keepalive, 1), 0);
        if (i % 10 == 0)
            datapath_set_tun(f->handset.datapath, f->handset.device);
        (void)stats_of(&f->handset, NULL);
    }
    datapath_set_addrs(f->handset.datapath, &ours, 1);
    datapath_release(f->handset.datapath);
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
        send_out(&f, 1);
        send_from(&f.gateway, &corp, &ours, 1);
        while (recv(f.gateway.host, packet, sizeof(packet), MSG_DONTWAIT) > 0)
            ;
        while (recv(f.handset.host, packet, sizeof(packet), MSG_DONTWAIT) > 0)
            ;
    }
    pthread_join(changer, NULL);
    while (recv(f.gateway.host, packet, sizeof(packet), MSG_DONTWAIT) > 0)
        ;
    send_out(&f, 42);
    while (receive(&f.gateway) != 42)
        if (test_n_failures)
            break;
    teardown(&f);
}

static const struct test tests[] = {
    TEST(only_our_own_source_leaves),
    TEST(answers_are_delivered_and_counted),
    TEST(the_newest_packets_wait_for_a_tunnel),
    TEST(the_first_packet_demands_a_tunnel),
    TEST(a_gateway_injects_nothing),
    TEST(ike_is_told_from_esp),
    TEST(another_mapping_is_told_once),
    TEST(a_late_packet_of_the_way_that_was_left_is_no_mapping),
    TEST(a_move_is_seen_with_the_next_packet),
    TEST(silence_is_reported_once_when_watched),
    TEST(a_dead_device_costs_nothing),
    TEST(threads_change_it_under_way),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
