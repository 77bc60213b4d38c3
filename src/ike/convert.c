/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and prefixes between strongSwan's objects and our plain values. No decision is made here.
 */
#include "ike/charon.h"

host_t *host_of_addr(const struct ip_addr *addr, uint16_t port)
{
    chunk_t bytes = chunk_create((uint8_t *)addr->bytes, ip_addr_size(addr->family));

    return host_create_from_chunk(addr->family == 6 ? AF_INET6 : AF_INET, bytes, port);
}

struct ip_addr addr_of_host(host_t *host)
{
    chunk_t bytes = host->get_address(host);

    switch (bytes.len) {
    case 4:
        return ip_addr_from_bytes(4, bytes.ptr);
    case 16:
        return ip_addr_from_bytes(6, bytes.ptr);
    }
    return (struct ip_addr){ 0 };
}

/* A range that is no prefix becomes the smallest prefix around it: what is outside of the range is dropped by the policy. */
struct ip_prefix prefix_of_selector(traffic_selector_t *selector)
{
    struct ip_addr addr;
    host_t *net;
    uint8_t length;

    selector->to_subnet(selector, &net, &length);
    addr = addr_of_host(net);
    net->destroy(net);
    return ip_prefix_of(&addr, length);
}

struct flow flow_of_hosts(host_t *local, host_t *remote)
{
    return (struct flow){
        .local = addr_of_host(local),
        .remote = addr_of_host(remote),
        .local_port = local->get_port(local),
        .remote_port = remote->get_port(remote),
    };
}
