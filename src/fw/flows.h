/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Inside src/fw: the end of TCP connections from before lockdown. The ruleset's reset answers their next segment, but with the routes or the
 * policies of lockdown in place there is none: the socket finds no way any more and waits a quarter of an hour. So each is ended by the kernel
 * (SOCK_DESTROY), after the ruleset is there and stops what that sends. Never touches what lockdown lets through.
 */
#include "core/lockdown.h"

/* As far as the kernel can (CONFIG_INET_DIAG_DESTROY); else they end by the reset, or by their own time. */
void fw_flows_end(const struct lockdown *lockdown);

/* Does the lockdown leave this connection alone? interface: to which the socket is bound, or "". Pure. */
bool fw_flow_is_spared(
    const struct lockdown *lockdown, const struct ip_addr *local, const struct ip_addr *remote, uint16_t local_port, const char *interface);
