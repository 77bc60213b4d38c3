/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The originals are kept; the coalescer works on a second copy, because it changes headers in place. See esp-inverse.h.
 */
#include "support/esp-inverse.h"

#include "esp/segment.h"
#include "support/ip-packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *fault(struct inverse *inverse, const char *what, size_t a, size_t b)
{
    snprintf(inverse->fault, sizeof(inverse->fault), "%s (%zu, %zu)", what, a, b);
    return inverse->fault;
}

void inverse_begin(struct inverse *inverse, bool merges_udp)
{
    inverse->n_packets = inverse->n_frames = inverse->n_merged = 0;
    inverse->exact = false;
    coalesce_init(&inverse->coalescer, merges_udp);
}

bool inverse_add(struct inverse *inverse, const uint8_t *packet, size_t n_bytes)
{
    struct inverse_packet *p = &inverse->packets[inverse->n_packets];

    if (inverse->n_packets == INVERSE_PACKETS_MAX || !inner_packet_parse(packet, n_bytes, &p->parsed))
        return false;
    p->n_bytes = p->parsed.length_bytes;
    p->seen = false;
    p->bytes = malloc(p->n_bytes); /* of just this size: a sanitizer sees the first byte too many */
    if (!p->bytes)
        abort();
    memcpy(p->bytes, packet, p->n_bytes);
    inverse->n_packets++;
    return true;
}

static bool ignores_identification(const struct inverse *inverse, const uint8_t *packet)
{
    return !inverse->exact && packet[0] >> 4 == 4 && (packet[6] & 0x40);
}

static bool is_same(
    const struct inverse *inverse, const struct inverse_packet *p, const uint8_t *cut, size_t n_bytes)
{
    if (p->n_bytes != n_bytes)
        return false;
    if (!ignores_identification(inverse, cut))
        return memcmp(p->bytes, cut, n_bytes) == 0;
    return memcmp(p->bytes, cut, 4) == 0 && memcmp(p->bytes + 6, cut + 6, 4) == 0 &&
           memcmp(p->bytes + 12, cut + 12, n_bytes - 12) == 0;
}

/* Whether a must stay before b when it came before it. */
static bool is_ordered(const struct inner_packet *a, const struct inner_packet *b)
{
    if (a->is_fragment || b->is_fragment)
        return true;
    return a->protocol == b->protocol && a->source_port == b->source_port &&
           a->destination_port == b->destination_port && ip_addr_equal(&a->source, &b->source) &&
           ip_addr_equal(&a->destination, &b->destination);
}

static const char *see(struct inverse *inverse, const uint8_t *cut, size_t n_bytes)
{
    size_t i = 0;

    while (i < inverse->n_packets &&
           (inverse->packets[i].seen || !is_same(inverse, &inverse->packets[i], cut, n_bytes)))
        i++;
    if (i == inverse->n_packets)
        return fault(inverse, "a packet that was never put in (bytes, frame)", n_bytes, inverse->n_frames);
    inverse->packets[i].seen = true;
    for (size_t earlier = 0; earlier < i; earlier++)
        if (!inverse->packets[earlier].seen &&
            is_ordered(&inverse->packets[earlier].parsed, &inverse->packets[i].parsed))
            return fault(inverse, "a packet overtook another (later, earlier)", i, earlier);
    return NULL;
}

static const char *cut_frame(
    struct inverse *inverse, const struct virtio_net_hdr *hdr, size_t n_bytes, size_t n_pieces)
{
    struct segmenter s;
    size_t n_cut = 0, n;

    if (segment_begin(&s, hdr, inverse->frame, n_bytes) < 0)
        return fault(inverse, "a frame that the segmenter refuses (bytes, pieces)", n_bytes, n_pieces);
    while ((n = segment_peek(&s)) > 0) {
        const char *wrong;

        if (segment_next(&s, inverse->cut, sizeof(inverse->cut)) != n)
            return fault(inverse, "peek and next differ (bytes)", n, 0);
        if (n_pieces > 1 && (wrong = ip_packet_fault(inverse->cut, n)))
            return fault(inverse, wrong, n, n_cut);
        if ((wrong = see(inverse, inverse->cut, n)))
            return wrong;
        n_cut++;
    }
    return n_cut == n_pieces
               ? NULL
               : fault(inverse, "cut into another number than was merged (cut, merged)", n_cut, n_pieces);
}

static const char *take_frame(struct inverse *inverse, const struct iovec *iov, unsigned n_iov)
{
    const struct virtio_net_hdr *hdr = iov[0].iov_base;
    size_t n_bytes = 0, n_pieces = n_iov - 1;

    if (n_iov < 2 || n_pieces > COALESCE_PIECES_MAX || iov[0].iov_len != sizeof(*hdr))
        return fault(inverse, "not a header and pieces", n_iov, 0);
    for (unsigned i = 1; i < n_iov; i++) {
        if (n_bytes + iov[i].iov_len > 65535)
            return fault(inverse, "larger than a packet", n_bytes, iov[i].iov_len);
        memcpy(inverse->frame + n_bytes, iov[i].iov_base, iov[i].iov_len);
        n_bytes += iov[i].iov_len;
    }
    if ((n_pieces > 1) != (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE))
        return fault(
            inverse, "a merged frame without a gso type or the other way round", n_pieces, hdr->gso_type);
    inverse->n_frames++;
    inverse->n_merged += n_pieces > 1 ? n_pieces : 0;
    return cut_frame(inverse, hdr, n_bytes, n_pieces);
}

static const char *take_all(struct inverse *inverse)
{
    const struct iovec *iov;
    const char *wrong = NULL;
    unsigned n_iov;

    while ((iov = coalesce_take(&inverse->coalescer, &n_iov)))
        if (!wrong)
            wrong = take_frame(inverse, iov, n_iov);
    return wrong;
}

static const char *merge_and_cut(struct inverse *inverse, uint8_t **copies)
{
    const char *wrong = NULL;

    for (size_t i = 0; i < inverse->n_packets && !wrong; i++) {
        const struct inverse_packet *p = &inverse->packets[i];

        copies[i] = malloc(p->n_bytes);
        if (!copies[i])
            abort();
        memcpy(copies[i], p->bytes, p->n_bytes);
        if (coalesce_add(&inverse->coalescer, copies[i], &p->parsed))
            continue;
        wrong = take_all(inverse);
        if (!coalesce_add(&inverse->coalescer, copies[i], &p->parsed) && !wrong)
            wrong = fault(inverse, "not taken although empty", i, 0);
    }
    if (!wrong)
        wrong = take_all(inverse);
    for (size_t i = 0; i < inverse->n_packets && !wrong; i++)
        if (!inverse->packets[i].seen)
            wrong = fault(inverse, "lost", i, inverse->n_packets);
    return wrong;
}

const char *inverse_check(struct inverse *inverse)
{
    uint8_t *copies[INVERSE_PACKETS_MAX] = { 0 };
    const char *wrong = merge_and_cut(inverse, copies);

    for (size_t i = 0; i < inverse->n_packets; i++) {
        free(copies[i]);
        free(inverse->packets[i].bytes);
    }
    inverse->n_packets = 0;
    return wrong;
}
