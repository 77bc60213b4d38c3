/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls, and nothing between them.
 */
#include "dm/disk.h"

#include "base/cleanup.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

int disk_open_dir(const char *path, mode_t mode)
{
    int fd;

    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return -errno;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

int disk_make_dir(int dir_fd, const char *path, mode_t mode)
{
    if (mkdirat(dir_fd, path, mode) < 0)
        return -errno;
    return fchmodat(dir_fd, path, mode, 0) < 0 ? -errno : 0; /* whatever the umask is */
}

int disk_write(int dir_fd, const char *path, const void *bytes, size_t n_bytes, mode_t mode)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
    int r;

    if (fd < 0)
        return -errno;
    r = io_write_all(fd, bytes, n_bytes);
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        r = -errno;
    return r;
}

int disk_link(int dir_fd, const char *from, const char *to)
{
    return linkat(dir_fd, from, dir_fd, to, 0) < 0 ? -errno : 0;
}

int disk_symlink(int dir_fd, const char *target, const char *path)
{
    return symlinkat(target, dir_fd, path) < 0 ? -errno : 0;
}

int disk_rename(int dir_fd, const char *from, const char *to)
{
    return renameat(dir_fd, from, dir_fd, to) < 0 ? -errno : 0;
}

int disk_remove(int dir_fd, const char *path)
{
    return unlinkat(dir_fd, path, 0) < 0 ? -errno : 0;
}

int disk_sync_dir(int dir_fd, const char *path)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

/* A key that other generations still hold by a link of their own stays as it is. */
static void overwrite(int dir_fd, const char *name)
{
    _cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    static const char zeros[4096];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1)
        return;
    for (off_t left = st.st_size; left > 0; left -= (off_t)sizeof(zeros))
        if (io_write_all(fd, zeros, left < (off_t)sizeof(zeros) ? (size_t)left : sizeof(zeros)) < 0)
            return;
    (void)fsync(fd);
}

static bool is_key(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".key") == 0;
}

int disk_remove_tree(int dir_fd, const char *path)
{
    _cleanup_closedir_ DIR *dir = NULL;
    struct dirent *entry;
    int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return -ENOMEM;
    }
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (is_key(entry->d_name))
            overwrite(dirfd(dir), entry->d_name);
        if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM))
            (void)disk_remove_tree(dirfd(dir), entry->d_name);
    }
    return unlinkat(dir_fd, path, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int disk_read(int dir_fd, const char *path, size_t max_bytes, char **ret, size_t *ret_bytes)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);
    char *bytes;
    size_t n = 0;
    ssize_t got = 1;

    if (fd < 0)
        return -errno;
    bytes = malloc(max_bytes + 1);
    if (!bytes)
        return -ENOMEM;
    while (n <= max_bytes && (got = read(fd, bytes + n, max_bytes + 1 - n)) > 0)
        n += (size_t)got;
    if (got < 0 || n > max_bytes) {
        int r = got < 0 ? -errno : -E2BIG;

        free(bytes);
        return r;
    }
    bytes[n] = '\0';
    *ret = bytes;
    *ret_bytes = n;
    return 0;
}

int disk_read_link(int dir_fd, const char *path, char *ret, size_t size)
{
    ssize_t n = readlinkat(dir_fd, path, ret, size);

    if (n < 0)
        return -errno;
    if ((size_t)n >= size)
        return -ENAMETOOLONG;
    ret[n] = '\0';
    return 0;
}
