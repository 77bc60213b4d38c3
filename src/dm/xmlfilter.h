/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Looks at the bytes of an XML document before libxml2 does, and refuses what libxml2 must not even begin with: <!DOCTYPE and its like, NUL
 * bytes and other encodings, tags without end. Knows of XML only where one kind of markup ends and the next begins. One byte at a time, no
 * memory but this struct.
 */
#include "dm/error.h"

#include <stddef.h>
#include <stdint.h>

enum dm_xml_place {
    DM_XML_BEFORE, /* nothing came but a byte order mark and blanks */
    DM_XML_TEXT,
    DM_XML_OPENED, /* behind '<' */
    DM_XML_TAG,
    DM_XML_QUOTED, /* in an attribute's value */
    DM_XML_BANG, /* behind "<!" */
    DM_XML_COMMENT,
    DM_XML_CDATA,
    DM_XML_INSTRUCTION, /* <? */
};

struct dm_xml_filter {
    enum dm_xml_place place;
    char quote;
    char last[2]; /* the two bytes before, for --> and ]]> */
    size_t n_markup; /* bytes since '<' */
    unsigned n_mark; /* bytes of a byte order mark that came */
};

/* 0; -EPERM, -EBADMSG, -E2BIG with a sentence. *ret_skip: bytes at the beginning of this piece that the parser must not get (mark, blanks). */
int dm_xml_filter_look(struct dm_xml_filter *filter, const char *bytes, size_t n_bytes, size_t *ret_skip, struct dm_error *error);
