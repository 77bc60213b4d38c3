/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What a server may do with the tree, verb by verb, and the status of OMA-TS-DM_RepPro that answers: the node's definition, its ACL and
 * owner, format, size and value are judged in this order, then what the change means to the nodes around it. A verb is done whole or not at
 * all. A status that is not 2xx comes with a sentence for the log. No verb talks to anything but the tree: an Exec is handed to the caller.
 */
#include "dm/error.h"
#include "dm/message.h"
#include "dm/origin.h"
#include "dm/tree.h"

struct dm_request {
    const char *server; /* who asks; never NULL */
    const char *uri;
    const char *format, *type; /* NULL: not said */
    struct dm_bytes data;
    const struct dm_origins *origins; /* where new addresses may point */
};

/* One thing that a Get found; the strings live as long as the call. */
struct dm_found {
    const char *uri;
    enum dm_format format;
    const char *format_name; /* overrides format, NULL otherwise */
    const char *type;
    const char *data; /* NULL: none is told */
    size_t size;
};
/* -ENOMEM: no room. */
typedef int (*dm_found_handler)(void *userdata, const struct dm_found *found);

struct dm_order {
    enum dm_exec exec;
    char uri[DM_URI_BYTES_MAX + 1]; /* of the node on which it was asked */
};

unsigned dm_verb_add(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error);
unsigned dm_verb_replace(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error);
unsigned dm_verb_delete(struct dm_tree *tree, const struct dm_request *request, struct dm_error *error);
/* 202: accepted; the order is to be carried out once the command is final. */
unsigned dm_verb_exec(
    struct dm_tree *tree, const struct dm_request *request, struct dm_order *ret, struct dm_error *error);
unsigned dm_verb_get(struct dm_tree *tree, const struct dm_request *request, dm_found_handler found, void *userdata,
    struct dm_error *error);

/* Writes the sentence and returns the status. */
#define dm_refuse(error, status, ...) ((unsigned)dm_error_set((error), (int)(status), __VA_ARGS__))

/* Is this value one that the definition takes? 0, 406, 413, 415; *ret_bool: "true" or "false" for bools, else NULL. */
unsigned dm_value_check(const struct dm_def *def, const char *format, struct dm_bytes data, enum dm_format *ret_format,
    const char **ret_canonical, struct dm_error *error);

/* Makes (or sets) a leaf below node, for a value that stands for several nodes. No rights are asked, the value is judged. */
unsigned dm_node_put(struct dm_tree *tree, struct dm_node *node, const char *name, const char *value, struct dm_error *error);
/* Likewise an interior node; finds it where it is there. */
unsigned dm_node_reach(
    struct dm_tree *tree, struct dm_node *node, const char *name, struct dm_node **ret, struct dm_error *error);
