/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes in linked lists, and the journal. A removed subtree is only unlinked and kept in the journal until the commit; an undo links it in
 * again, so that taking back never allocates and never fails. Room in the journal is made before anything is changed.
 */
#include "dm/tree.h"

#include "base/cleanup.h"
#include "base/macro.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum undo_kind {
    UNDO_ADDED,
    UNDO_REMOVED,
    UNDO_VALUE,
    UNDO_OWNER,
    UNDO_ACL,
    UNDO_NAME,
};

struct undo {
    enum undo_kind kind;
    struct dm_node *node;
    struct dm_node *next; /* UNDO_REMOVED: it stood before this one */
    char *text;           /* the old owner, ACL, name or media type */
    enum dm_format format;
    char *data;
    size_t size;
};

struct dm_tree {
    struct dm_node *root;
    struct undo *journal;
    size_t n_journal, journal_size;
    size_t n_nodes, n_bytes;
    uint64_t n_changes;
};

static const char *const format_names[] = {
    [DM_FORMAT_NODE] = "node",
    [DM_FORMAT_CHR] = "chr",
    [DM_FORMAT_INT] = "int",
    [DM_FORMAT_BOOL] = "bool",
    [DM_FORMAT_B64] = "b64",
    [DM_FORMAT_BIN] = "bin",
    [DM_FORMAT_XML] = "xml",
    [DM_FORMAT_NULL] = "null",
};
_Static_assert(ELEMENTSOF(format_names) == DM_FORMAT_NULL + 1, "every format has a name");

const char *dm_format_name(enum dm_format format)
{
    return format_names[format];
}

bool dm_format_from_name(const char *name, enum dm_format *ret)
{
    for (size_t i = 0; i < ELEMENTSOF(format_names); i++)
        if (strcasecmp(format_names[i], name) == 0) {
            *ret = (enum dm_format)i;
            return true;
        }
    return false;
}

const char *dm_exec_name(enum dm_exec exec)
{
    switch (exec) {
    case DM_EXEC_NONE:
        return "none";
    case DM_EXEC_RECONNECT:
        return "reconnect";
    case DM_EXEC_UNENROLL:
        return "unenroll";
    case DM_EXEC_RENEW:
        return "renew";
    case DM_EXEC_SCEP_ENROLL:
        return "scep-enroll";
    }
    return "none";
}

static size_t cost_of(const struct dm_node *node)
{
    return node->size + strlen(node->name) + (node->acl ? strlen(node->acl) : 0) + (node->type ? strlen(node->type) : 0);
}

static void free_node(struct dm_node *node)
{
    while (node->children) {
        struct dm_node *child = node->children;

        node->children = child->next;
        free_node(child);
    }
    free(node->name);
    free(node->owner);
    free(node->acl);
    free(node->type);
    free(node->data);
    free(node);
}

static void link_node(struct dm_node *parent, struct dm_node *node, struct dm_node *next)
{
    struct dm_node *previous = next ? next->previous : parent->last_child;

    node->parent = parent;
    node->next = next;
    node->previous = previous;
    if (previous)
        previous->next = node;
    else
        parent->children = node;
    if (next)
        next->previous = node;
    else
        parent->last_child = node;
}

static void unlink_node(struct dm_node *node)
{
    if (node->previous)
        node->previous->next = node->next;
    else
        node->parent->children = node->next;
    if (node->next)
        node->next->previous = node->previous;
    else
        node->parent->last_child = node->previous;
}

static void count(struct dm_tree *tree, const struct dm_node *top, bool there)
{
    for (const struct dm_node *n = top; n; n = dm_tree_walk(top, (struct dm_node *)n)) {
        tree->n_nodes += there ? 1 : (size_t)-1;
        tree->n_bytes += there ? cost_of(n) : -cost_of(n);
    }
}

static struct undo *journal_room(struct dm_tree *tree)
{
    if (tree->n_journal == tree->journal_size) {
        size_t size = tree->journal_size ? tree->journal_size * 2 : 64;
        struct undo *grown = reallocarray(tree->journal, size, sizeof(*grown));

        if (!grown)
            return NULL;
        tree->journal = grown;
        tree->journal_size = size;
    }
    return &tree->journal[tree->n_journal];
}

static void journal_write(struct dm_tree *tree, struct undo entry)
{
    assert(tree->n_journal < tree->journal_size);
    tree->journal[tree->n_journal++] = entry;
    tree->n_changes++;
}

static void undo_one(struct dm_tree *tree, struct undo *undo)
{
    struct dm_node *node = undo->node;

    switch (undo->kind) {
    case UNDO_ADDED:
        count(tree, node, false);
        unlink_node(node);
        free_node(node);
        return;
    case UNDO_REMOVED:
        link_node(node->parent, node, undo->next);
        count(tree, node, true);
        return;
    case UNDO_VALUE:
        tree->n_bytes -= cost_of(node);
        free(node->data);
        free(node->type);
        node->format = undo->format;
        node->data = undo->data;
        node->size = undo->size;
        node->type = undo->text;
        tree->n_bytes += cost_of(node);
        return;
    case UNDO_OWNER:
        free(node->owner);
        node->owner = undo->text;
        return;
    case UNDO_ACL:
        tree->n_bytes -= cost_of(node);
        free(node->acl);
        node->acl = undo->text;
        tree->n_bytes += cost_of(node);
        return;
    case UNDO_NAME:
        tree->n_bytes -= cost_of(node);
        free(node->name);
        node->name = undo->text;
        tree->n_bytes += cost_of(node);
        return;
    }
}

