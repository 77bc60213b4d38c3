/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * IP packets for the tests of src/esp: made from a description, and judged. Written without a line of src/esp, and slowly (sixteen bits at a
 * time), so that it can say where src/esp is wrong.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_net_hdr;

/* Zeroed and with a family, a protocol and payload it is a plain packet. */
struct ip_packet {
    uint8_t family; /* 4 or 6 */
    uint8_t protocol;
    uint8_t host; /* last byte of the source's address; the destination's is 200 */
    uint16_t source_port, destination_port;
    uint8_t tos;
    uint8_t hop_limit;
    uint32_t flow_label;
    uint16_t identification;
    uint16_t fragment; /* the 16 bits with DF, MF and offset */
    size_t
        ip_options_bytes; /* IPv4: no-operations; IPv6: one destination options header; multiples of 4, of 8 */
    uint32_t sequence, acknowledgement;
    uint16_t window;
    uint8_t flags;        /* TCP */
    size_t options_bytes; /* TCP; a multiple of 4 */
    uint32_t timestamp;   /* in the options, where 12 bytes are there */
    size_t payload_bytes;
    uint8_t fill; /* of the payload: fill, fill + 1, ... */
};

/* The whole packet with its checksums into out; returns its bytes. */
size_t ip_packet_write(const struct ip_packet *packet, uint8_t *out);

/*
 * The same as a frame of the kernel's to be cut every segment_bytes of payload, or 0: one packet, with its checksum left to the device.
 */
size_t ip_frame_write(
    const struct ip_packet *packet, size_t segment_bytes, struct virtio_net_hdr *ret_hdr, uint8_t *out);

/* With the checksums set anew, whatever stood there; for packets of TCP, UDP and others, without extension headers. */
void ip_packet_fix(uint8_t *packet, size_t bytes);

/* NULL, or what is wrong: version, lengths, IPv4's checksum, and TCP's or UDP's of a packet that is no fragment. */
const char *ip_packet_fault(const uint8_t *packet, size_t bytes);

/* The sum over the pseudo-header as the kernel leaves it in the checksum field for the device to go on with; stored as it is. */
uint16_t ip_packet_partial(const uint8_t *packet, uint8_t protocol, size_t upper_bytes);

/* The internet checksum of it all, in host order. */
uint16_t naive_checksum(const uint8_t *bytes, size_t n_bytes);
