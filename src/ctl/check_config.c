/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration's content: every error of every file, whether it is complete, and which openings in lockdown it makes.
 */
#include "config/files.h"
#include "config/load.h"
#include "ctl/check_room.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct error_count {
    const struct check_run *run;
    unsigned n_errors;
};

static void report_error(void *userdata, const struct settings_error *error)
{
    struct error_count *count = userdata;
    const char *advice = "Correct this, then run 'mvpnctl check' again; a running mvpnd keeps the "
                         "configuration it has until 'mvpnctl reload'.";

    count->n_errors++;
    if (error->line > 0)
        check_report(count->run, "configuration", CHECK_FAIL, advice, "%s:%u: %s", error->file, error->line,
            error->text);
    else
        check_report(count->run, "configuration", CHECK_FAIL, advice, "%s: %s", error->file, error->text);
}

static void report_files(const struct check_run *run)
{
    struct config_files files;
    char names[512] = "";
    size_t length = 0;

    config_files_list(run->paths, &files);
    for (size_t i = 0; i < files.n_files && length < sizeof(names); i++)
        length += (size_t)snprintf(
            names + length, sizeof(names) - length, "%s%s", i ? ", " : "", files.files[i].path);
    if (files.n_files == 0)
        check_report(run, "configuration", CHECK_WARN, "Write one, or enrol with 'mvpnctl enroll'.",
            "There is no configuration: neither %s nor drop-ins.", run->paths->config);
    else
        check_report(run, "configuration", CHECK_PASS, NULL, "No errors in %s.", names);
    config_files_free(&files);
}

/* "What is missing. What to do." */
static void report_incomplete(const struct check_run *run, const char *sentence)
{
    const char *end = strstr(sentence, ". ");

    if (end)
        check_report(run, "complete", CHECK_FAIL, end + 2, "%.*s.", (int)(end - sentence), sentence);
    else
        check_report(run, "complete", CHECK_FAIL, NULL, "%s", sentence);
}

/* Only root sees the state directory. What the administrator wrote can be judged without. */
static bool policy_is_hidden(const struct check_run *run)
{
    if (run->user == 0 || access(run->paths->state_dir, X_OK) == 0 || errno != EACCES)
        return false;
    check_report(run, "policy", CHECK_WARN, "Run 'mvpnctl check' as root.",
        "Not looked at: only root may read what the management server set (in %s).", run->paths->state_dir);
    return true;
}

void check_configuration(struct check_run *run)
{
    struct settings_paths paths = *run->paths;
    struct error_count count = { .run = run };
    const char *missing;

    if (policy_is_hidden(run))
        paths.state_dir = NULL;
    if (settings_load_reporting(&paths, report_error, &count, &run->settings) < 0) {
        run->settings = NULL;
        if (count.n_errors == 0)
            check_report(run, "configuration", CHECK_FAIL, "Free some memory and try again.",
                "The configuration could not be read.");
        return;
    }
    report_files(run);
    missing = settings_incomplete(run->settings);
    if (missing)
        report_incomplete(run, missing);
}

static void check_portal(const struct check_run *run)
{
    char program[512];
    struct stat st;

    snprintf(program, sizeof(program), "%.*s", (int)strcspn(run->settings->portal_command, " \t"),
        run->settings->portal_command);
    if (stat(program, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
        check_report(run, "portal-command", CHECK_FAIL,
            "Install it, or correct or empty PortalCommand= in [Lockdown].",
            "PortalCommand=: %s is not a program that can be run.", program);
    else if (st.st_uid != 0 || st.st_mode & 0022)
        check_report(run, "portal-command", CHECK_FAIL,
            "Give it to root and take the right to write away from everybody else (chown root, chmod go-w).",
            "PortalCommand=: %s can be changed by others than root, and whoever changes it gets a way round "
            "the tunnel.",
            program);
    else
        check_report(run, "portal-command", CHECK_PASS, NULL, "%s can be run.", program);
}

void check_openings(struct check_run *run)
{
    const struct policy *policy;

    if (!run->settings)
        return;
    policy = &run->settings->policy;
    for (uint32_t i = 0; i < policy->n_cellular_services; i++)
        check_report(run, "openings", CHECK_WARN,
            "Keep it only if this interface carries nothing but the carrier's own services (MMS, IMS).",
            "AllowCellularServices= leaves %s wholly open: whatever goes out there goes round the tunnel.",
            policy->cellular_services[i]);
    if (policy->allow_lan)
        check_report(run, "openings", CHECK_WARN, "Set AllowLAN=no where networks cannot be trusted.",
            "AllowLAN=yes: devices in the same network can be reached, and can reach this one, outside the "
            "tunnel.");
    if (run->settings->portal_command)
        check_portal(run);
}
