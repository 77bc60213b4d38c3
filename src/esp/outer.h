/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
/*
 * What the outer header tells of the inner one and the other way round: ECN by RFC 6040 (normal mode: both ends of an IKEv2 tunnel do it,
 * RFC 7296, 2.24) and DSCP by RFC 4301, 5.1.2 (copied out, never in). Pure.
 */
#include <stddef.h>
#include <stdint.h>

/* TOS or traffic class of the outer packet for an inner one with this. */
static inline uint8_t outer_tos(uint8_t inner_tos)
{
    return inner_tos; /* DSCP: RFC 4301, 5.1.2.1; ECN: RFC 6040, 4.1, normal mode */
}

/*
 * Brings what happened to the outer packet's ECN field on the way into the inner header, with IPv4's checksum. 0; -EBADMSG: to be dropped (RFC
 * 6040, 4.2: congestion was marked on a packet whose sender does not know ECN), or not a packet; it is unchanged then.
 */
int outer_decapsulate(uint8_t tos_received, uint8_t *inner, size_t bytes);
