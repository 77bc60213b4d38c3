/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes nest as they do in the tree. Depth is bounded by that of an address.
 */
#include "dm/tnds.h"

#include "dm/acl.h"
#include "dm/grow.h"
#include "dm/tree.h"

#include <string.h>

static void element(struct dm_grow *text, const char *name, const char *value, size_t n_bytes)
{
    dm_grow_text(text, "<");
    dm_grow_text(text, name);
    dm_grow_text(text, ">");
    dm_grow_xml(text, value, n_bytes);
    dm_grow_text(text, "</");
    dm_grow_text(text, name);
    dm_grow_text(text, ">");
}

static void properties(struct dm_grow *text, const struct dm_node *node)
{
    dm_grow_text(text, "<RTProperties>");
    if (node->acl)
        element(text, "ACL", node->acl, strlen(node->acl));
    dm_grow_text(text, "<Format><");
    dm_grow_text(text, dm_format_name(node->format));
    dm_grow_text(text, "/></Format><Type>");
    if (node->format == DM_FORMAT_NODE)
        element(text, "DDFName", node->type ? node->type : "", node->type ? strlen(node->type) : 0);
    else
        element(text, "MIME", node->type ? node->type : "text/plain", strlen(node->type ? node->type : "text/plain"));
    dm_grow_text(text, "</Type></RTProperties>");
}

static void write_node(struct dm_grow *text, struct dm_node *node, const char *path, const char *server)
{
    if (!dm_node_allows(node, DM_ACCESS_GET, server))
        return;
    dm_grow_text(text, "<Node>");
    element(text, "NodeName", node->name, strlen(node->name));
    if (path)
        element(text, "Path", path, strlen(path));
    properties(text, node);
    if (node->format != DM_FORMAT_NODE && dm_node_is_readable(node, server))
        element(text, "Value", node->data, node->size);
    for (struct dm_node *child = node->children; child; child = child->next)
        write_node(text, child, NULL, server);
    dm_grow_text(text, "</Node>");
}

char *dm_tnds_write(struct dm_node *top, const char *server)
{
    char path[DM_URI_BYTES_MAX + 1] = "";
    struct dm_grow text = { 0 };

    if (top->parent && dm_node_uri(top->parent, path, sizeof(path)) < 0)
        return NULL;
    dm_grow_text(&text, "<MgmtTree xmlns=\"syncml:dmddf1.2\"><VerDTD>1.2</VerDTD>");
    write_node(&text, top, path, server);
    dm_grow_text(&text, "</MgmtTree>");
    return dm_grow_steal(&text);
}
