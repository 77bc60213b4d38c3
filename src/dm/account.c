/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations and the link that says which one counts. The order is: every file of the next generation on disk, its folders synced, the
 * link beside, the rename, the folder synced; then the old one goes.
 */
#include "dm/account.h"

#include "base/cleanup.h"
#include "dm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#define STATE_DIR_MODE    0750
#define FILE_BYTES_MAX    ((size_t)1024 * 1024)
#define ACCOUNT_BYTES_MAX ((size_t)8 * 1024)

struct dm_store {
    int dir_fd;
    char current[32]; /* "gen-7"; "" when not enrolled */
};

static const char *const folders[] = { "certs", "keys", "roots" };

static bool is_generation(const char *name)
{
    return strncmp(name, "gen-", 4) == 0 && name[4] && strspn(name + 4, "0123456789") == strlen(name + 4) && strlen(name) < 20;
}

/* What a power cut left: a generation that never counted, or one that no longer does. */
static void clear_strays(struct dm_store *store)
{
    int fd = dup(store->dir_fd);
    _cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    rewinddir(dir);
    while ((entry = readdir(dir)))
        if (is_generation(entry->d_name) && strcmp(entry->d_name, store->current) != 0)
            (void)disk_remove_tree(store->dir_fd, entry->d_name);
}

int dm_store_open(const char *state_dir, struct dm_store **ret)
{
    struct dm_store *store = calloc(1, sizeof(*store));
    int r;

    if (!store)
        return -ENOMEM;
    store->dir_fd = disk_open_dir(state_dir, STATE_DIR_MODE);
    r = store->dir_fd < 0 ? store->dir_fd : disk_read_link(store->dir_fd, "current", store->current, sizeof(store->current));
    if (r == -ENOENT)
        r = 0;
    if (r == 0 && store->current[0] && !is_generation(store->current))
        r = -EBADMSG;
    if (r < 0) {
        dm_store_free(store);
        return r;
    }
    clear_strays(store);
    *ret = store;
    return 0;
}

struct dm_store *dm_store_free(struct dm_store *store)
{
    if (!store)
        return NULL;
    close_fd(&store->dir_fd);
    free(store);
    return NULL;
}

int dm_store_read(struct dm_store *store, const char *path, char **ret, size_t *ret_bytes)
{
    char full[256];

    if (!store->current[0])
        return -ENOENT;
    if ((size_t)snprintf(full, sizeof(full), "%s/%s", store->current, path) >= sizeof(full))
        return -ENAMETOOLONG;
    return disk_read(store->dir_fd, full, FILE_BYTES_MAX, ret, ret_bytes);
}

int dm_store_load(struct dm_store *store, struct dm_account *ret)
{
    _cleanup_free_ char *text = NULL;
    size_t n;
    int r = dm_store_read(store, "account", &text, &n);

    return r < 0 ? r : dm_account_parse(text, n, ret);
}

static void next_generation(const struct dm_store *store, char *ret, size_t size)
{
    unsigned long n = store->current[0] ? strtoul(store->current + 4, NULL, 10) : 0;

    snprintf(ret, size, "gen-%lu", n + 1);
}

static bool is_replaced(const char *path, const struct dm_account_file *files, size_t n_files)
{
    if (strcmp(path, "account") == 0)
        return true;
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].path, path) == 0)
            return true;
    return false;
}

/* What stays is linked, not copied: a key is on the disk once. */
static int keep_files(struct dm_store *store, const char *next, const char *folder, const struct dm_account_file *files, size_t n_files)
{
    _cleanup_closedir_ DIR *dir = NULL;
    char from[512], to[512], inside[300];
    struct dirent *entry;
    int fd, r = 0;

    snprintf(from, sizeof(from), "%s/%s", store->current, folder);
    fd = openat(store->dir_fd, from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        r = -errno;
        close_fd(&fd);
        return r;
    }
    while (r == 0 && (entry = readdir(dir))) {
        if (entry->d_type == DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof(inside), "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name);
        if (is_replaced(inside, files, n_files))
            continue;
        snprintf(from, sizeof(from), "%s/%s", store->current, inside);
        snprintf(to, sizeof(to), "%s/%s", next, inside);
        r = disk_link(store->dir_fd, from, to);
    }
    return r;
}

static int make_folders(struct dm_store *store, const char *next)
{
    char path[64];
    int r = disk_make_dir(store->dir_fd, next, 0750);

    for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", next, folders[i]);
        r = disk_make_dir(store->dir_fd, path, 0750);
    }
    return r;
}

