/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * Everything that status shows, as plain data that the daemon fills: the source of GetStatus' JSON, of the D-Bus properties and of nothing else.
 * Strings are borrowed for the length of the call.
 */
#include "core/core.h"

struct report {
    struct core_status core;
    const char *message; /* sentence for people */
    const char *gateway_name; /* as configured; NULL: none chosen */
    const char *gateway_identity; /* NULL: unknown */
    const char *interface; /* the tunnel's */
    const char *data_path; /* "user", "kernel" */
    uint32_t n_dns;
    struct ip_addr dns[TUNNEL_DNS_MAX];
    uint64_t rx_bytes, tx_bytes;
    const char *keepalive_mode; /* "detect", "fixed", "off" */
    bool has_certificate;
    const char *certificate_subject;
    int64_t certificate_not_after_sec; /* seconds since 1970 */
    bool user_may_disable;
    bool managed; /* by a policy of a management server */
    const char *management_server; /* as configured; NULL: none */
    usec_t management_due_at_usec; /* CLOCK_BOOTTIME; USEC_INFINITY: nothing is due while things are as they are */
    uint32_t policy_generation; /* 0: none */
    bool policy_on_trial;
    uint32_t policy_rolled_back; /* the generation that was last gone back from; 0: none, or a damaged one */
    const char *policy_rolled_back_why; /* sentence; NULL: none was */
};
