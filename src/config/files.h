/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Which files the configuration is made of and in what order, and reading a file whole. Decides no content. Never writes, never waits: a pipe
 * or device under a file's name is refused.
 */
#include "config/builder.h"

struct config_file {
    char *path;
    enum config_source source;
};

/* Config, then `<config>.d/ *.conf` in byte order of their names, then `<state_dir>/policy.conf`: the later wins. */
struct config_files {
    struct config_file *files;
    size_t n_files;
};

/*
 * Only what exists (a link to nothing exists). 0, -ENOMEM, or the errno of a folder of drop-ins that cannot be listed: *ret is then filled
 * with the rest. config_files_free() in any case. paths->state_dir NULL: without a policy.
 */
int config_files_list(const struct settings_paths *paths, struct config_files *ret);
void config_files_free(struct config_files *files);

/* At most max_bytes, with a NUL behind the end. -EFBIG, -EISDIR, -ENODEV (neither a regular file nor /dev/null), or another errno. */
int read_whole_file(const char *path, size_t max_bytes, char **ret, size_t *ret_n_bytes);
