/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   write     NAME.mvpn-new is written and synced; what is at NAME becomes NAME.mvpn-saved as well (a second name, not a copy); NAME.mvpn-new
 *             becomes NAME. A crash before the last step leaves NAME as it was.
 *   restore   NAME.mvpn-saved becomes NAME; without one there was nothing, and NAME goes.
 *
 * Where NAME is a mount point of its own (a container, ip-netns(8)), no name can be given to anything: then contents are copied, in place.
 */
#include "sys/resolvfile.h"

#include "base/cleanup.h"
#include "base/io.h"
#include "base/macro.h"
#include "base/strbuf.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_MAX_BYTES 16384
#define MARKER         "# Written by mvpn, which puts the old file back when the VPN is disabled; sum "

static uint64_t sum_of(const char *text) /* FNV-1a: against edits, not against attacks */
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (const char *p = text; *p; p++)
        sum = (sum ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return sum;
}

/* Length, or negative errno; -EFBIG: too long for anything of ours. */
static ssize_t read_text(const char *path, char *buf, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    size_t n = 0;
    ssize_t got;

    if (fd < 0)
        return -errno;
    while ((got = read(fd, buf + n, size - n)) > 0)
        if ((n += (size_t)got) == size)
            return -EFBIG;
    if (got < 0)
        return -errno;
    buf[n] = '\0';
    return (ssize_t)n;
}

enum resolvfile_state resolvfile_look(const char *path)
{
    char text[TEXT_MAX_BYTES], wanted[32];
    const char *rest;

    if (read_text(path, text, sizeof(text)) < 0 || strncmp(text, MARKER, strlen(MARKER)) != 0)
        return RESOLVFILE_FOREIGN;
    rest = strchr(text, '\n');
    if (!rest)
        return RESOLVFILE_EDITED;
    snprintf(wanted, sizeof(wanted), "%016" PRIx64 "\n", sum_of(rest + 1));
    return strncmp(text + strlen(MARKER), wanted, strlen(wanted)) == 0 ? RESOLVFILE_OURS : RESOLVFILE_EDITED;
}

bool resolvfile_is_resolveds(const char *path)
{
    char text[TEXT_MAX_BYTES];
    ssize_t n = readlink(path, text, sizeof(text) - 1);

    if (n > 0) {
        text[n] = '\0';
        if (strstr(text, "systemd/resolve/"))
            return true;
    }
    return read_text(path, text, sizeof(text)) >= 0 && strstr(text, "nameserver 127.0.0.53") != NULL;
}

const char *resolvfile_saved_path(const char *path, char *buf, size_t size)
{
    snprintf(buf, size, "%s.mvpn-saved", path);
    return buf;
}

bool resolvfile_render(const struct dns *dns, char *buf, size_t size)
{
    char text[IP_ADDR_TEXT_SIZE];
    struct strbuf s;

    strbuf_init(&s, buf, size);
    for (uint32_t i = 0; i < dns->n_servers; i++)
        strbuf_add(&s, "nameserver %s\n", ip_addr_format(&dns->servers[i], text, sizeof(text)));
    for (uint32_t i = 0; i < dns->n_domains; i++)
        strbuf_add(&s, "%s%s%s", i == 0 ? "search " : " ", dns->domains[i], i + 1 == dns->n_domains ? "\n" : "");
    return !s.truncated;
}

static int write_text(int fd, const char *text)
{
    int r = io_write_all(fd, text, strlen(text));

    return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

/* A new file, readable for everybody whatever the daemon's umask is. */
static int create(const char *path, const char *text)
{
    _cleanup_close_ int fd = -1;
    int r;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    r = write_text(fd, text);
    if (r >= 0 && fchmod(fd, 0644) < 0)
        r = -errno;
    if (r < 0)
        (void)unlink(path);
    return r;
}

static int overwrite(const char *path, const char *text)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    return fd < 0 ? -errno : write_text(fd, text);
}

static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    char *slash;
    _cleanup_close_ int fd = -1;

    snprintf(folder, sizeof(folder), "%s", path);
    slash = strrchr(folder, '/');
    if (!slash)
        return;
    *slash = '\0';
    fd = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

/* What is at path gets a second name. -ENOENT: nothing is there. */
static int save(const char *path, const char *saved)
{
    char text[TEXT_MAX_BYTES];
    ssize_t n;

    (void)unlink(saved);
    if (linkat(AT_FDCWD, path, AT_FDCWD, saved, 0) == 0)
        return 0;
    if (errno == ENOENT)
        return -ENOENT;
    n = read_text(path, text, sizeof(text)); /* a mount point, or a file system without links */
    return n < 0 ? (int)n : create(saved, text);
}

static int put_in_place(const char *path, const char *fresh, const char *text)
{
    int r;

    if (rename(fresh, path) == 0)
        return 0;
    r = errno == EBUSY || errno == EXDEV ? overwrite(path, text) : -errno;
    (void)unlink(fresh);
    return r;
}

int resolvfile_write(const char *path, const struct dns *dns)
{
    char rest[TEXT_MAX_BYTES / 2], text[TEXT_MAX_BYTES], saved[PATH_MAX], fresh[PATH_MAX];
    int r;

    if (!resolvfile_render(dns, rest, sizeof(rest)))
        return -EFBIG;
    snprintf(text, sizeof(text), MARKER "%016" PRIx64 "\n%s", sum_of(rest), rest);
    snprintf(fresh, sizeof(fresh), "%s.mvpn-new", path);
    resolvfile_saved_path(path, saved, sizeof(saved));
    r = create(fresh, text);
    if (r < 0)
        return r;
    if (resolvfile_look(path) != RESOLVFILE_OURS) {
        r = save(path, saved);
        if (r < 0 && r != -ENOENT) {
            (void)unlink(fresh);
            return r;
        }
    }
    r = put_in_place(path, fresh, text);
    sync_folder(path);
    return r;
}

static int put_back(const char *path, const char *saved)
{
    char text[TEXT_MAX_BYTES];
    ssize_t n;
    int r;

    if (rename(saved, path) == 0)
        return 1;
    if (errno == ENOENT)
        return unlink(path) < 0 && errno != ENOENT ? -errno : 1;
    if (errno != EBUSY && errno != EXDEV)
        return -errno;
    n = read_text(saved, text, sizeof(text));
    r = n < 0 ? (int)n : overwrite(path, text);
    if (r >= 0)
        (void)unlink(saved);
    return r < 0 ? r : 1;
}

int resolvfile_restore(const char *path)
{
    char saved[PATH_MAX];
    int r = 0;

    resolvfile_saved_path(path, saved, sizeof(saved));
    switch (resolvfile_look(path)) {
    case RESOLVFILE_OURS:
        r = put_back(path, saved);
        break;
    case RESOLVFILE_FOREIGN: /* somebody has replaced ours, or the crash came before it was there */
        (void)unlink(saved);
        return 0;
    case RESOLVFILE_EDITED: /* theirs now; the old one stays beside it */
        return 0;
    }
    sync_folder(path);
    return r;
}
