/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACLs are kept as text and read when they are needed: they are short and rare.
 */
#include "dm/acl.h"

#include "base/macro.h"
#include "dm/tree.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned access;
} commands[] = {
    { "Add", DM_ACCESS_ADD },
    { "Delete", DM_ACCESS_DELETE },
    { "Exec", DM_ACCESS_EXEC },
    { "Get", DM_ACCESS_GET },
    { "Replace", DM_ACCESS_REPLACE },
    { "Copy", 0 },
};

/* The length of the command's name at the start of an entry and its bit; false where it is none. */
static bool read_command(const char *entry, size_t *ret_length, unsigned *ret_access)
{
    for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
        size_t length = strlen(commands[i].name);

        if (strncmp(entry, commands[i].name, length) == 0 && entry[length] == '=') {
            *ret_length = length + 1;
            *ret_access = commands[i].access;
            return true;
        }
    }
    return false;
}

/* "a+b+c" up to & or the end: every identifier is there and printable. */
static bool list_is_valid(const char *list, size_t length)
{
    size_t word = 0;

    for (size_t i = 0; i < length; i++) {
        if (list[i] == '+' && word == 0)
            return false;
        word = list[i] == '+' ? 0 : word + 1;
        if ((unsigned char)list[i] <= 0x20 || list[i] == '=')
            return false;
    }
    return word > 0;
}

bool dm_acl_is_valid(const char *acl)
{
    unsigned seen = 0;

    if (strlen(acl) > DM_ACL_BYTES_MAX)
        return false;
    while (*acl) {
        size_t name, length;
        unsigned access;

        if (!read_command(acl, &name, &access) || (seen & access))
            return false;
        seen |= access;
        acl += name;
        length = strcspn(acl, "&");
        if (!list_is_valid(acl, length))
            return false;
        acl += length;
        if (*acl == '&' && *++acl == '\0')
            return false;
    }
    return true;
}

static bool list_has(const char *list, size_t length, const char *server)
{
    while (length > 0) {
        size_t word = 0;

        while (word < length && list[word] != '+')
            word++;
        if ((word == 1 && *list == '*') || (word == strlen(server) && memcmp(list, server, word) == 0))
            return true;
        if (word < length)
            word++;
        list += word;
        length -= word;
    }
    return false;
}

bool dm_acl_allows(const char *acl, unsigned access, const char *server)
{
    while (*acl) {
        size_t name, length;
        unsigned entry;

        if (!read_command(acl, &name, &entry))
            return false;
        acl += name;
        length = strcspn(acl, "&");
        if (entry == access && list_has(acl, length, server))
            return true;
        acl += length + (acl[length] == '&');
    }
    return false;
}

bool dm_node_allows(const struct dm_node *node, unsigned access, const char *server)
{
    for (; node; node = node->parent) {
        if (node->acl && node->acl[0])
            return dm_acl_allows(node->acl, access, server);
        if (node->owner)
            return strcmp(node->owner, server) == 0;
    }
    return true;
}

const char *dm_node_owner(const struct dm_node *node)
{
    while (node && !node->owner)
        node = node->parent;
    return node ? node->owner : NULL;
}
