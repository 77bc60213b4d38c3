/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * A base link as the core sees it: plain data that src/net fills from rtnetlink and sysfs and src/sys refines (metered, roaming).
 * A link set is always a whole snapshot; it never holds mvpn's own interface. Bounded: LINK_SET_MAX links, the ones with a route first.
 */
#include "base/ipaddr.h"

#define IF_NAME_SIZE    16 /* IFNAMSIZ */
#define LINK_SET_MAX    24
#define LINK_ADDRS_MAX  8
#define LINK_ROUTES_MAX 8
#define NETWORK_ID_SIZE 128
#define LINK_SIGNAL_UNKNOWN 255

enum link_type {
    LINK_TYPE_ETHERNET,
    LINK_TYPE_WIFI,
    LINK_TYPE_CELLULAR,
    LINK_TYPE_OTHER,
    /* the rest are never base links */
    LINK_TYPE_TUNNEL,
    LINK_TYPE_BRIDGE,
    LINK_TYPE_CONTAINER,
    LINK_TYPE_LOOPBACK,
};
#define N_LINK_TYPES (LINK_TYPE_LOOPBACK + 1)

struct link_addr {
    struct ip_addr addr;
    uint8_t prefix_length; /* bits; the on-link prefix */
};

/* A unicast route of the main table over this link: every default route, and routes that contain a gateway's address. */
struct link_route {
    struct ip_prefix destination;
    struct ip_addr via; /* family 0: on-link */
    uint32_t metric;
};

struct link {
    int ifindex;
    char name[IF_NAME_SIZE];
    enum link_type type;
    bool up; /* IFF_UP */
    bool carrier; /* IFF_LOWER_UP */
    bool metered;
    bool roaming;
    bool wakeup_enabled; /* the device may wake the handset at all (sysfs power/wakeup) */
    bool wake_on_incoming; /* the device can wake the handset when a packet arrives */
    uint32_t mtu; /* bytes */
    uint8_t signal_percent; /* LINK_SIGNAL_UNKNOWN: no radio, or nobody says */
    char network[NETWORK_ID_SIZE]; /* which network this is, as the NAT cache knows it ("wifi:SSID,MAC", "cellular:MCCMNC,APN,home"); empty: unknown */
    uint32_t n_addrs;
    struct link_addr addrs[LINK_ADDRS_MAX]; /* usable sources only (ip_addr_is_usable_source), not tentative, not deprecated */
    uint32_t n_routes;
    struct link_route routes[LINK_ROUTES_MAX];
};

/* One that packets over a link are handed to: a router, or a host on the link itself. */
struct neighbour {
    int ifindex;
    struct ip_addr addr;
};

struct link_set {
    uint32_t n_links;
    struct link links[LINK_SET_MAX];
};

const char *link_type_name(enum link_type type); /* "wifi" */
bool link_type_from_name(const char *name, enum link_type *ret);
