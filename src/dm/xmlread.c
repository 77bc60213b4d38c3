/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxml2's push parser between the filter and the builder. It gets small pieces, so that a limit is noticed soon after it is passed, and its
 * callbacks stop it at the first thing that is wrong.
 */
#include "dm/xmlread.h"
#include "dm/xmlfilter.h"

#include <libxml/parser.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 2048

struct dm_xml_reader {
    xmlParserCtxt *parser;
    struct dm_builder *builder;
    struct dm_budget *budget;
    struct dm_xml_filter filter;
    bool after_return; /* the last byte was a carriage return */
    int failed;
    struct dm_error why;
};

static void stop(struct dm_xml_reader *reader, int code)
{
    if (!reader->failed)
        reader->failed = code;
    xmlStopParser(reader->parser);
}

/* In values libxml2 leaves every '&' as "&#38;" where entities are not to be replaced. In place; the new length. */
static size_t with_ampersands(char *value, size_t n)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++) {
        value[to++] = value[i];
        if (value[i] == '&' && n - i >= 5 && memcmp(value + i, "&#38;", 5) == 0)
            i += 4;
    }
    return to;
}

static int add_attribute(struct dm_xml_reader *reader, const xmlChar **a)
{
    size_t n = (size_t)(a[4] - a[3]);
    char value[DM_XML_TAG_BYTES_MAX];

    if (n > sizeof(value))
        return dm_error_set(&reader->why, -E2BIG, "an attribute is longer than %d bytes", DM_XML_TAG_BYTES_MAX);
    memcpy(value, a[3], n);
    return dm_builder_attribute(reader->builder, (const char *)a[0], value, with_ampersands(value, n), &reader->why);
}

static void on_begin(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
    const xmlChar **namespaces, int n_attributes, int n_defaulted, const xmlChar **attributes)
{
    struct dm_xml_reader *reader = user;
    int r;

    (void)prefix;
    (void)n_namespaces;
    (void)namespaces;
    (void)n_defaulted;
    if (reader->failed)
        return;
    r = dm_builder_begin(reader->builder, (const char *)name, (const char *)uri, &reader->why);
    for (int i = 0; r == 0 && i < n_attributes; i++)
        r = add_attribute(reader, attributes + i * 5); /* local name, prefix, URI, value, its end */
    if (r < 0)
        stop(reader, r);
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct dm_xml_reader *reader = user;
    int r;

    (void)name;
    (void)prefix;
    (void)uri;
    if (reader->failed)
        return;
    r = dm_builder_end(reader->builder, &reader->why);
    if (r < 0)
        stop(reader, r);
}

static void on_text(void *user, const xmlChar *text, int n)
{
    struct dm_xml_reader *reader = user;
    int r;

    if (reader->failed || n <= 0)
        return;
    r = dm_builder_text(reader->builder, text, (size_t)n, &reader->why);
    if (r < 0)
        stop(reader, r);
}

/* The five of XML are answered by libxml2 before it asks. */
static xmlEntity *on_entity(void *user, const xmlChar *name)
{
    struct dm_xml_reader *reader = user;

    if (!reader->failed)
        stop(reader, dm_error_set(&reader->why, -EPERM, "the document uses an entity (&%.40s;), which is never allowed", (const char *)name));
    return NULL;
}

static void on_reference(void *user, const xmlChar *name)
{
    on_entity(user, name);
}

/* The filter lets no DOCTYPE through; this is the second lock. */
static void on_subset(void *user, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
    struct dm_xml_reader *reader = user;

    (void)name;
    (void)external_id;
    (void)system_id;
    if (!reader->failed)
        stop(reader, dm_error_set(&reader->why, -EPERM, "the document declares a type (DOCTYPE), which is never allowed"));
}

static void on_error(void *user, xmlError *error)
{
    struct dm_xml_reader *reader = user;
    const char *text = error->message ? error->message : "it is not well-formed";

    if (reader->failed || error->level != XML_ERR_FATAL) /* undeclared prefixes are no fatal error, and forgiven */
        return;
    stop(reader, dm_error_set(&reader->why, -EBADMSG, "this is not XML, line %d: %.*s", error->line, (int)strcspn(text, "\n"), text));
}

static xmlSAXHandler handler(void)
{
    return (xmlSAXHandler){
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_begin,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .ignorableWhitespace = on_text,
        .getEntity = on_entity,
        .reference = on_reference,
        .internalSubset = on_subset,
        .externalSubset = on_subset,
        .serror = on_error,
    };
}

