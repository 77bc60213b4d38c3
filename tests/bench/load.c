/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Load and round trips for the benches of the data path. One process holds a socket in each of two network namespaces, so that nothing but
 * the measured packets passes between them. Owns nothing but its sockets.
 *
 *     bench-load flood FROM-NS TO-NS ADDRESS BYTES SECONDS WINDOW
 *         UDP packets of BYTES (IP header included) as fast as they arrive: at most WINDOW are on their way, so that no queue overflows and
 *         no packet is paid for twice. What does not arrive for 100 ms is lost. Prints: packets sent, received, seconds.
 *     bench-load ping FROM-NS ADDRESS COUNT INTERVAL-USEC
 *         ICMP echo, answered by the kernel at ADDRESS. Prints the microseconds of each round trip, a line each, or "lost".
 */
#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH        32
#define PACKET_MAX   1500
#define IP_UDP_BYTES 28
#define LOST_NSEC    100000000
#define ICMP_BYTES   64 /* as ping sends: 56 of payload */
#define ANSWER_NSEC  1000000000
#define SOCKET_BYTES (8 << 20)
#define NSEC_OF_SEC  1000000000ULL

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench-load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_nsec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NSEC_OF_SEC + (uint64_t)t.tv_nsec;
}

static void sleep_nsec(uint64_t nsec)
{
    struct timespec t = { .tv_sec = (time_t)(nsec / NSEC_OF_SEC), .tv_nsec = (long)(nsec % NSEC_OF_SEC) };

    nanosleep(&t, NULL);
}

/* A socket that lives in the namespace NAME, whatever this process does later. */
static int socket_in(const char *name, int type, int protocol)
{
    char path[256];
    int fd, space, bytes = SOCKET_BYTES;
    struct timeval limit = { .tv_usec = 100000 };

    snprintf(path, sizeof(path), "/run/netns/%s", name);
    space = open(path, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) < 0)
        give_up(path);
    close(space);
    fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        give_up("socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    return fd;
}

static struct sockaddr_in address_of(const char *text, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
        errno = EINVAL;
        give_up(text);
    }
    return address;
}

struct sink {
    int fd;
    atomic_uint_fast64_t n_received;
    atomic_bool stopping;
};

static void *sink_run(void *userdata)
{
    struct sink *sink = userdata;
    static _Thread_local uint8_t buffers[BATCH][PACKET_MAX];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH] = { 0 };

    for (unsigned i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){ buffers[i], PACKET_MAX };
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    while (!atomic_load(&sink->stopping)) {
        int n = recvmmsg(sink->fd, messages, BATCH, MSG_WAITFORONE, NULL);

        if (n > 0)
            atomic_fetch_add(&sink->n_received, (uint64_t)n);
    }
    return NULL;
}

