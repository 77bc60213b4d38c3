/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named sets of table inet mvpn: which there are, and their elements for a given lockdown. One table of rows; the whole ruleset and the
 * update of single sets are both made from it. Elements keep the lockdown's order, each stands once, prefixes do not overlap.
 */
#include "fw/render.h"

#include "base/macro.h"

#include <string.h>

#define IKE_PORT      500
#define IKE_NAT_PORT  4500
#define HTTP_PORT     80
#define HTTPS_PORT    443

/* Appends the elements of one family, separated by ", ". */
typedef void (*elements_fn)(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret);

struct set_row {
    const char *name;
    const char *type; /* nft's declaration */
    uint8_t family;
    elements_fn elements;
};

static void add_separator(struct strbuf *s)
{
    if (s->length_bytes > 0)
        strbuf_add(s, ", ");
}

static void add_addr(struct strbuf *s, const struct ip_addr *addr)
{
    char text[IP_ADDR_TEXT_SIZE];

    add_separator(s);
    strbuf_add(s, "%s", ip_addr_format(addr, text, sizeof(text)));
}

static void add_service(struct strbuf *s, const struct ip_addr *addr, uint16_t port)
{
    add_addr(s, addr);
    strbuf_add(s, " . %u", port);
}

static bool is_repeated_addr(const struct lockdown_peer *peers, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++) {
        if (ip_addr_equal(&peers[j].addr, &peers[i].addr))
            return true;
    }
    return false;
}

/* Is this service of peer i listed already by an earlier peer? Two ports at most: own, and the one that always goes with it. */
struct services {
    uint32_t n_ports;
    uint16_t ports[2];
};

static struct services ike_services(uint16_t port)
{
    if (port == IKE_NAT_PORT)
        return (struct services){ 1, { IKE_NAT_PORT } };
    return (struct services){ 2, { port ? port : IKE_PORT, IKE_NAT_PORT } };
}

static struct services fetch_services(uint16_t port)
{
    if (port)
        return (struct services){ 1, { port } };
    return (struct services){ 2, { HTTP_PORT, HTTPS_PORT } };
}

static bool is_repeated_service(const struct lockdown_peer *peers, uint32_t i, uint16_t port,
    struct services (*services_of)(uint16_t))
{
    for (uint32_t j = 0; j < i; j++) {
        struct services earlier = services_of(peers[j].port);

        if (!ip_addr_equal(&peers[j].addr, &peers[i].addr))
            continue;
        for (uint32_t k = 0; k < earlier.n_ports; k++) {
            if (earlier.ports[k] == port)
                return true;
        }
    }
    return false;
}

static void add_services(const struct lockdown_peer *peers, uint32_t n_peers, uint8_t family,
    struct services (*services_of)(uint16_t), struct strbuf *ret)
{
    for (uint32_t i = 0; i < n_peers; i++) {
        struct services services = services_of(peers[i].port);

        for (uint32_t k = 0; peers[i].addr.family == family && k < services.n_ports; k++) {
            if (!is_repeated_service(peers, i, services.ports[k], services_of))
                add_service(ret, &peers[i].addr, services.ports[k]);
        }
    }
}

static void elements_ike(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    add_services(lockdown->gateways, lockdown->n_gateways, family, ike_services, ret);
}

static void elements_fetches(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    add_services(lockdown->fetches, lockdown->n_fetches, family, fetch_services, ret);
}

static void elements_gateways(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    for (uint32_t i = 0; i < lockdown->n_gateways; i++) {
        if (lockdown->gateways[i].addr.family == family && !is_repeated_addr(lockdown->gateways, i))
            add_addr(ret, &lockdown->gateways[i].addr);
    }
}

/* The same addresses as nft wants them for a part of the payload: one number in network order. */
static void elements_gateway_errors(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    for (uint32_t i = 0; i < lockdown->n_gateways; i++) {
        const struct ip_addr *addr = &lockdown->gateways[i].addr;

        if (addr->family != family || is_repeated_addr(lockdown->gateways, i))
            continue;
        add_separator(ret);
        strbuf_add(ret, "0x");
        for (size_t k = 0; k < ip_addr_size(family); k++)
            strbuf_add(ret, "%02x", addr->bytes[k]);
    }
}

static void elements_resolvers(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    for (uint32_t i = 0; i < lockdown->n_resolvers; i++) {
        if (lockdown->resolvers[i].addr.family == family && !is_repeated_addr(lockdown->resolvers, i))
            add_addr(ret, &lockdown->resolvers[i].addr);
    }
}

