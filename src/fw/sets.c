/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named sets of table inet mvpn: which there are, and their elements for a given lockdown. One table of rows, from which the ruleset's
 * text and the single elements of an update are both made. Elements keep the lockdown's order, each stands once, prefixes do not overlap.
 */
#include "fw/sets.h"

#include "base/macro.h"
#include "fw/render.h"

#include <string.h>

#define IKE_PORT     500
#define IKE_NAT_PORT 4500
#define HTTP_PORT    80
#define HTTPS_PORT   443

/* Adds what is not there yet. */
static void add(struct fw_elements *list, const struct fw_element *element)
{
    for (uint32_t i = 0; i < list->n_elements; i++) {
        if (memcmp(&list->elements[i], element, sizeof(*element)) == 0)
            return;
    }
    if (list->n_elements < ELEMENTSOF(list->elements))
        list->elements[list->n_elements++] = *element;
}

static void add_addr(struct fw_elements *list, const struct ip_addr *addr)
{
    struct fw_element element;

    memset(&element, 0, sizeof(element));
    element.addr = *addr;
    add(list, &element);
}

static void add_service(struct fw_elements *list, const struct ip_addr *addr, uint16_t port)
{
    struct fw_element element;

    memset(&element, 0, sizeof(element));
    element.addr = *addr;
    element.port = port;
    add(list, &element);
}

/* Whatever its first port, a gateway goes on at 4500 behind a NAT (RFC 7296, 2.23). */
static void list_ike(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    for (uint32_t i = 0; i < lockdown->n_gateways; i++) {
        const struct lockdown_peer *peer = &lockdown->gateways[i];

        if (peer->addr.family != family)
            continue;
        add_service(ret, &peer->addr, peer->port ? peer->port : IKE_PORT);
        add_service(ret, &peer->addr, IKE_NAT_PORT);
    }
}

static void list_fetches(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    for (uint32_t i = 0; i < lockdown->n_fetches; i++) {
        const struct lockdown_peer *peer = &lockdown->fetches[i];

        if (peer->addr.family != family)
            continue;
        add_service(ret, &peer->addr, peer->port ? peer->port : HTTP_PORT);
        if (!peer->port)
            add_service(ret, &peer->addr, HTTPS_PORT);
    }
}

static void list_peers(const struct lockdown_peer *peers, uint32_t n_peers, uint8_t family, struct fw_elements *ret)
{
    for (uint32_t i = 0; i < n_peers; i++) {
        if (peers[i].addr.family == family)
            add_addr(ret, &peers[i].addr);
    }
}

static void list_gateways(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    list_peers(lockdown->gateways, lockdown->n_gateways, family, ret);
}

static void list_resolvers(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    list_peers(lockdown->resolvers, lockdown->n_resolvers, family, ret);
}

static void list_probes(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    for (uint32_t i = 0; i < lockdown->n_probes; i++) {
        const struct lockdown_peer *peer = &lockdown->probes[i];

        if (peer->addr.family == family)
            add_service(ret, &peer->addr, peer->port ? peer->port : PROBE_SERVER_PORT);
    }
}

static void list_tunnel(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    for (uint32_t i = 0; i < lockdown->n_tunnel_addrs; i++) {
        if (lockdown->tunnel_addrs[i].family == family)
            add_addr(ret, &lockdown->tunnel_addrs[i]);
    }
}

/* Within another prefix of the list, or the same as an earlier one? An interval set takes no overlaps. */
static bool is_covered(const struct lockdown *lockdown, uint32_t i)
{
    const struct ip_prefix *prefix = &lockdown->lan[i];

    for (uint32_t j = 0; j < lockdown->n_lan; j++) {
        const struct ip_prefix *other = &lockdown->lan[j];

        if (j == i || other->length > prefix->length || !ip_prefix_contains(other, &prefix->addr))
            continue;
        if (other->length < prefix->length || j < i)
            return true;
    }
    return false;
}

static void list_lan(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    for (uint32_t i = 0; i < lockdown->n_lan; i++) {
        struct fw_element element;

        memset(&element, 0, sizeof(element));
        element.addr = lockdown->lan[i].addr;
        element.prefix_length = lockdown->lan[i].length;
        if (element.addr.family == family && !is_covered(lockdown, i))
            add(ret, &element);
    }
}

/* What ip_prefix_is_local() calls local. Always the same: a private address says nothing about who owns it, only that it is not the internet. */
static void list_local(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    static const char *const LOCAL[] = { "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10" };

    (void)lockdown;
    for (size_t i = 0; i < ELEMENTSOF(LOCAL); i++) {
        struct fw_element element;
        struct ip_prefix prefix;

        memset(&element, 0, sizeof(element));
        if (ip_prefix_parse(LOCAL[i], &prefix) < 0 || prefix.addr.family != family)
            continue;
        element.addr = prefix.addr;
        element.prefix_length = prefix.length;
        add(ret, &element);
    }
}

