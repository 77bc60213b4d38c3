/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What any tunnel in user space costs, whatever it does with the packets: TUN to UDP and back, one packet a call, one thread, no
 * cryptography, no protection of any kind. The floor beside which the latency and the small packets of src/esp are read.
 *
 *     bench-relay TUN LOCAL REMOTE        (port 4600 at both; the device gets no address here)
 */
#include "base/macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT       4600
#define BATCH      32
#define PACKET_MAX 65536

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench-relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_tun(const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        give_up(name);
    return fd;
}

static int open_socket(const char *local, const char *remote)
{
    struct sockaddr_in addresses[2] = { { .sin_family = AF_INET, .sin_port = htons(PORT) },
        { .sin_family = AF_INET, .sin_port = htons(PORT) } };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (inet_pton(AF_INET, local, &addresses[0].sin_addr) != 1 ||
        inet_pton(AF_INET, remote, &addresses[1].sin_addr) != 1)
        give_up("address");
    if (fd < 0 || bind(fd, (struct sockaddr *)&addresses[0], sizeof(addresses[0])) < 0 ||
        connect(fd, (struct sockaddr *)&addresses[1], sizeof(addresses[1])) < 0)
        give_up("socket");
    return fd;
}

static void move_packets(int from_fd, int to_fd, uint8_t *buffer)
{
    for (unsigned i = 0; i < BATCH; i++) {
        ssize_t n = read(from_fd, buffer, PACKET_MAX);

        if (n < 0)
            return;
        if (write(to_fd, buffer, (size_t)n) < 0 && errno == EBADFD)
            give_up("the device");
    }
}

int main(int argc, char **argv)
{
    static uint8_t buffer[PACKET_MAX];
    struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };

    if (argc != 4) {
        fprintf(stderr, "usage: bench-relay TUN LOCAL REMOTE\n");
        return 2;
    }
    fds[0].fd = open_tun(argv[1]);
    fds[1].fd = open_socket(argv[2], argv[3]);
    for (;;) {
        if (poll(fds, ELEMENTSOF(fds), -1) < 0)
            continue;
        if (fds[0].revents)
            move_packets(fds[0].fd, fds[1].fd, buffer);
        if (fds[1].revents)
            move_packets(fds[1].fd, fds[0].fd, buffer);
    }
}
