/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A steady flow of numbered datagrams both ways through a tunnel, counted at both ends: what was lost, in which direction, and what came
 * twice. Each direction is independent, so that one that fails does not hide the other. Owns a socket in each of two network namespaces.
 *
 *     bench-flow NS ADDRESS OTHER-NS OTHER-ADDRESS INTERVAL-USEC
 *
 * SIGTERM ends it: nothing more is sent, what is on its way gets two seconds, then for "out" (NS to OTHER-NS) and "in" a line with: packets
 * sent, received, received twice, refused by the sender's own kernel (these count as not sent), and the longest gap between two arrivals in
 * milliseconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT          5203
#define PAYLOAD_BYTES 100
#define NUMBERS_MAX   (1U << 25) /* of one direction */
#define DRAIN_SEC     2

struct end {
    int fd;
    uint64_t n_sent, n_refused; /* by this end; numbers below n_sent + n_refused are used up */
    uint64_t n_received, n_twice;
    int64_t last_nsec, gap_nsec; /* arrivals: the last, and the longest time between two */
    uint8_t *seen; /* a bit for each number of the other end */
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench-flow: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void enter(const char *name)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "/run/netns/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        give_up(path);
    close(fd);
}

static void parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_bytes)
{
    struct sockaddr_in *four = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(PORT);
        *ret_bytes = sizeof(*four);
    } else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(PORT);
        *ret_bytes = sizeof(*six);
    } else {
        errno = EINVAL;
        give_up(text);
    }
}

static void open_end(struct end *end, const char *space, const char *local, const char *remote)
{
    struct sockaddr_storage address;
    int buffer_bytes = 8 << 20;
    socklen_t bytes;

    enter(space);
    parse(local, &address, &bytes);
    end->fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (end->fd < 0 || bind(end->fd, (struct sockaddr *)&address, bytes) < 0)
        give_up(local);
    parse(remote, &address, &bytes);
    if (connect(end->fd, (struct sockaddr *)&address, bytes) < 0)
        give_up(remote);
    /* a burst after a pause of a busy machine is not to be lost here */
    setsockopt(end->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
    end->seen = calloc(NUMBERS_MAX / CHAR_BIT, 1);
    if (!end->seen)
        give_up("memory");
}

static void send_one(struct end *end)
{
    uint8_t payload[PAYLOAD_BYTES] = { 0 };
    uint64_t number = end->n_sent + end->n_refused;

    memcpy(payload, &number, sizeof(number));
    if (number < NUMBERS_MAX && send(end->fd, payload, sizeof(payload), 0) == sizeof(payload))
        end->n_sent++;
    else
        end->n_refused++;
}

static int64_t nsec_of(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* Until now nothing has arrived since the last arrival. */
static void note_gap(struct end *end)
{
    struct timespec now;
    int64_t now_nsec;

    clock_gettime(CLOCK_MONOTONIC, &now);
    now_nsec = nsec_of(&now);
    if (end->last_nsec && now_nsec - end->last_nsec > end->gap_nsec)
        end->gap_nsec = now_nsec - end->last_nsec;
    end->last_nsec = now_nsec;
}

static void receive_all(struct end *end)
{
    uint8_t payload[PAYLOAD_BYTES];
    ssize_t n;

    /* an ICMP error that the socket reports is no packet */
    while ((n = recv(end->fd, payload, sizeof(payload), 0)) >= 0 || (errno != EAGAIN && errno != EINTR)) {
        uint64_t number;

        memcpy(&number, payload, sizeof(number));
        if (n != PAYLOAD_BYTES || number >= NUMBERS_MAX)
            continue;
        if (end->seen[number / CHAR_BIT] & (1 << number % CHAR_BIT)) {
            end->n_twice++;
        } else {
            end->seen[number / CHAR_BIT] |= (uint8_t)(1 << number % CHAR_BIT);
            end->n_received++;
            note_gap(end);
        }
    }
}

static bool asked_to_end(int signal_fd)
{
    struct signalfd_siginfo info;

    return read(signal_fd, &info, sizeof(info)) == sizeof(info);
}

static int signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* What arrives meanwhile is taken when it arrives. */
static void receive_until(struct timespec *next, long interval_usec, struct end *near, struct end *far)
{
    struct pollfd fds[] = { { .fd = near->fd, .events = POLLIN }, { .fd = far->fd, .events = POLLIN } };
    struct timespec now, left;
    int64_t left_nsec;

    next->tv_nsec += interval_usec * 1000;
    next->tv_sec += next->tv_nsec / 1000000000;
    next->tv_nsec %= 1000000000;
    do {
        clock_gettime(CLOCK_MONOTONIC, &now);
        left_nsec = nsec_of(next) - nsec_of(&now);
        left = (struct timespec){ left_nsec / 1000000000, left_nsec % 1000000000 };
        if (left_nsec > 0)
            (void)ppoll(fds, 2, &left, NULL);
        receive_all(near);
        receive_all(far);
    } while (left_nsec > 0);
}

static void print_direction(const char *name, const struct end *from, const struct end *to)
{
    printf("%s sent=%lu received=%lu twice=%lu refused=%lu gap=%ld\n", name, (unsigned long)from->n_sent,
        (unsigned long)to->n_received, (unsigned long)to->n_twice, (unsigned long)from->n_refused, (long)(to->gap_nsec / 1000000));
}

int main(int argc, char **argv)
{
    struct end near = { 0 }, far = { 0 };
    struct timespec next;
    long interval_usec;
    int signal_fd;

    if (argc != 6) {
        fprintf(stderr, "usage: bench-flow NS ADDRESS OTHER-NS OTHER-ADDRESS INTERVAL-USEC\n");
        return 2;
    }
    open_end(&near, argv[1], argv[2], argv[4]);
    open_end(&far, argv[3], argv[4], argv[2]);
    interval_usec = strtol(argv[5], NULL, 10);
    signal_fd = signals();
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!asked_to_end(signal_fd)) {
        send_one(&near);
        send_one(&far);
        receive_until(&next, interval_usec, &near, &far);
    }
    note_gap(&near); /* one that has no end counts as well */
    note_gap(&far);
    near.last_nsec = far.last_nsec = 0;
    for (int i = 0; i < DRAIN_SEC * 100 && (near.n_received < far.n_sent || far.n_received < near.n_sent);
         i++) {
        usleep(10000);
        receive_all(&near);
        receive_all(&far);
    }
    print_direction("out", &near, &far);
    print_direction("in", &far, &near);
    return 0;
}
