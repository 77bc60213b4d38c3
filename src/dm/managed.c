/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what the last session left: the account, the file management, the tree.
 */
#include "dm/managed.h"

#include "base/cleanup.h"
#include "dm/base64.h"
#include "dm/digest.h"
#include "dm/keys.h"
#include "dm/notify.h"
#include "dm/objects.h"
#include "dm/origin.h"
#include "dm/policytext.h"
#include "dm/schedule.h"
#include "dm/treefile.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URI_BYTES   512
#define ORIGIN_SIZE 300

int dm_managed_load_tree(struct dm_store *store, struct dm_tree **ret, bool *ret_fresh, struct dm_error *error)
{
    _cleanup_free_ char *text = NULL;
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    size_t n;
    int r = tree ? dm_store_read(store, "tree", &text, &n) : -ENOMEM;

    *ret_fresh = r == -ENOENT;
    if (r == 0)
        r = dm_tree_load(tree, text, n, error);
    if (r < 0 && r != -ENOENT) {
        dm_tree_free(tree);
        return error && error->text[0] ? r : dm_error_set(error, r, "The management tree cannot be read.");
    }
    *ret = tree;
    return 0;
}

int dm_managed_load_server(struct dm_store *store, struct dm_provisioning *ret)
{
    char *text = NULL;
    size_t n = 0;
    int r = dm_store_read(store, "management", &text, &n);

    if (r == 0)
        r = dm_management_parse(text, n, ret);
    dm_secret_free(text, n);
    return r;
}

int dm_managed_keep_server(struct dm_store *store, const struct dm_account *account, const struct dm_provisioning *server)
{
    char text[8192];
    int r = dm_management_format(server, text, sizeof(text));

    if (r == 0)
        r = dm_store_commit(store, account, &(struct dm_account_file){ "management", text, strlen(text), 0600 }, 1);
    explicit_bzero(text, sizeof(text));
    return r;
}

static int judge_notification(
    const struct dm_provisioning *server, const void *bytes, size_t n_bytes, uint16_t *ret_session_id, struct dm_error *error)
{
    struct dm_notification notification;
    struct dm_nonce nonce;
    int r = dm_notification_parse(bytes, n_bytes, &notification, error);

    if (r < 0)
        return r;
    if (!server->server.secret[0] || server->server.nonce_used || dm_nonce_decode(server->server.nonce, "b64", &nonce) < 0)
        return dm_error_set(error, -ENOENT, "there is no nonce that it could be known by");
    r = dm_notification_verify(bytes, n_bytes, server->provider_id, server->server.secret, &nonce, error);
    if (r == 0)
        *ret_session_id = notification.session_id;
    return r;
}

int dm_managed_take_notification(struct dm_store *store, const void *bytes, size_t n_bytes, uint16_t *ret_session_id, struct dm_error *error)
{
    struct dm_provisioning server;
    struct dm_account account;
    int r = dm_store_load(store, &account);

    if (r == 0)
        r = dm_managed_load_server(store, &server);
    if (r < 0)
        return dm_error_set(error, r, r == -ENOENT ? "nobody manages this device" : "what is known of the management server is damaged");
    r = judge_notification(&server, bytes, n_bytes, ret_session_id, error);
    if (r == 0) {
        server.server.nonce_used = true;
        r = dm_managed_keep_server(store, &account, &server);
        if (r < 0)
            dm_error_set(error, r, "that its nonce is used cannot be written: %s", strerror(-r));
    }
    explicit_bzero(&server, sizeof(server));
    return r;
}

/* What a policy names, and the strings for it. */
struct names {
    struct dm_policy_names names;
    struct dm_account account;
    char server[ORIGIN_SIZE];
};

/* Of the management server's address what a person wants to see; "" where there is none. */
static void read_server(struct dm_store *store, char *ret, size_t size)
{
    struct dm_provisioning server;
    size_t n = 0;

    if (dm_managed_load_server(store, &server) == 0 && dm_url_is_https(server.address)) {
        n = strlen("https://");
        n += strcspn(server.address + n, "/?#");
    }
    snprintf(ret, size, "%.*s", n < size ? (int)n : 0, server.address);
    explicit_bzero(&server, sizeof(server));
}

/* With the roots of enrolment alone, or with those that the server added. */
static int read_names(struct dm_store *store, struct names *ret, struct dm_error *error)
{
    const char *name = ret->account.name;
    _cleanup_free_ char *roots = NULL;
    size_t n;
    int r = dm_store_load(store, &ret->account);

    if (r < 0)
        return dm_error_set(error, r, "What is known of the enrolment cannot be read.");
    read_server(store, ret->server, sizeof(ret->server));
    ret->names = (struct dm_policy_names){ name, name, name, ret->server };
    if (dm_store_read(store, "roots/" DM_MANAGED_ROOTS ".pem", &roots, &n) == 0)
        ret->names.ca_certificates = DM_MANAGED_ROOTS;
    return 0;
}

