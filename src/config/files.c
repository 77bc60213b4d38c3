/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration's files on disk; files.h tells their order.
 */
#include "config/files.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ---- reading one ---- */

static int check_kind(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
        return 0; /* a link to /dev/null is the customary way to switch a drop-in off */
    return -ENODEV;
}

static int read_all(int fd, size_t max_bytes, char **ret, size_t *ret_n_bytes)
{
    _cleanup_free_ char *bytes = malloc(max_bytes + 2);
    size_t n_bytes = 0;

    if (!bytes)
        return -ENOMEM;
    while (n_bytes <= max_bytes) {
        ssize_t n = read(fd, bytes + n_bytes, max_bytes + 1 - n_bytes);

        if (n == 0)
            break;
        if (n < 0 && errno != EINTR)
            return -errno;
        n_bytes += n > 0 ? (size_t)n : 0;
    }
    if (n_bytes > max_bytes)
        return -EFBIG;
    bytes[n_bytes] = '\0';
    *ret_n_bytes = n_bytes;
    *ret = steal_ptr(&bytes);
    return 0;
}

int read_whole_file(const char *path, size_t max_bytes, char **ret, size_t *ret_n_bytes)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int r;

    if (fd < 0)
        return -errno;
    r = check_kind(fd);
    return r < 0 ? r : read_all(fd, max_bytes, ret, ret_n_bytes);
}

/* ---- the list ---- */

void config_files_free(struct config_files *files)
{
    for (size_t i = 0; i < files->n_files; i++)
        free(files->files[i].path);
    free(files->files);
    *files = (struct config_files){ 0 };
}

static int add(struct config_files *list, enum config_source source, const char *folder, const char *name)
{
    struct config_file *files = reallocarray(list->files, list->n_files + 1, sizeof(*files));
    char *path;

    if (!files)
        return -ENOMEM;
    list->files = files;
    if (asprintf(&path, "%s%s%s", folder, name ? "/" : "", name ? name : "") < 0)
        return -ENOMEM;
    files[list->n_files++] = (struct config_file){ .path = path, .source = source };
    return 0;
}

/* What cannot be looked at counts as there: reading it then tells why it cannot. */
static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static bool is_drop_in(const char *name)
{
    const char *end = ".conf";
    size_t length = strlen(name);

    return name[0] != '.' && length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct config_file *)a)->path, ((const struct config_file *)b)->path);
}

static int add_drop_ins(struct config_files *list, const char *folder)
{
    _cleanup_closedir_ DIR *dir = opendir(folder);
    size_t first = list->n_files;
    struct dirent *entry;
    int r;

    if (!dir)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    while ((errno = 0, entry = readdir(dir)))
        if (is_drop_in(entry->d_name) && (r = add(list, CONFIG_SOURCE_ADMIN, folder, entry->d_name)) < 0)
            return r;
    if (errno)
        return -errno;
    if (list->n_files > first)
        qsort(list->files + first, list->n_files - first, sizeof(*list->files), compare);
    return 0;
}

int config_files_list(const struct settings_paths *paths, struct config_files *ret)
{
    _cleanup_free_ char *folder = NULL, *policy = NULL;
    int r, folder_error;

    *ret = (struct config_files){ 0 };
    if (asprintf(&folder, "%s.d", paths->config) < 0)
        return -ENOMEM;
    if (paths->state_dir && asprintf(&policy, "%s/" SETTINGS_POLICY_FILE, paths->state_dir) < 0)
        return -ENOMEM;
    if (is_there(paths->config) && (r = add(ret, CONFIG_SOURCE_ADMIN, paths->config, NULL)) < 0)
        return r;
    folder_error = add_drop_ins(ret, folder);
    if (folder_error == -ENOMEM)
        return folder_error;
    if (policy && is_there(policy) && (r = add(ret, CONFIG_SOURCE_POLICY, policy, NULL)) < 0)
        return r;
    return folder_error;
}
