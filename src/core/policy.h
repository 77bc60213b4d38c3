/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the configuration means to the core: plain, validated, fixed-size. src/config makes one from the files.
 * Holds no path, no identity and no secret: those go from src/config to src/ike and the core never sees them.
 */
#include "base/ipaddr.h"
#include "base/usec.h"
#include "core/link.h"

#define GATEWAY_NAME_SIZE   256
#define POLICY_GATEWAYS_MAX 8
#define POLICY_NAMES_MAX    16
#define POLICY_SUBNETS_MAX  16
#define PATTERN_SIZE        32
#define POLICY_DNS_MAX      4
#define POLICY_DOMAINS_MAX  8
#define DNS_DOMAIN_SIZE     256
#define PROBE_SERVER_PORT   3478

enum keepalive_mode { KEEPALIVE_MODE_DETECT, KEEPALIVE_MODE_FIXED, KEEPALIVE_MODE_OFF };
enum roaming_detect { ROAMING_DETECT_AUTO, ROAMING_DETECT_ALWAYS, ROAMING_DETECT_NEVER };

struct gateway {
    char name[GATEWAY_NAME_SIZE]; /* as configured, without port and brackets */
    uint16_t port; /* first IKE message; 0: 500, then 4500 as RFC 7296 says */
    struct ip_addr literal; /* family 0: a name that must be resolved */
};

struct policy {
    bool complete; /* false: configuration-incomplete, nothing is attempted */
    uint32_t n_gateways;
    struct gateway gateways[POLICY_GATEWAYS_MAX];
    char interface[IF_NAME_SIZE]; /* "mvpn0" */
    uint32_t mark; /* fwmark of our own packets */
    uint32_t n_subnets; /* RemoteSubnets: what goes through the tunnel */
    struct ip_prefix subnets[POLICY_SUBNETS_MAX];
    uint32_t mtu; /* bytes; 0: from the base link */
    uint32_t n_dns; /* DNS=: name servers in the tunnel, instead of the gateway's */
    struct ip_addr dns[POLICY_DNS_MAX];
    uint32_t n_domains; /* SearchDomains= */
    char domains[POLICY_DOMAINS_MAX][DNS_DOMAIN_SIZE];

    usec_t initial_delay_usec, max_delay_usec; /* backoff */

    enum keepalive_mode keepalive_mode;
    usec_t keepalive_usec, keepalive_min_usec, keepalive_max_usec;
    struct gateway probe_server; /* STUN with RESPONSE-PORT (RFC 5780); name empty: none; port 0: PROBE_SERVER_PORT */

    enum roaming_detect roaming_detect;
    bool roaming_keepalive;
    usec_t idle_timeout_usec;

    uint32_t n_prefer; /* types ("wifi") or interface names, best first */
    char prefer[POLICY_NAMES_MAX][PATTERN_SIZE];
    uint32_t n_ignore; /* shell patterns of interface names that are never base links */
    char ignore[POLICY_NAMES_MAX][PATTERN_SIZE];
    bool migrate; /* MOBIKE */

    bool allow_lan;
    bool allow_usb;
    uint32_t n_cellular_services; /* interfaces of MMS, IMS, ... that stay open */
    char cellular_services[POLICY_NAMES_MAX][IF_NAME_SIZE];

    bool user_may_disable;
};
