/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking into a tree of elements, and writing a part of it as XML again (TNDS and profiles that a server put into Data without quoting).
 */
#include "dm/element.h"
#include "dm/emit.h"
#include "dm/text.h"

#include <errno.h>
#include <string.h>

bool dm_element_is(const struct dm_element *element, const char *name)
{
    return element && strcmp(element->name, name) == 0;
}

static const struct dm_element *first_of(const struct dm_element *element, const char *name)
{
    while (element && name && strcmp(element->name, name) != 0)
        element = element->next;
    return element;
}

const struct dm_element *dm_element_child(const struct dm_element *element, const char *name)
{
    return element ? first_of(element->children, name) : NULL;
}

const struct dm_element *dm_element_next(const struct dm_element *element, const char *name)
{
    return element ? first_of(element->next, name) : NULL;
}

const struct dm_element *dm_element_path(const struct dm_element *element, const char *path)
{
    while (element && *path) {
        size_t n = strcspn(path, "/");
        const struct dm_element *child = element->children;

        while (child && (strncmp(child->name, path, n) != 0 || child->name[n]))
            child = child->next;
        element = child;
        path += path[n] ? n + 1 : n;
    }
    return element;
}

const char *dm_element_text(struct dm_arena *arena, const struct dm_element *element)
{
    const char *text;
    size_t n;

    if (!element)
        return NULL;
    text = element->text;
    n = element->n_text;
    while (n && dm_is_blank(*text)) {
        text++;
        n--;
    }
    while (n && dm_is_blank(text[n - 1]))
        n--;
    if (!dm_text_is_clean(text, n))
        return NULL;
    return text[n] ? dm_arena_copy(arena, text, n) : text;
}

const char *dm_element_attribute(const struct dm_element *element, const char *name)
{
    for (const struct dm_attribute *a = element ? element->attributes : NULL; a; a = a->next)
        if (strcmp(a->name, name) == 0)
            return a->value;
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Without their prefixes two attributes may have one name, or that of a namespace: the first of a name is written, as it is the one that
 * readers find. */
static bool is_written(const struct dm_element *element, const struct dm_attribute *attribute)
{
    const struct dm_attribute *a = element->attributes;

    while (a != attribute && strcmp(a->name, attribute->name) != 0)
        a = a->next;
    return a == attribute && strcmp(a->name, "xmlns") != 0;
}

static void emit_attribute(struct dm_emit *out, const char *name, const char *value)
{
    dm_emit_string(out, " ");
    dm_emit_string(out, name);
    dm_emit_string(out, "=\"");
    dm_emit_escaped(out, value, strlen(value));
    dm_emit_string(out, "\"");
}

/* Depth is bounded by the budget that the tree was built with. */
static void emit_xml(struct dm_emit *out, const struct dm_element *element, const char *ns_around)
{
    dm_emit_raw(out, "<", 1);
    dm_emit_raw(out, element->name, strlen(element->name));
    if (!same(element->ns, ns_around))
        emit_attribute(out, "xmlns", element->ns ? element->ns : "");
    for (const struct dm_attribute *a = element->attributes; a; a = a->next)
        if (is_written(element, a))
            emit_attribute(out, a->name, a->value);
    dm_emit_raw(out, ">", 1);
    dm_emit_escaped(out, element->text, element->n_text);
    for (const struct dm_element *child = element->children; child; child = child->next)
        emit_xml(out, child, element->ns);
    dm_emit_string(out, "</");
    dm_emit_string(out, element->name);
    dm_emit_raw(out, ">", 1);
}

static void emit_inside(struct dm_emit *out, const struct dm_element *element)
{
    dm_emit_escaped(out, element->text, element->n_text);
    for (const struct dm_element *child = element->children; child; child = child->next)
        emit_xml(out, child, NULL);
}

int dm_element_inner_xml(struct dm_arena *arena, const struct dm_element *element, const char **ret, size_t *ret_n_bytes)
{
    struct dm_emit out = { 0 };
    char *bytes;

    emit_inside(&out, element);
    if (out.n_bytes > DM_BYTES_MAX)
        return -E2BIG;
    bytes = dm_arena_alloc(arena, out.n_bytes + 1);
    if (!bytes)
        return -ENOMEM;
    out = (struct dm_emit){ .bytes = bytes, .size_bytes = out.n_bytes };
    emit_inside(&out, element);
    *ret = bytes;
    *ret_n_bytes = out.n_bytes;
    return 0;
}
