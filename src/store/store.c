/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of steps that makes a write all or nothing: temporary file, its data on disk, rename, the folder on disk. Decides nothing by
 * what it reads, and asks the disk only through files.h.
 */
#include "store/store.h"

#include "base/cleanup.h"
#include "store/files.h"
#include "store/natcache.h"
#include "store/policyfile.h"
#include "store/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_NAME      "record"
#define RECORD_NEW_NAME  "record.new"
#define NAT_NAME         "nat-cache"
#define NAT_NEW_NAME     "nat-cache.new"
#define TUNNEL_NAME      "last-tunnel"
#define TUNNEL_NEW_NAME  "last-tunnel.new"
#define POLICY_NAME      "policy.conf" /* src/config reads it, too: SETTINGS_POLICY_FILE */
#define POLICY_NEW_NAME  "policy.conf.new"
#define GOOD_NAME        "policy.good"
#define GOOD_NEW_NAME    "policy.good.new"
#define BACK_NAME        "policy.taken-back"
#define BACK_NEW_NAME    "policy.taken-back.new"
#define BACK_MAX_BYTES   600
#define POLICY_MAX_BYTES (256 * 1024 + POLICYFILE_HEADER_BYTES)
#define CRL_DIR_NAME     "crls"

struct store {
    int dir_fd;
    char *record_path;
    char *crl_dir;
};

int store_open(const char *state_dir, struct store **ret)
{
    struct store *store = calloc(1, sizeof(*store));
    int r, crl_fd;

    if (!store)
        return -ENOMEM;
    store->dir_fd = -1;
    if (asprintf(&store->record_path, "%s/" RECORD_NAME, state_dir) < 0)
        store->record_path = NULL;
    if (asprintf(&store->crl_dir, "%s/" CRL_DIR_NAME, state_dir) < 0)
        store->crl_dir = NULL;
    r = store->record_path && store->crl_dir ? 0 : -ENOMEM;
    if (r == 0)
        r = store->dir_fd = files_open_dir(state_dir);
    if (r < 0) {
        store_free(store);
        return r;
    }
    crl_fd = files_open_dir(store->crl_dir); /* a cache: a full or read-only disk must not keep mvpnd from running */
    if (crl_fd >= 0)
        files_close(crl_fd);
    *ret = store;
    return 0;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    if (store->dir_fd >= 0)
        files_close(store->dir_fd);
    free(store->record_path);
    free(store->crl_dir);
    free(store);
}

const char *store_crl_dir(const struct store *store)
{
    return store->crl_dir;
}

const char *store_record_path(const struct store *store)
{
    return store->record_path;
}

int store_load(struct store *store, struct store_record *ret)
{
    char text[RECORD_MAX_BYTES + 1];
    ssize_t n = files_read(store->dir_fd, RECORD_NAME, text, sizeof(text));
    int r;

    if (n == -ENOENT) {
        *ret = (struct store_record){ .known = false };
        return 0;
    }
    /* Whoever was enabled must not be open because of a bad sector. */
    *ret = (struct store_record){ .known = true, .enabled = true };
    if (n < 0)
        return (int)n;
    if (n > RECORD_MAX_BYTES)
        return -EBADMSG;
    r = record_parse(text, (size_t)n, ret);
    return r;
}

/* The new file, complete on disk, beside the old. */
static int write_new(int dir_fd, const char *new_name, const struct strbuf *text)
{
    int fd = files_create(dir_fd, new_name), r, closed;

    if (fd < 0)
        return fd;
    r = files_write(fd, text->text, text->length_bytes);
    if (r == 0)
        r = files_sync(fd);
    closed = files_close(fd);
    return r < 0 ? r : closed;
}

static int replace(int dir_fd, const char *name, const char *new_name, const struct strbuf *text)
{
    int r = write_new(dir_fd, new_name, text);

    if (r == 0)
        r = files_rename(dir_fd, new_name, name);
    if (r < 0) {
        files_remove(dir_fd, new_name);
        return r;
    }
    return files_sync(dir_fd);
}

int store_save(struct store *store, const struct store_record *record)
{
    char buf[RECORD_MAX_BYTES];
    struct strbuf text;
    int lock_fd, r;

    if (record->newest_time_sec < 0)
        return -EINVAL;
    strbuf_init(&text, buf, sizeof(buf));
    record_format(record, &text);
    /* mvpnctl writes, too, when it believes the daemon dead. */
    lock_fd = files_lock(store->dir_fd);
    if (lock_fd < 0)
        return lock_fd;
    r = replace(store->dir_fd, RECORD_NAME, RECORD_NEW_NAME, &text);
    files_close(lock_fd);
    return r;
}

