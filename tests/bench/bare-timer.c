/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What any program pays that does one thing every so often: a timerfd, a read, one byte sent, and nothing else. The floor beside which mvpnd's
 * wake-ups for a keepalive are read.
 *
 *     bench-bare-timer SECONDS COUNT        prints its own voluntary context switches for COUNT expirations
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static long switches(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
}

int main(int argc, char **argv)
{
    struct sockaddr_in nowhere = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct itimerspec every = { 0 };
    int count = argc == 3 ? atoi(argv[2]) : 0, timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC);
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    long before = switches();

    if (count < 1 || atoi(argv[1]) < 1 || timer < 0 || sock < 0)
        return 2;
    every.it_value.tv_sec = every.it_interval.tv_sec = atoi(argv[1]);
    if (timerfd_settime(timer, 0, &every, NULL) < 0)
        return 1;
    for (int i = 0; i < count; i++) {
        uint64_t n_expired;

        if (read(timer, &n_expired, sizeof(n_expired)) != sizeof(n_expired))
            return 1;
        (void)sendto(sock, "\xff", 1, 0, (struct sockaddr *)&nowhere, sizeof(nowhere));
    }
    printf("%ld\n", switches() - before);
    return 0;
}
