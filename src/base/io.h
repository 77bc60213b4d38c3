/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Writing to a descriptor until all of it is written. Knows nothing of files: what is on the disk is the caller's to sync.
 */
#include <stddef.h>

/* 0 or negative errno; a signal is no error. */
int io_write_all(int fd, const void *bytes, size_t n_bytes);
