/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a virtio_net_hdr and a frame. Invariants: refused, or cut into whole packets no larger than announced, whose payloads are the
 * frame's in order and whose checksums hold (when the kernel's partial sum, which is set right here, was).
 */
#include "base/macro.h"
#include "esp/inner.h"
#include "esp/segment.h"
#include "fuzz/target.h"
#include "support/ip-packet.h"

#include <linux/virtio_net.h>
#include <string.h>

static uint8_t out[65536];

/* What the kernel would have left in the checksum field; the frame is a TCP or UDP one without extension headers, or stays as it is. */
static void set_partial(const struct virtio_net_hdr *hdr, uint8_t *frame, size_t n_bytes)
{
    struct inner_packet packet;
    size_t at = (size_t)hdr->csum_start + hdr->csum_offset;
    uint16_t partial;

    if (!inner_packet_parse(frame, n_bytes, &packet) || packet.header_bytes != hdr->csum_start ||
        at + 2 > packet.length_bytes)
        return;
    partial = ip_packet_partial(frame, packet.protocol, packet.length_bytes - packet.header_bytes);
    memcpy(frame + at, &partial, 2);
}

static void cut(const struct virtio_net_hdr *hdr, const uint8_t *frame, size_t n_bytes)
{
    struct inner_packet whole, packet;
    struct segmenter s;
    size_t at, n, peeked, payload_bytes, header_bytes;
    bool is_cut = hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE;

    if (segment_begin(&s, hdr, frame, n_bytes) < 0)
        return;
    MUST_HOLD(inner_packet_parse(frame, n_bytes, &whole));
    header_bytes = is_cut ? s.header_bytes : whole.header_bytes;
    at = header_bytes;
    while ((peeked = segment_peek(&s)) > 0) {
        MUST_HOLD(peeked <= sizeof(out));
        MUST_HOLD(segment_next(&s, out, peeked - 1) == 0);
        n = segment_next(&s, out, peeked);
        MUST_HOLD(n == peeked && inner_packet_parse(out, n, &packet) && packet.length_bytes == n);
        payload_bytes = n - header_bytes;
        MUST_HOLD(!is_cut || payload_bytes <= hdr->gso_size);
        MUST_HOLD(at + payload_bytes <= whole.length_bytes);
        if (!is_cut)
            break; /* its checksum may stand anywhere */
        MUST_HOLD(memcmp(out + header_bytes, frame + at, payload_bytes) == 0);
        MUST_HOLD(packet.header_bytes != (frame[0] >> 4 == 4 ? 20 : 40) || ip_packet_fault(out, n) == NULL);
        at += payload_bytes;
    }
    MUST_HOLD(!is_cut || at == whole.length_bytes);
    MUST_HOLD(segment_next(&s, out, sizeof(out)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
    struct virtio_net_hdr hdr;
    uint8_t *frame;

    if (n_bytes <= sizeof(hdr))
        return 0;
    memcpy(&hdr, bytes, sizeof(hdr));
    frame = malloc(n_bytes - sizeof(hdr));
    if (!frame)
        abort();
    memcpy(frame, bytes + sizeof(hdr), n_bytes - sizeof(hdr));
    set_partial(&hdr, frame, n_bytes - sizeof(hdr));
    cut(&hdr, frame, n_bytes - sizeof(hdr));
    free(frame);
    return 0;
}
