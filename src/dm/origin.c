/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host is compared without case, the port with https's own as the default. What a URL parser could read in two ways (user part,
 * backslash, control characters) is no URL here.
 */
#include "dm/origin.h"

#include <string.h>
#include <strings.h>

#define SCHEME        "https://"
#define HTTPS_PORT    "443"
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]:"

struct origin {
    const char *host, *port;
    size_t n_host, n_port;
};

static bool split(const char *url, struct origin *ret)
{
    const char *authority, *colon;
    size_t length;

    if (!url || strncasecmp(url, SCHEME, strlen(SCHEME)) != 0)
        return false;
    for (const unsigned char *c = (const unsigned char *)url; *c; c++)
        if (*c <= 0x20 || *c == 0x7f || *c == '\\')
            return false;
    authority = url + strlen(SCHEME);
    length = strcspn(authority, "/?#");
    if (length == 0 || strspn(authority, HOST_CHARACTERS) < length)
        return false;
    colon = memrchr(authority, ':', length);
    if (colon && memchr(colon, ']', length - (size_t)(colon - authority)))
        colon = NULL; /* inside [v6] */
    ret->host = authority;
    ret->n_host = colon ? (size_t)(colon - authority) : length;
    ret->port = colon ? colon + 1 : HTTPS_PORT;
    ret->n_port = colon ? length - ret->n_host - 1 : strlen(HTTPS_PORT);
    return ret->n_host > 0 && ret->n_port > 0 && ret->n_port <= 5 && strspn(ret->port, "0123456789") >= ret->n_port;
}

bool dm_url_is_https(const char *url)
{
    struct origin origin;

    return split(url, &origin);
}

static bool same_origin(const char *a, const char *b)
{
    struct origin one, other;

    return split(a, &one) && split(b, &other) && one.n_host == other.n_host && one.n_port == other.n_port &&
           strncasecmp(one.host, other.host, one.n_host) == 0 && memcmp(one.port, other.port, one.n_port) == 0;
}

bool dm_origin_allows(const struct dm_origins *origins, const char *url)
{
    if (same_origin(origins->own, url))
        return true;
    for (size_t i = 0; i < origins->n_others; i++)
        if (same_origin(origins->others[i], url))
            return true;
    return false;
}