int store_load_nat(struct store *store, int64_t now_sec, struct natcache *ret, unsigned *ret_n_dropped)
{
    _cleanup_free_ char *text = malloc(NATCACHE_MAX_BYTES);
    ssize_t n;

    *ret = (struct natcache){ 0 };
    *ret_n_dropped = 0;
    if (!text)
        return -ENOMEM;
    n = files_read(store->dir_fd, NAT_NAME, text, NATCACHE_MAX_BYTES);
    if (n < 0)
        return n == -ENOENT ? 0 : (int)n;
    *ret_n_dropped = natcache_parse(text, (size_t)n, now_sec, ret);
    return 0;
}

/* Without the record's lock: nobody but the daemon writes it. */
int store_save_nat(struct store *store, const struct natcache *cache)
{
    _cleanup_free_ char *buf = malloc(NATCACHE_MAX_BYTES);
    struct strbuf text;

    if (!buf)
        return -ENOMEM;
    strbuf_init(&text, buf, NATCACHE_MAX_BYTES);
    natcache_format(cache, &text);
    return replace(store->dir_fd, NAT_NAME, NAT_NEW_NAME, &text);
}

int store_load_tunnel(struct store *store, char *ret, size_t size)
{
    ssize_t n = files_read(store->dir_fd, TUNNEL_NAME, ret, size - 1);

    ret[n < 0 ? 0 : n] = '\0';
    return n < 0 ? (int)n : 0;
}

int store_save_tunnel(struct store *store, const char *text)
{
    struct strbuf line = { .text = (char *)text, .length_bytes = strlen(text) };

    if (text[0])
        return replace(store->dir_fd, TUNNEL_NAME, TUNNEL_NEW_NAME, &line);
    files_remove(store->dir_fd, TUNNEL_NAME);
    return files_sync(store->dir_fd);
}

int store_load_policy(struct store *store, bool good, struct store_policy *ret)
{
    _cleanup_free_ char *bytes = malloc(POLICY_MAX_BYTES + 1), *text = NULL;
    struct store_policy policy = { 0 };
    ssize_t n;
    size_t at;

    if (!bytes)
        return -ENOMEM;
    n = files_read(store->dir_fd, good ? GOOD_NAME : POLICY_NAME, bytes, POLICY_MAX_BYTES + 1);
    if (n == -ENOENT) {
        *ret = policy;
        return 0;
    }
    if (n < 0)
        return (int)n;
    if (n > POLICY_MAX_BYTES || policyfile_parse(bytes, (size_t)n, &policy, &at) < 0 || memchr(bytes, '\0', (size_t)n))
        return -EBADMSG;
    text = strndup(bytes + at, (size_t)n - at);
    if (!text)
        return -ENOMEM;
    policy.text = steal_ptr(&text);
    *ret = policy;
    return 0;
}

static int save_policy(struct store *store, const char *name, const char *new_name, const struct store_policy *policy)
{
    const struct store_policy whole = { policy->generation, policy->highest, policy->on_trial, policy->text ? policy->text : (char[]){ "" } };
    size_t size = strlen(whole.text) + POLICYFILE_HEADER_BYTES;
    _cleanup_free_ char *buf = malloc(size);
    struct strbuf text;

    if (!buf)
        return -ENOMEM;
    if (size > POLICY_MAX_BYTES)
        return -EFBIG;
    strbuf_init(&text, buf, size);
    policyfile_format(&whole, &text);
    return replace(store->dir_fd, name, new_name, &text);
}

int store_save_policy(struct store *store, const struct store_policy *policy)
{
    return save_policy(store, POLICY_NAME, POLICY_NEW_NAME, policy);
}

int store_replace_policy(struct store *store, const struct store_policy *present, const struct store_policy *policy)
{
    int r = present->on_trial ? 0 : save_policy(store, GOOD_NAME, GOOD_NEW_NAME, present);

    return r < 0 ? r : store_save_policy(store, policy);
}

/* "GENERATION SENTENCE" on one line, which is whole only with its end. */
void store_load_taken_back(struct store *store, struct store_taken_back *ret)
{
    char line[BACK_MAX_BYTES], *end;
    ssize_t n = files_read(store->dir_fd, BACK_NAME, line, sizeof(line) - 1);
    unsigned long generation;

    *ret = (struct store_taken_back){ .generation = 0 };
    if (n <= 0 || line[n - 1] != '\n' || memchr(line, '\0', (size_t)n))
        return;
    line[n - 1] = '\0';
    generation = strtoul(line, &end, 10);
    if (end == line || *end != ' ' || generation > UINT32_MAX || strlen(end + 1) >= sizeof(ret->why))
        return;
    ret->generation = (uint32_t)generation;
    strcpy(ret->why, end + 1);
}

int store_save_taken_back(struct store *store, const struct store_taken_back *taken_back)
{
    char buf[BACK_MAX_BYTES];
    struct strbuf text;

    if (!taken_back->why[0]) {
        files_remove(store->dir_fd, BACK_NAME);
        return files_sync(store->dir_fd);
    }
    strbuf_init(&text, buf, sizeof(buf));
    strbuf_add(&text, "%" PRIu32 " %s\n", taken_back->generation, taken_back->why);
    return replace(store->dir_fd, BACK_NAME, BACK_NEW_NAME, &text);
}
