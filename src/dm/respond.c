/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message's commands, one after the other: alerts and pieces of large objects here, the rest by the transaction. Each gets its Status
 * unless the server wants none. Statuses come first, then what is left of earlier messages (the rest of a large object, with nothing in
 * between), then results.
 */
#include "dm/session_internal.h"

#include "base/macro.h"
#include "dm/transaction.h"

#include <errno.h>
#include <string.h>

struct responding {
    struct dm_session *s;
    struct dm_outbox results; /* until all statuses are out */
    size_t n_bytes; /* of all results that wait */
    bool silent;
};

#define RESULTS_BYTES_MAX ((size_t)2 * 1024 * 1024) /* a message of a few bytes may ask for the whole tree a thousand times */
#define RESULT_OVERHEAD   512

static const char *name_of(const struct dm_command *command)
{
    const char *name = dm_verb_name(command->verb);

    return name ? name : command->name ? command->name : "";
}

static int say_status(void *userdata, const struct dm_command *command, const char *target, unsigned code)
{
    struct responding *r = userdata;
    struct dm_out out = { .verb = DM_VERB_STATUS,
        .code = code,
        .msg_ref = r->s->server_msg_id,
        .cmd_ref = (char *)(command->cmd_id ? command->cmd_id : "0"),
        .cmd = (char *)name_of(command),
        .target_ref = (char *)target };

    if (r->silent || command->no_resp)
        return 0;
    return dm_outbox_add(&r->s->box, &out) ? 0 : -ENOMEM;
}

static int say_result(void *userdata, const struct dm_command *command, const struct dm_found *found)
{
    struct responding *r = userdata;
    struct dm_out out = { .verb = DM_VERB_RESULTS,
        .msg_ref = r->s->server_msg_id,
        .cmd_ref = (char *)(command->cmd_id ? command->cmd_id : "0"),
        .source = (char *)found->uri,
        .format = (char *)dm_format_name(found->format),
        .type = (char *)found->type,
        .data = (char *)found->data,
        .size = found->size };

    if (r->s->max_obj_bytes && found->size > r->s->max_obj_bytes)
        return -ENOSPC;
    if (found->size + strlen(found->uri) + RESULT_OVERHEAD > RESULTS_BYTES_MAX - r->n_bytes)
        return -ENOSPC;
    r->n_bytes += found->size + strlen(found->uri) + RESULT_OVERHEAD;
    if (found->format == DM_FORMAT_CHR)
        out.format = NULL; /* what it is when nothing is said */
    return dm_outbox_add(&r->results, &out) ? 0 : -ENOMEM;
}

static void take_order(void *userdata, const struct dm_order *order)
{
    struct responding *r = userdata;

    if (!dm_session_add_order(r->s, order))
        dm_session_log(r->s, "no memory to execute %s", order->uri);
}

static void log_refusal(void *userdata, const struct dm_command *command, const char *target, unsigned code, const char *sentence)
{
    struct responding *r = userdata;

    dm_session_log(r->s, "%s %s: %u: %s", name_of(command), target ? target : "", code, sentence);
}

static unsigned check(void *userdata, struct dm_tree *tree, struct dm_error *error)
{
    const struct dm_session *s = userdata;

    return dm_policy_check(tree, s->settings.policy_names, error);
}

static void run(struct responding *r, const struct dm_command *command, const struct dm_bytes *whole)
{
    const struct dm_answers answers = { say_status, say_result, take_order, log_refusal, r };
    struct dm_transaction t = { .tree = r->s->settings.tree,
        .server = r->s->settings.server_id,
        .origins = &r->s->settings.origins,
        .answers = &answers,
        .check = check,
        .check_userdata = r->s };

    if (dm_transaction_run(&t, command, whole) < 0)
        r->s->box.failed = true;
}

static unsigned take_alert(struct dm_session *s, const struct dm_command *command, struct dm_told *told)
{
    switch (command->code) {
    case 1200:
    case 1201:
        told->n_commands++;
        return 200;
    case 1222: /* the rest of what we have to say is packed anyhow */
        told->next = true;
        return 200;
    case 1223:
        told->aborted = true;
        return 200;
    case 1225:
        dm_large_object_drop(&s->object);
        told->n_commands++;
        return 200;
    default: /* nobody stands before the screen (1100 to 1104); client events and generic alerts are ours to send */
        told->n_commands++;
        return 406;
    }
}

