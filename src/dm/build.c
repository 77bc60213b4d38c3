/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builder of element trees. Text of all open elements stands in one buffer, each element's behind its parent's: when an element ends, its
 * text is moved into the arena and the buffer is as it was before, so that text before and after a child is together in the end.
 */
#include "dm/element.h"
#include "dm/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACES_KEPT 16

struct frame {
    struct dm_element *element;
    struct dm_element **last_child; /* where the next child goes */
    struct dm_attribute **last_attribute;
    size_t text_begin;
};

struct dm_builder {
    struct dm_arena *arena;
    struct dm_budget *budget;
    struct frame frames[DM_DEPTH_MAX];
    unsigned depth, deepest;
    struct dm_element *root;
    char *text;
    size_t n_text, size_text, total_text;
    const char *namespaces[NAMESPACES_KEPT]; /* seen before: one copy each */
    int failed;
};

struct dm_builder *dm_builder_new(struct dm_arena *arena, struct dm_budget *budget)
{
    struct dm_builder *b = calloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->arena = arena;
    b->budget = budget;
    return b;
}

struct dm_builder *dm_builder_free(struct dm_builder *b)
{
    if (!b)
        return NULL;
    free(b->text);
    free(b);
    return NULL;
}

static int fail(struct dm_builder *b, int code, const char *sentence, struct dm_error *error)
{
    b->failed = code;
    return dm_error_set(error, code, "%s", sentence);
}

static int no_memory(struct dm_builder *b, struct dm_error *error)
{
    return fail(b, -E2BIG, "the document takes more memory than one may", error);
}

static const char *keep_namespace(struct dm_builder *b, const char *ns)
{
    size_t i;

    for (i = 0; i < NAMESPACES_KEPT && b->namespaces[i]; i++)
        if (strcmp(b->namespaces[i], ns) == 0)
            return b->namespaces[i];
    ns = dm_arena_copy(b->arena, ns, strlen(ns));
    if (i < NAMESPACES_KEPT)
        b->namespaces[i] = ns;
    return ns;
}

static int may_begin(struct dm_builder *b, struct dm_error *error)
{
    if (b->depth == 0 && b->root)
        return fail(b, -EBADMSG, "there is something behind the end of the document", error);
    if (b->depth >= b->budget->depth || b->depth >= DM_DEPTH_MAX)
        return fail(b, -E2BIG, "elements are nested more than 64 deep", error);
    if (b->budget->elements == 0)
        return fail(b, -E2BIG, "there are more than 20000 elements", error);
    b->budget->elements--;
    return 0;
}

int dm_builder_begin(struct dm_builder *b, const char *name, const char *ns, struct dm_error *error)
{
    struct dm_element *element;
    int r = b->failed ? b->failed : may_begin(b, error);

    if (r < 0)
        return r;
    element = dm_arena_alloc(b->arena, sizeof(*element));
    if (!element)
        return no_memory(b, error);
    element->text = "";
    element->name = dm_arena_copy(b->arena, name, strlen(name));
    element->ns = ns ? keep_namespace(b, ns) : NULL;
    if (!element->name || (ns && !element->ns))
        return no_memory(b, error);
    if (b->depth == 0)
        b->root = element;
    else {
        *b->frames[b->depth - 1].last_child = element;
        b->frames[b->depth - 1].last_child = &element->next;
    }
    b->frames[b->depth++] = (struct frame){ element, &element->children, &element->attributes, b->n_text };
    b->deepest = b->depth > b->deepest ? b->depth : b->deepest;
    return 0;
}

int dm_builder_attribute(struct dm_builder *b, const char *name, const char *value, size_t n_value, struct dm_error *error)
{
    struct dm_attribute *attribute;
    struct frame *frame;

    if (b->failed)
        return b->failed;
    if (b->depth == 0)
        return fail(b, -EBADMSG, "an attribute outside an element", error);
    frame = &b->frames[b->depth - 1];
    attribute = dm_arena_alloc(b->arena, sizeof(*attribute));
    if (attribute) {
        attribute->name = dm_arena_copy(b->arena, name, strlen(name));
        attribute->value = dm_arena_copy(b->arena, value, n_value);
    }
    if (!attribute || !attribute->name || !attribute->value)
        return no_memory(b, error);
    *frame->last_attribute = attribute;
    frame->last_attribute = &attribute->next;
    return 0;
}

static int make_room(struct dm_builder *b, size_t n_bytes)
{
    size_t size = b->size_text ? b->size_text : 1024;
    char *text;

    while (size - b->n_text < n_bytes)
        size *= 2; /* cannot overflow: text is bounded by the budget */
    if (size == b->size_text)
        return 0;
    text = realloc(b->text, size);
    if (!text)
        return -ENOMEM;
    b->text = text;
    b->size_text = size;
    return 0;
}

int dm_builder_text(struct dm_builder *b, const void *bytes, size_t n_bytes, struct dm_error *error)
{
    if (b->failed)
        return b->failed;
    if (b->depth == 0 || n_bytes == 0) /* blanks around the root: the readers let nothing else through */
        return 0;
    if (n_bytes > DM_BYTES_MAX - b->total_text)
        return fail(b, -E2BIG, "the document holds more than 1 MiB of text", error);
    if (make_room(b, n_bytes) < 0)
        return fail(b, -ENOMEM, "there is no memory", error);
    memcpy(b->text + b->n_text, bytes, n_bytes);
    b->n_text += n_bytes;
    b->total_text += n_bytes;
    return 0;
}

static bool is_blank(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!dm_is_blank(text[i]))
            return false;
    return true;
}

int dm_builder_end(struct dm_builder *b, struct dm_error *error)
{
    struct frame *frame;
    size_t n;

    if (b->failed)
        return b->failed;
    if (b->depth == 0)
        return fail(b, -EBADMSG, "an end without a beginning", error);
    frame = &b->frames[--b->depth];
    n = b->n_text - frame->text_begin;
    b->n_text = frame->text_begin;
    if (n == 0 || (frame->element->children && is_blank(b->text + frame->text_begin, n)))
        return 0;
    frame->element->text = dm_arena_copy(b->arena, b->text + frame->text_begin, n);
    if (!frame->element->text)
        return no_memory(b, error);
    frame->element->n_text = n;
    return 0;
}

unsigned dm_builder_depth(const struct dm_builder *b)
{
    return b->depth;
}

unsigned dm_builder_deepest(const struct dm_builder *b)
{
    return b->deepest;
}

int dm_builder_finish(struct dm_builder *b, struct dm_element **ret, struct dm_error *error)
{
    if (b->failed)
        return b->failed;
    if (!b->root || b->depth)
        return fail(b, -EBADMSG, "the document ends too early", error);
    *ret = b->root;
    return 0;
}
