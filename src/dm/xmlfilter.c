/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filter before the parser.
 */
#include "dm/xmlfilter.h"
#include "dm/text.h"
#include "dm/xmlread.h"

#include <errno.h>
#include <stdbool.h>

static int too_long(struct dm_error *error)
{
    return dm_error_set(error, -E2BIG, "a tag is longer than %d bytes", DM_XML_TAG_BYTES_MAX);
}

static void begin_markup(struct dm_xml_filter *f)
{
    f->place = DM_XML_OPENED;
    f->n_markup = 0;
    f->last[0] = f->last[1] = '\0';
}

static int in_opened(struct dm_xml_filter *f, char c)
{
    f->place = c == '!' ? DM_XML_BANG : c == '?' ? DM_XML_INSTRUCTION : c == '>' ? DM_XML_TEXT : DM_XML_TAG;
    return 0;
}

/* "<!-" and "<![" are all that a document without a type declaration has. */
static int in_bang(struct dm_xml_filter *f, char c, struct dm_error *error)
{
    if (c != '-' && c != '[')
        return dm_error_set(error, -EPERM, "the document declares a type (DOCTYPE) or entities, which is never allowed");
    f->place = c == '-' ? DM_XML_COMMENT : DM_XML_CDATA;
    return 0;
}

static int in_tag(struct dm_xml_filter *f, char c)
{
    if (f->place == DM_XML_QUOTED)
        f->place = c == f->quote ? DM_XML_TAG : DM_XML_QUOTED;
    else if (c == '"' || c == '\'') {
        f->quote = c;
        f->place = DM_XML_QUOTED;
    } else if (c == '>')
        f->place = DM_XML_TEXT;
    return 0;
}

/* "<!-->" is no comment, nor is "<?>" an instruction: at least the opening's own bytes come first. */
static void until(struct dm_xml_filter *f, char c, char before, char before_that, size_t n_least)
{
    if (c == '>' && f->last[1] == before && (!before_that || f->last[0] == before_that) && f->n_markup > n_least)
        f->place = DM_XML_TEXT;
    f->last[0] = f->last[1];
    f->last[1] = c;
}

static int look_at(struct dm_xml_filter *f, char c, struct dm_error *error)
{
    f->n_markup++;
    switch (f->place) {
    case DM_XML_BEFORE:
    case DM_XML_TEXT:
        if (c == '<')
            begin_markup(f);
        return 0;
    case DM_XML_OPENED:
        return in_opened(f, c);
    case DM_XML_BANG:
        return in_bang(f, c, error);
    case DM_XML_TAG:
    case DM_XML_QUOTED:
        return f->n_markup > DM_XML_TAG_BYTES_MAX ? too_long(error) : in_tag(f, c);
    case DM_XML_COMMENT:
        until(f, c, '-', '-', 4);
        return 0;
    case DM_XML_CDATA:
        until(f, c, ']', ']', 9);
        return 0;
    case DM_XML_INSTRUCTION:
        if (f->n_markup > DM_XML_TAG_BYTES_MAX)
            return too_long(error);
        until(f, c, '?', '\0', 2);
        return 0;
    }
    return -EBADMSG;
}

/* A byte before the document: true when it belongs to a mark or is a blank. */
static bool is_before(struct dm_xml_filter *f, unsigned char c)
{
    static const unsigned char MARK[3] = { 0xef, 0xbb, 0xbf };

    if (f->place != DM_XML_BEFORE)
        return false;
    if (f->n_mark < 3 && c == MARK[f->n_mark]) {
        f->n_mark++;
        return true;
    }
    return (f->n_mark == 0 || f->n_mark == 3) && dm_is_blank((char)c);
}

int dm_xml_filter_look(struct dm_xml_filter *f, const char *bytes, size_t n_bytes, size_t *ret_skip, struct dm_error *error)
{
    size_t i = 0;

    while (i < n_bytes && is_before(f, (unsigned char)bytes[i]))
        i++;
    *ret_skip = i;
    if (i < n_bytes && f->place == DM_XML_BEFORE && bytes[i] != '<')
        return dm_error_set(error, -EBADMSG, "this is not XML in UTF-8: it does not begin with '<'");
    for (; i < n_bytes; i++) {
        int r;

        if (bytes[i] == '\0')
            return dm_error_set(error, -EBADMSG, "this is not XML in UTF-8: it holds a NUL byte");
        r = look_at(f, bytes[i], error);
        if (r < 0)
            return r;
    }
    return 0;
}
