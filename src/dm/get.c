/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Get: a value, the names of children, a property, or a listing. What is secret or not the server's to read is left out of listings without
 * a word, and its value never leaves.
 */
#include "dm/verbs.h"

#include "base/cleanup.h"
#include "dm/acl.h"
#include "dm/tnds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned found_status(int r, struct dm_error *error)
{
    if (r == -ENOSPC)
        return dm_refuse(error, 413, "the answer is larger than the server takes");
    return r < 0 ? dm_refuse(error, 500, "no room for the answer") : 200;
}

/* "A/B/C": names of the children that the server may see. *ret is freed by the caller; NULL: no memory. */
static char *children_names(const struct dm_node *node, const char *server)
{
    char name[DM_NAME_BYTES_MAX * 3 + 1], *text, *end;
    size_t size = 1;

    for (const struct dm_node *child = node->children; child; child = child->next)
        size += strlen(child->name) * 3 + 1;
    text = end = malloc(size);
    if (!text)
        return NULL;
    for (const struct dm_node *child = node->children; child; child = child->next) {
        if (!dm_node_allows(child, DM_ACCESS_GET, server))
            continue;
        if (end > text)
            *end++ = '/';
        end = stpcpy(end, dm_name_encode(child->name, name, sizeof(name)));
    }
    *end = '\0';
    return text;
}

static unsigned get_value(const struct dm_node *node, const struct dm_request *request, dm_found_handler found, void *userdata,
    struct dm_error *error)
{
    _cleanup_free_ char *names = NULL;
    struct dm_found it = { .uri = request->uri, .format = node->format, .type = node->type };

    if (node->def->secret || !(node->def->access & DM_ACCESS_GET))
        return dm_refuse(error, 405, "the node cannot be read");
    if (node->def->format == DM_FORMAT_NODE) {
        names = children_names(node, request->server);
        if (!names)
            return dm_refuse(error, 500, "no memory");
        it.data = names;
        it.size = strlen(names);
    } else {
        it.data = node->data;
        it.size = node->size;
    }
    return found_status(found(userdata, &it), error);
}

static unsigned get_property(const struct dm_node *node, enum dm_property property, const struct dm_request *request,
    dm_found_handler found, void *userdata, struct dm_error *error)
{
    struct dm_found it = { .uri = request->uri, .format = DM_FORMAT_CHR };

    switch (property) {
    case DM_PROPERTY_ACL:
        it.data = node->acl ? node->acl : "";
        break;
    case DM_PROPERTY_FORMAT:
        it.data = dm_format_name(node->format);
        break;
    case DM_PROPERTY_NAME:
        it.data = node->name;
        break;
    case DM_PROPERTY_TYPE:
        it.data = node->type ? node->type : node->format == DM_FORMAT_NODE ? "" : "text/plain";
        break;
    case DM_PROPERTY_OPTIONAL:
        return dm_refuse(error, 406, "the property is not supported");
    }
    it.size = strlen(it.data);
    return found_status(found(userdata, &it), error);
}

bool dm_node_is_readable(const struct dm_node *node, const char *server)
{
    return !node->def->secret && (node->def->access & DM_ACCESS_GET) && dm_node_allows(node, DM_ACCESS_GET, server);
}

static unsigned get_list(struct dm_node *top, const struct dm_request *request, bool with_data, dm_found_handler found,
    void *userdata, struct dm_error *error)
{
    char uri[DM_URI_BYTES_MAX + 1];
    unsigned status;

    for (struct dm_node *node = top; node; node = dm_tree_walk(top, node)) {
        struct dm_found it = { .uri = uri, .format = node->format, .type = node->type };

        if (!dm_node_allows(node, DM_ACCESS_GET, request->server) || dm_node_uri(node, uri, sizeof(uri)) < 0)
            continue;
        if (with_data && node->format != DM_FORMAT_NODE && dm_node_is_readable(node, request->server)) {
            it.data = node->data;
            it.size = node->size;
        }
        status = found_status(found(userdata, &it), error);
        if (status != 200)
            return status;
    }
    return 200;
}

static unsigned get_tnds(struct dm_node *top, const struct dm_request *request, dm_found_handler found, void *userdata,
    struct dm_error *error)
{
    _cleanup_free_ char *text = dm_tnds_write(top, request->server);
    struct dm_found it = { .uri = request->uri, .format = DM_FORMAT_XML, .type = DM_TNDS_MEDIA_TYPE };

    if (!text)
        return dm_refuse(error, 500, "no memory");
    it.data = text;
    it.size = strlen(text);
    return found_status(found(userdata, &it), error);
}

unsigned dm_verb_get(struct dm_tree *tree, const struct dm_request *request, dm_found_handler found, void *userdata,
    struct dm_error *error)
{
    struct dm_node *node;
    struct dm_uri uri;
    unsigned status = dm_uri_parse(request->uri, &uri);

    if (status)
        return dm_refuse(error, status, "the address is not one that a node can have");
    node = dm_tree_find(tree, uri.names, uri.n_names);
    if (!node)
        return dm_refuse(error, 404, "there is no such node");
    if (!dm_node_allows(node, DM_ACCESS_GET, request->server))
        return dm_refuse(error, 425, "the node belongs to another server");
    switch (uri.query) {
    case DM_URI_QUERY_NONE:
        return get_value(node, request, found, userdata, error);
    case DM_URI_QUERY_PROPERTY:
        return get_property(node, uri.property, request, found, userdata, error);
    case DM_URI_QUERY_STRUCT:
        return get_list(node, request, false, found, userdata, error);
    case DM_URI_QUERY_STRUCT_DATA:
        return get_list(node, request, true, found, userdata, error);
    case DM_URI_QUERY_TNDS:
        return get_tnds(node, request, found, userdata, error);
    }
    return 500;
}
