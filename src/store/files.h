/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/store: the only calls that touch the disk, each one system call. Tests link another implementation, a disk in memory that loses
 * power between any two of them. All return 0 (or what they say) or negative errno; names are within the directory.
 */
#include <stddef.h>
#include <sys/types.h>

/* Makes the directory (mode 0700) where missing; opens it. A descriptor. */
int files_open_dir(const char *path);

int files_lock(int dir_fd); /* against another writer, until files_close(); waits */
int files_create(int dir_fd, const char *name); /* empty, mode 0600, whatever was there is gone; a descriptor */
int files_write(int fd, const char *bytes, size_t n_bytes);
int files_sync(int fd); /* of a file or a directory */
int files_rename(int dir_fd, const char *from, const char *to);
int files_remove(int dir_fd, const char *name);
int files_close(int fd);

/* At most n_bytes; how many there were. -ENOENT where there is no such file. */
ssize_t files_read(int dir_fd, const char *name, char *ret_bytes, size_t n_bytes);
