/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wire that takes its time: two TAP devices in two network namespaces, frames of one come out of the other DELAY later, in order, none lost
 * while there is room for them. For the lab, whose kernel has no netem.
 *
 *     bench-delay NS INTERFACE OTHER-NS OTHER-INTERFACE DELAY-USEC       (one way; makes the devices, which go with it)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define FRAME_BYTES 2048
#define N_FRAMES    8192 /* on their way in one direction; a power of two */

struct frame {
    int64_t due_nsec;
    size_t size_bytes;
    uint8_t bytes[FRAME_BYTES];
};

struct wire {
    int from_fd, to_fd;
    uint32_t first, end; /* count up for ever; frames[i % N_FRAMES] */
    struct frame *frames;
};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bench-delay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_nsec(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_tap(const char *space, const char *name)
{
    struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
    char path[PATH_MAX];
    int space_fd, fd;

    snprintf(path, sizeof(path), "/run/netns/%s", space);
    space_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (space_fd < 0 || setns(space_fd, CLONE_NEWNET) < 0)
        give_up(path);
    close(space_fd);
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
        give_up(name);
    return fd;
}

static void take(struct wire *wire, int64_t delay_nsec)
{
    while (wire->end - wire->first < N_FRAMES) {
        struct frame *frame = &wire->frames[wire->end % N_FRAMES];
        ssize_t n = read(wire->from_fd, frame->bytes, sizeof(frame->bytes));

        if (n <= 0)
            return; /* nothing, or the device is down */
        frame->size_bytes = (size_t)n;
        frame->due_nsec = now_nsec() + delay_nsec;
        wire->end++;
    }
}

/* Sends what is due; nanoseconds until the next, INT64_MAX: nothing waits. */
static int64_t deliver(struct wire *wire)
{
    while (wire->first != wire->end) {
        const struct frame *frame = &wire->frames[wire->first % N_FRAMES];
        int64_t left_nsec = frame->due_nsec - now_nsec();

        if (left_nsec > 0)
            return left_nsec;
        if (write(wire->to_fd, frame->bytes, frame->size_bytes) < 0 && errno == EBADFD)
            give_up("device");
        wire->first++;
    }
    return INT64_MAX;
}

int main(int argc, char **argv)
{
    struct wire there = { 0 }, back = { 0 };
    int64_t delay_nsec;

    if (argc != 6) {
        fprintf(stderr, "usage: bench-delay NS INTERFACE OTHER-NS OTHER-INTERFACE DELAY-USEC\n");
        return 2;
    }
    there.from_fd = back.to_fd = open_tap(argv[1], argv[2]);
    back.from_fd = there.to_fd = open_tap(argv[3], argv[4]);
    delay_nsec = strtoll(argv[5], NULL, 10) * 1000;
    there.frames = calloc(N_FRAMES, sizeof(struct frame));
    back.frames = calloc(N_FRAMES, sizeof(struct frame));
    if (!there.frames || !back.frames)
        give_up("memory");
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct pollfd fds[] = { { .fd = there.from_fd, .events = POLLIN }, { .fd = back.from_fd, .events = POLLIN } };
        int64_t left_nsec = deliver(&there), other_nsec = deliver(&back);
        struct timespec timeout;

        left_nsec = other_nsec < left_nsec ? other_nsec : left_nsec;
        timeout = (struct timespec){ left_nsec / 1000000000, left_nsec % 1000000000 };
        if (ppoll(fds, 2, left_nsec == INT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR)
            give_up("poll");
        take(&there, delay_nsec);
        take(&back, delay_nsec);
    }
}
