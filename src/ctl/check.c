/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the checks and the command around them: what a person mends first comes first. Collects all findings, then prints.
 */
#include "ctl/check.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/macro.h"
#include "ctl/check_room.h"
#include "ctl/term.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

/* ---- making findings ---- */

void check_report(const struct check_run *run, const char *check, enum check_result result,
    const char *advice, const char *detail, ...)
{
    struct check_finding finding = { .check = check, .result = result };
    va_list ap;

    va_start(ap, detail);
    vsnprintf(finding.detail, sizeof(finding.detail), detail, ap);
    va_end(ap);
    snprintf(finding.advice, sizeof(finding.advice), "%s", advice ? advice : "");
    text_make_printable(finding.detail);
    text_make_printable(finding.advice);
    run->callback(run->userdata, &finding);
}

void check_report_sentence(
    const struct check_run *run, const char *check, enum check_result result, const char *sentence)
{
    const char *split = NULL;
    char advice[sizeof(((struct check_finding *)0)->advice)] = "";

    for (const char *p = strstr(sentence, ": "); p; p = strstr(p + 1, ": "))
        split = p;
    if (!split) {
        check_report(run, check, result, NULL, "%s", sentence);
        return;
    }
    snprintf(advice, sizeof(advice), "%s", split + 2);
    if (advice[0] >= 'a' && advice[0] <= 'z')
        advice[0] = (char)(advice[0] - 'a' + 'A');
    check_report(run, check, result, advice, "%.*s.", (int)(split - sentence), sentence);
}

bool check_report_untried(const struct check_run *run, const char *check, int error)
{
    if (error == -EPERM)
        check_report(run, check, CHECK_WARN, "Run 'mvpnctl check' as root.",
            "Not tried: this user may not make a network namespace.");
    else if (error == -ETIMEDOUT)
        check_report(run, check, CHECK_WARN, "Try again when the machine has less to do.",
            "Not tried: no answer in time.");
    return error == -EPERM || error == -ETIMEDOUT;
}

/* ---- files of the system ---- */

void check_path(const struct check_run *run, const char *path, char *buf, size_t size)
{
    snprintf(buf, size, "%s%s", run->root, path);
}

bool check_exists(const struct check_run *run, const char *path)
{
    char whole[512];

    check_path(run, path, whole, sizeof(whole));
    return access(whole, F_OK) == 0;
}

size_t check_read(const struct check_run *run, const char *path, char *buf, size_t size)
{
    char whole[512];
    _cleanup_close_ int fd = -1;
    size_t n = 0;

    check_path(run, path, whole, sizeof(whole));
    fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd >= 0 && n < size - 1) {
        ssize_t got = read(fd, buf + n, size - 1 - n);

        if (got <= 0)
            break;
        n += (size_t)got;
    }
    buf[n] = '\0';
    return n;
}

/* ---- the run ---- */

int check_run_all(const struct settings_paths *paths, check_callback callback, void *userdata)
{
    static void (*const rooms[])(struct check_run *) = { check_configuration, check_daemon_status,
        check_files, check_openings, check_clock, check_credentials, check_kernel, check_libraries,
        check_boot, check_gateway, check_programs, check_services, check_firewalls, check_routing };
    struct check_run run = {
        .paths = paths,
        .root = "",
        .callback = callback,
        .userdata = userdata,
        .user = geteuid(),
        .now_sec = clock_realtime_sec(),
    };

    for (size_t i = 0; i < ELEMENTSOF(rooms); i++)
        rooms[i](&run);
    settings_free(run.settings);
    return 0;
}

struct collection {
    struct check_list list;
    bool short_of_memory;
};

static void collect(void *userdata, const struct check_finding *finding)
{
    struct collection *collection = userdata;
    struct check_finding *grown =
        reallocarray(collection->list.findings, collection->list.n_findings + 1, sizeof(*grown));

    if (!grown) {
        collection->short_of_memory = true;
        return;
    }
    collection->list.findings = grown;
    grown[collection->list.n_findings++] = *finding;
}

static bool any_failed(const struct check_list *list)
{
    for (size_t i = 0; i < list->n_findings; i++)
        if (list->findings[i].result == CHECK_FAIL)
            return true;
    return false;
}

int ctl_check(const struct settings_paths *paths, bool json, bool color)
{
    struct collection collection = { .short_of_memory = false };
    struct term term;
    int r = check_run_all(paths, collect, &collection);

    term_init(&term);
    term.color = color;
    if (json)
        r = check_print_json(&collection.list) < 0 ? -ENOMEM : r;
    else
        check_print(&collection.list, &term, term.is_tty ? term.columns : 0);
    r = r < 0 || collection.short_of_memory || any_failed(&collection.list);
    free(collection.list.findings);
    return r;
}
