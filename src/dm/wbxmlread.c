/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One token after another. Everything that is read goes through take(), which knows the end.
 */
#include "dm/wbxmlread.h"
#include "dm/text.h"
#include "dm/wbxml.h"
#include "dm/wbxmltags.h"

#include <errno.h>
#include <string.h>

struct in {
    const uint8_t *bytes;
    size_t n_bytes, at;
    const uint8_t *strings; /* the string table */
    size_t n_strings;
    unsigned page;
    struct dm_builder *builder;
    struct dm_error *error;
};

static int bad(struct in *in, const char *sentence)
{
    return dm_error_set(in->error, -EBADMSG, "this is not SyncML in WBXML: %s (byte %zu)", sentence, in->at);
}

static int take(struct in *in, uint8_t *ret)
{
    if (in->at >= in->n_bytes)
        return bad(in, "it ends too early");
    *ret = in->bytes[in->at++];
    return 0;
}

/* mb_u_int32 (WAP-192, 5.1): seven bits a byte, at most five bytes. */
static int take_number(struct in *in, uint32_t *ret)
{
    uint32_t value = 0;

    for (int i = 0; i < 5; i++) {
        uint8_t byte = 0;
        int r = take(in, &byte);

        if (r < 0)
            return r;
        if (value > UINT32_MAX >> 7)
            return bad(in, "a number has more than 32 bits");
        value = value << 7 | (byte & 0x7fu);
        if (!(byte & 0x80)) {
            *ret = value;
            return 0;
        }
    }
    return bad(in, "a number has no end");
}

/* A string that begins at s and must end before n. */
static int string_length(struct in *in, const uint8_t *s, size_t n, size_t *ret)
{
    const uint8_t *end = memchr(s, 0, n);

    if (!end)
        return bad(in, "a string has no end");
    *ret = (size_t)(end - s);
    return 0;
}

static int table_string(struct in *in, const char **ret, size_t *ret_n)
{
    uint32_t index = 0;
    int r = take_number(in, &index);

    if (r < 0)
        return r;
    if (index >= in->n_strings)
        return bad(in, "a string is not in the table");
    *ret = (const char *)in->strings + index;
    return string_length(in, in->strings + index, in->n_strings - index, ret_n);
}

static int on_inline_string(struct in *in)
{
    size_t n = 0;
    int r = string_length(in, in->bytes + in->at, in->n_bytes - in->at, &n);

    if (r < 0)
        return r;
    r = dm_builder_text(in->builder, in->bytes + in->at, n, in->error);
    in->at += n + 1;
    return r;
}

static int on_table_string(struct in *in)
{
    const char *text = NULL;
    size_t n = 0;
    int r = table_string(in, &text, &n);

    return r < 0 ? r : dm_builder_text(in->builder, text, n, in->error);
}

static int on_opaque(struct in *in)
{
    uint32_t n = 0;
    int r = take_number(in, &n);

    if (r < 0)
        return r;
    if (n > in->n_bytes - in->at)
        return bad(in, "opaque data is longer than the document");
    r = dm_builder_text(in->builder, in->bytes + in->at, n, in->error);
    in->at += n;
    return r;
}

/* What "&#number;" is in XML. */
static int on_character(struct in *in)
{
    uint32_t c = 0;
    char utf8[4];
    int r = take_number(in, &c);

    if (r < 0)
        return r;
    if (!dm_is_xml_character(c))
        return bad(in, "a character entity is no character");
    return dm_builder_text(in->builder, utf8, dm_utf8_put(c, utf8), in->error);
}

static int on_page(struct in *in)
{
    uint8_t page = 0;
    int r = take(in, &page);

    if (r < 0)
        return r;
    if (!dm_wbxml_page_namespace(page))
        return bad(in, "a code page that SyncML does not have");
    in->page = page;
    return 0;
}

/* Names of our own alphabet only: a literal tag is written into XML again. */
static bool is_name(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool letter = (name[i] >= 'A' && name[i] <= 'Z') || (name[i] >= 'a' && name[i] <= 'z') || name[i] == '_';

        if (!letter && (i == 0 || !((name[i] >= '0' && name[i] <= '9') || name[i] == '-' || name[i] == '.')))
            return false;
    }
    return n > 0 && n <= 64;
}

static int literal_name(struct in *in, const char **ret)
{
    size_t n = 0;
    int r = table_string(in, ret, &n);

    if (r < 0)
        return r;
    return is_name(*ret, n) ? 0 : bad(in, "a literal tag is no name");
}

