/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: the third layer of lockdown as plain data: a list of policies for the kernel's XFRM, made from a `struct lockdown` and from
 * what interfaces there are. Pure: the same input gives the same list. Which of them the kernel has already is xfrm.c's matter.
 */
#include "core/lockdown.h"
#include "fw/links.h"

#include <stdbool.h>
#include <stdint.h>

#define FW_POLICIES_MAX 384

enum fw_direction {
    FW_DIRECTION_OUT, /* every packet that leaves, also a forwarded one */
    FW_DIRECTION_FORWARD,
};

/* The first level with a policy that matches decides: the kernel's priority. */
enum fw_level {
    FW_LEVEL_OURS = 1,
    FW_LEVEL_NAMES,
    FW_LEVEL_LINK,
    FW_LEVEL_BOUND,
    FW_LEVEL_INNER,
    FW_LEVEL_REST,
};

/* Zero, or a prefix of no length: any. */
struct fw_policy {
    enum fw_direction direction;
    enum fw_level level;
    bool allow;     /* else block */
    uint8_t family; /* 4 or 6 */
    uint8_t protocol;
    uint16_t source_port, destination_port; /* of ICMP: type, code */
    uint32_t mark;
    int ifindex; /* by which the packet leaves */
    struct ip_prefix source, destination;
};

struct fw_policies {
    uint32_t n_policies;
    struct fw_policy policies[FW_POLICIES_MAX];
};

/* None where the lockdown is not active. */
void fw_policies_make(const struct lockdown *lockdown, const struct fw_links *links, struct fw_policies *ret);