static void elements_tunnel(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    for (uint32_t i = 0; i < lockdown->n_tunnel_addrs; i++) {
        bool repeated = false;

        for (uint32_t j = 0; j < i; j++)
            repeated |= ip_addr_equal(&lockdown->tunnel_addrs[j], &lockdown->tunnel_addrs[i]);
        if (lockdown->tunnel_addrs[i].family == family && !repeated)
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

static void elements_lan(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    char text[IP_PREFIX_TEXT_SIZE];

    for (uint32_t i = 0; i < lockdown->n_lan; i++) {
        if (lockdown->lan[i].addr.family != family || is_covered(lockdown, i))
            continue;
        add_separator(ret);
        strbuf_add(ret, "%s", ip_prefix_format(&lockdown->lan[i], text, sizeof(text)));
    }
}

static void elements_forward_to(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    (void)family;
    if (lockdown->tunnel_up && fw_name_is_plain(lockdown->interface))
        strbuf_add(ret, "\"%s\"", lockdown->interface);
}

/* What ip_prefix_is_local() calls local. Always the same: a private address says nothing about who owns it, only that it is not the internet. */
static void elements_local(const struct lockdown *lockdown, uint8_t family, struct strbuf *ret)
{
    (void)lockdown;
    strbuf_add(ret, "%s",
        family == 4 ? "10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16"
                    : "fc00::/7, fe80::/10");
}

/* In an ICMP error, the destination of the packet it is about: 8 bytes of ICMP, then 16 of the IPv4 header or 24 of the IPv6 header. */
#define TYPE_ERROR4 "typeof @th,192,32;"
#define TYPE_ERROR6 "typeof @th,256,128;"

static const struct set_row SETS[] = {
    { "ike4", "type ipv4_addr . inet_service;", 4, elements_ike },
    { "ike6", "type ipv6_addr . inet_service;", 6, elements_ike },
    { "gateways4", "type ipv4_addr;", 4, elements_gateways },
    { "gateways6", "type ipv6_addr;", 6, elements_gateways },
    { "gateway_errors4", TYPE_ERROR4, 4, elements_gateway_errors },
    { "gateway_errors6", TYPE_ERROR6, 6, elements_gateway_errors },
    { "resolvers4", "type ipv4_addr;", 4, elements_resolvers },
    { "resolvers6", "type ipv6_addr;", 6, elements_resolvers },
    { "fetches4", "type ipv4_addr . inet_service;", 4, elements_fetches },
    { "fetches6", "type ipv6_addr . inet_service;", 6, elements_fetches },
    { "tunnel4", "type ipv4_addr;", 4, elements_tunnel },
    { "tunnel6", "type ipv6_addr;", 6, elements_tunnel },
    { "lan4", "type ipv4_addr; flags interval;", 4, elements_lan },
    { "lan6", "type ipv6_addr; flags interval;", 6, elements_lan },
    { "local4", "type ipv4_addr; flags interval;", 4, elements_local },
    { "local6", "type ipv6_addr; flags interval;", 6, elements_local },
    { "forward_to", "type ifname;", 0, elements_forward_to },
};

void fw_render_sets(const struct lockdown *lockdown, struct strbuf *ret)
{
    char buf[FW_ELEMENTS_MAX_BYTES];

    for (size_t i = 0; i < ELEMENTSOF(SETS); i++) {
        const struct set_row *row = &SETS[i];
        struct strbuf elements;

        strbuf_init(&elements, buf, sizeof(buf));
        row->elements(lockdown, row->family, &elements);
        ret->truncated |= elements.truncated;
        if (elements.length_bytes)
            strbuf_add(ret, "\tset %s { %s elements = { %s } }\n", row->name, row->type, elements.text);
        else
            strbuf_add(ret, "\tset %s { %s }\n", row->name, row->type);
    }
}

void fw_render_update(const struct lockdown *from, const struct lockdown *to, struct strbuf *ret)
{
    char from_buf[FW_ELEMENTS_MAX_BYTES], to_buf[FW_ELEMENTS_MAX_BYTES];

    for (size_t i = 0; i < ELEMENTSOF(SETS); i++) {
        const struct set_row *row = &SETS[i];
        struct strbuf old, new;

        strbuf_init(&old, from_buf, sizeof(from_buf));
        strbuf_init(&new, to_buf, sizeof(to_buf));
        row->elements(from, row->family, &old);
        row->elements(to, row->family, &new);
        ret->truncated |= new.truncated;
        if (strcmp(old.text, new.text) == 0)
            continue;
        if (old.length_bytes)
            strbuf_add(ret, "flush set inet mvpn %s\n", row->name);
        if (new.length_bytes)
            strbuf_add(ret, "add element inet mvpn %s { %s }\n", row->name, new.text);
    }
}