size_t dm_tree_mark(const struct dm_tree *tree)
{
    return tree->n_journal;
}

void dm_tree_undo(struct dm_tree *tree, size_t mark)
{
    while (tree->n_journal > mark)
        undo_one(tree, &tree->journal[--tree->n_journal]);
}

void dm_tree_commit(struct dm_tree *tree)
{
    /* From the newest: what was removed may lie inside something that was removed later, but never the other way round. */
    while (tree->n_journal > 0) {
        struct undo *undo = &tree->journal[--tree->n_journal];

        if (undo->kind == UNDO_REMOVED)
            free_node(undo->node);
        free(undo->text);
        free(undo->data);
    }
}

uint64_t dm_tree_changes(const struct dm_tree *tree)
{
    return tree->n_changes;
}

static struct dm_node *new_node(const struct dm_def *def, const char *name)
{
    struct dm_node *node = calloc(1, sizeof(*node));
    const char *initial = def->initial ? def->initial : "";

    if (!node)
        return NULL;
    node->def = def;
    node->format = def->format;
    node->name = strdup(name);
    if (def->format != DM_FORMAT_NODE) {
        node->data = strdup(initial);
        node->size = strlen(initial);
    }
    if (!node->name || (def->format != DM_FORMAT_NODE && !node->data)) {
        free_node(node);
        return NULL;
    }
    return node;
}

/* With the permanent nodes below it. */
static struct dm_node *new_subtree(const struct dm_def *def, const char *name)
{
    struct dm_node *node = new_node(def, name);

    for (size_t i = 0; node && i < def->n_children; i++) {
        struct dm_node *child;

        if (!def->children[i].permanent)
            continue;
        child = new_subtree(&def->children[i], def->children[i].name);
        if (!child) {
            free_node(node);
            return NULL;
        }
        link_node(node, child, NULL);
    }
    return node;
}

struct dm_tree *dm_tree_new(const struct dm_def *root)
{
    struct dm_tree *tree = calloc(1, sizeof(*tree));

    if (!tree)
        return NULL;
    tree->root = new_subtree(root, ".");
    if (!tree->root) {
        free(tree);
        return NULL;
    }
    count(tree, tree->root, true);
    return tree;
}

struct dm_tree *dm_tree_free(struct dm_tree *tree)
{
    if (!tree)
        return NULL;
    dm_tree_commit(tree);
    free(tree->journal);
    free_node(tree->root);
    free(tree);
    return NULL;
}

struct dm_node *dm_tree_root(struct dm_tree *tree)
{
    return tree->root;
}

size_t dm_tree_n_nodes(const struct dm_tree *tree)
{
    return tree->n_nodes;
}

int dm_tree_add(
    struct dm_tree *tree, struct dm_node *parent, const struct dm_def *def, const char *name, struct dm_node **ret)
{
    struct dm_node *node;

    assert(!dm_tree_child(parent, name));
    if (!journal_room(tree))
        return -ENOMEM;
    node = new_subtree(def, name);
    if (!node)
        return -ENOMEM;
    count(tree, node, true);
    if (tree->n_nodes > DM_TREE_NODES_MAX || tree->n_bytes > DM_TREE_BYTES_MAX) {
        count(tree, node, false);
        free_node(node);
        return -E2BIG;
    }
    link_node(parent, node, NULL);
    journal_write(tree, (struct undo){ .kind = UNDO_ADDED, .node = node });
    *ret = node;
    return 0;
}

int dm_tree_remove(struct dm_tree *tree, struct dm_node *node)
{
    if (!journal_room(tree))
        return -ENOMEM;
    journal_write(tree, (struct undo){ .kind = UNDO_REMOVED, .node = node, .next = node->next });
    count(tree, node, false);
    unlink_node(node);
    return 0;
}

int dm_tree_set_value(struct dm_tree *tree, struct dm_node *node, enum dm_format format, const char *type,
    const void *data, size_t size)
{
    _cleanup_free_ char *new_type = type ? strdup(type) : NULL, *new_data = malloc(size + 1);

    if ((type && !new_type) || !new_data || !journal_room(tree))
        return -ENOMEM;
    if (tree->n_bytes + size > DM_TREE_BYTES_MAX)
        return -E2BIG;
    if (size)
        memcpy(new_data, data, size);
    new_data[size] = '\0';
    journal_write(tree,
        (struct undo){ .kind = UNDO_VALUE,
            .node = node,
            .text = node->type,
            .format = node->format,
            .data = node->data,
            .size = node->size });
    tree->n_bytes -= cost_of(node);
    node->format = format;
    node->type = steal_ptr(&new_type);
    node->data = steal_ptr(&new_data);
    node->size = size;
    tree->n_bytes += cost_of(node);
    return 0;
}

