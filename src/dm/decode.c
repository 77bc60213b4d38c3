/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each part of a message by the names of its children; the first of a name counts.
 */
#include "dm/decode.h"
#include "dm/base64.h"
#include "dm/number.h"
#include "dm/text.h"
#include "dm/verb.h"

#include <errno.h>
#include <string.h>

struct decoder {
    struct dm_arena *arena;
    struct dm_error *error;
    int failed;
};

static void *fail(struct decoder *d, int code, const char *sentence)
{
    if (!d->failed)
        d->failed = dm_error_set(d->error, code, "%s", sentence);
    return NULL;
}

static void *alloc(struct decoder *d, size_t n_bytes)
{
    void *memory = d->failed ? NULL : dm_arena_alloc(d->arena, n_bytes);

    return memory || d->failed ? memory : fail(d, -E2BIG, "the message takes more memory than one may");
}

/* NULL for a missing element. */
static const char *text_of(struct decoder *d, const struct dm_element *element)
{
    const char *text = dm_element_text(d->arena, element);

    return text || !element ? text : fail(d, -EBADMSG, "the message holds text with control characters or that is no UTF-8");
}

static const char *child_text(struct decoder *d, const struct dm_element *element, const char *name)
{
    return text_of(d, dm_element_child(element, name));
}


static const struct dm_element *meta_of(const struct dm_element *holder)
{
    const struct dm_element *meta = dm_element_child(holder, "Meta");
    const struct dm_element *wrapped = dm_element_child(meta, "MetInf"); /* which the DTD of MetInf has as its root */

    return wrapped ? wrapped : meta;
}

/* In Meta, where it belongs, or beside it. */
static const struct dm_element *meta_child(const struct dm_element *holder, const char *name)
{
    const struct dm_element *found = dm_element_child(meta_of(holder), name);

    return found ? found : dm_element_child(holder, name);
}

static const char *meta_text(struct decoder *d, const struct dm_element *holder, const char *name)
{
    return text_of(d, meta_child(holder, name));
}

/* A digest or a nonce: in WBXML some servers put its bytes there as they are. Those become base64, and *format says so. */
static const char *secret_text(struct decoder *d, const struct dm_element *element, const char **format)
{
    size_t size = element ? DM_BASE64_SIZE(element->n_text) : 0;
    char *text;

    if (!element || dm_text_is_clean(element->text, element->n_text))
        return text_of(d, element);
    text = alloc(d, size);
    if (!text)
        return NULL;
    dm_base64_encode(element->text, element->n_text, text, size);
    *format = "b64";
    return text;
}

static void read_meta(struct decoder *d, const struct dm_element *holder, struct dm_meta *ret)
{
    ret->format = meta_text(d, holder, "Format");
    ret->type = meta_text(d, holder, "Type");
    ret->mark = meta_text(d, holder, "Mark");
    ret->next_nonce = secret_text(d, meta_child(holder, "NextNonce"), &ret->format);
    ret->size_bytes = dm_number_of(meta_text(d, holder, "Size"));
    ret->max_msg_size_bytes = dm_number_of(meta_text(d, holder, "MaxMsgSize"));
    ret->max_obj_size_bytes = dm_number_of(meta_text(d, holder, "MaxObjSize"));
}

static struct dm_bytes data_of(struct decoder *d, const struct dm_element *element)
{
    struct dm_bytes data = { 0 };
    int r = 0;

    if (!element)
        return data;
    if (element->children)
        r = dm_element_inner_xml(d->arena, element, &data.data, &data.size);
    else
        data = (struct dm_bytes){ element->text, element->n_text };
    if (r < 0)
        fail(d, -E2BIG, "the XML inside Data takes more memory than it may");
    return data;
}

static struct dm_item *read_item(struct decoder *d, const struct dm_element *element, const struct dm_meta *around)
{
    struct dm_item *item = alloc(d, sizeof(*item));

    if (!item)
        return NULL;
    item->target = text_of(d, dm_element_path(element, "Target/LocURI"));
    item->source = text_of(d, dm_element_path(element, "Source/LocURI"));
    item->target_name = text_of(d, dm_element_path(element, "Target/LocName"));
    item->source_name = text_of(d, dm_element_path(element, "Source/LocName"));
    read_meta(d, element, &item->meta);
    if (!item->meta.format)
        item->meta.format = around->format;
    if (!item->meta.type)
        item->meta.type = around->type;
    item->data = data_of(d, dm_element_child(element, "Data"));
    item->more_data = dm_element_child(element, "MoreData") != NULL;
    return item;
}

static struct dm_item *read_items(struct decoder *d, const struct dm_element *command, const struct dm_meta *around)
{
    struct dm_item *items = NULL, **last = &items;

    for (const struct dm_element *e = dm_element_child(command, "Item"); e && !d->failed; e = dm_element_next(e, "Item")) {
        *last = read_item(d, e, around);
        if (*last)
            last = &(*last)->next;
    }
    return items;
}

static struct dm_ref *read_refs(struct decoder *d, const struct dm_element *command, const char *name)
{
    struct dm_ref *refs = NULL, **last = &refs;

    for (const struct dm_element *e = dm_element_child(command, name); e && !d->failed; e = dm_element_next(e, name)) {
        *last = alloc(d, sizeof(**last));
        if (!*last)
            break;
        (*last)->uri = text_of(d, e);
        last = &(*last)->next;
    }
    return refs;
}

