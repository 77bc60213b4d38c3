/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line is: address, format, owner, ACL, media type, value in base64; '-' for what is not set, blanks between. The last line says how many
 * there were, so that a text that was cut is noticed.
 */
#include "dm/treefile.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "dm/base64.h"
#include "dm/grow.h"
#include "dm/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "mvpn-dm tree 1\n"
#define N_FIELDS   6

static void add_field(struct dm_grow *text, const char *value, char behind)
{
    dm_grow_text(text, value && *value ? value : "-");
    dm_grow_bytes(text, &behind, 1);
}

static void add_base64(struct dm_grow *text, const void *bytes, size_t n_bytes, char behind)
{
    size_t size = DM_BASE64_SIZE(n_bytes);
    _cleanup_free_ char *encoded = malloc(size);

    if (encoded)
        dm_base64_encode(bytes, n_bytes, encoded, size);
    else
        text->failed = true;
    add_field(text, n_bytes ? encoded : NULL, behind);
}

/* What only the device tells is told again; what is as it was made needs no line. */
static bool is_worth_a_line(const struct dm_node *node)
{
    const char *initial = node->def->initial ? node->def->initial : "";

    if (node->owner || node->acl || !node->def->permanent)
        return true;
    if (node->def->format == DM_FORMAT_NODE || !(node->def->access & DM_ACCESS_REPLACE))
        return false;
    return strcmp(node->data, initial) != 0 || node->size != strlen(initial);
}

static void add_node(struct dm_grow *text, const struct dm_node *node)
{
    char uri[DM_URI_BYTES_MAX + 1];

    if (dm_node_uri(node, uri, sizeof(uri)) < 0)
        return;
    add_field(text, uri, ' ');
    add_field(text, dm_format_name(node->format), ' ');
    add_base64(text, node->owner ? node->owner : "", node->owner ? strlen(node->owner) : 0, ' ');
    add_base64(text, node->acl ? node->acl : "", node->acl ? strlen(node->acl) : 0, ' ');
    add_base64(text, node->type ? node->type : "", node->type ? strlen(node->type) : 0, ' ');
    add_base64(text, node->data ? node->data : "", node->size, '\n');
}

char *dm_tree_save(struct dm_tree *tree)
{
    struct dm_node *root = dm_tree_root(tree);
    struct dm_grow text = { 0 };
    char end[32];
    unsigned n = 0;

    dm_grow_text(&text, FIRST_LINE);
    for (struct dm_node *node = dm_tree_walk(root, root); node; node = dm_tree_walk(root, node)) {
        if (!is_worth_a_line(node))
            continue;
        add_node(&text, node);
        n++;
    }
    snprintf(end, sizeof(end), "end %u\n", n);
    dm_grow_text(&text, end);
    return dm_grow_steal(&text);
}

/* Decoded in place of `*ret`; NULL where nothing is set. -EBADMSG, -ENOMEM. */
static int decode(const char *field, char **ret, size_t *ret_size)
{
    size_t length = strlen(field), size = length / 4 * 3 + 4;
    char *bytes;

    *ret = NULL;
    *ret_size = 0;
    if (strcmp(field, "-") == 0)
        return 0;
    bytes = malloc(size);
    if (!bytes)
        return -ENOMEM;
    if (dm_base64_decode(field, length, bytes, size - 1, ret_size) < 0) {
        free(bytes);
        return -EBADMSG;
    }
    bytes[*ret_size] = '\0';
    *ret = bytes;
    return 0;
}

static int place(struct dm_tree *tree, const char *address, struct dm_node **ret)
{
    struct dm_uri uri;

    return dm_uri_parse(address, &uri) ? -EBADMSG : dm_tree_reach(tree, &uri, ret);
}

static int set(struct dm_tree *tree, char **fields)
{
    _cleanup_free_ char *owner = NULL, *acl = NULL, *type = NULL, *data = NULL;
    struct dm_node *node = NULL;
    enum dm_format format;
    size_t size, ignored;
    int r = dm_format_from_name(fields[1], &format) ? 0 : -EBADMSG;

    if (r == 0)
        r = place(tree, fields[0], &node);
    if (r == 0)
        r = decode(fields[2], &owner, &ignored);
    if (r == 0)
        r = decode(fields[3], &acl, &ignored);
    if (r == 0)
        r = decode(fields[4], &type, &ignored);
    if (r == 0)
        r = decode(fields[5], &data, &size);
    if (r == 0 && owner)
        r = dm_tree_set_owner(tree, node, owner);
    if (r == 0 && acl)
        r = dm_tree_set_acl(tree, node, acl);
    if (r == 0 && node->def->format != DM_FORMAT_NODE && format != DM_FORMAT_NODE)
        r = dm_tree_set_value(tree, node, format, type, data ? data : "", size);
    return r == -ENOENT ? 0 : r;
}

static int read_line(struct dm_tree *tree, char *line)
{
    char *fields[N_FIELDS], *rest = line;

    for (unsigned i = 0; i < N_FIELDS; i++) {
        fields[i] = strsep(&rest, " ");
        if (!fields[i] || !*fields[i])
            return -EBADMSG;
    }
    return rest ? -EBADMSG : set(tree, fields);
}

static int read_lines(struct dm_tree *tree, char *text)
{
    unsigned n = 0;
    char *line, end[32];

    while ((line = strsep(&text, "\n")) && text) {
        int r;

        snprintf(end, sizeof(end), "end %u", n);
        if (strcmp(line, end) == 0)
            return *text ? -EBADMSG : 0;
        r = read_line(tree, line);
        if (r < 0)
            return r;
        n++;
    }
    return -EBADMSG;
}

int dm_tree_load(struct dm_tree *tree, const char *text, size_t n_bytes, struct dm_error *error)
{
    _cleanup_free_ char *copy = strndup(text, n_bytes);
    size_t mark = dm_tree_mark(tree);
    int r;

    if (!copy)
        return dm_error_set(error, -ENOMEM, "there is no memory");
    if (strlen(copy) != n_bytes || strncmp(copy, FIRST_LINE, strlen(FIRST_LINE)) != 0)
        return dm_error_set(error, -EBADMSG, "the tree's file is not one");
    r = read_lines(tree, copy + strlen(FIRST_LINE));
    if (r == 0) {
        dm_tree_commit(tree);
        return 0;
    }
    dm_tree_undo(tree, mark);
    if (r == -EBADMSG)
        return dm_error_set(error, r, "the tree's file is damaged or cut short");
    return dm_error_set(error, r, r == -E2BIG ? "the tree's file holds more than a tree may" : "there is no memory");
}
