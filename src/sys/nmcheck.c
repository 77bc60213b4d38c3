/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file is synced with its folder: a battery that dies right after must not leave the check off for ever.
 */
#include "sys/nmcheck.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <limits.h>

#define FILE_NAME "connectivity-check-is-off"

static int open_dir(const char *state_dir)
{
    return open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool nmcheck_is_remembered(const char *state_dir)
{
    _cleanup_close_ int dir_fd = open_dir(state_dir);

    return dir_fd >= 0 && faccessat(dir_fd, FILE_NAME, F_OK, 0) == 0;
}

int nmcheck_remember(const char *state_dir)
{
    _cleanup_close_ int dir_fd = open_dir(state_dir), fd = -1;

    if (dir_fd >= 0)
        fd = openat(dir_fd, FILE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 || fsync(fd) < 0 || fsync(dir_fd) < 0 ? -errno : 0;
}

void nmcheck_forget(const char *state_dir)
{
    _cleanup_close_ int dir_fd = open_dir(state_dir);

    if (dir_fd >= 0)
        (void)unlinkat(dir_fd, FILE_NAME, 0);
}
