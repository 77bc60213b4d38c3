/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolv.conf as people and programs write it: which servers it gives, and when another file stands behind it. Never a loopback address.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "support/test.h"
#include "sys/resolvconf.h"

#include <limits.h>

static void check_list(const struct resolved *list, const char *want)
{
    char got[1024] = "", text[IP_ADDR_TEXT_SIZE];
    size_t at = 0;

    for (uint32_t i = 0; i < list->n_addrs; i++)
        at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%s", i ? " " : "", ip_addr_format(&list->addrs[i], text, sizeof(text)));
    CHECK_STR(got, want);
}

static void texts(void)
{
    static const struct {
        const char *text, *want;
        bool stub;
    } ROWS[] = {
        { "", "", false },
        { "nameserver 192.0.2.1\n", "192.0.2.1", false },
        { "nameserver 192.0.2.1", "192.0.2.1", false },
        { "# nameserver 192.0.2.9\n;nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.1\noptions edns0\n", "192.0.2.1", false },
        { "nameserver\t192.0.2.1  \r\n nameserver   2001:db8::1 # ours\n", "192.0.2.1 2001:db8::1", false },
        { "nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n", "192.0.2.1 192.0.2.2", false },
        { "nameserver 127.0.0.53\n", "", true },
        { "nameserver ::1\n", "", true },
        { "nameserver 127.0.0.1\nnameserver 192.0.2.1\n", "192.0.2.1", true },
        { "nameserver fe80::1%wlan0\nnameserver fe80::2%eth0\nnameserver fe80::3\n", "fe80::1 fe80::3", false },
        { "nameserver 0.0.0.0\nnameserver ::\nnameserver 224.0.0.1\nnameserver ff02::1\n", "", false },
        { "nameserver\nnameserver one.example\nnameservers 192.0.2.1\nnameserver 192.0.2.300\n", "", false },
        { "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\nnameserver 192.0.2.5\n"
          "nameserver 192.0.2.6\nnameserver 192.0.2.7\nnameserver 192.0.2.8\nnameserver 192.0.2.9\n",
            "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8", false },
    };

    for (size_t i = 0; i < ELEMENTSOF(ROWS); i++) {
        struct resolved list = { 0 };
        bool has_stub;

        test_context("row %zu", i);
        resolvconf_parse(ROWS[i].text, "wlan0", &list, &has_stub);
        check_list(&list, ROWS[i].want);
        CHECK_EQ(has_stub, ROWS[i].stub);
    }
}

static void long_lines_and_files(void)
{
    static char text[40000];
    struct resolved list = { 0 };
    bool has_stub;

    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "nameserver ", 11);
    memcpy(text + 30000, "\nnameserver 192.0.2.1\n", 22);
    resolvconf_parse(text, "wlan0", &list, &has_stub);
    check_list(&list, "192.0.2.1");
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_MAX];
    _cleanup_fclose_ FILE *f = NULL;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "we");
    if (CHECK(f != NULL))
        fputs(text, f);
}

static void check_files(const char *folder, const char *want)
{
    char paths[3][PATH_MAX];
    struct resolvconf_paths p = { paths[0], { paths[1], paths[2] } };
    struct resolved list = { 0 };

    snprintf(paths[0], PATH_MAX, "%s/resolv.conf", folder);
    snprintf(paths[1], PATH_MAX, "%s/resolved", folder);
    snprintf(paths[2], PATH_MAX, "%s/nm", folder);
    resolvconf_read(&p, "wlan0", &list);
    check_list(&list, want);
}

static void files_behind_a_stub(void)
{
    char folder[] = "/tmp/mvpn-resolvconf-XXXXXX", command[64];

    if (!CHECK(mkdtemp(folder) != NULL))
        return;
    check_files(folder, "");
    write_file(folder, "resolved", "nameserver 192.0.2.2\n");
    check_files(folder, "");
    write_file(folder, "resolv.conf", "nameserver 192.0.2.1\n");
    check_files(folder, "192.0.2.1");
    write_file(folder, "resolv.conf", "nameserver 127.0.0.53\noptions edns0 trust-ad\n");
    check_files(folder, "192.0.2.2");
    write_file(folder, "resolved", "nameserver 127.0.0.53\n");
    check_files(folder, "");
    write_file(folder, "nm", "nameserver 192.0.2.3\n");
    check_files(folder, "192.0.2.3");
    write_file(folder, "resolv.conf", "nameserver 127.0.0.53\nnameserver 192.0.2.1\n");
    check_files(folder, "192.0.2.1");
    write_file(folder, "resolv.conf", "search example\n");
    check_files(folder, "");
    snprintf(command, sizeof(command), "rm -r %s", folder);
    CHECK_EQ(system(command), 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(texts),
        TEST(long_lines_and_files),
        TEST(files_behind_a_stub),
    };

    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
