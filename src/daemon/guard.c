/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipe tells of the daemon's end. The lock keeps the next daemon, which systemd starts a second later, from making SAs before the guard of
 * the last one has removed the old. See guard.h.
 */
#include "daemon/guard.h"

#include "base/cleanup.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

#define LOCK_FILE      "guard.lock"
#define LOCK_TRIES     300
#define LOCK_WAIT_USEC 10000 /* together 3 s; a guard is done in milliseconds */

static int take_lock(const char *runtime_dir)
{
    char path[PATH_MAX];
    _cleanup_close_ int fd = -1;

    if (snprintf(path, sizeof(path), "%s/" LOCK_FILE, runtime_dir) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
        if (i == LOCK_TRIES)
            return -EBUSY;
        usleep(LOCK_WAIT_USEC);
    }
    return steal_fd(&fd);
}

/* The child. Signals are for the daemon: a stop of the service reaches both, and this one must outlive it. */
static void wait_and_clear(int end_fd, int lock_fd)
{
    sigset_t all;
    char byte;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    (void)prctl(PR_SET_NAME, "mvpnd-guard");
    /* the daemon's sockets and files are not ours */
    end_fd = dup2(end_fd, STDIN_FILENO);
    lock_fd = dup2(lock_fd, STDOUT_FILENO);
    (void)dup2(lock_fd, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, UINT_MAX, 0);
    while (read(end_fd, &byte, sizeof(byte)) < 0 && errno == EINTR)
        ;
    (void)net_clear_esp();
    _exit(0);
}

int guard_start(const char *runtime_dir)
{
    _cleanup_close_ int lock_fd = take_lock(runtime_dir);
    int ends[2];
    pid_t child;

    if (lock_fd < 0)
        return lock_fd;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    child = fork();
    if (child == 0)
        wait_and_clear(ends[0], lock_fd);
    close(ends[0]);
    if (child < 0) {
        close(ends[1]);
        return -errno;
    }
    return ends[1]; /* the lock is the guard's alone from now on */
}
