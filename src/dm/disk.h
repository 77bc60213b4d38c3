/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The only calls of mvpn-dm that touch the disk, each one step that a power cut may fall before or after. Paths are relative to a folder.
 * Never decides what is written.
 */
#include <stddef.h>
#include <sys/types.h>

/* Makes the folder (mode) where missing and opens it: a descriptor. */
int disk_open_dir(const char *path, mode_t mode);

int disk_make_dir(int dir_fd, const char *path, mode_t mode);
/* O_EXCL, written and synced. */
int disk_write(int dir_fd, const char *path, const void *bytes, size_t n_bytes, mode_t mode);
int disk_link(int dir_fd, const char *from, const char *to);
int disk_symlink(int dir_fd, const char *target, const char *path);
int disk_rename(int dir_fd, const char *from, const char *to);
int disk_remove(int dir_fd, const char *path); /* a file or a link */
int disk_sync_dir(int dir_fd, const char *path); /* what stands in it */

/* A folder and all in it; what cannot be removed is left. Files named *.key are overwritten first. 0, also when it is not there. */
int disk_remove_tree(int dir_fd, const char *path);

/* At most max_bytes; free() *ret, a NUL stands behind it. */
int disk_read(int dir_fd, const char *path, size_t max_bytes, char **ret, size_t *ret_bytes);
int disk_read_link(int dir_fd, const char *path, char *ret, size_t size);
