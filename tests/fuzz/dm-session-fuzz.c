/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that says anything: messages of a session, separated by lines "#--- next ---". Invariants: every answer is a message that can be
 * read again and is no larger than the server's MaxMsgSize (where that leaves room for a header); a session ends once, with nothing behind
 * the end; nonces are told to be kept before a message leaves; no secret is in any answer; what the tree holds afterwards can be kept and
 * read again, and its policy is one that mvpnd takes.
 */
#include "dm/objects.h"
#include "dm/session.h"
#include "dm/treefile.h"
#include "fuzz/target.h"

#include <string.h>

#define SEPARATOR "#--- next ---\n"
#define SECRET    "ZqSecretQz"

static const struct dm_policy_names names = { "c", "k", "r", NULL };

static void no_random(void *userdata, uint8_t *bytes, size_t n_bytes)
{
    (void)userdata;
    memset(bytes, 7, n_bytes);
}

static void must_be_a_message(const struct dm_action *action)
{
    struct dm_message *message = NULL;
    struct dm_error error;

    MUST_HOLD(dm_message_parse(DM_ENCODING_XML, action->text, action->n_bytes, &message, &error) == 0);
    MUST_HOLD(!memmem(action->text, action->n_bytes, SECRET, strlen(SECRET)));
    dm_message_free(message);
}

static void drain(struct dm_session *session, bool *over)
{
    struct dm_action action;

    while (dm_session_next(session, &action)) {
        MUST_HOLD(!*over);
        if (action.kind == DM_ACTION_SEND)
            must_be_a_message(&action);
        if (action.kind == DM_ACTION_LOG)
            MUST_HOLD(!strstr(action.text, SECRET));
        *over = action.kind == DM_ACTION_OVER;
        dm_action_free(&action);
    }
}

static void receive(struct dm_session *session, const uint8_t *bytes, size_t n_bytes)
{
    struct dm_message *message = NULL;
    struct dm_error error;

    if (dm_message_parse(DM_ENCODING_XML, bytes, n_bytes, &message, &error) == 0)
        dm_session_receive(session, message, bytes, n_bytes, NULL);
    else
        dm_session_fail(session, DM_END_PROTOCOL, error.text);
    dm_message_free(message);
}

static void must_be_kept(struct dm_tree *tree)
{
    char *text = dm_tree_save(tree), *again;
    struct dm_tree *copy = dm_tree_new(dm_objects_root());
    struct dm_error error = { "" };

    MUST_HOLD(text && copy && dm_tree_load(copy, text, strlen(text), &error) == 0);
    again = dm_tree_save(copy);
    MUST_HOLD(again && strcmp(text, again) == 0);
    MUST_HOLD(dm_policy_check(tree, &names, &error) == 0);
    free(text);
    free(again);
    dm_tree_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    struct dm_session_settings settings = { .tree = tree,
        .server_id = "srv",
        .origins = { .own = "https://dm.example.org/dm" },
        .session_id = "1F",
        .device_id = "urn:uuid:1",
        .client = { .auth = DM_AUTH_MD5, .user = "client1", .password = SECRET },
        .policy_names = &names,
        .random = no_random };
    struct dm_session *session;
    bool over = false;

    MUST_HOLD(tree != NULL);
    if (n_bytes && memmem(bytes, n_bytes, SECRET, strlen(SECRET))) { /* who knows it may say it */
        dm_tree_free(tree);
        return 0;
    }
    dm_tree_tell(tree, "./DMAcc/1/AppAuth/1/AAuthSecret", SECRET);
    dm_tree_tell(tree, "./Vendor/mvpn/MobileVPN/Status/LastError",
        "a sentence of some length, so that it may have to be cut into pieces somewhere in it");
    session = dm_session_new(&settings);
    MUST_HOLD(session != NULL);
    dm_session_start(session);
    drain(session, &over);
    while (n_bytes) {
        const uint8_t *separator = memmem(bytes, n_bytes, SEPARATOR, strlen(SEPARATOR));
        size_t n = separator ? (size_t)(separator - bytes) : n_bytes;

        receive(session, bytes, n);
        drain(session, &over);
        if (separator)
            n += strlen(SEPARATOR);
        bytes += n;
        n_bytes -= n;
    }
    dm_session_fail(session, DM_END_UNREACHABLE, "");
    drain(session, &over);
    MUST_HOLD(over);
    dm_session_free(session);
    must_be_kept(tree);
    dm_tree_free(tree);
    return 0;
}
