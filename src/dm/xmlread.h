/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Any XML that a server sent, into a tree of elements: SyncML, profiles inside it, SOAP, provisioning documents, DDF. libxml2 parses, as a
 * push parser with XML_PARSE_NONET; a filter before it and the builder behind it keep the limits while bytes are still coming in.
 *
 * Decides what XML is refused on sight: DOCTYPE, entities but the five of XML itself, NUL bytes, more nesting, elements or bytes than the
 * budget has, tags beyond 8 KiB. Everything is UTF-8, whatever the declaration says. Reads leniently: a byte order mark, blanks before the
 * declaration, prefixes that nobody declared. Never fetches anything, never expands anything.
 */
#include "dm/element.h"

#define DM_XML_TAG_BYTES_MAX 8192 /* libxml2's work in one tag grows with the square of its attributes */

struct dm_xml_reader;

/* The tree lives in the arena; the budget is used up and must outlive the reader. NULL: no memory. */
struct dm_xml_reader *dm_xml_reader_new(struct dm_arena *arena, struct dm_budget *budget);
struct dm_xml_reader *dm_xml_reader_free(struct dm_xml_reader *reader);
/* Pieces of any size. 0, -EBADMSG (not XML), -E2BIG (over a limit), -EPERM (refused on sight), -ENOMEM; the same again for every later call. */
int dm_xml_reader_feed(struct dm_xml_reader *reader, const void *bytes, size_t n_bytes, struct dm_error *error);
int dm_xml_reader_end(struct dm_xml_reader *reader, struct dm_element **ret, struct dm_error *error);
unsigned dm_xml_reader_deepest(const struct dm_xml_reader *reader);

/* The same for bytes that are all there. */
int dm_xml_parse(struct dm_arena *arena, struct dm_budget *budget, const void *bytes, size_t n_bytes, struct dm_element **ret,
    struct dm_error *error);
