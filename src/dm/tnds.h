/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A part of the tree as one XML document, the serialization of OMA-TS-DM_TND (TNDS), for `?list=TNDS`. Leaves out what the server may not
 * read. Text in, text out.
 */
#include <stdbool.h>

#define DM_TNDS_MEDIA_TYPE "application/vnd.syncml.dmtnds+xml"

struct dm_node;

/* For free(). NULL: no memory. */
char *dm_tnds_write(struct dm_node *top, const char *server);

/* May the value of this node be told to that server? */
bool dm_node_is_readable(const struct dm_node *node, const char *server);
