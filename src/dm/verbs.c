/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Add, Replace, Delete and Exec. Each begins with a mark in the journal and goes back to it on any refusal.
 */
#include "dm/verbs.h"

#include "base/macro.h"
#include "dm/acl.h"

#include <errno.h>
#include <string.h>

static unsigned status_of(int r, struct dm_error *error)
{
    if (r == -E2BIG)
        return dm_refuse(error, 420, "the tree is full");
    return r < 0 ? dm_refuse(error, 500, "no memory") : 0;
}

/* Asks every node from here up whose definition has something to say about its subtree. */
static unsigned verify(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    for (; node; node = node->parent) {
        unsigned status = node->def->verify ? node->def->verify(tree, node, request, error) : 0;

        if (status)
            return status;
    }
    return 0;
}

/* For Exec, whose definition is asked for the node alone. */
static unsigned no_query(const struct dm_uri *uri, struct dm_error *error)
{
    return uri->query == DM_URI_QUERY_NONE ? 0 : dm_refuse(error, 405, "a query stands in Get only");
}

static unsigned find(struct dm_tree *tree, const struct dm_request *request, unsigned access, struct dm_uri *uri,
    struct dm_node **ret, struct dm_error *error)
{
    unsigned status = dm_uri_parse(request->uri, uri);

    if (status)
        return dm_refuse(error, status, "the address is not one that a node can have");
    *ret = dm_tree_find(tree, uri->names, uri->n_names);
    if (!*ret)
        return dm_refuse(error, 404, "there is no such node");
    if (!dm_node_allows(*ret, access, request->server))
        return dm_refuse(error, 425, "the node belongs to another server");
    return 0;
}

static unsigned set_value(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const char *canonical;
    enum dm_format format;
    unsigned status = dm_value_check(node->def, request->format, request->data, &format, &canonical, error);
    const char *data = canonical ? canonical : request->data.data;

    if (status || node->def->format == DM_FORMAT_NODE)
        return status;
    if (format == DM_FORMAT_CHR && node->def->format != DM_FORMAT_XML)
        format = node->def->format;
    status = status_of(dm_tree_set_value(tree, node, format, request->type, data ? data : "",
                           canonical ? strlen(canonical) : request->data.size),
        error);
    if (status == 0 && node->def->expand)
        status = node->def->expand(tree, node, request, error);
    return status;
}

/* A permanent node has no maker: whoever sets it first keeps it, until it is emptied again. */
static unsigned take(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const char *owner = dm_node_owner(node);

    if (!node->def->permanent)
        return 0;
    if (request->data.size == 0 && node->owner)
        return status_of(dm_tree_set_owner(tree, node, NULL), error);
    if (request->data.size == 0 || owner)
        return 0;
    return status_of(dm_tree_set_owner(tree, node, request->server), error);
}

/* The first name that is missing: *ret_parent is the last node that is there, *ret_index that name's place. */
static void find_missing(struct dm_tree *tree, const struct dm_uri *uri, struct dm_node **ret_parent, unsigned *ret_index)
{
    struct dm_node *node = dm_tree_root(tree);
    unsigned i = 0;

    for (; i < uri->n_names; i++) {
        struct dm_node *child = dm_tree_child(node, uri->names[i]);

        if (!child)
            break;
        node = child;
    }
    *ret_parent = node;
    *ret_index = i;
}

/* Makes the nodes from names[first] on; *ret is the last one. */
static unsigned make(struct dm_tree *tree, struct dm_node *parent, const struct dm_uri *uri, unsigned first,
    struct dm_node **ret, struct dm_error *error)
{
    for (unsigned i = first; i < uri->n_names; i++) {
        const struct dm_def *def = dm_def_child(parent->def, uri->names[i]);
        struct dm_node *node = dm_tree_child(parent, uri->names[i]); /* made with its parent */
        unsigned status = 0;

        if (!def)
            return dm_refuse(error, 404, "nodes of that name are not supported there");
        if (!node && !(def->access & DM_ACCESS_ADD))
            return dm_refuse(error, i + 1 == uri->n_names ? 405 : 404, "such a node cannot be added");
        if (!node)
            status = status_of(dm_tree_add(tree, parent, def, uri->names[i], &node), error);
        if (status)
            return status;
        parent = node;
    }
    *ret = parent;
    return 0;
}

static unsigned add(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error)
{
    struct dm_node *parent, *first, *node = NULL;
    unsigned missing, status;
    struct dm_uri uri;

    status = dm_uri_parse(request->uri, &uri);
    if (status)
        return dm_refuse(error, status, "the address is not one that a node can have");
    status = no_query(&uri, error);
    if (status)
        return status;
    find_missing(tree, &uri, &parent, &missing);
    if (!dm_node_allows(parent, DM_ACCESS_ADD, request->server))
        return dm_refuse(error, 425, "the node belongs to another server");
    if (missing == uri.n_names)
        return dm_refuse(error, parent->def->access & DM_ACCESS_ADD ? 418 : 405, "the node is there already");
    status = make(tree, parent, &uri, missing, &node, error);
    if (status)
        return status;
    first = dm_tree_child(parent, uri.names[missing]);
    if (!dm_node_owner(parent) || strcmp(dm_node_owner(parent), request->server) != 0)
        status = status_of(dm_tree_set_owner(tree, first, request->server), error);
    if (status == 0)
        status = set_value(tree, node, request, error);
    return status ? status : verify(tree, node, request, error);
}

unsigned dm_verb_add(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error)
{
    size_t mark = dm_tree_mark(tree);
    unsigned status = add(tree, request, error);

    if (status)
        dm_tree_undo(tree, mark);
    return status ? status : 200;
}

