/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libcurl reads URLs here as it does when it connects: two readers would be one too many.
 */
#include "dm/server.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= 0x20 || *text == 0x7f || *text == '\\')
            return false;
    return true;
}

static bool has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return there;
}

/* scheme as in "https://" */
static int write_origin(CURLU *url, const char *scheme, char *ret)
{
    char *host = NULL, *port = NULL;
    int n = -1;

    if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        for (char *c = host; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        n = snprintf(ret, DM_ORIGIN_SIZE, "%s%s:%s", scheme, host, port);
    }
    curl_free(host);
    curl_free(port);
    return n > 0 && n < DM_ORIGIN_SIZE ? 0 : -EINVAL;
}

static int origin_of(const char *url, const char *scheme, char ret[DM_ORIGIN_SIZE])
{
    char origin[DM_ORIGIN_SIZE];
    CURLU *parsed;
    int r = -EINVAL;

    if (!url || strncasecmp(url, scheme, strlen(scheme)) != 0 || !is_plain(url))
        return -EINVAL;
    parsed = curl_url();
    if (parsed && curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK && !has(parsed, CURLUPART_USER) && !has(parsed, CURLUPART_PASSWORD))
        r = write_origin(parsed, scheme, origin);
    curl_url_cleanup(parsed);
    if (r == 0)
        memcpy(ret, origin, sizeof(origin));
    return r;
}

int dm_origin_of(const char *url, char ret[DM_ORIGIN_SIZE])
{
    return origin_of(url, "https://", ret);
}

bool dm_is_plain_url(const char *url)
{
    char origin[DM_ORIGIN_SIZE];

    return origin_of(url, "http://", origin) == 0;
}

bool dm_same_origin(const char *url, const char *other_url)
{
    char a[DM_ORIGIN_SIZE], b[DM_ORIGIN_SIZE];

    return dm_origin_of(url, a) == 0 && dm_origin_of(other_url, b) == 0 && strcmp(a, b) == 0;
}

bool dm_is_mail(const char *typed)
{
    const char *at = strchr(typed, '@');

    return at && at != typed && at[1] && !strchr(at + 1, '@') && !strchr(typed, '/') && is_plain(typed);
}

/* Without the slashes at its end; a query or a fragment is no part of an address that others are made from. */
static int take_url(const char *url, char *ret, size_t size)
{
    size_t n = strlen(url);

    if (n >= size || strpbrk(url, "?#"))
        return -EINVAL;
    while (n && url[n - 1] == '/')
        n--;
    memcpy(ret, url, n);
    ret[n] = '\0';
    return 0;
}

int dm_server_url(const char *typed, const char *mail_host, char *ret, size_t size)
{
    char origin[DM_ORIGIN_SIZE], url[1024];
    const char *rest = dm_is_mail(typed) ? strchr(typed, '@') + 1 : typed;
    const char *scheme = strstr(rest, "://") ? "" : "https://";
    size_t n = (size_t)snprintf(url, sizeof(url), "%s%s%s", scheme, rest == typed ? "" : mail_host, rest);

    if (n >= sizeof(url) || dm_origin_of(url, origin) < 0)
        return -EINVAL;
    return take_url(url, ret, size);
}

int dm_plain_server_url(const char *typed, char *ret, size_t size)
{
    return dm_is_plain_url(typed) ? take_url(typed, ret, size) : dm_server_url(typed, "", ret, size);
}