static int on_tag(struct in *in, uint8_t token)
{
    uint8_t code = token & 0x3f;
    const char *name = NULL, *ns = NULL;
    int r = 0;

    if (token & WBXML_HAS_ATTRIBUTES)
        return bad(in, "a tag has attributes");
    if (code == WBXML_LITERAL)
        r = literal_name(in, &name);
    else {
        name = dm_wbxml_tag_name(in->page, code);
        ns = dm_wbxml_page_namespace(in->page);
        if (!name)
            r = bad(in, "an unknown tag");
    }
    if (r == 0)
        r = dm_builder_begin(in->builder, name, ns, in->error);
    if (r == 0 && !(token & WBXML_HAS_CONTENT))
        r = dm_builder_end(in->builder, in->error);
    return r;
}

static int on_token(struct in *in, uint8_t token)
{
    switch (token) {
    case WBXML_SWITCH_PAGE:
        return on_page(in);
    case WBXML_END:
        return dm_builder_end(in->builder, in->error);
    case WBXML_ENTITY:
        return on_character(in);
    case WBXML_STR_I:
        return on_inline_string(in);
    case WBXML_STR_T:
        return on_table_string(in);
    case WBXML_OPAQUE:
        return on_opaque(in);
    case WBXML_EXT_I_0:
    case WBXML_EXT_I_1:
    case WBXML_EXT_I_2:
    case WBXML_EXT_T_0:
    case WBXML_EXT_T_1:
    case WBXML_EXT_T_2:
    case WBXML_EXT_0:
    case WBXML_EXT_1:
    case WBXML_EXT_2:
        return bad(in, "an extension token");
    case WBXML_PI:
        return bad(in, "a processing instruction");
    default:
        return on_tag(in, token);
    }
}

static bool is_syncml_id(uint32_t id)
{
    return id == WBXML_PUBLIC_ID_SYNCML12 || id == WBXML_PUBLIC_ID_SYNCML11 || id == WBXML_PUBLIC_ID_SYNCML10 || id == 1; /* 1: not said */
}

static int read_string_table(struct in *in)
{
    uint32_t n = 0;
    int r = take_number(in, &n);

    if (r < 0)
        return r;
    if (n > in->n_bytes - in->at)
        return bad(in, "the string table is longer than the document");
    in->strings = in->bytes + in->at;
    in->n_strings = n;
    in->at += n;
    return 0;
}

/* The identifier as text: "-//SYNCML//DTD SyncML 1.2//EN". */
static int check_literal_id(struct in *in, uint32_t index)
{
    static const char BEGINS[] = "-//SYNCML//DTD SyncML";

    if (index >= in->n_strings || in->n_strings - index < sizeof(BEGINS) || !memchr(in->strings + index, 0, in->n_strings - index) ||
        memcmp(in->strings + index, BEGINS, sizeof(BEGINS) - 1) != 0)
        return bad(in, "another document type");
    return 0;
}

static int read_header(struct in *in)
{
    uint8_t version = 0;
    uint32_t id = 0, index = 0, charset = 0;
    int r = take(in, &version);

    if (r == 0 && version > 0x03)
        return bad(in, "another version");
    if (r == 0)
        r = take_number(in, &id);
    if (r == 0 && id == 0)
        r = take_number(in, &index);
    if (r == 0 && version > 0) /* 1.0 had no charset */
        r = take_number(in, &charset);
    if (r == 0 && version > 0 && charset != WBXML_CHARSET_UTF8 && charset != WBXML_CHARSET_ASCII && charset != 0)
        return bad(in, "another character set than UTF-8");
    if (r == 0)
        r = read_string_table(in);
    if (r < 0)
        return r;
    if (id == 0)
        return check_literal_id(in, index);
    return is_syncml_id(id) ? 0 : bad(in, "another document type");
}

static bool is_text(uint8_t token)
{
    return token == WBXML_STR_I || token == WBXML_STR_T || token == WBXML_OPAQUE || token == WBXML_ENTITY;
}

static int read_body(struct in *in)
{
    int r = 0;

    while (r == 0 && in->at < in->n_bytes) {
        uint8_t token = in->bytes[in->at++];

        if (dm_builder_depth(in->builder) == 0 && is_text(token))
            return bad(in, "text outside the document");
        r = on_token(in, token);
    }
    return r;
}

int dm_wbxml_parse(struct dm_arena *arena, struct dm_budget *budget, const void *bytes, size_t n_bytes, struct dm_element **ret,
    unsigned *ret_deepest, struct dm_error *error)
{
    struct in in = { .bytes = bytes, .n_bytes = n_bytes, .error = error };
    int r;

    if (n_bytes > budget->bytes)
        return dm_error_set(error, -E2BIG, "the document is larger than 1 MiB");
    budget->bytes -= n_bytes;
    in.builder = dm_builder_new(arena, budget);
    if (!in.builder)
        return dm_error_set(error, -ENOMEM, "there is no memory");
    r = read_header(&in);
    if (r == 0)
        r = read_body(&in);
    if (r == 0)
        r = dm_builder_finish(in.builder, ret, error);
    if (r == 0)
        *ret_deepest = dm_builder_deepest(in.builder);
    dm_builder_free(in.builder);
    return r;
}
