/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way out and back. Lost packets are lost on either side of the NAT: one that is lost behind it has refreshed the mapping.
 */
#include "sim/nat.h"

#include "base/macro.h"
#include "support/core-fixture.h"

#include <assert.h>
#include <string.h>

#define STREAM_AFTER_USEC SEC(2)

void nat_init(struct nat *nat, const struct nat_model *model, uint64_t seed)
{
    memset(nat, 0, sizeof(*nat));
    nat->model = *model;
    nat->prng.state = seed;
}

static bool is_lost(struct nat *nat)
{
    return prng_between(&nat->prng, 0, 199) < nat->model.loss_percent; /* half of it on either side */
}

static void travel(struct nat *nat, struct nat_packet packet, enum nat_packet_place place)
{
    usec_t way_usec = prng_between(&nat->prng, nat->model.delay_min_usec / 2, nat->model.delay_max_usec / 2);

    if (is_lost(nat))
        return;
    assert(nat->n_packets < NAT_PACKETS_MAX);
    packet.at_usec = nat->now_usec + way_usec;
    packet.place = place;
    nat->packets[nat->n_packets++] = packet;
}

void nat_send(struct nat *nat, usec_t now_usec, uint32_t inside, uint32_t tag, uint16_t response_port, bool stun)
{
    nat->now_usec = MAX_OF(nat->now_usec, now_usec);
    travel(nat, (struct nat_packet){ .inside = inside, .tag = tag, .response_port = response_port, .stun = stun },
        NAT_PACKET_AT_NAT_OUT);
}

void nat_push(struct nat *nat, usec_t now_usec)
{
    nat->now_usec = MAX_OF(nat->now_usec, now_usec);
    travel(nat, (struct nat_packet){ .to_port = nat->tunnel_port, .push = true }, NAT_PACKET_AT_NAT_IN);
}

usec_t nat_next(const struct nat *nat)
{
    usec_t next_usec = USEC_INFINITY;

    for (uint32_t i = 0; i < nat->n_packets; i++)
        next_usec = MIN_OF(next_usec, nat->packets[i].at_usec);
    return next_usec;
}

static usec_t lifetime_at(const struct nat *nat, usec_t now_usec, bool stream)
{
    const struct nat_model *model = &nat->model;

    if (model->kind == NAT_KIND_NONE)
        return USEC_INFINITY;
    if (model->change_at_usec && now_usec >= model->change_at_usec)
        return model->changed_usec;
    return stream ? model->stream_usec : model->young_usec;
}

usec_t nat_truth(const struct nat *nat, usec_t now_usec)
{
    return lifetime_at(nat, now_usec, true);
}

static void refresh(struct nat *nat, struct nat_mapping *mapping)
{
    bool stream = mapping->replied && nat->now_usec >= mapping->created_at_usec + STREAM_AFTER_USEC;
    usec_t jitter_usec = prng_between(&nat->prng, 0, nat->model.jitter_usec);

    mapping->last_at_usec = nat->now_usec;
    mapping->expires_at_usec = usec_add(nat->now_usec, usec_add(lifetime_at(nat, nat->now_usec, stream), jitter_usec));
}

static struct nat_mapping *mapping_at(struct nat *nat, uint16_t port)
{
    for (uint32_t i = 0; i < NAT_MAPPINGS_MAX; i++)
        if (nat->mappings[i].used && nat->mappings[i].port == port && nat->mappings[i].expires_at_usec > nat->now_usec)
            return &nat->mappings[i];
    return NULL;
}

static struct nat_mapping *free_mapping(struct nat *nat)
{
    struct nat_mapping *room = NULL, *oldest = NULL;
    uint32_t n = 0;

    for (uint32_t i = 0; i < NAT_MAPPINGS_MAX; i++) {
        struct nat_mapping *mapping = &nat->mappings[i];
        if (mapping->used && mapping->expires_at_usec <= nat->now_usec)
            mapping->used = false;
        if (!mapping->used) {
            room = mapping;
            continue;
        }
        n++;
        if (!oldest || mapping->last_at_usec < oldest->last_at_usec)
            oldest = mapping;
    }
    if (nat->model.quota == 0 || n < nat->model.quota)
        return room;
    nat->n_refused++;
    return nat->model.evicts ? oldest : NULL;
}

