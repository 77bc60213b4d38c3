/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * The firewall layers of lockdown: renders a `struct lockdown` to one nftables ruleset (table inet mvpn) and installs it in one transaction
 * by libnftables, in process; and, where the kernel has XFRM, to policies of that, which hold while somebody has flushed the ruleset.
 * Never decides what is open; never touches another table or anybody else's policies.
 */
#include "base/strbuf.h"
#include "core/lockdown.h"

#define FW_RULESET_MAX_BYTES 32768
#define FW_PROGRAM_SIZE      16 /* as the kernel shortens names */

struct fw;

/* Who changed the table; of policies the kernel does not tell. */
struct fw_disturbance {
    uint32_t pid; /* as outside of any PID namespace; 0: not known */
    char program[FW_PROGRAM_SIZE]; /* printable; "": not known */
};

int fw_new(struct fw **ret); /* -EOPNOTSUPP where the kernel has no nftables */
void fw_free(struct fw *fw); /* what is installed stays */

/* Pure. The whole batch as text: "add table; delete table; table ..." , or only the deletion when lockdown is not active. */
void fw_render(const struct lockdown *lockdown, struct strbuf *ret);

/*
 * One atomic transaction; where only addresses in sets differ from what was installed last, only those elements. Policies are narrowed before
 * and widened after it. 0 or negative errno: of the ruleset; of the policies only where they shall go.
 */
int fw_apply(struct fw *fw, const struct lockdown *lockdown);

/* The kernel's word on the last failure, for the log. */
const char *fw_error(const struct fw *fw);

/* Is table inet mvpn there? 1, 0 or negative errno. */
int fw_is_installed(struct fw *fw);

/* Of the last change of policies: 0, -EOPNOTSUPP where the kernel has no XFRM, another negative errno: they are not as they should be. */
int fw_policies_result(const struct fw *fw);

/* Are policies of ours in the kernel? 1, 0, -EOPNOTSUPP (it has no XFRM), or another negative errno. */
int fw_has_policies(struct fw *fw);

/* Readable when something that happened in the kernel has to be looked at by fw_dispatch(); -1: this kernel or our rights do not give it. */
int fw_fd(const struct fw *fw);

/* Reads what is there, without blocking. 1: somebody else changed or removed something of table inet mvpn or of our policies, or it is not
 * certain that nobody did; *ret says who was the first. 0: nobody (our own changes, others' tables and policies). Negative errno: not known.
 * Interfaces that came, went or were made again get their policies here. */
int fw_dispatch(struct fw *fw, struct fw_disturbance *ret);