/* Returns how many packets were sent. */
static uint64_t send_windowed(
    int fd, struct sink *sink, size_t payload_bytes, uint64_t seconds, uint64_t window)
{
    uint8_t payload[PACKET_MAX] = { 0 };
    struct iovec part = { payload, payload_bytes };
    struct mmsghdr messages[BATCH] = { 0 };
    uint64_t n_sent = 0, n_lost = 0, end = now_nsec() + seconds * NSEC_OF_SEC, progress_at = now_nsec(),
             last = 0;

    for (unsigned i = 0; i < BATCH; i++) {
        messages[i].msg_hdr.msg_iov = &part;
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (uint64_t now = now_nsec(); now < end; now = now_nsec()) {
        uint64_t n_received = atomic_load(&sink->n_received), n_settled = n_received + n_lost;
        uint64_t n_under_way = n_sent > n_settled ? n_sent - n_settled : 0;
        int n;

        if (n_received != last) {
            last = n_received;
            progress_at = now;
        } else if (n_under_way > 0 && now - progress_at > LOST_NSEC) {
            n_lost = n_sent - n_received;
            progress_at = now;
            continue;
        }
        if (n_under_way + BATCH > window) {
            sleep_nsec(20000);
            continue;
        }
        n = sendmmsg(fd, messages, BATCH, 0);
        if (n > 0)
            n_sent += (uint64_t)n;
    }
    return n_sent;
}

static int flood(char **words)
{
    struct sockaddr_in address = address_of(words[2], 5202);
    size_t bytes = strtoul(words[3], NULL, 10);
    uint64_t seconds = strtoul(words[4], NULL, 10), window = strtoul(words[5], NULL, 10), n_sent, start;
    struct sink sink = { 0 };
    pthread_t thread;
    int fd;

    if (bytes <= IP_UDP_BYTES || bytes > PACKET_MAX || window < BATCH) {
        errno = EINVAL;
        give_up("BYTES or WINDOW");
    }
    sink.fd = socket_in(words[1], SOCK_DGRAM, 0);
    if (bind(sink.fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        give_up("bind");
    fd = socket_in(words[0], SOCK_DGRAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        give_up("connect");
    if (pthread_create(&thread, NULL, sink_run, &sink) != 0)
        give_up("thread");
    start = now_nsec();
    n_sent = send_windowed(fd, &sink, bytes - IP_UDP_BYTES, seconds, window);
    sleep_nsec(2 * LOST_NSEC);
    printf("%lu %lu %.3f\n", (unsigned long)n_sent, (unsigned long)atomic_load(&sink.n_received),
        (double)(now_nsec() - start - 2 * LOST_NSEC) / NSEC_OF_SEC);
    atomic_store(&sink.stopping, true);
    pthread_join(thread, NULL);
    return 0;
}

static uint16_t checksum(const uint16_t *words, size_t n_words)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n_words; i++)
        sum += words[i];
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t) ~(sum + (sum >> 16));
}

static bool is_answer(const uint8_t *packet, ssize_t n, uint16_t id, uint16_t sequence)
{
    struct icmphdr icmp;
    size_t header_bytes = n > 0 ? (size_t)(packet[0] & 15) * 4 : 0;

    if (n < (ssize_t)(header_bytes + sizeof(icmp)))
        return false;
    memcpy(&icmp, packet + header_bytes, sizeof(icmp));
    return icmp.type == ICMP_ECHOREPLY && icmp.un.echo.id == id && icmp.un.echo.sequence == sequence;
}

/* Nanoseconds of one round trip; 0: no answer. */
static uint64_t ping_once(int fd, uint16_t id, uint16_t sequence)
{
    union {
        struct icmphdr header;
        uint16_t words[ICMP_BYTES / 2];
        uint8_t bytes[ICMP_BYTES];
    } request = { .header = { .type = ICMP_ECHO } };
    uint8_t answer[PACKET_MAX];
    uint64_t start;

    request.header.un.echo.id = id;
    request.header.un.echo.sequence = sequence;
    request.header.checksum = checksum(request.words, ELEMENTSOF(request.words));
    start = now_nsec();
    if (send(fd, &request, sizeof(request), 0) < 0)
        return 0;
    while (now_nsec() - start < ANSWER_NSEC)
        if (is_answer(answer, recv(fd, answer, sizeof(answer), 0), id, sequence))
            return now_nsec() - start;
    return 0;
}

static int ping(char **words)
{
    struct sockaddr_in address = address_of(words[1], 0);
    unsigned long count = strtoul(words[2], NULL, 10), interval_usec = strtoul(words[3], NULL, 10);
    int fd = socket_in(words[0], SOCK_RAW, IPPROTO_ICMP);

    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        give_up("connect");
    for (unsigned long i = 0; i < count; i++) {
        uint64_t nsec = ping_once(fd, (uint16_t)getpid(), htons((uint16_t)i));

        if (nsec > 0)
            printf("%.1f\n", (double)nsec / 1000);
        else
            printf("lost\n");
        sleep_nsec(interval_usec * 1000);
    }
    return 0;
}

int main(int argc, char **argv)
{
    prctl(PR_SET_TIMERSLACK, 1UL);
    if (argc == 8 && strcmp(argv[1], "flood") == 0)
        return flood(argv + 2);
    if (argc == 6 && strcmp(argv[1], "ping") == 0)
        return ping(argv + 2);
    fprintf(stderr, "usage: bench-load flood FROM-NS TO-NS ADDRESS BYTES SECONDS WINDOW | ping FROM-NS "
                    "ADDRESS COUNT INTERVAL-USEC\n");
    return 2;
}
