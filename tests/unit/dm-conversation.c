/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads actions as they come and the client's messages with the codec.
 */
#include "unit/dm-conversation.h"

#include "support/test.h"

#include <stdlib.h>

#define SERVER "https://dm.example.org/dm"

static void count_up(void *userdata, uint8_t *bytes, size_t n_bytes)
{
    uint8_t *next = userdata;

    for (size_t i = 0; i < n_bytes; i++)
        bytes[i] = (*next)++;
}

void conversation_begin(struct conversation *c)
{
    static uint8_t next;

    memset(c, 0, sizeof(*c));
    c->tree = dm_tree_new(dm_objects_root());
    dm_tree_tell(c->tree, "./DevInfo/DevId", "urn:uuid:1");
    c->settings = (struct dm_session_settings){ .tree = c->tree,
        .server_id = "srv",
        .origins = { .own = SERVER },
        .session_id = "1F",
        .device_id = "urn:uuid:1",
        .random = count_up,
        .userdata = &next };
}

static void note(char *to, size_t size, const char *word)
{
    size_t n = strlen(to);

    snprintf(to + n, size - n, "%s%s", n ? " " : "", word);
}

static void take_sent(struct conversation *c, struct dm_action *action)
{
    struct dm_error error = { "" };

    dm_message_free(c->sent);
    free(c->sent_body);
    free(c->hmac);
    c->sent = NULL;
    if (dm_message_parse(c->settings.encoding, action->text, action->n_bytes, &c->sent, &error) < 0)
        test_fail(__FILE__, __LINE__, "the client's message is none: %s", error.text);
    c->sent_body = action->text;
    c->n_sent_body = action->n_bytes;
    c->hmac = action->hmac;
    action->text = action->hmac = NULL;
}

static void take_action(struct conversation *c, struct dm_action *action)
{
    char word[64];

    switch (action->kind) {
    case DM_ACTION_SEND:
        note(c->trace, sizeof(c->trace), "send");
        take_sent(c, action);
        return;
    case DM_ACTION_KEEP_CLIENT_NONCE:
        note(c->trace, sizeof(c->trace), action->nonce_used ? "used" : "keep-client");
        return;
    case DM_ACTION_KEEP_SERVER_NONCE:
        note(c->trace, sizeof(c->trace), "keep-server");
        return;
    case DM_ACTION_LOG:
        snprintf(c->log + strlen(c->log), sizeof(c->log) - strlen(c->log), "%s\n", action->text);
        return;
    case DM_ACTION_EXECUTE:
        snprintf(word, sizeof(word), "execute:%s", dm_exec_name(action->order.exec));
        note(c->trace, sizeof(c->trace), word);
        return;
    case DM_ACTION_KEEP_TREE:
        note(c->trace, sizeof(c->trace), "keep-tree");
        return;
    case DM_ACTION_APPLY_POLICY:
        note(c->trace, sizeof(c->trace), "apply");
        snprintf(c->policy, sizeof(c->policy), "%s", action->text);
        return;
    case DM_ACTION_OVER:
        snprintf(word, sizeof(word), "over:%s", dm_end_name(action->end));
        note(c->trace, sizeof(c->trace), word);
        return;
    }
}

static void pump(struct conversation *c)
{
    struct dm_action action;

    while (dm_session_next(c->session, &action)) {
        take_action(c, &action);
        dm_action_free(&action);
    }
}

void conversation_start(struct conversation *c)
{
    c->session = dm_session_new(&c->settings);
    if (!CHECK(c->session != NULL))
        return;
    dm_session_start(c->session);
    pump(c);
}

void conversation_end(struct conversation *c)
{
    dm_session_free(c->session);
    dm_message_free(c->sent);
    free(c->sent_body);
    free(c->hmac);
    dm_tree_free(c->tree);
}

void serve_message(struct conversation *c, const char *text, const char *hmac)
{
    struct dm_message *message = NULL;
    struct dm_error error = { "" };

    c->trace[0] = '\0';
    if (dm_message_parse(DM_ENCODING_XML, text, strlen(text), &message, &error) < 0) {
        test_fail(__FILE__, __LINE__, "the server's message is none: %s", error.text);
        return;
    }
    dm_session_receive(c->session, message, text, strlen(text), hmac);
    dm_message_free(message);
    pump(c);
}

void serve(struct conversation *c, const char *commands)
{
    size_t size = strlen(commands) + 2048;
    char *text = malloc(size);

    if (!CHECK(text != NULL))
        return;
    snprintf(text, size,
        "<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1f</SessionID>"
        "<MsgID>%u</MsgID><Target><LocURI>urn:uuid:1</LocURI></Target><Source><LocURI>" SERVER "</LocURI></Source>%s</SyncHdr>"
        "<SyncBody>%s%s</SyncBody></SyncML>",
        ++c->msg_id, c->header ? c->header : "", commands, c->not_final ? "" : "<Final/>");
    serve_message(c, text, NULL);
    free(text);
}

const char *statuses(struct conversation *c)
{
    c->text[0] = '\0';
    for (const struct dm_command *s = c->sent ? c->sent->commands : NULL; s; s = s->next) {
        char word[64];

        if (s->verb != DM_VERB_STATUS)
            continue;
        snprintf(word, sizeof(word), "%s:%u", s->cmd_ref, s->code);
        note(c->text, sizeof(c->text), word);
    }
    return c->text;
}

const char *results(struct conversation *c)
{
    c->text[0] = '\0';
    for (const struct dm_command *r = c->sent ? c->sent->commands : NULL; r; r = r->next)
        for (const struct dm_item *i = r->verb == DM_VERB_RESULTS ? r->items : NULL; i; i = i->next) {
            char word[2048];

            snprintf(word, sizeof(word), "%s=%s%s", i->source, i->data.data ? i->data.data : "!", i->more_data ? "~" : "");
            note(c->text, sizeof(c->text), word);
        }
    return c->text;
}

const char *alerts(struct conversation *c)
{
    c->text[0] = '\0';
    for (const struct dm_command *a = c->sent ? c->sent->commands : NULL; a; a = a->next) {
        char word[16];

        if (a->verb != DM_VERB_ALERT)
            continue;
        snprintf(word, sizeof(word), "%u", a->code);
        note(c->text, sizeof(c->text), word);
    }
    return c->text;
}
