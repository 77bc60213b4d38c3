/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lockdowns of the golden files. Addresses are from the documentation's ranges.
 */
#include "unit/fw-cases.h"

#include "base/macro.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void fw_case_base(struct lockdown *ret)
{
    *ret = (struct lockdown){ .active = true, .mark = TEST_MARK, .interface = "mvpn0" };
}

void fw_case_add_peer(struct lockdown_peer *peers, uint32_t *n_peers, const char *addr, uint16_t port)
{
    int r = ip_addr_parse(addr, &peers[*n_peers].addr);

    assert(r == 0 && *n_peers < LOCKDOWN_PEERS_MAX);
    peers[*n_peers].port = port;
    (*n_peers)++;
}

void fw_case_add_lan(struct lockdown *lockdown, const char *prefix)
{
    int r = ip_prefix_parse(prefix, &lockdown->lan[lockdown->n_lan]);

    assert(r == 0 && lockdown->n_lan < LOCKDOWN_LAN_MAX);
    lockdown->n_lan++;
}

void fw_case_add_tunnel_addr(struct lockdown *lockdown, const char *addr)
{
    int r = ip_addr_parse(addr, &lockdown->tunnel_addrs[lockdown->n_tunnel_addrs]);

    assert(r == 0 && lockdown->n_tunnel_addrs < ELEMENTSOF(lockdown->tunnel_addrs));
    lockdown->n_tunnel_addrs++;
}

static void fill_disabled(struct lockdown *ret)
{
    (void)ret;
}

static void fill_closed(struct lockdown *ret)
{
    fw_case_base(ret);
    ret->allow_usb = true;
}

static void fill_connecting(struct lockdown *ret)
{
    fill_closed(ret);
    fw_case_add_peer(ret->gateways, &ret->n_gateways, "203.0.113.5", 0);
}

/* Port 4500 goes with any other; the same address twice stands once. */
static void fill_v6_custom_port(struct lockdown *ret)
{
    fill_closed(ret);
    fw_case_add_peer(ret->gateways, &ret->n_gateways, "2001:db8::5", 10500);
    fw_case_add_peer(ret->gateways, &ret->n_gateways, "2001:db8::5", 4500);
    fw_case_add_peer(ret->gateways, &ret->n_gateways, "2001:db8::5", 10500);
}

static void fill_connected(struct lockdown *ret)
{
    fill_connecting(ret);
    ret->tunnel_up = true;
    fw_case_add_tunnel_addr(ret, "10.99.1.1");
    fw_case_add_tunnel_addr(ret, "2001:db8:99::1");
}

static void fill_resolving(struct lockdown *ret)
{
    fill_closed(ret);
    fw_case_add_peer(ret->resolvers, &ret->n_resolvers, "192.0.2.53", 0);
    fw_case_add_peer(ret->resolvers, &ret->n_resolvers, "192.0.2.54", 0);
    fw_case_add_peer(ret->resolvers, &ret->n_resolvers, "fe80::1", 0);
    fw_case_add_peer(ret->resolvers, &ret->n_resolvers, "192.0.2.53", 0);
}

static void fill_fetching(struct lockdown *ret)
{
    fill_connecting(ret);
    fw_case_add_peer(ret->fetches, &ret->n_fetches, "198.51.100.80", 0);
    fw_case_add_peer(ret->fetches, &ret->n_fetches, "2001:db8::80", 8080);
}

static void fill_probing(struct lockdown *ret)
{
    fill_connected(ret);
    fw_case_add_peer(ret->probes, &ret->n_probes, "198.51.100.34", 0);
    fw_case_add_peer(ret->probes, &ret->n_probes, "2001:db8::34", 13478);
}

/* Overlaps are melted into the larger prefix. */
static void fill_lan(struct lockdown *ret)
{
    fill_connected(ret);
    fw_case_add_lan(ret, "192.168.7.0/24");
    fw_case_add_lan(ret, "192.168.0.0/16");
    fw_case_add_lan(ret, "169.254.0.0/16");
    fw_case_add_lan(ret, "192.168.0.0/16");
    fw_case_add_lan(ret, "fd00:7::/64");
    fw_case_add_lan(ret, "fe80::/64");
}

static void fill_no_usb(struct lockdown *ret)
{
    fill_connecting(ret);
    ret->allow_usb = false;
}

/* A name that nft would read as a pattern opens nothing. */
static void fill_cellular(struct lockdown *ret)
{
    fill_connecting(ret);
    ret->n_cellular_services = 3;
    strcpy(ret->cellular_services[0], "wwan0mms");
    strcpy(ret->cellular_services[1], "wwan*");
    strcpy(ret->cellular_services[2], "ims\" accept #");
}

/* Everything at once and as long as it gets: must fit into the buffer. */
static void fill_largest(struct lockdown *ret)
{
    char text[IP_PREFIX_TEXT_SIZE];

    fw_case_base(ret);
    ret->mark = UINT32_MAX;
    strcpy(ret->interface, "abcdefghijklmno");
    ret->allow_usb = ret->tunnel_up = true;
    for (int i = 0; i < LOCKDOWN_PEERS_MAX; i++) {
        snprintf(text, sizeof(text), "2001:db8:1111:2222:3333:4444:5555:%x", 0x1000 + i);
        fw_case_add_peer(ret->gateways, &ret->n_gateways, text, (uint16_t)(10000 + i));
        fw_case_add_peer(ret->resolvers, &ret->n_resolvers, text, 0);
        fw_case_add_peer(ret->fetches, &ret->n_fetches, text, 0);
        fw_case_add_peer(ret->probes, &ret->n_probes, text, (uint16_t)(20000 + i));
    }
    for (int i = 0; i < LOCKDOWN_LAN_MAX; i++) {
        snprintf(text, sizeof(text), "fd11:2222:3333:4444:5555:6666:7777:%x/124", 0x1000 + 16 * i);
        fw_case_add_lan(ret, text);
    }
    for (size_t i = 0; i < ELEMENTSOF(ret->tunnel_addrs); i++) {
        snprintf(text, sizeof(text), "2001:db8:99:2222:3333:4444:5555:%zx", 0x1000 + i);
        fw_case_add_tunnel_addr(ret, text);
    }
    ret->n_cellular_services = POLICY_NAMES_MAX;
    for (int i = 0; i < POLICY_NAMES_MAX; i++)
        snprintf(ret->cellular_services[i], IF_NAME_SIZE, "wwan%02dservices", i);
}

const struct fw_case FW_CASES[] = {
    { "disabled", fill_disabled },
    { "closed", fill_closed },
    { "connecting", fill_connecting },
    { "v6-custom-port", fill_v6_custom_port },
    { "connected", fill_connected },
    { "resolving", fill_resolving },
    { "fetching", fill_fetching },
    { "probing", fill_probing },
    { "lan", fill_lan },
    { "no-usb", fill_no_usb },
    { "cellular", fill_cellular },
    { "largest", fill_largest },
};
const size_t N_FW_CASES = ELEMENTSOF(FW_CASES);

void fw_case_get(const struct fw_case *fw_case, struct lockdown *ret)
{
    memset(ret, 0, sizeof(*ret));
    fw_case->fill(ret);
}
