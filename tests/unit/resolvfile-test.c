/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/resolv.conf written and put back: a file, a link, a link to nowhere, nothing at all; edits that stay; what a crash between two steps
 * leaves; and that the resolver for the gateway's name reads what was there before.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/test.h"
#include "sys/nmcheck.h"
#include "sys/resolvconf.h"
#include "sys/resolvfile.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#define OLD "# mine\nsearch home\nnameserver 192.168.1.1\n"

static char folder[64], path[PATH_MAX / 2], saved[PATH_MAX], other[PATH_MAX / 2];

static void begin(void)
{
    snprintf(folder, sizeof(folder), "/tmp/mvpn-resolvfile-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/resolv.conf", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    resolvfile_saved_path(path, saved, sizeof(saved));
}

static void end(void)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -r %s", folder);
    CHECK_EQ(system(command), 0);
}

static void write_text(const char *name, const char *mode, const char *text)
{
    _cleanup_fclose_ FILE *f = fopen(name, mode);

    CHECK(f && fputs(text, f) >= 0);
}

static const char *read_text(const char *name)
{
    static char text[4096];
    _cleanup_fclose_ FILE *f = fopen(name, "re");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    text[n] = '\0';
    return text;
}

static struct dns corp(void)
{
    struct dns dns = { .active = true, .n_servers = 1, .n_domains = 2, .domains = { "corp.example.com", "example.org" } };

    ip_addr_parse("10.1.0.53", &dns.servers[0]);
    return dns;
}

static bool is_there(const char *name)
{
    struct stat st;

    return lstat(name, &st) == 0;
}

static void a_file(void)
{
    struct dns dns = corp();
    struct stat before, after;

    begin();
    write_text(path, "we", OLD);
    CHECK(chmod(path, 0640) == 0 && stat(path, &before) == 0);
    CHECK_EQ(resolvfile_look(path), RESOLVFILE_FOREIGN);
    CHECK_EQ(resolvfile_write(path, &dns), 0);
    CHECK_EQ(resolvfile_look(path), RESOLVFILE_OURS);
    CHECK(strstr(read_text(path), "\nnameserver 10.1.0.53\nsearch corp.example.com example.org\n") != NULL);
    dns.n_servers = 0;
    CHECK_EQ(resolvfile_write(path, &dns), 0); /* another one of ours: the old one stays saved */
    CHECK_EQ(resolvfile_restore(path), 1);
    CHECK_STR(read_text(path), OLD);
    CHECK(stat(path, &after) == 0 && after.st_ino == before.st_ino && after.st_mode == before.st_mode);
    CHECK(!is_there(saved));
    CHECK_EQ(resolvfile_restore(path), 0);
    end();
}

static void a_link(void)
{
    static const bool dangling[] = { false, true };

    for (size_t i = 0; i < ELEMENTSOF(dangling); i++) {
        struct dns dns = corp();
        char target[PATH_MAX] = "";

        begin();
        if (!dangling[i])
            write_text(other, "we", OLD);
        CHECK(symlink(other, path) == 0);
        CHECK_EQ(resolvfile_write(path, &dns), 0);
        CHECK_EQ(resolvfile_look(path), RESOLVFILE_OURS);
        CHECK_EQ(is_there(other), !dangling[i]); /* nothing is written through it */
        CHECK_EQ(resolvfile_restore(path), 1);
        CHECK(readlink(path, target, sizeof(target) - 1) > 0);
        CHECK_STR(target, other);
        if (!dangling[i])
            CHECK_STR(read_text(other), OLD);
        end();
    }
}

static void nothing(void)
{
    struct dns dns = corp();

    begin();
    CHECK_EQ(resolvfile_write(path, &dns), 0);
    CHECK_EQ(resolvfile_look(path), RESOLVFILE_OURS);
    CHECK_EQ(resolvfile_restore(path), 1);
    CHECK(!is_there(path) && !is_there(saved));
    end();
}

static void an_edit_stays(void)
{
    struct dns dns = corp();

    begin();
    write_text(path, "we", OLD);
    CHECK_EQ(resolvfile_write(path, &dns), 0);
    write_text(path, "ae", "options edns0\n");
    CHECK_EQ(resolvfile_look(path), RESOLVFILE_EDITED);
    CHECK_EQ(resolvfile_restore(path), 0);
    CHECK(strstr(read_text(path), "options edns0") != NULL);
    CHECK_STR(read_text(saved), OLD);
    end();
}

