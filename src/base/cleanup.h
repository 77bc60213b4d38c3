/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Cleanup attributes for C's own resources, and the two "steal" helpers that end an ownership.
 * Each library's own cleanups stand in the folder that includes that library.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

static inline void cleanup_free(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
    }
}

static inline void cleanup_fclose(FILE **f)
{
    if (*f)
        fclose(*f);
}

static inline void cleanup_closedir(DIR **d)
{
    if (*d)
        closedir(*d);
}

#define _cleanup_free_     _cleanup_(cleanup_free)
#define _cleanup_close_    _cleanup_(cleanup_close)
#define _cleanup_fclose_   _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

static inline void *steal_ptr_impl(void **p)
{
    void *stolen = *p;
    *p = NULL;
    return stolen;
}
#define steal_ptr(p) ((__typeof__(*(p)))steal_ptr_impl((void **)(p)))

static inline int steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

static inline int close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return -1;
}
