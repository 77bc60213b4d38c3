/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: the interfaces and the IPv6 addresses that this host has, as plain data: policies know interfaces by number alone, and know
 * an IPv6 packet to ourselves by its address alone. Bounded: what is beyond the bounds is left out.
 */
#include "base/ipaddr.h"
#include "core/link.h"

#define FW_LINKS_MAX     64
#define FW_OWN_ADDRS_MAX 64

struct fw_link {
    int ifindex;
    char name[IF_NAME_SIZE];
};

struct fw_links {
    uint32_t n_links;
    struct fw_link links[FW_LINKS_MAX];
    uint32_t n_addrs;
    struct ip_addr addrs[FW_OWN_ADDRS_MAX]; /* IPv6 */
};

/* Reads all of it anew; all of *ret is written, so that memcmp compares. 0 or negative errno. */
int fw_links_read(struct fw_links *ret);

/* A non-blocking descriptor that becomes readable when any of it may have changed; or negative errno. */
int fw_links_open_monitor(void);

/* Reads what the monitor has. Was there anything? */
bool fw_links_drain_monitor(int fd);
