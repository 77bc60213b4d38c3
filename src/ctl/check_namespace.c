/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trying things out where they touch nothing: a child process in a network namespace of its own (with a user namespace where we are not root).
 * A child also because libnftables ends its process on some kernels, and libraries that do not fit may crash it.
 */
#include "base/cleanup.h"
#include "ctl/check_room.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define CHILD_MSEC 15000 /* making a namespace alone can take seconds while others are being taken down */

/* Over the pipe: an errno and words. */
struct verdict {
    int error;
    char text[512];
};

static void run_child(int fd, int (*work)(const void *, char *, size_t), const void *argument)
{
    struct verdict verdict = { .error = 0 };

    if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
        verdict.error = -EPERM;
    else
        verdict.error = work(argument, verdict.text, sizeof(verdict.text));
    if (write(fd, &verdict, sizeof(verdict)) != (ssize_t)sizeof(verdict))
        _exit(1);
    _exit(0);
}

/* One write of less than PIPE_BUF arrives whole; the end of the pipe comes first when the child died. */
static int read_verdict(int fd, struct verdict *ret)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    int r = poll(&poll_fd, 1, CHILD_MSEC);

    if (r <= 0)
        return r < 0 ? -errno : -ETIMEDOUT;
    if (read(fd, ret, sizeof(*ret)) != (ssize_t)sizeof(*ret))
        return -ECHILD;
    ret->text[sizeof(ret->text) - 1] = '\0';
    return ret->error;
}

int check_in_namespace(
    int (*work)(const void *, char *, size_t), const void *argument, char *error, size_t size)
{
    struct verdict verdict = { .text = "" };
    int pipe_fds[2], r;
    pid_t child;

    error[0] = '\0';
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -errno;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        close(pipe_fds[0]);
        run_child(pipe_fds[1], work, argument);
    }
    close(pipe_fds[1]);
    r = child < 0 ? -errno : read_verdict(pipe_fds[0], &verdict);
    close(pipe_fds[0]);
    if (child > 0) {
        kill(child, SIGKILL); /* ours; it has answered, or will not */
        waitpid(child, NULL, 0);
    }
    snprintf(error, size, "%s", verdict.text);
    return r;
}
