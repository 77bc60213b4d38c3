/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolv.conf(5), of which only "nameserver" lines matter here: search domains, options and sort lists are for other names than gateways.
 * While it is ours (resolvfile.h), what was there before is read: the servers in ours are behind the tunnel.
 */
#include "sys/resolvconf.h"

#include "base/cleanup.h"
#include "base/macro.h"
#include "sys/resolvfile.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX_BYTES 16384
#define WHITE          " \t\r"

const struct resolvconf_paths RESOLVCONF_PATHS = {
    .resolv_conf = RESOLVFILE_PATH,
    .behind_stub = { "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf" },
};

void server_list_add(struct resolved *list, const struct ip_addr *addr)
{
    static const struct ip_addr ANY4 = { .family = 4 }, ANY6 = { .family = 6 };

    if (addr->family == 0 || ip_addr_is_loopback(addr) || ip_addr_is_multicast(addr) || ip_addr_equal(addr, &ANY4) ||
        ip_addr_equal(addr, &ANY6) || list->n_addrs == ELEMENTSOF(list->addrs))
        return;
    for (uint32_t i = 0; i < list->n_addrs; i++) {
        if (ip_addr_equal(&list->addrs[i], addr))
            return;
    }
    list->addrs[list->n_addrs++] = *addr;
}

/* What stands after "nameserver". Sockets are bound to the interface, so a link-local address needs no zone any more. */
static void add_value(char *value, const char *interface, struct resolved *list, bool *ret_has_stub)
{
    char *zone = strchr(value, '%');
    struct ip_addr addr;

    if (zone) {
        *zone++ = '\0';
        if (strcmp(zone, interface) != 0)
            return;
    }
    if (ip_addr_parse(value, &addr) < 0)
        return;
    *ret_has_stub |= ip_addr_is_loopback(&addr);
    server_list_add(list, &addr);
}

static void parse_line(char *line, const char *interface, struct resolved *list, bool *ret_has_stub)
{
    char *rest = line, *keyword, *value;

    keyword = strtok_r(rest, WHITE, &rest);
    if (!keyword || strcmp(keyword, "nameserver") != 0)
        return;
    value = strtok_r(NULL, WHITE, &rest);
    if (value)
        add_value(value, interface, list, ret_has_stub);
}

void resolvconf_parse(const char *text, const char *interface, struct resolved *list, bool *ret_has_stub)
{
    *ret_has_stub = false;
    while (*text) {
        size_t length = strcspn(text, "\n");
        char line[128];

        if (length < sizeof(line)) {
            memcpy(line, text, length);
            line[length] = '\0';
            parse_line(line, interface, list, ret_has_stub);
        }
        text += length + (text[length] == '\n');
    }
}

static void parse_file(const char *path, const char *interface, struct resolved *list, bool *ret_has_stub)
{
    _cleanup_fclose_ FILE *f = path ? fopen(path, "re") : NULL;
    char text[FILE_MAX_BYTES];
    size_t n;

    *ret_has_stub = false;
    if (!f)
        return;
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    resolvconf_parse(text, interface, list, ret_has_stub);
}

void resolvconf_read(const struct resolvconf_paths *paths, const char *interface, struct resolved *list)
{
    bool has_stub, ignored, ours = resolvfile_look(paths->resolv_conf) != RESOLVFILE_FOREIGN;
    char saved[PATH_MAX];

    parse_file(ours ? resolvfile_saved_path(paths->resolv_conf, saved, sizeof(saved)) : paths->resolv_conf, interface, list, &has_stub);
    for (size_t i = 0; has_stub && list->n_addrs == 0 && i < ELEMENTSOF(paths->behind_stub); i++)
        parse_file(paths->behind_stub[i], interface, list, &ignored);
}