static const struct dm_cred *read_cred(struct decoder *d, const struct dm_element *element)
{
    struct dm_cred *cred = element ? alloc(d, sizeof(*cred)) : NULL;

    if (!cred)
        return NULL;
    cred->type = meta_text(d, element, "Type");
    cred->format = meta_text(d, element, "Format");
    cred->data = secret_text(d, dm_element_child(element, "Data"), &cred->format);
    return cred;
}

static const struct dm_chal *read_chal(struct decoder *d, const struct dm_element *element)
{
    struct dm_chal *chal = element ? alloc(d, sizeof(*chal)) : NULL;

    if (!chal)
        return NULL;
    chal->type = meta_text(d, element, "Type");
    chal->format = meta_text(d, element, "Format");
    chal->next_nonce = secret_text(d, meta_child(element, "NextNonce"), &chal->format);
    return chal;
}

static struct dm_command *read_commands(struct decoder *d, const struct dm_element *element);

static void read_answer(struct decoder *d, const struct dm_element *element, struct dm_command *command)
{
    command->msg_ref = child_text(d, element, "MsgRef");
    command->cmd_ref = child_text(d, element, "CmdRef");
    command->cmd = child_text(d, element, "Cmd");
    command->target_refs = read_refs(d, element, "TargetRef");
    command->source_refs = read_refs(d, element, "SourceRef");
    command->chal = read_chal(d, dm_element_child(element, "Chal"));
}

static struct dm_command *read_command(struct decoder *d, const struct dm_element *element, enum dm_verb verb)
{
    struct dm_command *command = alloc(d, sizeof(*command));

    if (!command)
        return NULL;
    command->verb = verb;
    command->name = element->name;
    command->cmd_id = child_text(d, element, "CmdID");
    command->no_resp = dm_element_child(element, "NoResp") != NULL;
    command->correlator = child_text(d, element, "Correlator");
    command->lang = child_text(d, element, "Lang");
    command->cred = read_cred(d, dm_element_child(element, "Cred"));
    if (verb == DM_VERB_STATUS || verb == DM_VERB_RESULTS)
        read_answer(d, element, command);
    if (verb == DM_VERB_STATUS || verb == DM_VERB_ALERT)
        command->code = dm_code_of(child_text(d, element, "Data"));
    read_meta(d, element, &command->meta);
    command->items = read_items(d, element, &command->meta);
    if (verb == DM_VERB_ATOMIC || verb == DM_VERB_SEQUENCE)
        command->children = read_commands(d, element);
    return command;
}

/* The levels are bounded by the budget that the tree was read with. */
static struct dm_command *read_commands(struct decoder *d, const struct dm_element *element)
{
    struct dm_command *commands = NULL, **last = &commands;

    for (const struct dm_element *e = element->children; e && !d->failed; e = e->next) {
        enum dm_verb verb;

        if (!dm_verb_of(e->name, &verb))
            continue;
        *last = read_command(d, e, verb);
        if (*last)
            last = &(*last)->next;
    }
    return commands;
}

static void read_header(struct decoder *d, const struct dm_element *header, struct dm_message *message)
{
    struct dm_meta meta;

    message->ver_dtd = child_text(d, header, "VerDTD");
    message->ver_proto = child_text(d, header, "VerProto");
    message->session_id = child_text(d, header, "SessionID");
    message->msg_id = child_text(d, header, "MsgID");
    message->target = text_of(d, dm_element_path(header, "Target/LocURI"));
    message->source = text_of(d, dm_element_path(header, "Source/LocURI"));
    message->source_name = text_of(d, dm_element_path(header, "Source/LocName"));
    message->resp_uri = child_text(d, header, "RespURI");
    message->no_resp = dm_element_child(header, "NoResp") != NULL;
    message->cred = read_cred(d, dm_element_child(header, "Cred"));
    read_meta(d, header, &meta);
    message->max_msg_size_bytes = meta.max_msg_size_bytes;
    message->max_obj_size_bytes = meta.max_obj_size_bytes;
}

/* Exactly one: with two of them two readers would take different ones. */
static const struct dm_element *only_child(struct decoder *d, const struct dm_element *root, const char *name)
{
    const struct dm_element *child = dm_element_child(root, name);

    if (child && !dm_element_next(child, name))
        return child;
    d->failed = dm_error_set(d->error, -EBADMSG, "the message has %s %s", child ? "more than one" : "no", name);
    return NULL;
}

int dm_message_decode(struct dm_arena *arena, const struct dm_element *root, struct dm_message **ret, struct dm_error *error)
{
    struct decoder d = { .arena = arena, .error = error };
    const struct dm_element *header, *body;
    struct dm_message *message;

    if (!dm_element_is(root, "SyncML"))
        return dm_error_set(error, -EBADMSG, "the document is no SyncML: it begins with %.40s", root->name);
    header = only_child(&d, root, "SyncHdr");
    body = header ? only_child(&d, root, "SyncBody") : NULL;
    message = body ? alloc(&d, sizeof(*message)) : NULL;
    if (!message)
        return d.failed;
    read_header(&d, header, message);
    message->commands = read_commands(&d, body);
    message->final = dm_element_child(body, "Final") != NULL;
    if (d.failed)
        return d.failed;
    message->arena = arena;
    *ret = message;
    return 0;
}
