/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Who may do what with a node: ACLs as OMA-TS-DM_TND 7.7.1 writes them ("Get=*&Replace=www.a.example+www.b.example"), and ownership. A
 * node without an ACL takes its parent's. What a server made is its own: before any ACL further up is asked, an owner's name on the way
 * keeps every other server out. Our own code is not asked.
 */
#include <stdbool.h>

struct dm_node;

bool dm_acl_is_valid(const char *acl);

/* access is one DM_ACCESS_* bit. */
bool dm_acl_allows(const char *acl, unsigned access, const char *server);

/* May this server use that verb on the node? For Add, the node is the parent. */
bool dm_node_allows(const struct dm_node *node, unsigned access, const char *server);

/* Whose it is: its own owner's or that of the nearest node above. NULL: nobody's. */
const char *dm_node_owner(const struct dm_node *node);