/* Whoever rules over a node's ACL could lock its maker out, so it is for owners only; nobody owns what is always there. */
static unsigned replace_acl(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const char *owner = dm_node_owner(node), *acl = request->data.size ? request->data.data : NULL;

    if (!owner)
        return dm_refuse(error, 405, "the ACL of a node that is nobody's cannot be changed");
    if (strcmp(owner, request->server) != 0 && !dm_node_allows(node, DM_ACCESS_REPLACE, request->server))
        return dm_refuse(error, 425, "the node belongs to another server");
    if (acl && (strlen(acl) != request->data.size || !dm_acl_is_valid(acl)))
        return dm_refuse(error, 400, "that is not an ACL");
    return status_of(dm_tree_set_acl(tree, node, acl), error);
}

static unsigned rename_node(struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    const char *name = request->data.data;
    unsigned status;

    if (node->def->name || !(node->def->access & (DM_ACCESS_REPLACE | DM_ACCESS_ADD)))
        return dm_refuse(error, 405, "the node's name is fixed");
    if (!name || strlen(name) != request->data.size || !dm_name_is_valid(name))
        return dm_refuse(error, 400, "that is not a name");
    if (dm_def_child(node->parent->def, name) != node->def)
        return dm_refuse(error, 405, "a node of that name is something else");
    if (dm_tree_child(node->parent, name))
        return dm_refuse(error, 418, "a node of that name is there already");
    status = status_of(dm_tree_rename(tree, node, name), error);
    return status ? status : verify(tree, node, request, error);
}

static unsigned replace_property(struct dm_tree *tree, struct dm_node *node, enum dm_property property,
    const struct dm_request *request, struct dm_error *error)
{
    switch (property) {
    case DM_PROPERTY_ACL:
        return replace_acl(tree, node, request, error);
    case DM_PROPERTY_NAME:
        return rename_node(tree, node, request, error);
    case DM_PROPERTY_FORMAT:
    case DM_PROPERTY_TYPE:
        return dm_refuse(error, 405, "the property changes with the value only");
    case DM_PROPERTY_OPTIONAL:
        return dm_refuse(error, 406, "the property is not supported");
    }
    return 400;
}

static unsigned replace(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error)
{
    struct dm_node *node = NULL;
    struct dm_uri uri;
    unsigned status = find(tree, request, DM_ACCESS_REPLACE, &uri, &node, error);

    if (status)
        return status;
    if (uri.query == DM_URI_QUERY_PROPERTY)
        return replace_property(tree, node, uri.property, request, error);
    status = no_query(&uri, error);
    if (status)
        return status;
    if (!(node->def->access & DM_ACCESS_REPLACE))
        return dm_refuse(error, 405, "the node cannot be replaced");
    status = set_value(tree, node, request, error);
    if (status == 0)
        status = take(tree, node, request, error);
    return status ? status : verify(tree, node, request, error);
}

unsigned dm_verb_replace(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error)
{
    size_t mark = dm_tree_mark(tree);
    unsigned status = replace(tree, request, error);

    if (status)
        dm_tree_undo(tree, mark);
    return status ? status : 200;
}

static unsigned delete_node(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error)
{
    struct dm_node *node = NULL, *parent;
    struct dm_uri uri;
    unsigned status = find(tree, request, DM_ACCESS_DELETE, &uri, &node, error);

    if (status == 0)
        status = no_query(&uri, error);
    if (status)
        return status;
    if (node->def->permanent || !(node->def->access & DM_ACCESS_DELETE))
        return dm_refuse(error, 405, "the node cannot be deleted");
    parent = node->parent;
    status = status_of(dm_tree_remove(tree, node), error);
    return status ? status : verify(tree, parent, request, error);
}

unsigned dm_verb_delete(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error)
{
    size_t mark = dm_tree_mark(tree);
    unsigned status = delete_node(tree, request, error);

    if (status)
        dm_tree_undo(tree, mark);
    return status ? status : 200;
}

unsigned dm_verb_exec(
    struct dm_tree *tree, const struct dm_request *request, struct dm_order *ret, struct dm_error *error)
{
    struct dm_node *node = NULL;
    struct dm_uri uri;
    unsigned status = find(tree, request, DM_ACCESS_EXEC, &uri, &node, error);

    if (status == 0)
        status = no_query(&uri, error);
    if (status)
        return status;
    if (!(node->def->access & DM_ACCESS_EXEC) || node->def->exec == DM_EXEC_NONE)
        return dm_refuse(error, 405, "nothing can be executed there");
    if (node->def->verify && (status = node->def->verify(tree, node, request, error)) != 0)
        return status;
    ret->exec = node->def->exec;
    if (dm_node_uri(node, ret->uri, sizeof(ret->uri)) < 0)
        return dm_refuse(error, 414, "the address is too long");
    return 202;
}

unsigned dm_node_reach(
    struct dm_tree *tree, struct dm_node *node, const char *name, struct dm_node **ret, struct dm_error *error)
{
    const struct dm_def *def = dm_name_is_valid(name) ? dm_def_child(node->def, name) : NULL;

    if (!def)
        return dm_refuse(error, 404, "there is nothing of that name in %s", node->name);
    *ret = dm_tree_child(node, name);
    return *ret ? 0 : status_of(dm_tree_add(tree, node, def, name, ret), error);
}

unsigned dm_node_put(struct dm_tree *tree, struct dm_node *node, const char *name, const char *value, struct dm_error *error)
{
    struct dm_request request = { .server = "", .data = { value, strlen(value) } };
    struct dm_node *leaf = NULL;
    unsigned status = dm_node_reach(tree, node, name, &leaf, error);

    if (status)
        return status;
    if (leaf->def->format == DM_FORMAT_NODE)
        return dm_refuse(error, 415, "%s is not a value", name);
    return set_value(tree, leaf, &request, error);
}
