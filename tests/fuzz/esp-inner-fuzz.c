/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an inner packet: parsed, its ECN combined, answered as too big and fragmented. Invariants: nothing beyond the given bytes is
 * read (the sanitizer's), lengths are within one another, what is written is a whole packet whose checksums hold, and the fragments are the
 * packet. The first two bytes are the MTU, the third the outer TOS.
 */
#include "base/macro.h"
#include "esp/inner.h"
#include "esp/outer.h"
#include "esp/toobig.h"
#include "fuzz/target.h"
#include "support/ip-packet.h"

#include <string.h>

#define BYTES_MAX 65536

static void must_be_consistent(const uint8_t *bytes, size_t n_bytes, const struct inner_packet *packet)
{
    MUST_HOLD(packet->length_bytes <= n_bytes && packet->header_bytes <= packet->length_bytes);
    MUST_HOLD(packet->header_bytes >= (bytes[0] >> 4 == 4 ? 20 : 40));
    MUST_HOLD(packet->source.family == bytes[0] >> 4 && packet->destination.family == bytes[0] >> 4);
    MUST_HOLD(packet->is_fragment || !packet->is_later_fragment);
    MUST_HOLD(!packet->is_later_fragment || !packet->has_ports);
    MUST_HOLD(packet->has_ports || (packet->source_port == 0 && packet->destination_port == 0));
    inner_packet_is_noise(packet);
}

static void combine_ecn(const uint8_t *bytes, size_t n_bytes, uint8_t tos)
{
    struct inner_packet before, after;
    uint8_t *copy = malloc(n_bytes);
    bool was_whole = inner_packet_parse(bytes, n_bytes, &before);

    if (!copy)
        abort();
    memcpy(copy, bytes, n_bytes);
    if (outer_decapsulate(tos, copy, n_bytes) < 0) {
        MUST_HOLD(memcmp(copy, bytes, n_bytes) == 0);
    } else if (was_whole) {
        MUST_HOLD(inner_packet_parse(copy, n_bytes, &after));
        MUST_HOLD(after.tos >> 2 == before.tos >> 2 && (after.tos & 3) >= ((before.tos & 3) == 3 ? 3 : 0));
        MUST_HOLD((before.tos & 3) != 0 || (after.tos & 3) == 0);
        MUST_HOLD((tos & 3) != 3 || (after.tos & 3) == 3);
    }
    free(copy);
}

static void answer(const uint8_t *bytes, size_t n_bytes, size_t mtu_bytes, const struct inner_packet *packet)
{
    uint8_t reply[TOOBIG_REPLY_MAX_BYTES];
    struct inner_packet parsed;
    int n = toobig_reply(bytes, n_bytes, mtu_bytes, reply, sizeof(reply));

    MUST_HOLD(n >= 0 && (size_t)n <= sizeof(reply));
    if (n == 0)
        return;
    MUST_HOLD(packet->length_bytes > mtu_bytes);
    MUST_HOLD(ip_packet_fault(reply, (size_t)n) == NULL);
    MUST_HOLD(inner_packet_parse(reply, (size_t)n, &parsed) && parsed.length_bytes == (size_t)n);
    MUST_HOLD(ip_addr_equal(&parsed.source, &packet->destination) &&
              ip_addr_equal(&parsed.destination, &packet->source));
    /* an answer to the answer would go on for ever */
    MUST_HOLD(toobig_reply(
                  reply, (size_t)n, 1, (uint8_t[TOOBIG_REPLY_MAX_BYTES]){ 0 }, TOOBIG_REPLY_MAX_BYTES) == 0);
}

static void fragment(
    const uint8_t *bytes, size_t n_bytes, size_t mtu_bytes, const struct inner_packet *packet)
{
    static uint8_t out[BYTES_MAX];
    struct fragmenter f;
    size_t at = packet->header_bytes, n;

    if (fragment_begin(&f, bytes, n_bytes, mtu_bytes) < 0)
        return;
    while ((n = fragment_next(&f, out, sizeof(out))) > 0) {
        struct inner_packet parsed;
        size_t payload_bytes;

        MUST_HOLD(n <= MAX_OF(mtu_bytes, (size_t)20) && inner_packet_parse(out, n, &parsed) &&
                  parsed.length_bytes == n);
        payload_bytes = n - parsed.header_bytes;
        MUST_HOLD(at + payload_bytes <= packet->length_bytes);
        MUST_HOLD(memcmp(out + parsed.header_bytes, bytes + at, payload_bytes) == 0);
        at += payload_bytes;
    }
    MUST_HOLD(at == packet->length_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct inner_packet packet;
    size_t mtu_bytes;

    if (n_bytes < 3)
        return 0;
    mtu_bytes = (size_t)bytes[0] << 8 | bytes[1];
    if (n_bytes > 3)
        combine_ecn(bytes + 3, n_bytes - 3, bytes[2]);
    if (!inner_packet_parse(bytes + 3, n_bytes - 3, &packet))
        return 0;
    must_be_consistent(bytes + 3, n_bytes - 3, &packet);
    answer(bytes + 3, n_bytes - 3, mtu_bytes, &packet);
    fragment(bytes + 3, n_bytes - 3, mtu_bytes, &packet);
    return 0;
}