struct dm_xml_reader *dm_xml_reader_new(struct dm_arena *arena, struct dm_budget *budget)
{
    struct dm_xml_reader *reader = calloc(1, sizeof(*reader));
    xmlSAXHandler sax = handler();

    if (!reader)
        return NULL;
    reader->budget = budget;
    reader->builder = dm_builder_new(arena, budget);
    reader->parser = xmlCreatePushParserCtxt(&sax, reader, NULL, 0, NULL);
    if (!reader->builder || !reader->parser)
        return dm_xml_reader_free(reader);
    /* IGNORE_ENC: the filter has made sure of UTF-8, and .NET's writers put "utf-16" over it. */
    xmlCtxtUseOptions(reader->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    return reader;
}

struct dm_xml_reader *dm_xml_reader_free(struct dm_xml_reader *reader)
{
    if (!reader)
        return NULL;
    if (reader->parser) {
        xmlFreeDoc(reader->parser->myDoc);
        reader->parser->myDoc = NULL;
        xmlFreeParserCtxt(reader->parser);
    }
    dm_builder_free(reader->builder);
    free(reader);
    return NULL;
}

static int said(const struct dm_xml_reader *reader, struct dm_error *error)
{
    if (reader->failed && error)
        *error = reader->why;
    return reader->failed;
}

/* Line breaks as XML 1.0 (2.11) wants them before anything is parsed; libxml2's push parser leaves them alone inside CDATA. */
static size_t with_line_feeds(struct dm_xml_reader *reader, const char *bytes, size_t n_bytes, char *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < n_bytes; i++) {
        if (bytes[i] != '\n' || !reader->after_return)
            ret[n++] = bytes[i] == '\r' ? '\n' : bytes[i];
        reader->after_return = bytes[i] == '\r';
    }
    return n;
}

static void feed_piece(struct dm_xml_reader *reader, const char *bytes, size_t n_bytes)
{
    char piece[PIECE_BYTES];
    size_t skip = 0, n;
    int r;

    if (n_bytes > reader->budget->bytes) {
        reader->failed = dm_error_set(&reader->why, -E2BIG, "the document is larger than 1 MiB");
        return;
    }
    reader->budget->bytes -= n_bytes;
    r = dm_xml_filter_look(&reader->filter, bytes, n_bytes, &skip, &reader->why);
    if (r < 0) {
        reader->failed = r;
        return;
    }
    n = with_line_feeds(reader, bytes + skip, n_bytes - skip, piece);
    if (n && xmlParseChunk(reader->parser, piece, (int)n, 0) != 0 && !reader->failed && !reader->parser->wellFormed)
        reader->failed = dm_error_set(&reader->why, -EBADMSG, "this is not XML");
}

int dm_xml_reader_feed(struct dm_xml_reader *reader, const void *bytes, size_t n_bytes, struct dm_error *error)
{
    const char *b = bytes;

    while (n_bytes && !reader->failed) {
        size_t n = n_bytes < PIECE_BYTES ? n_bytes : PIECE_BYTES;

        feed_piece(reader, b, n);
        b += n;
        n_bytes -= n;
    }
    return said(reader, error);
}

int dm_xml_reader_end(struct dm_xml_reader *reader, struct dm_element **ret, struct dm_error *error)
{
    int r;

    if (!reader->failed)
        xmlParseChunk(reader->parser, NULL, 0, 1);
    if (!reader->failed && !reader->parser->wellFormed)
        reader->failed = dm_error_set(&reader->why, -EBADMSG, "this is not XML: it ends too early");
    if (reader->failed)
        return said(reader, error);
    r = dm_builder_finish(reader->builder, ret, &reader->why);
    reader->failed = r;
    return said(reader, error);
}

unsigned dm_xml_reader_deepest(const struct dm_xml_reader *reader)
{
    return dm_builder_deepest(reader->builder);
}

int dm_xml_parse(struct dm_arena *arena, struct dm_budget *budget, const void *bytes, size_t n_bytes, struct dm_element **ret,
    struct dm_error *error)
{
    struct dm_xml_reader *reader = dm_xml_reader_new(arena, budget);
    int r;

    if (!reader)
        return dm_error_set(error, -ENOMEM, "there is no memory");
    r = dm_xml_reader_feed(reader, bytes, n_bytes, error);
    if (r == 0)
        r = dm_xml_reader_end(reader, ret, error);
    dm_xml_reader_free(reader);
    return r;
}