static int policy_of_tree(struct dm_store *store, const struct dm_policy_names *names, char **ret, struct dm_error *error)
{
    struct dm_tree *tree = NULL;
    bool fresh;
    int r = dm_managed_load_tree(store, &tree, &fresh, error);

    if (r == 0) {
        *ret = dm_policy_text(tree, names, error);
        r = *ret ? 0 : -EINVAL;
    }
    dm_tree_free(tree);
    return r;
}

int dm_managed_policy(struct dm_store *store, char **ret, struct dm_error *error)
{
    struct names names;
    int r = read_names(store, &names, error);

    return r < 0 ? r : policy_of_tree(store, &names.names, ret, error);
}

int dm_managed_policy_print(struct dm_store *store, char ret[DM_POLICY_PRINT_SIZE], struct dm_error *error)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    _cleanup_free_ char *text = NULL;
    int r = policy_of_tree(store, NULL, &text, error);

    if (r < 0)
        return r;
    SHA256((const unsigned char *)text, strlen(text), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

int dm_managed_policy_rename(struct dm_store *store, const char *policy, char **ret, struct dm_error *error)
{
    struct names names;
    int r = read_names(store, &names, error);

    if (r < 0)
        return r;
    r = dm_policy_rename(policy, &names.names, ret);
    return r == -ENOMEM ? dm_error_set(error, r, "No memory.") : r;
}

bool dm_managed_is(struct dm_store *store)
{
    struct dm_provisioning server;
    bool managed = dm_managed_load_server(store, &server) == 0;

    explicit_bzero(&server, sizeof(server));
    return managed;
}

static uint32_t poll_value(struct dm_tree *tree, const char *provider, const char *name)
{
    char uri[URI_BYTES];

    snprintf(uri, sizeof(uri), DM_URI_PROVIDER "/%s/Poll/%s", provider, name);
    return (uint32_t)strtoul(dm_tree_text(tree, uri), NULL, 10);
}

/* Our own node, where it is set: [Management] PollInterval= in mvpn.conf's words. */
static void read_interval(struct dm_tree *tree, struct dm_schedule *ret)
{
    uint64_t sec = strtoull(dm_tree_text(tree, DM_URI_MOBILEVPN "/Schedule/Interval"), NULL, 10);

    if (sec > 0)
        ret->default_interval_sec = sec;
}

int dm_managed_schedule(struct dm_store *store, struct dm_schedule *ret)
{
    struct dm_provisioning server;
    struct dm_tree *tree = NULL;
    bool fresh = true;
    int r = dm_managed_load_server(store, &server);

    if (r == 0)
        r = dm_managed_load_tree(store, &tree, &fresh, NULL);
    if (r == 0) {
        const char *id = server.provider_id;

        read_interval(tree, ret);
        ret->first_retries = fresh ? server.poll.first_retries : poll_value(tree, id, "NumberOfFirstRetries");
        ret->first_interval_min = fresh ? server.poll.first_interval_min : poll_value(tree, id, "IntervalForFirstSetOfRetries");
        ret->second_retries = fresh ? server.poll.second_retries : poll_value(tree, id, "NumberOfSecondRetries");
        ret->second_interval_min = fresh ? server.poll.second_interval_min : poll_value(tree, id, "IntervalForSecondSetOfRetries");
        ret->remaining_retries = fresh ? server.poll.remaining_retries : poll_value(tree, id, "NumberOfRemainingScheduledRetries");
        ret->remaining_interval_min =
            fresh ? server.poll.remaining_interval_min : poll_value(tree, id, "IntervalForRemainingScheduledRetries");
        ret->not_while_roaming = server.not_while_roaming;
        ret->retry_count = server.retry_count;
        ret->initial_backoff_msec = server.initial_backoff_msec;
        ret->max_backoff_msec = server.max_backoff_msec;
    }
    dm_tree_free(tree);
    explicit_bzero(&server, sizeof(server));
    return r;
}

int dm_managed_show(struct dm_store *store, const char *uri, char **ret, struct dm_error *error)
{
    struct dm_tree *tree = NULL;
    struct dm_node *node;
    size_t size;
    FILE *out;
    bool fresh;
    int r = dm_managed_load_tree(store, &tree, &fresh, error);

    if (r < 0)
        return r;
    node = dm_tree_at(tree, uri);
    out = node ? open_memstream(ret, &size) : NULL;
    if (!node)
        r = dm_error_set(error, -ENOENT, "There is no node '%.80s'.", uri);
    else if (!out)
        r = dm_error_set(error, -ENOMEM, "No memory.");
    else if (node->format == DM_FORMAT_NODE)
        for (struct dm_node *child = node->children; child; child = child->next)
            fprintf(out, "%s%s\n", child->name, child->format == DM_FORMAT_NODE ? "/" : "");
    else
        fprintf(out, "%s\n", node->def && node->def->secret ? "(secret)" : node->data ? node->data : "");
    if (out && fclose(out) != 0)
        r = -ENOMEM;
    dm_tree_free(tree);
    return r;
}