static void list_forward_to(const struct lockdown *lockdown, uint8_t family, struct fw_elements *ret)
{
    struct fw_element element;

    (void)family;
    memset(&element, 0, sizeof(element));
    memcpy(element.name, lockdown->interface, sizeof(element.name));
    if (lockdown->tunnel_up && fw_name_is_plain(lockdown->interface))
        add(ret, &element);
}

/* In an ICMP error, the destination of the packet it is about: 8 bytes of ICMP, then 16 of the IPv4 header or 24 of the IPv6 header. */
#define TYPE_ERROR4 "typeof @th,192,32;"
#define TYPE_ERROR6 "typeof @th,256,128;"

#define TYPE_SERVICE4 "type ipv4_addr . inet_service;"
#define TYPE_SERVICE6 "type ipv6_addr . inet_service;"
#define TYPE_PREFIX4  "type ipv4_addr; flags interval;"
#define TYPE_PREFIX6  "type ipv6_addr; flags interval;"

const struct fw_set FW_SETS[] = {
    { "ike4", FW_KIND_SERVICE, TYPE_SERVICE4, 4, list_ike },
    { "ike6", FW_KIND_SERVICE, TYPE_SERVICE6, 6, list_ike },
    { "gateways4", FW_KIND_ADDR, "type ipv4_addr;", 4, list_gateways },
    { "gateways6", FW_KIND_ADDR, "type ipv6_addr;", 6, list_gateways },
    { "gateway_errors4", FW_KIND_NUMBER, TYPE_ERROR4, 4, list_gateways },
    { "gateway_errors6", FW_KIND_NUMBER, TYPE_ERROR6, 6, list_gateways },
    { "resolvers4", FW_KIND_ADDR, "type ipv4_addr;", 4, list_resolvers },
    { "resolvers6", FW_KIND_ADDR, "type ipv6_addr;", 6, list_resolvers },
    { "fetches4", FW_KIND_SERVICE, TYPE_SERVICE4, 4, list_fetches },
    { "fetches6", FW_KIND_SERVICE, TYPE_SERVICE6, 6, list_fetches },
    { "probes4", FW_KIND_SERVICE, TYPE_SERVICE4, 4, list_probes },
    { "probes6", FW_KIND_SERVICE, TYPE_SERVICE6, 6, list_probes },
    { "tunnel4", FW_KIND_ADDR, "type ipv4_addr;", 4, list_tunnel },
    { "tunnel6", FW_KIND_ADDR, "type ipv6_addr;", 6, list_tunnel },
    { "lan4", FW_KIND_PREFIX, TYPE_PREFIX4, 4, list_lan },
    { "lan6", FW_KIND_PREFIX, TYPE_PREFIX6, 6, list_lan },
    { "local4", FW_KIND_PREFIX, TYPE_PREFIX4, 4, list_local },
    { "local6", FW_KIND_PREFIX, TYPE_PREFIX6, 6, list_local },
    { "forward_to", FW_KIND_NAME, "type ifname;", 0, list_forward_to },
};
_Static_assert(ELEMENTSOF(FW_SETS) == N_FW_SETS, "N_FW_SETS");

void fw_set_list(const struct fw_set *set, const struct lockdown *lockdown, struct fw_elements *ret)
{
    memset(ret, 0, sizeof(*ret));
    set->list(lockdown, set->family, ret);
}

const struct fw_set *fw_set_find(const char *name)
{
    for (size_t i = 0; i < N_FW_SETS; i++) {
        if (strcmp(FW_SETS[i].name, name) == 0)
            return &FW_SETS[i];
    }
    return NULL;
}

static void render_element(const struct fw_element *element, enum fw_kind kind, struct strbuf *ret)
{
    char text[IP_ADDR_TEXT_SIZE];

    switch (kind) {
    case FW_KIND_ADDR:
        strbuf_add(ret, "%s", ip_addr_format(&element->addr, text, sizeof(text)));
        return;
    case FW_KIND_SERVICE:
        strbuf_add(ret, "%s . %u", ip_addr_format(&element->addr, text, sizeof(text)), element->port);
        return;
    case FW_KIND_PREFIX:
        strbuf_add(ret, "%s/%u", ip_addr_format(&element->addr, text, sizeof(text)), element->prefix_length);
        return;
    case FW_KIND_NUMBER:
        strbuf_add(ret, "0x");
        for (size_t i = 0; i < ip_addr_size(element->addr.family); i++)
            strbuf_add(ret, "%02x", element->addr.bytes[i]);
        return;
    case FW_KIND_NAME:
        strbuf_add(ret, "\"%s\"", element->name);
        return;
    }
}

void fw_render_sets(const struct lockdown *lockdown, struct strbuf *ret)
{
    for (size_t i = 0; i < N_FW_SETS; i++) {
        const struct fw_set *set = &FW_SETS[i];
        struct fw_elements list;

        fw_set_list(set, lockdown, &list);
        strbuf_add(ret, "\tset %s { %s", set->name, set->type);
        for (uint32_t k = 0; k < list.n_elements; k++) {
            strbuf_add(ret, k ? ", " : " elements = { ");
            render_element(&list.elements[k], set->kind, ret);
        }
        strbuf_add(ret, list.n_elements ? " } }\n" : " }\n");
    }
}
