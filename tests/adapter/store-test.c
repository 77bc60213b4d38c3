/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store on real file systems: a directory that must be made, one that is read-only, one that is full. Needs root for mounts of its own
 * (skipped with 77 otherwise), in a mount namespace that ends with the test.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "store/store.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define STATE_DIR "state"

static struct store *open_store(void)
{
    struct store *store = NULL;

    CHECK_EQ(store_open(STATE_DIR, &store), 0);
    return store;
}

static void check_record(struct store *store, bool enabled, int64_t time_sec)
{
    struct store_record record = { 0 };

    CHECK_EQ(store_load(store, &record), 0);
    CHECK(record.known);
    CHECK_EQ(record.enabled, enabled);
    CHECK_EQ(record.newest_time_sec, time_sec);
}

/* A new tmpfs of this size as STATE_DIR. */
static void mount_state(const char *options)
{
    CHECK(mkdir(STATE_DIR, 0755) == 0 || errno == EEXIST);
    CHECK_EQ(mount("tmpfs", STATE_DIR, "tmpfs", 0, options), 0);
}

static void unmount_state(void)
{
    CHECK_EQ(umount(STATE_DIR), 0);
    CHECK_EQ(rmdir(STATE_DIR), 0);
}

static void directories_are_made_private(void)
{
    struct store *store = open_store();
    struct stat st;

    CHECK_EQ(stat(STATE_DIR, &st), 0);
    CHECK_EQ(st.st_mode, S_IFDIR | 0700);
    CHECK_EQ(stat(store_crl_dir(store), &st), 0);
    CHECK_EQ(st.st_mode, S_IFDIR | 0700);
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 5 }), 0);
    CHECK_EQ(stat(store_record_path(store), &st), 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0600);
    store_free(store);
    store = open_store();
    check_record(store, true, 5);
    store_free(store);
    CHECK_EQ(unlink(STATE_DIR "/record"), 0);
    CHECK_EQ(rmdir(STATE_DIR "/crls"), 0);
    CHECK_EQ(rmdir(STATE_DIR), 0);
}

static void no_parent_is_an_error(void)
{
    struct store *store = NULL;

    CHECK_EQ(store_open("missing/state", &store), -ENOENT);
    CHECK_EQ(store_open("/proc/self/status", &store), -ENOTDIR);
    CHECK(store == NULL);
}

static void read_only_directory(void)
{
    struct store *store;

    mount_state("size=1m,mode=700");
    store = open_store();
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 1 }), 0);
    CHECK_EQ(mount(NULL, STATE_DIR, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = false, .newest_time_sec = 2 }), -EROFS);
    check_record(store, true, 1);
    store_free(store);
    /* opening for reading still works */
    store = open_store();
    check_record(store, true, 1);
    store_free(store);
    unmount_state();
}

/* Until nothing goes in any more. */
static void fill_disk(void)
{
    static const char block[4096];
    _cleanup_close_ int fd = open(STATE_DIR "/ballast", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    CHECK(fd >= 0);
    while (write(fd, block, sizeof(block)) > 0)
        ;
    CHECK_EQ(errno, ENOSPC);
}

static void full_disk(void)
{
    struct store *store;
    struct stat st;

    mount_state("size=64k,mode=700");
    store = open_store();
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 1 }), 0);
    fill_disk();
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = false, .newest_time_sec = 2 }), -ENOSPC);
    check_record(store, true, 1);
    CHECK(stat(STATE_DIR "/record.new", &st) < 0 && errno == ENOENT);
    CHECK_EQ(unlink(STATE_DIR "/ballast"), 0);
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = false, .newest_time_sec = 2 }), 0);
    check_record(store, false, 2);
    store_free(store);
    unmount_state();
}

/* Killed at any moment of a loop of writes, by a real SIGKILL: what is there can be read. */
static void killed_while_writing(void)
{
    struct store *store;

    mount_state("size=1m,mode=700");
    store = open_store();
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = 1 }), 0);
    for (int i = 0; i < 50; i++) {
        struct store_record record = { 0 };
        pid_t child = fork();

        if (child == 0) {
            for (int64_t k = 1;; k++)
                store_save(store, &(struct store_record){ .enabled = true, .newest_time_sec = k });
        }
        usleep((useconds_t)(200 + 37 * i));
        kill(child, SIGKILL);
        CHECK_EQ(waitpid(child, NULL, 0), child);
        CHECK_EQ(store_load(store, &record), 0);
        CHECK(record.known && record.enabled && record.newest_time_sec >= 1);
    }
    CHECK_EQ(store_save(store, &(struct store_record){ .enabled = false, .newest_time_sec = 9 }), 0);
    check_record(store, false, 9);
    store_free(store);
    unmount_state();
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(directories_are_made_private),
        TEST(no_parent_is_an_error),
        TEST(read_only_directory),
        TEST(full_disk),
        TEST(killed_while_writing),
    };
    char folder[] = "/tmp/mvpn-store-XXXXXX";
    int r;

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        puts("skipped: needs root and a mount namespace");
        return 77;
    }
    if (!mkdtemp(folder) || chdir(folder) < 0)
        return 1;
    r = test_main(tests, ELEMENTSOF(tests), argc, argv);
    if (chdir("/") == 0)
        rmdir(folder);
    return r;
}
