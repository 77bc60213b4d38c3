/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ProfileXML into the nodes of its profile. An element that we know stands for the node of the same name; lists are numbered. What we do not
 * know is refused and not passed over: a profile that is half understood would be a policy that nobody wrote.
 */
#include "dm/objects.h"

#include "base/macro.h"
#include "dm/verbs.h"
#include "dm/xmlread.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Elements that are repeated, and the nodes that hold what they say. */
static const struct {
    const char *element, *list;
} lists[] = {
    { "Route", "RouteList" },
    { "DomainNameInformation", "DomainNameInformationList" },
    { "TrafficFilter", "TrafficFilterList" },
};

/* What only other clients' screens use. */
static const char *const without_effect[] = { "ProfileName", "DisableAdvancedOptionsEditButton", "UseRasCredentials" };

static const char *list_of(const char *element)
{
    for (size_t i = 0; i < ELEMENTSOF(lists); i++)
        if (strcmp(lists[i].element, element) == 0)
            return lists[i].list;
    return NULL;
}

static bool has_no_effect(const char *element)
{
    for (size_t i = 0; i < ELEMENTSOF(without_effect); i++)
        if (strcmp(without_effect[i], element) == 0)
            return true;
    return false;
}

/* The document may call a list as its node is called, too; a list itself never stands in it. */
static unsigned put_children(struct dm_tree *tree, struct dm_node *node, struct dm_arena *arena,
    const struct dm_element *element, struct dm_error *error);

static unsigned put_numbered(struct dm_tree *tree, struct dm_node *node, struct dm_arena *arena,
    const struct dm_element *element, const char *list, struct dm_error *error)
{
    struct dm_node *holder = NULL, *entry = NULL;
    unsigned status = dm_node_reach(tree, node, list, &holder, error), n = 0;
    char name[12];

    if (status)
        return status;
    for (const struct dm_node *child = holder->children; child; child = child->next)
        n++;
    snprintf(name, sizeof(name), "%u", n);
    status = dm_node_reach(tree, holder, name, &entry, error);
    return status ? status : put_children(tree, entry, arena, element, error);
}

static unsigned put(struct dm_tree *tree, struct dm_node *node, struct dm_arena *arena, const struct dm_element *element,
    struct dm_error *error)
{
    const struct dm_def *def = dm_def_child(node->def, element->name);
    const char *list = list_of(element->name), *text;
    struct dm_node *inner = NULL;
    unsigned status;

    if (!node->def->name && list && dm_def_child(node->def, list))
        return put_numbered(tree, node, arena, element, list, error);
    if (!node->def->name && has_no_effect(element->name))
        return 0;
    if (!def || !def->name || def->expand)
        return dm_refuse(error, 406, "ProfileXML: <%.40s> is not supported there", element->name);
    if (dm_tree_child(node, element->name))
        return dm_refuse(error, 406, "ProfileXML: <%.40s> stands there twice", element->name);
    if (def->format == DM_FORMAT_NODE) {
        status = dm_node_reach(tree, node, element->name, &inner, error);
        return status ? status : put_children(tree, inner, arena, element, error);
    }
    text = dm_element_text(arena, element);
    if (!text || element->children)
        return dm_refuse(error, 406, "ProfileXML: <%.40s> is a value", element->name);
    return dm_node_put(tree, node, element->name, text, error);
}

static unsigned put_children(struct dm_tree *tree, struct dm_node *node, struct dm_arena *arena,
    const struct dm_element *element, struct dm_error *error)
{
    unsigned status = 0;

    for (const struct dm_element *child = element->children; child && status == 0; child = child->next)
        status = put(tree, node, arena, child, error);
    return status == 404 ? 406 : status;
}

/* All of the profile's nodes but the document. */
static unsigned clear(struct dm_tree *tree, const struct dm_node *keep, struct dm_error *error)
{
    struct dm_node *next;

    for (struct dm_node *node = keep->parent->children; node; node = next) {
        next = node->next;
        if (node != keep && dm_tree_remove(tree, node) < 0)
            return dm_refuse(error, 500, "no memory");
    }
    return 0;
}

static unsigned parse(struct dm_arena *arena, const struct dm_node *node, struct dm_element **ret, struct dm_error *error)
{
    struct dm_budget budget = DM_BUDGET_WHOLE;
    int r = dm_xml_parse(arena, &budget, node->data, node->size, ret, error);

    if (r < 0)
        return 406;
    if (!dm_element_is(*ret, "VPNProfile"))
        return dm_refuse(error, 406, "ProfileXML: the document is not a VPNProfile");
    return 0;
}

unsigned dm_vpn_expand_profile(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error)
{
    struct dm_arena *arena;
    struct dm_element *root = NULL;
    unsigned status = clear(tree, node, error);

    (void)request;
    if (status || !node->size)
        return status;
    arena = dm_arena_new(DM_ARENA_BYTES);
    if (!arena)
        return dm_refuse(error, 500, "no memory");
    status = parse(arena, node, &root, error);
    if (status == 0)
        status = put_children(tree, node->parent, arena, root, error);
    dm_arena_free(arena);
    return status;
}
