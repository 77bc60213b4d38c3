/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk. No decisions here: no order of calls, no names, no retries but those that a signal asks for.
 */
#include "store/files.h"

#include "base/cleanup.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int files_open_dir(const char *path)
{
    int fd;

    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int files_lock(int dir_fd)
{
    /* A descriptor of its own, or two users of one store would share the lock. */
    _cleanup_close_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return steal_fd(&fd);
}

int files_create(int dir_fd, const char *name)
{
    int fd;

    if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

int files_write(int fd, const char *bytes, size_t n_bytes)
{
    return io_write_all(fd, bytes, n_bytes);
}

int files_sync(int fd)
{
    return fsync(fd) < 0 ? -errno : 0;
}

int files_rename(int dir_fd, const char *from, const char *to)
{
    return renameat(dir_fd, from, dir_fd, to) < 0 ? -errno : 0;
}

int files_remove(int dir_fd, const char *name)
{
    return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

int files_close(int fd)
{
    return close(fd) < 0 ? -errno : 0;
}

ssize_t files_read(int dir_fd, const char *name, char *ret_bytes, size_t n_bytes)
{
    _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t n_read = 0;

    if (fd < 0)
        return -errno;
    while (n_read < n_bytes) {
        ssize_t n = read(fd, ret_bytes + n_read, n_bytes - n_read);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        n_read += (size_t)n;
    }
    return (ssize_t)n_read;
}
