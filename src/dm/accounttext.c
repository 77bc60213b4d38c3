/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The account as key=value lines. Keys of a newer mvpn are passed over; the last line says that nothing is missing.
 */
#include "dm/account.h"

#include "base/macro.h"
#include "base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LAST_LINE "end=yes"

static const struct text_key {
    const char *key;
    size_t offset, size;
} text_keys[] = {
    { "method", offsetof(struct dm_account, method), sizeof(((struct dm_account *)0)->method) },
    { "server", offsetof(struct dm_account, server), sizeof(((struct dm_account *)0)->server) },
    { "name", offsetof(struct dm_account, name), sizeof(((struct dm_account *)0)->name) },
    { "previous", offsetof(struct dm_account, previous), sizeof(((struct dm_account *)0)->previous) },
    { "device", offsetof(struct dm_account, device), sizeof(((struct dm_account *)0)->device) },
    { "pin", offsetof(struct dm_account, pin), sizeof(((struct dm_account *)0)->pin) },
};

static const struct number_key {
    const char *key;
    size_t offset;
    bool wide; /* int64_t, else uint32_t */
} number_keys[] = {
    { "enrolled-at", offsetof(struct dm_account, enrolled_at_sec), true },
    { "renew-at", offsetof(struct dm_account, renew_at_sec), true },
    { "expires-at", offsetof(struct dm_account, expires_at_sec), true },
    { "next-session-at", offsetof(struct dm_account, next_session_at_sec), true },
    { "failed", offsetof(struct dm_account, n_failed), false },
    { "serial", offsetof(struct dm_account, serial), false },
};

int dm_account_format(const struct dm_account *account, char *ret, size_t size)
{
    struct strbuf out;

    strbuf_init(&out, ret, size);
    for (size_t i = 0; i < ELEMENTSOF(text_keys); i++) {
        const char *value = (const char *)account + text_keys[i].offset;

        if (strpbrk(value, "\r\n"))
            return -EINVAL;
        strbuf_add(&out, "%s=%s\n", text_keys[i].key, value);
    }
    for (size_t i = 0; i < ELEMENTSOF(number_keys); i++) {
        const char *at = (const char *)account + number_keys[i].offset;

        strbuf_add(&out, "%s=%" PRId64 "\n", number_keys[i].key, number_keys[i].wide ? *(const int64_t *)at : (int64_t) * (const uint32_t *)at);
    }
    strbuf_add(&out, LAST_LINE "\n");
    return out.truncated ? -E2BIG : 0;
}

static int take_number(struct dm_account *account, const struct number_key *key, const char *value)
{
    char *at = (char *)account + key->offset, *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || end == value || *end || number < 0 || (!key->wide && number > UINT32_MAX))
        return -EBADMSG;
    if (key->wide)
        *(int64_t *)at = number;
    else
        *(uint32_t *)at = (uint32_t)number;
    return 0;
}

static int take_line(struct dm_account *account, const char *key, const char *value)
{
    for (size_t i = 0; i < ELEMENTSOF(text_keys); i++) {
        if (strcmp(text_keys[i].key, key) != 0)
            continue;
        if (strlen(value) >= text_keys[i].size)
            return -EBADMSG;
        strcpy((char *)account + text_keys[i].offset, value);
        return 0;
    }
    for (size_t i = 0; i < ELEMENTSOF(number_keys); i++)
        if (strcmp(number_keys[i].key, key) == 0)
            return take_number(account, &number_keys[i], value);
    return 0;
}

int dm_account_parse(const char *text, size_t n_bytes, struct dm_account *ret)
{
    struct dm_account account = { 0 };
    char line[1200];
    bool whole = false;

    while (n_bytes) {
        const char *end = memchr(text, '\n', n_bytes);
        size_t n = end ? (size_t)(end - text) : 0;
        char *value;

        if (!end || whole || n >= sizeof(line) || memchr(text, '\0', n))
            return -EBADMSG;
        memcpy(line, text, n);
        line[n] = '\0';
        whole = strcmp(line, LAST_LINE) == 0;
        value = strchr(line, '=');
        if (!value)
            return -EBADMSG;
        *value++ = '\0';
        if (take_line(&account, line, value) < 0)
            return -EBADMSG;
        text += n + 1;
        n_bytes -= n + 1;
    }
    if (!whole || !account.method[0] || !account.name[0])
        return -EBADMSG;
    *ret = account;
    return 0;
}
