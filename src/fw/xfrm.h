/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: brings the kernel's XFRM policies to what policies.c says, by difference. Ours are told from everybody else's by a number in
 * a field of the selector that the kernel keeps and never matches (`ip -s xfrm policy` shows it as "uid 19798"); no other policy is ever touched.
 * Keeps in mind what the kernel has, until told to distrust it.
 */
#include "fw/policies.h"

#include <linux/xfrm.h>

#define FW_XFRM_TAG       19798
#define FW_XFRM_KNOWN_MAX (FW_POLICIES_MAX + 64) /* some may be left over from another lockdown */

/* A policy as the kernel has it; zero between the members. */
struct fw_xfrm_policy {
    struct xfrm_selector selector;
    struct xfrm_mark mark;
    uint32_t priority;
    uint8_t direction, action;
};

struct fw_xfrm {
    int fd;          /* -1: this kernel has no XFRM */
    uint32_t sender; /* how our changes are known in notifications */
    uint32_t sequence;
    bool known; /* `has` is what the kernel has, as far as we know */
    uint32_t n_has;
    struct fw_xfrm_policy has[FW_XFRM_KNOWN_MAX];
};

/* 0; -EOPNOTSUPP: this kernel has no XFRM; another negative errno. fd is -1 then. */
int fw_xfrm_open(struct fw_xfrm *xfrm);

/*
 * A change is made in two steps, so that at no moment more is open than before or after it: the first adds what blocks and removes what is
 * not allowed any more, the second the rest. Where nothing blocks yet, the first adds what is allowed as well, before what blocks. Both
 * leave nothing to do when called again. 0 or negative errno.
 */
int fw_xfrm_narrow(struct fw_xfrm *xfrm, const struct fw_policies *wanted);
int fw_xfrm_widen(struct fw_xfrm *xfrm, const struct fw_policies *wanted);

/* The next call looks at what the kernel really has. */
void fw_xfrm_distrust(struct fw_xfrm *xfrm);

/* Does the kernel have policies of ours? 1, 0 or negative errno. */
int fw_xfrm_is_installed(struct fw_xfrm *xfrm);
