/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A document as a tree of elements, whichever way it was written: the XML reader and the WBXML reader both build it, and what reads messages,
 * profiles, SOAP or provisioning documents walks it. Decides what a document may cost: every element, level and byte of text is counted as it
 * comes, and XML inside XML goes on with what is left of the same budget.
 * Never keeps comments, processing instructions or blanks between elements; never judges names.
 */
#include "dm/arena.h"
#include "dm/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DM_DEPTH_MAX    64
#define DM_ELEMENTS_MAX 20000
#define DM_BYTES_MAX    ((size_t)1024 * 1024)
#define DM_ARENA_BYTES  ((size_t)6 * 1024 * 1024) /* what the tree of one document, or one message, may take */

/* What may still come. */
struct dm_budget {
    unsigned depth;
    unsigned elements;
    size_t bytes; /* as received, and once more for text */
};

#define DM_BUDGET_WHOLE ((struct dm_budget){ DM_DEPTH_MAX, DM_ELEMENTS_MAX, DM_BYTES_MAX })

struct dm_attribute {
    struct dm_attribute *next;
    const char *name; /* without prefix */
    const char *value;
};

struct dm_element {
    struct dm_element *next, *children; /* in the order of the document */
    const char *name; /* without prefix; a prefix that nobody declared is dropped, too */
    const char *ns; /* URI of its namespace, or NULL */
    struct dm_attribute *attributes;
    const char *text; /* all text directly inside, NUL-terminated; "" for none, and for mere blanks between children */
    size_t n_text; /* bytes; text from WBXML may hold NULs */
};

/* The first child of that name in any namespace, or NULL (also for a NULL element). name NULL: any. */
const struct dm_element *dm_element_child(const struct dm_element *element, const char *name);
/* The next sibling of that name, or NULL. */
const struct dm_element *dm_element_next(const struct dm_element *element, const char *name);
/* Along names separated by '/', each the first of its name. */
const struct dm_element *dm_element_path(const struct dm_element *element, const char *path);
bool dm_element_is(const struct dm_element *element, const char *name);
/* Text without the blanks around it, NUL-terminated in the arena; NULL for a NULL element, or where it holds a NUL or no UTF-8. */
const char *dm_element_text(struct dm_arena *arena, const struct dm_element *element);
const char *dm_element_attribute(const struct dm_element *element, const char *name); /* NULL: none */
/* The element's children and text as XML again, up to DM_BYTES_MAX. 0, -E2BIG, -ENOMEM. */
int dm_element_inner_xml(struct dm_arena *arena, const struct dm_element *element, const char **ret, size_t *ret_n_bytes);

/*
 * The builder that both readers drive. Everything it hands out lives in the arena. A call after a failed one fails, too.
 * Errors: -E2BIG with a sentence when the budget is used up, -EBADMSG for what does not nest, -ENOMEM.
 */
struct dm_builder;
struct dm_builder *dm_builder_new(struct dm_arena *arena, struct dm_budget *budget);
struct dm_builder *dm_builder_free(struct dm_builder *builder);
int dm_builder_begin(struct dm_builder *builder, const char *name, const char *ns, struct dm_error *error);
int dm_builder_attribute(struct dm_builder *builder, const char *name, const char *value, size_t n_value, struct dm_error *error);
int dm_builder_text(struct dm_builder *builder, const void *bytes, size_t n_bytes, struct dm_error *error);
int dm_builder_end(struct dm_builder *builder, struct dm_error *error);
/* Levels that are open, and the most that were. */
unsigned dm_builder_depth(const struct dm_builder *builder);
unsigned dm_builder_deepest(const struct dm_builder *builder);
/* The whole tree: exactly one root, closed. */
int dm_builder_finish(struct dm_builder *builder, struct dm_element **ret, struct dm_error *error);
