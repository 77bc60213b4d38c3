/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Questions to the kernel by plain netlink, for what src/net and src/fw do not know: what is there that is not mvpn's. Reads only, but for
 * check_netlink_request(), which the dry runs use in a namespace of their own. Bounded in time.
 */
#include "base/ipaddr.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* Attributes by type; those that are not there are NULL. */
#define CHECK_ATTRS_MAX 64
struct check_attrs {
    const struct rtattr *at[CHECK_ATTRS_MAX];
};

void check_attrs_parse(const void *first, size_t n_bytes, struct check_attrs *ret);
uint32_t check_attr_u32(const struct rtattr *attr, uint32_t otherwise); /* host order */
const char *check_attr_text(const struct rtattr *attr);                 /* "" where it is none */

typedef void (*check_netlink_visit)(const struct nlmsghdr *message, void *userdata);

/* A dump: `request` with its header filled but for flags and sequence. 0 or negative errno. */
int check_netlink_dump(int protocol, struct nlmsghdr *request, check_netlink_visit visit, void *userdata);

/* One request with an acknowledgement. 0 or negative errno. */
int check_netlink_request(int protocol, struct nlmsghdr *request);
