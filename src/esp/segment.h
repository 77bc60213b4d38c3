/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * One frame as read from a TUN with IFF_VNET_HDR, cut into the inner packets that it stands for: TCP (TSO) and UDP (USO) segments, or the one
 * packet that it is. Every packet comes out complete: the kernel leaves checksums partial and the segments to the device. The frame stays
 * the caller's, is not changed and must outlive the segmenter. Pure; no allocation; decides nothing about where the packets go.
 *
 *     if (segment_begin(&s, hdr, frame, bytes) < 0) drop;
 *     while ((n = segment_next(&s, out, room)) > 0)
 *         ...;
 *     if (segment_peek(&s) > 0) the next has no room;
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* <linux/virtio_net.h> has it since 6.2. */
#define SEGMENT_GSO_UDP_L4 5

struct virtio_net_hdr;

struct segmenter {
    const uint8_t *frame;
    size_t bytes;           /* of the packet that the frame is, without padding */
    size_t header_bytes;    /* IP and TCP or UDP, repeated before every segment; 0: the frame is one packet */
    size_t ip_header_bytes; /* with options or extension headers */
    size_t segment_bytes;   /* payload of every segment but the last */
    size_t at;              /* in the frame: what is cut next */
    bool is_tcp, has_checksum;
    uint16_t index; /* of the next segment */
    size_t checksum_start, checksum_at;
    uint64_t ip_sum, upper_sum; /* of what is the same in every segment */
};

/*
 * The header in host order (a TUN's default). 0, or -EBADMSG: not a packet of the kind that the header says, or of a kind that we never
 * offered to take (UFO, VLAN, a checksum elsewhere than TCP's and UDP's in a frame to be cut).
 */
int segment_begin(struct segmenter *s, const struct virtio_net_hdr *hdr, const uint8_t *frame, size_t bytes);

/* Bytes of the packet that segment_next() will write; 0: none left. */
size_t segment_peek(const struct segmenter *s);

/* Writes the next packet and returns its bytes; 0: none left, or it has no room (and stays the next). */
size_t segment_next(struct segmenter *s, uint8_t *out, size_t room);
