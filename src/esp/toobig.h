/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What becomes of an inner packet that is too big for the path: the ICMP message that tells its sender (path MTU discovery, RFC 1191 and
 * RFC 8201), or the fragments of an IPv4 packet that may be fragmented. The caller knows the MTU and writes the reply to the TUN.
 * Pure; no rate limit (the caller's).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOBIG_REPLY_MAX_BYTES 1280 /* RFC 4443, 2.4 (c); IPv4's is 576 (RFC 1812, 4.3.2.3) */

/*
 * A whole IP packet into out, from the packet's destination to its source. Returns its bytes; 0: no answer is due (it fits, IPv4 without
 * DF, an ICMP error itself, a later fragment, multicast or broadcast, a source that is no one's); -EBADMSG: not a packet; -ENOSPC: room is
 * below TOOBIG_REPLY_MAX_BYTES. IPv6 is never told less than 1280 (RFC 8201, 4), so there a packet of up to 1280 bytes fits always.
 */
int toobig_reply(const uint8_t *packet, size_t bytes, size_t mtu_bytes, uint8_t *out, size_t room);

struct fragmenter {
    const uint8_t *packet;
    size_t header_bytes, bytes; /* of the packet */
    size_t fragment_bytes;      /* payload of every fragment but the last: a multiple of 8 */
    size_t later_header_bytes;  /* with those options only that are copied (RFC 791, 3.1); 0: it is not cut */
    size_t at;                  /* in the packet: what comes next */
    bool done;
};

/*
 * 0; -EBADMSG: not a packet; -EMSGSIZE: must not be fragmented (DF, IPv6), or the MTU has no room for payload. A packet that fits comes out as
 * it is.
 */
int fragment_begin(struct fragmenter *f, const uint8_t *packet, size_t bytes, size_t mtu_bytes);

/* Writes the next fragment and returns its bytes; 0: none left, or it has no room (and stays the next). */
size_t fragment_next(struct fragmenter *f, uint8_t *out, size_t room);