static uint16_t choose_port(struct nat *nat, uint32_t inside)
{
    uint16_t port;

    if (nat->model.kind != NAT_KIND_RANDOM)
        return (uint16_t)(40000 + inside);
    do
        port = (uint16_t)prng_between(&nat->prng, 1024, 65535);
    while (mapping_at(nat, port));
    return port;
}

static struct nat_mapping *mapping_of(struct nat *nat, uint32_t inside)
{
    struct nat_mapping *mapping;

    for (uint32_t i = 0; i < NAT_MAPPINGS_MAX; i++)
        if (nat->mappings[i].used && nat->mappings[i].inside == inside && nat->mappings[i].expires_at_usec > nat->now_usec)
            return &nat->mappings[i];
    mapping = free_mapping(nat);
    if (mapping)
        *mapping = (struct nat_mapping){
            .used = true, .inside = inside, .port = choose_port(nat, inside), .created_at_usec = nat->now_usec
        };
    return mapping;
}

static void at_nat_out(struct nat *nat, struct nat_packet packet)
{
    struct nat_mapping *mapping = mapping_of(nat, packet.inside);

    if (!mapping)
        return;
    refresh(nat, mapping);
    packet.from_port = mapping->port;
    travel(nat, packet, NAT_PACKET_AT_SERVER);
}

static void at_server(struct nat *nat, struct nat_packet packet)
{
    bool elsewhere = packet.response_port && !nat->model.server_ignores_port;

    if (!packet.stun && packet.tag == 0)
        return; /* a keepalive is not authenticated: it teaches the gateway nothing (RFC 3948, 4) */
    if (!packet.stun) {
        packet.moved = nat->tunnel_port != 0 && nat->tunnel_port != packet.from_port;
        nat->tunnel_port = packet.from_port;
        packet.to_port = packet.from_port;
        packet.push = true;
        if (packet.tag != 0)
            travel(nat, packet, NAT_PACKET_AT_NAT_IN);
        return;
    }
    if (packet.response_port && nat->model.server_filters)
        return;
    packet.to_port = elsewhere ? packet.response_port : packet.from_port;
    travel(nat, packet, NAT_PACKET_AT_NAT_IN);
}

/* Of those here, only the gateway and the server write; each to sockets that have written to it. So filtering by port lets all through. */
static void at_nat_in(struct nat *nat, struct nat_packet packet)
{
    struct nat_mapping *mapping = mapping_at(nat, packet.to_port);

    if (!mapping || (nat->model.filters_ports && packet.push != (mapping->inside == NAT_TUNNEL)))
        return;
    mapping->replied = true;
    if (nat->model.inbound_refreshes)
        refresh(nat, mapping);
    packet.inside = mapping->inside;
    travel(nat, packet, NAT_PACKET_AT_HANDSET);
}

usec_t nat_reachable_until(const struct nat *nat)
{
    for (uint32_t i = 0; i < NAT_MAPPINGS_MAX; i++)
        if (nat->mappings[i].used && nat->mappings[i].inside == NAT_TUNNEL && nat->mappings[i].port == nat->tunnel_port)
            return nat->mappings[i].expires_at_usec;
    return 0;
}

bool nat_turn(struct nat *nat, struct nat_packet *ret)
{
    uint32_t first = 0;
    struct nat_packet packet;

    for (uint32_t i = 1; i < nat->n_packets; i++)
        if (nat->packets[i].at_usec < nat->packets[first].at_usec)
            first = i;
    packet = nat->packets[first];
    nat->packets[first] = nat->packets[--nat->n_packets];
    nat->now_usec = MAX_OF(nat->now_usec, packet.at_usec);
    switch (packet.place) {
    case NAT_PACKET_AT_NAT_OUT:
        at_nat_out(nat, packet);
        return false;
    case NAT_PACKET_AT_SERVER:
        at_server(nat, packet);
        return false;
    case NAT_PACKET_AT_NAT_IN:
        at_nat_in(nat, packet);
        return false;
    case NAT_PACKET_AT_HANDSET:
        *ret = packet;
        return true;
    }
    return false;
}

struct probe_answer nat_answer(const struct nat_packet *packet, const struct nat_model *model)
{
    bool translated = model->kind == NAT_KIND_PRESERVING || model->kind == NAT_KIND_RANDOM;

    return (struct probe_answer){
        .slot = packet->inside,
        .tag = packet->tag,
        .mapped = addr_of(translated ? "203.0.113.77" : "192.0.2.10"),
        .mapped_port = packet->from_port,
    };
}