static int write_files(
    struct dm_store *store, const char *next, const struct dm_account *account, const struct dm_account_file *files, size_t n_files)
{
    char path[300], text[ACCOUNT_BYTES_MAX];
    int r = dm_account_format(account, text, sizeof(text));

    if (r < 0)
        return r;
    snprintf(path, sizeof(path), "%s/account", next);
    r = disk_write(store->dir_fd, path, text, strlen(text), 0640);
    for (size_t i = 0; r == 0 && i < n_files; i++) {
        if (!files[i].bytes)
            continue;
        snprintf(path, sizeof(path), "%s/%s", next, files[i].path);
        r = disk_write(store->dir_fd, path, files[i].bytes, files[i].n_bytes, files[i].mode);
    }
    return r;
}

static int sync_folders(struct dm_store *store, const char *next)
{
    char path[64];
    int r = disk_sync_dir(store->dir_fd, next);

    for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", next, folders[i]);
        r = disk_sync_dir(store->dir_fd, path);
    }
    return r;
}

static int turn_link(struct dm_store *store, const char *next)
{
    char target[32];
    int r;

    (void)disk_remove(store->dir_fd, "current.new");
    r = disk_symlink(store->dir_fd, next, "current.new");
    for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(target, sizeof(target), "current/%s", folders[i]);
        r = disk_symlink(store->dir_fd, target, folders[i]);
        if (r == -EEXIST)
            r = 0;
    }
    if (r == 0)
        r = disk_sync_dir(store->dir_fd, ".");
    return r < 0 ? r : disk_rename(store->dir_fd, "current.new", "current");
}

int dm_store_commit(struct dm_store *store, const struct dm_account *account, const struct dm_account_file *files, size_t n_files)
{
    char next[32], old[32];
    int r;

    next_generation(store, next, sizeof(next));
    (void)disk_remove_tree(store->dir_fd, next);
    r = make_folders(store, next);
    for (size_t i = 0; r == 0 && store->current[0] && i < sizeof(folders) / sizeof(folders[0]); i++)
        r = keep_files(store, next, folders[i], files, n_files);
    if (r == 0 && store->current[0])
        r = keep_files(store, next, "", files, n_files);
    if (r == 0)
        r = write_files(store, next, account, files, n_files);
    if (r == 0)
        r = sync_folders(store, next);
    if (r == 0)
        r = turn_link(store, next);
    if (r < 0) {
        (void)disk_remove_tree(store->dir_fd, next);
        return r;
    }
    memcpy(old, store->current, sizeof(old));
    memcpy(store->current, next, sizeof(next));
    r = disk_sync_dir(store->dir_fd, ".");
    if (r == 0 && old[0])
        (void)disk_remove_tree(store->dir_fd, old); /* not before the rename is sure to be on the disk */
    return r;
}

int dm_store_put_aside(struct dm_store *store, const char *text, size_t n_bytes)
{
    int r = disk_remove_tree(store->dir_fd, "pending.new");

    if (r == 0)
        r = disk_make_dir(store->dir_fd, "pending.new", 0700);
    if (r == 0)
        r = disk_write(store->dir_fd, "pending.new/request.key", text, n_bytes, 0600);
    if (r == 0)
        r = disk_sync_dir(store->dir_fd, "pending.new");
    if (r == 0)
        r = disk_remove_tree(store->dir_fd, "pending");
    if (r == 0)
        r = disk_rename(store->dir_fd, "pending.new", "pending");
    return r < 0 ? r : disk_sync_dir(store->dir_fd, ".");
}

int dm_store_read_aside(struct dm_store *store, char **ret, size_t *ret_bytes)
{
    return disk_read(store->dir_fd, "pending/request.key", FILE_BYTES_MAX, ret, ret_bytes);
}

void dm_store_forget_aside(struct dm_store *store)
{
    (void)disk_remove_tree(store->dir_fd, "pending.new");
    (void)disk_remove_tree(store->dir_fd, "pending");
    (void)disk_sync_dir(store->dir_fd, ".");
}

int dm_store_remove(struct dm_store *store)
{
    int r = disk_remove(store->dir_fd, "current"); /* from here on there is no account, whatever is left */

    if (r < 0 && r != -ENOENT)
        return r;
    (void)disk_remove(store->dir_fd, "current.new");
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        (void)disk_remove(store->dir_fd, folders[i]);
    r = disk_sync_dir(store->dir_fd, ".");
    store->current[0] = '\0';
    clear_strays(store);
    dm_store_forget_aside(store);
    return r < 0 ? r : disk_sync_dir(store->dir_fd, ".");
}
