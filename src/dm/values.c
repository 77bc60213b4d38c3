/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a value what a definition takes? Lenient in form (a bool or number that is sent as chr, base64 with line breaks, formats in any case),
 * strict in what it says.
 */
#include "dm/verbs.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Text without the blanks around it, cut at a NUL. */
static struct dm_bytes trim(struct dm_bytes data)
{
    while (data.size && isspace((unsigned char)data.data[0])) {
        data.data++;
        data.size--;
    }
    while (data.size && isspace((unsigned char)data.data[data.size - 1]))
        data.size--;
    return data;
}

static bool is_word(struct dm_bytes data, const char *word, size_t length)
{
    return data.size == length && strncasecmp(data.data, word, length) == 0;
}

static bool in_list(const char *list, struct dm_bytes data)
{
    if (!*list)
        return data.size == 0;
    while (*list) {
        size_t length = strcspn(list, "|");

        if (data.size == length && memcmp(data.data, list, length) == 0)
            return true;
        list += length + (list[length] == '|');
    }
    return false;
}

static bool read_number(struct dm_bytes data, long long *ret)
{
    char text[24], *end;

    if (data.size == 0 || data.size >= sizeof(text))
        return false;
    memcpy(text, data.data, data.size);
    text[data.size] = '\0';
    if (!isdigit((unsigned char)text[text[0] == '-']))
        return false;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

/* "1..300", or a list of numbers. */
static bool in_range(const char *values, struct dm_bytes data, long long number)
{
    char *end;
    long long low = strtoll(values, &end, 10);

    if (strncmp(end, "..", 2) != 0)
        return in_list(values, data);
    return number >= low && number <= strtoll(end + 2, NULL, 10);
}

static unsigned check_int(const struct dm_def *def, struct dm_bytes data, struct dm_error *error)
{
    long long number;

    if (!read_number(data, &number))
        return dm_refuse(error, 406, "%s is not a number", def->name);
    if (def->values && !in_range(def->values, data, number))
        return dm_refuse(error, 406, "%s takes %s, not %lld", def->name, def->values, number);
    return 0;
}

static unsigned check_bool(const struct dm_def *def, struct dm_bytes data, const char **ret_canonical, struct dm_error *error)
{
    if (is_word(data, "true", 4) || is_word(data, "1", 1))
        *ret_canonical = "true";
    else if (is_word(data, "false", 5) || is_word(data, "0", 1))
        *ret_canonical = "false";
    else
        return dm_refuse(error, 406, "%s is neither true nor false", def->name);
    if (def->values && !in_list(def->values, (struct dm_bytes){ *ret_canonical, strlen(*ret_canonical) }))
        return dm_refuse(error, 406, "%s=%s is not supported", def->name, *ret_canonical);
    return 0;
}

static unsigned check_base64(const struct dm_def *def, struct dm_bytes data, struct dm_error *error)
{
    size_t n = 0, n_padding = 0;

    for (size_t i = 0; i < data.size; i++) {
        unsigned char c = (unsigned char)data.data[i];

        if (isspace(c))
            continue;
        n++;
        if (c == '=')
            n_padding++;
        else if (n_padding || !(isalnum(c) || strchr("+/-_", c)))
            return dm_refuse(error, 406, "%s is not base64", def->name);
    }
    return n == 0 || n_padding > 2 ? dm_refuse(error, 406, "%s is not base64", def->name) : 0;
}

/* Text has neither NUL nor control characters but blanks and line breaks. */
static unsigned check_text(const struct dm_def *def, struct dm_bytes data, struct dm_error *error)
{
    for (size_t i = 0; i < data.size; i++) {
        unsigned char c = (unsigned char)data.data[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return dm_refuse(error, 406, "%s holds a control character", def->name ? def->name : "the value");
    }
    if (def->values && !in_list(def->values, data))
        return dm_refuse(error, 406, "%s takes %s", def->name, def->values);
    return 0;
}

/* What the sender may say where the definition says something else: real servers send chr for nearly everything. */
static bool format_fits(enum dm_format defined, enum dm_format sent)
{
    switch (defined) {
    case DM_FORMAT_NODE:
    case DM_FORMAT_NULL:
        return sent == defined;
    case DM_FORMAT_INT:
    case DM_FORMAT_BOOL:
        return sent == defined || sent == DM_FORMAT_CHR;
    case DM_FORMAT_CHR:
    case DM_FORMAT_XML:
        return sent == DM_FORMAT_CHR || sent == DM_FORMAT_XML;
    case DM_FORMAT_B64:
    case DM_FORMAT_BIN:
        return sent == DM_FORMAT_B64 || sent == DM_FORMAT_BIN;
    }
    return false;
}

static unsigned check_by_format(const struct dm_def *def, enum dm_format format, struct dm_bytes data,
    const char **ret_canonical, struct dm_error *error)
{
    switch (def->format) {
    case DM_FORMAT_NODE:
    case DM_FORMAT_NULL:
        return data.size ? dm_refuse(error, 415, "%s takes no value", def->name ? def->name : "the node") : 0;
    case DM_FORMAT_INT:
        return check_int(def, trim(data), error);
    case DM_FORMAT_BOOL:
        return check_bool(def, trim(data), ret_canonical, error);
    case DM_FORMAT_B64:
    case DM_FORMAT_BIN:
        return format == DM_FORMAT_B64 ? check_base64(def, data, error) : 0;
    case DM_FORMAT_CHR:
    case DM_FORMAT_XML:
        return check_text(def, data, error);
    }
    return 415;
}

unsigned dm_value_check(const struct dm_def *def, const char *format, struct dm_bytes data, enum dm_format *ret_format,
    const char **ret_canonical, struct dm_error *error)
{
    const char *name = def->name ? def->name : "the node";

    *ret_format = def->format;
    *ret_canonical = NULL;
    if (format && !dm_format_from_name(format, ret_format))
        return dm_refuse(error, 415, "%s: the format is not known", name);
    if (!format_fits(def->format, *ret_format))
        return dm_refuse(error, 415, "%s is of format %s", name, dm_format_name(def->format));
    if (data.size > (def->max_bytes ? def->max_bytes : DM_VALUE_BYTES_MAX))
        return dm_refuse(error, 413, "%s: the value is too long", name);
    if (data.size == 0 && def->may_be_empty)
        return 0;
    return check_by_format(def, *ret_format, data, ret_canonical, error);
}
