/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owners, permissions and room of mvpn's own files: who can change the configuration can open lockdown; a state directory that cannot be
 * written forgets whether the VPN is on. And what happens at boot.
 */
#include "base/cleanup.h"
#include "config/files.h"
#include "ctl/check_room.h"

#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define ROOM_MIN_BYTES (1024 * 1024)

/* A file or folder that only root may change; a sticky folder (/tmp) lets nobody replace root's files. Counts what is wrong. */
static unsigned judge_owner(const struct check_run *run, const char *path, bool folder)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return 0;
    if (st.st_mode & 0022 && !(folder && st.st_mode & S_ISVTX)) {
        check_report(run, "config-files", CHECK_FAIL, "Run 'chmod go-w' on it.",
            "%s can be changed by others than its owner (mode %04o): they could "
            "open lockdown.",
            path, (unsigned)st.st_mode & 07777);
        return 1;
    }
    if (st.st_uid != 0) {
        check_report(run, "config-files", CHECK_WARN, "Run 'chown root' on it.",
            "%s belongs to user %u and not to root: that user can open lockdown.", path, (unsigned)st.st_uid);
        return 1;
    }
    return 0;
}

static unsigned judge_folder_of(const struct check_run *run, const char *path)
{
    _cleanup_free_ char *copy = strdup(path);

    return copy ? judge_owner(run, dirname(copy), true) : 0;
}

/* A token's PIN stands in a file that everybody may read? */
static unsigned judge_pin(const struct check_run *run, const char *path)
{
    _cleanup_free_ char *bytes = NULL;
    size_t n_bytes;
    struct stat st;

    if (stat(path, &st) < 0 || !(st.st_mode & 0044) ||
        read_whole_file(path, 256 * 1024, &bytes, &n_bytes) < 0)
        return 0;
    if (!strstr(bytes, "pin-value="))
        return 0;
    check_report(run, "config-files", CHECK_WARN, "Run 'chmod 0600' on it.",
        "%s holds the PIN of a token (pin-value=) and others may read it.", path);
    return 1;
}

static void check_config_files(const struct check_run *run)
{
    struct config_files files;
    char drop_ins[512];
    unsigned n_wrong = 0;

    snprintf(drop_ins, sizeof(drop_ins), "%s.d", run->paths->config);
    n_wrong += judge_folder_of(run, run->paths->config);
    n_wrong += judge_owner(run, drop_ins, true);
    config_files_list(run->paths, &files);
    for (size_t i = 0; i < files.n_files; i++)
        n_wrong += judge_owner(run, files.files[i].path, false) + judge_pin(run, files.files[i].path);
    if (n_wrong == 0 && files.n_files > 0)
        check_report(run, "config-files", CHECK_PASS, NULL, "Only root can change the configuration.");
    config_files_free(&files);
}

static bool check_room_left(const struct check_run *run, const char *dir)
{
    struct statvfs vfs;

    if (statvfs(dir, &vfs) < 0)
        return true;
    if (vfs.f_flag & ST_RDONLY) {
        check_report(run, "state-directory", CHECK_FAIL,
            "Mount it writable, or give mvpnd another by --state-dir.",
            "%s is on a read-only file system: mvpnd cannot remember whether the VPN is on.", dir);
        return false;
    }
    if ((uint64_t)vfs.f_bavail * vfs.f_frsize < ROOM_MIN_BYTES) {
        check_report(run, "state-directory", CHECK_FAIL, "Free some space there.",
            "The file system of %s is full: mvpnd cannot remember whether the VPN "
            "is on.",
            dir);
        return false;
    }
    return true;
}

static void check_state_directory(const struct check_run *run)
{
    const char *dir = run->paths->state_dir;
    struct stat st;

    if (stat(dir, &st) < 0 && errno == ENOENT) {
        check_report(run, "state-directory", CHECK_PASS, NULL,
            "%s is not there yet; mvpnd makes it when it starts.", dir);
        return;
    }
    if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
        check_report(run, "state-directory", CHECK_FAIL, "Put a folder of root's with mode 0700 there.",
            "%s is not a folder that can be used: %s.", dir, strerror(errno ? errno : ENOTDIR));
        return;
    }
    if (st.st_mode & 0077)
        check_report(run, "state-directory", CHECK_WARN, "Run 'chmod 0700' on it.",
            "%s is open to others than its owner (mode %04o).", dir, (unsigned)st.st_mode & 07777);
    else if (st.st_uid != 0 && run->user == 0)
        check_report(run, "state-directory", CHECK_WARN, "Run 'chown root' on it.",
            "%s belongs to user %u and not to root.", dir, (unsigned)st.st_uid);
    else if (check_room_left(run, dir))
        check_report(run, "state-directory", CHECK_PASS, NULL, "%s is private and can be written.", dir);
}

void check_files(struct check_run *run)
{
    check_config_files(run);
    check_state_directory(run);
}

/* Without the early service there is internet between power-on and the start of mvpnd. */
void check_boot(struct check_run *run)
{
    if (!check_exists(run, "/run/systemd/system"))
        return; /* another init: nothing known */
    if (check_exists(run, "/etc/systemd/system/sysinit.target.wants/mvpnd-lockdown.service"))
        check_report(run, "boot", CHECK_PASS, NULL, "Lockdown is put in place before any network comes up.");
    else
        check_report(run, "boot", CHECK_WARN, "Run 'systemctl enable mvpnd-lockdown.service mvpnd.service'.",
            "mvpnd-lockdown.service is not enabled: at boot there is internet outside the tunnel until mvpnd "
            "runs.");
}
