/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/sys with a memory. The file has one line a setting: path, old value, our value. A line is on disk before its setting is changed, and
 * the first old value wins: a restarted daemon finds its own value in the kernel and must not take it for the administrator's.
 */
#include "net/sysctl.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define HELD_MAX  256 /* lines: one for every base link since enabling, at most */
#define FULL_SIZE (SYSCTL_PATH_SIZE + 16)

struct held {
    char path[SYSCTL_PATH_SIZE];
    int old, ours;
};

struct held_list {
    unsigned n;
    struct held items[HELD_MAX];
};

static int read_value(const char *path, int *ret)
{
    char full[FULL_SIZE];
    _cleanup_fclose_ FILE *f = NULL;

    snprintf(full, sizeof(full), "/proc/sys/%s", path);
    f = fopen(full, "re");
    if (!f)
        return -errno;
    return fscanf(f, "%d", ret) == 1 ? 0 : -EIO;
}

static int write_value(const char *path, int value)
{
    char full[FULL_SIZE], text[16];
    _cleanup_close_ int fd = -1;
    int n = snprintf(text, sizeof(text), "%d\n", value);

    snprintf(full, sizeof(full), "/proc/sys/%s", path);
    fd = open(full, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return write(fd, text, (size_t)n) == n ? 0 : -errno;
}

void sysctl_write_quietly(const char *path, int value)
{
    (void)write_value(path, value);
}

/* A relative path of one of the names that we set; what else a file says is not obeyed. */
static bool path_is_sound(const char *path)
{
    return strncmp(path, "net/ipv4/conf/", 14) == 0 && !strstr(path, "..");
}

static int load(const char *file, struct held_list *ret)
{
    char line[SYSCTL_PATH_SIZE + 32];
    _cleanup_fclose_ FILE *f = fopen(file, "re");

    ret->n = 0;
    if (!f)
        return errno == ENOENT ? 0 : -errno;
    while (ret->n < HELD_MAX && fgets(line, sizeof(line), f)) {
        struct held *held = &ret->items[ret->n];
        if (sscanf(line, "%95s %d %d", held->path, &held->old, &held->ours) == 3 && path_is_sound(held->path))
            ret->n++;
    }
    return 0;
}

static int write_list(int fd, const struct held_list *list)
{
    for (unsigned i = 0; i < list->n; i++)
        if (dprintf(fd, "%s %d %d\n", list->items[i].path, list->items[i].old, list->items[i].ours) < 0)
            return -errno;
    return fsync(fd) < 0 ? -errno : 0;
}

static int save(const char *file, const struct held_list *list)
{
    char temporary[4096];
    _cleanup_close_ int fd = -1;
    int r;

    if (snprintf(temporary, sizeof(temporary), "%s.new", file) >= (int)sizeof(temporary))
        return -ENAMETOOLONG;
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    r = write_list(fd, list);
    if (r == 0 && rename(temporary, file) < 0)
        r = -errno;
    if (r < 0)
        (void)unlink(temporary);
    return r;
}

static struct held *find(struct held_list *list, const char *path)
{
    for (unsigned i = 0; i < list->n; i++)
        if (strcmp(list->items[i].path, path) == 0)
            return &list->items[i];
    return NULL;
}

/* What the setting shall be: the administrator's own value where it is stricter. */
static int target_of(struct held_list *list, const struct sysctl *setting, int current)
{
    const struct held *held = find(list, setting->path);
    int old = held ? held->old : current;

    return setting->at_least && old > setting->value ? old : setting->value;
}

/* true: the list changed. */
static bool remember(struct held_list *list, const char *path, int old, int ours)
{
    struct held *held = find(list, path);

    if (!held) {
        if (list->n == HELD_MAX)
            return false;
        held = &list->items[list->n++];
        *held = (struct held){ .old = old, .ours = old };
        snprintf(held->path, sizeof(held->path), "%s", path);
    }
    if (held->ours == ours)
        return false;
    held->ours = ours;
    return true;
}

int sysctl_hold(const char *file, const struct sysctl *settings, unsigned n_settings)
{
    struct held_list list;
    bool changed = false;
    int value, result = load(file, &list);

    if (result < 0)
        return result;
    for (unsigned i = 0; i < n_settings; i++) {
        if (read_value(settings[i].path, &value) < 0)
            continue;
        int target = target_of(&list, &settings[i], value);
        if (value != target)
            changed |= remember(&list, settings[i].path, value, target);
    }
    if (changed)
        result = save(
            file, &list); /* on failure the settings are made all the same: working is what was asked for */
    for (unsigned i = 0; i < n_settings; i++) {
        int r = read_value(settings[i].path, &value);
        int target = r < 0 ? 0 : target_of(&list, &settings[i], value);
        if (r == 0 && value != target)
            r = write_value(settings[i].path, target);
        if (r < 0 && r != -ENOENT && result == 0)
            result = r;
    }
    return result;
}

bool sysctl_held(const struct sysctl *settings, unsigned n_settings)
{
    int value;

    for (unsigned i = 0; i < n_settings; i++) {
        if (read_value(settings[i].path, &value) < 0)
            continue;
        if (settings[i].at_least ? value < settings[i].value : value != settings[i].value)
            return false;
    }
    return true;
}

int sysctl_restore(const char *file)
{
    struct held_list list;
    int value, result = load(file, &list);

    if (result < 0)
        return result;
    for (unsigned i = 0; i < list.n; i++) {
        const struct held *held = &list.items[i];
        int r = read_value(held->path, &value);
        if (r == 0 && value == held->ours)
            r = write_value(held->path, held->old);
        if (r < 0 && r != -ENOENT && result == 0)
            result = r;
    }
    /* Kept after a failure, so that the next try finds it. */
    if (result == 0 && unlink(file) < 0 && errno != ENOENT)
        return -errno;
    return result;
}
