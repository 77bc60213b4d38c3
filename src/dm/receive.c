/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receiving a message: XML goes into the parser as it comes; WBXML, which cannot be read in pieces so simply, is collected up to its limit.
 */
#include "dm/decode.h"
#include "dm/wbxmlread.h"
#include "dm/xmlread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dm_receiver {
    enum dm_encoding encoding;
    struct dm_arena *arena;
    struct dm_budget budget;
    struct dm_xml_reader *xml;
    char *collected; /* WBXML */
    size_t n_collected, size_collected;
    int failed;
    struct dm_error why;
};

struct dm_receiver *dm_receiver_new(enum dm_encoding encoding)
{
    struct dm_receiver *receiver = calloc(1, sizeof(*receiver));

    if (!receiver)
        return NULL;
    receiver->encoding = encoding;
    receiver->budget = DM_BUDGET_WHOLE;
    receiver->arena = dm_arena_new(DM_ARENA_BYTES);
    if (receiver->arena && encoding == DM_ENCODING_XML)
        receiver->xml = dm_xml_reader_new(receiver->arena, &receiver->budget);
    if (!receiver->arena || (encoding == DM_ENCODING_XML && !receiver->xml))
        return dm_receiver_free(receiver);
    return receiver;
}

struct dm_receiver *dm_receiver_free(struct dm_receiver *receiver)
{
    if (!receiver)
        return NULL;
    dm_xml_reader_free(receiver->xml);
    dm_arena_free(receiver->arena);
    free(receiver->collected);
    free(receiver);
    return NULL;
}

static int collect(struct dm_receiver *receiver, const void *bytes, size_t n_bytes)
{
    size_t size = receiver->size_collected ? receiver->size_collected : 4096;
    char *collected;

    if (n_bytes > DM_BYTES_MAX - receiver->n_collected)
        return dm_error_set(&receiver->why, -E2BIG, "the document is larger than 1 MiB");
    while (size - receiver->n_collected < n_bytes)
        size *= 2;
    if (size != receiver->size_collected) {
        collected = realloc(receiver->collected, size);
        if (!collected)
            return dm_error_set(&receiver->why, -ENOMEM, "there is no memory");
        receiver->collected = collected;
        receiver->size_collected = size;
    }
    if (n_bytes)
        memcpy(receiver->collected + receiver->n_collected, bytes, n_bytes);
    receiver->n_collected += n_bytes;
    return 0;
}

static int said(const struct dm_receiver *receiver, struct dm_error *error)
{
    if (receiver->failed && error)
        *error = receiver->why;
    return receiver->failed;
}

int dm_receiver_feed(struct dm_receiver *receiver, const void *bytes, size_t n_bytes, struct dm_error *error)
{
    if (!receiver->failed)
        receiver->failed = receiver->encoding == DM_ENCODING_XML ? dm_xml_reader_feed(receiver->xml, bytes, n_bytes, &receiver->why)
                                                                 : collect(receiver, bytes, n_bytes);
    return said(receiver, error);
}

/* The parser's memory is given back before the message takes its own. */
static int end_of_xml(struct dm_receiver *receiver, struct dm_element **ret)
{
    int r = dm_xml_reader_end(receiver->xml, ret, &receiver->why);

    receiver->budget.depth -= r == 0 ? dm_xml_reader_deepest(receiver->xml) : 0;
    receiver->xml = dm_xml_reader_free(receiver->xml);
    return r;
}

static int end_of_wbxml(struct dm_receiver *receiver, struct dm_element **ret)
{
    unsigned deepest = 0;
    int r = dm_wbxml_parse(receiver->arena, &receiver->budget, receiver->collected ? receiver->collected : "", receiver->n_collected, ret,
        &deepest, &receiver->why);

    receiver->budget.depth -= deepest;
    free(receiver->collected);
    receiver->collected = NULL;
    receiver->n_collected = receiver->size_collected = 0;
    return r;
}

int dm_receiver_end(struct dm_receiver *receiver, struct dm_message **ret, struct dm_error *error)
{
    struct dm_element *root = NULL;
    struct dm_message *message = NULL;
    int r = receiver->failed;

    if (r == 0)
        r = receiver->encoding == DM_ENCODING_XML ? end_of_xml(receiver, &root) : end_of_wbxml(receiver, &root);
    if (r == 0)
        r = dm_message_decode(receiver->arena, root, &message, &receiver->why);
    receiver->failed = r ? r : -EBADMSG; /* nothing comes after the end */
    if (r < 0) {
        said(receiver, error);
        return r;
    }
    message->left = receiver->budget;
    receiver->arena = NULL; /* the message's now */
    *ret = message;
    return 0;
}

int dm_message_parse(enum dm_encoding encoding, const void *bytes, size_t n_bytes, struct dm_message **ret, struct dm_error *error)
{
    struct dm_receiver *receiver = dm_receiver_new(encoding);
    int r;

    if (!receiver)
        return dm_error_set(error, -ENOMEM, "there is no memory");
    r = dm_receiver_feed(receiver, bytes, n_bytes, error);
    if (r == 0)
        r = dm_receiver_end(receiver, ret, error);
    dm_receiver_free(receiver);
    return r;
}
