/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A notification against the account on disk: believed once for each nonce, and by no other account than the server's own.
 */
#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/base64.h"
#include "dm/digest.h"
#include "dm/disk.h"
#include "dm/managed.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>

static char dir[64];
static struct dm_store *store;
static const struct dm_account account = { .method = "mde2", .server = "https://dm.example.com/", .device = "handset-1", .name = "device-1" };
static struct dm_provisioning server; /* as on disk */

static void begin(void)
{
    server = (struct dm_provisioning){ .provider_id = "server1", .address = "https://dm.example.com/dm" };
    server.server = (struct dm_appauth){ .proof = DM_PROOF_MD5, .user = "server1", .secret = "s3cret", .nonce = "AQIDBA==" };
    strcpy(dir, "/tmp/mvpn-dm-managed.XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    CHECK_EQ(dm_store_open(dir, &store), 0);
    CHECK_EQ(dm_managed_keep_server(store, &account, &server), 0);
}

static void end(void)
{
    store = dm_store_free(store);
    CHECK_EQ(disk_remove_tree(AT_FDCWD, dir), 0);
}

/* Version 1.1, from the server, session 0x4d. The number of its bytes. */
static size_t notification(const char *id, const char *password, const struct dm_nonce *nonce, uint8_t ret[64])
{
    static const uint8_t header[] = { 0x02, 0xd8, 0, 0, 0, 0x00, 0x4d };
    char digest[DM_DIGEST_TEXT_SIZE];
    size_t n = DM_DIGEST_BYTES, n_digest = 0;

    memcpy(ret + n, header, sizeof(header));
    n += sizeof(header);
    ret[n++] = (uint8_t)strlen(id);
    memcpy(ret + n, id, strlen(id));
    n += strlen(id);
    CHECK_EQ(dm_digest_hmac(id, password, nonce, ret + DM_DIGEST_BYTES, n - DM_DIGEST_BYTES, digest), 0);
    CHECK(dm_base64_decode(digest, strlen(digest), ret, DM_DIGEST_BYTES, &n_digest) >= 0);
    return n;
}

static int take(const char *id, const char *password, const struct dm_nonce *nonce)
{
    struct dm_error error = { "" };
    uint16_t session_id = 0;
    uint8_t bytes[64];
    size_t n = notification(id, password, nonce, bytes);
    int r = dm_managed_take_notification(store, bytes, n, &session_id, &error);

    CHECK(r == 0 ? session_id == 0x4d : error.text[0] != 0);
    return r;
}

static const struct dm_nonce first = { { 1, 2, 3, 4 }, 4 }, next = { { 5, 6, 7, 8 }, 4 };

static void a_genuine_one_is_believed_once(void)
{
    struct dm_provisioning now;

    begin();
    CHECK_EQ(take("server1", "s3cret", &first), 0);
    CHECK_EQ(take("server1", "s3cret", &first), -ENOENT);
    CHECK_EQ(dm_managed_load_server(store, &now), 0);
    CHECK(now.server.nonce_used); /* on disk: neither after a crash */
    strcpy(now.server.nonce, "BQYHCA==");
    now.server.nonce_used = false;
    CHECK_EQ(dm_managed_keep_server(store, &account, &now), 0);
    CHECK_EQ(take("server1", "s3cret", &first), -EACCES);
    CHECK_EQ(take("server1", "s3cret", &next), 0);
    end();
}

static void nobody_else_is_believed_and_uses_nothing_up(void)
{
    struct dm_error error = { "" };
    uint16_t session_id;

    begin();
    CHECK_EQ(take("server2", "s3cret", &first), -EACCES);
    CHECK_EQ(take("server1", "wrong", &first), -EACCES);
    CHECK_EQ(take("server1", "s3cret", &next), -EACCES);
    CHECK_EQ(dm_managed_take_notification(store, "", 0, &session_id, &error), -EBADMSG);
    CHECK_EQ(take("server1", "s3cret", &first), 0);
    end();
}

static void without_a_secret_nobody_is_believed(void)
{
    begin();
    server.server.secret[0] = '\0';
    CHECK_EQ(dm_managed_keep_server(store, &account, &server), 0);
    CHECK_EQ(take("server1", "", &first), -ENOENT);
    end();
}

/* mvpnd tells people who manages their device; what stands behind the host may be a secret. */
static void the_policy_names_the_server(void)
{
    static const struct {
        const char *address, *line;
    } rows[] = { { "https://dm.example.com/dm?id=1", "[Management]\nServer=https://dm.example.com\n" },
        { "https://dm.example.com:8443", "[Management]\nServer=https://dm.example.com:8443\n" }, { "", NULL } };

    begin();
    for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
        _cleanup_free_ char *policy = NULL;

        snprintf(server.address, sizeof(server.address), "%s", rows[i].address);
        CHECK_EQ(dm_managed_keep_server(store, &account, &server), 0);
        if (CHECK_EQ(dm_managed_policy(store, &policy, NULL), 0))
            CHECK(rows[i].line ? strstr(policy, rows[i].line) != NULL : strstr(policy, "Server=") == NULL);
    }
    end();
}

static void where_nobody_manages(void)
{
    begin();
    CHECK_EQ(dm_store_remove(store), 0);
    CHECK_EQ(take("server1", "s3cret", &first), -ENOENT);
    CHECK_EQ(dm_store_commit(store, &account, NULL, 0), 0); /* a certificate, and no management server */
    CHECK_EQ(take("server1", "s3cret", &first), -ENOENT);
    end();
}

static const struct test tests[] = {
    TEST(a_genuine_one_is_believed_once),
    TEST(nobody_else_is_believed_and_uses_nothing_up),
    TEST(without_a_secret_nobody_is_believed),
    TEST(the_policy_names_the_server),
    TEST(where_nobody_manages),
};

int main(int argc, char **argv)
{
    return test_main(tests, ELEMENTSOF(tests), argc, argv);
}
