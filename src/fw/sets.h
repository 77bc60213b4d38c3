/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: the named sets as data. Pure; what becomes text or netlink of it is decided elsewhere.
 */
#include "core/lockdown.h"

#define N_FW_SETS         19
#define FW_ELEMENTS_MAX   LOCKDOWN_LAN_MAX /* the longest list there is */

enum fw_kind {
    FW_KIND_ADDR,
    FW_KIND_SERVICE, /* address and port */
    FW_KIND_PREFIX,
    FW_KIND_NUMBER, /* an address as a bare number, for comparison with a part of the payload */
    FW_KIND_NAME, /* of an interface */
};

/* What is not of the kind is zero, also between the members. */
struct fw_element {
    struct ip_addr addr;
    uint8_t prefix_length;
    uint16_t port;
    char name[IF_NAME_SIZE];
};

struct fw_elements {
    uint32_t n_elements;
    struct fw_element elements[FW_ELEMENTS_MAX];
};

struct fw_set {
    const char *name;
    enum fw_kind kind;
    const char *type; /* nft's declaration */
    uint8_t family; /* 4, 6, or 0 */
    void (*list)(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret);
};

extern const struct fw_set FW_SETS[N_FW_SETS];

/* The set's elements for this lockdown; all of *ret is written, so that memcmp compares. */
void fw_set_list(const struct fw_set *set, const struct lockdown *lockdown, struct fw_elements *ret);

/* NULL: there is none of this name. */
const struct fw_set *fw_set_find(const char *name);
