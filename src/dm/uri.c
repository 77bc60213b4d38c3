/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking addresses apart: the query first, then the names, each decoded by itself, so that an escaped slash is never a separator.
 */
#include "dm/uri.h"

#include "base/macro.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

bool dm_name_is_valid(const char *name)
{
    if (!*name || strlen(name) > DM_NAME_BYTES_MAX)
        return false;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "*") == 0)
        return false;
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c == '/')
            return false;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* In place; false where % is not followed by two hexadecimal digits, or stands for NUL. */
static bool decode(char *name)
{
    char *out = name;

    for (const char *in = name; *in; in++) {
        int high, low;

        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        high = hex_value(in[1]);
        low = high < 0 ? -1 : hex_value(in[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high << 4 | low);
        in += 2;
    }
    *out = '\0';
    return true;
}

static unsigned parse_property(const char *word, struct dm_uri *uri)
{
    static const struct {
        const char *word;
        enum dm_property property;
    } words[] = {
        { "ACL", DM_PROPERTY_ACL },
        { "Format", DM_PROPERTY_FORMAT },
        { "Name", DM_PROPERTY_NAME },
        { "Type", DM_PROPERTY_TYPE },
        { "Size", DM_PROPERTY_OPTIONAL },
        { "Title", DM_PROPERTY_OPTIONAL },
        { "TStamp", DM_PROPERTY_OPTIONAL },
        { "VerNo", DM_PROPERTY_OPTIONAL },
    };

    for (size_t i = 0; i < ELEMENTSOF(words); i++)
        if (strcasecmp(words[i].word, word) == 0) {
            uri->query = DM_URI_QUERY_PROPERTY;
            uri->property = words[i].property;
            return 0;
        }
    return 400;
}

static unsigned parse_query(const char *query, struct dm_uri *uri)
{
    if (strncasecmp(query, "prop=", 5) == 0)
        return parse_property(query + 5, uri);
    if (strncasecmp(query, "list=", 5) != 0)
        return 400;
    query += 5;
    if (strcasecmp(query, "Struct") == 0)
        uri->query = DM_URI_QUERY_STRUCT;
    else if (strcasecmp(query, "StructData") == 0)
        uri->query = DM_URI_QUERY_STRUCT_DATA;
    else if (strncasecmp(query, "TNDS", 4) == 0 && (query[4] == '\0' || query[4] == '+' || query[4] == '-'))
        uri->query = DM_URI_QUERY_TNDS;
    else
        return 406;
    return 0;
}

static unsigned parse_names(char *path, struct dm_uri *uri)
{
    char *end;

    for (; *path; path = end) {
        end = strchr(path, '/');
        if (end)
            *end++ = '\0';
        else
            end = path + strlen(path);
        if (uri->n_names == DM_URI_DEPTH_MAX)
            return 414;
        if (!decode(path) || !dm_name_is_valid(path))
            return 400;
        uri->names[uri->n_names++] = path;
    }
    return 0;
}

/* "./Device/Vendor" is "./Vendor", "./SyncML/DMAcc" is "./DMAcc". */
static void drop_prefix(struct dm_uri *uri)
{
    bool device = uri->n_names > 0 && strcmp(uri->names[0], "Device") == 0;
    bool syncml = uri->n_names > 1 && strcmp(uri->names[0], "SyncML") == 0 && strcmp(uri->names[1], "DMAcc") == 0;

    if (!device && !syncml)
        return;
    uri->n_names--;
    memmove(uri->names, uri->names + 1, uri->n_names * sizeof(uri->names[0]));
}

unsigned dm_uri_parse(const char *text, struct dm_uri *ret)
{
    char *path = ret->text, *query;
    unsigned status = 0;

    memset(ret, 0, sizeof(*ret));
    if (!text || !*text)
        return 400;
    if (strlen(text) > DM_URI_BYTES_MAX)
        return 414;
    strcpy(ret->text, text);
    query = strchr(path, '?');
    if (query) {
        *query++ = '\0';
        status = parse_query(query, ret);
    }
    if (status)
        return status;
    if (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))
        path += path[1] ? 2 : 1;
    status = parse_names(path, ret);
    if (status == 0)
        drop_prefix(ret);
    return status;
}

char *dm_name_encode(const char *name, char *buf, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (const unsigned char *c = (const unsigned char *)name; *c && n + 4 <= size; c++) {
        if (*c > 0x20 && !strchr("/%?#<>&\"'", *c)) {
            buf[n++] = (char)*c;
            continue;
        }
        buf[n++] = '%';
        buf[n++] = digits[*c >> 4];
        buf[n++] = digits[*c & 15];
    }
    buf[n] = '\0';
    return buf;
}
