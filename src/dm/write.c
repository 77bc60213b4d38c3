/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A message as XML or WBXML, its elements in the order of the DTD (OMA-TS-SyncML_RepPro 1.2). One set of functions says what is written; three
 * at the top (begin, end, content) say how in each encoding.
 */
#include "dm/emit.h"
#include "dm/message.h"
#include "dm/text.h"
#include "dm/wbxml.h"
#include "dm/wbxmltags.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct writer {
    struct dm_emit out;
    enum dm_encoding encoding;
    bool unknown_tag; /* WBXML has no code for a name */
};

static void byte(struct writer *w, uint8_t b)
{
    dm_emit_raw(&w->out, &b, 1);
}

static void number(struct writer *w, uint32_t value)
{
    uint8_t bytes[5];
    size_t at = sizeof(bytes);

    bytes[--at] = value & 0x7f;
    while (value >>= 7)
        bytes[--at] = 0x80 | (value & 0x7f);
    dm_emit_raw(&w->out, bytes + at, sizeof(bytes) - at);
}

static void wbxml_tag(struct writer *w, unsigned page, const char *name, bool has_content)
{
    uint8_t code = dm_wbxml_tag_code(page, name);

    if (!code) {
        w->unknown_tag = true;
        return;
    }
    if (w->out.code_page != page) {
        byte(w, WBXML_SWITCH_PAGE);
        byte(w, (uint8_t)page);
        w->out.code_page = page;
    }
    byte(w, has_content ? code | WBXML_HAS_CONTENT : code);
}

static void xml_tag(struct writer *w, unsigned page, const char *name, const char *end)
{
    dm_emit_string(&w->out, "<");
    dm_emit_string(&w->out, name);
    if (page == DM_WBXML_PAGE_METINF)
        dm_emit_string(&w->out, " xmlns=\"syncml:metinf\"");
    dm_emit_string(&w->out, end);
}

static void begin_in(struct writer *w, unsigned page, const char *name)
{
    if (w->encoding == DM_ENCODING_XML)
        xml_tag(w, page, name, ">");
    else
        wbxml_tag(w, page, name, true);
}

static void begin(struct writer *w, const char *name)
{
    begin_in(w, DM_WBXML_PAGE_SYNCML, name);
}

static void end(struct writer *w, const char *name)
{
    if (w->encoding == DM_ENCODING_WBXML) {
        byte(w, WBXML_END);
        return;
    }
    dm_emit_string(&w->out, "</");
    dm_emit_string(&w->out, name);
    dm_emit_string(&w->out, ">");
}

static void empty(struct writer *w, const char *name, bool there)
{
    if (!there)
        return;
    if (w->encoding == DM_ENCODING_XML)
        xml_tag(w, DM_WBXML_PAGE_SYNCML, name, "/>");
    else
        wbxml_tag(w, DM_WBXML_PAGE_SYNCML, name, false);
}

static void opaque(struct writer *w, const char *bytes, size_t n)
{
    byte(w, WBXML_OPAQUE);
    number(w, (uint32_t)n);
    dm_emit_raw(&w->out, bytes, n);
}

static void content(struct writer *w, const char *text, size_t n)
{
    if (w->encoding == DM_ENCODING_XML)
        dm_emit_escaped(&w->out, text, n);
    else if (memchr(text, 0, n))
        opaque(w, text, n);
    else if (n) {
        byte(w, WBXML_STR_I);
        dm_emit_raw(&w->out, text, n);
        byte(w, 0);
    }
}

static void text_in(struct writer *w, unsigned page, const char *name, const char *text)
{
    if (!text)
        return;
    begin_in(w, page, name);
    content(w, text, strlen(text));
    end(w, name);
}

static void text(struct writer *w, const char *name, const char *value)
{
    text_in(w, DM_WBXML_PAGE_SYNCML, name, value);
}

static void count_in(struct writer *w, unsigned page, const char *name, uint64_t value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    text_in(w, page, name, value ? digits : NULL);
}

/* Target or Source. */
static void location(struct writer *w, const char *name, const char *uri, const char *loc_name)
{
    if (!uri && !loc_name)
        return;
    begin(w, name);
    text(w, "LocURI", uri);
    text(w, "LocName", loc_name);
    end(w, name);
}

static void meta(struct writer *w, const struct dm_meta *m)
{
    if (!m->format && !m->type && !m->mark && !m->next_nonce && !m->size_bytes && !m->max_msg_size_bytes && !m->max_obj_size_bytes)
        return;
    begin(w, "Meta");
    text_in(w, DM_WBXML_PAGE_METINF, "Format", m->format);
    text_in(w, DM_WBXML_PAGE_METINF, "Type", m->type);
    text_in(w, DM_WBXML_PAGE_METINF, "Mark", m->mark);
    count_in(w, DM_WBXML_PAGE_METINF, "Size", m->size_bytes);
    text_in(w, DM_WBXML_PAGE_METINF, "NextNonce", m->next_nonce);
    count_in(w, DM_WBXML_PAGE_METINF, "MaxMsgSize", m->max_msg_size_bytes);
    count_in(w, DM_WBXML_PAGE_METINF, "MaxObjSize", m->max_obj_size_bytes);
    end(w, "Meta");
}