/* One of the node's texts is exchanged for a copy; the old one goes to the journal. */
static int set_text(struct dm_tree *tree, struct dm_node *node, enum undo_kind kind, char **place, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if ((text && !copy) || !journal_room(tree)) {
        free(copy);
        return -ENOMEM;
    }
    journal_write(tree, (struct undo){ .kind = kind, .node = node, .text = *place });
    tree->n_bytes -= cost_of(node);
    *place = copy;
    tree->n_bytes += cost_of(node);
    return 0;
}

int dm_tree_set_owner(struct dm_tree *tree, struct dm_node *node, const char *owner)
{
    return set_text(tree, node, UNDO_OWNER, &node->owner, owner);
}

int dm_tree_set_acl(struct dm_tree *tree, struct dm_node *node, const char *acl)
{
    return set_text(tree, node, UNDO_ACL, &node->acl, acl);
}

int dm_tree_rename(struct dm_tree *tree, struct dm_node *node, const char *name)
{
    return set_text(tree, node, UNDO_NAME, &node->name, name);
}

struct dm_node *dm_tree_child(const struct dm_node *node, const char *name)
{
    for (struct dm_node *child = node ? node->children : NULL; child; child = child->next)
        if (strcmp(child->name, name) == 0)
            return child;
    return NULL;
}

struct dm_node *dm_tree_find(struct dm_tree *tree, const char *const *names, unsigned n_names)
{
    struct dm_node *node = tree->root;

    for (unsigned i = 0; node && i < n_names; i++)
        node = dm_tree_child(node, names[i]);
    return node;
}

struct dm_node *dm_tree_at(struct dm_tree *tree, const char *uri)
{
    struct dm_uri parsed;

    if (dm_uri_parse(uri, &parsed))
        return NULL;
    return dm_tree_find(tree, parsed.names, parsed.n_names);
}

const char *dm_tree_text(struct dm_tree *tree, const char *uri)
{
    const struct dm_node *node = dm_tree_at(tree, uri);

    return node && node->data ? node->data : "";
}

const char *dm_node_text(const struct dm_node *parent, const char *child)
{
    const struct dm_node *node = dm_tree_child(parent, child);

    return node && node->data ? node->data : "";
}

bool dm_node_true(const struct dm_node *parent, const char *child)
{
    return strcmp(dm_node_text(parent, child), "true") == 0;
}

const struct dm_def *dm_def_child(const struct dm_def *def, const char *name)
{
    const struct dm_def *any = NULL;

    for (size_t i = 0; i < def->n_children; i++) {
        if (!def->children[i].name)
            any = &def->children[i];
        else if (strcmp(def->children[i].name, name) == 0)
            return &def->children[i];
    }
    return any;
}

int dm_node_uri(const struct dm_node *node, char *buf, size_t size)
{
    char name[DM_NAME_BYTES_MAX * 3 + 1];
    size_t length;
    int r;

    if (!node->parent)
        return snprintf(buf, size, ".") < (int)size ? 0 : -ENOSPC;
    r = dm_node_uri(node->parent, buf, size);
    if (r < 0)
        return r;
    length = strlen(buf);
    dm_name_encode(node->name, name, sizeof(name));
    if (length + strlen(name) + 2 > size)
        return -ENOSPC;
    buf[length] = '/';
    strcpy(buf + length + 1, name);
    return 0;
}

struct dm_node *dm_tree_walk(const struct dm_node *top, struct dm_node *node)
{
    if (node->children)
        return node->children;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}

int dm_tree_reach(struct dm_tree *tree, const struct dm_uri *uri, struct dm_node **ret)
{
    struct dm_node *node = tree->root;

    for (unsigned i = 0; i < uri->n_names; i++) {
        struct dm_node *child = dm_tree_child(node, uri->names[i]);
        const struct dm_def *def = dm_def_child(node->def, uri->names[i]);
        int r = 0;

        if (!def)
            return -ENOENT;
        if (!child)
            r = dm_tree_add(tree, node, def, uri->names[i], &child);
        if (r < 0)
            return r;
        node = child;
    }
    *ret = node;
    return 0;
}

static int reach(struct dm_tree *tree, const char *address, struct dm_node **ret)
{
    struct dm_uri uri;

    return dm_uri_parse(address, &uri) ? -ENOENT : dm_tree_reach(tree, &uri, ret);
}

int dm_tree_tell(struct dm_tree *tree, const char *uri, const char *value)
{
    struct dm_node *node = NULL;
    int r = reach(tree, uri, &node);

    if (r == 0 && value)
        r = dm_tree_set_value(tree, node, node->def->format, node->type, value, strlen(value));
    dm_tree_commit(tree);
    return r;
}

int dm_tree_tell_owner(struct dm_tree *tree, const char *uri, const char *server)
{
    struct dm_node *node = NULL;
    int r = reach(tree, uri, &node);

    if (r == 0)
        r = dm_tree_set_owner(tree, node, server);
    dm_tree_commit(tree);
    return r;
}
