/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clock, certificate, key and CAs. Dates are judged as the core does: at the later of the clock and the newest time known to have passed.
 */
#include "base/cleanup.h"
#include "config/credentials.h"
#include "ctl/check_room.h"

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DAY_SEC   INT64_C(86400)
#define SOON_DAYS 14
#define KEY_GROUP "mvpn" /* mvpnd reads the enrolled key by this group */

static const char *format_day(int64_t at_sec, char *buf, size_t size)
{
    time_t t = (time_t)at_sec;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(buf, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        snprintf(buf, size, "%lld", (long long)at_sec);
    return buf;
}

void check_clock(struct check_run *run)
{
    char now[40], floor[40];

    run->floor_sec = MVPN_BUILD_TIME;
    if (run->now_sec >= run->floor_sec)
        check_report(
            run, "clock", CHECK_PASS, NULL, "The clock says %s.", format_day(run->now_sec, now, sizeof(now)));
    else
        check_report(run, "clock", CHECK_FAIL,
            "Set date and time; under lockdown no time server can be reached until the tunnel is up.",
            "The clock says %s, which is before mvpn was built (%s).",
            format_day(run->now_sec, now, sizeof(now)), format_day(run->floor_sec, floor, sizeof(floor)));
}

static void check_dates(const struct check_run *run, const struct credentials *credentials)
{
    int64_t now_sec = MAX_OF(run->now_sec, run->floor_sec), left_sec = credentials->not_after_sec - now_sec;
    const char *renew =
        "Enrol again ('mvpnctl enroll'), or put a new certificate in place and run 'mvpnctl reload'.";
    char day[40];

    if (credentials->not_after_sec == INT64_MAX)
        check_report(
            run, "certificate-dates", CHECK_PASS, NULL, "Not looked at: the certificate is in a token.");
    else if (now_sec < credentials->not_before_sec)
        check_report(run, "certificate-dates", CHECK_FAIL,
            "Set date and time of this device; if they are right, ask for a new certificate.",
            "The certificate is not valid before %s.",
            format_day(credentials->not_before_sec, day, sizeof(day)));
    else if (left_sec < 0)
        check_report(run, "certificate-dates", CHECK_FAIL, renew, "The certificate expired at %s.",
            format_day(credentials->not_after_sec, day, sizeof(day)));
    else if (left_sec < SOON_DAYS * DAY_SEC)
        check_report(run, "certificate-dates", CHECK_WARN, renew,
            "The certificate expires in %lld days, at %s.", (long long)(left_sec / DAY_SEC),
            format_day(credentials->not_after_sec, day, sizeof(day)));
    else
        check_report(run, "certificate-dates", CHECK_PASS, NULL, "Valid until %s (%lld days).",
            format_day(credentials->not_after_sec, day, sizeof(day)), (long long)(left_sec / DAY_SEC));
}

static bool is_key_group(gid_t gid)
{
    const struct group *group = getgrnam(KEY_GROUP);

    return group && group->gr_gid == gid;
}

static void check_key_mode(const struct check_run *run, const char *path)
{
    struct stat st;
    unsigned mode;

    if (strncmp(path, "pkcs11:", 7) == 0 || stat(path, &st) < 0)
        return;
    mode = (unsigned)st.st_mode & 0777;
    if (mode & 0007 || mode & 0020 || (mode & 0040 && !is_key_group(st.st_gid)))
        check_report(run, "key-file", CHECK_WARN,
            "Run 'chmod 0600' on it; if others were there, get a new key and certificate.",
            "The private key %s may be read or changed by others than its owner (mode %04o).", path, mode);
    else
        check_report(run, "key-file", CHECK_PASS, NULL, "The private key is readable by its owner%s only.",
            mode & 0040 ? " and mvpnd" : "");
}

static void report_good(const struct check_run *run, const struct credentials_report *report)
{
    if (report->subject[0])
        check_report(run, "certificate", CHECK_PASS, NULL, "%s.", report->subject);
    else
        check_report(run, "certificate", CHECK_PASS, NULL, "In a token; not opened here.");
    if (report->key_in_token)
        check_report(run, "private-key", CHECK_PASS, NULL, "In a token; not opened here.");
    else
        check_report(run, "private-key", CHECK_PASS, NULL, "Fits the certificate.");
    if (!report->chain_checked)
        return;
    if (report->chain_ok)
        check_report(run, "chain", CHECK_PASS, NULL,
            "The certificate was issued by one of our %u authorities.", report->n_cas);
    else
        check_report(run, "chain", CHECK_WARN,
            "Right only if the gateway's certificate comes from another authority than this device's.",
            "None of the %u authorities in CACertificates= issued this device's certificate, or an "
            "intermediate one is missing from its file.",
            report->n_cas);
}

static bool may_read(const struct check_run *run, const char *path)
{
    if (run->user == 0 || !path || strncmp(path, "pkcs11:", 7) == 0 || access(path, R_OK) == 0 ||
        errno != EACCES)
        return true;
    check_report(run, "private-key", CHECK_WARN, "Run 'mvpnctl check' as root.",
        "Not looked at: only root may read %s.", path);
    return false;
}

void check_credentials(struct check_run *run)
{
    struct credentials_report report;

    if (!run->settings || !run->settings->certificate || !run->settings->private_key ||
        !run->settings->ca_certificates)
        return; /* told by "complete" */
    if (!may_read(run, run->settings->private_key))
        return;
    if (credentials_judge(run->settings, &report) < 0) {
        check_report(run, "certificate", CHECK_FAIL, "Free some memory and try again.",
            "The certificate could not be looked at.");
        return;
    }
    if (report.credentials.problem == REASON_NONE)
        report_good(run, &report);
    else
        check_report_sentence(run,
            report.credentials.problem == REASON_KEY_MISMATCH ? "private-key" : "certificate", CHECK_FAIL,
            report.detail);
    if (report.credentials.not_after_sec != 0)
        check_dates(run, &report.credentials);
    check_key_mode(run, run->settings->private_key);
}
