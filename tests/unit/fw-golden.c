/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Golden files of the firewall's tests, and diff(1) to show what is different.
 */
#include "unit/fw-golden.h"

#include "base/cleanup.h"
#include "fw/fw.h"
#include "support/test.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static char *read_golden(const char *path, char *buf, size_t size)
{
    _cleanup_fclose_ FILE *f = fopen(path, "re");
    size_t n;

    if (!f)
        return NULL;
    n = fread(buf, 1, size - 1, f);
    buf[n] = '\0';
    return buf;
}

static void write_golden(const char *path, const char *text)
{
    _cleanup_fclose_ FILE *f = fopen(path, "we");

    if (CHECK(f != NULL))
        CHECK(fputs(text, f) >= 0);
}

static void show_difference(const char *path, const char *text)
{
    char command[PATH_MAX + 32];
    FILE *diff;

    snprintf(command, sizeof(command), "diff -u '%s' - >&2", path);
    diff = popen(command, "we");
    if (!diff)
        return;
    fputs(text, diff);
    pclose(diff);
}

void fw_golden_check(const char *name, const char *ending, const char *text)
{
    char golden[FW_RULESET_MAX_BYTES], path[PATH_MAX];

    snprintf(path, sizeof(path), FW_GOLDEN_DIR "/%s.%s", name, ending);
    if (getenv("FW_GOLDEN_WRITE"))
        write_golden(path, text);
    if (CHECK(read_golden(path, golden, sizeof(golden)) != NULL) && !CHECK(strcmp(golden, text) == 0))
        show_difference(path, text);
}