/* Another command than the next piece came: what was collected is lost, and the server is told. */
static void drop_object(struct responding *r)
{
    struct dm_out out = { .verb = DM_VERB_ALERT, .code = 1225, .source = r->s->object.uri };

    dm_outbox_add(&r->results, &out); /* behind the statuses */
    dm_session_log(r->s, "the end of a large object did not come");
    dm_large_object_drop(&r->s->object);
}

static void take_piece(struct responding *r, const struct dm_command *command, const struct dm_item *item, struct dm_told *told)
{
    struct dm_bytes whole = { NULL, 0 };
    unsigned code = dm_large_object_take(&r->s->object, command, item, DM_OBJECT_BYTES_MAX, &whole);

    if (code == 200) {
        run(r, command, &whole);
        dm_large_object_drop(&r->s->object);
        return;
    }
    if (code == 213)
        told->more = true;
    else
        log_refusal(r, command, item->target, code, "a large object is not what was announced");
    if (say_status(r, command, item->target, code) < 0)
        r->s->box.failed = true;
}

static void take_command(struct responding *r, const struct dm_command *command, struct dm_told *told)
{
    const struct dm_item *item = command->items && !command->items->next ? command->items : NULL;
    bool can_be_piece = item && item->target && (command->verb == DM_VERB_ADD || command->verb == DM_VERB_REPLACE);
    bool continues = can_be_piece && dm_large_object_continues(&r->s->object, command, item);

    if (r->s->object.active && !continues)
        drop_object(r);
    told->n_commands++;
    if (continues || (can_be_piece && item->more_data))
        take_piece(r, command, item, told);
    else
        run(r, command, NULL);
}

static void note_status(struct dm_session *s, const struct dm_command *status)
{
    if (status->code >= 400 && status->cmd_ref && strcmp(status->cmd_ref, "0") != 0)
        dm_session_log(s, "the server answers our %s with status %u", status->cmd ? status->cmd : "command", status->code);
}

/* Not believed: nothing is done, and each command is told why. */
static void refuse_all(struct responding *r, const struct dm_command *commands, unsigned code)
{
    for (const struct dm_command *c = commands; c; c = c->next) {
        if (c->verb != DM_VERB_STATUS && c->verb != DM_VERB_RESULTS && say_status(r, c, NULL, code) < 0)
            r->s->box.failed = true;
        refuse_all(r, c->children, code);
    }
}

static void append(struct dm_outbox *box, struct dm_outbox *more)
{
    if (more->first) {
        if (box->last)
            box->last->next = more->first;
        else
            box->first = more->first;
        box->last = more->last;
    }
    box->failed = box->failed || more->failed;
    more->first = more->last = NULL;
}

static void take_all(struct responding *r, const struct dm_message *m, struct dm_told *told)
{
    for (const struct dm_command *c = m->commands; c && !told->aborted && !r->s->box.failed; c = c->next) {
        if (c->verb == DM_VERB_STATUS)
            note_status(r->s, c);
        else if (c->verb == DM_VERB_ALERT) {
            unsigned code = take_alert(r->s, c, told);

            if (say_status(r, c, NULL, code) < 0)
                r->s->box.failed = true;
        } else
            take_command(r, c, told);
    }
}

struct dm_told dm_session_respond(struct dm_session *s, const struct dm_message *m, unsigned header_code)
{
    struct responding r = { .s = s, .silent = s->silent };
    struct dm_outbox before = { .first = s->box.first, .last = s->box.last };
    struct dm_told told = { 0 };

    s->box.first = s->box.last = NULL;
    for (const struct dm_out *out = before.first; out; out = out->next)
        r.n_bytes = MIN_OF(r.n_bytes + out->size + RESULT_OVERHEAD, RESULTS_BYTES_MAX);
    if (header_code >= 300)
        refuse_all(&r, m->commands, header_code);
    else
        take_all(&r, m, &told);
    append(&s->box, &before);
    append(&s->box, &r.results);
    return told;
}
