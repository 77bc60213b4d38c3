/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value of x-syncml-hmac (OMA-TS-DM_Security 1.2, 5.4.3): attributes with values, separated by commas; names in any case, values bare or
 * quoted.
 */
#include "dm/digest.h"
#include "dm/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int dm_hmac_write(const struct dm_hmac *hmac, char *buf, size_t size)
{
    char user[2 * DM_USER_SIZE];
    size_t n = 0;
    int length;

    for (const char *c = hmac->user; *c; c++) {
        if (*c == '"' || *c == '\\')
            user[n++] = '\\';
        user[n++] = *c;
    }
    user[n] = '\0';
    length = snprintf(buf, size, "algorithm=MD5, username=\"%s\", mac=%s", user, hmac->mac);
    return length < 0 || (size_t)length >= size ? -ENOSPC : 0;
}

static const char *skip_blanks(const char *s)
{
    while (dm_is_blank(*s) || *s == ',')
        s++;
    return s;
}

/* A quoted string or a token up to the next comma. The rest of the text; NULL: it does not fit or has no end. */
static const char *read_value(const char *s, char *ret, size_t size)
{
    size_t n = 0;
    bool quoted = *s == '"';

    for (s += quoted; *s && (quoted ? *s != '"' : *s != ',' && !dm_is_blank(*s)); s++) {
        if (quoted && *s == '\\' && s[1])
            s++;
        if (n + 1 >= size || (unsigned char)*s < 0x20)
            return NULL;
        ret[n++] = *s;
    }
    ret[n] = '\0';
    if (quoted)
        return *s == '"' ? s + 1 : NULL;
    return s;
}

static int take(struct dm_hmac *hmac, const char *name, size_t n_name, const char *value, struct dm_error *error)
{
    char *to = NULL;
    size_t size = 0;

    if (n_name == 9 && strncasecmp(name, "algorithm", n_name) == 0)
        return strcasecmp(value, "MD5") == 0 ? 0 : dm_error_set(error, -EBADMSG, DM_HMAC_HEADER ": another algorithm than MD5");
    if (n_name == 8 && strncasecmp(name, "username", n_name) == 0) {
        to = hmac->user;
        size = sizeof(hmac->user);
    } else if (n_name == 3 && strncasecmp(name, "mac", n_name) == 0) {
        to = hmac->mac;
        size = sizeof(hmac->mac);
    } else
        return 0; /* what later versions may add */
    if (*to || strlen(value) >= size)
        return dm_error_set(error, -EBADMSG, DM_HMAC_HEADER ": %.*s is there twice or too long", (int)n_name, name);
    strcpy(to, value);
    return 0;
}

int dm_hmac_parse(const char *value, struct dm_hmac *ret, struct dm_error *error)
{
    struct dm_hmac hmac = { "", "" };

    for (const char *s = skip_blanks(value); *s; s = skip_blanks(s)) {
        char text[DM_USER_SIZE];
        const char *name = s;
        size_t n_name = strcspn(s, "=, \t\r\n");
        int r;

        s += n_name;
        s += strspn(s, " \t");
        if (*s != '=')
            return dm_error_set(error, -EBADMSG, DM_HMAC_HEADER ": something without a value");
        s = read_value(s + 1 + strspn(s + 1, " \t"), text, sizeof(text));
        if (!s)
            return dm_error_set(error, -EBADMSG, DM_HMAC_HEADER ": a value that has no end or is too long");
        r = take(&hmac, name, n_name, text, error);
        if (r < 0)
            return r;
    }
    if (!*hmac.user || !*hmac.mac)
        return dm_error_set(error, -EBADMSG, DM_HMAC_HEADER ": the %s is missing", *hmac.user ? "mac" : "username");
    *ret = hmac;
    return 0;
}