static void somebody_elses_file_stays(void)
{
    struct dns dns = corp();

    begin();
    write_text(path, "we", OLD);
    CHECK_EQ(resolvfile_write(path, &dns), 0);
    CHECK(unlink(path) == 0);
    write_text(path, "we", "nameserver 192.168.2.1\n");
    CHECK_EQ(resolvfile_restore(path), 0);
    CHECK_STR(read_text(path), "nameserver 192.168.2.1\n");
    CHECK(!is_there(saved));
    end();
}

/* Before the last step of writing: the old file has two names. */
static void a_crash_before_it_was_ours(void)
{
    begin();
    write_text(path, "we", OLD);
    CHECK(link(path, saved) == 0);
    CHECK_EQ(resolvfile_restore(path), 0);
    CHECK_STR(read_text(path), OLD);
    CHECK(!is_there(saved));
    end();
}

static void what_is_not_ours(void)
{
    static const char *const texts[] = { "", "nameserver 192.168.1.1\n", "#", "# Written by mvpn" };

    begin();
    CHECK_EQ(resolvfile_look(path), RESOLVFILE_FOREIGN);
    for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
        write_text(path, "we", texts[i]);
        CHECK_EQ(resolvfile_look(path), RESOLVFILE_FOREIGN);
    }
    CHECK(mkdir(other, 0700) == 0);
    CHECK_EQ(resolvfile_look(other), RESOLVFILE_FOREIGN);
    end();
}

static void resolveds_own(void)
{
    begin();
    CHECK(!resolvfile_is_resolveds(path));
    write_text(path, "we", OLD);
    CHECK(!resolvfile_is_resolveds(path));
    write_text(path, "we", "nameserver 127.0.0.53\noptions edns0\n");
    CHECK(resolvfile_is_resolveds(path));
    CHECK(unlink(path) == 0 && symlink("../run/systemd/resolve/stub-resolv.conf", path) == 0);
    CHECK(resolvfile_is_resolveds(path));
    CHECK(unlink(path) == 0 && symlink("../run/NetworkManager/resolv.conf", path) == 0);
    CHECK(!resolvfile_is_resolveds(path));
    end();
}

static void a_folder_that_cannot_be_written(void)
{
    struct dns dns = corp();

    CHECK(resolvfile_write("/nonexistent/resolv.conf", &dns) < 0);
    CHECK_EQ(resolvfile_restore("/nonexistent/resolv.conf"), 0);
}

static void gateways_are_asked_of_the_old_servers(void)
{
    const struct resolvconf_paths paths = { .resolv_conf = path };
    struct resolved list = { 0 };
    struct dns dns = corp();
    char text[IP_ADDR_TEXT_SIZE];

    begin();
    write_text(path, "we", OLD);
    CHECK_EQ(resolvfile_write(path, &dns), 0);
    resolvconf_read(&paths, "wlan0", &list);
    if (CHECK_EQ(list.n_addrs, 1))
        CHECK_STR(ip_addr_format(&list.addrs[0], text, sizeof(text)), "192.168.1.1");
    end();
}

static void the_check_is_remembered(void)
{
    begin();
    CHECK(!nmcheck_is_remembered(folder));
    CHECK_EQ(nmcheck_remember(folder), 0);
    CHECK_EQ(nmcheck_remember(folder), 0);
    CHECK(nmcheck_is_remembered(folder));
    nmcheck_forget(folder);
    CHECK(!nmcheck_is_remembered(folder));
    CHECK(nmcheck_remember("/nonexistent") < 0);
    CHECK(!nmcheck_is_remembered("/nonexistent"));
    end();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_file),
        TEST(a_link),
        TEST(nothing),
        TEST(an_edit_stays),
        TEST(somebody_elses_file_stays),
        TEST(a_crash_before_it_was_ours),
        TEST(what_is_not_ours),
        TEST(resolveds_own),
        TEST(a_folder_that_cannot_be_written),
        TEST(gateways_are_asked_of_the_old_servers),
        TEST(the_check_is_remembered),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
