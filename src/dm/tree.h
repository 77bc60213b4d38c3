/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The management tree as data: nodes with a value and properties, each described by a definition (what a DDF says of it), and a journal
 * by which any number of changes is taken back without needing memory. Bounded in nodes and bytes. Decides nothing about who may do what:
 * that is verbs.h. No I/O, no clock.
 */
#include "dm/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DM_TREE_NODES_MAX  4000
#define DM_TREE_BYTES_MAX  ((size_t)2 * 1024 * 1024)
#define DM_VALUE_BYTES_MAX ((size_t)64 * 1024) /* where a definition says nothing else */
#define DM_ACL_BYTES_MAX   512

enum dm_format {
    DM_FORMAT_NODE,
    DM_FORMAT_CHR,
    DM_FORMAT_INT,
    DM_FORMAT_BOOL,
    DM_FORMAT_B64,
    DM_FORMAT_BIN,
    DM_FORMAT_XML,
    DM_FORMAT_NULL,
};

const char *dm_format_name(enum dm_format format);
bool dm_format_from_name(const char *name, enum dm_format *ret);

#define DM_ACCESS_ADD     1u
#define DM_ACCESS_DELETE  2u
#define DM_ACCESS_EXEC    4u
#define DM_ACCESS_GET     8u
#define DM_ACCESS_REPLACE 16u

/* What an Exec asks of the device; only nodes whose definition names one take it. */
enum dm_exec {
    DM_EXEC_NONE,
    DM_EXEC_RECONNECT,
    DM_EXEC_UNENROLL,
    DM_EXEC_RENEW,
    DM_EXEC_SCEP_ENROLL,
};
const char *dm_exec_name(enum dm_exec exec);

struct dm_tree;
struct dm_node;
struct dm_request;
struct dm_error;

/*
 * Judges the subtree at a node after something in it was changed: 0, or the status of the command that did, which is then taken back; the
 * reason is for the log.
 */
typedef unsigned (*dm_verify)(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error);
/* A value that is more than itself (ProfileXML): makes the nodes that it stands for. As dm_verify. */
typedef unsigned (*dm_expand)(
    struct dm_tree *tree, struct dm_node *node, const struct dm_request *request, struct dm_error *error);

struct dm_def {
    const char *name; /* NULL: whoever adds it names it */
    uint8_t access;   /* DM_ACCESS_* */
    enum dm_format format;
    bool permanent;       /* always there; otherwise it is added */
    bool secret;          /* no Get, no listing, no log ever shows it */
    uint32_t max_bytes;   /* 0: DM_VALUE_BYTES_MAX */
    const char *values;   /* "a|b|c" or, for int, "1..300"; NULL: any. Where the value may be unset, "" is allowed beside it */
    bool may_be_empty;    /* "" means not set: the device's own default counts */
    const char *initial;  /* of permanent leaves */
    enum dm_exec exec;
    dm_verify verify;
    dm_expand expand;
    const struct dm_def *children;
    size_t n_children;
};

struct dm_node {
    struct dm_node *parent, *children, *last_child, *next, *previous;
    const struct dm_def *def;
    char *name;
    char *owner; /* the server whose node it is; NULL: nobody's (or, inside an owned subtree, that one's) */
    char *acl;   /* NULL: inherited */
    char *type;  /* media type as set; NULL: the format's usual one */
    enum dm_format format;
    char *data; /* NUL behind it; NULL for nodes without a value */
    size_t size;
};

/* The permanent nodes of root are made. NULL: no memory. */
struct dm_tree *dm_tree_new(const struct dm_def *root);
struct dm_tree *dm_tree_free(struct dm_tree *tree);
struct dm_node *dm_tree_root(struct dm_tree *tree);
size_t dm_tree_n_nodes(const struct dm_tree *tree);

struct dm_node *dm_tree_child(const struct dm_node *node, const char *name);
/* Names from the root; NULL where one is missing. */
struct dm_node *dm_tree_find(struct dm_tree *tree, const char *const *names, unsigned n_names);
/* By address text without a query, for our own code. */
struct dm_node *dm_tree_at(struct dm_tree *tree, const char *uri);
/* The value as text; "" where the node is missing or has none. */
const char *dm_tree_text(struct dm_tree *tree, const char *uri);
const char *dm_node_text(const struct dm_node *parent, const char *child);
bool dm_node_true(const struct dm_node *parent, const char *child);

/* The definition of a child of that name: the named one before the one that takes any name. NULL: there is none. */
const struct dm_def *dm_def_child(const struct dm_def *def, const char *name);

/* "./A/B" into buf. -ENOSPC when it does not fit. */
int dm_node_uri(const struct dm_node *node, char *buf, size_t size);

/* The node at the address, made with all on the way if need be. 0, -ENOENT: the definition has no such node, or what dm_tree_add() says. */
int dm_tree_reach(struct dm_tree *tree, const struct dm_uri *uri, struct dm_node **ret);

/*
 * Changes. Each is journalled and either done or, with -ENOMEM or -E2BIG (the tree is full), not begun. Permanent children of a new node are
 * made with it.
 */
int dm_tree_add(struct dm_tree *tree, struct dm_node *parent, const struct dm_def *def, const char *name,
    struct dm_node **ret);
int dm_tree_remove(struct dm_tree *tree, struct dm_node *node);
int dm_tree_set_value(struct dm_tree *tree, struct dm_node *node, enum dm_format format, const char *type,
    const void *data, size_t size);
int dm_tree_set_owner(struct dm_tree *tree, struct dm_node *node, const char *owner);
int dm_tree_set_acl(struct dm_tree *tree, struct dm_node *node, const char *acl);
int dm_tree_rename(struct dm_tree *tree, struct dm_node *node, const char *name);

/* Our own code tells the tree about the device: nodes on the way are made, no right is asked, nothing is journalled. -ENOENT, -ENOMEM. */
int dm_tree_tell(struct dm_tree *tree, const char *uri, const char *value);
int dm_tree_tell_owner(struct dm_tree *tree, const char *uri, const char *server);

/* The journal: everything since the mark is taken back, always and wholly; or all of it is final. */
size_t dm_tree_mark(const struct dm_tree *tree);
void dm_tree_undo(struct dm_tree *tree, size_t mark);
void dm_tree_commit(struct dm_tree *tree);
/* Counts changes that were made, taken back ones too: equal means nothing was touched. */
uint64_t dm_tree_changes(const struct dm_tree *tree);

/* The next node in the order of a listing (a node, then its children), inside top. NULL: that was the last. */
struct dm_node *dm_tree_walk(const struct dm_node *top, struct dm_node *node);
