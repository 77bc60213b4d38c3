/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the configuration's files to the builder, in order, and keeps the first error. A file that cannot be read is an error like a wrong
 * one: guessing what stood in it could open what it closed.
 */
#include "config/load.h"

#include "base/cleanup.h"
#include "config/files.h"

#include <string.h>

static const char *explain(int error)
{
    switch (-error) {
    case EACCES:
    case EPERM:
        return "may not be read; run this as root, or let root own it with mode 0644";
    case EISDIR:
        return "is a folder and not a file; move it away";
    case ENODEV:
        return "is not a regular file; put one in its place";
    case EFBIG:
        return "is larger than 256 KiB, which no configuration is; put the right file in its place";
    case ENOENT:
        return "is a link to nothing; remove the link, or mend it";
    }
    return NULL;
}

static void report_unreadable(struct builder *builder, const char *path, int error)
{
    char text[256];
    const char *explained = explain(error);

    if (explained)
        snprintf(text, sizeof(text), "this %s", explained);
    else
        snprintf(
            text, sizeof(text), "this cannot be read (%s); mend the cause and try again", strerror(-error));
    builder_add_error(builder, path, 0, text);
}

static int bring_file(struct builder *builder, const struct config_file *file)
{
    _cleanup_free_ char *bytes = NULL;
    size_t n_bytes;
    int r = read_whole_file(file->path, SETTINGS_FILE_MAX_BYTES, &bytes, &n_bytes);

    if (r == 0)
        return builder_add(builder, file->path, file->source, bytes, n_bytes);
    if (r != -ENOMEM)
        report_unreadable(builder, file->path, r);
    return r;
}

/* All of them, also behind an error; the first errno. */
static int bring_files(struct builder *builder, const struct settings_paths *paths)
{
    _cleanup_(config_files_free) struct config_files files;
    int first = config_files_list(paths, &files);

    if (first < 0 && first != -ENOMEM) {
        char folder[512];

        snprintf(folder, sizeof(folder), "%s.d", paths->config);
        report_unreadable(builder, folder, first);
    }
    for (size_t i = 0; i < files.n_files && first != -ENOMEM; i++) {
        int r = bring_file(builder, &files.files[i]);

        if (first == 0 || r == -ENOMEM)
            first = r;
    }
    return first;
}

char *settings_dm_dir(const struct settings_paths *paths)
{
    size_t length;
    char *dir;

    if (paths->dm_dir || !paths->state_dir)
        return strdup(paths->dm_dir ? paths->dm_dir : "");
    length = strlen(paths->state_dir);
    while (length > 1 && paths->state_dir[length - 1] == '/')
        length--;
    return asprintf(&dir, "%.*s-dm", (int)length, paths->state_dir) < 0 ? NULL : dir;
}

static void cleanup_builder(struct builder **builder)
{
    builder_free(*builder);
}

/* staged: a policy's text that stands in no file yet; NULL: none. */
static int build(const struct settings_paths *paths, const char *dm_dir, const char *staged, builder_report report, void *userdata,
    struct settings **ret)
{
    _cleanup_(cleanup_builder) struct builder *builder = NULL;
    int r = builder_new(dm_dir, report, userdata, &builder), files_error;

    if (r < 0)
        return r;
    files_error = bring_files(builder, paths);
    if (files_error == -ENOMEM)
        return files_error;
    r = staged ? builder_add(builder, SETTINGS_POLICY_NAME, CONFIG_SOURCE_POLICY, staged, strlen(staged)) : 0;
    if (r >= 0)
        r = builder_finish(builder, ret);
    return files_error < 0 ? files_error : r;
}

int settings_load_reporting(
    const struct settings_paths *paths, builder_report report, void *userdata, struct settings **ret)
{
    _cleanup_free_ char *dm_dir = settings_dm_dir(paths);

    return dm_dir ? build(paths, dm_dir, NULL, report, userdata, ret) : -ENOMEM;
}

static void keep_first(void *userdata, const struct settings_error *error)
{
    struct settings_error *first = userdata;

    if (first->text[0] == '\0')
        *first = *error;
}

static int tell(int r, struct settings_error *error, struct settings_error *ret_error)
{
    if (r == 0)
        return 0;
    if (error->text[0] == '\0')
        snprintf(error->text, sizeof(error->text), "the configuration could not be read: %s", strerror(-r));
    *ret_error = *error;
    return r;
}

int settings_load(const struct settings_paths *paths, struct settings **ret, struct settings_error *ret_error)
{
    struct settings_error error = { .line = 0 };
    int r = settings_load_reporting(paths, keep_first, &error, ret);

    return tell(r, &error, ret_error);
}

int settings_load_staged(
    const struct settings_paths *paths, const char *policy, struct settings **ret, struct settings_error *ret_error)
{
    _cleanup_free_ char *dm_dir = settings_dm_dir(paths);
    struct settings_paths without_policy = *paths;
    struct settings_error error = { .line = 0 };
    int r;

    without_policy.state_dir = NULL;
    r = dm_dir ? build(&without_policy, dm_dir, policy, keep_first, &error, ret) : -ENOMEM;
    return tell(r, &error, ret_error);
}
