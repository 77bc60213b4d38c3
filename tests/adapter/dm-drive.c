/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session engine alone, driven through two pipes by dm-session-peer-test: actions go out as lines (a message's bytes behind its line),
 * the server's answers come in the same way. The tree is kept in a file between runs, as mvpn-dm does.
 *
 *     dm-drive TREE-FILE SESSION-ID xml|wbxml none|basic|md5|hmac none|md5|hmac NONCE-BASE64|- used|fresh [1226]
 *     out: SEND n hmac-or--\n<bytes>   KEEP client|server base64 used|fresh   LOG text   EXECUTE word uri   POLICY n\n<bytes>   OVER word
 *     in:  n hmac-or--\n<bytes>, or: gone\n
 */
#include "base/cleanup.h"
#include "dm/base64.h"
#include "dm/objects.h"
#include "dm/session.h"
#include "dm/treefile.h"

#include <stdlib.h>
#include <string.h>

#define SERVER    "mvpn-test"
#define DM_URL    "https://dm.corp.example.com/dm"
#define FILE_SIZE ((size_t)2 * 1024 * 1024)

static void from_urandom(void *userdata, uint8_t *bytes, size_t n_bytes)
{
    FILE *f = fopen("/dev/urandom", "re");

    (void)userdata;
    if (!f || fread(bytes, 1, n_bytes, f) != n_bytes)
        abort();
    fclose(f);
}

static enum dm_auth auth_of(const char *word)
{
    if (strcmp(word, "basic") == 0)
        return DM_AUTH_BASIC;
    if (strcmp(word, "md5") == 0)
        return DM_AUTH_MD5;
    return strcmp(word, "hmac") == 0 ? DM_AUTH_HMAC : DM_AUTH_NONE;
}

static struct dm_tree *open_tree(const char *path)
{
    struct dm_tree *tree = dm_tree_new(dm_objects_root());
    _cleanup_free_ char *text = malloc(FILE_SIZE);
    struct dm_error error = { "" };
    FILE *f = fopen(path, "re");

    if (!tree || !text)
        abort();
    if (f) {
        size_t n = fread(text, 1, FILE_SIZE, f);

        fclose(f);
        if (dm_tree_load(tree, text, n, &error) < 0) {
            fprintf(stderr, "%s\n", error.text);
            exit(1);
        }
    }
    dm_tree_tell(tree, "./DevInfo/DevId", "urn:uuid:handset-1");
    dm_tree_tell(tree, "./DMAcc/" SERVER "/AppAddr/1/Addr", DM_URL);
    dm_tree_tell(tree, "./DMAcc/" SERVER "/AppAuth/ClientSide/AAuthSecret", "s3cret");
    dm_tree_tell_owner(tree, "./DMAcc/" SERVER, SERVER);
    dm_tree_tell(tree, "./Vendor/MSFT/DMClient/Provider/" SERVER, NULL);
    dm_tree_tell_owner(tree, "./Vendor/MSFT/DMClient/Provider/" SERVER, SERVER);
    return tree;
}

static void keep_tree(struct dm_tree *tree, const char *path)
{
    _cleanup_free_ char *text = dm_tree_save(tree);
    FILE *f = fopen(path, "we");

    if (!f || !text)
        abort();
    fputs(text, f);
    fclose(f);
}

static void say_nonce(const char *whose, const struct dm_action *action)
{
    char text[DM_BASE64_SIZE(DM_NONCE_BYTES_MAX)] = "";

    dm_base64_encode(action->nonce.bytes, action->nonce.n_bytes, text, sizeof(text));
    printf("KEEP %s %s %s\n", whose, text, action->nonce_used ? "used" : "fresh");
}

/* True: it was the last one. */
static bool carry_out(struct dm_tree *tree, const char *path, const struct dm_action *action)
{
    switch (action->kind) {
    case DM_ACTION_SEND:
        printf("SEND %zu %s\n", action->n_bytes, action->hmac ? action->hmac : "-");
        fwrite(action->text, 1, action->n_bytes, stdout);
        return false;
    case DM_ACTION_KEEP_CLIENT_NONCE:
        say_nonce("client", action);
        return false;
    case DM_ACTION_KEEP_SERVER_NONCE:
        say_nonce("server", action);
        return false;
    case DM_ACTION_LOG:
        printf("LOG %s\n", action->text);
        return false;
    case DM_ACTION_EXECUTE:
        printf("EXECUTE %s %s\n", dm_exec_name(action->order.exec), action->order.uri);
        return false;
    case DM_ACTION_KEEP_TREE:
        keep_tree(tree, path);
        return false;
    case DM_ACTION_APPLY_POLICY:
        printf("POLICY %zu\n%s", strlen(action->text), action->text);
        return false;
    case DM_ACTION_OVER:
        printf("OVER %s\n", dm_end_name(action->end));
        return true;
    }
    return true;
}

static void take_answer(struct dm_session *session, enum dm_encoding encoding)
{
    struct dm_message *message = NULL;
    struct dm_error error = { "" };
    char line[1024], hmac[1000] = "";
    _cleanup_free_ char *body = NULL;
    size_t n;

    if (!fgets(line, sizeof(line), stdin) || sscanf(line, "%zu %999[^\n]", &n, hmac) != 2 || n > FILE_SIZE) {
        dm_session_fail(session, DM_END_UNREACHABLE, "the server does not answer");
        return;
    }
    body = malloc(n + 1);
    if (!body || fread(body, 1, n, stdin) != n)
        abort();
    if (dm_message_parse(encoding, body, n, &message, &error) < 0)
        dm_session_fail(session, DM_END_PROTOCOL, error.text);
    else
        dm_session_receive(session, message, body, n, strcmp(hmac, "-") == 0 ? NULL : hmac);
    dm_message_free(message);
}

static void drive(struct dm_session *session, struct dm_tree *tree, const char *path, enum dm_encoding encoding)
{
    struct dm_action action;
    bool over = false;

    dm_session_start(session);
    while (!over) {
        while (!over && dm_session_next(session, &action)) {
            over = carry_out(tree, path, &action);
            dm_action_free(&action);
        }
        fflush(stdout);
        if (!over)
            take_answer(session, encoding);
    }
}

int main(int argc, char **argv)
{
    struct dm_session_settings settings = { .server_id = SERVER,
        .origins = { .own = DM_URL },
        .device_id = "urn:uuid:handset-1",
        .allow_basic = true,
        .client = { .user = "client1", .password = "s3cret" },
        .server = { .user = SERVER, .password = "s3rver" },
        .random = from_urandom };
    struct dm_session *session;

    if (argc < 8)
        return 2;
    settings.tree = open_tree(argv[1]);
    settings.session_id = argv[2];
    settings.encoding = strcmp(argv[3], "wbxml") == 0 ? DM_ENCODING_WBXML : DM_ENCODING_XML;
    settings.client.auth = auth_of(argv[4]);
    settings.server.auth = auth_of(argv[5]);
    if (strcmp(argv[6], "-") != 0)
        dm_nonce_decode(argv[6], "b64", &settings.client.nonce);
    settings.client.nonce_used = strcmp(argv[7], "used") == 0;
    session = dm_session_new(&settings);
    if (!session)
        return 1;
    if (argc > 8 && strcmp(argv[8], "1226") == 0)
        dm_session_alert(session, "com.microsoft:mdm.unenrollment.userrequest", "int", NULL, "1");
    drive(session, settings.tree, argv[1], settings.encoding);
    dm_session_free(session);
    dm_tree_free(settings.tree);
    return 0;
}
