/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session that goes well: start() sends package 1 (Alert, DevInfo, our proof); receive() gets package 2, checks header and credentials,
 * carries its commands out and sends package 3 with their statuses; that goes on until a message of the server holds nothing but statuses.
 * Then the tree is kept, the policy applied, and the session is over.
 *
 * A loss: fail() ends it the same way; what the server had been told is done stays done. A refusal: 401 or 407 brings a challenge, and the
 * same message goes out once more with it, three times at most, each time with a nonce that is new.
 */
#include "dm/session_internal.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OUR_MESSAGE_BYTES_MAX ((size_t)256 * 1024) /* where the server says nothing, or more */

const char *dm_end_name(enum dm_end end)
{
    switch (end) {
    case DM_END_DONE:
        return "done";
    case DM_END_ABORTED:
        return "aborted";
    case DM_END_UNREACHABLE:
        return "unreachable";
    case DM_END_AUTH_REFUSED:
        return "auth-refused";
    case DM_END_SERVER_NOT_AUTHENTICATED:
        return "server-not-authenticated";
    case DM_END_PROTOCOL:
        return "protocol";
    case DM_END_REDIRECTED:
        return "redirected";
    case DM_END_TOO_LONG:
        return "too-long";
    case DM_END_LOCAL:
        return "local";
    }
    return "local";
}

void dm_action_free(struct dm_action *action)
{
    free(action->text);
    free(action->uri);
    free(action->hmac);
    memset(action, 0, sizeof(*action));
}

struct dm_session *dm_session_new(const struct dm_session_settings *settings)
{
    struct dm_session *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->settings = *settings;
    s->client = settings->client;
    s->server = settings->server;
    s->last_action = &s->actions;
    s->uri = strdup(settings->origins.own);
    s->n_changes = dm_tree_changes(settings->tree);
    return s->uri ? s : dm_session_free(s);
}

struct dm_session *dm_session_free(struct dm_session *s)
{
    struct dm_action action;

    if (!s)
        return NULL;
    while (dm_session_next(s, &action))
        dm_action_free(&action);
    dm_outbox_free(&s->box);
    dm_large_object_drop(&s->object);
    free(s->orders);
    free(s->uri);
    free(s->server_msg_id);
    free(s);
    return NULL;
}

struct dm_action *dm_session_act(struct dm_session *s, enum dm_action_kind kind)
{
    struct dm_action_entry *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    entry->action.kind = kind;
    *s->last_action = entry;
    s->last_action = &entry->next;
    return &entry->action;
}

bool dm_session_next(struct dm_session *s, struct dm_action *ret)
{
    struct dm_action_entry *entry = s->actions;

    if (!entry)
        return false;
    *ret = entry->action;
    s->actions = entry->next;
    if (!s->actions)
        s->last_action = &s->actions;
    free(entry);
    return true;
}

