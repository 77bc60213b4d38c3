/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths into json-c objects.
 */
#include "ctl/json_path.h"

#include "base/strbuf.h"

#include <json-c/json.h>
#include <string.h>

struct json_object *json_at(struct json_object *root, const char *path)
{
    char key[64];

    while (root && *path) {
        size_t length = strcspn(path, ".");

        if (length >= sizeof(key) || !json_object_is_type(root, json_type_object))
            return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        root = json_object_object_get(root, key);
        path += length + (path[length] == '.');
    }
    return root;
}

const char *json_text(struct json_object *root, const char *path)
{
    struct json_object *value = json_at(root, path);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

bool json_flag(struct json_object *root, const char *path)
{
    struct json_object *value = json_at(root, path);

    return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

bool json_number(struct json_object *root, const char *path, double *ret)
{
    struct json_object *value = json_at(root, path);

    if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
        return false;
    *ret = json_object_get_double(value);
    return true;
}

char *json_join(struct json_object *root, const char *path, const char *separator, char *buf, size_t size)
{
    struct json_object *array = json_at(root, path);
    struct strbuf s;

    strbuf_init(&s, buf, size);
    if (!json_object_is_type(array, json_type_array))
        return buf;
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        struct json_object *item = json_object_array_get_idx(array, i);

        if (json_object_is_type(item, json_type_string))
            strbuf_add(&s, "%s%s", s.length_bytes ? separator : "", json_object_get_string(item));
    }
    return buf;
}