static void cred(struct writer *w, const struct dm_cred *c)
{
    if (!c)
        return;
    begin(w, "Cred");
    meta(w, &(struct dm_meta){ .format = c->format, .type = c->type });
    text(w, "Data", c->data);
    end(w, "Cred");
}

static void chal(struct writer *w, const struct dm_chal *c)
{
    if (!c)
        return;
    begin(w, "Chal");
    meta(w, &(struct dm_meta){ .format = c->format, .type = c->type, .next_nonce = c->next_nonce });
    end(w, "Chal");
}

static bool is_binary(const struct dm_item *item)
{
    return item->data.data &&
           ((item->meta.format && strcmp(item->meta.format, "bin") == 0) || !dm_text_is_clean(item->data.data, item->data.size));
}

static void data(struct writer *w, const struct dm_item *item)
{
    if (!item->data.data)
        return;
    begin(w, "Data");
    if (!is_binary(item))
        content(w, item->data.data, item->data.size);
    else if (w->encoding == DM_ENCODING_XML)
        dm_emit_base64(&w->out, item->data.data, item->data.size);
    else
        opaque(w, item->data.data, item->data.size);
    end(w, "Data");
}

static void write_item(struct writer *w, const struct dm_item *item)
{
    struct dm_meta m = item->meta;

    if (is_binary(item) && w->encoding == DM_ENCODING_XML)
        m.format = "b64";
    begin(w, "Item");
    location(w, "Target", item->target, item->target_name);
    location(w, "Source", item->source, item->source_name);
    meta(w, &m);
    data(w, item);
    empty(w, "MoreData", item->more_data);
    end(w, "Item");
}

static void refs(struct writer *w, const char *name, const struct dm_ref *ref)
{
    for (; ref; ref = ref->next)
        text(w, name, ref->uri);
}

/* Between CmdID and what the command is about. Status has Cred behind its references, all others before Meta. */
static void head(struct writer *w, const struct dm_command *c)
{
    bool status = c->verb == DM_VERB_STATUS;

    text(w, "CmdID", c->cmd_id);
    text(w, "MsgRef", c->msg_ref);
    text(w, "CmdRef", c->cmd_ref);
    text(w, "Cmd", c->cmd);
    empty(w, "NoResp", c->no_resp);
    text(w, "Lang", c->lang);
    cred(w, status ? NULL : c->cred);
    meta(w, &c->meta);
    refs(w, "TargetRef", c->target_refs);
    refs(w, "SourceRef", c->source_refs);
    cred(w, status ? c->cred : NULL);
    chal(w, c->chal);
    count_in(w, DM_WBXML_PAGE_SYNCML, "Data", c->code);
    text(w, "Correlator", c->correlator);
}

static void write_command(struct writer *w, const struct dm_command *c)
{
    if (!c->name) {
        w->unknown_tag = true;
        return;
    }
    begin(w, c->name);
    head(w, c);
    for (const struct dm_item *item = c->items; item; item = item->next)
        write_item(w, item);
    for (const struct dm_command *child = c->children; child; child = child->next)
        write_command(w, child);
    end(w, c->name);
}

static void write_header(struct writer *w, const struct dm_message *m)
{
    begin(w, "SyncHdr");
    text(w, "VerDTD", m->ver_dtd);
    text(w, "VerProto", m->ver_proto);
    text(w, "SessionID", m->session_id);
    text(w, "MsgID", m->msg_id);
    location(w, "Target", m->target, NULL);
    location(w, "Source", m->source, m->source_name);
    text(w, "RespURI", m->resp_uri);
    empty(w, "NoResp", m->no_resp);
    cred(w, m->cred);
    meta(w, &(struct dm_meta){ .max_msg_size_bytes = m->max_msg_size_bytes, .max_obj_size_bytes = m->max_obj_size_bytes });
    end(w, "SyncHdr");
}

static void write_prologue(struct writer *w)
{
    if (w->encoding == DM_ENCODING_XML) {
        dm_emit_string(&w->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SyncML xmlns=\"SYNCML:SYNCML1.2\">");
        return;
    }
    byte(w, WBXML_VERSION_1_2);
    number(w, WBXML_PUBLIC_ID_SYNCML12);
    number(w, WBXML_CHARSET_UTF8);
    number(w, 0); /* no string table */
    begin(w, "SyncML");
}

int dm_message_write(const struct dm_message *m, enum dm_encoding encoding, void *buf, size_t size_bytes, size_t *ret_n_bytes)
{
    struct writer w = { .out = { .bytes = buf, .size_bytes = size_bytes }, .encoding = encoding };

    write_prologue(&w);
    write_header(&w, m);
    begin(&w, "SyncBody");
    for (const struct dm_command *c = m->commands; c; c = c->next)
        write_command(&w, c);
    empty(&w, "Final", m->final);
    end(&w, "SyncBody");
    end(&w, "SyncML");
    if (ret_n_bytes)
        *ret_n_bytes = w.out.n_bytes;
    if (w.unknown_tag)
        return -EINVAL;
    return w.out.n_bytes > size_bytes ? -ENOSPC : 0;
}

size_t dm_command_size(const struct dm_command *command, enum dm_encoding encoding)
{
    struct writer w = { .encoding = encoding };

    write_command(&w, command);
    return w.out.n_bytes + (encoding == DM_ENCODING_WBXML && w.out.code_page != DM_WBXML_PAGE_SYNCML ? 2 : 0);
}
