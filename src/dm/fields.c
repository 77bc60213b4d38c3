/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line by line, field by field.
 */
#include "dm/fields.h"

#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LAST_LINE  "end=yes"
#define LINE_BYTES 1200

static int format_field(const struct dm_field *field, const void *at, struct strbuf *out)
{
    switch (field->kind) {
    case DM_FIELD_TEXT:
        if (strpbrk(at, "\r\n"))
            return -EINVAL;
        strbuf_add(out, "%s=%s\n", field->key, (const char *)at);
        break;
    case DM_FIELD_INT64:
        strbuf_add(out, "%s=%" PRId64 "\n", field->key, *(const int64_t *)at);
        break;
    case DM_FIELD_UINT32:
        strbuf_add(out, "%s=%" PRIu32 "\n", field->key, *(const uint32_t *)at);
        break;
    case DM_FIELD_BOOL:
        strbuf_add(out, "%s=%d\n", field->key, *(const bool *)at);
        break;
    }
    return 0;
}

int dm_fields_format(const void *record, const struct dm_field *fields, size_t n_fields, char *ret, size_t size)
{
    struct strbuf out;
    int r = 0;

    strbuf_init(&out, ret, size);
    for (size_t i = 0; r == 0 && i < n_fields; i++)
        r = format_field(&fields[i], (const char *)record + fields[i].offset, &out);
    strbuf_add(&out, LAST_LINE "\n");
    return r < 0 ? r : out.truncated ? -E2BIG : 0;
}

static int parse_field(const struct dm_field *field, const char *value, void *at)
{
    unsigned long long number;
    char *end;

    if (field->kind == DM_FIELD_TEXT) {
        if (strlen(value) >= field->size)
            return -EBADMSG;
        strcpy(at, value);
        return 0;
    }
    if (!value[0] || strspn(value, "0123456789") != strlen(value))
        return -EBADMSG;
    errno = 0;
    number = strtoull(value, &end, 10);
    if (errno || number > (field->kind == DM_FIELD_INT64 ? (uint64_t)INT64_MAX : field->kind == DM_FIELD_BOOL ? 1 : UINT32_MAX))
        return -EBADMSG;
    if (field->kind == DM_FIELD_INT64)
        *(int64_t *)at = (int64_t)number;
    else if (field->kind == DM_FIELD_BOOL)
        *(bool *)at = number == 1;
    else
        *(uint32_t *)at = (uint32_t)number;
    return 0;
}

static int parse_line(char *line, const struct dm_field *fields, size_t n_fields, void *record)
{
    char *value = strchr(line, '=');

    if (!value)
        return -EBADMSG;
    *value++ = '\0';
    for (size_t i = 0; i < n_fields; i++)
        if (strcmp(fields[i].key, line) == 0)
            return parse_field(&fields[i], value, (char *)record + fields[i].offset);
    return 0;
}

int dm_fields_parse(const char *text, size_t n_bytes, const struct dm_field *fields, size_t n_fields, void *record)
{
    char line[LINE_BYTES];
    bool whole = false;

    while (n_bytes) {
        const char *end = memchr(text, '\n', n_bytes);
        size_t n = end ? (size_t)(end - text) : 0;

        if (!end || whole || n >= sizeof(line) || memchr(text, '\0', n))
            return -EBADMSG;
        memcpy(line, text, n);
        line[n] = '\0';
        whole = strcmp(line, LAST_LINE) == 0;
        if (!whole && parse_line(line, fields, n_fields, record) < 0)
            return -EBADMSG;
        text += n + 1;
        n_bytes -= n + 1;
    }
    return whole ? 0 : -EBADMSG;
}
