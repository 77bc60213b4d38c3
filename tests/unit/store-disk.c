/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See store-disk.h. One directory, a handful of files; a descriptor is the index of a file, or the directory's.
 */
#include "unit/store-disk.h"

#include "base/macro.h"
#include "store/files.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define N_FILES    8
#define FILE_SIZE  8192
#define DIR_FD     100
#define LOCK_FD    101

struct content {
    size_t n_bytes;
    char bytes[FILE_SIZE];
};

struct disk_file {
    bool used;
    struct content written, safe;
};

struct name {
    char text[32]; /* empty: none */
    int file;
};

static struct disk {
    struct disk_file files[N_FILES];
    struct name written[N_FILES], safe[N_FILES];
    unsigned cut_in, fail_in; /* steps left; 0: never */
    int fail_error;
    int read_error;
    bool cut;
} disk;

void disk_reset(void)
{
    memset(&disk, 0, sizeof(disk));
}

void disk_cut_after(unsigned n_steps)
{
    disk.cut_in = n_steps;
}

bool disk_is_cut(void)
{
    return disk.cut;
}

void disk_fail_step(unsigned n_steps, int error)
{
    disk.fail_in = n_steps;
    disk.fail_error = error;
}

void disk_set_read_error(int error)
{
    disk.read_error = error;
}

static struct name *find_name(const char *text)
{
    for (size_t i = 0; i < N_FILES; i++) {
        if (strcmp(disk.written[i].text, text) == 0)
            return &disk.written[i];
    }
    return NULL;
}

bool disk_has_file(const char *name)
{
    return find_name(name) != NULL;
}

static int new_file(const char *text)
{
    struct name *name = find_name("");

    assert(name && strlen(text) < sizeof(name->text));
    for (int i = 0; i < N_FILES; i++) {
        if (disk.files[i].used)
            continue;
        memset(&disk.files[i], 0, sizeof(disk.files[i]));
        disk.files[i].used = true;
        strcpy(name->text, text);
        name->file = i;
        return i;
    }
    assert(!"the disk of the test is too small");
    return -ENOSPC;
}

void disk_set_file(const char *name, const void *bytes, unsigned n_bytes)
{
    struct name *old = find_name(name);
    int file = old ? old->file : new_file(name);

    assert(n_bytes <= FILE_SIZE);
    disk.files[file].written.n_bytes = n_bytes;
    memcpy(disk.files[file].written.bytes, bytes, n_bytes);
    disk.files[file].safe = disk.files[file].written;
    memcpy(disk.safe, disk.written, sizeof(disk.safe));
}

void disk_reboot(enum disk_survival survival)
{
    bool names = survival == DISK_NAMES_TOO || survival == DISK_ALL;
    bool contents = survival == DISK_CONTENTS_TOO || survival == DISK_ALL;

    if (!names)
        memcpy(disk.written, disk.safe, sizeof(disk.written));
    for (size_t i = 0; i < N_FILES; i++) {
        if (!contents)
            disk.files[i].written = disk.files[i].safe;
    }
    disk.cut = false;
    disk.cut_in = disk.fail_in = 0;
}

/* Before every step that changes something. 0: go on; else it fails with this, *ret_half where the power went in the middle. */
static int step(bool *ret_half)
{
    *ret_half = false;
    if (disk.cut)
        return -EIO;
    if (disk.cut_in && --disk.cut_in == 0) {
        disk.cut = *ret_half = true;
        return -EIO;
    }
    if (disk.fail_in && --disk.fail_in == 0)
        return disk.fail_error;
    return 0;
}

int files_open_dir(const char *path)
{
    (void)path;
    return DIR_FD;
}

int files_lock(int dir_fd)
{
    assert(dir_fd == DIR_FD);
    return LOCK_FD;
}

int files_create(int dir_fd, const char *name)
{
    struct name *old = find_name(name);
    bool half;
    int r = step(&half);

    assert(dir_fd == DIR_FD);
    if (r < 0)
        return r;
    if (old)
        old->text[0] = '\0';
    return new_file(name);
}

int files_write(int fd, const char *bytes, size_t n_bytes)
{
    struct content *content = &disk.files[fd].written;
    bool half;
    int r = step(&half);

    if (half)
        n_bytes /= 2;
    else if (r < 0)
        return r;
    assert(content->n_bytes + n_bytes <= FILE_SIZE);
    memcpy(content->bytes + content->n_bytes, bytes, n_bytes);
    content->n_bytes += n_bytes;
    return r;
}

int files_sync(int fd)
{
    bool half;
    int r = step(&half);

    if (r < 0)
        return r;
    if (fd == DIR_FD)
        memcpy(disk.safe, disk.written, sizeof(disk.safe));
    else
        disk.files[fd].safe = disk.files[fd].written;
    return 0;
}

int files_rename(int dir_fd, const char *from, const char *to)
{
    struct name *old = find_name(to), *name = find_name(from);
    bool half;
    int r = step(&half);

    assert(dir_fd == DIR_FD && name);
    if (r < 0)
        return r;
    if (old)
        old->text[0] = '\0';
    strcpy(name->text, to);
    return 0;
}

int files_remove(int dir_fd, const char *name)
{
    struct name *old = find_name(name);
    bool half;
    int r = step(&half);

    assert(dir_fd == DIR_FD);
    if (r < 0)
        return r;
    if (!old)
        return -ENOENT;
    old->text[0] = '\0';
    return 0;
}

int files_close(int fd)
{
    (void)fd;
    return disk.cut ? -EIO : 0;
}

ssize_t files_read(int dir_fd, const char *name, char *ret_bytes, size_t n_bytes)
{
    const struct name *found = find_name(name);
    const struct content *content;

    assert(dir_fd == DIR_FD);
    if (disk.read_error)
        return disk.read_error;
    if (!found)
        return -ENOENT;
    content = &disk.files[found->file].written;
    n_bytes = MIN_OF(n_bytes, content->n_bytes);
    memcpy(ret_bytes, content->bytes, n_bytes);
    return (ssize_t)n_bytes;
}
