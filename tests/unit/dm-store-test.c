/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The account on disk: what is written is read back, and a power cut between any two steps leaves the old account or the new one, whole.
 * The steps of disk.c are wrapped by the linker: after the n-th none does anything any more.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/account.h"
#include "dm/disk.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static unsigned n_steps, n_steps_max = UINT32_MAX;

static bool has_power(void)
{
    return n_steps++ < n_steps_max;
}

#define WRAPPED(name, parameters, arguments)           \
    int __real_##name parameters;                      \
    int __wrap_##name parameters;                      \
    int __wrap_##name parameters                       \
    {                                                  \
        return has_power() ? __real_##name arguments : -EIO; \
    }

WRAPPED(disk_make_dir, (int dir_fd, const char *path, mode_t mode), (dir_fd, path, mode))
WRAPPED(disk_write, (int dir_fd, const char *path, const void *bytes, size_t n, mode_t mode), (dir_fd, path, bytes, n, mode))
WRAPPED(disk_link, (int dir_fd, const char *from, const char *to), (dir_fd, from, to))
WRAPPED(disk_symlink, (int dir_fd, const char *target, const char *path), (dir_fd, target, path))
WRAPPED(disk_rename, (int dir_fd, const char *from, const char *to), (dir_fd, from, to))
WRAPPED(disk_remove, (int dir_fd, const char *path), (dir_fd, path))
WRAPPED(disk_sync_dir, (int dir_fd, const char *path), (dir_fd, path))
WRAPPED(disk_remove_tree, (int dir_fd, const char *path), (dir_fd, path))

static char dir[64];

static void fresh_dir(void)
{
    strcpy(dir, "/tmp/mvpn-dm-store.XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
}

static void remove_dir(void)
{
    CHECK_EQ(disk_remove_tree(AT_FDCWD, dir), 0);
}

static struct dm_account account_of(unsigned serial)
{
    struct dm_account account = { .method = "est", .server = "https://est.example.com:8443", .device = "handset-1", .serial = serial,
        .expires_at_sec = 1800000000 };

    snprintf(account.name, sizeof(account.name), "device-%u", serial);
    if (serial > 1)
        snprintf(account.previous, sizeof(account.previous), "device-%u", serial - 1);
    return account;
}

static int commit(struct dm_store *store, unsigned serial)
{
    struct dm_account account = account_of(serial);
    char cert[64], key[64], body[32];

    snprintf(cert, sizeof(cert), "certs/device-%u.pem", serial);
    snprintf(key, sizeof(key), "keys/device-%u.key", serial);
    snprintf(body, sizeof(body), "body %u\n", serial);
    return dm_store_commit(store, &account,
        (const struct dm_account_file[]){ { cert, body, strlen(body), 0640 }, { key, body, strlen(body), 0640 } }, 2);
}

/* Everything that the account names is there; its serial, 0: not enrolled. */
static unsigned look(void)
{
    struct dm_store *store = NULL;
    struct dm_account account;
    unsigned serial = 0;
    int r;

    if (!CHECK_EQ(dm_store_open(dir, &store), 0))
        return 99;
    r = dm_store_load(store, &account);
    CHECK(r == 0 || r == -ENOENT);
    for (unsigned i = 1; r == 0 && i <= account.serial; i++) {
        _cleanup_free_ char *text = NULL;
        char path[64];
        size_t n;

        snprintf(path, sizeof(path), "keys/device-%u.key", i);
        CHECK_EQ(dm_store_read(store, path, &text, &n), 0);
        serial = account.serial;
    }
    dm_store_free(store);
    return serial;
}

static void reads_what_was_written(void)
{
    struct dm_account account = account_of(3), again;
    char text[4096];

    CHECK_EQ(dm_account_format(&account, text, sizeof(text)), 0);
    CHECK_EQ(dm_account_parse(text, strlen(text), &again), 0);
    CHECK_STR(again.server, account.server);
    CHECK_STR(again.previous, "device-2");
    CHECK_EQ(again.expires_at_sec, account.expires_at_sec);
    for (size_t n = 0; n < strlen(text); n++)
        CHECK_EQ(dm_account_parse(text, n, &again), -EBADMSG); /* any part of it is not whole */
    strcpy(account.server, "https://a\nname=b");
    CHECK_EQ(dm_account_format(&account, text, sizeof(text)), -EINVAL);
}

static void a_power_cut_leaves_old_or_new(void)
{
    unsigned n = 0, n_old = 0, n_new = 0;
    int r = -EIO;

    for (; r < 0 && n < 200; n++) {
        struct dm_store *store = NULL;
        unsigned found;

        fresh_dir();
        n_steps_max = UINT32_MAX;
        CHECK_EQ(dm_store_open(dir, &store), 0);
        CHECK_EQ(commit(store, 1), 0);
        n_steps = 0;
        n_steps_max = n;
        r = commit(store, 2);
        dm_store_free(store);
        n_steps_max = UINT32_MAX;
        test_context("power cut after step %u", n);
        found = look();
        CHECK(found == 1 || found == 2);
        *(found == 1 ? &n_old : &n_new) += 1;
        CHECK(r == 0 ? found == 2 : true);
        CHECK_EQ(look(), found); /* what was left was cleared away, and nothing else */
        remove_dir();
    }
    CHECK_GE(n_old, 15);
    CHECK_GE(n_new, 1);
}

static void a_power_cut_while_unenrolling_leaves_old_or_none(void)
{
    int r = -EIO;

    for (unsigned n = 0; r < 0 && n < 100; n++) {
        struct dm_store *store = NULL;
        unsigned found;

        fresh_dir();
        n_steps_max = UINT32_MAX;
        CHECK_EQ(dm_store_open(dir, &store), 0);
        CHECK_EQ(commit(store, 1), 0);
        n_steps = 0;
        n_steps_max = n;
        r = dm_store_remove(store);
        dm_store_free(store);
        n_steps_max = UINT32_MAX;
        test_context("power cut after step %u", n);
        found = look();
        CHECK(found == 1 || found == 0);
        CHECK(r == 0 ? found == 0 : true);
        remove_dir();
    }
    CHECK_EQ(r, 0);
}

static void what_is_dropped_is_gone(void)
{
    struct dm_store *store = NULL;
    struct dm_account account = account_of(2);
    char path[128];
    struct stat st;

    fresh_dir();
    CHECK_EQ(dm_store_open(dir, &store), 0);
    CHECK_EQ(commit(store, 1), 0);
    CHECK_EQ(commit(store, 2), 0);
    snprintf(path, sizeof(path), "%s/keys/device-1.key", dir);
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(st.st_mode & 0777, 0640);
    CHECK_EQ(dm_store_commit(store, &account, (const struct dm_account_file[]){ { "keys/device-1.key", NULL, 0, 0 } }, 1), 0);
    CHECK_EQ(stat(path, &st), -1);
    snprintf(path, sizeof(path), "%s/keys/device-2.key", dir);
    CHECK_EQ(stat(path, &st), 0);
    CHECK_EQ(dm_store_remove(store), 0);
    CHECK_EQ(rmdir(dir), 0); /* not a single file is left */
    dm_store_free(store);
}

static const struct test tests[] = { TEST(reads_what_was_written), TEST(a_power_cut_leaves_old_or_new),
    TEST(a_power_cut_while_unenrolling_leaves_old_or_none), TEST(what_is_dropped_is_gone) };

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