void dm_session_log(struct dm_session *s, const char *format, ...)
{
    struct dm_action *action = dm_session_act(s, DM_ACTION_LOG);
    va_list arguments;

    if (!action)
        return;
    va_start(arguments, format);
    if (vasprintf(&action->text, format, arguments) < 0)
        action->text = NULL;
    va_end(arguments);
    for (char *c = action->text; c && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '.';
}

bool dm_session_add_order(struct dm_session *s, const struct dm_order *order)
{
    struct dm_order *grown = reallocarray(s->orders, s->n_orders + 1, sizeof(*grown));

    if (!grown)
        return false;
    s->orders = grown;
    s->orders[s->n_orders++] = *order;
    return true;
}

static void apply(struct dm_session *s)
{
    struct dm_error error = { "" };
    struct dm_action *action;
    char *text;

    if (dm_tree_changes(s->settings.tree) == s->n_changes)
        return;
    dm_session_act(s, DM_ACTION_KEEP_TREE);
    text = dm_policy_text(s->settings.tree, s->settings.policy_names, &error);
    if (!text) {
        dm_session_log(s, "the policy cannot be written: %s", error.text);
        return;
    }
    action = dm_session_act(s, DM_ACTION_APPLY_POLICY);
    if (action)
        action->text = steal_ptr(&text);
    free(text);
}

void dm_session_over(struct dm_session *s, enum dm_end end, const char *sentence)
{
    struct dm_action *action;

    if (s->state == DM_SESSION_OVER)
        return;
    if (s->closing)
        end = DM_END_PROTOCOL;
    s->state = DM_SESSION_OVER;
    if (sentence && *sentence)
        dm_session_log(s, "%s", sentence);
    apply(s);
    for (size_t i = 0; i < s->n_orders; i++) {
        action = dm_session_act(s, DM_ACTION_EXECUTE);
        if (action)
            action->order = s->orders[i];
    }
    action = dm_session_act(s, DM_ACTION_OVER);
    if (action)
        action->end = end;
}

static bool needs_what_failed(enum dm_action_kind kind, bool over)
{
    switch (kind) {
    case DM_ACTION_SEND:
        return true; /* its nonce may not be on disk */
    case DM_ACTION_KEEP_TREE:
    case DM_ACTION_APPLY_POLICY:
    case DM_ACTION_EXECUTE:
        return over; /* of a tree that is not on disk */
    case DM_ACTION_KEEP_CLIENT_NONCE:
    case DM_ACTION_KEEP_SERVER_NONCE:
    case DM_ACTION_LOG:
    case DM_ACTION_OVER:
        return false;
    }
    return false;
}

/* What was to be done behind the action that failed is not done any more. */
static void drop_actions(struct dm_session *s, enum dm_end end)
{
    struct dm_action_entry **place = &s->actions;

    while (*place) {
        struct dm_action_entry *entry = *place;

        if (entry->action.kind == DM_ACTION_OVER)
            entry->action.end = end;
        if (!needs_what_failed(entry->action.kind, s->state == DM_SESSION_OVER)) {
            place = &entry->next;
            continue;
        }
        *place = entry->next;
        dm_action_free(&entry->action);
        free(entry);
    }
    s->last_action = place;
}

void dm_session_fail(struct dm_session *s, enum dm_end end, const char *sentence)
{
    if (end == DM_END_LOCAL || s->state != DM_SESSION_OVER)
        drop_actions(s, end);
    dm_session_over(s, end, sentence);
}

int dm_session_alert(struct dm_session *s, const char *type, const char *format, const char *source, const char *data)
{
    struct dm_out alert = { .verb = DM_VERB_ALERT,
        .code = 1226,
        .type = (char *)type,
        .format = (char *)format,
        .source = (char *)source,
        .data = (char *)data,
        .size = data ? strlen(data) : 0 };

    return dm_outbox_add(&s->box, &alert) ? 0 : -ENOMEM;
}

static struct dm_message *header(struct dm_session *s)
{
    struct dm_message *m = dm_message_new();

    if (!m)
        return NULL;
    m->ver_dtd = "1.2";
    m->ver_proto = "DM/1.2";
    m->session_id = s->settings.session_id;
    m->msg_id = dm_message_number(m, ++s->msg_id);
    m->target = s->uri;
    m->source = s->settings.device_id;
    m->source_name = s->client.auth != DM_AUTH_NONE ? s->client.user : NULL;
    m->max_msg_size_bytes = DM_BYTES_MAX;
    m->max_obj_size_bytes = DM_OBJECT_BYTES_MAX;
    if (m->msg_id && dm_session_prove(s, m))
        return m;
    return dm_message_free(m);
}

static void number_commands(struct dm_message *m)
{
    uint64_t n = 0;

    for (struct dm_command *command = m->commands; command; command = command->next)
        command->cmd_id = dm_message_number(m, ++n);
}

/* Written into the action; -ENOMEM. */
static int write_out(struct dm_session *s, const struct dm_message *m)
{
    size_t n_bytes = 0;
    _cleanup_free_ char *body = NULL, *mac = NULL, *uri = strdup(s->uri);
    struct dm_action *action;

    dm_message_write(m, s->settings.encoding, NULL, 0, &n_bytes);
    body = malloc(n_bytes + 1);
    if (!body || !uri || dm_message_write(m, s->settings.encoding, body, n_bytes, &n_bytes) < 0)
        return -ENOMEM;
    body[n_bytes] = '\0';
    mac = dm_session_mac(s, body, n_bytes);
    action = dm_session_act(s, DM_ACTION_SEND);
    if (!action)
        return -ENOMEM;
    action->text = steal_ptr(&body);
    action->n_bytes = n_bytes;
    action->uri = steal_ptr(&uri);
    action->hmac = steal_ptr(&mac);
    return 0;
}

void dm_session_send(struct dm_session *s, bool final)
{
    _cleanup_(dm_message_cleanup) struct dm_message *m = NULL;
    size_t max_bytes;
    bool more;

    if (s->msg_id >= DM_SESSION_MESSAGES_MAX) {
        dm_session_over(s, DM_END_TOO_LONG, "the session has more messages than one may have");
        return;
    }
    m = header(s);
    if (!m) {
        dm_session_over(s, DM_END_LOCAL, "there is no memory");
        return;
    }
    max_bytes = s->max_msg_bytes ? MIN_OF(s->max_msg_bytes, OUR_MESSAGE_BYTES_MAX) : OUR_MESSAGE_BYTES_MAX;
    more = dm_outbox_pack(&s->box, m, s->settings.encoding, max_bytes);
    m->final = final && !more;
    number_commands(m);
    if (s->box.failed || write_out(s, m) < 0)
        dm_session_over(s, DM_END_LOCAL, "there is no memory");
    else
        s->state = DM_SESSION_WAITING;
}

/* Package 1: what is wanted, and who we are. */
static void say_devinfo(struct dm_session *s)
{
    static const char *const leaves[] = { "DevId", "Man", "Mod", "DmV", "Lang" };

    for (size_t i = 0; i < ELEMENTSOF(leaves); i++) {
        char uri[32];
        const char *value;
        struct dm_out out = { .verb = DM_VERB_REPLACE, .source = uri };

        snprintf(uri, sizeof(uri), "./DevInfo/%s", leaves[i]);
        value = dm_tree_text(s->settings.tree, uri);
        out.data = (char *)value;
        out.size = strlen(value);
        dm_outbox_add(&s->box, &out);
    }
}

void dm_session_start(struct dm_session *s)
{
    struct dm_out alert = { .verb = DM_VERB_ALERT, .code = s->settings.by_server ? 1200 : 1201 };

    if (s->state != DM_SESSION_NEW)
        return;
    say_devinfo(s);
    dm_outbox_add_first(&s->box, &alert);
    s->present = true;
    dm_session_send(s, true);
}

/* Hexadecimal, case and leading zeros ignored (MS-MDM sends either). */
static bool same_session(const char *a, const char *b)
{
    while (a && *a == '0')
        a++;
    while (b && *b == '0')
        b++;
    return a && b && strcasecmp(a, b) == 0;
}

/* Greater than the last one of its direction. */
static bool take_msg_id(struct dm_session *s, const char *msg_id)
{
    unsigned long long number;
    char *end;

    if (!msg_id || !isdigit((unsigned char)*msg_id))
        return false;
    errno = 0;
    number = strtoull(msg_id, &end, 10);
    if (errno || *end || number <= s->last_server_msg_id)
        return false;
    s->last_server_msg_id = number;
    free(s->server_msg_id);
    s->server_msg_id = strdup(msg_id);
    return s->server_msg_id != NULL;
}

static bool take_resp_uri(struct dm_session *s, const char *uri)
{
    char *copy;

    if (!uri || !*uri)
        return true;
    if (!dm_origin_allows(&s->settings.origins, uri)) {
        dm_session_over(s, DM_END_REDIRECTED, "the server's RespURI is neither https to its own origin nor one named at enrolment");
        return false;
    }
    copy = strdup(uri);
    if (!copy)
        return false;
    free(s->uri);
    s->uri = copy;
    return true;
}

void dm_session_say_header(struct dm_session *s, const struct dm_message *m, unsigned code)
{
    char nonce[DM_USER_SIZE];
    const char *type = NULL;
    struct dm_out out = { .verb = DM_VERB_STATUS,
        .code = code,
        .first_only = true,
        .msg_ref = s->server_msg_id,
        .cmd_ref = (char *)"0",
        .cmd = (char *)"SyncHdr",
        .target_ref = (char *)m->target,
        .source_ref = (char *)m->source };

    if (s->silent)
        return;
    if (dm_session_challenge(s, code, &type, nonce, sizeof(nonce))) {
        out.chal_type = (char *)type;
        out.chal_nonce = nonce;
    }
    dm_outbox_add_first(&s->box, &out);
}

static unsigned judge_versions(const struct dm_message *m)
{
    if (!m->ver_dtd || strcmp(m->ver_dtd, "1.2") != 0)
        return 505;
    return m->ver_proto && strcmp(m->ver_proto, "DM/1.2") == 0 ? 0 : 513;
}

/* The Status of our own header stands first among the commands, if it came. */
static bool header_was_accepted(struct dm_session *s, const struct dm_message *m, unsigned code)
{
    for (const struct dm_command *c = m->commands; c; c = c->next)
        if (c->verb == DM_VERB_STATUS && c->cmd_ref && strcmp(c->cmd_ref, "0") == 0)
            return dm_session_accepted(s, m, code, c);
    return true;
}

static void add_alert(struct dm_session *s, unsigned code)
{
    struct dm_out out = { .verb = DM_VERB_ALERT, .code = code, .first_only = true };

    dm_outbox_add(&s->box, &out);
}

/* The server's message is its own and of this session: do what it says. */
static void answer(struct dm_session *s, const struct dm_message *m, unsigned code)
{
    bool pending = s->box.first != NULL, good = code < 300, ours;
    struct dm_told told;

    if (!good && pending) { /* nothing that was meant for the server goes to whoever this is */
        dm_session_over(s, DM_END_SERVER_NOT_AUTHENTICATED, "the server's proof does not hold any more");
        return;
    }
    told = dm_session_respond(s, m, code);
    if (s->state == DM_SESSION_OVER)
        return;
    if (told.aborted) {
        dm_session_over(s, DM_END_ABORTED, "the server ended the session (Alert 1223)");
        return;
    }
    if (good && m->final && told.n_commands == 0 && !pending && !s->box.first) {
        dm_session_over(s, DM_END_DONE, NULL);
        return;
    }
    ours = (m->final || told.next) && !told.more; /* our turn to speak to the end */
    if (good && !ours)
        add_alert(s, 1222);
    dm_session_say_header(s, m, code);
    dm_session_send(s, ours || !good);
}

static bool is_ours(struct dm_session *s, const struct dm_message *m)
{
    if (!same_session(m->session_id, s->settings.session_id))
        dm_session_over(s, DM_END_PROTOCOL, "the server's message is of another session");
    else if (!take_msg_id(s, m->msg_id))
        dm_session_over(s, DM_END_PROTOCOL, "the server's MsgID is not greater than its last one");
    else
        return take_resp_uri(s, m->resp_uri);
    return false;
}

void dm_session_receive(
    struct dm_session *s, const struct dm_message *m, const void *body, size_t n_body, const char *hmac_header)
{
    unsigned code;

    if (s->state != DM_SESSION_WAITING)
        return;
    if (s->closing) {
        dm_session_over(s, DM_END_PROTOCOL, NULL);
        return;
    }
    if (!is_ours(s, m))
        return;
    if (m->max_msg_size_bytes)
        s->max_msg_bytes = (size_t)m->max_msg_size_bytes;
    if (m->max_obj_size_bytes)
        s->max_obj_bytes = (size_t)m->max_obj_size_bytes;
    s->silent = m->no_resp;
    code = judge_versions(m);
    if (code) {
        dm_session_say_header(s, m, code);
        dm_session_log(s, "the server speaks another version than OMA DM 1.2");
        dm_session_send(s, true);
        s->closing = true;
        return;
    }
    code = dm_session_judge(s, m, body, n_body, hmac_header);
    if (code >= 300 && ++s->n_server_challenges > DM_SESSION_CHALLENGES_MAX) {
        dm_session_over(s, DM_END_SERVER_NOT_AUTHENTICATED, "the server does not prove that it is the one of the account");
        return;
    }
    if (!header_was_accepted(s, m, code))
        return;
    answer(s, m, code);
}
