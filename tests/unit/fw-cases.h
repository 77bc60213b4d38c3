/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Lockdowns as they occur, by name: the golden files show what they become, and the adapter test gives the same to the kernel.
 * Never computed by the core: what the core makes of a state is the core's test.
 */
#include "core/lockdown.h"

#include <stddef.h>

#define TEST_MARK 0x4d56

struct fw_case {
    const char *name; /* of the golden file */
    void (*fill)(struct lockdown *ret);
};

extern const struct fw_case FW_CASES[];
extern const size_t N_FW_CASES;

/* Zeroed, then filled. */
void fw_case_get(const struct fw_case *fw_case, struct lockdown *ret);

/* For tests that make their own. Text must be valid. */
void fw_case_base(struct lockdown *ret); /* active, mvpn0, mark; everything else closed */
void fw_case_add_peer(struct lockdown_peer *peers, uint32_t *n_peers, const char *addr, uint16_t port);
void fw_case_add_lan(struct lockdown *lockdown, const char *prefix);
void fw_case_add_tunnel_addr(struct lockdown *lockdown, const char *addr);
